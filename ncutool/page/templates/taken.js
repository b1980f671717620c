// What readers take with them: rows as Markdown, as CSV, and addresses.
const markdownSafe = (text) => text
  .replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;")
  .replace(/[\\`*[\]|~$]/g, "\\$&")
  .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, "\\_")
  .replace(/:\/\//g, "&#58;//").replace(/www\./g, "www&#46;")
  .replace(/^(\s*)(#|=|[+-](?=\s|$)|-{3})/, "$1\\$2").replace(/^(\s*\d+)([.)])(?=\s|$)/, "$1\\$2");
const guardCell = (text) => (/^[=+\-@\t\r\n＝＋－＠]/.test(text) ? "'" + text : text);
const csvCell = (value) => {
  const text = typeof value === "number" ? String(value) : guardCell(value ?? "");
  return /[",\n\r]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
};

// The first rows as they stand in the table, with its visible columns.
function asMarkdown(parts, columns, groups, headings) {
  const words = ["name", ...columns];
  const line = (cells) => "| " + cells.join(" | ") + " |";
  const rows = parts.map((part) => line(words.map((name) => {
    if (name === "name") return markdownSafe(groups.title(part.group));
    return markdownSafe(cellText(name, groups, part.value(name, groups)));
  })));
  const rule = words.map((name) => (WORDS_COLUMNS.includes(name) ? "---" : "---:"));
  return [line(words.map((name) => markdownSafe(headings[name]))), line(rule), ...rows].join("\n") + "\n";
}

// Every matching group with its figures in base units, as the page carries them.
function asCsv(found, groups) {
  const texts = ["name", "detail", "op", "kernel", "dtype", "grid", "bound", "flop_source", "bytes_source", "missing_reason"].filter((name) => groups.texts[name] !== undefined);
  const figures = ["launches", "duration_ns", "share_pct", "flop", "dram_bytes", "intensity_flop_per_byte", "achieved_flop_per_s",
    "achieved_bytes_per_s", "attainable_flop_per_s", "roofline_pct", "sm_sol_pct", "memory_sol_pct"].filter((name) => groups.columns[name]);
  const figure = (name, group) => (name === "duration_ns" ? groups.timed(group) : groups.number(name, group)) ?? "";
  const digits = (value) => (typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(7)) : value);
  const rows = found.map((group) => [...texts.map((name) => csvCell(groups.text(name, group))), ...figures.map((name) => csvCell(digits(figure(name, group))))]);
  return [[...texts, ...figures], ...rows].map((cells) => cells.join(",")).join("\r\n") + "\r\n";
}
function saveAs(name, text, kind) {
  const link = make("a", { download: name, href: URL.createObjectURL(new Blob([text], { type: kind })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
