// The page of this machine: puts the parts together.

import { Bars } from "./bars.js";
import { Camera, isAllowed, listCameras } from "./camera.js";
import { ClassPanel } from "./class.js";
import { $, GONE, make, say, tell } from "./dom.js";
import { EXPRESSIONS, emojiUrl } from "./expressions.js";
import { takeFiles } from "./files.js";
import { keep, recall } from "./kept.js";
import { Recorder } from "./recorder.js";
import { Screen } from "./screen.js";
import { Stream } from "./stream.js";

const WORDS = {
  font: "your system's own emoji", random: "any, for each person",
  ema: "steady: running mean", vote: "majority of the last five", none: "none: every frame for itself",
  shield: "cover the whole picture", hold: "keep the last mask", pass: "show what the camera shows",
};

const ON = "camera-on"; // this tab's was, when it was loaded anew
let look = {};
takeFiles(() => look); // at once, for a file that is dropped while the page still loads

const about = await (await fetch("/about")).json();
const onServer = about.camera === "server";
const OFF = onServer ? "The camera is off, unless another page shows it." : "The camera is off.";
look = { ...about.settings };
const screen = new Screen($("screen"), emojiUrl("neutral", look.emojis));
const bars = new Bars($("bars"), about.recognises ? "The bars move as soon as a face is seen."
  : "Nobody's expression is recognised; the emoji follows your movements alone.");
const stream = new Stream(screen, { unasked: onServer });
const camera = new Camera();
const recorder = new Recorder();
const classPanel = new ClassPanel($("class"), { viaThisMachine: true, recognises: about.recognises });
const unsaved = new Set(); // links to what is kept in this page only
let running = false, starting = false, recordChanges = false;

for (const [name, values] of Object.entries(about.offered)) {
  const field = $(name);
  field.append(...values.map((value) => new Option(WORDS[value] ?? value, value)));
  field.onchange = () => {
    trouble("");
    look[name] = field.value;
    stream.wish({ [name]: field.value });
    if (name === "emojis") showSet();
  };
}
showSettings(look);

$("start").onclick = start;
$("stop").onclick = stop;
$("cameras").onchange = changeCamera;
navigator.mediaDevices?.addEventListener("devicechange", () => { if (running && !onServer) showCameras(); });
$("mirror").checked = !onServer;
$("mirror").onchange = mirror;
mirror();
$("virtual-field").hidden = !onServer;
$("virtual").onchange = switchVirtual;
$("snapshot").onclick = () => screen.canvas.toBlob((blob) => offer(blob, "emojimask.png", "Snapshot"), "image/png");
$("record").onclick = record;

recorder.onended = () => { record(); trouble("The recording has ended by itself: the browser could not go on with it. What was recorded is kept."); };
camera.onfrozen = () => { cover(); trouble("The camera gives no new picture. It may be asleep, covered by its switch or used by another program."); };
camera.onmoving = () => trouble("");
camera.onended = () => { stop(); trouble("The camera was taken away: unplugged, or no longer allowed. Press Start camera to go on."); };
stream.addEventListener("open", () => { status(onServer ? "Waiting for this machine's camera." : "Looking for your face. Until it is found everything is covered."); trouble(""); });
stream.addEventListener("lost", () => outOfTouch("Trying again."));
stream.addEventListener("refused", stop);
stream.addEventListener("silent", () => outOfTouch("Waiting for it."));
stream.addEventListener("undrawable", () => { cover(); trouble("This browser cannot show the masked pictures. Close other tabs or programs, or take another browser."); });
stream.addEventListener("back", () => trouble(""));
stream.addEventListener("note", ({ detail }) => {
  if (detail.trouble) cover();
  if ("trouble" in detail) trouble(detail.trouble); // "" once it is over
  if (detail.settings) showSettings(detail.settings);
  if ("virtual_camera" in detail) {
    $("virtual").checked = detail.virtual_camera;
    if (detail.trouble) delete stream.settings.virtual_camera; // it cannot be had, so it is not asked for again
  }
});
stream.addEventListener("frame", ({ detail }) => showFrame(detail));
setInterval(showFigures, 500);
addEventListener("beforeunload", (event) => { if (recorder.running || unsaved.size) event.preventDefault(); });
if ((recall(ON) ?? onServer) && (onServer || await isAllowed())) start();

async function start() {
  if (starting) return;
  starting = true;
  trouble("");
  try {
    if (!onServer) await startCamera();
    stream.open();
    running = true;
    keep(ON, true);
    setRunning();
    if (!onServer) {
      showCameras();
      await camera.feed(stream);
    }
  } catch (error) {
    stop();
    trouble(error.message);
    if (!onServer) showCameras(); // another one may be free
  }
}

/** For the eye alone: in snapshots and recordings, writing must be readable. */
function mirror() { screen.canvas.classList.toggle("mirrored", $("mirror").checked); }

