// The cells of the kernel table as columns.py writes them, what each sorts by, and why one is not known.
const WORDS_COLUMNS = ["name", "dtype", "grid", "bound", "source"];
const bare = (value) => percent(value).replace(/ %$/, "");
const inUnit = ([size], value) => significant(known(value) ? value / size : null);
const KEYS = {
  name: (groups, i) => groups.title(i).toLowerCase(),
  launches: (groups, i) => groups.number("launches", i),
  each: (groups, i) => groups.each(i),
  time: (groups, i) => groups.timed(i),
  share: (groups, i) => groups.number("share_pct", i),
  flops: (groups, i) => groups.number("achieved_flop_per_s", i),
  bytes: (groups, i) => groups.number("achieved_bytes_per_s", i),
  intensity: (groups, i) => groups.number("intensity_flop_per_byte", i),
  roof: (groups, i) => groups.number("roofline_pct", i),
  compute: (groups, i) => groups.number("sm_sol_pct", i),
  memory: (groups, i) => groups.number("memory_sol_pct", i),
  dtype: (groups, i) => groups.text("dtype", i) || null,
  grid: (groups, i) => groups.text("grid", i) || null,
  bound: (groups, i) => shortBound(groups, i),
  source: (groups, i) => groups.source(i),
};
const CELL_TEXTS = {
  launches: (value) => count(value),
  each: (value, groups) => inUnit(groups.units.each, value),
  time: (value, groups) => inUnit(groups.units.time, value),
  share: bare,
  flops: (value, groups) => inUnit(groups.units.flops, value),
  bytes: (value, groups) => inUnit(groups.units.bytes, value),
  intensity: (value) => significant(value),
  roof: bare,
  compute: bare,
  memory: bare,
};
const cellText = (name, groups, value) => CELL_TEXTS[name]?.(value, groups) ?? (value || UNKNOWN);

function whyUnknown(name, groups, group) {
  const missing = groups.text("missing_reason", group) || groups.text("error", group);
  if (name === "each" || name === "time" || name === "share") return "no duration is recorded";
  if (name === "dtype") return "the data type is not recorded" + (missing ? ": " + missing : "");
  if (name === "grid") return "not recorded, or its launches differ";
  if (name === "compute" || name === "memory") return "the report does not hold it";
  if (missing) return missing;
  if (name === "flops" && known(groups.number("dram_bytes", group) ?? groups.number("achieved_bytes_per_s", group))) return "its FLOPs are not known, or it has none";
  if (name === "roof" || name === "intensity") return known(KEYS.flops(groups, group)) ? "no peak to hold it against, or no bytes" : "its FLOPs are not known, or it has none";
  return "not known";
}

// The part of a group's launches under one heading (a step, a range): its own time and launches; what
// is only known of all its launches together is not said of a part.
class PartOfGroup {
  static OWN = ["launches", "each", "time", "share"];
  static OF_NO_PART = ["flops", "bytes", "intensity", "roof", "compute", "memory"];
  constructor(group, launches, ns, groups) {
    Object.assign(this, { group, launches, ns });
    this.whole = launches === groups.number("launches", group);
  }
  value(name, groups) {
    if (!this.whole && PartOfGroup.OF_NO_PART.includes(name)) return null;
    if (this.whole || !PartOfGroup.OWN.includes(name)) return KEYS[name](groups, this.group);
    if (name === "launches") return this.launches;
    if (groups.timed(this.group) === null) return null;
    if (name === "each") return groups.timedLaunches(this.group) === groups.number("launches", this.group) ? this.ns / this.launches : null;
    return name === "time" ? this.ns : groups.total > 0 ? (100 * this.ns) / groups.total : null;
  }
  why(name, groups) {
    const all = KEYS[name](groups, this.group);
    if (this.whole || !known(all)) return whyUnknown(name, groups, this.group);
    return "known of all its " + count(groups.number("launches", this.group)) + " launches together only: " + cellText(name, groups, all);
  }
}

// A row of the table for a group, or for a part of one.
function tableRow(part, { groups, columns, viewId, open, chosen, lit }) {
  const { group } = part;
  const name = groups.text("name", group);
  const detail = groups.text("detail", group) || groups.text("missing_reason", group);
  const opener = make("button", { type: "button", class: "opener", "aria-expanded": String(open) }, make("b", {}, name), " ", make("span", {}, detail));
  const title = (name + " " + detail).trim();
  const first = make("td", { class: "c-name", title }, make("div", {}, opener, ...tags(groups, group, viewId)));
  const cells = columns.map((column) => tableCell(column, part, groups));
  const anchor = make("a", { class: "link", href: "#" + viewId + "-kernel-" + group, "data-link": "kernel=" + group, title: "Copy the address of this row", "aria-label": "Copy the address of " + title }, "#");
  const state = ["row", chosen && "chosen", lit && "lit"].filter(Boolean).join(" ");
  return make("tr", { id: part.whole ? viewId + "-kernel-" + group : null, "data-group": group, class: state }, first, ...cells, make("td", { class: "c-link" }, anchor));
}
function tags(groups, group, viewId) {
  const [first, ...rest] = groups.tagged[group];
  if (!first) return [];
  const all = [first, ...rest].map(({ id, action }) => id + ": " + action).join("; ");
  const tag = make("a", { class: "tag", href: "#" + viewId + "-finding-" + first.rank, "data-finding": first.id, title: all }, first.action);
  return rest.length ? [tag, make("i", { class: "more-tags", title: all }, "+" + rest.length)] : [tag];
}
function tableCell(name, part, groups) {
  const { group } = part;
  const value = part.value(name, groups);
  const text = cellText(name, groups, value);
  const attributes = { class: "c-" + name, title: text === UNKNOWN ? part.why(name, groups) : null };
  if (name === "bound") return make("td", { ...attributes, title: groups.text("bound_reason", group) || null }, icon(groups.text("bound", group)), text);
  if (name === "share") {
    const width = (100 * (part.value("time", groups) || 0)) / (groups.longest || 1);
    const bar = make("span", { class: "share-bar", "aria-hidden": "true" });
    if (width >= 0.05) bar.append(make("i", { class: "k-" + kebab(groups.text("bound", group)), style: "width:" + width.toFixed(1) + "%" }));
    return make("td", attributes, bar, make("span", {}, text));
  }
  if (name === "roof" && known(value)) {
    if (value > 100) attributes.class += " above";
    else if (value < 40) attributes.class += " low";
    attributes.title = groups.text("flag", group) || null;
  }
  return make("td", attributes, text);
}
