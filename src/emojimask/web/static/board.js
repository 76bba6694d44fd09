// The lecturer's side: opens a room and shows it. Everything is forgotten when the room is closed.

import { $, make, say, tell } from "./dom.js";
import { COLOURS, EXPRESSIONS, emojiUrl } from "./expressions.js";
import { keep, recall } from "./kept.js";
import { legend, timelinePlot } from "./plot.js";
import { RoomSocket } from "./room-socket.js";
import { Seats } from "./seats.js";

const INTERVALS_S = [1, 2, 5, 10, 30, 60];
const KEPT = "emojimask-room", KEY = "emojimask-key"; // in this tab only, so that a reload finds them again

let door = recall(KEPT), lecturerKey = recall(KEY), moves = false; // {code, token}
takeLink();
addEventListener("hashchange", () => { if (takeLink()) { moves = true; location.reload(); } }); // by itself a link loads no page anew that is open already
addEventListener("beforeunload", (event) => { if (door && !moves) event.preventDefault(); }); // this tab alone may know the way into the room
let socket = null, rows = [], settings = null;
const noLesson = $("lesson").firstElementChild;
const form = $("open"), seats = new Seats($("grid"), (type, member) => order({ type, member }));
const shareBars = buildShares();

for (const field of [$("first-interval"), $("interval")])
  field.append(...INTERVALS_S.map((s) => new Option(s === 60 ? "1 minute" : s === 1 ? "1 second" : `${s} seconds`, s)));
$("first-interval").value = 1;
form.onchange = () => { $("law").hidden = $("first-interval-field").hidden = form.elements.kind.value !== "expressions"; };
form.onsubmit = (event) => { event.preventDefault(); open(); };
$("interval").onchange = () => order({ type: "interval", seconds: Number($("interval").value) });
$("admits").onchange = () => order({ type: "admit", on: $("admits").checked });
$("lower").onclick = () => order({ type: "lower" });
$("copy").onclick = () => copy($("link").href, $("copied"));
$("copy-lecturers").onclick = () => copy(`${location.origin}/#room=${door.code}.${door.token}`, $("copied-lecturers"));
$("close").onclick = () => { if (confirm("Close the room for everybody? Everything in it is forgotten.")) order({ type: "close" }); };
$("export").onclick = exportLesson;
if (door) connect(() => ({ type: "host", ...door }));

/** Secrets are taken out of the address at once: they must not be seen over a shoulder or in a history. True for a room's. */
function takeLink() {
  const link = new URLSearchParams(location.hash.slice(1)), key = link.get("key"), [code, token] = (link.get("room") ?? "").split(".");
  if (key) keep(KEY, lecturerKey = key);
  if (token) setDoor({ code, token });
  if (key || token) history.replaceState(null, "", location.pathname);
  return Boolean(token);
}

function open() {
  if (socket?.going) return; // two clicks must not open two rooms
  const kind = form.elements.kind.value, lawful = form.elements.lawful.checked;
  if (kind === "expressions" && !lawful) return say($("open-trouble"), "Please confirm first that it is lawful.");
  const seconds = kind === "expressions" ? Number(form.elements.interval_s.value) : 1;
  const wish = { type: "open", key: lecturerKey ?? "", kind, lawful, interval_s: seconds };
  connect(() => door ? { type: "host", ...door } : wish);
}

function connect(greeting) {
  say($("open-trouble"), "");
  socket = new RoomSocket("/board", greeting);
  socket.onmessage = hear;
  socket.onlost = () => warn("Out of touch with the server; trying again.", " The picture below is from before, and nothing that you do here is done.");
  socket.onend = (code, reason) => { if (!$("room").hidden && code !== 1000) say($("trouble"), reason || "The connection has ended."); };
}

/** Out of touch it is not done, and so nothing may look as if it were. */
function order(message) {
  if (!socket.say(message)) showSettings(settings);
}

function hear(message) {
  if (message.type === "opened") setDoor({ code: message.code, token: message.token });
  if (message.type === "room") begin(message);
  if (message.type === "delta") change(message);
  if (message.type === "closed") end(message.text);
  if (message.type === "error") refuse(message);
}

function begin(room) {
  $("room").hidden = false;
  if (form.contains(document.activeElement)) $("copy").focus();
  form.parentElement.hidden = true;
  say($("trouble"), "");
  const { code } = room.room, join = `${location.origin}/join#code=${code}`;
  $("code").textContent = `${code.slice(0, 4)}-${code.slice(4)}`;
  $("link").href = join;
  $("link").textContent = `${location.origin}/join`; // with https://, for browsers do not try that by themselves where a port is typed
  seats.clear();
  rows = room.rows;
  change({ ...room, gone: [], rows: [] });
  showLesson();
}

