// Live probabilities as bars, one group a person.

import { make } from "./dom.js";
import { COLOURS, EXPRESSIONS, emojiUrl } from "./expressions.js";

const EVERY_MS = 100; // ten times a second is enough for the eye, and easy on the machine

export class Bars {
  #box; #set; #people = []; #last = 0; #empty;

  constructor(box, emptyText) {
    this.#box = box;
    this.#empty = make("p", { className: "soft", textContent: emptyText });
    box.replaceChildren(this.#empty);
  }

  useSet(set) {
    this.#set = set;
    this.#people = [];
  }

  /** Show people's probabilities: [{id, probabilities}]. */
  show(people) {
    const now = performance.now();
    if (now - this.#last < EVERY_MS && people.length === this.#people.length) return;
    this.#last = now;
    if (people.length !== this.#people.length) this.#build(people.length);
    people.forEach((person, index) => this.#fill(this.#people[index], person, people.length > 1));
  }

  #build(count) {
    this.#people = Array.from({ length: count }, () => {
      const title = make("h3", { className: "soft" });
      const rows = EXPRESSIONS.map((name) => this.#row(name));
      const group = make("div", { className: "person bars" }, title, ...rows.map((row) => row.element));
      return { title, rows, group };
    });
    this.#box.replaceChildren(...(count ? this.#people.map((person) => person.group) : [this.#empty]));
  }

  #row(name) {
    const fill = make("div", { className: "fill" });
    fill.style.setProperty("--colour", COLOURS[name]);
    const figure = make("span", { className: "figure", textContent: "0 %" });
    const picture = make("img", { src: emojiUrl(name, this.#set), alt: "" });
    const element = make("div", { className: "bar" },
      picture, make("span", { textContent: name }), make("div", { className: "groove" }, fill), figure);
    return { element, fill, figure };
  }

  #fill(shown, person, numbered) {
    shown.title.hidden = !numbered;
    shown.title.textContent = `Person ${person.id}`;
    const most = Math.max(...person.probabilities);
    person.probabilities.forEach((value, index) => {
      const row = shown.rows[index];
      row.fill.style.transform = `scaleX(${value})`;
      row.figure.textContent = `${Math.round(100 * value)} %`;
      row.element.classList.toggle("most", value === most);
    });
  }
}
