// The grid of living emoji: one seat a member.

import { make, tell } from "./dom.js";
import { emojiUrl } from "./expressions.js";

export class Seats {
  #list; #onorder; #seats = new Map();

  /** `onorder(order, id)`: what the lecturer wants with somebody, "lower" or "remove". */
  constructor(list, onorder) {
    this.#list = list;
    this.#onorder = onorder;
  }

  get empty() { return !this.#seats.size; }

  counts() {
    const here = [...this.#seats.values()].filter((seat) => seat.connected).length;
    return { here, away: this.#seats.size - here };
  }

  /** A member as the server tells: [id, nickname, emoji or "", confidence, when the hand was raised or 0, connected]. */
  set([id, nick, label, , hand, connected]) {
    const seat = this.#seats.get(id) ?? this.#add(id, nick);
    if (seat.label !== label) this.#show(seat, label);
    [seat.hand, seat.connected] = [hand, connected];
    seat.element.classList.toggle("hand", hand > 0);
    if (!hand) this.#leave(seat.lower);
    seat.lower.hidden = !hand;
    seat.element.classList.toggle("away", !connected);
    const state = [connected ? label || "not sharing" : "away", hand ? "hand raised" : ""].filter(Boolean).join(", ");
    tell(seat.state, state);
  }

  remove(id) {
    const element = this.#seats.get(id)?.element;
    this.#leave(element);
    element?.remove();
    this.#seats.delete(id);
  }

  /** The keyboard's place, before something is gone: not a neighbour's button, lest a held key remove all. */
  #leave(element) {
    if (element?.contains(document.activeElement)) this.#list.focus();
  }

  clear() {
    this.#leave(this.#list);
    this.#seats.clear();
    this.#list.replaceChildren();
  }

  /** The names of those whose hand is up, who raised it first before the others. */
  hands() {
    return [...this.#seats.values()].filter((seat) => seat.hand).sort((a, b) => a.hand - b.hand).map((seat) => seat.nick);
  }

  #add(id, nick) {
    const state = make("span", { className: "state" });
    const picture = make("span", { className: "nobody" });
    const button = (order, properties) => make("button", { type: "button", className: order, onclick: () => this.#onorder(order, id), ...properties });
    const lower = button("lower", { title: "lower this hand", "aria-label": `lower the hand of ${nick}` }); // its picture is the hand
    const remove = button("remove", { textContent: "remove", "aria-label": `remove ${nick}` });
    const element = make("li", { className: "seat" }, picture, make("span", { className: "name", dir: "auto", translate: false, textContent: nick }), state, lower, remove);
    this.#list.append(element);
    const seat = { element, picture, state, lower, nick, label: "", hand: 0, connected: false };
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
