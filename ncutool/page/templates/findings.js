// The findings of a view: a click on a card, or Enter on its title, chooses it, and again lets go.
class Findings {
  constructor(article, store) {
    this.store = store;
    this.cards = [...article.querySelectorAll("li[data-finding]")];
    for (const card of this.cards) this.listen(card);
  }
  listen(card) {
    const title = card.querySelector("[data-choose]");
    const button = make("button", { type: "button", class: "choose", "aria-pressed": "false" });
    button.append(...title.childNodes);
    title.replaceWith(button);
    card.addEventListener("click", (event) => {
      if (event.target === button) return this.toggle(card);
      // What opens, leads on or is being selected as text does not choose the card as well.
      const other = event.target.closest("a, button, summary, details, code");
      if (!other && !String(getSelection())) this.toggle(card);
    });
  }
  toggle(card) {
    const { finding } = card.dataset;
    this.store.set({ finding: this.store.state.finding === finding ? "" : finding }, this);
  }
  update(state, lens, changed, origin) {
    if (!changed.includes("finding")) return;
    for (const card of this.cards) {
      const chosen = card.dataset.finding === state.finding;
      card.classList.toggle("chosen", chosen);
      card.querySelector(".choose").setAttribute("aria-pressed", String(chosen));
      if (chosen && origin !== this) this.show(card);
    }
  }
  // A card in a fold is shown by unfolding it.
  show(card) {
    const fold = card.parentElement.closest("details");
    if (fold) fold.open = true;
    card.scrollIntoView({ block: "nearest" });
  }
}
