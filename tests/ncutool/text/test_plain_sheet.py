"""A sheet without colours: what is written without rich is what rich would write."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from ncutool.text.plain import _NARROW, plain_text
from ncutool.text.sheet import Grid, Sheet
from ncutool.text.sheet_drawing import drawn
from ncutool.text.sheet_terminal import sheet_text

WORDS = st.sampled_from(
    [
        "a",
        "12,345",
        "GB/s",
        "lorem",
        "×",
        "–",
        "4.776 µs",
        " ",
        "  ",
        "\xa0",
        "x" * 45,
        "→",
        "\x1b[1m",
    ]
)
TEXTS = st.lists(WORDS, max_size=25).map(" ".join)
CELLS = st.lists(WORDS, max_size=2).map(" ".join)


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    """A table with as many cells in each row as it has headings."""
    headings = tuple(draw(st.lists(CELLS, max_size=5)))
    row = st.tuples(*[CELLS] * len(headings))
    return Grid(
        draw(CELLS),
        headings,
        tuple(draw(st.lists(row, max_size=4))),
        frozenset(heading for heading in headings if draw(st.booleans())),
    )


FACTS = st.lists(st.tuples(CELLS, CELLS, TEXTS), max_size=3).map(tuple)
SHEETS = st.builds(
    Sheet,
    TEXTS,
    FACTS,
    st.lists(grids(), max_size=2).map(tuple),
    st.lists(TEXTS, max_size=3).map(tuple),
    TEXTS,
    TEXTS,
    st.lists(st.tuples(CELLS, FACTS), max_size=2).map(tuple),
)


@settings(max_examples=150, deadline=None)
@given(SHEETS, st.sampled_from([40, 79, 120, 200]))
@example(Sheet("", (), (Grid("", ("a ", " b"), (("1 ", " 2"),)),), ("",)), 40)
def test_it_is_what_rich_writes(sheet: Sheet, width: int) -> None:
    """To the letter, or nothing: then rich is asked."""
    plain = plain_text(sheet, width)
    assert plain is None or plain == drawn(sheet, color=False, width=width)


def test_every_character_that_it_writes_is_one_column_wide() -> None:
    """As rich measures them, so that columns stand under each other."""
    taken = [chr(one) for one in range(0x11_0000) if _NARROW.fullmatch(chr(one))]
    assert {"a", "×", "µ", "–", "…", "→"} <= set(taken)
    assert [one for one in taken if cell_len(one) != 1 or one in "\x1b\n\t\xad"] == []


LONG = " ".join(["word"] * 30)


@pytest.mark.parametrize(
    "sheet",
    [
        Sheet("語", (), (), ()),
        Sheet("a\N{COMBINING ACUTE ACCENT}", (), (), ()),
        Sheet("", (), (), ("x" * 121,)),
        Sheet("", (), (Grid("", ("a", "b"), (("x" * 60, "y" * 59),)),), ()),
        Sheet("", (), (Grid("", ("a", "b"), (("one",),)),), ()),
        Sheet("", (), (Grid("", (), ()),), ()),
    ],
    ids=["wide", "combining", "long word", "wide table", "short row", "no columns"],
)
def test_rich_is_asked_where_it_takes_thought(sheet: Sheet) -> None:
    """Other widths, folded words, columns that must shrink."""
    assert plain_text(sheet, 120) is None


def test_a_sheet_for_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """In 120 columns, with figures to the right and words to the left; without trailing spaces."""
    monkeypatch.delenv("COLUMNS", raising=False)
    grid = Grid(
        "Speeds", ("batch", "bound"), (("1", "memory"), ("256", "math")), frozenset({"bound"})
    )
    sheet = Sheet("A plan", (("weights", "16.58", "GB"), ("in all", "9", "fits")), (grid,), (LONG,))
    assert sheet_text(sheet, color=False).splitlines() == [
        "A plan",
        "",
        "  weights  16.58  GB",
        "  in all       9  fits",
        "",
        "Speeds",
        "batch  bound",
        "    1  memory",
        "  256  math",
        "",
        "- " + " ".join(["word"] * 23),
        " ".join(["word"] * 7),
    ]
