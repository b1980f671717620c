"""The two cards: one total each, written in the heading; the legend equals the picture."""

from __future__ import annotations

import re

import analysis_factory as factory
import pytest

from ncutool import page
from ncutool.analysis.document import Document
from ncutool.page.cards import in_unit, understood, where_time_goes


def test_the_understood_card_sums_to_all_of_it() -> None:
    """What is understood and what is not, together 100 %; the reasons unfold."""
    card = understood(Document(factory.trace(200)).coverage)
    assert sum(piece.pct for piece in card.pieces) == pytest.approx(100)
    assert [piece.kind for piece in card.pieces] == ["known", "copy", "unknown"]
    assert [piece.name for piece in card.pieces] == ["on the roofline", "copies", "no figures"]
    assert card.heading.startswith("Understood ")
    assert card.folded[0].startswith("FLOPs are known for ")
    assert "launched before the recording" in card.folded[1]
    assert understood(Document(factory.everything_null()).coverage).pieces == ()


def test_where_the_time_goes_names_idle_causes() -> None:
    """The bar is of wall time; what idle time waits for unfolds."""
    card = where_time_goes(Document(factory.trace(200)).time)
    assert sum(piece.pct for piece in card.pieces) == pytest.approx(100)
    assert card.pieces[-1].kind == "idle"
    assert card.folded[0].startswith("Idle between queued launches: ")
    assert card.remark.endswith("share of wall time")
    report = where_time_goes(Document(factory.report()).time)
    assert report.remark.endswith("share of launch time")
    assert report.fold == ""


def test_a_legend_filters_by_its_bound_but_not_by_idle() -> None:
    """Idle time has no launches that a table could show."""
    filters = {
        piece.kind: piece.filter
        for piece in where_time_goes(Document(factory.trace(200)).time).pieces
    }
    assert filters["compute"] == "bound:compute"
    assert filters["idle"] == ""
    assert {kind for kind, text in filters.items() if text != f"bound:{kind}"} == {"idle"}


def test_the_legend_equals_the_picture() -> None:
    """As many stretches as items, in one order and of one look."""
    text = page.render([factory.trace(200)])
    card = text[text.index('aria-label="Where ') : text.index('class="two')]
    bar, legend = card.split('<ul class="legend">')
    drawn = re.findall(r'<i class="k-([a-z-]+)" style', bar)
    told = re.findall(r'class="(?:ic )?k-([a-z-]+)"', legend)
    assert drawn == told
    assert len(drawn) == len(set(drawn)) >= 4


@pytest.mark.parametrize(
    ("ns", "unit", "text"),
    [
        (7_583_584, "ms", "7.6"),
        (184_677, "ms", "0.18"),
        (4_000, "ms", "<0.01"),
        (0, "ms", "0.00"),
        (123_400_000, "ms", "123"),
        (1_234_500_000_000, "s", "1,234"),
        (994_000, "ms", "0.99"),
        (995_000, "ms", "1.0"),
        (850, "ns", "850"),
    ],
)
def test_amounts_are_written_in_the_unit_of_the_heading(ns: int, unit: str, text: str) -> None:
    """A figure never reads as nothing where there is something."""
    assert in_unit(ns, unit) == text
