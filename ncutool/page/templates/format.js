// Numbers as ncutool/units.py writes them: a test holds the two to each other.
const UNKNOWN = "–";
const nudged = (value) => value * (1 + 4e-16);
const grouped = (text) => {
  const [whole, rest] = text.split(".");
  const commas = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return rest === undefined ? commas : commas + "." + rest;
};
const fixed = (value, decimals) => grouped(nudged(value).toFixed(decimals));
const known = (value) => value !== null && value !== undefined && Number.isFinite(value);
const rounded = (value, digits) => Number(nudged(value).toExponential(digits - 1));

function significant(value, digits = 3) {
  if (!known(value)) return UNKNOWN;
  if (value === 0) return "0";
  const near = rounded(value, digits);
  const exponent = Math.floor(Math.log10(Math.abs(near)) + 1e-12);
  if (exponent < -4) return near.toExponential(digits - 1).replace(/e-(\d)$/, "e-0$1");
  return grouped(near.toFixed(Math.max(0, digits - 1 - exponent)));
}
function step(value, last) {
  let count = 0;
  while (count < last && Math.abs(rounded(value, 3)) >= 1000) {
    value /= 1000;
    count += 1;
  }
  return count;
}
function scaled(value, unit) {
  if (!known(value)) return UNKNOWN;
  const prefixes = ["", "k", "M", "G", "T", "P", "E"];
  const count = step(value, prefixes.length - 1);
  return significant(value / 1000 ** count) + " " + prefixes[count] + unit;
}
function time(ns) {
  if (!known(ns)) return UNKNOWN;
  const names = ["ns", "µs", "ms", "s"];
  const count = step(ns, names.length - 1);
  return significant(ns / 1000 ** count) + " " + names[count];
}
function percent(value) {
  if (!known(value)) return UNKNOWN;
  if (value === 0 || value === 100) return value + " %";
  if (value > 0 && value < 0.05) return "<0.1 %";
  if (value >= 99.95 && value < 100) return ">99.9 %";
  return fixed(value, Math.abs(value) < 999.5 ? 1 : 0) + " %";
}
const count = (value) => (known(value) ? fixed(value, 0) : UNKNOWN);
const counted = (value, one, many) => count(value) + " " + (value === 1 ? one : many);
