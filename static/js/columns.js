// The columns of the table of events: widths, order, density, wrapping, which the console remembers for a person; and how
// much has arrived since the table was shown. Rows are table.js's.
import { counted, find, findAll, say } from "./dom.js";

const NARROWEST = 60, WIDEST = 1200, USUAL = 180, NEWER = 15_000;
let table = null;

function setUp() {
  const found = find("table[data-table]");
  if (found === table) return;
  table = found;
  if (table) separators();
  newerLater();
}

// --- Columns: widths, order, density, wrapping -------------------------------------------------------------------
function remember(changes) {
  const form = find("#table-form");
  const token = find("[name='csrfmiddlewaretoken']", form).value;
  const headers = { "X-CSRFToken": token, "HX-Request": "true" };
  return fetch(form.action, { method: "POST", headers, body: new URLSearchParams(changes) })
    .then((response) => { if (!response.ok) throw new Error("unanswered"); })
    .catch(() => say("The console did not remember how you like the table; it stays as it is on this page."));
}
function separators() {
  for (const head of findAll("th[data-column]:not(.c-time)", table)) {
    const handle = document.createElement("span");
    Object.assign(handle, { className: "head__edge", tabIndex: 0, title: "Drag, or use the arrow keys; Home for the usual width" });
    const about = { role: "separator", "aria-orientation": "vertical", "aria-valuemin": NARROWEST, "aria-valuemax": WIDEST, "aria-label": `Width of ${head.dataset.column}` };
    for (const [name, value] of Object.entries(about)) handle.setAttribute(name, value);
    head.append(handle);
    widen(handle, colOf(head).dataset.width, false);
  }
}
const colOf = (head) => findAll("col[data-column]", table).find((col) => col.dataset.column === head.dataset.column);
function widen(handle, width, kept = true) {
  const head = handle.closest("th"), col = colOf(head);
  const wanted = Math.round(Math.max(NARROWEST, Math.min(WIDEST, Number(width))));
  table.width = String(Number(table.width) + wanted - Number(col.dataset.width));
  col.dataset.width = String(wanted);
  if (kept || col.width) col.width = String(wanted);
  handle.setAttribute("aria-valuenow", String(wanted));
  handle.setAttribute("aria-valuetext", `${wanted} pixels`);
  if (kept) keepWidth(head.dataset.column, wanted);
}
let widths = {}, later = 0;
function keepWidth(name, width) {
  widths[name] = width;
  clearTimeout(later);
  later = setTimeout(() => { const changed = JSON.stringify(widths); widths = {}; remember({ widths: changed }); }, 400);
}
function drag(event) {
  const handle = event.target.closest?.(".head__edge");
  if (!handle || event.button !== 0) return;
  event.preventDefault();
  const from = event.clientX, width = Number(handle.getAttribute("aria-valuenow"));
  handle.setPointerCapture(event.pointerId);
  const moved = (to) => widen(handle, width + to.clientX - from);
  handle.addEventListener("pointermove", moved);
  handle.addEventListener("lostpointercapture", () => handle.removeEventListener("pointermove", moved), { once: true });
}
function widenByKey(event) {
  const handle = event.target.closest?.(".head__edge");
  const step = { ArrowLeft: -10, ArrowRight: 10, PageDown: -50, PageUp: 50 }[event.key];
  if (!handle || (step === undefined && event.key !== "Home")) return false;
  event.preventDefault();
  widen(handle, event.key === "Home" ? USUAL : Number(handle.getAttribute("aria-valuenow")) + step);
  return true;
}
function press(button, name, on, off) {
  const pressed = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(pressed));
  table.classList.toggle(name === "wrap" ? "is-wrapped" : "is-compact", pressed);
  button.value = pressed ? off : on;
  remember({ [name]: pressed ? on : off });
  document.dispatchEvent(new Event("table:density"));
}
const isOwn = () => table?.dataset.own === "yes";
// What is chosen in one's own table is one's own from then on, before the page is asked for anew.
async function changeColumns(event, link) {
  if (!isOwn() || link.dataset.told) return;
  const columns = new URL(link.href).searchParams.get("columns");
  if (!columns) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  link.dataset.told = "yes";
  await remember({ columns });
  link.click();
}
const chosen = (form) => [
  ...findAll("input[name='columns']:checked", form).map((box) => box.value),
  ...findAll("input[name='columns']:not([type='checkbox'])", form).map((field) => field.value.trim()).filter(Boolean),
];
async function chooseColumns(event) {
  const form = event.target.closest("[data-columns-form]");
  if (!form || form.dataset.told) return;
  const mine = event.submitter?.hasAttribute("data-remember");
  if (!mine && !isOwn()) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  form.dataset.told = "yes";
  if (chosen(form).length) await remember({ columns: chosen(form).join(",") });
  find("[data-show]", form).click(); // and not requestSubmit: htmx would send it where the button of before leads
}
function shift(item, step) {
  const other = step < 0 ? item.previousElementSibling : item.nextElementSibling;
  if (!other) return;
  if (step < 0) other.before(item);
  else other.after(item);
  say(`${item.dataset.choice} is number ${[...item.parentElement.children].indexOf(item) + 1}.`);
}
let dragged = null;
function dragChoice(event) {
  const item = event.target.closest?.("[data-choice]");
  if (event.type === "dragstart" && item) { dragged = item; event.dataTransfer.effectAllowed = "move"; }
  if (event.type === "dragover" && dragged && item) {
    event.preventDefault();
    const box = item.getBoundingClientRect();
    if (item !== dragged) item[event.clientY < box.top + box.height / 2 ? "before" : "after"](dragged);
  }
  if (event.type === "drop" && dragged) event.preventDefault();
  if (event.type === "dragend") dragged = null;
}
function filterChoices(words) {
  const wanted = words.trim().toLowerCase();
  for (const item of findAll("[data-choice]")) item.hidden = !item.textContent.toLowerCase().includes(wanted);
}

