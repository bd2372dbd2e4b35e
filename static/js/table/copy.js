// Copies a cell, an event as JSON, or an address.
import { find, say, showAlert } from "../dom.js";
import { nameOf } from "./blocks.js";

export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(await text);
    say(`${what} copied.`);
    return true;
  } catch (error) {
    showAlert(error instanceof TypeError || error.message === "unanswered"
      ? "The console did not answer, so nothing was copied; try again."
      : "The browser did not let the page copy; open the event, select the text and copy it by hand.", "warning");
    return false;
  }
}
async function answer(address) {
  const response = await fetch(address, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error("unanswered");
  return response.json();
}
// The value of a cell where it stands there whole and unchanged; null where only the server knows it.
export function shownValue(cell) {
  const moment = find("time", cell), text = find(".id, bdi", cell);
  if (cell.dataset.value !== undefined) return cell.dataset.value;
  if (cell.dataset.cut !== undefined) return null;
  if (moment) return moment.dateTime;
  return find(".none", cell) ? "" : (text ?? cell).textContent;
}
export async function copyCell(cell) {
  if (!cell) return say("Choose an event with j and k, and a cell with h and l.");
  const name = nameOf(cell), row = find("[data-open]", cell.parentElement);
  const text = shownValue(cell) ?? answer(`${row.getAttribute("href")}row/?format=json&field=${encodeURIComponent(name)}`).then((found) => found.value);
  if (await copy(text, name)) flash(cell);
}
export async function copyRow(row) {
  const opener = row && find("[data-open]", row);
  if (!opener) return;
  const text = answer(`${opener.getAttribute("href")}row/?format=json`).then((document) => JSON.stringify(document, null, 2));
  if (await copy(text, "The event, as JSON, is")) flash(row);
}
function flash(element) {
  element.classList.add("is-copied");
  setTimeout(() => element.classList.remove("is-copied"), 700);
}
// One button for all cells, beside the one that is pointed at.
export function offerCopy(event) {
  const button = find("[data-copy-cell]"), menu = find("[data-cell-menu]");
  if (!button || event.target.closest?.(".cellcopy")) return;
  const cell = event.target.closest?.("table[data-table] tbody[data-block] td");
  const offered = cell && nameOf(cell) && !find(".none", cell);
  button.hidden = menu.hidden = !offered;
  if (!offered) return;
  const box = cell.getBoundingClientRect(), region = cell.closest("[data-region]").getBoundingClientRect();
  const right = Math.min(box.right, region.right - 14) - 3;
  menu.style.top = button.style.top = `${box.top + (box.height - button.offsetHeight) / 2}px`;
  menu.style.left = `${right - menu.offsetWidth}px`;
  button.style.left = `${right - menu.offsetWidth - button.offsetWidth - 2}px`;
  offer = cell;
}
/** The cell beside which the button stands. */
export let offer = null;
