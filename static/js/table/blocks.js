// The rows of a table in blocks, of which only those near the window stand in the document; the next are loaded in time.
import { counted, find, findAll } from "../dom.js";

const MOST_ROWS = 10_000, NEAR = "800px 0px", SOON = "600px 0px";

export let table = null;
let blocks = [], near = null, soon = null, search = "", changed = () => {};
const owner = new WeakMap();
export const isRow = (row) => row.parentElement.matches("tbody:not([data-spacer]):not([data-more])") && !row.matches(".opened-row, .line");
// Every row in order, those that are out of the document too.
export const rows = () => (table ? blocks.flatMap((block) => [...block.body.rows].filter(isRow)) : findAll("[data-rows] tbody tr").filter(isRow));
export const current = () => (table ? blocks.map((block) => find("tr.is-current", block.body)).find(Boolean) : find("[data-rows] tr.is-current"));

/** Takes up another table, or none. `onChange` is called whenever rows leave the document or come back. Whether it is of another search. */
export function begin(found, onChange) {
  near?.disconnect();
  soon?.disconnect();
  table = found;
  blocks = [];
  changed = onChange;
  const before = search;
  search = found ? withoutLook(found.dataset.asked) : "";
  if (table) {
    const root = table.closest("[data-region]");
    near = new IntersectionObserver(cameNear, { root, rootMargin: NEAR });
    soon = new IntersectionObserver(cameSoon, { root, rootMargin: SOON });
  }
  return before !== search;
}
// Ticks are of a search, however it is sorted and shown.
function withoutLook(address) {
  const query = new URLSearchParams(address);
  for (const name of ["columns", "sort", "stack"]) query.delete(name);
  return query.toString();
}
/** Takes up the blocks of rows that came since; `prepare` is called with each. */
export function adopt(prepare) {
  for (const body of findAll("tbody[data-block]", table)) {
    if (owner.has(body)) continue;
    const block = { body, spacer: null };
    blocks.push(block);
    owner.set(body, block);
    near.observe(body);
    for (const opener of findAll("[data-open]", body)) opener.setAttribute("aria-expanded", "false");
    prepare(body);
  }
  const more = find("tbody[data-more]", table);
  if (!more || owner.has(more)) return;
  owner.set(more, null);
  soon.observe(more);
  const count = find(".count b");
  if (count && more.dataset.shown) count.textContent = count.textContent.replace(/–.*/, `–${Number(more.dataset.shown).toLocaleString("en")}`);
  if (rows().length >= MOST_ROWS) enough(more);
}
function enough(more) {
  find("[data-load]", more)?.remove();
  const line = document.createElement("span");
  line.textContent = `${counted(MOST_ROWS, "event")} stand here. Go on by the next page, or narrow the search.`;
  find(".more__here", more).prepend(line);
}
function cameNear(entries) {
  for (const entry of entries) {
    const block = owner.get(entry.target);
    if (!block) continue;
    if (entry.target === block.spacer) { if (entry.isIntersecting) putBack(block); }
    else if (!entry.isIntersecting) takeOut(block, entry.boundingClientRect.height);
  }
  changed();
}
function takeOut(block, height) {
  if (block.spacer || !block.body.isConnected || block.body.contains(document.activeElement)) return;
  if (find("tr.is-current, details.pivot[open]", block.body)) return;
  const spacer = document.createElement("tbody");
  spacer.dataset.spacer = "";
  spacer.setAttribute("aria-hidden", "true");
  const cell = spacer.insertRow().insertCell();
  cell.colSpan = table.tHead.rows[0].cells.length;
  cell.style.height = `${height}px`;
  block.spacer = spacer;
  owner.set(spacer, block);
  near.unobserve(block.body);
  block.body.replaceWith(spacer);
  near.observe(spacer);
}
function putBack(block) {
  if (!block.spacer) return;
  near.unobserve(block.spacer);
  block.spacer.replaceWith(block.body);
  block.spacer = null;
  near.observe(block.body);
}
function cameSoon(entries) {
  const more = entries.find((entry) => entry.isIntersecting && entry.target.isConnected)?.target;
  if (more && !find(".alert", more)) find("[data-load]", more)?.click();
}
/** Puts a row back into the document, if it is out of it. */
export function bringBack(row) {
  const block = owner.get(row.parentElement);
  if (block) putBack(block);
}
/** Makes what stands for rows that are out of the document as high as those in it. */
export function measureAnew() {
  const row = find("tbody[data-block] .row", table);
  for (const block of blocks) if (block.spacer) block.spacer.rows[0].cells[0].style.height = `${block.body.rows.length * row.offsetHeight}px`;
}
/** The cells of a row that hold fields, and the field of a cell. */
export const fields = (row) => [...row.cells].filter((cell) => nameOf(cell));
export const nameOf = (cell) => cell.closest("table")?.tHead?.rows[0]?.cells[cell.cellIndex]?.dataset.column;
