// An event that is opened below its row.
import { find, say } from "../dom.js";

export function toggle(opener) {
  const row = opener.closest("tr");
  if (row.nextElementSibling?.matches(".opened-row")) return close(row);
  const place = document.createElement("tr");
  place.className = "opened-row";
  const cell = place.insertCell();
  cell.colSpan = row.cells.length;
  cell.textContent = "Opening …";
  row.after(place);
  opener.setAttribute("aria-expanded", "true");
  const address = `${opener.getAttribute("href")}row/` + (opener.closest("table").dataset.asked ?? "");
  window.htmx.ajax("GET", address, { target: cell, swap: "innerHTML" }).finally(() => {
    if (!find("[data-opened]", cell)) close(row);
    else say("The event is open below its row.");
  });
}
export function close(row) {
  row.nextElementSibling?.matches(".opened-row") && row.nextElementSibling.remove();
  const opener = find("[data-open]", row);
  opener?.setAttribute("aria-expanded", "false");
  opener?.focus({ preventScroll: true });
}
