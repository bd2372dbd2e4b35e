// Keeps in this tab what somebody types into a case until it has arrived: nothing is lost to a session that ended, or to a part that is down.
const PREFIX = "draft ", SENT = "drafts sent", SIGN_IN = "/accounts/";
const FIELDS = "form[method=post] textarea, form[method=post] input[type=text]";

// A form belongs to a person, so that nobody is shown what another has typed in the same tab.
function keyOf(field) {
  const person = field.closest("[data-drafts]").dataset.drafts;
  return `${PREFIX}${person} ${new URL(field.form.action, location.href).pathname} ${location.pathname} ${field.name}`;
}

function listFields(root) {
  return [...root.querySelectorAll(`[data-drafts] :is(${FIELDS})`)].filter((field) => field.name && field.type !== "hidden");
}

function keep(event) {
  const field = event.target;
  if (!field.matches?.(FIELDS) || !field.closest("[data-drafts]")) return;
  if (field.value === field.defaultValue) sessionStorage.removeItem(keyOf(field));
  else sessionStorage.setItem(keyOf(field), field.value);
}

function restore() {
  for (const field of listFields(document)) {
    const draft = sessionStorage.getItem(keyOf(field));
    if (draft === null || field.value !== field.defaultValue || draft === field.value) continue;
    field.value = draft;
    const said = document.createElement("p");
    said.className = "field__help";
    said.role = "status";
    said.textContent = "What you had typed stands here again; it was not saved.";
    field.after(said);
  }
}

function noteSent(event) {
  const keys = listFields(document).filter((field) => field.form === event.target).map(keyOf);
  if (keys.length) sessionStorage.setItem(SENT, JSON.stringify({ keys, from: location.pathname }));
}

// What was sent has arrived where this page is the answer to it, and neither a refusal nor the sign-in.
function settle() {
  const sent = sessionStorage.getItem(SENT);
  if (sent === null) return;
  sessionStorage.removeItem(SENT);
  const { keys, from } = JSON.parse(sent), [came] = performance.getEntriesByType("navigation");
  const isAnswer = came?.type === "navigate" && document.referrer && new URL(document.referrer).pathname === from;
  const isRefusal = came?.responseStatus >= 400 || location.pathname.startsWith(SIGN_IN);
  if (isAnswer && !isRefusal) for (const key of keys) sessionStorage.removeItem(key);
}

// The same of a form that htmx has sent.
function settleSent(event) {
  const { successful, xhr, requestConfig } = event.detail;
  if (requestConfig?.verb !== "post") return;
  const { keys } = JSON.parse(sessionStorage.getItem(SENT) ?? '{"keys": []}');
  sessionStorage.removeItem(SENT);
  const isAtSignIn = new URL(xhr.responseURL || location.href).pathname.startsWith(SIGN_IN);
  if (!successful || xhr.status >= 400 || isAtSignIn || xhr.getResponseHeader("HX-Redirect")) return;
  for (const key of keys) sessionStorage.removeItem(key);
}

settle();
restore();
document.addEventListener("input", keep);
document.addEventListener("submit", noteSent);
document.addEventListener("htmx:afterRequest", settleSent);
document.addEventListener("htmx:afterSettle", restore);
