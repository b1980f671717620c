// The captures of an archive: filters, sorting, and rows as they are asked for.

// Columns of a row, as ncutool/page/fleet.py writes them.
const FOLDER = 0, NAME = 1, PAGE = 2, HEADLINE = 3, DEVICE = 4, ANSWER = 5, WINDOW = 6, BUSY = 7, LOW = 8, HIGH = 9, ROOF = 10, FIRST = 11;
const PER_PAGE = 100, WHOLE_ID = 32;

// As units.percent_range writes it.
function percentRange(low, high) {
  if (!known(low) || !known(high)) return UNKNOWN;
  const decimals = Math.abs(high) >= 99.95 ? 0 : 1;
  const bound = (value) => {
    if (value === 0) return "0";
    const smallest = 10 ** -decimals;
    return value > 0 && value < smallest / 2 ? "<" + smallest.toFixed(decimals) : fixed(value, decimals);
  };
  const [a, b] = [bound(low), bound(high)];
  return (a === b ? a : a + "–" + b) + " %";
}

class Captures {
  constructor(section, data) {
    this.data = data;
    this.body = section.querySelector("tbody");
    this.shown = section.querySelector("[data-shown]");
    this.more = section.querySelector("[data-more]");
    this.query = section.querySelector("[data-query]");
    this.heads = [...section.querySelectorAll("th[data-sort]")];
    this.columns = [
      { column: DEVICE, name: "device", values: data.devices },
      { column: ANSWER, name: "answer", values: data.answers },
      ...data.metadata.map((one, i) => ({ column: FIRST + i, name: one.name, values: one.values })),
    ];
    this.texts = data.rows.map((row) => [this.path(row), this.headline(row), ...this.columns.map(({ column, values }) => values[row[column]])].join("\n").toLowerCase());
    this.chosen = new Map();
    this.sort = LOW;
    this.down = true;
    this.count = PER_PAGE;
    section.querySelector(".tools").hidden = false;
    for (const note of section.querySelectorAll("[data-copies]")) note.hidden = false;
    this.choices(section.querySelector("[data-choices]"));
    this.query.addEventListener("input", () => this.again());
    this.more.addEventListener("click", () => {
      this.count += PER_PAGE * 5;
      this.draw();
    });
    for (const head of this.heads) this.sorts(head);
    this.again();
  }
  path(row) {
    return this.data.folders[row[FOLDER]] + row[NAME];
  }
  headline(row) {
    return row[HEADLINE] === null ? this.data.answers[row[ANSWER]] : this.data.headlines[row[HEADLINE]];
  }
  choices(place) {
    for (const { column, name, values } of this.columns) {
      if (values.length < 2 || values.length > this.data.mostValues) continue;
      const select = make("select", { "aria-label": "Only of " + name }, make("option", { value: "" }, "all"));
      const order = values.map((text, i) => [text, i]).sort((a, b) => (a[0] < b[0] ? -1 : 1));
      for (const [text, i] of order) select.append(make("option", { value: String(i) }, text));
      select.addEventListener("change", () => {
        if (select.value === "") this.chosen.delete(column);
        else this.chosen.set(column, Number(select.value));
        this.again();
      });
      place.append(make("label", {}, name + " ", select));
    }
  }
  sorts(head) {
    const column = Number(head.dataset.sort);
    const act = () => {
      const words = column < WINDOW || column >= FIRST;
      this.down = this.sort === column ? !this.down : !words;
      this.sort = column;
      for (const other of this.heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", this.down ? "descending" : "ascending");
      this.again();
    };
    head.classList.add("sorts");
    head.tabIndex = 0;
    head.addEventListener("click", act);
    head.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      act();
    });
  }
  again() {
    const wanted = this.query.value.toLowerCase().split(/\s+/).filter(Boolean);
    const { rows } = this.data;
    this.found = [];
    for (let i = 0; i < rows.length; i += 1) {
      const row = rows[i];
      let fits = wanted.every((word) => this.texts[i].includes(word));
      for (const [column, value] of this.chosen) fits = fits && row[column] === value;
      if (fits) this.found.push(i);
    }
    const texts = this.columns.find(({ column }) => column === this.sort)?.values;
    const key = (i) => (this.sort === NAME ? this.path(rows[i]) : texts ? texts[rows[i][this.sort]] : rows[i][this.sort]);
    const sign = this.down ? -1 : 1;
    const high = (i) => (this.sort === LOW ? rows[i][HIGH] : 0); // what may be saved, where as much is sure
    this.found.sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      if (x === y) return sign * (high(a) - high(b)) || a - b;
      if (x === null) return 1; // what is not known comes last, whichever way
      if (y === null) return -1;
      return x < y ? -sign : sign;
    });
    this.count = PER_PAGE;
    this.draw();
  }
  draw() {
    const some = this.found.slice(0, this.count);
    this.body.replaceChildren(...some.map((i) => this.row(this.data.rows[i])));
    if (!some.length) this.body.append(make("tr", { class: "none" }, make("td", { class: "words", colspan: String(this.heads.length) }, "No capture fits.")));
    const all = this.data.total > this.data.rows.length ? count(this.data.rows.length) + " listed" : count(this.data.total);
    this.shown.textContent = count(this.found.length) + " of " + all;
    const rest = this.found.length - some.length;
    this.more.hidden = rest <= 0;
    this.more.textContent = "Show more (" + count(rest) + " left)";
  }
  copies(row) {
    const text = this.data.command.replace(/ID'$/, row[PAGE] + "'");
    const button = make("button", { type: "button", class: "copies", title: text, "aria-label": "Copy the command that writes the page of " + this.path(row) }, "copy");
    button.addEventListener("click", () => copyFrom(button, text));
    return button;
  }
  row(row) {
    const { answers, devices, kinds } = this.data;
    const answer = answers[row[ANSWER]];
    const hasPage = row[PAGE].length === WHOLE_ID;
    const path = [hasPage ? make("a", { href: "pages/" + row[PAGE] + ".html" }, this.path(row)) : this.path(row)];
    if (!hasPage) path.push(" ", this.copies(row));
    const dot = make("i", { class: "dot k-" + kinds[answer], "aria-hidden": "true" });
    return make(
      "tr",
      {},
      make("td", { class: "words path" }, ...path),
      make("td", { class: "words what" }, dot, make("span", {}, this.headline(row))),
      make("td", { class: "words" }, devices[row[DEVICE]]),
      make("td", {}, time(row[WINDOW])),
      make("td", {}, percent(row[BUSY])),
      make("td", {}, percentRange(row[LOW], row[HIGH])),
      make("td", {}, percent(row[ROOF])),
      ...this.data.metadata.map((one, i) => make("td", { class: "words" }, one.values[row[FIRST + i]])),
    );
  }
}

const fleetSection = document.getElementById("captures");
const fleetData = document.getElementById("fleet-data");
if (fleetData && fleetSection.querySelector("tbody")) new Captures(fleetSection, JSON.parse(fleetData.textContent));
