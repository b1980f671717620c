// Drawings of the timeline as paths of SVG: one path a kind, so that colours and textures are the style
// sheet's and change with the theme.
const COLUMNS = 280; // of the overview, as strip_columns.py has them
const COLUMN = 2;
const PLOT = COLUMNS * COLUMN;
const shape = (name, attributes) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};

// Paths of areas by class, drawn from the ground up, the last on top.
function stackedPaths(parts, height) {
  const total = new Float64Array(COLUMNS);
  const paths = [];
  for (const [kind, lengths] of parts) {
    let path = "";
    for (let column = 0; column < COLUMNS; column += 1) {
      if (!lengths[column]) continue;
      const bottom = Math.round(Math.min(1, total[column]) * height);
      total[column] += lengths[column];
      const top = Math.max(bottom, Math.round(Math.min(1, total[column]) * height));
      if (top > bottom) path += `M${column * COLUMN} ${height - top}h${COLUMN}v${top - bottom}h-${COLUMN}z`;
    }
    if (path) paths.push(shape("path", { class: kind, d: path }));
  }
  return paths;
}

// What share of each column of a part of the window the chosen pieces of a lane hold, by kind.
function columnShares(pieces, lane, chosen, from = 0, to = pieces.wall) {
  const width = (to - from) / COLUMNS;
  const parts = pieces.kinds.map(() => null);
  for (let i = 0; i < pieces.size && pieces.begin[i] < to; i += 1) {
    if (pieces.lane[i] !== lane || pieces.end[i] <= from || !chosen(i)) continue;
    const own = (parts[pieces.kind[i]] ||= new Float64Array(COLUMNS));
    const [begin, end] = [Math.max(pieces.begin[i], from) - from, Math.min(pieces.end[i], to) - from];
    const last = Math.min(COLUMNS - 1, Math.floor(end / width));
    for (let column = Math.floor(begin / width); column <= last; column += 1) {
      const held = Math.min(end, (column + 1) * width) - Math.max(begin, column * width);
      if (held > 0) own[column] += (held / width) * pieces.busy[i];
    }
  }
  return parts.flatMap((lengths, kind) => (lengths ? [["k-" + kebab(pieces.kinds[kind]), lengths]] : []));
}

// Pieces of a part of the window as rectangles, bright ones and dimmed ones apart. Where they are
// more than the pixels, columns are split by what held them, as in the overview.
function detailPaths(pieces, view, bright) {
  const { from, to, width, row } = view;
  const found = pieces.between(from, to);
  if (found.length > width / 2) return crowdedPaths(pieces, view, bright, found.every(bright));
  const scale = width / (to - from);
  const paths = new Map();
  const stacks = []; // by lane: pieces of one span stand on one another
  for (const i of found) {
    const left = Math.max(0, (pieces.begin[i] - from) * scale);
    const right = Math.min(width, (pieces.end[i] - from) * scale);
    const key = pieces.kind[i] + (bright(i) ? "" : " dim");
    const long = (right - left > 4 ? right - left - 1 : Math.max(0.7, right - left)).toFixed(1);
    const high = Math.max(1, Math.round((row - 2) * pieces.busy[i]));
    const below = stacks[pieces.lane[i]];
    const foot = below && below.begin === pieces.begin[i] && below.end === pieces.end[i] ? below.high : 0;
    stacks[pieces.lane[i]] = { begin: pieces.begin[i], end: pieces.end[i], high: foot + high };
    const top = pieces.lane[i] * row + Math.max(0, row - 2 - high - foot);
    paths.set(key, (paths.get(key) || "") + `M${left.toFixed(1)} ${top}h${long}v${high}h-${long}z`);
  }
  return [...paths].map(([key, d]) => {
    const [kind, dim] = key.split(" ");
    return shape("path", { class: "k-" + kebab(pieces.kinds[kind]) + (dim ? " dim" : ""), d });
  });
}
function crowdedPaths(pieces, { from, to, width, row }, bright, all) {
  const lanes = 1 + pieces.lane.reduce((most, lane) => Math.max(most, lane), 0);
  const layer = (lane, chosen, dim) => {
    const group = shape("g", { transform: `translate(0 ${lane * row}) scale(${width / PLOT} 1)`, class: dim ? "dim" : "" });
    group.append(...stackedPaths(columnShares(pieces, lane, chosen, from, to), row - 2));
    return group;
  };
  return Array.from({ length: lanes }, (_, lane) => (all ? [layer(lane, () => true)] : [layer(lane, () => true, true), layer(lane, bright)])).flat();
}

// Marks of a time axis at round moments, as ticks.py chooses them.
function timeTicks(start, end, about) {
  const units = [[1, "ns"], [1e3, "µs"], [1e6, "ms"], [1e9, "s"]];
  const span = end - start;
  const [factor, unit] = units.filter(([size]) => Math.max(end, -start) >= size || size === 1).at(-1);
  const step = roundTimeStep(span / about);
  const marks = [];
  let number = 0;
  for (let at = Math.ceil(start / step) * step; at < end; at += step) {
    const share = (at - start) / span;
    if (share <= 0.87) marks.push({ left: 100 * share, label: wholeNumber(at / factor), minor: number % 2 === 1 || share > 0.8 });
    number += 1;
  }
  if (marks.length) Object.assign(marks[0], { label: marks[0].label + " " + unit, minor: false });
  return [...marks, { left: 100, label: marks.length ? endLabel(start, end, step, factor) : time(end), minor: false }];
}
function endLabel(start, end, step, factor) {
  if (10 * start <= end - start) return significant(end / factor);
  const near = Math.max(1, Math.floor(step / 10)); // so that the end does not read as the mark before it
  return wholeNumber((Math.floor(end / near + 0.5) * near) / factor);
}
function roundTimeStep(least) {
  for (let power = 1; ; power *= 10) for (const factor of [1, 2, 5]) if (factor * power >= least) return factor * power;
}
const wholeNumber = (value) => grouped(value.toFixed(6).replace(/\.?0+$/, "")) || "0";
