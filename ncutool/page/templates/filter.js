// The filter language: `time>1ms bound:memory,compute op:mm -copy "two words"`. Text becomes terms, each
// with a test of one group; a term that cannot be read is told of and left out, so that a half-written
// one does not empty the table.
const COMPARES = { ">": (a, b) => a > b, ">=": (a, b) => a >= b, "<": (a, b) => a < b, "<=": (a, b) => a <= b, "=": (a, b) => a === b };
const DURATIONS = { ns: 1, us: 1e3, "µs": 1e3, "μs": 1e3, ms: 1e6, s: 1e9 };
const PERCENT = { "": 1, "%": 1 };

// Of each number that can be compared: what it is of a group, and what its units stand for. A duration
// without a unit is in that of the table's head.
const MEASURES = {
  time: { value: (groups, i) => groups.timed(i), units: DURATIONS, head: "time", example: "time>1ms" },
  each: { value: (groups, i) => groups.each(i), units: DURATIONS, head: "each", example: "each<5us" },
  share: { value: (groups, i) => groups.number("share_pct", i), units: PERCENT, example: "share>5%" },
  launches: { value: (groups, i) => groups.number("launches", i), units: { "": 1, k: 1e3 }, example: "launches>=10" },
  roof: { value: (groups, i) => groups.number("roofline_pct", i), units: PERCENT, example: "roof<40%" },
  compute: { value: (groups, i) => groups.number("sm_sol_pct", i), units: PERCENT, example: "compute>60%" },
  memory: { value: (groups, i) => groups.number("memory_sol_pct", i), units: PERCENT, example: "memory>60%" },
  tflops: { value: (groups, i) => scaledDown(groups.number("achieved_flop_per_s", i), 1e12), units: { "": 1 }, example: "tflops>100" },
  gbs: { value: (groups, i) => scaledDown(groups.number("achieved_bytes_per_s", i), 1e9), units: { "": 1 }, example: "gbs>1000" },
  intensity: { value: (groups, i) => groups.number("intensity_flop_per_byte", i), units: { "": 1 }, example: "intensity<10" },
};
const scaledDown = (value, unit) => (known(value) ? value / unit : null);
const plainWord = (text) => text.toLowerCase().replace(/[-_\s]+/g, " ").trim();
const startsWith = (text, wanted) => plainWord(text).startsWith(wanted);

// Of each text that can be asked for: what it is of a group, how it must match, and, where only a few
// values make sense, what these are.
const FACTS = {
  bound: { values: (groups, i) => [groups.text("bound", i), shortBound(groups, i)], match: startsWith, all: () => Object.keys(SHORT_BOUNDS).filter((name) => name !== "idle"), example: "bound:memory" },
  dtype: { values: (groups, i) => [groups.text("dtype", i)], match: startsWith, all: (groups) => groups.distinct("dtype"), example: "dtype:bf16" },
  finding: { values: (groups, i) => groups.findingsOf(i).map(({ id }) => id), match: startsWith, all: (groups) => groups.findings.map(({ id }) => id), example: "finding:fuse-1" },
  family: { values: (groups, i) => [groups.text("family", i)], match: startsWith, all: (groups) => groups.distinct("family"), example: "family:gemm" },
  op: { values: (groups, i) => [groups.text("op", i).replace(/^aten::/, ""), groups.text("op", i)], match: (text, wanted, raw) => text.toLowerCase().startsWith(raw), example: "op:mm" },
  kernel: { values: (groups, i) => [groups.text("kernel", i), groups.text("full", i)], match: (text, wanted, raw) => text.toLowerCase().includes(raw), example: "kernel:gemm" },
  source: { values: (groups, i) => [groups.text("flop_source", i), groups.text("bytes_source", i)], match: (text, wanted, raw) => text.toLowerCase().includes(raw), example: "source:shape" },
};

