// A lifeline by keyboard and by dragging: arrow keys walk its marks, and a stretch of the overview chooses what is drawn.
import { find, findAll } from "./dom.js";

const placeOf = (mark) => Number(mark.dataset.mark);
const inOrder = (marks) => marks.sort((left, right) => placeOf(left) - placeOf(right));
const nearest = (marks, x) =>
  marks.reduce((best, mark) => (Math.abs(placeOf(mark) - x) < Math.abs(placeOf(best) - x) ? mark : best), marks[0]);

/** The marks of a plot lane by lane, each in order of time; lanes without any are left out. */
const lanesOf = (plot) =>
  findAll(".ll__lane", plot).map((lane) => inOrder(findAll("a[data-mark][href]", lane))).filter((marks) => marks.length);

function step(plot, here, key) {
  const lanes = lanesOf(plot);
  if (!lanes.length) return null;
  if (!here) return key === "ArrowLeft" || key === "End" ? lanes[0].at(-1) : lanes[0][0];
  const row = lanes.findIndex((marks) => marks.includes(here));
  const marks = lanes[row];
  const place = marks.indexOf(here);
  return {
    ArrowRight: () => marks[place + 1],
    ArrowLeft: () => marks[place - 1],
    ArrowDown: () => lanes[row + 1] && nearest(lanes[row + 1], placeOf(here)),
    ArrowUp: () => lanes[row - 1] && nearest(lanes[row - 1], placeOf(here)),
    Home: () => marks[0],
    End: () => marks.at(-1),
  }[key]?.();
}

document.addEventListener("keydown", (event) => {
  const plot = event.target instanceof Element ? event.target.closest("[data-plot]") : null;
  if (!plot || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && event.target !== plot) { plot.focus(); return; }
  if (!event.key.startsWith("Arrow") && event.key !== "Home" && event.key !== "End") return;
  const to = step(plot, event.target.closest("a[data-mark]"), event.key);
  event.preventDefault();
  if (!to) return;
  // What can be walked is no longer hidden from screen readers.
  to.closest("svg[aria-hidden]")?.removeAttribute("aria-hidden");
  to.focus();
});

/** Where in the overview a place of the window lies, from 0 to 1. */
function shareAt(brush, clientX) {
  const { left, width } = brush.getBoundingClientRect();
  return Math.min(Math.max((clientX - left) / width, 0), 1);
}
/** The time at a place of the overview, in milliseconds since 1970. */
function timeAt(brush, clientX) {
  const start = Number(brush.dataset.start);
  return start + shareAt(brush, clientX) * (Number(brush.dataset.end) - start);
}

function choose(figure, from, to) {
  const form = find("[data-range]", figure);
  const [first, last] = [from, to].sort((left, right) => left - right);
  form.elements.from.value = new Date(first).toISOString();
  form.elements.to.value = new Date(last).toISOString();
  form.requestSubmit();
}

function makeReady(figure) {
  const plot = find("[data-plot]", figure);
  if (plot) plot.tabIndex = 0;
  const brush = find("[data-brush]", figure);
  if (!brush || "brushReady" in brush.dataset) return;
  brush.dataset.brushReady = "";
  const box = find("[data-box]", brush);
  let began = null;
  brush.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    began = event.clientX;
    brush.setPointerCapture(event.pointerId);
  });
  brush.addEventListener("pointermove", (event) => {
    if (began === null) return;
    const [from, to] = [began, event.clientX].map((x) => shareAt(brush, x) * 100).sort((a, b) => a - b);
    box.setAttribute("x", `${from}%`);
    box.setAttribute("width", `${to - from}%`);
  });
  brush.addEventListener("pointerup", (event) => {
    const first = began;
    began = null;
    if (first !== null && Math.abs(event.clientX - first) > 3) choose(figure, timeAt(brush, first), timeAt(brush, event.clientX));
  });
  brush.addEventListener("dblclick", () => find("[data-all]", figure)?.click());
}

document.addEventListener("keydown", (event) => {
  const figure = event.target instanceof Element ? event.target.closest("[data-lifeline]") : null;
  if (event.key === "Escape" && figure && !event.target.closest("[data-plot]")) find("[data-all]", figure)?.click();
});
const makeAllReady = () => findAll("[data-lifeline]").forEach(makeReady);
document.addEventListener("htmx:load", makeAllReady);
makeAllReady();
