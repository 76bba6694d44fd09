// A student's side of a class: joining sends nothing; sharing is switched on, seen, paused and ended by the student.

import { make, say } from "./dom.js";
import { EXPRESSIONS, emojiUrl } from "./expressions.js";
import { keep, recall } from "./kept.js";
import { RoomSocket } from "./room-socket.js";

const KEPT = "emojimask-seat"; // with the secret that takes the seat up again after a reload; in this tab only
const LOST_MS = 5000; // a face that is lost for less is no news
const LOWERED = "The lecturer has lowered your hand.";
const SAID = "said", KNOWN = "known"; // of a raised hand: it went out, and something was heard after that, so it has arrived
const END_WORDS = { 4001: "You have joined again in another window; this one has left." };

export class ClassPanel {
  #box; #viaThisMachine; #recognises; #socket = null; #me = null; #room = null; #address = ""; #inTouch = false; #sharing = false; #reading = null;
  #choice = null; #due = false; #timer = null; #lastSent = -Infinity; #byKey = true; #begun = false;
  #parts = {}; #stands = null; #handSaid = -Infinity; #handTimer = null; #raised = null;

  /**
   * `viaThisMachine`: the class is elsewhere, and the program on this machine passes messages on.
   * `recognises`: that program was not started with --expressions none.
   */
  constructor(box, { viaThisMachine, recognises = true, code = "" }) {
    this.#box = box;
    this.#viaThisMachine = viaThisMachine;
    this.#recognises = recognises;
    const kept = recall(KEPT);
    if (kept && [kept.room.code, ""].includes(code)) this.#takeUpAgain(kept);
    else this.#showForm({ code });
    addEventListener("keydown", (event) => {
      const typing = event.target.matches("input[type=text], select"); // in a list of choices a letter chooses
      const alone = !event.repeat && !event.ctrlKey && !event.metaKey && !event.altKey;
      const isP = /^[a-z]$/i.test(event.key) ? event.key.toLowerCase() === "p" : event.code === "KeyP"; // where other letters are, by its place
      if (isP && this.#byKey && this.#begun && alone && !typing) this.#share(!this.#sharing);
    });
  }

  /** Fill a code in for whoever is in no room. */
  offer(code) {
    if (!this.#me) this.#box.querySelector("[name=code]").value = code;
  }

  /** What this machine recognises now: {label, confidence}, or null where nothing is. */
  see(reading) {
    this.#reading = reading;
  }

  /** The seat that this tab had before it was loaded anew. Nothing is shared before the student says so again. */
  #takeUpAgain({ me, room, url, hand = false, raised = null }) {
    [this.#me, this.#address, this.#raised] = [me, url, raised];
    this.#showRoom();
    this.#showHand(hand);
    this.#setRoom(room);
    this.#status("Coming back to the room. Nothing is shared.");
    this.#box.closest("details")?.setAttribute("open", "");
    this.#connect();
  }

  #showForm({ code = "", nick = "", trouble = "" }) {
    this.#me = null;
    const field = (text, properties, help) => make("label", { className: "field" }, text, make("input", { type: "text", autocomplete: "off", spellcheck: false, ...properties }),
      help ? make("span", { className: "soft", textContent: help }) : null);
    const message = make("p", { className: "say", role: "alert", hidden: true });
    const form = make("form", { className: "card", id: "join-form" },
      this.#viaThisMachine ? field("Link of the class", { name: "url", placeholder: "https://school.example:8764/join", value: this.#address, required: true }) : null,
      field("Code", { name: "code", value: code, required: true, maxLength: 12, autocapitalize: "characters" }),
      field("Nickname", { name: "nick", value: nick, maxLength: 24 }, "Leave it empty for a made-up one."),
      make("p", { className: "soft", textContent: "Joining shows your nickname and nothing else. You decide afterwards what you share." }),
      make("div", {}, make("button", { className: "main", textContent: "Join" })), message);
    form.onsubmit = (event) => {
      event.preventDefault();
      if (this.#socket?.going) return; // two clicks must not join twice
      const values = new FormData(form);
      this.#address = (values.get("url") ?? "").trim();
      this.#connect({ type: "join", code: values.get("code"), nick: values.get("nick") }, (text, bad) => say(message, text, bad));
    };
    if (this.#viaThisMachine) form.elements.url.onchange = () => readLink(form);
    const hadFocus = this.#box.contains(document.activeElement);
    this.#box.replaceChildren(form);
    if (hadFocus) form.querySelector("button").focus(); // no field, which would bring a telephone's keyboard up
    say(message, trouble);
  }

  /** `join` is said, and `tell` called with what keeps from joining, as long as this is no member. */
  #connect(join = null, tell = () => {}) {
    tell("Asking to be let in.", false);
    const url = this.#viaThisMachine ? { url: this.#address } : {};
    const socket = this.#socket = new RoomSocket(this.#viaThisMachine ? "/class" : "/board", () => this.#me
      ? { type: "rejoin", code: this.#room.code, member: this.#me.member, token: this.#me.token, ...url }
      : { ...join, ...url });
    socket.onmessage = (message) => this.#hear(message, tell);
    socket.onlost = () => {
      this.#inTouch = false;
      if (this.#me) return this.#status("Out of touch with the class. Nothing is sent; trying again.");
      socket.close();
      tell("The class cannot be reached. Check the link and the network, then join again.");
    };
    socket.onend = (ended, reason) => {
      if (this.#socket !== socket || !this.#me) return;
      this.#end(END_WORDS[ended] ?? `${reason || "You have left the room"}. Nothing of you is kept.`);
    };
  }

  #hear(message, tell) {
    if (message.type === "joined") this.#joined(message);
    else if (this.#raised === SAID) this.#noteRaised(KNOWN);
    if (message.type === "room") this.#setRoom(message.room);
    if (message.type === "hand") this.#lowered();
    if (message.type === "error") {
      if (!this.#me) this.#refused(message.text, tell);
      else if (message.error === "not_you") this.#end(message.text, { code: this.#room.code, nick: this.#me.nick });
      else this.#status(message.text);
    }
  }

  /** Not let in. The connection ends here, so that no other words than these are the last. */
  #refused(words, tell) {
    this.#socket.close();
    tell(words);
  }

  #joined(message) {
    const again = this.#me !== null;
    this.#me = { member: message.member, nick: message.nick, token: message.token ?? this.#me?.token };
    this.#inTouch = true;
    if (!again) {
      this.#showRoom();
      this.#parts.share.focus();
    }
    this.#setRoom(message.room);
    const lowered = again && this.#handIsUp && this.#raised === KNOWN && !message.hand;
    if (lowered) this.#showHand(false);
    this.#keepSeat();
    if (again) this.#sayAnew(lowered ? `${LOWERED} ` : "");
  }

  /** For this page, should it be loaded anew. */
  #keepSeat() {
    keep(KEPT, { me: this.#me, room: this.#room, url: this.#address, hand: this.#handIsUp, raised: this.#raised });
  }

  /** What was done while out of touch has not reached the class: say what is true now. */
  #sayAnew(news) {
    this.#showHand(this.#handIsUp, true);
    this.#due = true;
    if (!this.#sharing) this.#sayPause();
    this.#status(`Back in the room. ${news}${this.#whatIsShared}`);
  }

  #setRoom(room) {
    if (this.#begun && room.kind !== this.#room.kind) { // whoever agreed to the one has not agreed to the other
      this.#share(false);
      this.#begun = false;
    }
    this.#room = room;
    const every = room.interval_s === 1 ? "every second" : `every ${room.interval_s} seconds`;
    this.#parts.every.textContent = room.kind === "reactions"
      ? "While you share, the emoji that you choose is sent when you choose it."
      : `While you share, the recognised expression and how sure it is are sent, ${every} at most. Your picture never is.`;
  }

  #showRoom() {
    const parts = this.#parts = {
      share: make("button", { type: "button", className: "main", textContent: "Start sharing", onclick: () => this.#share(!this.#sharing) }),
      hand: make("button", { type: "button", onclick: () => this.#showHand(!this.#handIsUp, true) },
        make("img", { className: "sign", src: "/static/hand.svg", alt: "" }), make("span", { textContent: "Raise hand" })),
      leave: make("button", { type: "button", className: "danger", textContent: "Leave", onclick: () => this.#leave() }),
      status: make("p", { className: "say", role: "status", textContent: "You are in the room. Nothing is shared." }),
      every: make("p", { className: "soft" }),
      sent: make("p", { className: "sent", id: "sent", translate: false }),
      body: make("div", { className: "card-body" }),
    };
    this.#box.replaceChildren(make("div", { className: "card", id: "in-room" },
      make("h2", {}, "You are ", make("bdi", { textContent: this.#me.nick, translate: false })), parts.status,
      make("div", { className: "row" }, parts.share, parts.hand, parts.leave),
      parts.body, parts.every,
      make("h3", { textContent: "Sent last" }), parts.sent,
      // Who speaks to the machine, or hits keys unawares, must be able to switch it off (WCAG 2.1.4).
      make("label", { className: "tick" }, make("input", { type: "checkbox", id: "by-key", checked: this.#byKey, onchange: (event) => this.#listen(event.target.checked) }),
        "The key P pauses, and goes on after that")));
    this.#showSent(null);
  }

  get #handIsUp() { return this.#parts.hand.classList.contains("on"); }

  get #roomIsReactions() { return this.#room?.kind === "reactions"; }

  get #whatIsShared() {
    if (!this.#sharing) return "Nothing is shared.";
    return this.#roomIsReactions ? "You share the emoji that you choose." : "You share your expression.";
  }

  /** True where it goes out; what is said while out of touch is lost. */
  #say(message) { return this.#inTouch && this.#socket.say(message); }

  #sayPause() {
    const told = this.#say({ type: "pause" });
    if (told) this.#showSent(null);
    return told;
  }

  /** What stands in the class; null: nothing. */
  #showSent(message) {
    this.#stands = message;
    this.#parts.sent.textContent = message ? JSON.stringify(message) : "nothing";
  }

  #listen(byKey) {
    this.#byKey = byKey;
    this.#nameShare();
  }

  #nameShare() {
    this.#parts.share.textContent = this.#sharing ? `Pause sharing${this.#byKey ? " (P)" : ""}` : "Start sharing";
  }

  #share(on) {
    this.#sharing = on;
    this.#begun = true; // for the first time by the button alone, never by a key that was hit unawares
    this.#nameShare();
    this.#parts.share.classList.toggle("on", on);
    clearInterval(this.#timer);
    if (on) {
      this.#status(this.#whatIsShared);
      this.#showBody();
      this.#timer = setInterval(() => this.#sample(), 100);
    } else {
      if (this.#parts.body.contains(document.activeElement)) this.#parts.share.focus(); // where the keyboard goes on
      this.#parts.body.replaceChildren();
      this.#choose(null);
      const known = this.#inTouch && !this.#stands; // said once, it is not said again
      this.#status(known || this.#sayPause() ? "Paused. Nothing is shared."
        : "Paused. Nothing is sent. Out of touch with the class: it hears of your pause as soon as it is back.");
    }
  }

  #showBody() {
    if (this.#roomIsReactions) {
      const buttons = EXPRESSIONS.map((name) => make("button", { type: "button", "aria-pressed": "false", onclick: () => choose(name) },
        make("img", { src: emojiUrl(name), alt: "" }), name));
      const choose = (name) => {
        this.#choose(name);
        buttons.forEach((button, index) => button.setAttribute("aria-pressed", EXPRESSIONS[index] === name));
      };
      this.#parts.body.replaceChildren(make("div", { className: "palette", role: "group", "aria-label": "your emoji" }, ...buttons));
    } else if (!this.#viaThisMachine) {
      this.#parts.body.replaceChildren(make("p", { className: "say", textContent:
        `This room shows recognised expressions, and recognising is done by your own machine: start emojimask there and join this class from its page, or run: emojimask join ${location.origin} ${this.#room.code}` }));
    } else if (!this.#reading) {
      const why = this.#recognises ? "Start the camera above; without a face nothing is sent."
        : "Nothing is sent: nobody's expression is recognised, as emojimask was started with --expressions none.";
      this.#parts.body.replaceChildren(make("p", { className: "soft", textContent: why }));
    }
  }

  /** A choice stands till the next one or a pause. It goes out once, and again after a time out of touch. */
  #choose(name) {
    this.#choice = name;
    this.#due = name !== null;
  }

