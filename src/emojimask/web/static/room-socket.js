// A connection to a room that comes back by itself. What is said first depends on what is known by then.

const RETRY_MS = [200, 500, 1000, 1500];
const ANSWER_MS = 10_000; // within which a board answers the first message
const SILENT_MS = 35_000; // the board gives a sign of life every ten seconds
const FINAL = new Set([1000, 1008, 4001, 4003, 4004]); // told to go; not to be tried again

export class RoomSocket {
  #path; #greeting; #socket = null; #tries = 0; #wanted = true; #silence = null;
  onmessage = () => {}; onlost = () => {}; onend = () => {};

  /** `greeting()` gives the first message of every connection. */
  constructor(path, greeting) {
    this.#path = path;
    this.#greeting = greeting;
    this.#open();
    addEventListener("online", () => { if (this.#socket.readyState <= WebSocket.OPEN) this.#renew(); }); // a connection by the network before is dead
  }

  /** True till it is closed, by this side or for good by the other. */
  get going() { return this.#wanted; }

  say(message) {
    if (this.#socket.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  close() {
    this.#wanted = false;
    clearTimeout(this.#silence);
    this.#socket.onmessage = null; // what is still on its way is for nobody
    this.#socket.close(1000);
  }

  #open() {
    const socket = this.#socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${this.#path}`);
    this.#expectNews(ANSWER_MS);
    socket.onopen = () => socket.send(JSON.stringify(this.#greeting()));
    socket.onmessage = ({ data }) => {
      this.#expectNews(SILENT_MS);
      const message = JSON.parse(data);
      if (message.type !== "error") this.#tries = 0;
      this.onmessage(message);
    };
    socket.onclose = ({ code, reason }) => this.#closed(code, reason);
  }

  #closed(code, reason) {
    clearTimeout(this.#silence);
    if (FINAL.has(code)) this.#wanted = false;
    if (!this.#wanted) return this.onend(code, reason);
    this.onlost();
    setTimeout(() => { if (this.#wanted) this.#open(); }, RETRY_MS[Math.min(this.#tries++, RETRY_MS.length - 1)]);
  }

  /** A network may fall silent without an end, and a browser tells of that only minutes later, or never. */
  #expectNews(within_ms) {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#renew(), within_ms);
  }

  #renew() {
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    this.#closed();
  }
}
