// The comparison's few scripts: the theme, the filter of the kernels, their order. Without them the
// page holds the same, worst first, and rows unfold all the same.

for (const button of document.querySelectorAll("[data-theme-switch]")) {
  const names = matchMedia("(prefers-color-scheme:dark)").matches ? ["auto", "light", "dark"] : ["auto", "dark", "light"];
  let at = 0;
  button.hidden = false;
  button.addEventListener("click", () => {
    at = (at + 1) % names.length;
    if (at) document.documentElement.dataset.theme = names[at];
    else delete document.documentElement.dataset.theme;
    button.textContent = "◐ " + names[at];
  });
}

for (const button of document.querySelectorAll("button[data-copy-text]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copyText);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed"; // a browser may refuse it to a file
    }
  });
}

// A row and what unfolds below it move and vanish together.
class Changes {
  constructor(table) {
    this.table = table;
    this.body = table.tBodies[0];
    this.rows = [...this.body.querySelectorAll("tr.row")].map((row) => {
      const below = row.nextElementSibling;
      return { row, more: below?.classList.contains("more") ? below : null };
    });
    this.first = [...this.rows];
    this.heads = [...table.tHead.querySelectorAll("[data-column]")];
    const section = table.closest("section");
    this.query = section.querySelector("[data-query]");
    this.shown = section.querySelector("[data-shown]");
    section.querySelector(".tools").hidden = false;
    this.listen();
  }
  listen() {
    this.query.addEventListener("input", () => this.filter());
    addEventListener("keydown", (event) => {
      const typing = event.target.closest?.("input[type=search], textarea, select");
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      this.query.focus();
    });
    for (const head of this.heads) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => this.sort(head));
    }
  }
  filter() {
    const words = this.query.value.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    for (const { row } of this.rows) {
      const found = words.every((word) => row.dataset.words.includes(word));
      row.classList.toggle("hidden", !found);
      left += found;
    }
    this.table.classList.toggle("filtered", words.length > 0);
    this.shown.textContent = words.length ? left + " of " + this.rows.length : "";
  }
  // Largest first, then smallest first, then the page's own order; what is not known comes last.
  sort(head) {
    const next = { descending: "ascending", ascending: "" }[head.getAttribute("aria-sort")] ?? "descending";
    for (const other of this.heads) other.removeAttribute("aria-sort");
    if (next) head.setAttribute("aria-sort", next);
    const value = ({ row }) => {
      const text = row.cells[Number(head.dataset.column)].dataset.v;
      return text === undefined ? null : Number(text);
    };
    const way = next === "ascending" ? 1 : -1;
    const order = [...this.first];
    if (next) {
      order.sort((one, other) => {
        const a = value(one), b = value(other);
        if (a === null || b === null) return (a === null) - (b === null);
        return way * (a - b);
      });
    }
    this.body.append(...order.flatMap(({ row, more }) => (more ? [row, more] : [row])));
  }
}
for (const table of document.querySelectorAll("table.changes")) new Changes(table);