  /** Send what is due: at most one message a second, and no more often than the lecturer asks for. */
  #sample() {
    const now = performance.now(), since_ms = now - this.#lastSent;
    let message = null, wait_ms = 1000;
    if (this.#roomIsReactions) {
      message = this.#due && this.#choice && { type: "share", label: this.#choice };
    } else if (!this.#reading) {
      this.#withdraw(now);
    } else {
      message = { type: "share", label: this.#reading.label, confidence: Number(this.#reading.confidence.toFixed(2)) };
      if (!this.#due) wait_ms = 1000 * this.#room.interval_s;
      this.#parts.body.replaceChildren();
    }
    if (!message || since_ms < 1000 || since_ms < wait_ms || !this.#say(message)) return; // whatever a board asks for
    this.#lastSent = now;
    this.#due = false;
    this.#showSent(message);
  }

  /** What was read last does not stand for somebody whose face is not seen any more. */
  #withdraw(now) {
    if (!this.#stands || now - this.#lastSent < Math.max(LOST_MS, 1000 * this.#room.interval_s)) return;
    if (this.#sayPause()) this.#showBody();
  }

  #showHand(up, send = false) {
    this.#parts.hand.classList.toggle("on", up);
    this.#parts.hand.lastChild.textContent = up ? "Lower hand" : "Raise hand";
    if (send) this.#sayHand();
  }

  /** At once, but once a second at most: whoever plays with the button must not be taken for a flood. */
  #sayHand() {
    clearTimeout(this.#handTimer);
    this.#keepSeat();
    const early_ms = this.#handSaid + 1000 - performance.now();
    if (early_ms > 0) this.#handTimer = setTimeout(() => this.#sayHand(), early_ms);
    else if (this.#say({ type: "hand", up: this.#handIsUp })) {
      this.#handSaid = performance.now();
      this.#noteRaised(this.#handIsUp ? SAID : null);
    }
  }

  #noteRaised(raised) {
    this.#raised = raised;
    this.#keepSeat();
  }

  #lowered() {
    this.#showHand(false);
    this.#noteRaised(null);
    this.#status(`${LOWERED} ${this.#whatIsShared}`);
  }

  #leave() {
    this.#end(this.#say({ type: "leave" }) ? "You have left. Nothing of you is kept."
      : "You have left. The class could not be told: it shows you as away, and forgets you within two minutes, or once newcomers are let in again.");
  }

  /** `again`: with what the form is filled in, for whoever may come back by one click. */
  #end(trouble, again = {}) {
    clearInterval(this.#timer);
    clearTimeout(this.#handTimer);
    this.#raised = null;
    this.#sharing = this.#begun = this.#inTouch = false;
    this.#choose(null);
    this.#socket.close();
    keep(KEPT, null);
    this.#showForm({ ...again, trouble });
  }

  #status(words) { this.#parts.status.textContent = words; }
}

/** A link that carries the code fills both fields. */
function readLink(form) {
  const [link, code] = form.elements.url.value.split("#code=");
  if (code) {
    form.elements.url.value = link;
    form.elements.code.value = code;
  }
}