// Text to tokens: { text, negated, quoted, at }. Quotes keep spaces; outside of a field they also keep
// what would else be read as a field or a comparison.
function tokens(text) {
  const found = [];
  for (const match of text.matchAll(/(-?)((?:[^\s"]|"[^"]*"?)+)/g)) {
    const whole = match[2];
    if (!whole.replace(/"/g, "")) continue;
    found.push({ text: whole.replace(/"/g, ""), quoted: whole.startsWith('"'), negated: match[1] === "-", whole: match[0] });
  }
  return found;
}

// One token to a term: { test(group) } or { problem }.
function term(token, groups) {
  if (token.quoted) return word(token.text, groups);
  const fact = /^([A-Za-z]+):(?!:)(.*)$/.exec(token.text);
  if (fact) return factTerm(fact[1].toLowerCase(), fact[2], groups);
  const compare = /^([A-Za-z]+)(>=|<=|>|<|=)(.*)$/.exec(token.text);
  if (compare && (Object.hasOwn(MEASURES, compare[1].toLowerCase()) || /^[\d.]+\S{0,2}$/.test(compare[3]))) {
    return measureTerm(compare[1].toLowerCase(), compare[2], compare[3], groups);
  }
  return word(token.text, groups);
}
function word(text, groups) {
  const wanted = text.toLowerCase();
  return { test: (group) => groups.haystack(group).includes(wanted) };
}
function factTerm(name, text, groups) {
  if (!Object.hasOwn(FACTS, name)) return { problem: `“${name}:” is not known; known are ${Object.keys(FACTS).map((one) => one + ":").join(" ")}` };
  const { values, match, all, example } = FACTS[name];
  const wanted = text.split(",").map((part) => part.trim()).filter(Boolean);
  if (!wanted.length) return { problem: `“${name}:” needs a value, as in ${example}` };
  const choices = all?.(groups);
  const none = choices && wanted.find((part) => !choices.some((choice) => accepts(choice, part, choices, match) || (name === "bound" && accepts(SHORT_BOUNDS[choice], part, choices, match))));
  if (none !== undefined && choices) {
    return { problem: `no ${name} ${name === "bound" ? "" : "here "}begins with “${none}”; ${choices.length ? "there are " + listed(choices) : "none is recorded"}` };
  }
  const answers = new Map(); // few values, many groups
  const holds = (value) => {
    if (!answers.has(value)) answers.set(value, wanted.some((part) => accepts(value, part, choices, match)));
    return answers.get(value);
  };
  return { test: (group) => values(groups, group).some((value) => value && holds(value)) };
}
// A value that is named whole is meant alone: `fuse-1` is not the beginning of `fuse-10`.
function accepts(value, part, choices, match) {
  const wanted = plainWord(part);
  if (choices?.some((choice) => plainWord(choice) === wanted)) return plainWord(value) === wanted;
  return match(value, wanted, part.toLowerCase());
}
const listed = (texts, most = 14) => texts.slice(0, most).join(", ") + (texts.length > most ? ", and " + (texts.length - most) + " more" : "");
function measureTerm(name, sign, text, groups) {
  if (!Object.hasOwn(MEASURES, name)) return { problem: `“${name}” cannot be compared; these can: ${Object.keys(MEASURES).join(", ")}` };
  const { value, units, head, example } = MEASURES[name];
  const parts = /^(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+)([a-zµμ%]*)$/i.exec(text.trim());
  if (!parts) return { problem: `“${name}${sign}${text}” needs a number, as in ${example}` };
  const unit = parts[2].toLowerCase() || (head ? groups.units[head][1] : "");
  if (!Object.hasOwn(units, unit)) return { problem: `“${parts[2]}” is no unit of ${name}; ${listed(Object.keys(units).filter(Boolean)) || "it has none"}: ${example}` };
  const limit = Number(parts[1]) * units[unit];
  return { test: (group) => { const here = value(groups, group); return known(here) && COMPARES[sign](here, limit); } };
}

// A filter's test of a group, and what is wrong with it, a sentence each.
function compileFilter(text, groups) {
  const terms = tokens(text).map((token) => ({ ...term(token, groups), negated: token.negated }));
  const tests = terms.filter(({ test }) => test);
  return {
    test: (group) => tests.every(({ test, negated }) => test(group) !== negated),
    empty: !tests.length,
    problems: [...new Set(terms.map(({ problem }) => problem).filter(Boolean))],
  };
}

// A legend's term, as `bound:memory`, in a filter: whether it is there, and the filter with it turned.
const sameTerm = (token, name) => !token.quoted && !token.negated && token.text.toLowerCase().startsWith(name + ":");
const valuesOf = (token) => token.text.slice(token.text.indexOf(":") + 1).split(",").map(plainWord);
function hasTerm(text, wanted) {
  const [name, value] = wanted.split(":");
  return tokens(text).some((token) => sameTerm(token, name) && valuesOf(token).includes(plainWord(value)));
}
function toggleTerm(text, wanted) {
  const [name, value] = wanted.split(":");
  const all = tokens(text);
  const there = all.find((token) => sameTerm(token, name));
  if (!there) return [...all.map(({ whole }) => whole), wanted].join(" ");
  const values = there.text.slice(name.length + 1).split(",").filter(Boolean);
  const left = hasTerm(text, wanted) ? values.filter((one) => plainWord(one) !== plainWord(value)) : [...values, value];
  const written = left.length ? name + ":" + (left.some((one) => /\s/.test(one)) ? '"' + left.join(",") + '"' : left.join(",")) : "";
  return all.map((token) => (token === there ? written : token.whole)).filter(Boolean).join(" ");
}
