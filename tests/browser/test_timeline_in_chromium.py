"""The timeline under a reader's hands: moved, zoomed, and dragged over to select a range."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import analysis_factory as factory
import polars as pl
import pytest
from browser_driver import Browser, why_not

from ncutool import page
from ncutool.analysis.analyse import Analysis
from ncutool.analysis.document import Document
from ncutool.page import timeline

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

FINDING = factory.finding(1, launches=tuple(range(100, 110)))
SINGLE = factory.trace(300, findings=[FINDING])
MERGED = factory.trace(11_000)
STRIP = "ncutoolViews[0].parts.find(part => part.zoomed)"
SHOWN = (
    "[...ncutoolViews[0].store.lens.shown.keys()].filter(i => ncutoolViews[0].store.lens.shown[i])"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with Browser() as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every page, written once."""
    folder = tmp_path_factory.mktemp("timelines")
    for name, analysis in {"single": SINGLE, "merged": MERGED}.items():
        (folder / f"{name}.html").write_text(page.render([analysis]), encoding="utf-8")
    return {name: folder / f"{name}.html" for name in ("single", "merged")}


def running(analysis: Analysis, begin: int, end: int) -> list[int]:
    """The groups with a launch that runs in this part of the window."""
    assert analysis.timeline is not None
    start = pl.col("start_ns") - analysis.timeline.start_ns
    rows = analysis.kernels.with_columns(Document(analysis).kernels.membership.alias("group"))
    runs = rows.filter((start < end) & (start + pl.col("duration_ns") > begin))
    return sorted(set(runs["group"]))


@pytest.mark.parametrize(("name", "analysis"), [("single", SINGLE), ("merged", MERGED)])
def test_a_range_leaves_the_groups_that_run_in_it(
    browser: Browser, pages: dict[str, Path], name: str, analysis: Analysis
) -> None:
    """Exactly those, also where launches are merged: there a range is a little wider."""
    assert analysis.timeline is not None
    wall = analysis.timeline.wall_ns
    chance = random.Random(0)
    wanted = [sorted(chance.sample(range(wall), 2)) for _ in range(40)]
    wanted += [[0, wall], [0, 1], [wall - 1, wall]]
    browser.open(pages[name])
    found = browser.evaluate(
        f"(strip => {json.dumps(wanted)}.map(range => {{"
        " const settled = strip.pieces.settle(range);"
        " const within = strip.pieces.groupsIn(...settled);"
        f" return [settled, [...within.keys()].filter(i => within[i])]; }}))({STRIP})"
    )
    for (low, high), ((begin, end), groups) in zip(wanted, found, strict=True):
        assert begin <= low < high <= end
        assert groups == running(analysis, begin, end)
        if name == "single":
            assert (begin, end) == (low, high)


def test_dragging_filters_the_whole_page(browser: Browser, pages: dict[str, Path]) -> None:
    """The groups that run in the range are left, its length is told, and all come back."""
    browser.open(pages["single"])
    everything = browser.evaluate(SHOWN)
    x, y, width = browser.evaluate(
        "(box => [box.x, box.y + 20, box.width])((element => { element.scrollIntoView("
        "{block: 'center'}); return element; })(document.querySelector('[data-overview]'))"
        ".getBoundingClientRect())"
    )
    mouse = "Input.dispatchMouseEvent"
    browser.call(mouse, type="mouseMoved", x=x + width * 0.5, y=y)
    browser.call(mouse, type="mousePressed", x=x + width * 0.5, y=y, button="left", clickCount=1)
    for share in (0.503, 0.507, 0.512):
        browser.call(mouse, type="mouseMoved", x=x + width * share, y=y, button="left", buttons=1)
    browser.call(mouse, type="mouseReleased", x=x + width * 0.512, y=y, button="left", clickCount=1)
    begin, end = browser.evaluate("ncutoolViews[0].store.state.range")
    left = browser.evaluate(SHOWN)
    assert left == running(SINGLE, begin, end)
    assert len(left) < len(everything)
    told = browser.evaluate("document.querySelector('[data-range]').textContent")
    assert "launches" in told
    assert browser.evaluate("document.querySelectorAll('[data-veil]:not([hidden])').length") == 2
    browser.evaluate("document.querySelector('[data-range] button').click()")
    assert browser.evaluate(SHOWN) == everything
    assert browser.evaluate("document.querySelector('[data-range]').hidden")
    assert browser.complaints() == []


