"""The page and the picture of a comparison as a browser draws them: quiet, whole, readable."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from browser_driver import Browser, why_not
from diff_cases import CASES, HOSTILE

from ncutool.base.untrusted import printable
from ncutool.page.diff_card import diff_card
from ncutool.page.diff_page import render_diff

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

PROBES = Path(__file__).with_name("probes.js").read_text(encoding="utf-8")
TEXTS = """[...document.querySelectorAll('svg.ncutool-card text')].map(text => {
    const box = text.getBoundingClientRect();
    return [text.textContent, box.left, box.top, box.right, box.bottom]; })"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with Browser() as found:
        yield found


@cache
def page(name: str) -> str:
    """The page of a made comparison, rendered once."""
    return render_diff(CASES[name]())


def opened(browser: Browser, folder: Path, name: str, width: int, *, dark: bool = False) -> None:
    """Opens the page of a made comparison at a width."""
    file = folder / "diff.html"
    file.write_text(page(name), encoding="utf-8")
    browser.open(file, width=width, dark=dark)
    browser.call(
        "Emulation.setDeviceMetricsOverride",
        width=width, height=900, deviceScaleFactor=1, mobile=False,
    )  # fmt: skip
    browser.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")


@pytest.mark.parametrize("width", [1440, 1024, 390])
@pytest.mark.parametrize("name", CASES)
def test_every_page_is_quiet_and_whole(
    browser: Browser, tmp_path: Path, name: str, width: int
) -> None:
    """No message, no request, no sideways scroll, no text cut off or over another."""
    opened(browser, tmp_path, name, width)
    assert browser.complaints() == []
    assert [one for one in browser.requests() if not one.startswith("file:")] == []
    assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
    browser.evaluate(PROBES)
    assert browser.evaluate("ncutoolProbes.overlaps(document.body)") == []
    assert browser.evaluate("ncutoolProbes.clipped(document.body)") == []
    assert browser.evaluate("ncutoolProbes.overMarks(document.body, '.moves circle')") == []


def test_the_verdict_is_said_once_and_stays_in_sight(browser: Browser, tmp_path: Path) -> None:
    """At most 90 characters, the title's words, and still there at the end of the page."""
    opened(browser, tmp_path, "moved", 1440)
    headline = browser.evaluate("document.querySelector('h1').textContent")
    assert headline == "−58.4 % FLOP on the same grids, and 23.2 % less time: 11.82 → 9.082 ms"
    assert browser.evaluate("document.title") == f"{headline} · ncutool"
    browser.evaluate("scrollTo({top: 99999, behavior: 'instant'})")
    assert browser.evaluate("document.querySelector('h1').getBoundingClientRect().top >= 0")


def test_rows_are_filtered_and_sorted(browser: Browser, tmp_path: Path) -> None:
    """Words filter, also the rows that are not seen at once; a click on a head sorts."""
    seen = """[...document.querySelectorAll('table.changes tr.row')]
        .filter(row => row.checkVisibility()).map(row => row.querySelector('b').textContent)"""
    opened(browser, tmp_path, "repeats", 1440)
    assert browser.evaluate(seen) == ["work", "steady", "quick"]
    browser.evaluate("document.querySelector('[data-column=\"1\"] button').click()")
    browser.evaluate("document.querySelector('[data-column=\"1\"] button').click()")
    assert browser.evaluate(seen) == ["quick", "steady", "work"]
    browser.evaluate(
        "(box => { box.value = 'faster'; box.dispatchEvent(new Event('input')); })"
        "(document.querySelector('[data-query]'))"
    )
    assert browser.evaluate(seen) == ["quick"]
    assert browser.evaluate("document.querySelector('[data-shown]').textContent") == "1 of 3"


def test_a_row_unfolds_without_a_script(browser: Browser, tmp_path: Path) -> None:
    """How it was matched and each launch's time stand below it; a style sheet alone shows them."""
    file = tmp_path / "plain.html"
    start = page("moved").rindex("<script>")
    file.write_text(page("moved")[:start], encoding="utf-8")
    browser.open(file, width=1440)
    more = "document.querySelector('tr.more')"
    assert not browser.evaluate(f"{more}.checkVisibility()")
    browser.evaluate("document.querySelector('.opens').click()")
    assert browser.evaluate(f"{more}.checkVisibility()")
    assert "exact: same kernel, grid and block" in browser.evaluate(f"{more}.textContent")


def test_no_name_becomes_an_element(browser: Browser, tmp_path: Path) -> None:
    """Hostile names stand there as text."""
    opened(browser, tmp_path, "hostile", 1440)
    assert browser.evaluate("document.querySelectorAll('img, [onload], [onerror]').length") == 0
    assert browser.evaluate("document.scripts.length") == 1
    words = browser.evaluate("document.querySelector('table.changes').textContent")
    assert printable(HOSTILE[1]) in words
    assert "{{ 7 * 7 }}" in words


@pytest.mark.parametrize("name", CASES)
def test_every_text_of_the_picture_is_inside_and_apart(
    browser: Browser, tmp_path: Path, name: str
) -> None:
    """1200 x 630, nothing cut off, no two texts over each other."""
    file = tmp_path / "card.html"
    file.write_text(
        f"<!doctype html><body style='margin:0'>{diff_card(CASES[name]())}", encoding="utf-8"
    )
    browser.open(file, width=1200)
    for words, left, top, right, bottom in browser.evaluate(TEXTS):
        assert left >= 0, words
        assert top >= 0, words
        assert right <= 1200, words
        assert bottom <= 630, words
    browser.evaluate(PROBES)
    assert browser.evaluate("ncutoolProbes.overlaps(document.body)") == []
