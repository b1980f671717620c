// The timeline: drag on the overview to select a range, move and zoom the part drawn launch by launch.
class Strip {
  constructor(root, data, groups, store) {
    Object.assign(this, { root, data, groups, store, state: store.state, lens: store.lens });
    this.pieces = new Pieces(data, groups);
    this.gaps = data.gaps && new Gaps(data.gaps);
    this.find();
    [this.from, this.to] = data.window;
    store.within = (from, to) => this.pieces.groupsIn(from, to);
    this.listen();
  }
  find() {
    const part = (name) => this.root.querySelector(`[data-${name}]`);
    this.overview = part("overview");
    this.zoomed = part("zoomed");
    this.frame = part("frame");
    this.join = part("join");
    this.launches = part("launches");
    this.labels = part("labels");
    this.brackets = part("brackets").querySelector("div");
    this.axis = part("zoom-axis");
    this.chosen = part("range");
    this.veils = this.root.querySelectorAll("[data-veil]");
    this.lanes = new Lanes(this.root, this.pieces, this.data);
    this.zoomed.tabIndex = 0;
    for (const name of ["hint", "moves"]) if (part(name)) part(name).hidden = false;
  }
  listen() {
    new ResizeObserver(() => this.drawZoomed()).observe(this.zoomed);
    for (const button of this.root.querySelectorAll("[data-move]")) button.addEventListener("click", () => this.move(button.dataset.move));
    this.chosen.querySelector("button").addEventListener("click", () => this.clear());
    this.zoomed.addEventListener("keydown", (event) => this.key(event));
    this.zoomed.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? 0.8 : 1.25, this.at(event, this.zoomed, this.from, this.to));
    }, { passive: false });
    this.dragZoomed();
    this.zoomed.addEventListener("pointermove", (event) => this.hover(event));
    this.zoomed.addEventListener("pointerleave", () => tip.hide());
    if (!this.overview || !this.frame) return;
    this.dragOverview();
    this.overview.addEventListener("pointermove", (event) => this.hoverOverview(event));
    this.overview.addEventListener("pointerleave", () => tip.hide());
  }
  key(event) {
    const how = { ArrowLeft: "left", ArrowRight: "right", "+": "in", "=": "in", "-": "out", Home: "all", Enter: "choose" }[event.key];
    if (!how) return;
    event.preventDefault();
    event.stopPropagation();
    if (how === "choose") this.chooseMiddle();
    else this.move(how);
  }
  chooseMiddle() {
    const middle = (this.from + this.to) / 2;
    const near = this.pieces.between(this.from, this.to).filter((i) => this.pieces.group[i] >= 0)
      .sort((a, b) => Math.abs(this.pieces.begin[a] + this.pieces.end[a] - 2 * middle) - Math.abs(this.pieces.begin[b] + this.pieces.end[b] - 2 * middle));
    if (near.length) this.store.set({ kernel: this.pieces.group[near[0]] }, this);
  }
  // Calls `moved(event)` while the pointer is held down and has left its place, then `ended`.
  drag(element, started, moved, ended) {
    element.addEventListener("pointerdown", (event) => {
      if (event.button || event.target.closest("button")) return;
      const start = started(event);
      let far = false;
      const move = (next) => {
        far ||= Math.abs(next.clientX - event.clientX) > 3;
        if (far) moved(next, start);
      };
      const stop = (last) => {
        for (const [name, handler] of [["pointermove", move], ["pointerup", stop], ["pointercancel", stop]]) removeEventListener(name, handler);
        ended(last, start, far && last.type === "pointerup");
      };
      for (const [name, handler] of [["pointermove", move], ["pointerup", stop], ["pointercancel", stop]]) addEventListener(name, handler);
    });
  }
  dragZoomed() {
    const started = (event) => ({ x: event.clientX, from: this.from, to: this.to });
    const moved = (event, start) => {
      tip.hide();
      const shift = ((start.x - event.clientX) / this.zoomed.clientWidth) * (start.to - start.from);
      this.show(start.from + shift, start.to + shift);
    };
    this.drag(this.zoomed, started, moved, (event, start, far) => far || event.type !== "pointerup" || this.pick(event));
  }
  dragOverview() {
    const place = (event) => Math.max(0, Math.min(this.data.wall_ns, this.at(event, this.overview, 0, this.data.wall_ns)));
    const range = (event, start) => this.pieces.settle([Math.min(start, place(event)), Math.max(start, place(event))]);
    const moved = (event, start) => {
      tip.hide();
      this.drawRange(range(event, start));
    };
    this.drag(this.overview, place, moved, (event, start, far) => {
      if (far && range(event, start)[1] > range(event, start)[0]) this.store.set({ range: range(event, start) }, this);
      else if (event.type === "pointerup") this.center(start);
      this.drawRange(this.state.range);
    });
  }
  at(event, element, from, to) {
    const box = element.getBoundingClientRect();
    return from + ((event.clientX - box.left) / box.width) * (to - from);
  }
  clear() {
    this.store.set({ range: null }, this);
  }
  center(middle) {
    const half = (this.to - this.from) / 2;
    this.show(middle - half, middle + half);
  }
  move(how) {
    const width = this.to - this.from;
    const middle = (this.from + this.to) / 2;
    if (how === "in") this.zoom(0.5, middle);
    else if (how === "out") this.zoom(2, middle);
    else if (how === "left") this.show(this.from - width / 4, this.to - width / 4);
    else if (how === "right") this.show(this.from + width / 4, this.to + width / 4);
    else if (how === "select") this.store.set({ range: this.pieces.settle([this.from, this.to]) }, this);
    else this.show(0, this.data.wall_ns);
  }
  zoom(factor, around) {
    this.show(around - (around - this.from) * factor, around + (this.to - around) * factor);
  }
  show(from, to) {
    const wall = this.data.wall_ns;
    const width = Math.min(wall, Math.max(to - from, Math.min(wall, 200)));
    this.from = Math.max(0, Math.min(wall - width, from));
    this.to = this.from + width;
    this.drawZoomed();
  }
  // Moments are told as starts of launches are: since the capture's first.
  moment(ns) {
    return time(this.data.start_ns + ns);
  }
  bright(i) {
    const { group, sets, set } = this.pieces;
    if (this.finding >= 0 && !sets[set[i]].has(this.finding)) return false;
    return group[i] < 0 ? !this.narrowed : this.lens.shown[group[i]] === 1;
  }
  drawZoomed() {
    const width = this.zoomed.clientWidth;
    if (!width) return;
    this.launches.parentNode.setAttribute("viewBox", `0 0 ${width} ${this.zoomed.clientHeight}`);
    this.launches.parentNode.querySelector(".ground").setAttribute("d", `M0 0h${width}v${this.zoomed.clientHeight}H0z`);
    const { pieces, from, to } = this;
    const paths = detailPaths(pieces, { from, to, width, row: this.data.row }, (i) => this.bright(i));
    this.launches.replaceChildren(...paths, ...this.outlines(width));
    this.drawLabels(width);
    this.drawBrackets();
    this.axis.replaceChildren(...timeTicks(this.data.start_ns + from, this.data.start_ns + to, 5).map(({ left, label, minor }) =>
      make("span", { style: `left:${left.toFixed(2)}%`, class: minor ? "minor" : left < 4 && "first" }, label)));
    const [left, right] = [from, to].map((ns) => (100 * ns) / this.data.wall_ns);
    const whole = right - left > 99.99;
    if (this.frame) this.frame.hidden = whole;
    this.join?.parentNode.classList.toggle("none", whole);
    if (this.frame) this.frame.style.cssText = `left:${left}%;width:${right - left}%`;
    if (this.join) this.join.setAttribute("d", `M${left} 0L0 10M${right} 0L100 10`);
  }
  outlines(width) {
    const { group, begin, end, lane } = this.pieces;
    if (this.state.kernel < 0) return [];
    const scale = width / (this.to - this.from);
    const height = this.data.row - 2;
    let d = "";
    for (const i of this.pieces.between(this.from, this.to)) {
      if (group[i] !== this.state.kernel) continue;
      const left = Math.max(1, (begin[i] - this.from) * scale + 1);
      const long = Math.max(1, Math.min(width, (end[i] - this.from) * scale) - left - 2);
      d += `M${left.toFixed(1)} ${lane[i] * this.data.row + 1}h${long.toFixed(1)}v${height - 2}h-${long.toFixed(1)}z`;
    }
    return d ? [shape("path", { class: "chosen", d })] : [];
  }
  drawLabels(width) {
    const { group, begin, end, lane } = this.pieces;
    const labels = [];
    for (const i of this.pieces.between(this.from, this.to)) {
      const left = Math.max(begin[i], this.from);
      const long = ((Math.min(end[i], this.to) - left) / (this.to - this.from)) * width;
      const name = group[i] < 0 ? "" : this.groups.text("name", group[i]);
      if (!name || long < Math.min(52, 10 + 6.5 * name.length) || !this.bright(i)) continue;
      const style = `left:${((left - this.from) / (this.to - this.from)) * width}px;width:${long - 1}px;top:${lane[i] * this.data.row}px;height:${this.data.row - 2}px`;
      labels.push(make("span", { style }, make("b", {}, name)));
    }
    this.labels.replaceChildren(...labels);
  }
  // Launches in a row that one finding concerns: the chosen finding, else the best of each.
  drawBrackets() {
    const { begin, end, sets, set } = this.pieces;
    const runs = [];
    let before = -1;
    for (const i of this.pieces.between(this.from, this.to)) {
      const own = this.pieces.count[i] > 1 ? new Set() : sets[set[i]];
      const first = this.finding >= 0 ? (own.has(this.finding) ? this.finding : -1) : own.size ? Math.min(...own) : -1;
      if (first >= 0 && first === before) runs.at(-1).end = Math.max(runs.at(-1).end, end[i]);
      else if (first >= 0) runs.push({ first, begin: begin[i], end: end[i] });
      before = first;
    }
    const place = (ns) => (100 * (Math.max(this.from, Math.min(this.to, ns)) - this.from)) / (this.to - this.from);
    // Launches of several streams run side by side: a bracket begins where the one before it ends.
    const wide = [];
    let taken = 0;
    for (const run of runs) {
      const left = Math.max(taken, place(run.begin));
      const width = place(run.end) - left;
      if (width < 1) continue;
      wide.push({ ...run, left, width });
      taken = left + width;
    }
    this.brackets.replaceChildren(...wide.map(({ first, left, width }) =>
      make("span", { style: `left:${left}%;width:${width}%` }, make("b", {}, this.data.actions[first]))));
  }
  drawRange(range) {
    const wall = this.data.wall_ns;
    for (const veil of this.veils) veil.hidden = !range;
    this.chosen.hidden = !range;
    this.root.classList.toggle("ranged", Boolean(range));
    if (!range) return;
    const [left, right] = range.map((ns) => Math.min(100, (100 * ns) / wall));
    this.veils[0].style.cssText = `left:0;width:${left}%`;
    this.veils[1].style.cssText = `left:${right}%;right:0`;
    const launches = counted(this.pieces.launchesIn(...range), "launch", "launches");
    const about = this.pieces.stretches ? "about " : "";
    this.chosen.querySelector("span").textContent = `${time(range[1] - range[0])} from ${this.moment(range[0])}, ${about}${launches}`;
  }
  under(event) {
    const box = this.zoomed.getBoundingClientRect();
    const slack = ((this.to - this.from) / box.width) * 1.5;
    const at = this.at(event, this.zoomed, this.from, this.to);
    const lane = Math.floor((event.clientY - box.top) / this.data.row);
    return { at, slack, piece: this.pieces.nearest(lane, at, slack), lane };
  }
  hover(event) {
    if (event.buttons) return;
    const { piece, at, slack } = this.under(event);
    if (piece >= 0) tip.show(event, ...this.told(piece));
    else this.tellGap(event, at, slack);
  }
  told(i) {
    const { group, count, kind, kinds, begin, end, lane, busy } = this.pieces;
    const merged = count[i] > 1;
    const title = group[i] >= 0 ? this.groups.title(group[i]) : merged ? counted(count[i], "launch", "launches") : "not in the table";
    const where = this.gaps ? [["start", this.moment(begin[i])]] : [["after", time(begin[i])]];
    return [title, [...where, [merged ? "span" : "time", time(end[i] - begin[i])],
      ["share of it", merged && "about " + percent(100 * busy[i])], ["bound", SHORT_BOUNDS[kinds[kind[i]]] || kinds[kind[i]]], ["on", this.gaps && this.data.lanes[lane[i]]]]];
  }
  tellGap(event, at, slack) {
    const gap = this.gaps ? this.gaps.at(at, slack) : -1;
    if (gap < 0) tip.hide();
    else tip.show(event, "Idle: " + this.gaps.causes[this.gaps.cause[gap]], [["start", this.moment(this.gaps.begin[gap])], ["time", time(this.gaps.length[gap])]]);
  }
  hoverOverview(event) {
    if (event.buttons) return;
    const at = this.at(event, this.overview, 0, this.data.wall_ns);
    const slack = (this.data.wall_ns / this.overview.clientWidth) * 1.5;
    const y = event.clientY - this.overview.getBoundingClientRect().top;
    const lane = this.lanes.at(y);
    const piece = lane < 0 ? -1 : this.pieces.nearest(lane, at, slack);
    if (piece >= 0) tip.show(event, ...this.told(piece));
    else this.tellGap(event, at, slack);
  }
  pick(event) {
    const { piece } = this.under(event);
    if (piece >= 0 && this.pieces.group[piece] >= 0) this.store.set({ kernel: this.pieces.group[piece] }, this);
  }
  update(state, lens, changed) {
    Object.assign(this, { state, lens });
    this.finding = this.data.findings.indexOf(state.finding);
    this.narrowed = Boolean(state.filter);
    if (!["finding", "filter", "range", "kernel"].some((name) => changed.includes(name))) return;
    if (changed.includes("range")) {
      this.drawRange(state.range);
      const wall = this.data.wall_ns; // an address may name more than there is
      const [from, to] = (state.range || this.data.window).map((ns) => Math.min(ns, wall));
      if (to > from) [this.from, this.to] = [from, to];
    }
    // A range is veiled, not dimmed; of merged launches it is not known how much is left.
    const narrowed = (Boolean(state.filter) || this.finding >= 0) && !this.pieces.stretches;
    this.lanes.draw(narrowed && ((i) => this.bright(i)), state.kernel, this.finding);
    this.drawZoomed();
  }
}
