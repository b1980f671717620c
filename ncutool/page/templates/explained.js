// How the figures of one launch come about: each with its formula filled in, what was recorded
// for it, and the comparisons that chose its bound.
function explanation(explained, group) {
  const found = explained?.groups[group];
  if (!found) return null;
  const text = (place) => explained.of[place];
  const [launch, steps, checks] = found;
  const list = make("dl", { class: "steps" });
  const sources = make("dl", { class: "steps" });
  for (const [name, value, formula, notes] of steps) {
    const told = make("dd", {}, make("b", {}, text(value)));
    if (formula >= 0) told.append(" ", make("code", {}, "= " + text(formula)));
    list.append(make("dt", {}, text(name)), told);
    sources.append(make("dt", {}, text(name)), make("dd", {}, ...text(notes).split("\n").map((line) => make("span", {}, line))));
  }
  list.append(make("dt", {}, "bound"), make("dd", {}, ...checks.map((place) => make("span", {}, text(place)))));
  const title = "How each figure comes about (launch " + count(launch) + ", the median of its group)";
  return make("div", { class: "explained" }, make("h4", {}, title), list, make("details", {}, make("summary", {}, "Arguments and sources"), sources));
}
