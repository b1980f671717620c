// One view a capture: its table, charts and strip share what is chosen.
function start(article) {
  const data = JSON.parse(document.getElementById(article.id + "-data").textContent);
  const groups = new Groups(data.groups, data.launches, data.explained);
  const store = new Store(groups, data.findings);
  store.add(new KernelTable(article, groups, store));
  for (const element of article.querySelectorAll("[data-drawing]")) store.add(new Drawing(element, groups, store));
  const strip = article.querySelector(".timeline");
  if (strip && data.timeline) store.add(new Strip(strip, data.timeline, groups, store));
  return { article, store, parts: store.parts, groups };
}
function tabs(views) {
  const links = [...document.querySelectorAll(".views a")];
  if (!links.length) return;
  const show = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const current = views.find(({ article }) => target && (article === target || article.contains(target))) || views[0];
    for (const { article } of views) article.hidden = article !== current.article;
    for (const link of links) {
      if (link.hash === "#" + current.article.id) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (target && target !== current.article) target.scrollIntoView();
  };
  addEventListener("hashchange", show);
  show();
}
window.ncutoolViews = [...document.querySelectorAll("article.view")].map(start);
window.ncutoolFormat = { significant, scaled, time, percent, count };
tabs(window.ncutoolViews);
addEventListener("scroll", () => tip.hide(), { passive: true });
