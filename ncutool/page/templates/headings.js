// Rows that stand for no group: a heading with the sums of its rows, and the word that there are none.
function headingRow({ key, heading, unfolded }, { groups, store, columns, mostOfHeading }) {
  const text = (name) => {
    if (name === "launches") return count(heading.launches);
    if (name === "time") return inUnit(groups.units.time, heading.timed ? heading.ns : null);
    return name === "share" && groups.total > 0 ? bare((100 * heading.ns) / groups.total) : "";
  };
  const opener = make("button", { type: "button", class: "opener", "aria-expanded": String(unfolded), "data-heading": key }, make("b", {}, heading.name), " ", make("span", {}, counted(heading.parts.length, "group", "groups")));
  const cells = columns.map((name) => make("td", { class: "c-" + name }, ...(name === "share" ? [byBound(heading, groups, mostOfHeading)] : []), text(name)));
  const lit = heading.parts.some(({ group }) => store.lens.lit?.[group]);
  return make("tr", { class: lit ? "heading lit" : "heading" }, make("td", { class: "c-name", title: heading.name }, make("div", {}, opener)), ...cells, make("td", { class: "c-link" }));
}
// The heading's time by what held it, against the heading with the most time.
function byBound({ parts, ns }, groups, most) {
  const held = new Map();
  for (const part of parts) {
    const bound = groups.text("bound", part.group);
    held.set(bound, (held.get(bound) || 0) + (part.ns || 0));
  }
  const pieces = [...held].sort((a, b) => b[1] - a[1]);
  const bar = make("span", { class: "share-bar stacked", "aria-hidden": "true" });
  for (const [bound, part] of pieces) if (part > 0) bar.append(make("i", { class: "k-" + kebab(bound), style: "width:" + ((100 * part) / (most || ns)).toFixed(1) + "%", title: shortBoundOf(bound) + " " + time(part) }));
  return bar;
}
function emptyRow({ filter, range }, groups, span) {
  const parts = [filter.trim() && "matches “" + filter.trim() + "”", range && "runs in the chosen range"].filter(Boolean);
  const clear = make("button", { type: "button", "data-clear": "" }, "Clear");
  const text = groups.size ? "No kernel " + (parts.join(" and ") || "is here") + ". " : "This capture holds no launch.";
  return make("tr", { class: "none" }, make("td", { colspan: span }, text, parts.length ? clear : ""));
}