def test_keys_move_the_zoomed_part_and_choose(browser: Browser, pages: dict[str, Path]) -> None:
    """Plus, arrows and Home; Enter takes the launch in the middle, a click the one beneath."""
    window = f"[{STRIP}.from, {STRIP}.to]"
    browser.open(pages["single"])
    browser.evaluate("document.querySelector('[data-zoomed]').scrollIntoView({block: 'center'})")
    browser.evaluate("document.querySelector('[data-zoomed]').focus()")
    start, end = browser.evaluate(window)
    browser.press("+", 187)
    near_start, near_end = browser.evaluate(window)
    assert near_end - near_start == pytest.approx((end - start) / 2)
    browser.press("ArrowRight", 39)
    assert browser.evaluate(window)[0] > near_start
    browser.press("Enter", 13)
    kernel = "ncutoolViews[0].store.state.kernel"
    assert browser.evaluate(kernel) >= 0
    assert browser.evaluate("document.querySelector('[data-launches] .chosen') !== null")
    browser.press("Home", 36)
    assert browser.evaluate(window) == [0, browser.evaluate(f"{STRIP}.data.wall_ns")]
    for _ in range(5):
        browser.press("+", 187)
    browser.evaluate(
        "document.querySelector('[data-zoomed]')"
        ".scrollIntoView({ block: 'center', behavior: 'instant' })"
    )
    x, y, group = browser.evaluate(
        "(strip => { const box = strip.zoomed.getBoundingClientRect(); const { pieces } = strip;"
        " const i = pieces.begin.findIndex((at, i) => at > strip.from && pieces.lane[i] === 0);"
        " const middle = (pieces.begin[i] + pieces.end[i]) / 2;"
        " return [box.x + (middle - strip.from) / (strip.to - strip.from) * box.width, box.y + 8,"
        f" pieces.group[i]]; }})({STRIP})"
    )
    browser.click(x, y)
    assert browser.wait_for(f"{kernel} === {group}")
    assert browser.complaints() == []


def test_a_finding_lights_its_launches(browser: Browser, pages: dict[str, Path]) -> None:
    """Its ten launches are bright, all others dim, and its lane shows it alone."""
    browser.open(pages["single"])
    browser.evaluate(f"ncutoolViews[0].store.set({{ finding: '{FINDING.id}' }})")
    bright = browser.evaluate(f"[...Array(300).keys()].filter(i => {STRIP}.bright(i))")
    assert bright == list(range(100, 110))
    assert browser.evaluate("document.querySelectorAll('.tl-row > g.dim').length") == 3
    browser.evaluate("ncutoolViews[0].store.set({ finding: '' })")
    assert browser.evaluate("document.querySelectorAll('.tl-row > g.dim').length") == 0


@pytest.mark.parametrize(("name", "analysis"), [("single", SINGLE), ("merged", MERGED)])
def test_the_script_marks_the_axis_as_the_page_does(
    browser: Browser, pages: dict[str, Path], name: str, analysis: Analysis
) -> None:
    """Two choosers of round moments, one axis."""
    browser.open(pages[name])
    drawn = browser.evaluate(
        "[...document.querySelectorAll('[data-zoom-axis] span')].map(one => one.textContent)"
    )
    strip = timeline.strip(analysis, Document(analysis))
    assert strip.detail is not None
    assert drawn == [tick.label for tick in strip.detail.ticks]
