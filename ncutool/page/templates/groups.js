// The groups of launches of one view: columns as the page carries them, read by row.
const WORDS = JSON.parse(document.getElementById("words").textContent);
const SHORT_BOUNDS = WORDS.bounds;
const SOURCES = WORDS.sources;
const LOOKS = WORDS.looks; // by bound: color, shape, texture

// Columns come short (kernels.py, _packed): in a power of ten, or as places in a list of values.
function unpack(column) {
  if (Array.isArray(column)) return column;
  if (column.of) return column.at.map((i) => (i < 0 ? null : column.of[i]));
  const factor = 10 ** column.e;
  return column.v.map((value) => (value === null ? null : value * factor));
}
function unpackAll(columns) {
  return Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, unpack(column)]));
}

class Groups {
  constructor(data, launches, explained) {
    this.explained = explained;
    this.size = data.count;
    this.columns = unpackAll(data.columns);
    this.launches = { ...launches, columns: unpackAll(launches.columns) };
    const { columns } = this;
    const total = data.total_ns;
    this.longest = columns.duration_ns[0];
    columns.share_pct = columns.duration_ns.map((ns) => (total > 0 ? (100 * ns) / total : null));
    if (columns.intensity_flop_per_byte) columns.flop = columns.intensity_flop_per_byte.map((value, i) => (known(value) ? value * columns.dram_bytes[i] : null));
    let id = 0;
    this.launches.columns.id = launches.columns.step.map((step, i) => {
      id += step;
      return id;
    });
  }
  number(name, group) {
    const column = this.columns[name];
    return column ? column[group] : null;
  }
  text(name, group) {
    return this.columns[name]?.[group] || "";
  }
  source(group) {
    const flop = this.text("flop_source", group);
    const bytes = this.text("bytes_source", group);
    return flop === bytes ? flop : flop + " / " + bytes;
  }
  title(group) {
    return this.text("name", group) + (this.text("detail", group) ? " " + this.text("detail", group) : "");
  }
  haystack(group) {
    const names = ["name", "detail", "kernel", "full", "op", "bound", "dtype", "family", "sol_class"];
    return names.map((name) => this.text(name, group)).join(" ").toLowerCase();
  }
  timed(group) {
    const timed = this.columns.timed ? this.number("timed", group) : 1; // absent: every launch is
    return timed ? this.number("duration_ns", group) : null;
  }
  summary(group) {
    return [
      ["time", time(this.timed(group)) + " in " + counted(this.number("launches", group), "launch", "launches")],
      ["bound", (SHORT_BOUNDS[this.text("bound", group)] || this.text("bound", group)) + this.reason(group)],
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
  origins(group) {
    const say = (kind) => SOURCES[kind] || kind;
    return "FLOPs: " + say(this.text("flop_source", group)) + "; bytes: " + say(this.text("bytes_source", group));
  }
  details(group) {
    const peak = this.number("peak_flop_per_s", group);
    const bandwidth = this.number("peak_bytes_per_s", group);
    const roof = this.text("roof", group);
    const low = this.number("roofline_min_pct", group);
    const high = this.number("roofline_max_pct", group);
    const several = this.number("launches", group) > 1;
    return [
      ["kernel", this.text("full", group) || this.text("kernel", group)],
      ["operator", [this.text("op", group), this.text("dtype", group)].filter(Boolean).join(", ")],
      ["class", this.text("sol_class", group)],
      ...this.summary(group),
      ["range", several && known(low) && low !== high ? percent(low) + " to " + percent(high) + " of attainable" : ""],
      ["roof", known(peak) && known(bandwidth) ? roof + " " + scaled(peak, "FLOP/s") + ", " + scaled(bandwidth, "B/s") + "; ridge " + significant(peak / bandwidth) + " FLOP/byte" : ""],
      ["work", this.work(group)],
      ["missing", this.text("missing_reason", group)],
      ["remark", this.text("remark", group)],
      ["error", this.text("error", group)],
    ];
  }
  work(group) {
    const flops = this.number("flop", group);
    if (!known(flops)) return "";
    const of = counted(this.number(this.columns.counted ? "counted" : "launches", group), "launch", "launches");
    return scaled(flops, "FLOP") + " and " + scaled(this.number("dram_bytes", group), "B") + " in " + of;
  }
}
