// Before the first paint, so that the page does not flash in the other theme.
(() => {
  const chosen = localStorage.getItem("theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
  if (localStorage.getItem("spine") === "narrow") document.documentElement.dataset.spine = "narrow";
})();
