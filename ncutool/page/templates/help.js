// The keys, in a dialog of the browser's own: it keeps the focus inside and closes with Escape.
const help = {
  dialog: document.getElementById("help"),
  open() {
    if (!this.dialog.open) this.dialog.showModal();
  },
  listen() {
    for (const button of document.querySelectorAll("[data-help]")) {
      button.hidden = false;
      button.addEventListener("click", () => this.open());
    }
    this.dialog.querySelector("[data-close]").addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close(); // the ground behind it
    });
    addEventListener("keydown", (event) => {
      const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
      if (event.key !== "?" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      this.open();
    });
  },
};
help.listen();
