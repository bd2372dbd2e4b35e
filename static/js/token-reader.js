// Tokens are read here and never sent: the page that reads them, and a guard on every form that somebody may paste one into.
import { find } from "./dom.js";
import { begins, holdsSecret, read, without } from "./token-formats.js";

const UNSEEN = /[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;
const visible = (text) => text.replace(UNSEEN, (letter) => `⟨U+${letter.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);
const ask = { token: "", url: "" };

function made(name, text = "", className = "") {
  const element = document.createElement(name);
  element.textContent = text;
  if (className) element.className = className;
  return element;
}
function linked(text, url) {
  const link = made("a", text);
  link.href = url;
  return link;
}

// --- What was found ----------------------------------------------------------------------------------------------
const KINDS = { "token.id": "Id", "token.fingerprint": "Fingerprint", removed: "Removed from an imported record as" };
const searched = ({ kind, value }) => `/?${new URLSearchParams(
  kind === "removed" ? { q: `"[removed secret sha256:${value}]"` } : { f: `${kind}:${value.replace(/[\\|]/g, "\\$&")}` })}`;
function shown(found) {
  const item = made("li", "", "secret__token");
  item.append(made("h2", found.kind), made("p", `Line ${found.line}, ${found.length.toLocaleString("en")} characters.`, "none"));
  const facts = made("dl", "", "secret__facts");
  for (const [name, text] of found.facts) {
    const row = made("div");
    const value = made("dd");
    value.append(made("bdi", visible(text)));
    row.append(made("dt", name), value);
    facts.append(row);
  }
  const asked = made("ul", "", "secret__asked"), more = made("ul", "", "secret__asked");
  for (const name of found.names) {
    const line = made("li");
    line.dataset.name = `${name.kind}:${name.value}`;
    line.append(made("span", `${KINDS[name.kind]} `, "none"), made("bdi", visible(name.value), "mono"), " ", linked("Search for it", searched(name)));
    (name.kind === "removed" && found.names[0] !== name ? more : asked).append(line);
  }
  item.append(facts, asked);
  if (more.childElementCount) {
    const rest = made("details");
    rest.append(made("summary", "What an import of a record that held it would have left"), more);
    item.append(rest);
  }
  return item;
}

async function askTrail(reader, names) {
  const form = new URLSearchParams(names.map((name) => ["name", name]));
  const answer = await fetch(ask.url, { method: "POST", body: form, headers: { "X-CSRFToken": ask.token }, referrerPolicy: "no-referrer" });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.problem);
  for (const known of said.known) {
    const lines = [...reader.querySelectorAll("[data-name]")].filter((line) => line.dataset.name === known.name);
    for (const place of lines) {
      place.classList.toggle("is-known", known.events > 0);
      const words = known.events ? `${known.events.toLocaleString("en")} ${known.events === 1 ? "event" : "events"}, ${known.first} to ${known.last}. ` : "not in the trail";
      place.append(made("span", ` ${words}`));
      if (known.events && place.closest("details")) place.closest("details").open = true;
      if (known.events && known.url) place.append(linked("Open its dossier", known.url));
    }
  }
  return said.known.filter((known) => known.events).length;
}

async function readInto(reader, text) {
  const say = (words) => { find("[data-secret-said]", reader).textContent = words; };
  const list = find("[data-secret-found]", reader);
  list.replaceChildren();
  if (!window.isSecureContext || !window.crypto?.subtle) {
    find("[data-secret-insecure]", reader).hidden = false;
    return say("Nothing was read and nothing was sent.");
  }
  const { found, cut } = await read(text);
  if (!found.length) return say("No token was recognised. Nothing was sent. Paste the token alone, whole, of 20 characters or more.");
  list.replaceChildren(...found.map(shown));
  const number = `${found.length}${cut ? " tokens, the first of them," : found.length === 1 ? " token" : " tokens"} read here.`;
  say(`${number} Asking the trail for what is listed below …`);
  try {
    const known = await askTrail(reader, [...new Set(found.flatMap((each) => each.names.map((name) => `${name.kind}:${name.value}`)))]);
    say(`${number} ${known ? `The trail knows ${known === 1 ? "one" : known} of the names below.` : "The trail knows none of them."}`);
  } catch (error) {
    say(`${number} The trail could not be asked: ${error.message || "the console does not answer."}`);
  }
}

// --- Where one is put: never in a form, never kept ----------------------------------------------------------------
function forget(reader) {
  // A fresh field has no history that an undo could bring back.
  const old = find("textarea", reader);
  const fresh = old.cloneNode(false);
  fresh.value = "";
  old.replaceWith(fresh);
  find("[data-secret-found]", reader).replaceChildren();
  find("[data-secret-said]", reader).textContent = "";
  return fresh;
}
function take(reader, text) {
  forget(reader).focus();
  return readInto(reader, text);
}
function place(where) {
  where.replaceChildren(find("#secret-reader").content.cloneNode(true));
  const reader = find(".secret", where);
  ask.url = reader.dataset.ask;
  ask.token = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
  return reader;
}
function inDialog() {
  const dialog = find("#secret-dialog");
  const reader = find(".secret", dialog) ?? place(find("[data-secret-place]", dialog));
  if (!dialog.open) dialog.showModal();
  return reader;
}
const readerOf = (event) => event.target.closest?.(".secret");
const dropped = (event) => (event.clipboardData ?? event.dataTransfer)?.getData("text/plain") ?? "";

// --- The guard: what looks like a token goes into no field that can be sent ---------------------------------------
const guarded = (field) => field.matches?.("input, textarea") && !field.closest(".secret") && field.type !== "password";
function stop(event, text) {
  event.preventDefault();
  event.stopImmediatePropagation();
  find("[data-secret-why]", find("#secret-dialog")).hidden = false;
  void take(inDialog(), text);
}
function put(event) {
  const reader = readerOf(event), text = dropped(event);
  if (reader && event.target.matches("textarea") && text) {
    event.preventDefault(); // it never stands in the page at all
    void take(reader, text);
  } else if (!reader && guarded(event.target) && holdsSecret(text)) stop(event, text);
}
function clear(form) {
  for (const field of form.elements) if (guarded(field) && holdsSecret(field.value)) field.value = without(field.value);
}
const textOf = (data) => [...data].map(([, value]) => (typeof value === "string" ? value : "")).filter(holdsSecret).join("\n");
const unquoted = (path) => { try { return decodeURIComponent(path); } catch { return path; } };
function onSubmit(event) {
  const text = textOf(new FormData(event.target, event.submitter));
  if (!text || event.target.querySelector("input[type='password']")) return;
  stop(event, text);
  clear(event.target);
}

document.addEventListener("paste", put, true);
document.addEventListener("drop", put, true);
document.addEventListener("submit", onSubmit, true);
document.addEventListener("input", (event) => {
  // Nothing that completes what is typed hears of the beginning of a token.
  if (guarded(event.target) && begins(event.target.value)) event.stopImmediatePropagation();
}, true);
document.addEventListener("htmx:configRequest", (event) => {
  const { formData, parameters, path, elt } = event.detail;
  const text = textOf(formData ?? Object.entries(parameters)) || (holdsSecret(unquoted(path)) ? unquoted(path) : "");
  if (!text || elt.closest("form")?.querySelector("input[type='password']")) return;
  stop(event, text);
  const form = elt.form ?? elt.closest("form") ?? document.querySelector(elt.getAttribute("hx-include") ?? "form");
  if (form) clear(form);
}, true);
document.addEventListener("click", (event) => {
  const reader = readerOf(event);
  if (reader && event.target.closest("[data-secret-read]")) void take(reader, find("textarea", reader).value);
  if (reader && event.target.closest("[data-secret-forget]")) forget(reader).focus();
});
document.addEventListener("keydown", (event) => {
  const reader = readerOf(event);
  if (reader && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    void take(reader, find("textarea", reader).value);
  }
});
// Neither a page that is left nor a dialog that is closed keeps anything.
addEventListener("pagehide", () => document.querySelectorAll(".secret").forEach(forget));
find("#secret-dialog")?.addEventListener("close", (event) => {
  event.target.querySelectorAll(".secret").forEach(forget);
  // The caret stood in the field that is gone; without this the one that has the focus again takes no letters.
  const back = document.activeElement;
  back?.blur();
  back?.focus();
});
for (const where of document.querySelectorAll("main [data-secret-place]")) {
  where.hidden = false;
  find("[data-secret-without]").hidden = true;
  place(where);
}
