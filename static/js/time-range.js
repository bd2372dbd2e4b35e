// The range of time: the histogram is zoomed by dragging, by Shift and the arrow keys, by double click; keys move the range.
import { find, isForOthers } from "./dom.js";

const bars = (svg) => [...svg.querySelectorAll("a")];
const CLICK = 250; // milliseconds in which a second click makes a double one

function go(start, end) {
  find("#from").value = start;
  find("#to").value = end;
  find("#search-button").click();
}
const follow = (move) => find(`[data-move="${move}"]`)?.click();

// --- A stretch of bars -------------------------------------------------------------------------------------------
const count = (svg) => Number(svg.dataset.count);
// The number of a bar that holds events, by where it stands.
const numberOf = (bar) => { const svg = bar.closest("[data-count]"); return Math.round((parseFloat(find("svg", bar).getAttribute("x")) * count(svg)) / 100); };
function timeOf(svg, number) {
  const times = svg.dataset.bounds?.split(" ");  // where the clocks are changed between, bars are of unlike length
  if (times) return times[number];
  return new Date(Date.parse(svg.dataset.begin) + number * Number(svg.dataset.seconds) * 1000).toISOString().replace(".000Z", "Z");
}
let brush = null; // { svg, from, to }, numbers of bars
const ends = () => [Math.min(brush.from, brush.to), Math.max(brush.from, brush.to)];
function draw() {
  for (const old of document.querySelectorAll(".brush")) old.remove();
  if (!brush) return card("");
  const [first, last] = ends(), room = 100 / count(brush.svg);
  const shape = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  const places = { class: "brush", x: `${first * room}%`, y: 0, width: `${(last - first + 1) * room}%`, height: 66 };
  for (const [name, value] of Object.entries(places)) shape.setAttribute(name, value);
  brush.svg.append(shape);
  card(`${timeOf(brush.svg, first)} to ${timeOf(brush.svg, last + 1)}`, brush.svg, first * room);
}
function zoom() {
  const [first, last] = ends(), svg = brush.svg;
  brush = null;
  go(timeOf(svg, first), timeOf(svg, last + 1));
}
function under(svg, x) {
  const box = svg.getBoundingClientRect();
  const share = Math.max(0, Math.min(0.999999, (x - box.left) / box.width));
  return Math.floor(share * count(svg));
}
// What a bar holds, in words, beside it.
function card(words, svg, at = 0) {
  for (const place of document.querySelectorAll("[data-card]")) {
    place.hidden = !words || !place.parentElement.contains(svg);
    if (place.hidden) continue;
    place.textContent = words;
    const left = svg.offsetLeft || 26, box = svg.getBoundingClientRect();
    place.style.left = `${Math.max(0, Math.min(left + (at / 100) * box.width, left + box.width - place.offsetWidth))}px`;
  }
}
function showCard(event) {
  const bar = event.target.closest?.("[data-histogram] a");
  if (brush) return;
  card(bar?.getAttribute("aria-label") ?? "", bar?.closest("[data-count]"), bar ? parseFloat(find("svg", bar).getAttribute("x")) : 0);
}
document.addEventListener("mouseover", showCard);
document.addEventListener("focusin", showCard);

let waiting = 0;
document.addEventListener("pointerdown", (event) => {
  const svg = event.target.closest?.("[data-histogram] [data-count]");
  if (!svg || event.button !== 0 || !find("#search-button")) return;
  event.preventDefault();
  const at = under(svg, event.clientX);
  brush = { svg, from: at, to: at, x: event.clientX };
  svg.setPointerCapture(event.pointerId);
});
document.addEventListener("pointermove", (event) => {
  if (!brush || brush.x === undefined) return;
  brush.to = under(brush.svg, event.clientX);
  if (Math.abs(event.clientX - brush.x) > 3) draw();
});
document.addEventListener("pointerup", (event) => {
  if (!brush || brush.x === undefined) return;
  const dragged = Math.abs(event.clientX - brush.x) > 3;
  clearTimeout(waiting);
  if (dragged) return zoom();
  const clicked = brush;
  brush = null;
  waiting = setTimeout(() => { if (clicked.svg.isConnected) { brush = clicked; zoom(); } }, CLICK);
});
document.addEventListener("pointercancel", () => { brush = null; draw(); });
document.addEventListener("dblclick", (event) => {
  if (!event.target.closest?.("[data-histogram] [data-count]")) return;
  clearTimeout(waiting);
  brush = null;
  draw();
  follow("out");
});
// A click was seen to above; Enter on a bar is the link's own.
document.addEventListener("click", (event) => {
  if (event.detail > 0 && event.target.closest?.("[data-histogram] [data-count]") && find("#search-button")) event.preventDefault();
}, true);

// --- By keyboard: one stop for all bars, arrows between them -----------------------------------------------------
function stops() {
  for (const svg of document.querySelectorAll("[data-histogram] [data-count]")) {
    const all = bars(svg);
    if (all.some((bar) => bar === document.activeElement)) continue;
    all.forEach((bar, number) => bar.setAttribute("tabindex", number === 0 ? "0" : "-1"));
  }
}
function onBar(event, bar) {
  const svg = bar.closest("[data-count]");
  const all = bars(svg);
  const here = all.indexOf(bar);
  const step = { ArrowLeft: -1, ArrowRight: 1, Home: -here, End: all.length - 1 - here }[event.key];
  if (step !== undefined) {
    event.preventDefault();
    const next = Math.max(0, Math.min(all.length - 1, here + step));
    brush = event.shiftKey ? { svg, from: brush?.svg === svg ? brush.from : numberOf(bar), to: numberOf(all[next]) } : null;
    draw();
    bar.setAttribute("tabindex", "-1");
    all[next].setAttribute("tabindex", "0");
    all[next].focus();
  } else if (event.key === "Enter" && brush?.svg === svg) {
    event.preventDefault();
    zoom();
  } else if (event.key === "Escape" && brush) {
    brush = null;
    draw();
  }
}
const KEYS = { "[": "earlier", "]": "later", "-": "out", "=": "in", "+": "in" };
document.addEventListener("keydown", (event) => {
  const bar = event.target.closest?.("[data-histogram] [data-count] a");
  if (bar) onBar(event, bar);
  if (isForOthers(event)) return;
  if (KEYS[event.key] && find("[data-move]")) { event.preventDefault(); follow(KEYS[event.key]); }
});

// --- What is chosen from lists ------------------------------------------------------------------------------------
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-stack]")) find("#search-button")?.click();
  const pick = event.target.closest("[data-pick]");
  if (pick && pick.value) find(`#${pick.dataset.pick}`).value = `${pick.value.length === 16 ? `${pick.value}:00` : pick.value}Z`;
});
// The statistics of a field open beside the search; without a script they are a page.
function statistics(address) {
  find("#field-statistics").textContent = "Counting …";
  find("#field-dialog").showModal();
  htmx.ajax("GET", address, { target: "#field-statistics", swap: "outerHTML", source: "#field-dialog" });
}
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-statistics]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !find("#field-dialog")) return;
  event.preventDefault();
  statistics(link.getAttribute("href"));
});
document.addEventListener("submit", (event) => {
  const form = event.target.closest?.("form[data-statistics]");
  if (!form || !find("#field-dialog")) return;
  event.preventDefault();
  statistics(`${form.getAttribute("action")}?${new URLSearchParams(new FormData(form))}`);
});
function ready() {
  for (const picks of document.querySelectorAll("[data-picks]")) picks.hidden = false;
  stops();
}
document.addEventListener("htmx:afterSettle", ready);
ready();
