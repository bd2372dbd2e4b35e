// What can be done with the value of a cell: one menu for all cells, fetched when it is opened.
import { find } from "../dom.js";
import { nameOf, table } from "./blocks.js";
import { shownValue } from "./copy.js";

let from = null;
export async function openMenu(cell) {
  const menu = find("#cell-menu");
  if (!cell || !menu || !table) return;
  const name = nameOf(cell);
  const value = shownValue(cell) ?? (await whole(cell, name));
  if (!value) return;
  const asked = table.dataset.asked, apart = asked.endsWith("?") ? "" : "&";
  const address = `${table.dataset.menuUrl}${asked}${apart}field=${encodeURIComponent(name)}&value=${encodeURIComponent(value)}`;
  menu.replaceChildren();
  await window.htmx.ajax("GET", address, { target: menu, swap: "innerHTML" });
  if (!menu.firstElementChild) return;
  from = cell;
  menu.hidden = false;
  place(menu, cell.getBoundingClientRect());
  find("a, button", menu)?.focus();
}
async function whole(cell, name) {
  const address = `${find("[data-open]", cell.parentElement).getAttribute("href")}row/?format=json&field=${encodeURIComponent(name)}`;
  return fetch(address).then((answer) => answer.json()).then((answer) => answer.value).catch(() => "");
}
function place(menu, box) {
  const above = box.bottom + menu.offsetHeight > innerHeight;
  menu.style.top = `${above ? Math.max(8, box.top - menu.offsetHeight) : box.bottom}px`;
  menu.style.left = `${Math.max(8, Math.min(box.left, innerWidth - menu.offsetWidth - 12))}px`;
}
/** Closes the menu; whether it was open. The keyboard goes back to the row. */
export function closeMenu() {
  const menu = find("#cell-menu");
  if (!menu || menu.hidden) return false;
  menu.hidden = true;
  if (menu.contains(document.activeElement)) find("[data-open]", from?.parentElement ?? document)?.focus({ preventScroll: true });
  return true;
}