/** The one that is chosen; another may be, while it wakes, and two must not be on at once. */
async function startCamera() {
  let chosen;
  do {
    camera.stop();
    chosen = recall("camera");
    await camera.start(chosen);
  } while (chosen !== recall("camera"));
}

function stop() {
  running = false;
  keep(ON, false);
  if (recorder.running) record();
  camera.stop();
  if ($("virtual").checked) { // "off" must hold for other programs too
    $("virtual").checked = false;
    switchVirtual();
    delete stream.settings.virtual_camera; // lest a start takes it from another page
  }
  stream.close();
  cover();
  setRunning();
  status(OFF);
}

/** Offers the cameras where there is a choice. */
async function showCameras() {
  const known = await listCameras();
  $("cameras-field").hidden = known.length < 2;
  $("cameras").replaceChildren(...known.map(({ id, name }) => new Option(name, id)));
  $("cameras").value = camera.device ?? recall("camera");
}

function changeCamera() {
  keep("camera", $("cameras").value);
  if (starting) return; // which heeds it
  stop(); // the other one begins behind the shield
  start();
}

function switchVirtual() { stream.wish({ virtual_camera: $("virtual").checked }); }

/** No picture comes: the last one does not stay in sight, nor its expression in the bars and in the class. */
function cover() {
  stream.blank();
  bars.show([]);
  classPanel.see(null);
  status("Everything is covered.");
}

function outOfTouch(words) {
  cover();
  status(`Out of touch with the program; everything is covered. ${words}`);
  trouble(GONE);
}

function setRunning() {
  starting = false;
  const [goes, stays] = running ? [$("start"), $("stop")] : [$("stop"), $("start")];
  const hadFocus = document.activeElement === goes;
  $("start").hidden = running;
  for (const id of ["stop", "snapshot", "record", "virtual"]) $(id).disabled = !running;
  if (hadFocus) stays.focus(); // else the keyboard and screen readers would be back at the top of the page
}

function showFrame(frame) {
  const people = frame.faces.filter((face) => face.probabilities.length).sort((a, b) => b.size - a.size);
  bars.show($("several").checked ? [...people].sort((a, b) => a.id - b.id) : people.slice(0, 1));
  const nearest = people.find((face) => face.seen);
  classPanel.see(nearest ? { label: nearest.expression, confidence: nearest.probabilities[EXPRESSIONS.indexOf(nearest.expression)] } : null);
  const words = frame.fault ? `This picture could not be masked, so everything is covered (${frame.fault}).`
    : frame.shielded ? "No face is seen, so everything is covered."
    : frame.faces.length === 1 ? "Your face is covered." : `${frame.faces.length} faces are covered.`;
  status(words);
}

function showFigures() {
  const { fps, latency_ms: latency, worked_ms: worked } = stream.figures();
  tell($("figures"), fps ? [`${fps.toFixed(0)} frames/s`, latency && `${latency.toFixed(0)} ms from camera to page`,
    worked && `${worked.toFixed(0)} ms of it masking`].filter(Boolean).join(" · ") : "");
}

async function record() {
  if (recordChanges) return; // not to be begun twice, where the camera was stopped and started meanwhile
  recordChanges = true;
  const button = $("record"); // not disabled meanwhile, which would take the keyboard's place away
  try {
    if (recorder.running) {
      const blob = await recorder.stop();
      offer(blob, blob.type.includes("mp4") ? "emojimask.mp4" : "emojimask.webm", "Recording");
    } else {
      await recorder.start(screen.canvas, $("sound").checked);
      if (!running) await recorder.stop(); // the camera was stopped while the browser asked for the microphone
    }
  } catch (error) {
    trouble(error.message);
  }
  button.classList.toggle("on", recorder.running);
  button.textContent = recorder.running ? "Stop recording" : "Record";
  $("recording").hidden = !recorder.running;
  button.disabled = !running && !recorder.running;
  recordChanges = false;
}

function offer(blob, name, what) {
  const link = make("a", { className: "button", href: URL.createObjectURL(blob), download: name, textContent: `Download ${what.toLowerCase()}` });
  link.onclick = () => unsaved.delete(link);
  unsaved.add(link);
  const words = make("span", { className: "soft", textContent: `${name}, ${(blob.size / 1e6).toFixed(2)} MB; kept in this page only` });
  $("downloads").append(make("div", { className: "row" }, link, words));
}

function showSettings(settings) {
  look = { ...settings };
  for (const [name, value] of Object.entries(look)) $(name).value = value;
  showSet();
}

function showSet() {
  bars.useSet(look.emojis);
  $("set").replaceChildren(...EXPRESSIONS.map((name) => make("img", { src: emojiUrl(name, look.emojis), alt: "" })));
}

function status(words) { tell($("status"), words); }
function trouble(words) { say($("trouble"), words); }
