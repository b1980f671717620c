// Elements are made from text only: nothing from a capture is ever read as HTML.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "style") element.style.cssText = value;
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}
function pairs(rows) {
  const list = make("dl", { class: "pairs" });
  for (const [name, value] of rows) if (value) list.append(make("dt", {}, name), make("dd", {}, value));
  return list;
}
const kebab = (text) => text.replace(/_/g, "-");
const styleOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const tip = {
  box: document.getElementById("tip"),
  show(event, title, rows) {
    this.box.replaceChildren(make("b", {}, title), pairs(rows));
    this.box.hidden = false;
    const { width, height } = this.box.getBoundingClientRect();
    const left = Math.min(event.clientX + 14, innerWidth - width - 8);
    const below = event.clientY + 16 + height < innerHeight;
    this.box.style.left = Math.max(8, left) + "px";
    this.box.style.top = Math.max(8, below ? event.clientY + 16 : event.clientY - height - 12) + "px";
  },
  hide() {
    this.box.hidden = true;
  },
};
