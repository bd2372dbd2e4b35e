// What the pages do beyond links and forms; each page works without it.
(() => {
  "use strict";
  const one = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];

  function say(text, kind = "info") {
    const line = document.createElement("p");
    line.className = `alert alert--${kind}`;
    line.textContent = text;
    one("#alerts")?.replaceChildren(line);
  }

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
  const keysOn = () => localStorage.getItem("keys") !== "off";

  // --- Times in the viewer's zone, on demand -----------------------------------------------------------------------
  function localTime(event) {
    const time = event.target.closest?.("time[datetime]");
    if (!time || time.dataset.local) return;
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.valueOf())) return;
    time.dataset.local = "yes";
    time.title = `${time.dateTime}\n${moment.toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" })}`;
  }

  // --- Pivot menus -------------------------------------------------------------------------------------------------
  function closePivots(except) {
    for (const menu of all("details.pivot[open]")) if (menu !== except) menu.open = false;
  }
  // A table that scrolls sideways would cut a menu off, so it is placed on the window.
  function placePivot(details) {
    const menu = one(".pivot__menu", details);
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
    "/": () => one("[data-query]")?.focus(),
    "?": () => one("#help")?.showModal(),
    g: () => { going = Date.now(); },
  };
  function onKey(event) {
    if (event.key === "Escape") return closePivots();
    const typing = event.target.closest?.("input:not([type='checkbox']), textarea, select, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || one("dialog[open]") || !keysOn()) return;
    if (Date.now() - going < 1500) {
      going = 0;
      const link = one(`.nav a[data-key='${CSS.escape(event.key)}']`);
      if (link) { event.preventDefault(); link.click(); }
      return;
    }
    const act = actions[event.key];
    if (act) { event.preventDefault(); act(); }
  }

  async function onClick(event) {
    const target = event.target;
    if (target.closest("[data-theme-switch]")) return switchTheme();
    if (target.closest("[data-help]")) return one("#help").showModal();
    const copy = target.closest("[data-copy]");
    if (copy) {
      try { await navigator.clipboard.writeText(copy.dataset.copy); say("Copied.", "success"); }
      catch { say("The browser did not let the page copy; select the text and copy it by hand.", "warning"); }
      return closePivots();
    }
    closePivots(target.closest("details.pivot"));
  }

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
    say(status === 404 ? "What you asked for is not there any more." : status === 403
      ? "You may not do that. Reload the page: you may have been signed out." : `The console answered with an error (${status}). Nothing was changed.`, "error");
  });
  document.addEventListener("htmx:sendError", () => say("The console does not answer. Nothing was changed; try again.", "error"));
  const keySwitch = one("[data-keys-switch]");
  if (keySwitch) keySwitch.checked = keysOn();
  if (innerWidth <= 900) for (const rail of all("details.rail")) rail.open = false;
})();
