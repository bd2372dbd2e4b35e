// Which events are ticked, whether their rows stand in the document or not, and what the form of pins sends of them.
import { counted, find, findAll, say } from "../dom.js";
import { rows, table } from "./blocks.js";

export const ticked = new Set();
let anchor = null;
export const ticks = () => findAll("input[name='event'][type='checkbox']");
export const tickOf = (row) => find("input[name='event'][type='checkbox']", row);
const done = new WeakSet();
export function werePinned() {
  const form = find("#pin-form");
  if (!form || done.has(form) || !find(".alert--success", form)) return false;
  done.add(form);
  for (const tick of rows().map(tickOf)) if (tick) tick.checked = false;
  for (const link of findAll("[data-pinned]", form)) markPinned(link);
  return true;
}
// Its number among the evidence stands in the place of what chose the row.
function markPinned(link) {
  const tick = rows().map(tickOf).find((box) => box?.value === link.dataset.pinned);
  const mark = link.cloneNode(true);
  mark.removeAttribute("data-pinned");
  tick?.replaceWith(mark);
}
function set(tick, on) {
  tick.checked = on;
  if (on) ticked.add(tick.value);
  else ticked.delete(tick.value);
}
export function tick(row, { range = false, on = null } = {}) {
  const box = row && tickOf(row);
  if (!box) return;
  const wanted = on ?? !box.checked;
  const list = rows(), to = list.indexOf(row), from = range && anchor ? list.indexOf(anchor) : -1;
  const between = from < 0 ? [row] : list.slice(Math.min(from, to), Math.max(from, to) + 1);
  for (const chosen of between) if (tickOf(chosen)) set(tickOf(chosen), from < 0 ? wanted : true);
  anchor = row;
  showTicks();
}
export function tickAll(on) {
  for (const row of rows()) if (tickOf(row)) set(tickOf(row), on);
  showTicks();
}
let announced = 0;
export function showTicks(aloud = true) {
  const boxes = rows().map(tickOf).filter(Boolean);
  if (!boxes.length) return;
  for (const place of findAll("[data-selected-count]")) place.textContent = String(ticked.size);
  const master = find("[data-select-all]");
  if (master) {
    master.checked = ticked.size > 0 && boxes.every((box) => box.checked);
    master.indeterminate = ticked.size > 0 && !master.checked;
  }
  find("#pin-form")?.classList.toggle("is-shown", ticked.size > 0);
  showShares();
  keepTicks();
  if (aloud && announced !== ticked.size) say(`${counted(ticked.size, "event")} chosen.`);
  announced = ticked.size;
}
// What the chosen events share, so that a slip of the mouse is seen.
function showShares() {
  const place = find("[data-selected-shares]");
  if (!place) return;
  const chosen = rows().filter((row) => ticked.has(tickOf(row)?.value));
  const counts = [["c-address", "address", "addresses"], ["c-token", "token", "tokens"]].map(([look, word, words]) => {
    const number = new Set(chosen.map((row) => find(`.${look} :is(.id, bdi)`, row)?.textContent).filter(Boolean)).size;
    return number && `${number} ${number === 1 ? word : words}`;
  });
  place.textContent = counts.filter(Boolean).join(", ");
}
// What is ticked and out of the document goes with the form all the same.
function keepTicks() {
  const form = find("#pin-form");
  if (!form || !table) return;
  for (const old of findAll("[data-kept]", form)) old.remove();
  const here = new Set(ticks().filter((box) => box.checked).map((box) => box.value));
  for (const id of ticked) {
    if (here.has(id)) continue;
    const kept = document.createElement("input");
    kept.type = "hidden";
    kept.name = "event";
    kept.value = id;
    kept.dataset.kept = "";
    form.append(kept);
  }
}
/** Keeps of the ticks those of the rows that stand in the table now: another search may show others. */
export function keepShown() {
  const here = new Set(rows().map(tickOf).filter(Boolean).map((box) => box.value));
  for (const id of ticked) if (!here.has(id)) ticked.delete(id);
}
/** Forgets where a range of ticks began. */
export function forgetAnchor() {
  anchor = null;
}
