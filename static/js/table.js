// Rows: moving among them, ticking, opening in place, copying. On the search page also pages without an end, of which only
// what is near the window stands in the document. Columns are columns.js's.
(() => {
  "use strict";
  const one = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const MOST_ROWS = 10_000, NEAR = "800px 0px", SOON = "600px 0px";
  document.documentElement.dataset.script = "on";

  const say = (text) => { const line = one("#live"); if (line) line.textContent = text; };
  function warn(text) {
    const line = document.createElement("p");
    line.className = "alert alert--warning";
    line.textContent = text;
    one("#alerts")?.replaceChildren(line);
  }
  const number = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

  // --- The table that is shown, and its blocks of rows -------------------------------------------------------------
  let table = null, blocks = [], near = null, soon = null, asked = "";
  const owner = new WeakMap();
  const isRow = (row) => row.parentElement.matches("tbody:not([data-spacer]):not([data-more])") && !row.matches(".opened-row");
  // Every row in order, those that are out of the document too.
  const rows = () => (table ? blocks.flatMap((block) => [...block.body.rows].filter(isRow)) : all("[data-rows] tbody tr").filter(isRow));
  const current = () => (table ? blocks.map((block) => one("tr.is-current", block.body)).find(Boolean) : one("[data-rows] tr.is-current"));

  function setUp() {
    const found = one("table[data-table]");
    if (found !== table) begin(found);
    if (table) adopt();
    if (pinned()) ticked.clear();
    else for (const tick of ticks()) if (tick.checked && tick.defaultChecked !== tick.checked) ticked.add(tick.value);
    showTicks();
  }
  function begin(found) {
    near?.disconnect();
    soon?.disconnect();
    table = found;
    blocks = [];
    const before = asked;
    asked = found ? withoutLook(found.dataset.asked) : "";
    if (before !== asked) ticked.clear();
    anchor = null;
    if (!table) return;
    const root = table.closest("[data-region]");
    near = new IntersectionObserver(cameNear, { root, rootMargin: NEAR });
    soon = new IntersectionObserver(cameSoon, { root, rootMargin: SOON });
  }
  // Ticks are of a search, however it is sorted and shown.
  function withoutLook(address) {
    const query = new URLSearchParams(address);
    for (const name of ["columns", "sort", "stack"]) query.delete(name);
    return query.toString();
  }
  function adopt() {
    for (const body of all("tbody[data-block]", table)) {
      if (owner.has(body)) continue;
      const block = { body, spacer: null };
      blocks.push(block);
      owner.set(body, block);
      near.observe(body);
      for (const opener of all("[data-row]", body)) opener.setAttribute("aria-expanded", "false");
      for (const tick of all("input[name='event']", body)) tick.checked = ticked.has(tick.value);
    }
    const more = one("tbody[data-more]", table);
    if (!more || owner.has(more)) return;
    owner.set(more, null);
    soon.observe(more);
    const count = one(".count b");
    if (count && more.dataset.shown) count.textContent = count.textContent.replace(/–.*/, `–${Number(more.dataset.shown).toLocaleString("en")}`);
    if (rows().length >= MOST_ROWS) enough(more);
    if (awaited && rows().length > awaited) { const step = awaiting; awaited = 0; move(step); }
  }
  function enough(more) {
    one("[data-load]", more)?.remove();
    const line = document.createElement("span");
    line.textContent = `${number(MOST_ROWS, "event")} stand here. Go on by the next page, or narrow the search.`;
    one(".more__here", more).prepend(line);
  }
  function cameNear(entries) {
    for (const entry of entries) {
      const block = owner.get(entry.target);
      if (!block) continue;
      if (entry.target === block.spacer) { if (entry.isIntersecting) putBack(block); }
      else if (!entry.isIntersecting) takeOut(block, entry.boundingClientRect.height);
    }
    showTicks(false);
  }
  function takeOut(block, height) {
    if (block.spacer || !block.body.isConnected || block.body.contains(document.activeElement)) return;
    if (one("tr.is-current, details.pivot[open]", block.body)) return;
    const spacer = document.createElement("tbody");
    spacer.dataset.spacer = "";
    spacer.setAttribute("aria-hidden", "true");
    const cell = spacer.insertRow().insertCell();
    cell.colSpan = table.tHead.rows[0].cells.length;
    cell.style.height = `${height}px`;
    block.spacer = spacer;
    owner.set(spacer, block);
    near.unobserve(block.body);
    block.body.replaceWith(spacer);
    near.observe(spacer);
  }
  function putBack(block) {
    if (!block.spacer) return;
    near.unobserve(block.spacer);
    block.spacer.replaceWith(block.body);
    block.spacer = null;
    near.observe(block.body);
  }
  function cameSoon(entries) {
    const more = entries.find((entry) => entry.isIntersecting && entry.target.isConnected)?.target;
    if (more && !one(".alert", more)) one("[data-load]", more)?.click();
  }

  // --- Moving ------------------------------------------------------------------------------------------------------
  let awaited = 0, awaiting = 1, column = 0;
  function choose(row) {
    for (const old of all("tr.is-current")) old.classList.remove("is-current");
    const before = current();
    before?.classList.remove("is-current");
    row.classList.add("is-current");
    chooseCell(column, row);
  }
  function move(step) {
    const list = rows();
    if (!list.length) return;
    const now = list.indexOf(current());
    if (step > 0 && now === list.length - 1 && table && one("[data-more] [data-load]", table)) {
      awaited = list.length;
      awaiting = step;
      one("[data-more] [data-load]", table).click();
      return;
    }
    const next = list[Math.max(0, Math.min(list.length - 1, now + step))];
    const block = owner.get(next.parentElement);
    if (block) putBack(block);
    choose(next);
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
    one("[data-open]", next)?.focus({ preventScroll: true });
  }
  const fields = (row) => [...row.cells].filter((cell) => nameOf(cell));
  const nameOf = (cell) => cell.closest("table")?.tHead?.rows[0]?.cells[cell.cellIndex]?.dataset.column;
  function chooseCell(at, row = current()) {
    for (const old of all("td.is-cell")) old.classList.remove("is-cell");
    if (!row) return;
    const cells = fields(row);
    if (!cells.length) return;
    column = Math.max(0, Math.min(cells.length - 1, at));
    cells[column].classList.add("is-cell");
    return cells[column];
  }
  function moveCell(step) {
    const cell = chooseCell(column + step);
    if (!cell) return;
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
    say(`${nameOf(cell)}: ${known(cell) ?? cell.textContent.trim()}`);
  }

  // --- Ticks -------------------------------------------------------------------------------------------------------
  const ticked = new Set();
  let anchor = null;
  const ticks = () => all("input[name='event'][type='checkbox']");
  const tickOf = (row) => one("input[name='event'][type='checkbox']", row);
  const done = new WeakSet();
  function pinned() {
    const form = one("#pin-form");
    if (!form || done.has(form) || !one(".alert--success", form)) return false;
    done.add(form);
    for (const tick of rows().map(tickOf)) if (tick) tick.checked = false;
    return true;
  }
  function set(tick, on) {
    tick.checked = on;
    if (on) ticked.add(tick.value);
    else ticked.delete(tick.value);
  }
  function tick(row, { range = false, on = null } = {}) {
    const box = row && tickOf(row);
    if (!box) return;
    const wanted = on ?? !box.checked;
    const list = rows(), to = list.indexOf(row), from = range && anchor ? list.indexOf(anchor) : -1;
    const some = from < 0 ? [row] : list.slice(Math.min(from, to), Math.max(from, to) + 1);
    for (const one of some) set(tickOf(one), from < 0 ? wanted : true);
    anchor = row;
    showTicks();
  }
  function tickAll(on) {
    for (const row of rows()) if (tickOf(row)) set(tickOf(row), on);
    showTicks();
  }
  let told = 0;
  function showTicks(aloud = true) {
    const boxes = rows().map(tickOf).filter(Boolean);
    if (!boxes.length) return;
    for (const place of all("[data-selected-count]")) place.textContent = String(ticked.size);
    const master = one("[data-select-all]");
    if (master) {
      master.checked = ticked.size > 0 && boxes.every((box) => box.checked);
      master.indeterminate = ticked.size > 0 && !master.checked;
    }
    keepTicks();
    if (aloud && told !== ticked.size) say(`${number(ticked.size, "event")} ticked.`);
    told = ticked.size;
  }
  // What is ticked and out of the document goes with the form all the same.
  function keepTicks() {
    const form = one("#pin-form");
    if (!form || !table) return;
    for (const old of all("[data-kept]", form)) old.remove();
    const here = new Set(ticks().filter((box) => box.checked).map((box) => box.value));
    for (const id of ticked) {
      if (here.has(id)) continue;
      const kept = document.createElement("input");
      kept.type = "hidden";
      kept.name = "event";
      kept.value = id;
      kept.dataset.kept = "";
      form.append(kept);
    }
  }

  // --- Opening in place --------------------------------------------------------------------------------------------
  function toggle(opener) {
    const row = opener.closest("tr");
    if (row.nextElementSibling?.matches(".opened-row")) return close(row);
    const place = document.createElement("tr");
    place.className = "opened-row";
    const cell = place.insertCell();
    cell.colSpan = row.cells.length;
    cell.textContent = "Opening …";
    row.after(place);
    opener.setAttribute("aria-expanded", "true");
    const address = opener.dataset.row + (opener.closest("table").dataset.asked ?? "");
    window.htmx.ajax("GET", address, { target: cell, swap: "innerHTML" }).finally(() => {
      if (!one("[data-opened]", cell)) close(row);
      else say("The event is open below its row.");
    });
  }
  function close(row) {
    row.nextElementSibling?.matches(".opened-row") && row.nextElementSibling.remove();
    const opener = one("[data-open]", row);
    opener?.setAttribute("aria-expanded", "false");
    opener?.focus({ preventScroll: true });
  }

  // --- Copying -----------------------------------------------------------------------------------------------------
  async function copy(text, what) {
    try {
      await navigator.clipboard.writeText(await text);
      say(`${what} copied.`);
      return true;
    } catch (error) {
      warn(error instanceof TypeError || error.message === "unanswered"
        ? "The console did not answer, so nothing was copied; try again."
        : "The browser did not let the page copy; open the event, select the text and copy it by hand.");
      return false;
    }
  }
  async function answer(address) {
    const response = await fetch(address, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error("unanswered");
    return response.json();
  }
  // The value of a cell where it stands there whole and unchanged; null where only the server knows it.
  function known(cell) {
    const marked = one("[data-copy]", cell), moment = one("time", cell), text = one(".text", cell);
    if (marked) return marked.dataset.copy;
    if (moment) return moment.dateTime;
    if (text) return text.title.length < 2000 && !text.title.includes("⟨U+") ? text.title : null;
    return one(".none", cell) ? "" : cell.textContent.trim();
  }
  async function copyCell(cell) {
    if (!cell) return say("Choose an event with j and k, and a cell with h and l.");
    const name = nameOf(cell), row = one("[data-row]", cell.parentElement);
    const text = known(cell) ?? answer(`${row.dataset.row}?format=json&field=${encodeURIComponent(name)}`).then((found) => found.value);
    if (await copy(text, name)) flash(cell);
  }
  async function copyRow(row) {
    const opener = row && one("[data-row]", row);
    if (!opener) return;
    const text = answer(`${opener.dataset.row}?format=json`).then((document) => JSON.stringify(document, null, 2));
    if (await copy(text, "The event, as JSON, is")) flash(row);
  }
  function flash(element) {
    element.classList.add("is-copied");
    setTimeout(() => element.classList.remove("is-copied"), 700);
  }
  // One button for all cells, beside the one that is pointed at.
  function offerCopy(event) {
    const button = one("[data-copy-cell]");
    if (!button || event.target === button) return;
    const cell = event.target.closest?.("table[data-table] tbody[data-block] td");
    const offered = cell && nameOf(cell) && !one(".none", cell);
    button.hidden = !offered;
    if (!offered) return;
    const box = cell.getBoundingClientRect(), region = cell.closest("[data-region]").getBoundingClientRect();
    button.style.top = `${box.top + (box.height - button.offsetHeight) / 2}px`;
    button.style.left = `${Math.min(box.right, region.right - 14) - button.offsetWidth - 3}px`;
    offer = cell;
  }
  let offer = null;

  // --- Keys and clicks ---------------------------------------------------------------------------------------------
  const actions = {
    j: () => move(1),
    k: () => move(-1),
    o: () => (one("[data-open]", current() ?? rows()[0] ?? document))?.click(),
    x: () => tick(current()),
    X: () => tick(current(), { range: true }),
    "*": () => tickAll(!rows().map(tickOf).filter(Boolean).every((box) => box.checked)),
    p: () => one("[data-pin] textarea")?.focus(),
    h: () => moveCell(-1),
    l: () => moveCell(1),
    c: () => copyCell(one("td.is-cell")),
    y: () => copyRow(current()),
    u: () => table && copy(location.href, "The address of this search is"),
    m: () => one("[data-more] [data-load]")?.click(),
  };
  function onKey(event) {
    const typing = event.target.closest?.("input:not([type='checkbox']), textarea, select, [contenteditable]");
    const off = typing || event.ctrlKey || event.metaKey || event.altKey || one("dialog[open]") || localStorage.getItem("keys") === "off";
    if (off || event.defaultPrevented || !actions[event.key] || !one("[data-rows], [data-pin]")) return;
    event.preventDefault();
    actions[event.key]();
  }
  // Before anything else closes: whatever is open is closed first, and only then are ticks taken away.
  function onEscape(event) {
    if (event.key !== "Escape") return;
    const typing = event.target.closest?.("input:not([type='checkbox']), textarea, select");
    if (!typing && ticked.size && !one("details.pivot[open], details[data-chooser][open], dialog[open]")) tickAll(false), ticked.clear(), showTicks();
  }
  function onClick(event) {
    const target = event.target;
    const opener = target.closest("[data-open][data-row]");
    if (opener && event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); choose(opener.closest("tr")); return toggle(opener); }
    const row = target.closest("[data-rows] tbody tr");
    if (row && isRow(row)) {
      choose(row);
      const at = fields(row).indexOf(target.closest("td"));
      if (at >= 0) chooseCell(at, row);
    }
    if (target.matches("input[name='event'][type='checkbox']")) return tick(row, { range: event.shiftKey, on: target.checked });
    if (target.closest("[data-copy-cell]")) return copyCell(offer);
    if (target.closest("[data-copy-address]")) return actions.u();
    const opened = target.closest(".opened-row");
    if (opened && target.closest("[data-copy-row]")) return copyRow(opened.previousElementSibling);
    if (opened && target.closest("[data-close]")) return close(opened.previousElementSibling);
  }

  // A menu stands on the window, so it closes when what it belongs to moves away; a scroll that brought it here is no reason.
  const stood = new WeakMap();
  function hasMoved(menu) {
    const now = menu.getBoundingClientRect(), then = stood.get(menu) ?? now;
    return Math.abs(now.top - then.top) + Math.abs(now.left - then.left) > 2;
  }

  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.("details.pivot") && event.target.open) stood.set(event.target, event.target.getBoundingClientRect());
  }, true);
  document.addEventListener("keydown", onEscape, true);
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", onClick);
  document.addEventListener("mouseover", offerCopy);
  document.addEventListener("scroll", (event) => {
    if (event.target !== document && !event.target.matches?.("[data-region]")) return;
    const button = one("[data-copy-cell]");
    if (button) button.hidden = true;
    for (const menu of all("details.pivot[open]")) if (hasMoved(menu)) menu.open = false;
  }, { capture: true, passive: true });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-select-all]")) tickAll(event.target.checked);
  });
  // Rows that are out of the document are as high as those that stand in it.
  document.addEventListener("table:density", () => {
    const row = one("tbody[data-block] tr", table);
    for (const block of blocks) if (block.spacer) block.spacer.rows[0].cells[0].style.height = `${block.body.rows.length * row.offsetHeight}px`;
  });
  document.addEventListener("htmx:afterSettle", setUp);
  setUp();
})();