// --- What has arrived meanwhile ----------------------------------------------------------------------------------
let timer = 0;
function newerLater() {
  clearInterval(timer);
  const place = find("[data-newer]"), button = find("[data-newer-switch]");
  if (!place || !button) return;
  button.checked = localStorage.getItem("newer") !== "off";
  timer = setInterval(() => askNewer(place, button), NEWER);
}
async function askNewer(place, button) {
  if (!place.isConnected) return clearInterval(timer);
  if (document.hidden || !button.checked) return;
  const found = await fetch(place.dataset.newer, { headers: { "X-Unattended": "1" } }).then((response) => (response.ok ? response.json() : null)).catch(() => null);
  const link = find("[data-newer-show]", place);
  if (!found?.newer) return;
  if (link.hidden) say(`${counted(found.newer, "newer event")}.`);
  link.hidden = false;
  link.textContent = `${counted(found.newer, "newer event")}: show ${found.newer === 1 ? "it" : "them"}`;
}

// --- Keys and clicks ---------------------------------------------------------------------------------------------
function onClick(event) {
  const target = event.target;
  const pressed = target.closest("[data-density], [data-wrap]");
  if (pressed) {
    event.preventDefault();
    return pressed.matches("[data-wrap]") ? press(pressed, "wrap", "yes", "no") : press(pressed, "density", "compact", "normal");
  }
  const shifted = target.closest("[data-shift]");
  if (shifted) { shift(shifted.closest("li"), Number(shifted.dataset.shift)); return shifted.focus(); }
  if (!target.closest("[data-chooser]")) for (const chooser of findAll("[data-chooser][open]")) chooser.open = false;
}
function onKey(event) {
  const chooser = event.key === "Escape" && find("[data-chooser][open]");
  if (chooser) { chooser.open = false; find("summary", chooser).focus(); }
  else widenByKey(event);
}

document.addEventListener("keydown", onKey);
document.addEventListener("click", (event) => { const link = event.target.closest("a[data-columns]"); if (link) changeColumns(event, link); }, true);
document.addEventListener("click", onClick);
document.addEventListener("submit", chooseColumns, true);
document.addEventListener("htmx:configRequest", (event) => {
  const form = event.target.closest?.("[data-columns-form]");
  if (form) { event.detail.formData.delete("columns"); if (chosen(form).length) event.detail.formData.set("columns", chosen(form).join(",")); }
});
document.addEventListener("pointerdown", drag);
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-newer-switch]")) localStorage.setItem("newer", event.target.checked ? "on" : "off");
});
document.addEventListener("input", (event) => { if (event.target.matches("[data-columns-filter]")) filterChoices(event.target.value); });
for (const type of ["dragstart", "dragover", "drop", "dragend"]) document.addEventListener(type, dragChoice);
document.addEventListener("htmx:afterSettle", setUp);
setUp();
