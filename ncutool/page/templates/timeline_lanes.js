// The lanes of the overview: what a filter or a finding leaves stands before the rest, which is dimmed.
class Lanes {
  constructor(root, pieces, data) {
    const rows = [...root.querySelectorAll(".tl-row")];
    this.pieces = pieces;
    this.grades = data.grades;
    this.launches = rows.filter((row) => row.dataset.row === "launches");
    this.findings = rows.find((row) => row.dataset.row === "findings");
  }
  // The lane of launches at this height, -1 for none.
  at(y) {
    const top = (row) => row.transform.baseVal[0].matrix.f;
    return this.launches.findIndex((row) => y >= top(row) && y < top(row) + Number(row.dataset.height));
  }
  // bright: whether a piece is left, or false where all are; finding: number of the chosen one, or -1.
  draw(bright, kernel, finding) {
    this.launches.forEach((row, lane) => {
      this.lay(row, bright && columnShares(this.pieces, lane, bright));
      row.querySelector(".mark")?.remove();
      if (kernel >= 0) this.mark(row, lane, kernel);
    });
    if (!this.findings) return;
    const shares = finding >= 0 && unpackNumbers(this.grades[finding]).map((grade) => grade / 40);
    this.lay(this.findings, shares && [["k-saving", shares]]);
  }
  // Lay parts before what the page drew; nothing shows it alone again.
  lay(row, parts) {
    row.querySelector("[data-left]")?.remove();
    row.children[1].setAttribute("class", parts ? "dim" : "");
    if (!parts) return;
    const left = shape("g", { "data-left": "" });
    left.append(...stackedPaths(parts, Number(row.dataset.height)));
    row.append(left);
  }
  // The chosen kernel's launches stand as ink along the lane's upper edge.
  mark(row, lane, kernel) {
    const { group, begin, end, wall } = this.pieces;
    const columns = new Set();
    if (this.pieces.stretches) return this.markStretches(row, lane, kernel);
    for (let i = 0; i < this.pieces.size; i += 1) {
      if (group[i] !== kernel || this.pieces.lane[i] !== lane) continue;
      const last = Math.min(COLUMNS - 1, Math.floor((end[i] / wall) * COLUMNS));
      for (let column = Math.floor((begin[i] / wall) * COLUMNS); column <= last; column += 1) columns.add(column);
    }
    const d = [...columns].map((column) => `M${column * COLUMN} -3h${COLUMN}v4h-${COLUMN}z`).join("");
    if (d) row.append(shape("path", { class: "mark", d }));
  }
  // Where launches are merged, it is known in which stretch the kernel runs, but not in which lane.
  markStretches(row, lane, kernel) {
    const { stretches } = this.pieces;
    const width = PLOT / stretches.length;
    const d = stretches.map((groups, i) => (groups.includes(kernel) ? `M${(i * width).toFixed(2)} -3h${width.toFixed(2)}v3h-${width.toFixed(2)}z` : "")).join("");
    if (d && lane === 0) row.append(shape("path", { class: "mark", d }));
  }
}
