// What a report knows of the inside of a kernel: why it takes as long, question by question; bars
// of what warps wait for, occupancy, caches and pipes; hot instructions; what NVIDIA's rules said.
function within(found) {
  if (!found || !found.path.length) return null;
  const title = "Why it takes as long (launch " + count(found.launch) + ", the median of its group)";
  const path = make("dl", { class: "steps path" });
  for (const [question, answer] of found.path) path.append(make("dt", {}, question), make("dd", {}, ...coded(answer)));
  const bars = make("div", { class: "insides" }, ...found.bars.map(([name, each]) => barsOf(name, each)));
  return make("div", { class: "within" }, make("h4", {}, title), bars, path, ...hotOf(found.hot), ...rulesOf(found.rules));
}
// Text with what stands between backticks drawn as code; an odd one out is kept as it is.
function coded(text) {
  const parts = text.split("`");
  if (parts.length % 2 === 0) return [text];
  return parts.map((part, i) => (i % 2 ? make("code", {}, part) : part));
}
function barsOf(name, bars) {
  const drawn = bars.map(([label, pct, kind, words]) => [
    make("span", {}, label + " ", make("b", {}, words)),
    make("span", { class: "gauge", "aria-hidden": "true" }, make("i", { class: "k-" + kind, style: "width:" + pct + "%" })),
  ]);
  return make("div", {}, make("h5", {}, name), make("div", { class: "gauges" }, ...drawn.flat()));
}
function hotOf(rows) {
  if (!rows.length) return [];
  const heads = ["samples", "instruction", "waits for", "line", "its operand is that of"];
  const kept = heads.map((head, i) => i).filter((i) => rows.some((row) => row[i]));
  const head = make("tr", {}, ...kept.map((i) => make("th", { scope: "col" }, heads[i])));
  const cell = (row, i) => make("td", {}, row[i] && (i === 1 || i === 4) ? make("code", {}, row[i]) : row[i]);
  const body = rows.map((row) => make("tr", {}, ...kept.map((i) => cell(row, i))));
  const table = make("table", { class: "small words" }, make("thead", {}, head), make("tbody", {}, ...body));
  return [make("details", { open: true }, make("summary", {}, "Hot instructions"), make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Hot instructions" }, table))];
}
function rulesOf(rules) {
  if (!rules.length) return [];
  const list = make("dl", { class: "steps" });
  for (const [name, estimate, text] of rules) list.append(make("dt", {}, name), make("dd", {}, estimate ? make("b", {}, estimate + ". ") : "", text));
  return [make("details", {}, make("summary", {}, "What NVIDIA's rules printed (" + count(rules.length) + "; their estimates do not add up)"), list)];
}
