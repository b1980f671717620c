"""The table of what a joined report measured: its sentences are read without scrolling."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_driver import Browser, why_not

import ncutool
from ncutool.page import render

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

SAMPLE = Path(__file__).resolve().parents[2] / "reports" / "samples" / "decoder-layer-synthetic"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped trace with the counters of its report."""
    trace, counters = (next(SAMPLE.glob(ending)) for ending in ("*.json.gz", "*.ncu-rep"))
    path = tmp_path_factory.mktemp("measured") / "joined.html"
    path.write_text(render([ncutool.load(trace, ncu=counters)]), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with Browser() as found:
        yield found


WIDEST = (
    "Math.max(...[...document.querySelectorAll('.scroll:has(.reason)')]"
    ".map((one) => one.scrollWidth - one.clientWidth))"
)


@pytest.mark.parametrize("width", [1440, 1280, 1024])
def test_the_likely_cause_is_in_sight(browser: Browser, page: Path, width: int) -> None:
    """Its column is as wide as there is room; names and sentences are wrapped, not cut."""
    browser.open(page, width=width)
    assert browser.evaluate("document.querySelectorAll('td.reason:not(:empty)').length") > 10
    assert browser.evaluate(WIDEST) <= 0


def test_names_leave_room_for_figures_on_a_phone(browser: Browser, page: Path) -> None:
    """The first figures stand beside the names; the rest is a swipe away."""
    browser.open(page, width=390)
    column = "[...document.querySelectorAll('.scroll:has(.reason) td:nth-child(4)')]"
    right = f"Math.max(...{column}.map((one) => one.getBoundingClientRect().right))"
    assert browser.evaluate(right) <= 390
