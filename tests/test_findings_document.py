"""docs/findings.md holds what the code finds in real traces, and the code what the hand found."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import make_findings
import pytest

from ncutool.analysis.analyse import Analysis, read_and_analyse


@cache
def analysed(path: Path) -> Analysis:
    """One trace, analysed once for all tests."""
    return read_and_analyse(path)


@pytest.mark.parametrize("name", make_findings.HAND)
def test_the_document_holds_what_is_found(name: str, corpus: Path) -> None:
    """Every row of its table is what the code gives today (python docs/make_findings.py)."""
    table = make_findings.rows(name, analysed(corpus / "torch" / f"{name}.json.gz"))
    assert table in make_findings.PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", make_findings.HAND)
def test_the_first_finding_is_one_of_the_first_two_by_hand(name: str, corpus: Path) -> None:
    """With the same cause, and its range meets the one worked out by hand."""
    analysis = analysed(corpus / "torch" / f"{name}.json.gz")
    candidates = make_findings.HAND[name][:2]
    first = analysis.findings[0]
    causes = [one for one in candidates if make_findings.matching(one, analysis) == first]
    assert causes, f"{first.title} is neither of {[one.what for one in candidates]}"
    assert make_findings.verdict(causes[0], first) == "meets"
    assert first.alone_low_ns / 1e3 <= causes[0].high_us
    assert first.alone_high_ns <= analysis.window_ns


@pytest.mark.parametrize("name", make_findings.HAND)
def test_rows_that_do_not_meet_are_judged_in_words(name: str) -> None:
    """A table with a row above, below or not listed is followed by its explanation."""
    text = make_findings.PAGE.read_text(encoding="utf-8")
    _, _, after = text.partition(f"<!-- table: {name} -->\n")
    table, _, rest = after.partition("<!-- end -->")
    prose = rest.partition("\n## ")[0].strip()
    apart = [row for row in table.splitlines() if row.endswith(("above |", "below |", "listed |"))]
    assert len(prose) >= 80 * bool(apart)
