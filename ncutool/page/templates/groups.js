// The groups of launches of one view: columns as the page carries them, read by row.
const WORDS = JSON.parse(document.getElementById("words").textContent);
const SHORT_BOUNDS = WORDS.bounds;
const SOURCES = WORDS.sources;
const LOOKS = WORDS.looks; // by bound: color, shape, texture

// Columns come short (kernels.py, _packed): in a power of ten, or as places in a list of values.
const DIGITS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
function unpack(column) {
  if (typeof column === "number") return column;
  if (Array.isArray(column)) return column;
  if (column.s !== undefined) return Array.from(column.s, (digit) => column.of[DIGITS.indexOf(digit)]);
  if (column.of) return column.at.map((i) => (i < 0 ? null : column.of[i]));
  const factor = 10 ** column.e;
  return column.v.map((value) => (value === null ? null : value * factor));
}
// Where each run begins whose lengths are given.
function sums(counts) {
  let at = 0;
  return counts.map((length) => {
    at += length;
    return at - length;
  });
}
function unpackAll(columns) {
  return Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, unpack(column)]));
}

const shortBoundOf = (bound) => SHORT_BOUNDS[bound] || bound;
// A bound in few words, with the memory level or the pipe where it is known.
function shortBound(groups, group) {
  const bound = groups.text("bound", group);
  const level = groups.text("level", group);
  return shortBoundOf(bound) + (level ? ": " + level : "");
}
function icon(bound) {
  const look = LOOKS[bound] || LOOKS.unknown;
  const drawn = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  drawn.setAttribute("class", "ic k-" + kebab(bound));
  drawn.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", "#s-" + look.shape);
  drawn.append(use);
  return drawn;
}

class Groups {
  constructor(data, launches, explained, findings = [], within = null) {
    this.explained = explained;
    this.within = within;
    this.findings = findings;
    this.size = data.count;
    this.columns = unpackAll(data.columns);
    this.of = data.of;
    this.texts = unpackAll(data.texts);
    this.units = data.units;
    this.parts = data.parts;
    this.shownAtFirst = data.shown;
    this.haystacks = [];
    this.launches = { ...launches, columns: unpackAll(launches.columns), first: sums(launches.counts) };
    const { columns } = this;
    this.total = data.total_ns;
    this.longest = columns.duration_ns?.[0] || 0;
    if (columns.duration_ns) columns.share_pct = columns.duration_ns.map((ns, group) => (this.total > 0 && this.timed(group) !== null ? (100 * ns) / this.total : null));
    if (columns.intensity_flop_per_byte) columns.flop = columns.intensity_flop_per_byte.map((value, i) => (known(value) ? value * columns.dram_bytes[i] : null));
    this.concerning = Array.from({ length: this.size }, () => []);
    this.tagged = Array.from({ length: this.size }, () => []);
    for (const finding of findings) for (const group of finding.groups) {
      this.concerning[group]?.push(finding);
      // One that concerns most of many rows tells no row from another.
      if (this.size <= 8 || 2 * finding.groups.length <= this.size) this.tagged[group]?.push(finding);
    }
  }
  number(name, group) {
    const column = this.columns[name];
    return column ? (column[group] ?? null) : null;
  }
  text(name, group) {
    const column = this.texts[name];
    if (column === undefined) return "";
    const place = typeof column === "number" ? column : column[group];
    return place >= 0 ? this.of[place] : "";
  }
  distinct(name) {
    const column = this.texts[name];
    if (column === undefined) return [];
    return [...new Set([column].flat())].filter((place) => place >= 0).map((place) => this.of[place]).sort();
  }
  findingsOf(group) {
    return this.concerning[group];
  }
  source(group) {
    const flop = this.text("flop_source", group);
    const bytes = this.text("bytes_source", group);
    return flop === bytes ? flop : flop + " / " + bytes;
  }
  title(group) {
    return this.text("name", group) + (this.text("detail", group) ? " " + this.text("detail", group) : "");
  }
  // What a plain word of the filter is looked for in.
  haystack(group) {
    this.haystacks[group] ??= ["name", "detail", "kernel", "full", "op", "family"].map((name) => this.text(name, group)).join(" ").toLowerCase();
    return this.haystacks[group];
  }
  timed(group) {
    return this.timedLaunches(group) ? this.number("duration_ns", group) : null;
  }
  timedLaunches(group) {
    return this.number(this.columns.timed ? "timed" : "launches", group); // absent: every launch is
  }
  each(group) {
    const total = this.timed(group);
    return total === null ? null : total / this.timedLaunches(group);
  }
  summary(group) {
    return [
      ["time", time(this.timed(group)) + " in " + counted(this.number("launches", group), "launch", "launches")],
      ["bound", shortBound(this, group) + this.reason(group)],
      ["FLOP/byte", known(this.number("intensity_flop_per_byte", group)) && significant(this.number("intensity_flop_per_byte", group))],
      ["achieved", this.rates(group)],
      ["attainable", this.attainable(group)],
      ["speed of light", this.limits(group)],
      ["figures from", this.origins(group)],
      ["flag", this.text("flag", group)],
    ];
  }
  reason(group) {
    const reason = this.text("bound_reason", group);
    const several = this.number("launches", group) > 1 ? " (its median launch)" : "";
    return reason ? ": " + reason + several : "";
  }
  rates(group) {
    const flops = this.number("achieved_flop_per_s", group);
    const bytes = this.number("achieved_bytes_per_s", group);
    return [known(flops) && scaled(flops, "FLOP/s"), known(bytes) && scaled(bytes, "B/s")].filter(Boolean).join(", ");
  }
  attainable(group) {
    const value = this.number("attainable_flop_per_s", group);
    const share = this.number("roofline_pct", group);
    const parts = [];
    if (known(value) && value > 0) parts.push(scaled(value, "FLOP/s"));
    if (known(share)) parts.push(percent(share) + " reached");
    return parts.join(", ");
  }
  limits(group) {
    const sm = this.number("sm_sol_pct", group);
    const memory = this.number("memory_sol_pct", group);
    if (!known(sm) && !known(memory)) return "";
    const others = ["dram", "l2", "l1"]
      .map((name) => [name.toUpperCase(), this.number(name + "_sol_pct", group)])
      .filter(([, value]) => known(value))
      .map(([name, value]) => name + " " + percent(value));
    return ["compute " + percent(sm), "memory " + percent(memory), ...others].join(", ");
  }
  work(group) {
    const flops = this.number("flop", group);
    if (!known(flops)) return "";
    const of = counted(this.number(this.columns.counted ? "counted" : "launches", group), "launch", "launches");
    return scaled(flops, "FLOP") + " and " + scaled(this.number("dram_bytes", group), "B") + " in " + of;
  }
  origins(group) {
    const say = (kind) => SOURCES[kind] || kind;
    return "FLOPs: " + say(this.text("flop_source", group)) + "; bytes: " + say(this.text("bytes_source", group));
  }
}
