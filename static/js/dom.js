// What every module of the pages needs of the document.

/** The first element that a selector names, or null. */
export const find = (selector, from = document) => from.querySelector(selector);
/** Every element that a selector names, as an array. */
export const findAll = (selector, from = document) => [...from.querySelectorAll(selector)];

/** Says something to screen readers, without showing it. */
export function say(text) {
  const line = find("#live");
  if (line) line.textContent = text;
}
/** Shows an alert at the top of the page, in the place of the one before. */
export function showAlert(text, kind = "info") {
  const line = document.createElement("p");
  line.className = `alert alert--${kind}`;
  line.textContent = text;
  find("#alerts")?.replaceChildren(line);
}
/** Whether a key goes to what is typed, to a dialog or to the browser, or shortcuts are off. */
export function isForOthers(event) {
  const typing = event.target.closest?.("input:not([type='checkbox']), textarea, select, [contenteditable]");
  return Boolean(typing || event.ctrlKey || event.metaKey || event.altKey || find("dialog[open]") || !shortcutsAreOn());
}
export const shortcutsAreOn = () => localStorage.getItem("keys") !== "off";
/** "1 event", "1,234 events". */
export const counted = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
