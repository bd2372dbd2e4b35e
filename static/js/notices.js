// Asks how many notices are new while somebody looks at the page, and says so when there are more.
import { counted, find, say } from "./dom.js";

const EVERY = 30_000;
const numberOf = (button) => Number(button?.dataset.notices ?? 0);
let known = numberOf(find("#notices-button"));

setInterval(() => {
  if (document.visibilityState === "visible" && find("#notices-button")) htmx.trigger("#notices-button", "look");
}, EVERY);
document.addEventListener("htmx:load", (event) => {
  if (event.target.id !== "notices-button") return;
  const number = numberOf(event.target);
  if (number > known) say(`${counted(number, "new notice")}.`);
  known = number;
});
