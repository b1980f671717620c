"""The page as a reader meets it: in a browser, wide and narrow, light and dark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

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
    assert (ground == "rgb(14, 16, 19)") is dark


def test_the_chart_follows_the_colour_scheme(browser: Browser, pages: dict[str, Path]) -> None:
    """Marks take the page's colours: the same page, the other scheme, other colours."""
    colour = "getComputedStyle(document.querySelector('.wide .groups [data-g]')).fill"
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
    browser.evaluate("document.querySelector('.plane').scrollIntoView({block: 'center'})")
    x, y = browser.evaluate(
        "(box => [box.x + box.width / 2, box.y + box.height / 2])("
        "document.querySelector('.wide .groups [data-g]').getBoundingClientRect())"
    )
    browser.click(x, y)
    group = browser.wait_for(CHOSEN)
    ringed = browser.evaluate("document.querySelector('.wide .groups .sel').dataset.g")
    assert ringed == str(group)
    top = browser.evaluate("document.querySelector('tr.chosen').getBoundingClientRect().top")
    assert 0 < top < 900


def test_the_pointer_lists_what_lies_underneath(browser: Browser, pages: dict[str, Path]) -> None:
    """The mark whose middle is nearest comes first, then the others within reach, by time."""
    browser.open(pages["trace"])
    told = browser.evaluate(
        "(() => { const drawing = ncutoolViews[0].parts.find(part => part.planes);"
        " const [first, second] = drawing.plane.marks;"
        " Object.assign(second, { x: first.x + 1, y: first.y });"
        " const found = drawing.plane.near({ x: first.x, y: first.y });"
        " return [found.nearest.group, found.all.map(mark => mark.group).slice(0, 2)]; })()"
    )
    assert told == [0, [0, 1]]


def test_a_drawing_is_zoomed_and_shown_whole_again(
    browser: Browser, pages: dict[str, Path]
) -> None:
    """The store keeps what is in sight; marks keep their size, and numbers are drawn anew."""
    browser.open(pages["trace"])
    width = "document.querySelector('.wide .groups [data-g]').getBoundingClientRect().width"
    before = browser.evaluate(width)
    browser.evaluate("document.querySelector('[data-zoom=in]').click()")
    assert browser.wait_for("ncutoolViews[0].store.state.zoom").startswith("roofline 2 ")
    assert browser.evaluate(width) == pytest.approx(before, abs=0.1)
    assert browser.evaluate("document.querySelectorAll('.wide .seen text').length") > 3
    browser.evaluate("document.querySelector('[data-zoom=all]').click()")
    assert browser.wait_for("ncutoolViews[0].store.state.zoom === null")
    assert browser.evaluate("document.querySelectorAll('.seen').length") == 0


def test_a_saved_picture_stands_alone(browser: Browser, pages: dict[str, Path]) -> None:
    """The file names capture and version and needs no style sheet."""
    browser.open(pages["trace"])
    text = browser.evaluate(
        "new Promise(done => { const old = URL.createObjectURL;"
        " URL.createObjectURL = blob => { blob.text().then(done); return old(blob); };"
        " document.querySelector('[data-save=svg]').click(); })"
    )
    root = ElementTree.fromstring(text)
    words = " ".join("".join(one.itertext()) for one in root.iter() if one.tag.endswith("text"))
    assert "Roofline: sample.json.gz" in words
    assert "ncutool " in words
    assert "var(" not in text
    assert "class=" not in text


def test_views_are_shown_one_at_a_time(browser: Browser, pages: dict[str, Path]) -> None:
    """Links switch between captures; a chart that was hidden is drawn when shown."""
    browser.open(pages["several"])
    shown = "[...document.querySelectorAll('article.view')].map(one => !one.hidden)"
    assert browser.evaluate(shown) == [True, False, False]
    browser.evaluate("location.hash = 'view-2'")
    assert browser.wait_for(f"({shown})[1]")
    assert browser.evaluate(shown) == [False, True, False]
    assert browser.wait_for(
        "document.querySelector('#view-2 .wide svg').getBoundingClientRect().width > 500"
    )
    current = "document.querySelector('.views [aria-current]').hash"
    assert browser.evaluate(current) == "#view-2"
    assert browser.complaints() == []


def test_hostile_names_do_nothing(browser: Browser, pages: dict[str, Path]) -> None:
    """Opened, filtered, hovered and selected, a hostile name stays a name."""
    browser.open(pages["hostile"])
    for group in range(4):  # rows are drawn anew with each that is opened
        browser.evaluate(f"document.querySelector('tr[data-group=\"{group}\"] button').click()")
    assert browser.evaluate("document.querySelectorAll('img').length") == 0
    assert browser.evaluate("document.title") != "owned"
    assert browser.complaints() == []
    assert browser.evaluate("document.querySelectorAll('tr.more').length") == 4
