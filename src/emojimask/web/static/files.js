// Pictures and videos that are dropped on the page: masked by the program, previewed, downloaded.

import { $, GONE, make, say, troubleOf } from "./dom.js";
import { Bars } from "./bars.js";
import { legend, timelinePlot } from "./plot.js";

const ASK_EVERY_MS = 300;
const WAITING = "waiting for its turn";

/** `settings()` gives the look that is chosen on the page. */
export function takeFiles(settings) {
  const zone = $("drop"), input = $("choose");
  input.onchange = () => { begin(input.files, settings()); input.value = ""; };
  let depth = 0;
  addEventListener("dragenter", (event) => { event.preventDefault(); depth++; zone.classList.add("over"); });
  addEventListener("dragleave", () => { if (!--depth) zone.classList.remove("over"); });
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    zone.classList.remove("over");
    begin(event.dataTransfer.files, settings());
  });
}

let before = Promise.resolve(); // the program masks one file at a time; the rest waits here, where it takes no memory

function begin(files, settings) {
  for (const file of files) {
    const shown = new ShownFile(file.name);
    $("files").prepend(shown.element);
    before = before.then(() => shown.mask(file, settings));
  }
}

class ShownFile {
  #title; #bar; #words; #trouble; #result; #cancel; #job = null; #upload = null;

  constructor(name) {
    this.#title = make("h3", { textContent: name, dir: "auto", translate: false });
    this.#bar = make("progress", { max: 1, value: 0, "aria-label": `progress of ${name}` });
    this.#words = make("p", { className: "soft", role: "status", "aria-live": "off", textContent: WAITING }); // spoken at the end alone
    this.#trouble = make("p", { className: "say bad", role: "alert", hidden: true });
    this.#result = make("div", { className: "result" });
    this.#cancel = make("button", { type: "button", textContent: "Cancel", "aria-label": `cancel ${name}`, onclick: () => this.#stop() });
    this.element = make("article", { className: "file" },
      make("div", { className: "row spread" }, this.#title, this.#cancel), this.#bar, this.#words, this.#trouble, this.#result);
  }

  /** To the end; it never throws. */
  async mask(file, settings) {
    if (!this.element.isConnected) return; // cancelled while it waited
    const leave = () => this.#giveUp(); // a page that is gone cannot ask for it, nor cancel it
    addEventListener("pagehide", leave);
    try {
      this.#job = await this.#send(file, settings);
      for (;;) {
        const progress = await this.#get("");
        if (await this.#show(progress)) return;
        await new Promise((wake) => setTimeout(wake, ASK_EVERY_MS));
      }
    } catch (error) {
      this.#end(error.message);
    } finally {
      removeEventListener("pagehide", leave);
    }
  }

  /** Upload, telling how far it is; fetch cannot. */
  #send(file, settings) {
    return new Promise((resolve, reject) => {
      const upload = this.#upload = new XMLHttpRequest();
      upload.open("POST", `/files?${new URLSearchParams({ ...settings, name: file.name })}`);
      upload.responseType = "json";
      upload.upload.onprogress = ({ loaded, total }) => this.#progress(loaded / total, "handing it to the program on this machine");
      upload.onload = () => upload.status === 200 ? resolve(upload.response)
        : reject(new Error(upload.response?.detail ?? "the program refused the file"));
      upload.onerror = () => reject(new Error(`${GONE} (A folder cannot be masked here, nor a file that has gone.)`));
      upload.onabort = () => reject(new Error("cancelled"));
      upload.send(file);
    });
  }

  async #get(what) {
    const answer = await fetch(`/files/${this.#job.id}${what}`).catch(() => { throw new Error(GONE); });
    if (!answer.ok) throw new Error(await troubleOf(answer));
    return answer.json();
  }

  /** True at the end. */
  async #show(progress) {
    const { state, frames, total } = progress;
    if (state === "waiting") this.#progress(null, WAITING);
    if (state === "masking") {
      const of = total ? ` of ${Math.max(total, frames)}` : "";
      this.#progress(total ? Math.min(1, frames / total) : null, `masking: frame ${frames}${of}`);
    }
    if (state === "failed") this.#end(progress.error);
    if (state === "cancelled") this.#end("cancelled");
    if (state === "done") await this.#present(progress);
    return !["waiting", "masking"].includes(state);
  }

  #progress(share, words) {
    if (share === null) this.#bar.removeAttribute("value");
    else this.#bar.value = share;
    this.#words.textContent = words;
  }

  #end(trouble) {
    this.#words.textContent = "";
    say(this.#trouble, trouble);
    this.#offerRemoval();
  }

  #offerRemoval() {
    this.#bar.hidden = true;
    this.#cancel.textContent = "Remove";
    this.#cancel.setAttribute("aria-label", `remove ${this.#title.textContent}`);
  }

  async #present(progress) {
    const { name, still, frames, with_faces: withFaces, shielded, note } = progress;
    this.#title.textContent = name;
    this.#words.setAttribute("aria-live", "polite");
    this.#words.textContent = still ? (shielded ? "shielded" : withFaces ? "every face found is covered" : "no face was found; the picture is as it was")
      : `${frames === 1 ? "1 frame" : `${frames} frames`}, faces covered in ${withFaces}, shielded ${shielded}`;
    say(this.#trouble, note ?? "", false);
    this.#offerRemoval();
    const address = `/files/${this.#job.id}`;
    const points = await this.#get("/timeline");
    const plot = still ? barsOf(points) : plotOf(points, name);
    const picture = still || name.endsWith(".gif")
      ? make("img", { className: "preview", src: `${address}/masked`, alt: `${name}, with every face found covered` })
      : make("video", { src: `${address}/masked`, controls: true, loop: true, muted: true, "aria-label": `${name}, masked` });
    const links = make("div", { className: "row" },
      make("a", { className: "button", href: `${address}/masked?download=true`, textContent: "Download", download: name }),
      make("a", { className: "button", href: `${address}/report`, textContent: "Report (JSON Lines)", download: "" }));
    this.#result.replaceChildren(make("div", {}, picture), make("div", { className: "card" },
      make("h4", { textContent: still ? "Expression" : "Expressions over time" }), points.length ? plot : make("p", { className: "soft", textContent: "No face, so no expressions." }), links));
  }

  #stop() {
    this.#upload?.abort();
    this.#giveUp();
    if (this.element.contains(document.activeElement)) $("choose").focus(); // where the keyboard goes on
    this.element.remove();
  }

  #giveUp() {
    if (this.#job) fetch(`/files/${this.#job.id}`, { method: "DELETE", keepalive: true }).catch(() => {}); // a program that has ended holds nothing
  }
}

function plotOf(points, name) {
  const plot = timelinePlot(points.map((point) => ({ time_s: point.time_s, values: point.probabilities })), `Expressions in ${name}`);
  return make("div", {}, plot, legend());
}

function barsOf(points) {
  const box = make("div");
  new Bars(box, "").show(points);
  return box;
}
