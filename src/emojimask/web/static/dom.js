// Small helpers for building pages. Text is always set as text, never as markup.

export const $ = (id) => document.getElementById(id);

/** An element with properties, data and children: make("li", {className: "x"}, "text", child). */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

const told = new WeakMap(); // not read from the page, which a browser may have translated

/** Words that are set only where they are new, for what is set is spoken, and translated. True where they are. */
export function tell(box, words) {
  if (told.get(box) === words) return false;
  told.set(box, words);
  box.textContent = words;
  return true;
}

/** Show a message in a box that screen readers announce; no text hides it. */
export function say(box, text, bad = true) {
  box.hidden = !text;
  box.classList.toggle("bad", bad);
  tell(box, text);
}

export const GONE = "The program on this machine does not answer. Is it still running?";

/** What an answer of the server says went wrong. */
export async function troubleOf(answer) {
  try {
    return (await answer.json()).detail ?? answer.statusText;
  } catch {
    return answer.statusText || GONE;
  }
}
