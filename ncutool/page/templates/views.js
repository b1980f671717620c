// One view a capture: its parts share what is chosen.
function start(article) {
  const data = JSON.parse(document.getElementById(article.id + "-data").textContent);
  const groups = new Groups(data.groups, data.launches, data.explained, data.findings, data.within);
  const store = new Store(groups, data.findings);
  const table = new KernelTable(article, groups, store);
  store.add(table);
  store.add(new Findings(article, store));
  for (const element of article.querySelectorAll("[data-drawing]")) store.add(new Drawing(element, groups, store));
  const strip = article.querySelector(".timeline");
  if (strip && data.timeline) store.add(new Strip(strip, data.timeline, groups, store));
  store.add({ update: () => pressed(article, store) });
  return { article, store, parts: store.parts, groups, table };
}
// Elements with `data-filter="bound:memory"` turn that term of the filter on and off: the legend is
// the filter. Those with `data-finding` choose the finding; those with `data-link` copy the address
// of what they name.
function pressed(article, store) {
  for (const element of article.querySelectorAll("[data-filter]")) {
    element.setAttribute("aria-pressed", String(hasTerm(store.state.filter, element.dataset.filter)));
  }
}
function delegate(views, address) {
  const viewOf = (element) => views.find(({ article }) => article.contains(element));
  addEventListener("click", (event) => {
    if (event.defaultPrevented) return;
    const element = event.target.closest?.("[data-filter], [data-finding], [data-link], [data-copy-text]");
    const view = element && viewOf(element);
    if (!view) return;
    const { filter, finding, link, copyText: text } = element.dataset;
    if (text !== undefined) copyFrom(element, text);
    else if (link !== undefined) {
      event.preventDefault();
      const { state } = readAddress("#" + link) || { state: {} };
      view.store.set(state, view.table);
      copyFrom(element, location.href.replace(/#.*$/, "") + address.of(view, state), "✓");
    } else if (filter !== undefined) view.store.set({ filter: toggleTerm(view.store.state.filter, filter) });
    else if (finding !== undefined && element.tagName === "A") {
      view.store.set({ finding: view.store.state.finding === finding ? "" : finding }, view.table);
    }
  });
  addEventListener("keydown", (event) => {
    const element = event.target.closest?.("[data-filter]");
    if (!element || element.tagName === "BUTTON" || !["Enter", " "].includes(event.key)) return;
    event.preventDefault();
    element.click();
  });
}
// `/` goes to the filter, j and k through the rows, Enter opens one, Escape undoes the closest thing.
function keys(address) {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const { table } = address.current;
    const typing = event.target.matches?.("input:not([type=checkbox]), textarea, select");
    if (event.target === table.query) return inFilter(event, table);
    if (typing) return;
    if (event.key === "/") table.query.focus();
    else if (event.key === "j" || event.key === "k") table.step(event.key === "j" ? 1 : -1);
    else if (event.key === "Escape") table.back();
    else return;
    event.preventDefault();
  });
}
function inFilter(event, table) {
  if (event.key === "Escape") {
    if (table.query.value) table.store.set({ filter: "" }, table);
    else table.query.blur();
  } else if (event.key === "Enter" || event.key === "ArrowDown") table.step(1);
  else return;
  event.preventDefault();
}
// Heads that stay in sight need to know how high what stays above them is.
function stick() {
  for (const bar of document.querySelectorAll(".verdict")) {
    new ResizeObserver(() => bar.closest(".view")?.style.setProperty("--bar", bar.offsetHeight + "px")).observe(bar);
  }
}
window.ncutoolViews = [...document.querySelectorAll("article.view")].map(start);
window.ncutoolFormat = { significant, scaled, time, percent, count };
window.ncutoolAddress = new Address(window.ncutoolViews);
delegate(window.ncutoolViews, window.ncutoolAddress);
keys(window.ncutoolAddress);
stick();
addEventListener("scroll", () => tip.hide(), { passive: true });
