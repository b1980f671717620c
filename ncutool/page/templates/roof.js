// The roofline, or the speeds of light: what the pointer and the keys do on a drawing that was made
// with the page. It shows the figures of the table beside it and draws nothing of its own.
const MOST_LISTED = 5;
const STRONGEST = 64;

class Drawing {
  constructor(section, groups, store) {
    Object.assign(this, { section, groups, store, name: section.dataset.drawing, current: -1, view: { k: 1, x: 0.5, y: 0.5 } });
    this.element = section.querySelector(".plane");
    this.planes = [...section.querySelectorAll(".plane svg")].map((svg, number) => new Plane(svg, `${store.id || section.closest("article").id}-${this.name}-clip-${number}`));
    this.said = this.element.appendChild(make("span", { class: "said", "aria-live": "polite" }));
    this.element.tabIndex = 0;
    this.element.setAttribute("role", "group");
    this.element.setAttribute("aria-label", "Kernels on the drawing: arrow keys go from one to the next by time, Enter opens one, plus and minus zoom");
    section.querySelector(".chart-tools").hidden = false;
    this.listen();
  }
  // The one of both drawings that has room; it takes over what part of the plane was in sight.
  get plane() {
    const plane = this.planes.find((one) => one.shown) || this.planes[0];
    if (plane.shown && plane.view !== this.view && (this.view.k > 1 || plane.view.k > 1)) {
      plane.zoom(this.view);
      this.view = plane.view;
    }
    return plane;
  }
  listen() {
    const { element, section } = this;
    element.addEventListener("pointermove", (event) => (this.grip ? this.drag(event) : this.hover(event)));
    element.addEventListener("pointerleave", () => this.leave());
    element.addEventListener("pointerdown", (event) => this.grab(event));
    new ResizeObserver(() => void this.plane).observe(element);
    for (const end of ["pointerup", "pointercancel"]) element.addEventListener(end, () => this.drop());
    element.addEventListener("click", (event) => this.click(event));
    element.addEventListener("keydown", (event) => this.key(event));
    element.addEventListener("blur", () => this.leave());
    element.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    for (const button of section.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => this.zoomBy({ in: 2, out: 0.5, all: 0 }[button.dataset.zoom]));
    for (const button of section.querySelectorAll("[data-save]")) button.addEventListener("click", () => savePicture(this, button.dataset.save));
  }
  update(state, lens, changed, origin) {
    if (changed.includes("zoom") && origin !== this) this.restore(state.zoom);
    this.lens = lens;
    this.chosen = state.kernel;
    for (const { svg } of this.planes) for (const element of svg.querySelectorAll("[data-g]")) this.light(element, lens, state.kernel);
  }
  light(element, { shown, lit }, kernel) {
    const group = Number(element.dataset.g);
    element.classList.toggle("dim", !shown[group] || Boolean(lit && !lit[group]));
    element.classList.toggle("lit", Boolean(lit && lit[group]));
    element.classList.toggle("sel", group === kernel);
  }
  hover(event) {
    const found = this.plane.near(this.plane.at(event));
    if (!found) return this.leave();
    this.show(event, found);
  }
  show(event, { nearest, all }) {
    this.ring(nearest.element);
    tip.show(event, this.groups.title(nearest.group), [...this.level(nearest), ...this.groups.summary(nearest.group), ["also here", this.others(nearest, all)]]);
  }
  level(mark) {
    if (!mark.level) return [];
    const { left, width, ends } = this.plane;
    const intensity = this.plane.value((mark.x - left) / width, ends[0], ends[1]);
    return [[mark.level.toUpperCase(), "by its own traffic, about " + significant(intensity, 2) + " FLOP/byte"]];
  }
  others(nearest, all) {
    const groups = [...new Set(all.map(({ group }) => group))].filter((group) => group !== nearest.group);
    const told = groups.slice(0, MOST_LISTED).map((group) => this.groups.title(group).slice(0, 60) + ", " + time(this.groups.timed(group)));
    if (groups.length > MOST_LISTED) told.push(`${groups.length - MOST_LISTED} more`);
    return told.join(" · ");
  }
  ring(element) {
    this.ringed?.classList.remove("near");
    this.ringed = element;
    element?.classList.add("near");
  }
  leave() {
    if (!this.ringed) return;
    this.ring(null);
    tip.hide();
  }
  click(event) {
    if (this.dragged) return;
    const found = this.plane.near(this.plane.at(event));
    if (found) this.open(found.nearest.group);
  }
  open(group) {
    tip.hide();
    this.store.set({ kernel: group }, this);
  }
  key(event) {
    const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };
    const zooms = { "+": 2, "=": 2, "-": 0.5, 0: 0 };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in steps) this.step(steps[event.key]);
    else if (event.key in zooms) this.zoomBy(zooms[event.key]);
    else if (event.key === "Enter" && this.current >= 0) this.open(this.current);
    else if (event.key === "Escape") this.leave();
    else return;
    event.preventDefault();
  }
  // From one kernel to the next by time, among those that the filter leaves in sight.
  step(by) {
    const marks = this.plane.marks
      .filter((mark) => !mark.level && this.lens.shown[mark.group] && this.plane.place(mark).inside && mark.element.getClientRects().length)
      .sort((a, b) => a.group - b.group);
    if (!marks.length) return;
    const at = marks.findIndex(({ group }) => group === this.current);
    const next = marks[Math.max(0, Math.min(marks.length - 1, at < 0 ? (by < 0 ? 0 : by - 1) : at + by))] || marks[marks.length - 1];
    this.current = next.group;
    const box = next.element.getBoundingClientRect();
    this.show({ clientX: box.x + box.width / 2, clientY: box.y + box.height / 2 }, { nearest: next, all: [next] });
    this.said.textContent = `${this.groups.title(next.group)}, ${time(this.groups.timed(next.group))}`;
  }
  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const point = this.plane.at(event);
    this.zoomBy(Math.exp(-event.deltaY / 300), point);
  }
  // Zoom by a factor about a point, or about the middle of what is in sight; 0 shows all.
  zoomBy(factor, point = null) {
    const { plane } = this;
    const { view } = plane;
    const k = factor ? Math.min(STRONGEST, Math.max(1, view.k * factor)) : 1;
    const off = (at, from, size) => (point ? (at - from - size / 2) / size : 0) * (1 / view.k - 1 / k);
    const focus = k > view.k && !point && !this.moved ? this.focus() : null;
    this.moved = k > 1 && (this.moved || Boolean(point));
    if (focus) return this.look({ k, x: (focus.x - plane.left) / plane.width, y: (focus.y - plane.top) / plane.height });
    return this.look({ k, x: view.x + off(point?.x, plane.left, plane.width), y: view.y + off(point?.y, plane.top, plane.height) });
  }
  // What a button zooms in on: the chosen kernel, or the one with the most time.
  focus() {
    const marks = this.plane.marks.filter((mark) => mark.zooms && !mark.level);
    return marks.find(({ group }) => group === this.chosen) || marks[0];
  }
  look(view) {
    this.leave();
    this.view = view;
    const now = this.plane.view;
    this.element.classList.toggle("grab", now.k > 1);
    clearTimeout(this.later);
    this.later = setTimeout(() => this.store.set({ zoom: now.k > 1 ? [this.name, ...[now.k, now.x, now.y].map((value) => rounded(value, 4))].join(" ") : null }, this), 150);
  }
  restore(zoom) {
    const [name, ...figures] = String(zoom || "").split(" ");
    const [k, x, y] = figures.map(Number);
    const view = name === this.name && [k, x, y].every(Number.isFinite) ? { k: Math.min(STRONGEST, Math.max(1, k)), x, y } : { k: 1, x: 0.5, y: 0.5 };
    this.view = view;
    void this.plane; // whoever asks for it makes it show that part
    this.element.classList.toggle("grab", view.k > 1);
  }
  grab(event) {
    this.dragged = false;
    if (this.plane.view.k === 1 || event.button) return;
    this.grip = { at: this.plane.at(event), view: this.plane.view };
  }
  drag(event) {
    const { at, view } = this.grip;
    const point = this.plane.at(event);
    if (!this.dragged && Math.hypot(point.x - at.x, point.y - at.y) < 4) return;
    if (!this.dragged) this.element.setPointerCapture(event.pointerId); // not before: it would redirect a click
    this.dragged = this.moved = true;
    this.element.classList.add("grabbed");
    this.look({ k: view.k, x: view.x - (point.x - at.x) / this.plane.width / view.k, y: view.y - (point.y - at.y) / this.plane.height / view.k });
  }
  drop() {
    this.grip = null;
    this.element.classList.remove("grabbed");
  }
}
