// A search while it runs: for how long, in which parts of the trail; cancelled, left, or taken to the background.
import { find } from "./dom.js";

const QUIET = 2000; // milliseconds before a search says that it is still at work
let now = null; // the search under way: its key, its address, its request, since when

const token = () => find("input[name='csrfmiddlewaretoken']")?.value ?? "";
const key = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

function isSearch(detail) {
  return Boolean(detail.target?.matches?.("[data-life]")) && (detail.verb !== "post" || detail.elt.matches("[data-asks]"));
}
function addressOf(detail) {
  const address = new URL(detail.path, location.href);
  for (const [name, value] of new URLSearchParams(detail.formData ?? detail.parameters)) address.searchParams.append(name, value);
  return address;
}
// Also when the page goes away: a beacon is sent all the same.
function endInEngine(search) {
  const words = new FormData();
  words.set("key", search.key);
  words.set("csrfmiddlewaretoken", token());
  navigator.sendBeacon(find("[data-busy]")?.dataset.cancel ?? "/search/cancel/", words);
}
function over() {
  if (now) clearInterval(now.clock);
  now = null;
}

function what(address) {
  const from = address.searchParams.get("from"), to = address.searchParams.get("to");
  if (!from && !to) return "all of history";
  return `${from || "the beginning"} to ${to || "now"}`;
}
function tick() {
  const busy = find("[data-busy]"), waited = Date.now() - now.since;
  if (!busy || waited < QUIET) return;
  if (!now.said) {
    now.said = true;
    find("#live").textContent = "Still searching. Press Escape to cancel.";
  }
  find("[data-busy-what]", busy).textContent = busy.closest("[data-life]").dataset.life || what(now.address);
  find("[data-busy-time]", busy).textContent = `, for ${Math.round(waited / 1000)} seconds`;
  askHowFar(busy);
}
async function askHowFar(busy) {
  const search = now;
  if (search.asking) return;
  search.asking = true;
  try {
    const answer = await fetch(`${busy.dataset.progress}?key=${search.key}`, { headers: { Accept: "application/json" } });
    const found = answer.ok ? await answer.json() : null;
    const place = find("[data-busy-parts]");
    if (now !== search || !found || !place) return;
    const { months, parts, of } = found;
    const names = months.length > 3 ? `${months[0]} … ${months.at(-1)}` : months.join(", ");
    place.textContent = parts ? `At work on ${parts} of the trail’s ${of} parts: ${names}` : "";
  } catch {
    // The search itself says what is wrong.
  } finally {
    search.asking = false;
  }
}

function cancel() {
  if (!now) return;
  const search = now;
  endInEngine(search);
  search.request?.abort();
  over();
  const place = find("[data-life] > .results");
  if (place) {
    const words = document.createElement("p");
    words.className = "cancelled";
    const bold = document.createElement("b");
    bold.textContent = "Cancelled; nothing below is of this search";
    const form = find("[data-busy] [data-to-background]");
    words.append(bold, `The engine has stopped. Search again${form ? ", narrow the time, or run it in the background" : " whenever you like"}.`);
    place.replaceChildren(words);
  }
  find("[data-life] .busy--now")?.classList.remove("busy--now");
  find("#live").textContent = "Cancelled; nothing below is of this search.";
  find("[data-query]")?.focus();
}

// A link is copied whole; only the browser knows by which scheme the console is reached.
function completeLinks() {
  for (const field of document.querySelectorAll("[data-short-link]")) {
    if (field.value.includes("://")) continue;
    field.value = `${location.protocol}//${field.value}`;
    const copy = field.closest(".passed-on").querySelector("[data-copy]");
    copy.dataset.copy = field.value;
  }
}
document.addEventListener("htmx:load", completeLinks);
completeLinks();

document.addEventListener("htmx:configRequest", (event) => {
  if (!isSearch(event.detail)) return;
  if (now) endInEngine(now);
  over();
  now = { key: key(), address: addressOf(event.detail), since: Date.now(), request: null, said: false };
  event.detail.headers["X-Search-Key"] = now.key;
});
document.addEventListener("htmx:beforeSend", (event) => {
  if (!now || event.detail.requestConfig.headers["X-Search-Key"] !== now.key) return;
  now.request = event.detail.xhr;
  now.clock = setInterval(() => now && tick(), 1000);
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (now && event.detail.requestConfig?.headers["X-Search-Key"] === now.key) over();
});
addEventListener("pagehide", () => {
  if (now) endInEngine(now);
  over();
});
document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-cancel-search]")) cancel();
});
function closeMenus(except) {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) if (menu !== except) menu.open = false;
}
document.addEventListener("toggle", (event) => {
  if (event.target.matches?.("details[data-menu]") && event.target.open) closeMenus(event.target);
}, true);
document.addEventListener("click", (event) => closeMenus(event.target.closest?.("details[data-menu]")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.activeElement?.closest("details[data-menu][open]");
  closeMenus();
  if (menu) find("summary", menu).focus();
  else if (now?.said) {
    event.preventDefault(); // else it would empty the query as well
    cancel();
  }
});
// The search under way, not what has been typed since.
document.addEventListener("submit", (event) => {
  const form = event.target.closest?.("[data-to-background]");
  if (!form || !now) return;
  for (const [name, value] of now.address.searchParams) {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name, value });
    form.append(field);
  }
});
