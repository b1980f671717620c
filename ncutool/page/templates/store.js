// What is chosen on a view, in one place. Parts (findings, strip, roofline, table) are told of every
// change by `update(state, lens, changed, origin)` and change it by `store.set({...}, this)`; none knows
// another. A part whose choice it was not may scroll to what was chosen.
//
// state: finding  id of the chosen finding, or ""
//        kernel   number of the chosen group, or -1
//        filter   text of the filter language, "" for all
//        range    [from, to] of the timeline in ns since the window's start, or null for all
//        sort, by, columns, zoom, ...: what one part alone reads
// lens:  shown    Uint8Array, 1 for each group that filter and range leave
//        lit      Uint8Array, 1 for each group that the chosen finding concerns; null for none
//        problems what of the filter could not be read, a sentence each
// A part that knows which groups run in a range says so: `store.within = (from, to) => Uint8Array`.
const NOTHING = { finding: "", kernel: -1, filter: "", range: null, sort: "-time", by: "", columns: "", zoom: null };

class Store {
  constructor(groups, findings) {
    this.groups = groups;
    this.findings = new Map(findings.map((finding) => [finding.id, finding]));
    this.parts = [];
    this.within = null;
    this.state = { ...NOTHING };
    this.lens = this.look();
  }
  add(part) {
    this.parts.push(part);
    part.update(this.state, this.lens, Object.keys(NOTHING), part);
  }
  set(changes, origin = null) {
    const changed = Object.keys(changes).filter((name) => JSON.stringify(changes[name]) !== JSON.stringify(this.state[name]));
    if (!changed.length) return;
    Object.assign(this.state, changes);
    this.lens = this.look();
    for (const part of this.parts) part.update(this.state, this.lens, changed, origin);
  }
  // Returns what of a state this view has: an address may be of another capture.
  possible(state) {
    const kept = { ...state };
    if (kept.finding && !this.findings.has(kept.finding)) delete kept.finding;
    if (kept.kernel >= this.groups.size) delete kept.kernel;
    if (kept.range && !this.within) delete kept.range;
    return kept;
  }
  look() {
    const { size } = this.groups;
    const { filter, range } = this.state;
    if (filter !== this.compiledFrom) {
      this.compiled = compileFilter(filter, this.groups);
      this.compiledFrom = filter;
    }
    const running = range && this.within ? this.within(range[0], range[1]) : null;
    const shown = new Uint8Array(size).fill(1);
    for (let group = 0; group < size; group += 1) {
      if ((running && !running[group]) || (!this.compiled.empty && !this.compiled.test(group))) shown[group] = 0;
    }
    const finding = this.findings.get(this.state.finding);
    const lit = finding ? new Uint8Array(size) : null;
    if (finding) for (const group of finding.groups) lit[group] = 1;
    return { shown, lit, problems: this.compiled.problems };
  }
}
