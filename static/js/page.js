// What the pages do beyond links and forms; each page works without it.
import { find, findAll, isForOthers, shortcutsAreOn, showAlert } from "./dom.js";

// --- Theme and help ----------------------------------------------------------------------------------------------
function dark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}
function switchTheme() {
  const next = dark() ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  localStorage.setItem("theme", next);
}

// --- The spine: wide or icons alone --------------------------------------------------------------------------------
function switchSpine() {
  const narrow = document.documentElement.dataset.spine !== "narrow";
  if (narrow) document.documentElement.dataset.spine = "narrow";
  else delete document.documentElement.dataset.spine;
  localStorage.setItem("spine", narrow ? "narrow" : "wide");
}

// --- The spine behind the menu button, in narrow windows ---------------------------------------------------------
function switchMenu(button, open = button.getAttribute("aria-expanded") !== "true") {
  button.setAttribute("aria-expanded", String(open));
  find("#spine").classList.toggle("is-open", open);
  if (open) find("#spine a[aria-current], #spine .spine__item")?.focus();
}

// --- Times in the viewer's zone, on demand -----------------------------------------------------------------------
function localTime(event) {
  const time = event.target.closest?.("time[datetime]");
  if (!time || time.dataset.local) return;
  const moment = new Date(time.dateTime);
  if (Number.isNaN(moment.valueOf())) return;
  time.dataset.local = "yes";
  time.title = `${time.title || time.dateTime}\n${moment.toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" })}`;
}

// --- The time zone: this browser's own, by its name --------------------------------------------------------------
for (const button of findAll("[data-choose-zone]")) {
  if (!button.dataset.chooseZone) button.dataset.chooseZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  button.hidden = false;
}

// --- Pivot menus -------------------------------------------------------------------------------------------------
function closePivots(except) {
  for (const menu of findAll("details.pivot[open], details.view-settings[open]")) if (menu !== except) menu.open = false;
}
// A table that scrolls sideways would cut a menu off, so it is placed on the window.
function placePivot(details) {
  const menu = find(".pivot__menu", details);
  if (matchMedia("(max-width: 900px)").matches) return;
  const box = details.getBoundingClientRect();
  const above = box.bottom + menu.offsetHeight > innerHeight;
  menu.style.position = "fixed";
  menu.style.top = `${above ? Math.max(8, box.top - menu.offsetHeight) : box.bottom}px`;
  menu.style.left = `${Math.max(8, Math.min(box.left, innerWidth - menu.offsetWidth - 12))}px`;
}

// --- Keys --------------------------------------------------------------------------------------------------------
let going = 0;
const actions = {
  "/": () => (find("[data-query]") ?? find("[data-jump-field]"))?.focus(),
  "?": () => find("#help")?.showModal(),
  g: () => { going = Date.now(); },
};
function onKey(event) {
  if (event.key === "Escape") {
    const menu = find("[data-spine-menu][aria-expanded='true']");
    if (menu) { switchMenu(menu, false); menu.focus(); }
    return closePivots();
  }
  if (isForOthers(event)) return;
  if (Date.now() - going < 1500) {
    going = 0;
    const link = find(`.spine a[data-key='${CSS.escape(event.key)}']`);
    if (link) { event.preventDefault(); link.click(); }
    return;
  }
  const act = actions[event.key];
  if (act) { event.preventDefault(); act(); }
}

async function onClick(event) {
  const target = event.target;
  if (target.closest("[data-theme-switch]")) return switchTheme();
  const facets = target.closest("[data-facets]") && find("#facets");
  if (facets) facets.open = true;
  if (target.closest("[data-spine-switch]")) return switchSpine();
  const zone = target.closest("[data-choose-zone]");
  if (zone) { find("[data-zone]").value = zone.dataset.chooseZone; zone.form.requestSubmit(); return; }
  const menu = target.closest("[data-spine-menu]");
  if (menu) return switchMenu(menu);
  if (target.closest("[data-help]")) return find("#help").showModal();
  const copy = target.closest("[data-copy]");
  if (copy) {
    try { await navigator.clipboard.writeText(copy.dataset.copy); showAlert("Copied.", "success"); }
    catch { showAlert("The browser did not let the page copy; select the text and copy it by hand.", "warning"); }
    return closePivots();
  }
  closePivots(target.closest("details.pivot, details.view-settings"));
}

// Before htmx sees it: with shift a value of a facet is left out, as its button does.
function leaveOut(event) {
  const value = event.shiftKey && event.target.closest(".facet__value");
  const button = value && find("button[form]", value.parentElement);
  if (!button) return;
  event.preventDefault();
  event.stopPropagation();
  button.click();
}
document.addEventListener("click", leaveOut, true);
document.addEventListener("keydown", onKey);
document.addEventListener("click", onClick);
document.addEventListener("mouseover", localTime);
document.addEventListener("focusin", localTime);
document.addEventListener("toggle", (event) => {
  if (event.target.matches?.("details.pivot") && event.target.open) { closePivots(event.target); placePivot(event.target); }
}, true);
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-keys-switch]")) localStorage.setItem("keys", event.target.checked ? "on" : "off");
});
document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  showAlert(status === 404 ? "What you asked for is not there any more." : status === 403
    ? "You may not do that. Reload the page: you may have been signed out." : `The console answered with an error (${status}). Nothing was changed.`, "error");
});
document.addEventListener("htmx:sendError", () => showAlert("The console does not answer. Nothing was changed; try again.", "error"));
const keySwitch = find("[data-keys-switch]");
if (keySwitch) keySwitch.checked = shortcutsAreOn();
// Facets stand behind a chip where they would lie over the events, whenever the page becomes narrow or comes anew.
const narrow = matchMedia("(max-width: 760px)");
const foldFacets = () => { for (const rail of findAll("details.rail")) rail.open = !narrow.matches; };
narrow.addEventListener("change", foldFacets);
// A file that became whole while its export was watched comes by itself, once; its link stays.
document.addEventListener("htmx:load", (event) => {
  const link = find("[data-take]", event.target);
  if (!link) return;
  delete link.dataset.take;
  link.click();
});
document.addEventListener("htmx:load", (event) => { if (find("details.rail", event.target)) foldFacets(); });
foldFacets();
