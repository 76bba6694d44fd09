// Shares of expressions over time as stacked areas, in SVG.

import { make } from "./dom.js";
import { COLOURS, EXPRESSIONS } from "./expressions.js";

const NS = "http://www.w3.org/2000/svg";
const WIDTH = 640, HEIGHT = 220, LEFT = 70, BOTTOM = 24, TOP = 12, RIGHT = 8;

/**
 * A plot of points [{time_s, values}] whose values are in the order of EXPRESSIONS; each point is scaled to 100 %.
 * One without a value says that from then on, till the next, nothing is known.
 */
export function timelinePlot(points, label) {
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "plot", role: "img", "aria-label": `${label}. ${inWords(points)}` });
  const end = Math.max(points.at(-1)?.time_s ?? 1, 1e-3), start = Math.min(points[0]?.time_s ?? 0, end - 1e-3);
  const x = (time) => LEFT + (WIDTH - LEFT - RIGHT) * (time - start) / (end - start);
  const y = (share) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - share);
  for (const [share, text] of [[0, "0 %"], [.5, "50 %"], [1, "100 %"]]) {
    picture.append(svg("path", { class: "axis", d: `M${LEFT} ${y(share)}H${WIDTH - RIGHT}` }));
    picture.append(svg("text", { x: LEFT - 6, y: y(share) + 4, "text-anchor": "end" }, text));
  }
  const drawn = points.length === 1 ? [{ ...points[0], time_s: start }, points[0]] : points;
  for (const run of runs(drawn)) {
    const below = run.map(() => 0), edge = () => run.map(({ time_s }, at) => `${x(time_s).toFixed(1)} ${y(below[at]).toFixed(1)}`);
    EXPRESSIONS.forEach((name, index) => {
      const lower = edge();
      run.forEach(({ values }, at) => { below[at] += values[index] / sum(values); });
      picture.append(svg("path", { fill: COLOURS[name], d: `M${edge().join("L")}L${lower.reverse().join("L")}Z` }));
    });
  }
  picture.append(svg("text", { x: LEFT, y: HEIGHT - 6 }, clock(start)));
  picture.append(svg("text", { x: WIDTH - RIGHT, y: HEIGHT - 6, "text-anchor": "end" }, clock(end)));
  return picture;
}

/** What colour stands for what. */
export function legend() {
  return make("ul", { className: "legend" }, ...EXPRESSIONS.map((name) => {
    const dot = make("i");
    dot.style.setProperty("--colour", COLOURS[name]);
    return make("li", {}, dot, name);
  }));
}

/** The points between which something is known. The last of them holds till that ends. */
function runs(points) {
  const found = [[]];
  for (const point of points) {
    const run = found.at(-1);
    if (sum(point.values)) run.push(point);
    else if (run.length) {
      run.push({ ...run.at(-1), time_s: point.time_s });
      found.push([]);
    }
  }
  return found.filter((run) => run.length);
}

function inWords(points) {
  const totals = EXPRESSIONS.map((_, index) => sum(points.map((point) => point.values[index])));
  const all = sum(totals);
  if (!all) return "Nothing to show yet.";
  const order = EXPRESSIONS.map((name, index) => [totals[index] / all, name]).sort((a, b) => b[0] - a[0]);
  return order.slice(0, 3).map(([share, name]) => `${name} ${Math.round(100 * share)} percent`).join(", ");
}

const sum = (values) => values.reduce((total, value) => total + value, 0);
const clock = (seconds) => seconds < 60 ? `${seconds.toFixed(1)} s`
  : `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")} min`;

function svg(tag, attributes, text) {
  const element = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text) element.textContent = text;
  return element;
}
