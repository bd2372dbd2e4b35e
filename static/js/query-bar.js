// The query bar: what is typed is completed (a combobox: w3.org/WAI/ARIA/apg/patterns/combobox), a fault is selected, filters are
// edited in a dialog. Without this the bar is a form, and every link and button leads to a page.
import { find, findAll } from "./dom.js";
import { begins } from "./token-formats.js";

const bar = () => find("[data-query]");
const popup = () => find("#query-popup");
const options = () => findAll("[role=option]", popup());
const active = () => find("[role=option][aria-selected=true]", popup());
const isOpen = () => Boolean(popup() && !popup().hidden);
const PAUSE = 140; // milliseconds without a key before it is asked what could come

// The server counts characters, the browser halves of the rare ones.
const characters = (text) => [...text].length;
const units = (text, count) => [...text].slice(0, count).join("").length;

// --- Asking ------------------------------------------------------------------------------------------------------
let timer = 0, asking = null, composing = false;
function cancel() {
  clearTimeout(timer);
  asking?.abort();
  asking = null;
}
function soon() {
  cancel();
  timer = setTimeout(ask, PAUSE);
}
async function ask() {
  cancel();
  const field = bar();
  if (!field || composing || begins(field.value)) return;
  const text = field.value, caret = field.selectionStart;
  const words = { q: text, at: characters(text.slice(0, caret)), from: field.form.elements.from?.value ?? "", to: field.form.elements.to?.value ?? "" };
  const mine = asking = new AbortController();
  try {
    const answer = await fetch(`${field.dataset.complete}?${new URLSearchParams(words)}`, {
      signal: mine.signal, headers: { "HX-Request": "true" }, referrerPolicy: "no-referrer",
    });
    const list = await answer.text();
    // Typing goes on whatever happens here: what is late or went wrong is not shown.
    if (mine.signal.aborted || bar() !== field || field.value !== text || document.activeElement !== field) return;
    if (answer.ok || answer.status === 400) show(list); else close();
  } catch { if (!mine.signal.aborted) close(); }
}
function show(list) {
  const place = popup();
  place.innerHTML = list;
  const number = options().length;
  place.hidden = !number && !find(".options__note", place);
  bar().setAttribute("aria-expanded", String(!place.hidden));
  bar().removeAttribute("aria-activedescendant");
  place.scrollTop = 0;
  find("#query-said").textContent = number ? `${number} ${number === 1 ? "suggestion" : "suggestions"}.` : (find(".options__note", place)?.textContent ?? "");
}
function close() {
  cancel();
  if (!popup()) return;
  popup().hidden = true;
  popup().replaceChildren();
  bar().setAttribute("aria-expanded", "false");
  bar().removeAttribute("aria-activedescendant");
  find("#query-said").textContent = "";
}

