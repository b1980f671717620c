// One SVG of a drawing: where its marks are, and what part of the plane is in sight. Marks and words
// keep their size when the plane is zoomed: each is shifted, and only the lines are scaled.
const SVG = "http://www.w3.org/2000/svg";
function draw(tag, attributes, text = "") {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return element;
}

class Plane {
  constructor(svg, id) {
    this.svg = svg;
    this.id = id;
    this.all = { k: 1, x: 0.5, y: 0.5 }; // how far zoomed in, and the middle of what is in sight
    this.view = this.all;
    const [kind, ...figures] = svg.dataset.plane.split(" ");
    [this.left, this.top, this.width, this.height, ...this.ends] = figures.map(Number);
    this.log = kind === "log";
  }
  // Read once when first needed: an SVG that is not shown has no boxes.
  get marks() {
    if (!this.read && !this.shown) return [];
    this.read ||= [...this.svg.querySelectorAll("[class*=k-][data-g]")].map((element) => {
      const { x, y, width, height } = element.getBBox();
      const zooms = !element.closest(".strip");
      const level = (element.getAttribute("class").match(/lv-(\w+)/) || [])[1] || "";
      return { element, group: Number(element.dataset.g), level, zooms, x: x + width / 2, y: y + height / 2, radius: Math.max(width, height) / 2 };
    });
    return this.read;
  }
  get shown() {
    return this.svg.getBoundingClientRect().width > 0;
  }
  at(event) {
    return new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
  }
  place(mark) {
    const [x, y] = mark.zooms ? this.moved(mark.x, mark.y) : [mark.x, mark.y];
    return { x, y, inside: !mark.zooms || this.holds(x, y) };
  }
  holds(x, y) {
    return x >= this.left && x <= this.left + this.width && y >= this.top && y <= this.top + this.height;
  }
  moved(x, y) {
    const { k } = this.view;
    const middle = [this.left + this.width / 2, this.top + this.height / 2];
    return [middle[0] + k * (x - this.left - this.view.x * this.width), middle[1] + k * (y - this.top - this.view.y * this.height)];
  }
  // All marks near a point, most time first, and the one whose middle is nearest.
  near(point, reach = 5) {
    const found = [];
    for (const mark of this.marks) {
      const { x, y, inside } = this.place(mark);
      const distance = Math.hypot(x - point.x, y - point.y);
      if (inside && distance <= mark.radius + reach && mark.element.getClientRects().length) found.push({ mark, distance });
    }
    if (!found.length) return null;
    const nearest = found.reduce((best, one) => (one.distance < best.distance ? one : best)).mark;
    return { nearest, all: found.map(({ mark }) => mark).sort((a, b) => a.group - b.group) };
  }
  zoom(view) {
    const room = 0.5 / view.k;
    const within = (value) => Math.min(1 - room, Math.max(room, value));
    this.view = { k: view.k, x: within(view.x), y: within(view.y) };
    if (this.view.k <= 1) this.view = this.all;
    this.clip();
    const [x, y] = this.moved(0, 0);
    this.svg.querySelector(".lines").setAttribute("transform", `translate(${x} ${y}) scale(${this.view.k})`);
    this.svg.querySelector(".region")?.setAttribute("transform", `translate(${x} ${y}) scale(${this.view.k})`);
    const home = new Map();
    for (const mark of this.marks) if (mark.zooms) {
      if (!mark.level) home.set(mark.group, mark);
      this.shift(mark.element, mark.x, mark.y);
    }
    for (const element of this.svg.querySelectorAll(".leaders path,.texts text")) this.shiftText(element, home);
    this.axes();
  }
  shiftText(element, home) {
    const mark = element.dataset.g ? home.get(Number(element.dataset.g)) : null;
    element.classList.toggle("still", Boolean(mark) && !this.place(mark).inside);
    if (mark) this.shift(element, mark.x, mark.y);
    else {
      element.style.translate = "";
      const place = element.transform.baseVal.numberOfItems ? element.transform.baseVal.getItem(0).matrix : null;
      this.shift(element, place ? place.e : Number(element.getAttribute("x")), place ? place.f : Number(element.getAttribute("y")));
    }
  }
  shift(element, x, y) {
    const [toX, toY] = this.moved(x, y);
    element.style.translate = this.view.k === 1 ? "" : `${toX - x}px ${toY - y}px`;
  }
  // What leaves the plane must not lie over its numbers.
  clip() {
    if (this.clipped) return;
    this.clipped = true;
    const clip = draw("clipPath", { id: this.id });
    clip.append(draw("rect", { x: this.left, y: this.top, width: this.width, height: this.height }));
    this.svg.prepend(clip);
    for (const name of ["region", "lines", "leaders", "levels", "groups", "edge", "texts"]) for (const group of this.svg.querySelectorAll(`g.${name}`)) {
      const frame = draw("g", { "clip-path": `url(#${this.id})` });
      group.replaceWith(frame);
      frame.append(group);
    }
  }
  value(part, low, high) {
    return this.log ? low * (high / low) ** part : low + (high - low) * part;
  }
  part(value, low, high) {
    return this.log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  }
  // Numbers and lines of what is in sight; those drawn beforehand hold for the whole plane.
  axes() {
    this.svg.querySelector(".seen")?.remove();
    const zoomed = this.view.k > 1;
    for (const element of this.svg.querySelectorAll("g.grid,g.tx:not(.low)")) element.classList.toggle("still", zoomed);
    if (!zoomed) return;
    const group = draw("g", { class: "seen" });
    const [left, right, bottom, top] = this.ends;
    const room = 0.5 / this.view.k;
    const bottomEdge = this.top + this.height;
    for (const value of ticks(this.value(this.view.x - room, left, right), this.value(this.view.x + room, left, right), this.log)) {
      const [x] = this.moved(this.left + this.part(value, left, right) * this.width, 0);
      group.append(draw("path", { d: `M${x} ${this.top}V${bottomEdge}` }), draw("text", { x, y: bottomEdge + 15, "text-anchor": "middle" }, plain(significant(value))));
    }
    for (const value of ticks(this.value(1 - this.view.y - room, bottom, top), this.value(1 - this.view.y + room, bottom, top), this.log)) {
      const [, y] = this.moved(0, this.top + (1 - this.part(value, bottom, top)) * this.height);
      group.append(draw("path", { d: `M${this.left} ${y}H${this.left + this.width}` }), draw("text", { x: this.left - 6, y: y + 3.5, "text-anchor": "end" }, plain(this.log ? scaled(value, "").trim() : significant(value))));
    }
    this.svg.prepend(group);
  }
}

// Without zeros that only say how exact a figure is: a tick is exact.
const plain = (text) => text.replace(/(\.\d*?)0+(?=\D|$)/, "$1").replace(/\.(?=\D|$)/, "");

// Round values between two ends: decades, or 1, 2 and 5 of each where little is in sight.
function ticks(low, high, log) {
  const found = [];
  const span = log ? Math.log10(high / low) : Math.log10(high - low);
  if (log) {
    const steps = span > 2 ? [1] : [1, 2, 5];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1) for (const step of steps) {
      const value = Number(`${step}e${power}`);
      if (value >= low && value <= high) found.push(value);
    }
    return found;
  }
  const step = 10 ** Math.floor(span) / 2;
  for (let value = Math.ceil(low / step) * step; value <= high; value += step) found.push(value);
  return found;
}
