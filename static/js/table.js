// The keys and clicks of a table of events: what moves among its rows, ticks, opens and copies them. Columns are columns.js's.
import { find, findAll, isForOthers } from "./dom.js";
import { adopt, begin, current, fields, isRow, measureAnew, rows, table } from "./table/blocks.js";
import { closeMenu, openMenu } from "./table/cell-menu.js";
import { copy, copyCell, copyRow, offer, offerCopy } from "./table/copy.js";
import { close, toggle } from "./table/opened-row.js";
import { choose, chooseCell, goOn, move, moveCell } from "./table/position.js";
import { forgetAnchor, keepShown, showTicks, tick, tickAll, ticked, tickOf, ticks, werePinned } from "./table/ticks.js";

document.documentElement.dataset.script = "on";

function setUp() {
  const shown = find("table[data-table]");
  let isAnotherSearch = false;
  if (shown !== table) {
    isAnotherSearch = begin(shown, () => showTicks(false));
    forgetAnchor();
  }
  if (table) {
    adopt((body) => { for (const box of findAll("input[name='event']", body)) box.checked = ticked.has(box.value); });
    if (isAnotherSearch) keepShown();
    goOn();
  } else if (isAnotherSearch) ticked.clear();
  if (werePinned()) ticked.clear();
  else for (const box of ticks()) if (box.checked && box.defaultChecked !== box.checked) ticked.add(box.value);
  showTicks();
}

const actions = {
  j: () => move(1),
  k: () => move(-1),
  o: () => (find("[data-open]", current() ?? rows()[0] ?? document))?.click(),
  x: () => tick(current()),
  X: () => tick(current(), { range: true }),
  "*": () => tickAll(!rows().map(tickOf).filter(Boolean).every((box) => box.checked)),
  p: () => find("[data-pin] textarea")?.focus(),
  ".": () => openMenu(find("td.is-cell")),
  h: () => moveCell(-1),
  l: () => moveCell(1),
  c: () => copyCell(find("td.is-cell")),
  y: () => copyRow(current()),
  u: () => table && copy(addressForOthers(), "The address of this search is"),
  m: () => find("[data-more] [data-load]")?.click(),
};
/** The address of the page for somebody else: it names the time zone where that is not UTC, and the columns that are one's own. */
function addressForOthers() {
  const address = new URL(location.href), zone = find("[data-zone]")?.defaultValue;
  const { columns } = find("[data-copy-address]")?.dataset ?? {};
  if (zone && zone !== "UTC") address.searchParams.set("tz", zone);
  if (columns) address.searchParams.set("columns", columns);
  return address.href;
}
function onKey(event) {
  if (isForOthers(event) || event.defaultPrevented || !actions[event.key] || !find("[data-rows], [data-pin]")) return;
  event.preventDefault();
  actions[event.key]();
}
// Before anything else closes: whatever is open is closed first, and only then are ticks taken away.
function onEscape(event) {
  if (event.key !== "Escape") return;
  if (closeMenu()) { event.stopPropagation(); return; }
  const typing = event.target.closest?.("input:not([type='checkbox']), textarea, select");
  if (!typing && ticked.size && !find("details.pivot[open], details[data-chooser][open], dialog[open]")) tickAll(false), ticked.clear(), showTicks();
}
function onClick(event) {
  const target = event.target;
  const opener = target.closest("[data-table] [data-open]");
  if (opener && event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); choose(opener.closest("tr")); return toggle(opener); }
  const row = target.closest("[data-rows] tbody tr");
  if (row && isRow(row)) {
    choose(row);
    const at = fields(row).indexOf(target.closest("td"));
    if (at >= 0) chooseCell(at, row);
  }
  if (target.matches("input[name='event'][type='checkbox']")) return tick(row, { range: event.shiftKey, on: target.checked });
  if (target.closest("[data-copy-cell]")) return copyCell(offer);
  if (target.closest("[data-cell-menu]")) return openMenu(offer);
  if (target.closest("[data-choose-none]")) { tickAll(false); ticked.clear(); return showTicks(); }
  if (target.closest("[data-copy-chosen]")) return copy([...ticked].join("\n"), "The ids of the chosen events are");
  if (!target.closest("#cell-menu")) closeMenu();
  if (target.closest("[data-copy-address]")) return actions.u();
  const opened = target.closest(".opened-row");
  if (opened && target.closest("[data-copy-row]")) return copyRow(opened.previousElementSibling);
  if (opened && target.closest("[data-close]")) return close(opened.previousElementSibling);
  if (opened && target.closest("[data-pin-row]")) { tick(opened.previousElementSibling, { on: true }); return actions.p(); }
}

// A menu stands on the window, so it closes when what it belongs to moves away; a scroll that brought it here is no reason.
const stood = new WeakMap();
function hasMoved(menu) {
  const now = menu.getBoundingClientRect(), then = stood.get(menu) ?? now;
  return Math.abs(now.top - then.top) + Math.abs(now.left - then.left) > 2;
}

/** Fetches the menu of a column when it is opened for the first time. */
function fillHead(details) {
  const link = find("[data-head-menu]", details);
  if (link) window.htmx.ajax("GET", link.getAttribute("href"), { target: link.parentElement, swap: "innerHTML" });
}
/** Says in a title what a cell has no room for. */
function nameCut({ target }) {
  const cell = target.closest?.("[data-rows] td"), text = cell && find(".id, bdi", cell);
  if (text && !text.title && cell.scrollWidth > cell.clientWidth) text.title = text.textContent;
}
document.addEventListener("toggle", ({ target }) => {
  if (!target.matches?.("details.pivot") || !target.open) return;
  stood.set(target, target.getBoundingClientRect());
  fillHead(target);
}, true);
document.addEventListener("mouseover", nameCut);
document.addEventListener("keydown", onEscape, true);
document.addEventListener("keydown", onKey);
document.addEventListener("click", onClick);
document.addEventListener("mouseover", offerCopy);
document.addEventListener("scroll", (event) => {
  if (event.target !== document && !event.target.matches?.("[data-region]")) return;
  for (const button of findAll("[data-copy-cell], [data-cell-menu]")) button.hidden = true;
  for (const menu of findAll("details.pivot[open]")) if (hasMoved(menu)) menu.open = false;
}, { capture: true, passive: true });
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-select-all]")) tickAll(event.target.checked);
});
document.addEventListener("table:density", measureAnew);
document.addEventListener("htmx:afterSettle", setUp);
setUp();
