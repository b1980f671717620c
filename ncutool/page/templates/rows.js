// Draws of a long list of rows only those near the window, so that thousands sort and filter at once.
// Above and below stand empty rows of the height of what is left out.
class RowWindow {
  static FEW = 60; // so many rows are all drawn: nothing moves, and the browser's search finds them
  static MARGIN = 700; // px drawn beyond the window's edges
  static SPARE = 200; // px beyond them that must be drawn at least, or rows are drawn anew
  constructor(body, draw) {
    Object.assign(this, { body, draw, items: [], heights: new Map(), from: 0, to: 0, everything: false });
    this.usual = 29;
    this.place = this.place.bind(this);
    addEventListener("scroll", () => this.soon(), { passive: true });
    addEventListener("resize", () => {
      this.heights.clear();
      this.redraw();
    });
  }
  // `items`: { key, tall } each; `tall` ones (opened) are measured one by one.
  show(items) {
    this.items = items;
    this.redraw();
  }
  redraw() {
    this.from = this.to = -1;
    this.place();
  }
  soon() {
    if (this.items.length > RowWindow.FEW && !this.waiting) this.waiting = requestAnimationFrame(this.place);
  }
  height(item) {
    return this.heights.get(item.key) ?? (item.tall ? 420 : this.usual);
  }
  place() {
    this.waiting = 0;
    const few = this.everything || this.items.length <= RowWindow.FEW;
    if (!few && this.to >= 0 && this.covers()) return;
    const [from, to, above, below] = few ? [0, this.items.length, 0, 0] : this.near();
    if (from === this.from && to === this.to) return;
    [this.from, this.to] = [from, to];
    const drawn = this.items.slice(from, to).map((item) => this.draw(item));
    const gap = (px) => {
      const cell = document.createElement("td");
      cell.style.height = px + "px";
      const row = make("tr", { class: "gap", "aria-hidden": "true" });
      row.append(cell);
      return row;
    };
    this.body.replaceChildren(...(above ? [gap(above)] : []), ...drawn.flat(), ...(below ? [gap(below)] : []));
    if (!few) this.measure(from, drawn);
  }
  // Whether what is drawn still reaches beyond the window's edges.
  covers() {
    const [first, last] = [this.body.rows[0], this.body.rows[this.body.rows.length - 1]];
    if (!first || !last) return false;
    const top = this.from === 0 ? -Infinity : first.getBoundingClientRect().bottom;
    const bottom = this.to === this.items.length ? Infinity : last.getBoundingClientRect().top;
    return top <= -RowWindow.SPARE && bottom >= innerHeight + RowWindow.SPARE;
  }
  // Which items lie near the window, and how much lies above and below them.
  near() {
    const top = this.body.getBoundingClientRect().top;
    const [low, high] = [-top - RowWindow.MARGIN, -top + innerHeight + RowWindow.MARGIN];
    let [at, from, above, to] = [0, -1, 0, 0];
    for (const [i, item] of this.items.entries()) {
      const next = at + this.height(item);
      if (from < 0 && (next >= low || i === this.items.length - 1)) [from, above] = [i, at];
      if (at <= high) to = i + 1;
      at = next;
    }
    from = Math.max(0, Math.min(from, to - 1));
    let below = 0;
    for (let i = to; i < this.items.length; i += 1) below += this.height(this.items[i]);
    return [from, to, above, below];
  }
  measure(from, drawn) {
    drawn.forEach((rows, i) => {
      const item = this.items[from + i];
      const box = rows.reduce((sum, row) => sum + row.getBoundingClientRect().height, 0);
      this.heights.set(item.key, box);
      if (item.usual) this.usual = box;
    });
  }
  forget(key) {
    this.heights.delete(key);
  }
  // Scrolls so that an item is drawn and in sight; returns whether it is in the list.
  reveal(key) {
    const place = this.items.findIndex((item) => item.key === key);
    if (place < 0) return false;
    if (place < this.from || place >= this.to) {
      let at = 0;
      for (const item of this.items.slice(0, place)) at += this.height(item);
      scrollTo({ top: scrollY + this.body.getBoundingClientRect().top + at - innerHeight / 2, behavior: "instant" });
      this.place();
    }
    return true;
  }
}
