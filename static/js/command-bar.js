// The command bar: a combobox (w3.org/WAI/ARIA/apg/patterns/combobox) whose list htmx brings while somebody types, and whose first
// hit is Enter. Without this it is a form that leads on to the first hit.
import { counted, find, findAll } from "./dom.js";
import { begins } from "./token-formats.js";

const field = find("[data-jump-field]"), popup = find("#jump-popup");
const options = () => findAll("[role=option]", popup);
const active = () => find("[role=option][aria-selected=true]", popup);
let listed = ""; // the text that the list is of

function mark(option) {
  active()?.setAttribute("aria-selected", "false");
  option.setAttribute("aria-selected", "true");
  option.scrollIntoView({ block: "nearest" });
  field.setAttribute("aria-activedescendant", option.id);
}
function step(by) {
  const list = options();
  if (list.length) mark(list[(list.indexOf(active()) + by + list.length) % list.length]);
}
function open() {
  const number = options().length;
  popup.hidden = document.activeElement !== field;
  field.setAttribute("aria-expanded", String(!popup.hidden));
  if (active()) field.setAttribute("aria-activedescendant", active().id); else field.removeAttribute("aria-activedescendant");
  find("#jump-said").textContent = `${counted(number, "hit")}.`;
}
function close() {
  popup.hidden = true;
  field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant");
  find("#jump-said").textContent = "";
}
const isFresh = () => !popup.hidden && listed === field.value;

function onKey(event) {
  if (event.isComposing) return;
  if (event.key === "ArrowDown" && popup.hidden) field.dispatchEvent(new Event("jump:open"));
  else if (event.key === "ArrowDown") step(1);
  else if (event.key === "ArrowUp" && !popup.hidden) step(-1);
  else if (event.key === "Enter" && isFresh() && active()) {
    if (event.ctrlKey || event.metaKey) window.open(active().href); else active().click();
  } else if (event.key === "Escape") {
    if (popup.hidden) field.blur(); else close();
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

if (field) {
  for (const [name, value] of Object.entries({
    role: "combobox", "aria-autocomplete": "list", "aria-haspopup": "listbox", "aria-expanded": "false", "aria-controls": "jump-list",
  })) field.setAttribute(name, value);
  field.addEventListener("keydown", onKey);
  field.addEventListener("focus", () => { field.select(); field.dispatchEvent(new Event("jump:open")); });
  field.addEventListener("blur", close);
  // A click on an option must not take the focus from the field first, which would close the list.
  popup.addEventListener("mousedown", (event) => event.preventDefault());
  popup.addEventListener("mousemove", (event) => {
    const option = event.target.closest("[role=option]");
    if (option && option !== active()) mark(option);
  });
  // What was typed since the pause began may have become the beginning of a token, which is sent nowhere.
  field.addEventListener("htmx:configRequest", (event) => { if (begins(field.value)) { event.preventDefault(); close(); } });
  document.addEventListener("htmx:beforeSwap", (event) => { if (event.detail.target === popup) listed = event.detail.requestConfig.parameters.q ?? ""; });
  document.addEventListener("htmx:afterSwap", (event) => { if (event.detail.target === popup) open(); });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || find("dialog[open]")) return;
    event.preventDefault();
    field.focus();
  });
}
