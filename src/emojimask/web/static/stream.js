// Frames to the program and masked frames back, over one WebSocket. One frame waits each way; the rest is dropped.

const IN_FLIGHT = 2; // one at work, one on its way
const LOST_AFTER_MS = 4000, RETRY_MS = [300, 600, 1000, 2000], TOO_MANY = 1013;

export class Stream extends EventTarget {
  #socket = null; #number = 0; #sent = new Map(); #newest = null; #drawing = false; #screen; #tries = 0; #wanted = false;
  #from = 0; #silent = false; #shown = []; #unasked; #silence = null; #undrawn = null; settings = {};

  /** `unasked`: pictures come by themselves, twice a second at least, till a note says why not. */
  constructor(screen, { unasked }) {
    super();
    this.#screen = screen;
    this.#unasked = unasked;
  }

  open() {
    this.#wanted = true;
    if (this.#socket) return;
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.#tries = 0;
      if (Object.keys(this.settings).length) socket.send(JSON.stringify(this.settings));
      this.#emit("open");
    };
    socket.onmessage = ({ data }) => typeof data === "string" ? this.#note(JSON.parse(data)) : this.#take(data);
    socket.onclose = ({ code }) => this.#closed(code);
    this.#socket = socket;
  }

  close() {
    this.#wanted = false;
    this.#socket?.close();
    this.blank();
  }

  /** Back to the shield, and whatever is still on its way is not shown. */
  blank() {
    clearTimeout(this.#silence);
    this.#newest = null;
    this.#from = this.#number;
    this.#sent.clear();
    this.#shown = [];
    this.#screen.shield();
  }

  /** True where a frame that is sent now would be worked on at once. */
  get ready() {
    this.#giveUp();
    return this.#socket?.readyState === WebSocket.OPEN && this.#sent.size < IN_FLIGHT && this.#socket.bufferedAmount === 0;
  }

  async send(blob, capturedAt) {
    const number = this.#number++;
    this.#sent.set(number, { at: capturedAt });
    const packet = new Uint8Array(4 + blob.size);
    new DataView(packet.buffer).setUint32(0, number, true);
    packet.set(new Uint8Array(await blob.arrayBuffer()), 4);
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(packet);
  }

  /** Change settings of the program; they are sent again after a lost connection. */
  wish(settings) {
    Object.assign(this.settings, settings);
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(settings));
  }

  /** Over the last two seconds: frames a second, the latency in the middle of them, and the program's own share. */
  figures() {
    const now = performance.now();
    this.#shown = this.#shown.filter((frame) => now - frame.at < 2000);
    const middle = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
    return {
      fps: this.#shown.length / 2,
      latency_ms: middle(this.#shown.map((frame) => frame.latency_ms).filter((value) => value !== null)),
      worked_ms: middle(this.#shown.map((frame) => frame.worked_ms)),
    };
  }

  /** Frames that were not answered in time are waited for no longer. */
  #giveUp() {
    const now = performance.now();
    for (const [number, sent] of this.#sent) {
      if (now - sent.at <= LOST_AFTER_MS) continue;
      this.#sent.delete(number);
      this.#fallSilent();
    }
  }

  #expectMore() {
    clearTimeout(this.#silence);
    if (this.#unasked) this.#silence = setTimeout(() => this.#fallSilent(), LOST_AFTER_MS);
  }

  #fallSilent() {
    this.#silent = true;
    this.#emit("silent");
  }

  #note(note) {
    if ("trouble" in note) this.#sent.clear();
    for (const name in note.settings) if (name in this.settings) this.settings[name] = note.settings[name]; // what holds by now
    this.#emit("note", note);
  }

  #take(data) {
    const length = new DataView(data).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
    this.#newest = { header, jpeg: new Blob([new Uint8Array(data, 4 + length)], { type: "image/jpeg" }) };
    if (this.#silent) {
      this.#silent = false;
      this.#emit("back");
    }
    this.#expectMore();
    if (!this.#drawing) this.#draw();
  }

  async #draw() {
    this.#drawing = true;
    while (this.#newest) {
      const { header, jpeg } = this.#newest;
      this.#newest = null;
      const sent = this.#sent.get(header.number);
      for (const number of this.#sent.keys()) if (number <= header.number) this.#sent.delete(number);
      const bitmap = await createImageBitmap(jpeg).catch(() => null); // a browser short of memory; the next may do
      this.#noteDrawn(bitmap !== null);
      if (bitmap && this.#wanted && this.#socket && header.number >= this.#from) {
        this.#screen.draw(bitmap);
        const at = performance.now();
        this.#shown.push({ at, latency_ms: sent ? at - sent.at : null, worked_ms: header.worked_ms });
        this.#emit("frame", header);
      }
      bitmap?.close();
    }
    this.#drawing = false;
  }

  /** Of a browser that can draw none of the pictures that come, for long, the person must know. */
  #noteDrawn(done) {
    const now = performance.now(), told = this.#undrawn !== null && now - this.#undrawn > LOST_AFTER_MS;
    this.#undrawn = done ? null : this.#undrawn ?? now;
    if (told) this.#emit(done ? "back" : "undrawable");
  }

  #closed(code) {
    this.#socket = null;
    this.blank();
    if (!this.#wanted) return;
    if (code === TOO_MANY) return this.#emit("refused");
    this.#emit("lost");
    const wait = RETRY_MS[Math.min(this.#tries++, RETRY_MS.length - 1)];
    setTimeout(() => { if (this.#wanted) this.open(); }, wait);
  }

  #emit(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })); }
}
