// What an opened row shows: how far it reaches, how its figures come about, its launches, its full name.
function openedRow(groups, group, span) {
  const left = make("div", {}, ...headOf(groups, group), ...gauges(groups, group), ...told(groups, group), ...launchesOf(groups, group), fullName(groups, group));
  const right = explanation(groups.explained, group) || make("p", { class: "note" }, "How its figures come about: ", make("code", {}, "ncutool explain"), " tells it of every launch.");
  return make("tr", { class: "more k-" + kebab(groups.text("bound", group)), "data-more": group }, make("td", { colspan: span }, make("div", { class: "inside" }, within(groups.within?.[group]) || "", left, right)));
}
function headOf(groups, group) {
  const share = groups.number("roofline_pct", group);
  const word = shortBound(groups, group);
  const launches = counted(groups.number("launches", group), "launch", "launches");
  const reached = known(share) ? percent(share) + " of its roof over " + launches : launches;
  return [make("h4", {}, icon(groups.text("bound", group)), word[0].toUpperCase() + word.slice(1) + " · " + reached)];
}
function gauges(groups, group) {
  const bars = [];
  const flops = groups.number("achieved_flop_per_s", group);
  const bytes = groups.number("achieved_bytes_per_s", group);
  const [peak, bandwidth] = [groups.number("peak_flop_per_s", group), groups.number("peak_bytes_per_s", group)];
  if (known(flops) && flops > 0 && peak > 0) bars.push(gauge(groups.text("roof", group) || "compute", flops, peak, "FLOP/s", "compute", best(groups, "achieved_flop_per_s", (other) => groups.text("roof", other) === groups.text("roof", group))));
  if (known(bytes) && bandwidth > 0) bars.push(gauge("DRAM", bytes, bandwidth, "B/s", "memory", best(groups, "achieved_bytes_per_s", (other) => groups.number("peak_bytes_per_s", other) === bandwidth)));
  for (const [name, column, kind] of [["compute", "sm_sol_pct", "compute"], ["memory", "memory_sol_pct", "memory"]]) {
    const value = groups.number(column, group);
    if (known(value)) bars.push(gauge(name + " speed of light", value, 100, "", kind, best(groups, column, () => true)));
  }
  if (!bars.length) return [];
  const [low, high] = [groups.number("roofline_min_pct", group), groups.number("roofline_max_pct", group)];
  const range = known(low) && known(high) ? "Its launches reach from " + percent(low) + " to " + percent(high) + " of their roof." : "";
  const ticked = bars.some(([, bar]) => bar.querySelector("u")) ? "The tick is the best that a kernel of this capture reached. " : "";
  return [make("div", { class: "gauges" }, ...bars.flat()), make("p", { class: "note" }, ticked + range)];
}
// The best rate of the rows here; a figure that is flagged as implausible is none.
function best(groups, column, alike) {
  let most = 0;
  for (let group = 0; group < groups.size; group += 1) {
    const value = groups.number(column, group);
    if (known(value) && value > most && alike(group) && !groups.text("flag", group) && !["copy", "communication"].includes(groups.text("bound", group))) most = value;
  }
  return most;
}
function gauge(name, value, peak, unit, kind, most) {
  const write = (number) => (unit ? scaled(number, unit) : percent(number));
  const share = (number) => Math.min(100, (100 * number) / peak).toFixed(1) + "%";
  const label = make("span", {}, name + " ", make("b", {}, write(value)), " of " + write(peak));
  const bar = make("span", { class: "gauge", "aria-hidden": "true" }, make("i", { class: "k-" + kind, style: "width:" + share(value) }));
  if (most > 0) bar.append(make("u", { style: "left:" + share(most), title: "best here: " + write(most) }));
  return [label, bar];
}
function told(groups, group) {
  const unknown = ["flops", "bytes", "roof"].filter((name) => groups.shownAtFirst.includes("roof") && !known(KEYS[name](groups, group)));
  const words = { flops: "FLOPs", bytes: "bytes", roof: "share of its roof" };
  const why = [...new Set(unknown.map((name) => whyUnknown(name, groups, group)))].join("; ");
  return [pairs([
    ["not known", unknown.length ? unknown.map((name) => words[name]).join(", ") + ": " + why : ""],
    ["bound", groups.reason(group).replace(/^: /, "")],
    ["operator", [groups.text("op", group), groups.text("dtype", group)].filter(Boolean).join(", ")],
    ["grid / block", groups.text("grid", group)],
    ["class", groups.text("sol_class", group)],
    ["speed of light", groups.limits(group)],
    ["work", groups.work(group)],
    ["figures from", groups.origins(group)],
    ["flag", groups.text("flag", group)],
    ["remark", groups.text("remark", group)],
    ["error", groups.text("error", group)],
  ])];
}
function launchesOf(groups, group) {
  const { counts, first, columns, kinds } = groups.launches;
  const [start, length, total] = [first[group] ?? 0, counts[group] ?? 0, groups.number("launches", group)];
  if (!length) return [make("p", { class: "note" }, groups.timed(group) === null ? "No duration is recorded of its launches." : "Its launches are not listed singly on this page; ", groups.timed(group) === null ? "" : make("code", {}, "ncutool kernels"), groups.timed(group) === null ? "" : " has them all.")];
  const heads = ["launch", "time"];
  const cells = [(i) => count(columns.id[i]), (i) => time(columns.duration_ns[i])];
  const add = (name, title, write) => {
    if (!columns[name]) return;
    heads.push(title);
    cells.push((i) => write(columns[name][i]));
  };
  add("start_ns", "start", time);
  add("stream", "stream", (value) => (known(value) ? String(value) : UNKNOWN));
  add("roofline_pct", "of its roof", percent);
  add("bound", "bound", (value) => SHORT_BOUNDS[kinds[value]] || kinds[value]);
  const rows = Array.from({ length }, (_, i) => make("tr", {}, ...cells.map((write) => make("td", {}, write(start + i)))));
  const table = make("table", { class: "small" }, make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))), make("tbody", {}, ...rows));
  const title = length < total ? "The " + count(length) + " longest of " + counted(total, "launch", "launches") : counted(total, "launch", "launches");
  return [make("details", { class: "launches", open: total <= 8 }, make("summary", {}, title), make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": title }, table))];
}
function fullName(groups, group) {
  const name = groups.text("full", group) || groups.text("kernel", group);
  const cut = name.includes("…") ? "This name is cut to fit the page." : "";
  return make("p", { class: "full" }, make("code", {}, name), " ", make("button", { type: "button", "data-copy-text": name, "aria-label": "Copy the kernel's name", title: cut || null }, "Copy"));
}
