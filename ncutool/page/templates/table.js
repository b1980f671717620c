// The kernel table: sorting, filtering, expanding, copying.
class KernelTable {
  static FIRST = 25;
  constructor(view, groups, store) {
    this.groups = groups;
    this.store = store;
    this.root = view.querySelector(".kernels");
    this.body = this.root.querySelector("table.main tbody");
    this.shown = this.root.querySelector("[data-shown]");
    this.allButton = this.root.querySelector("[data-all]");
    this.filter = this.root.querySelector("[data-filter]");
    this.places = [...this.root.querySelectorAll("th[data-place]")].map((heading) => heading.dataset.sort);
    this.sortBy = "duration_ns";
    this.descending = true;
    this.limit = KernelTable.FIRST;
    this.open = new Set();
    this.chosen = -1;
    this.root.querySelector(".tools").hidden = false;
    this.filter.addEventListener("input", () => store.set({ filter: this.filter.value }, this));
    this.root.querySelector("[data-copy]").addEventListener("click", (event) => this.copy(event.currentTarget));
    this.allButton.addEventListener("click", () => {
      this.limit = Infinity;
      this.draw();
    });
    for (const heading of this.root.querySelectorAll("th[data-sort]")) this.makeSortable(heading);
    this.body.addEventListener("click", (event) => this.clicked(event));
    this.draw();
  }
  makeSortable(heading) {
    const button = make("button", { type: "button" }, heading.textContent);
    heading.replaceChildren(button);
    button.addEventListener("click", () => {
      const name = heading.dataset.sort;
      const words = ["name", "bound", "source"].includes(name);
      this.descending = this.sortBy === name ? !this.descending : !words;
      this.sortBy = name;
      for (const other of this.root.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", this.descending ? "descending" : "ascending");
      this.draw();
    });
  }
  key(group) {
    if (this.sortBy === "name") return this.groups.title(group).toLowerCase();
    if (this.sortBy === "bound") return this.groups.text("bound", group);
    if (this.sortBy === "source") return this.groups.source(group);
    if (this.sortBy === "duration_ns") return this.groups.timed(group);
    return this.groups.number(this.sortBy, group);
  }
  found() {
    const all = Array.from({ length: this.groups.size }, (_, group) => group);
    const kept = all.filter((group) => this.store.lens.shown[group]);
    const sign = this.descending ? -1 : 1;
    const keys = new Map(kept.map((group) => [group, this.key(group)]));
    return kept.sort((a, b) => {
      const [x, y] = [keys.get(a), keys.get(b)];
      const [without, within] = [x === null || x === undefined, y === null || y === undefined];
      if (without || within) return without - within || a - b; // unknowns last, either way
      return (x < y ? -sign : x > y ? sign : 0) || a - b;
    });
  }
  draw() {
    const found = this.found();
    const rows = found.slice(0, this.limit);
    this.body.replaceChildren(...rows.flatMap((group) => this.rows(group)));
    const total = counted(this.groups.size, "group", "groups");
    const time_ = found.reduce((sum, group) => sum + (this.groups.number("duration_ns", group) || 0), 0);
    this.shown.textContent =
      (found.length === this.groups.size ? total : count(found.length) + " of " + total) +
      " of the same kernel, operator and shapes, " + time(time_) + " in all. Open a row for every figure and its launches.";
    const left = found.length - rows.length;
    this.allButton.hidden = left <= 0;
    this.allButton.textContent = "Show " + count(left) + " more";
  }
  rows(group) {
    const open = this.open.has(group);
    return open ? [this.row(group, true), this.more(group)] : [this.row(group, false)];
  }
  row(group, open) {
    const { groups } = this;
    const share = groups.number("share_pct", group);
    const bound = groups.text("bound", group);
    const name = make(
      "button",
      { type: "button", "aria-expanded": String(open) },
      make("b", {}, groups.text("name", group)), " ", make("span", {}, groups.text("detail", group)),
    );
    const bar = make("span", { class: "bar", "aria-hidden": "true" }, make("i", { style: "width:" + (100 * groups.number("duration_ns", group)) / (groups.longest || 1) + "%" }));
    const cells = [
      make("td", { class: "k" }, name),
      make("td", {}, count(groups.number("launches", group))),
      make("td", {}, time(groups.timed(group))),
      make("td", {}, bar, make("span", { class: "share" }, percent(share))),
      ...this.places.map((name) => this.place(name, group)),
      make("td", {}, make("i", { class: "dot k-" + kebab(bound), "aria-hidden": "true" }), SHORT_BOUNDS[bound] || bound),
      make("td", { class: "source" }, groups.source(group)),
    ];
    return make("tr", { "data-group": group, class: group === this.chosen ? "chosen" : null }, ...cells);
  }
  place(name, group) {
    const value = this.groups.number(name, group);
    if (name === "intensity_flop_per_byte") return make("td", {}, significant(value));
    const marked = name === "roofline_pct" && known(value);
    const mark = marked ? (value > 100 ? "above" : value < 40 ? "low" : "") : "";
    return make("td", { class: mark, title: (marked && this.groups.text("flag", group)) || null }, percent(value));
  }
  more(group) {
    const cell = make("td", { colspan: 8 }, ...this.inside(group, 50));
    return make("tr", { class: "more", "data-more": group }, cell);
  }
  inside(group, most) {
    return [pairs(this.groups.details(group)), ...explanation(this.groups.explained, group), ...this.launches(group, most)];
  }
  launches(group, most) {
    const { ends, columns, kinds } = this.groups.launches;
    const first = group ? ends[group - 1] : 0;
    const end = ends[group];
    const total = this.groups.number("launches", group);
    if (!(end > first)) return [make("p", { class: "note" }, "Its launches are too short to be listed singly on this page.")];
    const heads = ["launch", "time"];
    const cells = [(i) => count(columns.id[i]), (i) => time(columns.duration_ns[i])];
    const add = (name, title, write) => {
      if (!columns[name]) return;
      heads.push(title);
      cells.push((i) => write(columns[name][i]));
    };
    add("start_ns", "start", time);
    add("stream", "stream", (value) => (known(value) ? String(value) : UNKNOWN));
    add("roofline_pct", "of attainable", percent);
    add("bound", "bound", (value) => SHORT_BOUNDS[kinds[value]] || kinds[value]);
    add("nvtx", "range", (value) => value || "");
    const body = make("tbody");
    const last = Math.min(end, first + most);
    for (let i = first; i < last; i += 1) body.append(make("tr", {}, ...cells.map((write) => make("td", {}, write(i)))));
    const table = make("table", { class: "small" }, make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))), body);
    const parts = [make("div", { class: "scroll", tabindex: 0 }, table)];
    if (last < end) {
      const button = make("button", { type: "button", "data-launches": group }, "Show " + count(end - last) + " more launches");
      parts.push(make("p", { class: "note" }, button));
    } else if (end - first < total) {
      parts.push(make("p", { class: "note" }, "The other " + count(total - (end - first)) + " are shorter and not listed on this page."));
    }
    return parts;
  }
  clicked(event) {
    const launches = event.target.closest("[data-launches]");
    if (launches) {
      const group = Number(launches.dataset.launches);
      launches.closest("td").replaceChildren(...this.inside(group, Infinity));
      return;
    }
    const row = event.target.closest("tr[data-group]");
    if (!row || !getSelection().isCollapsed) return;
    const group = Number(row.dataset.group);
    this.toggle(group, !this.open.has(group));
    this.store.set({ kernel: group }, this);
  }
  toggle(group, open) {
    const row = this.body.querySelector(`tr[data-group="${group}"]`);
    if (!row) return;
    row.querySelector("button").setAttribute("aria-expanded", String(open));
    if (open) {
      this.open.add(group);
      row.after(this.more(group));
    } else {
      this.open.delete(group);
      this.body.querySelector(`tr[data-more="${group}"]`)?.remove();
    }
  }
  update(state, lens, changed, origin) {
    if (changed.includes("filter") || changed.includes("range")) {
      if (this.filter.value !== state.filter) this.filter.value = state.filter;
      this.draw();
    }
    if (changed.includes("kernel")) this.mark(state.kernel, origin !== this);
  }
  // Marks the row of a group; from elsewhere it is also brought into view.
  mark(group, reveal) {
    this.chosen = group;
    if (reveal && group >= 0 && !this.body.querySelector(`tr[data-group="${group}"]`)) {
      this.store.set({ filter: "" });
      this.limit = Math.max(this.limit, this.found().indexOf(group) + 1);
      this.draw();
    }
    for (const row of this.body.querySelectorAll("tr.chosen")) row.classList.remove("chosen");
    const row = this.body.querySelector(`tr[data-group="${group}"]`);
    row?.classList.add("chosen");
    if (reveal) row?.scrollIntoView({ block: "center" });
  }
  tsv() {
    const numbers = ["launches", "duration_ns", "share_pct", "flop", "dram_bytes", "intensity_flop_per_byte",
      "achieved_flop_per_s", "achieved_bytes_per_s", "attainable_flop_per_s", "roofline_pct", "sm_sol_pct", "memory_sol_pct"]
      .filter((name) => this.groups.columns[name]);
    const names = ["op", "kernel", "detail", "dtype", "bound", "flop_source", "bytes_source"];
    const safe = (text) => (/^[=+\-@＝＋－＠]/.test(text) ? "'" + text : text).replace(/[\t\r\n]/g, " ");
    const lines = this.found().map((group) => [
      ...names.map((name) => safe(this.groups.text(name, group))),
      ...numbers.map((name) => this.groups.number(name, group) ?? ""),
    ].join("\t"));
    return [[...names, ...numbers].join("\t"), ...lines].join("\n") + "\n";
  }
  async copy(button) {
    const label = button.textContent;
    const text = this.tsv();
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = make("textarea", { style: "position:fixed;opacity:0" }, text);
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = label), 1500);
  }
}