function change(delta) {
  for (const member of delta.members) seats.set(member);
  for (const id of delta.gone) seats.remove(id);
  if (delta.room) showSettings(delta.room);
  if (delta.rows.length) {
    rows.push(...delta.rows);
    showLesson();
  }
  $("empty").hidden = !seats.empty;
  const hands = seats.hands();
  showHands(hands);
  $("lower").hidden = !hands.length;
  showShares(delta.shares);
  const { here, away } = seats.counts();
  tell($("status"), `${here} here, ${away ? `${away} away, ` : ""}${delta.sharing} sharing.`);
  tell($("total"), `${delta.total} messages so far.`);
}

function showSettings(room) {
  settings = room;
  const { kind, interval_s: seconds, admits } = room;
  $("interval-field").hidden = kind === "reactions"; // nothing is sampled where people choose
  $("interval").value = seconds;
  $("admits").checked = $("shut").hidden = admits;
}

/** Each name keeps its own direction, so that those from right to left do not change places. */
function showHands(names) {
  if (!tell($("hands"), names.join(", ") || "None.") || !names.length) return;
  $("hands").replaceChildren(...names.flatMap((nick, index) => [index ? ", " : "", make("bdi", { textContent: nick, translate: false })]));
}

function end(words) {
  setDoor(null);
  socket.close();
  seats.clear();
  rows = [];
  showLesson();
  $("copied").textContent = $("copied-lecturers").textContent = ""; // the next room's links are others
  $("room").hidden = true;
  form.parentElement.hidden = false;
  say($("open-trouble"), `${words[0].toUpperCase()}${words.slice(1)}. Nothing of it is kept.`, false);
}

function refuse({ error, text }) {
  if (!door) socket.close(); // so that no other words than these are the last, and no room opens later by itself
  if (error === "not_you" && door) {
    end("the room is not there any more");
  } else if (error === "not_you") {
    say($("open-trouble"), "Only lecturers open rooms here: use the lecturers' link that the server printed.");
  } else {
    warn(text);
  }
}

/** Where the lecturer looks; `ofRoom` is added where a room is in sight. */
function warn(words, ofRoom = "") {
  if ($("room").hidden) say($("open-trouble"), words);
  else say($("trouble"), words + ofRoom);
}

function setDoor(newDoor) {
  door = newDoor;
  keep(KEPT, door);
}

function buildShares() {
  return EXPRESSIONS.map((name) => {
    const fill = make("div", { className: "fill" }), figure = make("span", { className: "figure" });
    fill.style.setProperty("--colour", COLOURS[name]);
    $("shares").append(make("div", { className: "bar" }, make("img", { src: emojiUrl(name), alt: "" }), make("span", { textContent: name }),
      make("div", { className: "groove" }, fill), figure));
    return { fill, figure };
  });
}

function showShares(shares) {
  $("few").hidden = shares !== null;
  $("shares").hidden = shares === null;
  const all = shares?.reduce((total, count) => total + count, 0);
  shares?.forEach((count, index) => {
    shareBars[index].fill.style.transform = `scaleX(${count / all})`;
    shareBars[index].figure.textContent = `${Math.round(100 * count / all)} %`;
  });
}

function showLesson() {
  $("export").disabled = !rows.length;
  const points = thin(rows).map(([time_s, ...values]) => ({ time_s, values }));
  $("lesson").replaceChildren(...rows.length ? [timelinePlot(points, "Shares of the expressions during the lesson"), legend()] : [noLesson]);
}

async function copy(link, box) {
  let words = "The link is copied.";
  try {
    await navigator.clipboard.writeText(link);
  } catch {
    words = "The browser does not let it be copied: copy the address of the link by hand.";
  }
  box.textContent = ""; // said anew at every press
  requestAnimationFrame(() => { box.textContent = words; });
}

/** About 400 of them, evenly, and those at which nothing more was known. */
function thin(all) {
  const step = Math.ceil(all.length / 400);
  return all.filter(([, first], index) => index % step === 0 || index === all.length - 1 || first === null);
}

/** Sums of the whole room, and only those of five or more people. */
function exportLesson() {
  const lines = [["seconds", ...EXPRESSIONS].join(","), ...rows.map((row) => row.join(","))];
  const address = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "text/csv" }));
  make("a", { href: address, download: "lesson.csv" }).click();
  URL.revokeObjectURL(address);
}
