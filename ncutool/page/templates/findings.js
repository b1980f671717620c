// The findings of a view: a click on a card, or Enter on its title, chooses it, and again lets go.
class Findings {
  constructor(article, store) {
    this.store = store;
    this.cards = [...article.querySelectorAll("[data-finding]")];
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
    card.querySelector(".link").addEventListener("click", () => {
      this.store.set({ finding: card.dataset.finding }, this);
      navigator.clipboard?.writeText(location.href.split("#")[0] + "#" + card.id).catch(() => {}); // the address bar has it too
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

// Every legend of a view filters: a button sets the filter that it carries, and again clears it.
class Legends {
  constructor(article, store) {
    this.buttons = [...article.querySelectorAll("button[data-filter]")];
    for (const button of this.buttons) button.addEventListener("click", () => {
      const { filter } = button.dataset;
      store.set({ filter: store.state.filter === filter ? "" : filter }, this);
    });
  }
  update(state, lens, changed) {
    if (!changed.includes("filter")) return;
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.filter === state.filter));
  }
}

// An address may lead to a card that is folded away.
function unfold() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const fold = target?.parentElement?.closest("details");
  if (!fold || fold.open) return;
  fold.open = true;
  target.scrollIntoView();
}
addEventListener("hashchange", unfold);
unfold();
