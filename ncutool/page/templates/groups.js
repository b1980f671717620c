// The groups of launches of one view: columns as the page carries them, read by row.
const WORDS = JSON.parse(document.getElementById("words").textContent);
const SHORT_BOUNDS = WORDS.bounds;
const SOURCES = WORDS.sources;

class Groups {
  constructor(data, launches) {
    this.size = data.count;
    this.texts = data.texts;
    this.columns = data.columns;
    this.launches = launches;
  }
  number(name, group) {
    const column = this.columns[name];
    return column ? column[group] : null;
  }
  text(name, group) {
    const column = this.columns[name];
    return column && column[group] >= 0 ? this.texts[column[group]] : "";
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
    return this.number("timed", group) ? this.number("duration_ns", group) : null;
  }
  summary(group) {
    return [
      ["time", time(this.timed(group)) + " in " + counted(this.number("launches", group), "launch", "launches")],
      ["bound", (SHORT_BOUNDS[this.text("bound", group)] || this.text("bound", group)) + ": " + this.text("bound_reason", group)],
      ["FLOP/byte", known(this.number("intensity_flop_per_byte", group)) && significant(this.number("intensity_flop_per_byte", group))],
      ["achieved", this.rates(group)],
      ["attainable", this.attainable(group)],
      ["speed of light", this.limits(group)],
      ["figures from", this.origins(group)],
      ["flag", this.text("flag", group)],
    ];
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
    const of = counted(this.number("counted", group), "launch", "launches");
    return scaled(flops, "FLOP") + " and " + scaled(this.number("dram_bytes", group), "B") + " in " + of;
  }
}
