// The points of a chart, from the same columns as the table: what drawing.py left out.
const MOST_POINTS = 2000;
function pointsOf(name, groups, only) {
  const roofline = name.startsWith("roofline");
  const [x, y] = roofline
    ? ["intensity_flop_per_byte", "achieved_flop_per_s"]
    : ["memory_sol_pct", "sm_sol_pct"];
  const points = [];
  for (let group = 0; group < Math.min(groups.size, MOST_POINTS); group += 1) {
    const point = { group, x: groups.number(x, group), y: groups.number(y, group) };
    if (!known(point.x) || !known(point.y)) continue;
    if (only && !only.has(group)) continue;
    if (roofline && !(point.x > 0 && point.y > 0)) continue;
    point.ms = groups.number("duration_ns", group) / 1e6;
    point.bound = groups.text("bound", group);
    points.push(point);
  }
  return points;
}

// A chart drawn by vega without eval: expressions are interpreted.
class Chart {
  constructor(element, spec, groups, store) {
    Object.assign(this, { element, spec, groups, store, chosen: -1, view: null });
    const only = spec.usermeta && spec.usermeta.groups;
    this.points = pointsOf(element.dataset.chart, groups, only && new Set(only));
    for (const layer of spec.layer) if (layer.data.name === "points") layer.data.values = this.points;
    new ResizeObserver(() => this.start()).observe(element);
    this.start();
  }
  start() {
    if (this.begun || !this.element.clientWidth) return;
    this.begun = true;
    const narrow = this.element.clientWidth < 560;
    const spec = { ...this.spec, height: narrow ? 320 : this.spec.height };
    const tooltip = (_, event, item, group) => {
      if (group === null || group === undefined || group === "") tip.hide();
      else if (item?.datum?.level) tip.show(event, this.groups.title(item.datum.group), [[item.datum.level.toUpperCase(), item.datum.tip.slice(3)]]);
      else tip.show(event, this.groups.title(group), this.groups.summary(group));
    };
    const options = { actions: false, ast: true, renderer: "svg", tooltip };
    this.ready = vegaEmbed(this.element, spec, options).then(({ view }) => {
      this.view = view;
      view.addEventListener("click", (event, item) => {
        if (item && item.datum && item.datum.group !== undefined) this.store.set({ kernel: item.datum.group }, this);
      });
      this.mark(this.chosen);
    });
  }
  update(state, lens, changed) {
    if (changed.includes("kernel")) this.mark(state.kernel);
  }
  mark(group) {
    this.chosen = group;
    if (this.view) this.view.signal("selected", group).runAsync();
  }
  save(name) {
    const drawn = this.element.querySelector("svg");
    if (!drawn) return;
    const copy = drawn.cloneNode(true);
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    copy.style.background = styleOf("--card");
    const text = new XMLSerializer().serializeToString(copy).replace(/var\((--[\w-]+)\)/g, (_, variable) => styleOf(variable));
    const link = make("a", { download: name + ".svg", href: URL.createObjectURL(new Blob([text], { type: "image/svg+xml" })) });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
}
