// The range of time: the histogram is zoomed by dragging, by Shift and the arrow keys, by double click; keys move the range.
(() => {
  "use strict";
  const one = (selector, from = document) => from.querySelector(selector);
  const bars = (svg) => [...svg.querySelectorAll("a[data-start]")];
  const CLICK = 250; // milliseconds in which a second click makes a double one

  function go(start, end) {
    one("#from").value = start;
    one("#to").value = end;
    one("#search-button").click();
  }
  const follow = (move) => one(`[data-move="${move}"]`)?.click();

  // --- A stretch of bars -------------------------------------------------------------------------------------------
  let brush = null; // { svg, from, to }, numbers of bars
  function draw() {
    for (const old of document.querySelectorAll(".brush")) old.remove();
    if (!brush) return;
    const all = bars(brush.svg);
    const [first, last] = [Math.min(brush.from, brush.to), Math.max(brush.from, brush.to)];
    const [a, b] = [one("rect", all[first]), one("rect", all[last])];
    const shape = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const x = Number(a.getAttribute("x"));
    const width = Number(b.getAttribute("x")) + Number(b.getAttribute("width")) - x;
    for (const [name, value] of Object.entries({ class: "brush", x, y: 0, width, height: 84 })) shape.setAttribute(name, value);
    brush.svg.append(shape);
    const says = one("[data-brush-says]", brush.svg.closest("[data-histogram]"));
    if (says) says.textContent = `${all[first].dataset.start} to ${all[last].dataset.end}`;
  }
  function zoom() {
    const all = bars(brush.svg);
    const [first, last] = [Math.min(brush.from, brush.to), Math.max(brush.from, brush.to)];
    brush = null;
    go(all[first].dataset.start, all[last].dataset.end);
  }
  function under(svg, x) {
    const box = svg.getBoundingClientRect();
    const share = Math.max(0, Math.min(0.999999, (x - box.left) / box.width));
    return Math.floor(share * bars(svg).length);
  }

  let waiting = 0;
  document.addEventListener("pointerdown", (event) => {
    const svg = event.target.closest?.("[data-histogram] svg");
    if (!svg || event.button !== 0 || !one("#search-button")) return;
    event.preventDefault();
    const at = under(svg, event.clientX);
    brush = { svg, from: at, to: at, x: event.clientX };
    svg.setPointerCapture(event.pointerId);
  });
  document.addEventListener("pointermove", (event) => {
    if (!brush || brush.x === undefined) return;
    brush.to = under(brush.svg, event.clientX);
    if (Math.abs(event.clientX - brush.x) > 3) draw();
  });
  document.addEventListener("pointerup", (event) => {
    if (!brush || brush.x === undefined) return;
    const dragged = Math.abs(event.clientX - brush.x) > 3;
    clearTimeout(waiting);
    if (dragged) return zoom();
    const clicked = brush;
    brush = null;
    waiting = setTimeout(() => { if (clicked.svg.isConnected) { brush = clicked; zoom(); } }, CLICK);
  });
  document.addEventListener("pointercancel", () => { brush = null; draw(); });
  document.addEventListener("dblclick", (event) => {
    if (!event.target.closest?.("[data-histogram] svg")) return;
    clearTimeout(waiting);
    brush = null;
    draw();
    follow("out");
  });
  // A click was seen to above; Enter on a bar is the link's own.
  document.addEventListener("click", (event) => {
    if (event.detail > 0 && event.target.closest?.("[data-histogram] svg") && one("#search-button")) event.preventDefault();
  }, true);

  // --- By keyboard: one stop for all bars, arrows between them -----------------------------------------------------
  function stops() {
    for (const svg of document.querySelectorAll("[data-histogram] svg")) {
      const all = bars(svg);
      if (all.some((bar) => bar === document.activeElement)) continue;
      all.forEach((bar, number) => bar.setAttribute("tabindex", number === 0 ? "0" : "-1"));
    }
  }
  function onBar(event, bar) {
    const svg = bar.closest("svg");
    const all = bars(svg);
    const here = all.indexOf(bar);
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -here, End: all.length - 1 - here }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      const next = Math.max(0, Math.min(all.length - 1, here + step));
      brush = event.shiftKey ? { svg, from: brush?.svg === svg ? brush.from : here, to: next } : null;
      draw();
      bar.setAttribute("tabindex", "-1");
      all[next].setAttribute("tabindex", "0");
      all[next].focus();
    } else if (event.key === "Enter" && brush?.svg === svg) {
      event.preventDefault();
      zoom();
    } else if (event.key === "Escape" && brush) {
      brush = null;
      draw();
    }
  }
  const KEYS = { "[": "earlier", "]": "later", "-": "out", "=": "in", "+": "in" };
  document.addEventListener("keydown", (event) => {
    const bar = event.target.closest?.("[data-histogram] a[data-start]");
    if (bar) onBar(event, bar);
    const typing = event.target.closest?.("input:not([type='checkbox']), textarea, select, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || one("dialog[open]") || localStorage.getItem("keys") === "off") return;
    if (KEYS[event.key] && one("[data-move]")) { event.preventDefault(); follow(KEYS[event.key]); }
  });

  // --- What is chosen from lists ------------------------------------------------------------------------------------
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-stack]")) one("#search-button")?.click();
    const pick = event.target.closest("[data-pick]");
    if (pick && pick.value) one(`#${pick.dataset.pick}`).value = `${pick.value.length === 16 ? `${pick.value}:00` : pick.value}Z`;
  });
  // The statistics of a field open beside the search; without a script they are a page.
  function statistics(address) {
    one("#field-statistics").textContent = "Counting …";
    one("#field-dialog").showModal();
    htmx.ajax("GET", address, { target: "#field-statistics", swap: "outerHTML", source: "#field-dialog" });
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-statistics]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !one("#field-dialog")) return;
    event.preventDefault();
    statistics(link.getAttribute("href"));
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest?.("form[data-statistics]");
    if (!form || !one("#field-dialog")) return;
    event.preventDefault();
    statistics(`${form.getAttribute("action")}?${new URLSearchParams(new FormData(form))}`);
  });
  function ready() {
    for (const picks of document.querySelectorAll("[data-picks]")) picks.hidden = false;
    stops();
  }
  document.addEventListener("htmx:afterSettle", ready);
  ready();
})();
