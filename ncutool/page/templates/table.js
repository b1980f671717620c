// The kernel table: which rows, in which order, under which headings. Cells are columns.js's, opened
// rows opened.js's, and rows.js draws those near the window.
const WAYS_BY_TEXT = { op: "without an operator", family: "without a family" };

class KernelTable {
  static FIRST = 25;
  static MOST_COPIED = 20;
  static MOST_PRINTED = 200;
  constructor(article, groups, store) {
    Object.assign(this, { article, groups, store, open: new Set(), unfolded: new Set(), limit: KernelTable.FIRST });
    this.root = article.querySelector(".kernels");
    this.table = this.root.querySelector("table.main");
    this.heads = [...this.table.querySelectorAll("th[data-column]")];
    this.columns = this.heads.map((head) => head.dataset.column).slice(1); // all but the name
    this.query = this.root.querySelector("[data-query]");
    this.rows = new RowWindow(this.table.tBodies[0], (item) => this.drawn(item));
    this.rowOf = new Map(Array.from({ length: groups.size }, (_, group) => [group, new PartOfGroup(group, groups.number("launches", group), groups.number("duration_ns", group), groups)]));
    this.root.querySelector(".tools").hidden = false;
    this.narrow = matchMedia("(max-width:1100px)");
    this.narrow.addEventListener("change", () => this.draw());
    this.listen();
  }
  part(name) {
    return this.root.querySelector("[data-" + name + "]");
  }
  listen() {
    this.query.addEventListener("input", () => this.store.set({ filter: this.query.value }, this));
    this.part("by").addEventListener("change", (event) => this.store.set({ by: event.target.value }, this));
    this.part("markdown").addEventListener("click", (event) => copyFrom(event.currentTarget, this.markdown()));
    this.part("csv").addEventListener("click", () => saveAs("kernels.csv", this.csv(), "text/csv"));
    this.part("all").addEventListener("click", () => this.showAll());
    this.part("chooser").addEventListener("change", () => this.choose());
    for (const head of this.heads) this.makeSortable(head);
    this.table.addEventListener("click", (event) => this.clicked(event));
    addEventListener("beforeprint", () => this.print(true));
    addEventListener("afterprint", () => this.print(false));
  }
  makeSortable(head) {
    const button = make("button", { type: "button" }, head.textContent);
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const name = head.dataset.column;
      const [by, down] = this.sorting();
      const descending = by === name ? !down : !WORDS_COLUMNS.includes(name);
      this.store.set({ sort: (descending ? "-" : "") + name }, this);
    });
    button.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      const shown = this.heads.filter((one) => one.offsetParent);
      const next = step && shown[shown.indexOf(head) + step];
      if (!next) return;
      event.preventDefault();
      next.querySelector("button").focus();
    });
  }
  sorting() {
    const { sort } = this.store.state;
    const name = sort.replace(/^-/, "");
    return this.heads.some((head) => head.dataset.column === name) ? [name, sort.startsWith("-")] : ["time", true];
  }
  // The columns that are on, by the state or as the page began.
  visible() {
    const named = this.store.state.columns.split(",").filter((name) => this.columns.includes(name));
    return named.length ? named : this.usual();
  }
  // Where the screen is narrow, the name needs the room of the sources.
  usual() {
    return this.columns.filter((name) => this.groups.shownAtFirst.includes(name) && !(this.narrow.matches && name === "source"));
  }
  choose() {
    const boxes = [...this.part("chooser").querySelectorAll("input")];
    const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
    const usual = this.usual();
    this.store.set({ columns: chosen.join() === usual.join() || !chosen.length ? "" : chosen.join() }, this);
  }
  drawHeads() {
    const visible = this.visible();
    for (const name of this.columns) this.table.classList.toggle("hide-" + name, !visible.includes(name));
    for (const box of this.part("chooser").querySelectorAll("input")) box.checked = visible.includes(box.value);
    const [by, down] = this.sorting();
    for (const head of this.heads) {
      if (head.dataset.column === by) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    if (visible.length + 2 !== this.span) this.rows.heights.clear();
    this.span = visible.length + 2;
  }
  // Parts of groups in order; what is not known comes last, either way.
  sorted(parts) {
    const [name, down] = this.sorting();
    const sign = down ? -1 : 1;
    const keyed = parts.map((part) => ({ part, key: part.value(name, this.groups) ?? null }));
    keyed.sort(({ key: x, part: a }, { key: y, part: b }) => {
      if (x === null || y === null) return (x === null) - (y === null) || a.group - b.group;
      return (x < y ? -sign : x > y ? sign : 0) || a.group - b.group;
    });
    return keyed.map(({ part }) => part);
  }
  found() {
    const { shown } = this.store.lens;
    return this.sorted([...this.rowOf.values()].filter(({ group }) => shown[group]));
  }
  // Headings with their parts, most time first; steps in their order.
  headings() {
    const by = this.by();
    const { shown } = this.store.lens;
    const found = new Map();
    const add = (name, part) => found.set(name, [...(found.get(name) || []), part]);
    const divided = this.groups.parts[by];
    if (divided) {
      const [launches, ns] = [unpack(divided.launches), unpack(divided.duration_ns)];
      let group = 0;
      divided.group.forEach((step, i) => {
        group += step;
        if (shown[group]) add(divided.names[divided.name[i]], new PartOfGroup(group, launches[i], ns[i], this.groups));
      });
    } else {
      for (const part of this.found()) add(this.groups.text(by, part.group).replace(/^aten::/, "") || WAYS_BY_TEXT[by], part);
    }
    const headings = [...found].map(([name, parts]) => ({ name, parts: this.sorted(parts), ns: parts.reduce((sum, part) => sum + (part.ns || 0), 0), timed: parts.some(({ group }) => this.groups.timed(group) !== null), launches: parts.reduce((sum, part) => sum + part.launches, 0) }));
    if (by === "step") return headings.sort((a, b) => divided.names.indexOf(a.name) - divided.names.indexOf(b.name));
    return headings.sort((a, b) => b.ns - a.ns);
  }
  // How rows are grouped: an address may name a way that this capture has not.
  by() {
    const { by } = this.store.state;
    return [...this.part("by").options].some(({ value }) => value === by) ? by : "";
  }
  items() {
    const by = this.by();
    const item = (part, heading = "") => {
      const key = heading + ":" + part.group;
      return { key, part, tall: this.open.has(key), usual: !this.open.has(key) };
    };
    if (!by) return this.found().map((part) => item(part));
    const headings = this.headings();
    this.mostOfHeading = Math.max(0, ...headings.map(({ ns }) => ns));
    return headings.flatMap((heading) => {
      const key = "heading:" + heading.name;
      const unfolded = this.unfolded.has(key);
      return [{ key, heading, unfolded }, ...(unfolded ? heading.parts.map((part) => item(part, heading.name)) : [])];
    });
  }
  draw() {
    this.drawHeads();
    const all = this.items();
    const limit = this.by() ? Infinity : this.limit;
    this.rows.show(all.length ? all.slice(0, limit) : [{ key: "none", none: true }]);
    const left = Math.max(0, all.length - limit);
    this.part("all").hidden = left === 0;
    this.part("all").textContent = counted(left, "more group", "more groups");
    this.tell();
  }
  tell() {
    const { lens, state } = this.store;
    let [kept, ns] = [0, 0];
    for (let group = 0; group < this.groups.size; group += 1) if (lens.shown[group]) {
      kept += 1;
      ns += this.groups.number("duration_ns", group) || 0;
    }
    const all = this.groups.size;
    const share = this.groups.total > 0 && kept < all ? " (" + percent((100 * ns) / this.groups.total) + ")" : "";
    const text = kept === all ? counted(all, "group", "groups") : count(kept) + " of " + counted(all, "group", "groups") + (this.groups.total > 0 ? ", " + time(ns) + share : "");
    this.part("shown").textContent = text + (state.range ? " in the chosen range" : "");
    this.part("problem").hidden = !lens.problems.length;
    this.part("problem").textContent = lens.problems.join(". ");
    this.query.setAttribute("aria-invalid", String(lens.problems.length > 0));
    const chosen = this.part("chosen");
    chosen.hidden = !lens.lit;
    if (lens.lit) chosen.dataset.filter = "finding:" + state.finding;
    if (lens.lit) chosen.textContent = "Only " + state.finding + " (" + counted(lens.lit.reduce((sum, one) => sum + one, 0), "group", "groups") + ")";
  }
  drawn(item) {
    if (item.none) return [emptyRow(this.store.state, this.groups, this.span)];
    if (item.heading) return [headingRow(item, this)];
    const { state, lens } = this.store;
    const { group } = item.part;
    const open = this.open.has(item.key);
    const row = tableRow(item.part, { groups: this.groups, columns: this.columns, viewId: this.article.id, open, chosen: group === state.kernel, lit: lens.lit?.[group] });
    row.dataset.key = item.key;
    return open ? [row, openedRow(this.groups, group, this.span)] : [row];
  }
  clicked(event) {
    const target = event.target;
    if (target.closest("a, [data-copy-text], summary")) return;
    if (target.closest("[data-clear]")) {
      this.store.set({ filter: "", range: null }, this);
      return;
    }
    const heading = target.closest("tr.heading")?.querySelector("[data-heading]").dataset.heading;
    if (heading) this.fold(heading);
    const row = target.closest("tr[data-key]");
    if (!row || !getSelection().isCollapsed) return;
    this.toggle(row.dataset.key, Number(row.dataset.group));
  }
  fold(key) {
    if (!this.unfolded.delete(key)) this.unfolded.add(key);
    this.draw();
    [...this.table.querySelectorAll("[data-heading]")].find((one) => one.dataset.heading === key)?.focus();
  }
  toggle(key, group) {
    if (!this.open.delete(key)) this.open.add(key);
    this.rows.forget(key);
    const focused = document.activeElement?.classList.contains("opener");
    this.store.set({ kernel: group }, this);
    this.draw();
    if (focused) this.rowFor(key)?.querySelector(".opener").focus({ preventScroll: true });
  }
  rowFor(key) {
    return [...this.table.querySelectorAll("tr[data-key]")].find((row) => row.dataset.key === key);
  }
  showAll() {
    this.limit = Infinity;
    this.draw();
  }
  update(state, lens, changed, origin) {
    if (this.query.value !== state.filter) this.query.value = state.filter;
    this.part("by").value = this.by();
    if (changed.includes("by")) this.unfolded.clear();
    if (changed.some((name) => ["filter", "range", "sort", "by", "columns", "finding"].includes(name))) this.draw();
    if (changed.includes("kernel")) this.mark(state.kernel, origin !== this, changed.includes("filter"));
  }
  // Marks the rows of a group; chosen elsewhere, its row is also brought into view.
  mark(group, reveal, filtered) {
    if (reveal && group >= 0) this.reach(group, filtered);
    for (const row of this.table.querySelectorAll("tr.chosen")) row.classList.remove("chosen");
    for (const row of this.table.querySelectorAll(`tr[data-group="${group}"]`)) row.classList.add("chosen");
    if (reveal && group >= 0) this.table.querySelector("tr.chosen")?.scrollIntoView({ block: "center" });
  }
  reach(group, filtered) {
    if (!this.store.lens.shown[group] && !filtered) this.store.set({ filter: "", range: null });
    const heading = this.by() && this.headings().find(({ parts }) => parts.some((part) => part.group === group));
    const folded = heading && !this.unfolded.has("heading:" + heading.name);
    if (folded) this.unfolded.add("heading:" + heading.name);
    const drawn = this.rows.items.find(({ part }) => part?.group === group);
    if (!drawn && !folded && !this.by()) this.limit = Infinity;
    if (!drawn) this.draw();
    const item = drawn || this.rows.items.find(({ part }) => part?.group === group);
    if (item) this.rows.reveal(item.key);
  }
  // Moves the chosen row; returns whether there was one to move to.
  step(by) {
    const parts = this.rows.items.filter(({ part }) => part);
    const at = parts.findIndex(({ part, key }) => part.group === this.store.state.kernel && (!this.at || key === this.at || !parts.some((one) => one.key === this.at)));
    const next = parts[at < 0 ? (by > 0 ? 0 : parts.length - 1) : at + by];
    if (!next) return false;
    this.at = next.key;
    this.store.set({ kernel: next.part.group }, this);
    this.rows.reveal(next.key);
    const row = this.rowFor(next.key);
    row?.querySelector(".opener").focus({ preventScroll: true });
    row?.scrollIntoView({ block: "nearest" });
    return true;
  }
  // Undoes the closest thing: an opened row, then what is chosen, then what is filtered.
  back() {
    const { state } = this.store;
    const key = document.activeElement?.closest("tr[data-key]")?.dataset.key ?? [...this.open].at(-1);
    if (key !== undefined && this.open.has(key)) this.toggle(key, state.kernel);
    else if (state.kernel >= 0) this.store.set({ kernel: -1 }, this);
    else if (state.finding) this.store.set({ finding: "" }, this);
    else if (state.range) this.store.set({ range: null }, this);
    else if (state.filter) this.store.set({ filter: "" }, this);
  }
  print(begins) {
    // Chromium leaves sheets empty where rows are added now: what is listed is what is printed.
    this.rows.everything = begins;
    if (begins) this.rows.show(this.items().slice(0, Math.min(KernelTable.MOST_PRINTED, this.limit)));
    else this.draw();
  }
  copied() {
    const parts = this.by() ? this.rows.items.filter(({ part }) => part).map(({ part }) => part) : this.found();
    return parts.slice(0, KernelTable.MOST_COPIED);
  }
  markdown() {
    const headings = Object.fromEntries(this.heads.map((head) => [head.dataset.column, head.textContent]));
    const parts = this.copied();
    return asMarkdown(parts.length ? parts : this.found().slice(0, KernelTable.MOST_COPIED), this.visible(), this.groups, headings);
  }
  csv() {
    return asCsv(this.found().map(({ group }) => group), this.groups);
  }
}
