// The grid of living emoji: one seat a member.

import { make } from "./dom.js";
import { emojiUrl } from "./expressions.js";

export class Seats {
  #list; #onremove; #seats = new Map();

  constructor(list, onremove) {
    this.#list = list;
    this.#onremove = onremove;
  }

  get count() { return this.#seats.size; }

  /** A member as the server tells: [id, nickname, emoji or "", confidence, hand, connected]. */
  set([id, nick, label, , hand, connected]) {
    const seat = this.#seats.get(id) ?? this.#add(id, nick);
    if (seat.label !== label) this.#show(seat, label);
    seat.hand = hand;
    seat.element.classList.toggle("hand", hand);
    seat.element.classList.toggle("away", !connected);
    const state = [connected ? label || "not sharing" : "away", hand ? "hand raised" : ""].filter(Boolean).join(", ");
    if (seat.state.textContent !== state) seat.state.textContent = state;
  }

  remove(id) {
    const element = this.#seats.get(id)?.element;
    if (element?.contains(document.activeElement)) this.#list.focus(); // not a neighbour's button, lest a held key remove all
    element?.remove();
    this.#seats.delete(id);
  }

  clear() {
    this.#seats.clear();
    this.#list.replaceChildren();
  }

  hands() {
    return [...this.#seats.values()].filter((seat) => seat.hand).map((seat) => seat.nick);
  }

  #add(id, nick) {
    const state = make("span", { className: "state" });
    const picture = make("span", { className: "nobody" });
    const out = make("button", { type: "button", className: "out", textContent: "remove", "aria-label": `remove ${nick}`, onclick: () => this.#onremove(id) });
    const element = make("li", { className: "seat" }, picture, make("span", { className: "name", dir: "auto", textContent: nick }), state, out);
    this.#list.append(element);
    const seat = { element, picture, state, nick, label: "", hand: false };
    this.#seats.set(id, seat);
    return seat;
  }

  #show(seat, label) {
    const picture = label ? make("img", { className: "face", src: emojiUrl(label), alt: "" }) : make("span", { className: "nobody" });
    seat.picture.replaceWith(picture);
    seat.picture = picture;
    seat.label = label;
    seat.element.classList.remove("fresh");
    requestAnimationFrame(() => seat.element.classList.add("fresh"));
  }
}
