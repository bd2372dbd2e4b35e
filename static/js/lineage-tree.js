// The tree of a lineage by arrow keys: up and down walk it, right opens, left closes or goes to the parent.
const shown = (tree) => [...tree.querySelectorAll(".node > summary")].filter((one) => one.checkVisibility());

document.addEventListener("keydown", (event) => {
  const here = event.target instanceof Element ? event.target.closest("[data-tree] .node > summary") : null;
  if (!here || event.ctrlKey || event.metaKey || event.altKey) return;
  const tree = here.closest("[data-tree]");
  const node = here.parentElement;
  const all = shown(tree);
  const place = all.indexOf(here);
  const to = {
    ArrowDown: () => all[place + 1],
    ArrowUp: () => all[place - 1],
    Home: () => all[0],
    End: () => all[all.length - 1],
    ArrowRight: () => {
      if (node.open) return node.querySelector(":scope > .tree .node > summary");
      node.open = true;
      return here;
    },
    ArrowLeft: () => {
      if (node.open) { node.open = false; return here; }
      return node.parentElement.closest(".node")?.querySelector("summary");
    },
  }[event.key];
  if (!to) return;
  event.preventDefault();
  to()?.focus();
});