// --- Choosing ----------------------------------------------------------------------------------------------------
function mark(option) {
  active()?.removeAttribute("aria-selected");
  if (!option) return bar().removeAttribute("aria-activedescendant");
  option.setAttribute("aria-selected", "true");
  option.scrollIntoView({ block: "nearest" });
  bar().setAttribute("aria-activedescendant", option.id);
}
function step(by) {
  const list = options();
  if (!list.length) return;
  const now = list.indexOf(active());
  // Past either end nothing is chosen, and one further the other end is.
  const next = now < 0 ? (by > 0 ? 0 : list.length - 1) : now + by;
  mark(list[next]);
}
function put(start, end, text) {
  const field = bar();
  field.focus();
  field.setSelectionRange(start, end);
  // As if it had been typed, so that it can be undone; where browsers do not do that any more, it is simply put there.
  if (!document.execCommand("insertText", false, text)) field.setRangeText(text, start, end, "end");
  grow();
}
function choose(option) {
  const field = bar(), list = option.parentElement, goesOn = "goesOn" in option.dataset;
  const start = units(field.value, Number(list.dataset.start)), end = units(field.value, Number(list.dataset.end));
  const behind = field.value.slice(end);
  const apart = goesOn || behind.startsWith(")") ? "" : " ";
  close();
  put(start, /^\s/.test(behind) && apart ? end + 1 : end, option.dataset.insert + apart);
  clearTimeout(timer); // what was put there is an input like any other
  if (goesOn) ask();
}
function insertField(name) {
  const field = bar(), at = field.selectionStart;
  const before = field.value.slice(0, at);
  put(at, at, (before && !/[\s(]$/.test(before) ? " " : "") + name);
  clearTimeout(timer);
  ask();
}

// --- Keys --------------------------------------------------------------------------------------------------------
function onKey(event) {
  if (event.isComposing || !event.target.matches?.("[data-query]")) return;
  const field = event.target, chosen = isOpen() ? active() : null;
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (event.key === " " && event.ctrlKey) ask();
  else if (event.key === "ArrowDown" && (isOpen() || event.altKey || field.selectionStart === field.value.length)) isOpen() ? step(1) : ask();
  else if (event.key === "ArrowUp" && isOpen()) step(-1);
  else if (event.key === "Escape" && isOpen()) close();
  else if (event.key === "Enter" && plain && !event.shiftKey) {
    if (chosen) choose(chosen);
    else { close(); find("#search-button").click(); }
  } else if (event.key === "Tab" && plain && !event.shiftKey && chosen) choose(chosen);
  else return;
  event.preventDefault();
  if (event.key === "Escape") event.stopPropagation();
}

// --- The field itself --------------------------------------------------------------------------------------------
function grow() {
  const field = bar();
  if (!field || CSS.supports("field-sizing", "content")) return;
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight + 2}px`;
}
function ready() {
  const field = bar();
  if (field && field.getAttribute("role") !== "combobox") {
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-haspopup": "listbox", "aria-expanded": "false", "aria-controls": "query-options" })) field.setAttribute(name, value);
    grow();
  }
  for (const button of findAll("[data-copy-query][hidden]")) button.hidden = false;
  shape();
}
// The part at fault is selected, so that the next key replaces it; not where typing went on meanwhile.
function toFault() {
  const problem = find("[data-fault-start]"), field = bar();
  if (!problem || !field || field.value !== field.defaultValue || ![document.body, field, find("#search-button")].includes(document.activeElement)) return;
  field.focus();
  field.setSelectionRange(units(field.value, Number(problem.dataset.faultStart)), units(field.value, Number(problem.dataset.faultEnd)));
}

// --- The editor of a filter --------------------------------------------------------------------------------------
function shape() {
  const how = find("[data-filter-form] [name=how]");
  if (!how) return;
  const way = how.value.replace("not_", "").replace("is_not", "is");
  for (const input of findAll("[data-filter-form] [data-ways]")) input.closest(".field").hidden = !input.dataset.ways.split(" ").includes(way);
}
let edited = false;
function opened(event) {
  const id = event.detail.requestConfig?.elt?.dataset?.dialog;
  const dialog = id && find(`#${id}`);
  if (dialog && event.detail.successful && !dialog.open) {
    dialog.showModal();
    find("[autofocus]", dialog)?.focus();
    edited = true;
  }
  shape();
}

document.addEventListener("keydown", onKey, true);
document.addEventListener("input", (event) => { if (event.target.matches?.("[data-query]")) { grow(); soon(); } });
document.addEventListener("compositionstart", () => { composing = true; });
document.addEventListener("compositionend", (event) => { composing = false; if (event.target.matches?.("[data-query]")) soon(); });
document.addEventListener("focusout", (event) => { if (event.target.matches?.("[data-query]")) close(); });
document.addEventListener("mousedown", (event) => { if (event.target.closest?.("#query-popup")) event.preventDefault(); });
document.addEventListener("change", (event) => { if (event.target.matches?.("[data-filter-form] [name=how]")) shape(); });
document.addEventListener("click", (event) => {
  const option = event.target.closest?.("#query-popup [role=option]");
  if (option) choose(option);
  const name = event.target.closest?.("[data-insert-field]");
  if (name && bar()) { event.preventDefault(); name.closest("details[data-menu]").open = false; insertField(`${name.dataset.insertField}:`); }
  const copy = event.target.closest?.("[data-copy-query]");
  if (copy) copy.dataset.copy = bar().value;
  const shut = event.target.closest?.("dialog [data-close]");
  if (shut) { event.preventDefault(); shut.closest("dialog").close(); }
}, true);
document.addEventListener("htmx:beforeRequest", (event) => { if (event.detail.target?.id === "explore") close(); });
document.addEventListener("htmx:afterSettle", (event) => {
  ready();
  if (event.detail.target?.id !== "explore" && event.target.id !== "explore") return;
  toFault();
  if (edited && document.activeElement === document.body) find("#add-filter")?.focus();
  edited = false;
});
document.addEventListener("htmx:afterRequest", opened);
ready();
toFault();
