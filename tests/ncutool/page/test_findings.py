"""The findings of the page: savings against the window, three lines each, the next step."""

from __future__ import annotations

import itertools
import re

import analysis_factory as factory
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool import page
from ncutool.analysis.analyse import Analysis
from ncutool.analysis.document import Document
from ncutool.base import units
from ncutool.page.axis import ticks
from ncutool.page.findings import Findings, findings


def _findings(analysis: Analysis) -> Findings:
    return findings(analysis, Document(analysis).findings)


def test_findings_carry_range_remedy_and_launches() -> None:
    """Bars are shares of the window: solid to the low end, striped on to the high end."""
    analysis = factory.trace(
        findings=[
            factory.finding(1, overlaps=("fuse-2",)),
            factory.finding(
                2, alone_low_ns=0, alone_high_ns=500_000, saving_low_ns=0, saving_high_ns=400_000
            ),
        ]
    )
    section = _findings(analysis)
    first, second = section.items
    assert first.bar is not None
    assert second.bar is not None
    window = analysis.window_ns
    assert first.bar.low_pct == pytest.approx(100 * 1_000_000 / window, abs=0.001)
    assert first.bar.reach_pct == pytest.approx(100 * 1_000_000 / window, abs=0.001)
    assert second.bar.low_pct == 0
    assert (first.figure, first.unit) == ("1.0–2.0", "ms")
    saving = second.line.saving
    assert (saving.amount, saving.after) == ("0–500 µs", "after those above 0–400 µs")
    assert first.overlaps == (2,)
    assert first.launch_ids == "0–1, 3"
    assert section.of_what == "wall"
    concerned = analysis.kernels.filter(pl.col("launch_id").is_in([0, 1, 3]))
    assert sum(int(row.values[0] or 0) for row in first.kernels.rows) == concerned.height


def test_a_saving_of_a_row_is_not_drawn_against_the_window() -> None:
    """More rows in the same time do not shorten it."""
    text = page.render([factory.trace(findings=[factory.finding(1, per="row")])])
    (item,) = _findings(factory.trace(findings=[factory.finding(1, per="row")])).items
    assert item.bar is None
    assert 'class="axis"' not in text
    assert "more rows in the same time, so not drawn" in text


def test_no_bar_leaves_its_track() -> None:
    """A saving above the window, as of several devices, fills the bar and no more."""
    much = factory.finding(1, alone_low_ns=10**12, alone_high_ns=2 * 10**12)
    (item,) = _findings(factory.trace(findings=[much])).items
    assert item.bar is not None
    assert (item.bar.low_pct, item.bar.reach_pct) == (100, 0)


def test_three_findings_stand_open_and_the_others_fold_with_their_savings() -> None:
    """What is folded is counted and told by its savings."""
    section = _findings(factory.trace(findings=[factory.finding(i) for i in range(5)]))
    assert (len(section.first), len(section.others)) == (3, 2)
    assert section.folded == "2 more: 1.0–2.0 ms, 1.0–2.0 ms"
    many = _findings(factory.trace(findings=[factory.finding(i) for i in range(12)]))
    assert many.folded.startswith("9 more: ")
    assert many.folded.endswith(" and 4 smaller")
    assert _findings(factory.trace(findings=[factory.finding(1)])).folded == ""


def test_all_of_it_together_comes_first() -> None:
    """A row of its own, of two findings or more."""
    one = page.render([factory.trace(findings=[factory.finding(1)])])
    assert "All of it together" not in one


def test_no_findings_say_what_would_find_some() -> None:
    """An empty list is a sentence with its threshold, for traces, reports and no time at all.

    It says that nothing worth doing was found, not that there is nothing to change.
    """
    empty = _findings(factory.trace(findings=[]))
    assert empty.items == ()
    assert empty.ticks == ()
    window = units.time(factory.trace().window_ns)
    assert empty.empty.startswith(f"Nothing worth doing was found ({window}, savings above 0.5 %).")
    assert "record_shapes=True" in empty.empty
    assert "trace of the whole program" in _findings(factory.report()).empty
    null = _findings(factory.everything_null())
    assert "no launch carries a duration" in null.empty
    assert null.empty_title == "Nothing is timed"


def test_a_finding_whose_time_others_claim_says_so() -> None:
    """What it saves alone stands, and that nothing of it is left; no row of zeros."""
    nothing = dict.fromkeys(("saving_low_ns", "saving_high_ns"), 0)
    (item,) = _findings(factory.trace(findings=[factory.finding(**nothing)])).items
    assert (item.line.saving.amount, item.line.saving.after) == ("1.0–2.0 ms", "counted above")


def test_code_link_and_caveat_are_shown_and_only_plain_links() -> None:
    """A remedy's line of code to copy, its documentation, and what would make it wrong."""
    finding = factory.finding(
        code='model.half() # "x"', caveat="If `x` overflows.", link="https://a.b/c#d"
    )
    (item,) = _findings(factory.trace(findings=[finding])).items
    assert item.link == "https://a.b/c#d"
    text = page.render([factory.trace(findings=[finding])])
    assert "<code>model.half() # &#34;x&#34;</code>" in text
    assert 'data-copy-text="model.half() # &#34;x&#34;" hidden>Copy</button>' in text
    assert "<b>Caveat</b> If <code>x</code> overflows." in text
    (item,) = _findings(factory.trace(findings=[factory.finding(link="https://a.b/'x")])).items
    assert item.link is None


def test_many_findings_are_cut_and_counted() -> None:
    """A page shows forty; the rest is said."""
    section = _findings(factory.trace(findings=[factory.finding(i) for i in range(45)]))
    assert len(section.items) == 40
    assert section.notes[-1] == "5 smaller findings not shown: see `ncutool findings`."


def test_the_next_step_is_the_first_finding() -> None:
    """With its saving and its code; nothing to do and nothing to collect leaves no line."""
    section = _findings(factory.trace(findings=[factory.finding(1, code="f(x)")]))
    assert section.next is not None
    assert (section.next.saving, section.next.code, section.next.rank) == ("1.0–2.0 ms", "f(x)", 1)
    text = page.render([factory.trace(findings=[factory.finding(1, code="f(x)")])])
    (step,) = re.findall(r'<div class="next">.*?</div>', text)
    assert "<b>1.0–2.0 ms</b>" in step
    assert 'href="#view-1-finding-1"' in step
    quiet = _findings(factory.trace(findings=[]))
    if not quiet.could_not_look:
        assert quiet.next is None


@pytest.mark.parametrize(
    ("total_ns", "texts"),
    [
        (49_700_000, ["0", "10", "20", "30", "40", "49.7 ms"]),
        (1_900_000, ["0", "0.5", "1", "1.5", "1.90 ms"]),
        (1, ["0", "0.2", "0.4", "0.6", "0.8", "1.00 ns"]),
        (41_000_000, ["0", "10", "20", "30", "41.0 ms"]),
        (0, []),
    ],
)
def test_an_axis_has_round_marks_and_ends_at_the_total(total_ns: int, texts: list[str]) -> None:
    """Steps of 1, 2 or 5; none so near to the end that they would touch."""
    assert [tick.text for tick in ticks(total_ns)] == texts


@given(st.integers(1, 10**15))
def test_marks_of_an_axis_rise_and_stay_apart(total_ns: int) -> None:
    """Any window: from nothing to all of it, at least a tenth apart."""
    marks = [tick.pct for tick in ticks(total_ns)]
    assert marks[0] == 0
    assert marks[-1] == 100
    assert 2 <= len(marks) <= 7
    assert all(b - a >= 9 for a, b in itertools.pairwise(marks))
