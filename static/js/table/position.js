// Which row and which cell of a table is the current one, and how keys move it.
import { find, findAll, say } from "../dom.js";
import { bringBack, current, fields, nameOf, rows, table } from "./blocks.js";
import { shownValue } from "./copy.js";

let awaited = 0, awaiting = 1, column = 0;
export function choose(row) {
  for (const old of findAll("tr.is-current")) old.classList.remove("is-current");
  const before = current();
  before?.classList.remove("is-current");
  row.classList.add("is-current");
  chooseCell(column, row);
}
export function move(step) {
  const list = rows();
  if (!list.length) return;
  const now = list.indexOf(current());
  if (step > 0 && now === list.length - 1 && table && find("[data-more] [data-load]", table)) {
    awaited = list.length;
    awaiting = step;
    find("[data-more] [data-load]", table).click();
    return;
  }
  const next = list[Math.max(0, Math.min(list.length - 1, now + step))];
  bringBack(next);
  choose(next);
  next.scrollIntoView({ block: "nearest", inline: "nearest" });
  find("[data-open]", next)?.focus({ preventScroll: true });
}
export function chooseCell(at, row = current()) {
  for (const old of findAll("td.is-cell")) old.classList.remove("is-cell");
  if (!row) return;
  const cells = fields(row);
  if (!cells.length) return;
  column = Math.max(0, Math.min(cells.length - 1, at));
  cells[column].classList.add("is-cell");
  return cells[column];
}
export function moveCell(step) {
  const cell = chooseCell(column + step);
  if (!cell) return;
  cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  say(`${nameOf(cell)}: ${shownValue(cell) ?? cell.textContent.trim()}`);
}
/** Goes on to the row that was waited for, once it is there. */
export function goOn() {
  if (!awaited || rows().length <= awaited) return;
  awaited = 0;
  move(awaiting);
}
