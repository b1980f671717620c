// The theme of a page that has no address of its own: automatic, light or dark.
const THEMES = ["auto", "light", "dark"];
for (const button of document.querySelectorAll("[data-theme-switch]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const current = document.documentElement.dataset.theme || "auto";
    const dark = matchMedia("(prefers-color-scheme:dark)").matches;
    const order = dark ? ["auto", "light", "dark"] : ["auto", "dark", "light"];
    const next = order[(order.indexOf(current) + 1) % THEMES.length];
    if (next === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    button.textContent = "◐ " + next;
  });
}
