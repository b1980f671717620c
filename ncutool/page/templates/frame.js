// What stands around the sections: the theme, the contents that tell where one is, the copy buttons.

// The part of the address after "#" as names and values; a plain anchor has none.
const addressed = () => new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");

const theme = {
  names: ["auto", "light", "dark"],
  name: "auto",
  set(name) {
    this.name = this.names.includes(name) ? name : "auto";
    if (this.name === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.name;
    for (const button of document.querySelectorAll("[data-theme-switch]")) button.textContent = "Theme: " + this.name;
    dispatchEvent(new Event("themechange")); // for what is painted and not styled
  },
  // The next theme after this one: what looks different from what is seen now comes first.
  next() {
    const dark = matchMedia("(prefers-color-scheme:dark)").matches;
    const order = dark ? ["auto", "light", "dark"] : ["auto", "dark", "light"];
    return order[(order.indexOf(this.name) + 1) % order.length];
  },
  remember() {
    const values = addressed();
    if (this.name === "auto") values.delete("theme");
    else values.set("theme", this.name);
    const text = values.toString();
    const plain = location.hash.includes("=") ? "" : location.hash;
    history.replaceState(null, "", text ? "#" + text : plain || location.pathname + location.search);
  },
  listen() {
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      button.hidden = false;
      button.addEventListener("click", () => {
        this.set(this.next());
        this.remember();
      });
    }
    addEventListener("hashchange", () => {
      if (addressed().has("theme")) this.set(addressed().get("theme"));
    });
    this.set(addressed().get("theme") || "auto");
  },
};
theme.listen();

// A button that copies says so for a moment.
function copied(button, text) {
  const before = button.textContent;
  const say = (word) => {
    button.textContent = word;
    setTimeout(() => (button.textContent = before), 1200);
  };
  if (!navigator.clipboard) return say("Not allowed");
  navigator.clipboard.writeText(text).then(() => say("Copied"), () => say("Not allowed"));
}
for (const button of document.querySelectorAll("[data-copy-text]")) {
  button.hidden = false;
  button.addEventListener("click", () => copied(button, button.dataset.copyText));
}

// The contents mark the section that stands under the verdict.
class Contents {
  constructor(article) {
    this.links = [...article.querySelectorAll(".verdict nav a")];
    this.places = this.links.map((link) => document.getElementById(link.hash.slice(1)));
    this.waiting = false;
    addEventListener("scroll", () => this.later(), { passive: true });
    this.mark();
  }
  // Scrolling tells more often than the screen is drawn.
  later() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.mark();
    });
  }
  mark() {
    const line = innerHeight * 0.35;
    const end = innerHeight + scrollY >= document.documentElement.scrollHeight - 2;
    let current = 0;
    this.places.forEach((place, i) => {
      if (place && place.getBoundingClientRect().top <= line) current = i;
    });
    if (end && scrollY > 0) current = this.links.length - 1;
    this.links.forEach((link, i) => {
      if (i === current) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
  }
}
for (const article of document.querySelectorAll("article.view")) new Contents(article);
