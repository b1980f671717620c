// What is chosen on the page as the part of its address behind `#`, and back:
// `#view=2&finding=fuse-1&kernel=12&filter=time>1ms&sort=-time&by=op&columns=time,roof&range=0-5000&zoom=roofline~2`.
// Anyone may write an address: what cannot be read is as if it were not there.
const MOST_OF_AN_ADDRESS = 4000;
const WRITERS = {
  finding: (id) => id,
  kernel: (group) => (group >= 0 ? String(group) : ""),
  filter: (text) => text.trim(),
  sort: (column) => (column === NOTHING.sort ? "" : column),
  by: (name) => name,
  columns: (names) => names,
  range: (range) => (range ? range.map((ns) => Math.round(ns)).join("-") : ""),
  zoom: (zoom) => (zoom ? String(zoom).replaceAll(" ", "~") : ""),
};
const READERS = {
  finding: (text) => (/^[a-z][\w-]{0,40}$/i.test(text) ? text : undefined),
  kernel: (text) => (/^\d{1,7}$/.test(text) ? Number(text) : undefined),
  filter: (text) => text,
  sort: (text) => (/^-?[a-z]{1,20}$/.test(text) ? text : undefined),
  by: (text) => (/^[a-z]{1,20}$/.test(text) ? text : undefined),
  columns: (text) => (/^[a-z]+(,[a-z]+)*$/.test(text) ? text : undefined),
  range: (text) => {
    const parts = /^(\d{1,18})-(\d{1,18})$/.exec(text);
    return parts && Number(parts[1]) < Number(parts[2]) ? [Number(parts[1]), Number(parts[2])] : undefined;
  },
  zoom: (text) => (/^[\w.~+-]{1,100}$/.test(text) ? text.replaceAll("~", " ") : undefined),
};
// Readable where an address allows it: only what would end or split a value is escaped.
const escaped = (text) => encodeURIComponent(text).replace(/%(3A|2C|3E|3C|3D|2F|5B|5D|22)/g, (one) => decodeURIComponent(one)).replace(/"/g, "%22").replace(/</g, "%3C").replace(/>/g, "%3E");

// Returns { view, state } of an address made here; null for one that names an element, or for none.
function readAddress(hash) {
  const text = hash.replace(/^#/, "").slice(0, MOST_OF_AN_ADDRESS);
  if (!text.includes("=")) return null;
  const state = {};
  let view = 1;
  for (const part of text.split("&")) {
    const at = part.indexOf("=");
    const name = part.slice(0, Math.max(0, at));
    let value;
    try {
      value = decodeURIComponent(part.slice(at + 1));
    } catch {
      continue; // a broken escape
    }
    if (name === "view" && /^\d{1,4}$/.test(value)) view = Number(value);
    if (!Object.hasOwn(READERS, name)) continue;
    const read = READERS[name](value);
    if (read !== undefined) state[name] = read;
  }
  return { view, state };
}
function writeAddress(view, state, several) {
  const parts = several ? ["view=" + view] : [];
  for (const [name, write] of Object.entries(WRITERS)) {
    const text = write(state[name]);
    if (text) parts.push(name + "=" + escaped(text));
  }
  return parts.length ? "#" + parts.join("&") : "";
}

// Holds the address and the shown view's choices to each other, and shows one view at a time.
class Address {
  constructor(views) {
    this.views = views;
    this.links = [...document.querySelectorAll(".views a")];
    this.current = views[0];
    this.reading = true; // what a page opens with is no change
    for (const view of views) view.store.add({ update: () => this.changed(view) });
    addEventListener("hashchange", () => this.read());
    this.read();
  }
  number(view) {
    return this.views.indexOf(view) + 1;
  }
  of(view, state) {
    return writeAddress(this.number(view), { ...NOTHING, ...state }, this.views.length > 1);
  }
  read() {
    this.reading = true;
    const made = readAddress(location.hash);
    if (made) this.restore(made);
    else this.goTo(location.hash.slice(1));
    this.reading = false;
  }
  restore({ view, state }) {
    const chosen = this.views[view - 1] || this.views[0];
    this.show(chosen);
    chosen.store.set({ ...NOTHING, ...chosen.store.possible(state) });
  }
  // A plain anchor: its view is shown, and a finding it names is chosen.
  goTo(hash) {
    let target = null;
    try {
      target = hash ? document.getElementById(decodeURIComponent(hash)) : null;
    } catch {
      target = null; // a broken escape
    }
    const view = this.views.find(({ article }) => target && (article === target || article.contains(target)));
    this.show(view || this.current);
    if (!view || view.article === target) return;
    const rank = new RegExp("^" + view.article.id + "-finding-(\\d+)$").exec(target.id);
    const finding = rank && [...view.store.findings.values()].find((one) => one.rank === Number(rank[1]));
    if (finding) view.store.set({ finding: finding.id }, this);
    target.scrollIntoView();
  }
  show(current) {
    this.current = current;
    for (const { article } of this.views) article.hidden = article !== current.article;
    for (const link of this.links) {
      if (link.hash === "#" + current.article.id) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }
  changed(view) {
    if (this.reading || view !== this.current) return;
    clearTimeout(this.waiting); // browsers refuse many changes in a short time
    this.waiting = setTimeout(() => {
      const address = this.of(view, view.store.state);
      history.replaceState(null, "", theme.added(address) || location.pathname + location.search);
    }, 120);
  }
}
