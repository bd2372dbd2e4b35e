// The keys and the selection of a timeline: what moves among its entries, unfolds, chooses and changes them.
import { counted, find, findAll, isForOthers, say } from "./dom.js";

const STOPS = "[data-timeline] summary, [data-timeline] [data-item]";
// By number, as the form sends them, whether they stand on this page or not.
const chosen = new Map();
let anchor = null, announced = 0, stop = null;

const isShown = (element) => !element.closest("[data-fold]:not([open]) ol");
const stops = () => findAll(STOPS).filter(isShown);
// Remembered too, for htmx gives what it has just swapped in the classes of the answer a moment later.
const current = () => find("[data-timeline] .is-current") ?? (stop?.isConnected ? stop : null);
const boxes = (from = document) => findAll("input[name='evidence'][type='checkbox']", from);
const boxesOf = (at) => (at ? boxes(at.matches("summary") ? at.parentElement : at) : []);
const numberOf = (box) => box.value.split(":")[0];

function choose(next) {
  for (const old of findAll("[data-timeline] .is-current")) old.classList.remove("is-current");
  stop = next;
  stop.classList.add("is-current");
}
function move(step) {
  const list = stops();
  if (!list.length) return;
  const next = list[Math.max(0, Math.min(list.length - 1, list.indexOf(current()) + step))];
  choose(next);
  next.scrollIntoView({ block: "nearest" });
  (next.matches("summary") ? next : find("[data-open]", next))?.focus({ preventScroll: true });
}
function set(box, on) {
  box.checked = on;
  if (on) chosen.set(numberOf(box), box.value);
  else chosen.delete(numberOf(box));
}
function tick(at, { range = false } = {}) {
  const list = stops(), to = list.indexOf(at), from = range && anchor ? list.indexOf(anchor) : -1;
  const between = from < 0 ? [at] : list.slice(Math.min(from, to), Math.max(from, to) + 1);
  const own = between.flatMap(boxesOf), on = from >= 0 || !own.every((box) => box.checked);
  for (const box of own) set(box, on);
  anchor = at;
  show();
}
function tickAll(on) {
  for (const box of boxes()) set(box, on);
  if (!on) chosen.clear();
  show();
}
/** Shows what is chosen, and lets the form send of it what stands on no row of this page. */
function show() {
  const form = find("#evidence-form");
  if (!form) return;
  form.classList.toggle("is-shown", chosen.size > 0);
  for (const place of findAll("[data-chosen-count]", form)) place.textContent = chosen.size ? String(chosen.size) : "";
  for (const old of findAll("[data-kept]", form)) old.remove();
  const here = new Set(boxes().map(numberOf));
  for (const [number, value] of chosen) {
    if (here.has(number)) continue;
    const kept = document.createElement("input");
    Object.assign(kept, { type: "hidden", name: "evidence", value });
    kept.dataset.kept = "";
    form.append(kept);
  }
  if (announced !== chosen.size) say(`${counted(chosen.size, "piece")} of evidence chosen.`);
  announced = chosen.size;
}
/** Ticks again what was chosen, in rows that have come since; a row says the revision that is shown now. */
function restore() {
  if (stop?.isConnected) stop.classList.add("is-current");
  for (const box of boxes()) if (chosen.has(numberOf(box)) || box.checked) set(box, true);
  show();
}
const actions = {
  j: () => move(1),
  k: () => move(-1),
  o: () => {
    const at = current() ?? stops()[0];
    if (at) (at.matches("summary") ? at : find("[data-open]", at))?.click();
  },
  x: () => current() && tick(current()),
  X: () => current() && tick(current(), { range: true }),
  "*": () => tickAll(!boxes().every((box) => box.checked)),
  p: () => {
    if (!chosen.size && current()) tick(current());
    if (chosen.size) find("#evidence-form select")?.focus();
  },
};
document.addEventListener("keydown", (event) => {
  if (isForOthers(event) || event.defaultPrevented || !find("[data-timeline]")) return;
  if (event.key === "Escape" && chosen.size) return tickAll(false);
  if (!actions[event.key]) return;
  event.preventDefault();
  actions[event.key]();
});
document.addEventListener("click", ({ target }) => {
  const next = target.closest(STOPS);
  if (next) choose(next);
});
document.addEventListener("change", ({ target }) => {
  if (!target.matches("input[name='evidence'][type='checkbox']")) return;
  set(target, target.checked);
  anchor = target.closest("[data-item]");
  show();
});
document.addEventListener("reset", ({ target }) => { if (target.id === "evidence-form") tickAll(false); });
// Very much that is alike comes when it is unfolded for the first time.
document.addEventListener("toggle", ({ target }) => {
  if (target.open && target.matches?.("[data-fold]")) find("[data-load-alike]", target)?.click();
}, true);
document.addEventListener("htmx:afterSettle", restore);
restore();
