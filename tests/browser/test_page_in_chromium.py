"""The page as a reader meets it: in a browser, wide and narrow, light and dark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import analysis_factory as factory
import pytest
from browser_driver import Browser, why_not

from ncutool import page
from ncutool.analysis.analyse import Analysis
from ncutool.base import units

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

PAGES: dict[str, Callable[[], list[Analysis]]] = {
    "trace": lambda: [factory.trace(300)],
    "report": lambda: [factory.report()],
    "basic": lambda: [factory.report(counters=False)],
    "unknown": lambda: [factory.unknown_device()],
    "null": lambda: [factory.everything_null()],
    "hostile": lambda: [factory.hostile()],
    "several": lambda: [factory.trace(60), factory.report(), factory.unknown_device()],
}
SAMPLES = Path(__file__).resolve().parents[2] / "reports" / "samples"
CHOSEN = "document.querySelector('tr.chosen')?.dataset.group"
SIGNAL = "ncutoolViews[0].parts.find(part => part.view).view.signal('selected')"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with Browser() as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every page, written once."""
    folder = tmp_path_factory.mktemp("pages")
    for name, make in PAGES.items():
        (folder / f"{name}.html").write_text(page.render(make()), encoding="utf-8")
    return {name: folder / f"{name}.html" for name in PAGES}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", PAGES)
def test_page_is_quiet_and_fits(
    browser: Browser, pages: dict[str, Path], name: str, width: int, dark: bool
) -> None:
    """No error, no request but the page itself, no sideways scrolling."""
    browser.open(pages[name], width=width, dark=dark)
    assert browser.complaints() == []
    assert browser.requests() == [pages[name].as_uri()]
    assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
    ground = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(20, 23, 27)") is dark


def test_the_chart_follows_the_colour_scheme(browser: Browser, pages: dict[str, Path]) -> None:
    """Marks take the page's colours: the same page, the other scheme, other colours."""
    colour = "getComputedStyle(document.querySelector('.chart .mark-symbol path')).fill"
    browser.open(pages["trace"])
    light = browser.evaluate(colour)
    browser.open(pages["trace"], dark=True)
    assert light.startswith("rgb(")
    assert browser.evaluate(colour) != light


def test_formatters_agree(browser: Browser, pages: dict[str, Path]) -> None:
    """The script's numbers are those of ncutool.base.units, ties and carries included."""
    browser.open(pages["trace"])
    values = [0, 1, 0.125, 999.4, 999.5, 999.6, 1465, 1465.5, 12.345, 0.00012345, 3.35e12, 98_765]
    format_ = browser.evaluate(
        "(values => { const { time, percent, significant, scaled, count } = ncutoolFormat;"
        " return values.map(v => [time(v), percent(v), significant(v), scaled(v, 'B/s'),"
        f" count(v)]); }})({values})"
    )
    for value, (time_, percent, significant, rate, count) in zip(values, format_, strict=True):
        assert time_ == units.time(value)
        assert percent == units.percent(value)
        assert significant == units.significant(value)
        assert rate == units.data_rate(value)
        assert count == units.count(value)


def test_a_point_selects_its_row(browser: Browser, pages: dict[str, Path]) -> None:
    """A click on the roofline marks the group in the table and brings it into view."""
    browser.open(pages["trace"])
    browser.evaluate("document.querySelector('.chart').scrollIntoView({block: 'center'})")
    x, y = browser.evaluate(
        "(box => [box.x + box.width / 2, box.y + box.height / 2])("
        "document.querySelector('.chart .mark-symbol path').getBoundingClientRect())"
    )
    browser.click(x, y)
    group = browser.wait_for(CHOSEN)
    assert browser.evaluate(SIGNAL) == int(group)
    top = browser.evaluate("document.querySelector('tr.chosen').getBoundingClientRect().top")
    assert 0 < top < 900


def test_the_strip_is_moved_by_keys_and_shows_a_selection(
    browser: Browser, pages: dict[str, Path]
) -> None:
    """Keys zoom and move within the window; a click on a piece selects its row."""
    browser.open(pages["trace"])
    window = "(strip => [strip.from, strip.to])(ncutoolViews[0].parts.at(-1))"
    browser.evaluate("document.querySelector('canvas').scrollIntoView({block: 'center'})")
    browser.evaluate("document.querySelector('canvas').focus()")
    start, end = browser.evaluate(window)
    browser.press("+", 187)
    near_start, near_end = browser.evaluate(window)
    assert near_end - near_start == pytest.approx((end - start) / 2)
    browser.press("ArrowRight", 39)
    assert browser.evaluate(window)[0] > near_start
    browser.press("Home", 36)
    wall = browser.evaluate("ncutoolViews[0].parts.at(-1).data.wall_ns")
    assert browser.evaluate(window) == [0, wall]
    for _ in range(5):
        browser.press("+", 187)
    x, y = browser.evaluate(
        "(strip => { const box = strip.canvas.getBoundingClientRect();"
        " const piece = strip.pieces.find(one => one.lane === 0 && one.begin > strip.from);"
        " const middle = (piece.begin + piece.end) / 2;"
        " return [box.x + (middle - strip.from) / (strip.to - strip.from) * box.width,"
        " box.y + 8]; })(ncutoolViews[0].parts.at(-1))"
    )
    browser.click(x, y)
    assert browser.wait_for(CHOSEN) is not None
    assert browser.complaints() == []


def test_views_are_shown_one_at_a_time(browser: Browser, pages: dict[str, Path]) -> None:
    """Links switch between captures; a chart that was hidden is drawn when shown."""
    browser.open(pages["several"])
    shown = "[...document.querySelectorAll('article.view')].map(one => !one.hidden)"
    assert browser.evaluate(shown) == [True, False, False]
    browser.evaluate("location.hash = 'view-2'")
    assert browser.wait_for(f"({shown})[1]")
    assert browser.evaluate(shown) == [False, True, False]
    assert browser.wait_for("document.querySelector('#view-2 .chart svg') !== null")
    current = "document.querySelector('.views [aria-current]').hash"
    assert browser.evaluate(current) == "#view-2"
    assert browser.complaints() == []


def test_hostile_names_do_nothing(browser: Browser, pages: dict[str, Path]) -> None:
    """Opened, filtered, hovered and selected, a hostile name stays a name."""
    browser.open(pages["hostile"])
    browser.evaluate("document.querySelectorAll('tr[data-group] button').forEach(b => b.click())")
    assert browser.evaluate("document.querySelectorAll('img').length") == 0
    assert browser.evaluate("document.title") != "owned"
    assert browser.complaints() == []
    assert browser.evaluate("document.querySelectorAll('tr.more').length") == 4
