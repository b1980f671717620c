// What stands around the sections: the theme, the contents that tell where one is.

const theme = {
  names: ["auto", "light", "dark"],
  name: "auto",
  set(name) {
    this.name = this.names.includes(name) ? name : "auto";
    if (this.name === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.name;
    for (const button of document.querySelectorAll("[data-theme-switch]")) button.textContent = "◐ " + this.name;
  },
  // The next theme after this one: what looks different from what is seen now comes first.
  next() {
    const dark = matchMedia("(prefers-color-scheme:dark)").matches;
    const order = dark ? ["auto", "light", "dark"] : ["auto", "dark", "light"];
    return order[(order.indexOf(this.name) + 1) % order.length];
  },
  // The theme that an address asks for; "" for none.
  asked: () => /(?:^#|&)theme=(\w+)/.exec(location.hash)?.[1] || "",
  // An address (url.js) with the theme, so that a page opens again as it looked.
  added(address) {
    if (this.name === "auto") return address;
    return (address ? address + "&" : "#") + "theme=" + this.name;
  },
  listen() {
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      button.hidden = false;
      button.addEventListener("click", () => {
        this.set(this.next());
        ncutoolAddress.changed(ncutoolAddress.current);
      });
    }
    addEventListener("hashchange", () => {
      if (this.asked()) this.set(this.asked());
    });
    this.set(this.asked());
  },
};
theme.listen();

for (const button of document.querySelectorAll("button[data-copy-text]")) button.hidden = false;

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
    if (!scrollY) current = 0; // on a short page several sections stand above the line
    else if (end) current = this.links.length - 1;
    this.links.forEach((link, i) => {
      if (i === current) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
  }
}
for (const article of document.querySelectorAll("article.view")) new Contents(article);
