// A chart drawn by vega without eval: expressions are interpreted.
class Chart {
  constructor(element, spec, groups, choose) {
    Object.assign(this, { element, spec, groups, choose, chosen: -1, view: null });
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
      else tip.show(event, this.groups.title(group), this.groups.summary(group));
    };
    const options = { actions: false, ast: true, renderer: "svg", tooltip };
    this.ready = vegaEmbed(this.element, spec, options).then(({ view }) => {
      this.view = view;
      view.addEventListener("click", (event, item) => {
        if (item && item.datum && item.datum.group !== undefined) this.choose(item.datum.group, this);
      });
      this.mark(this.chosen);
    });
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
