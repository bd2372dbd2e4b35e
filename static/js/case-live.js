// Asks what others did in the case that is shown, every two seconds while somebody looks at the page.
import { find, say } from "./dom.js";

const EVERY = 2_000;
setInterval(() => {
  if (document.visibilityState === "visible" && find("#case-live")) htmx.trigger("#case-live", "look");
}, EVERY);
document.addEventListener("htmx:load", (event) => {
  if (event.target.id === "case-live" && event.target.dataset.news) say(event.target.dataset.news);
});
