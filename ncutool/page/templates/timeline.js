// The zoomed strip under the overview: one lane a stream, one lane of idle time by cause.
class Strip {
  static LANE = 24;
  static IDLE = 14;
  constructor(root, data, groups, store) {
    Object.assign(this, { root, data, groups, store, chosen: -1 });
    this.canvas = root.querySelector("canvas");
    this.overview = root.querySelector("[data-overview]");
    this.brush = root.querySelector("[data-brush]");
    [this.from, this.to] = data.window;
    this.pieces = this.unpack(data.pieces);
    root.querySelector("[data-zoomed]").hidden = false;
    this.brush.hidden = false;
    this.height = data.lanes.length * Strip.LANE + Strip.IDLE + 4;
    this.canvas.style.height = this.height + "px";
    this.listen();
    this.draw();
  }
  unpack(columns) {
    let begin = columns.first;
    return columns.length.map((length, i) => {
      begin += columns.step[i];
      return { lane: columns.lane[i], begin, end: begin + length, kind: columns.kind[i], group: columns.group[i], count: columns.count ? columns.count[i] : 1 };
    });
  }
  listen() {
    const redraw = () => this.draw();
    new ResizeObserver(redraw).observe(this.canvas);
    matchMedia("(prefers-color-scheme:dark)").addEventListener("change", redraw);
    for (const button of this.root.querySelectorAll("[data-move]")) button.addEventListener("click", () => this.move(button.dataset.move));
    this.canvas.addEventListener("keydown", (event) => {
      const how = { ArrowLeft: "left", ArrowRight: "right", "+": "in", "=": "in", "-": "out", Home: "all" }[event.key];
      if (!how) return;
      event.preventDefault();
      this.move(how);
    });
    this.canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? 0.8 : 1.25, this.at(event));
    }, { passive: false });
    this.drag(this.canvas, (moved, start) => {
      const shift = (-moved / this.canvas.clientWidth) * (start.to - start.from);
      this.show(start.from + shift, start.to + shift);
    }, (event) => this.pick(event));
    this.drag(this.overview, (moved, start) => {
      const shift = (moved / this.overview.clientWidth) * this.data.wall_ns;
      this.show(start.from + shift, start.to + shift);
    });
    this.overview.addEventListener("pointerdown", (event) => {
      if (event.target === this.brush) return;
      const middle = this.at(event, this.overview, 0, this.data.wall_ns);
      const half = (this.to - this.from) / 2;
      this.show(middle - half, middle + half);
    }, { capture: true });
    this.canvas.addEventListener("pointermove", (event) => this.hover(event));
    this.canvas.addEventListener("pointerleave", () => tip.hide());
  }
  drag(element, moved, clicked) {
    element.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      const start = { x: event.clientX, from: this.from, to: this.to, far: false };
      const move = (next) => {
        if (Math.abs(next.clientX - start.x) > 3) start.far = true;
        if (start.far) moved(next.clientX - start.x, start);
      };
      const stop = (last) => {
        removeEventListener("pointermove", move);
        removeEventListener("pointerup", stop);
        removeEventListener("pointercancel", stop);
        if (!start.far && clicked) clicked(last);
      };
      addEventListener("pointermove", move);
      addEventListener("pointerup", stop);
      addEventListener("pointercancel", stop);
    });
  }
  at(event, element = this.canvas, from = this.from, to = this.to) {
    const box = element.getBoundingClientRect();
    return from + ((event.clientX - box.left) / box.width) * (to - from);
  }
  move(how) {
    const width = this.to - this.from;
    const middle = (this.from + this.to) / 2;
    if (how === "in") this.zoom(0.5, middle);
    else if (how === "out") this.zoom(2, middle);
    else if (how === "left") this.show(this.from - width / 4, this.to - width / 4);
    else if (how === "right") this.show(this.from + width / 4, this.to + width / 4);
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
    this.draw();
  }
  draw() {
    const width = this.canvas.clientWidth;
    if (!width) return;
    const ratio = devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    pen.clearRect(0, 0, width, this.height);
    const x = (ns) => ((ns - this.from) / (this.to - this.from)) * width;
    pen.fillStyle = styleOf("--pale");
    this.data.lanes.forEach((_, lane) => pen.fillRect(0, lane * Strip.LANE, width, Strip.LANE - 3));
    this.drawGaps(pen, x);
    this.drawPieces(pen, x, width);
    const wall = this.data.wall_ns;
    this.brush.style.left = (100 * this.from) / wall + "%";
    this.brush.style.width = (100 * (this.to - this.from)) / wall + "%";
    this.root.querySelector("[data-from]").textContent = this.moment(this.from);
    this.root.querySelector("[data-to]").textContent = this.moment(this.to);
  }
  // The strip is drawn from the window's start; moments are told as starts of launches are.
  moment(ns) {
    return time(this.data.start_ns + ns);
  }
  drawGaps(pen, x) {
    const { start, length } = this.data.gaps;
    const top = this.data.lanes.length * Strip.LANE;
    pen.fillStyle = styleOf("--idle");
    start.forEach((begin, i) => {
      if (begin + length[i] < this.from || begin > this.to) return;
      pen.fillRect(x(begin), top, Math.max(0.5, x(begin + length[i]) - x(begin)), Strip.IDLE);
    });
  }
  drawPieces(pen, x, width) {
    const colors = this.data.kinds.map((kind) => styleOf("--" + LOOKS[kind].color));
    const [ink, onFill] = [styleOf("--ink"), "#fff"];
    pen.font = "11px system-ui, sans-serif";
    pen.textBaseline = "middle";
    for (const piece of this.pieces) {
      if (piece.end < this.from || piece.begin > this.to) continue;
      const left = Math.max(0, x(piece.begin));
      const right = Math.min(width, x(piece.end));
      const gap = right - left > 4 ? 1 : 0;
      const top = piece.lane * Strip.LANE;
      pen.fillStyle = colors[piece.kind];
      pen.fillRect(left, top, Math.max(0.6, right - left - gap), Strip.LANE - 3);
      if (piece.group >= 0 && piece.group === this.chosen) {
        pen.strokeStyle = ink;
        pen.lineWidth = 2;
        pen.strokeRect(left + 1, top + 1, Math.max(1, right - left - gap - 2), Strip.LANE - 5);
      }
      if (right - left > 46 && piece.group >= 0) {
        pen.save();
        pen.beginPath();
        pen.rect(left + 3, top, right - left - 8, Strip.LANE);
        pen.clip();
        pen.fillStyle = this.data.kinds[piece.kind] === "unknown" ? ink : onFill;
        pen.fillText(this.groups.text("name", piece.group) || "(not in the table)", left + 5, top + (Strip.LANE - 3) / 2);
        pen.restore();
      }
    }
  }
  under(event) {
    const box = this.canvas.getBoundingClientRect();
    const lane = Math.floor((event.clientY - box.top) / Strip.LANE);
    const at = this.at(event);
    const slack = ((this.to - this.from) / box.width) * 1.5;
    const near = this.pieces.filter((piece) => piece.lane === lane && piece.begin - slack <= at && at <= piece.end + slack);
    const piece = near.find((one) => one.begin <= at && at <= one.end) || near[0];
    if (piece) return { piece };
    const { start, length } = this.data.gaps;
    const gap = start.findIndex((begin, i) => begin - slack <= at && at <= begin + length[i] + slack);
    return gap >= 0 ? { gap } : {};
  }
  hover(event) {
    const { piece, gap } = this.under(event);
    if (piece) {
      const kind = this.data.kinds[piece.kind];
      const title = piece.group >= 0 ? this.groups.title(piece.group) : counted(piece.count, "launch", "launches");
      const rows = [["start", this.moment(piece.begin)], [piece.count > 1 ? "span" : "time", time(piece.end - piece.begin)],
        ["bound", (piece.count > 1 ? "mostly " : "") + (SHORT_BOUNDS[kind] || kind)], ["on", this.data.lanes[piece.lane]]];
      tip.show(event, title, rows);
    } else if (gap !== undefined) {
      const { causes, cause, start, length } = this.data.gaps;
      tip.show(event, "Idle: " + causes[cause[gap]], [["start", this.moment(start[gap])], ["time", time(length[gap])]]);
    } else tip.hide();
  }
  pick(event) {
    const { piece } = this.under(event);
    if (piece && piece.group >= 0) this.store.set({ kernel: piece.group }, this);
  }
  update(state, lens, changed) {
    if (changed.includes("kernel")) this.mark(state.kernel);
  }
  mark(group) {
    this.chosen = group;
    this.draw();
  }
}
