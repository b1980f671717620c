"""The page as a reader meets it: in a browser, wide and narrow, light and dark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import analysis_factory as factory
import pytest
from browser_driver import Browser, why_not

from ncutool import page
from ncutool.analysis.analyse import Analysis, read_and_analyse
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


@pytest.mark.parametrize("name", ["trace", "report", "basic", "null", "hostile"])
def test_the_script_writes_what_the_page_said(
    browser: Browser, pages: dict[str, Path], name: str
) -> None:
    """Rows drawn by the script read as those written without it: two formatters, one text."""
    browser.open(pages[name])
    drawn = browser.evaluate(
        "[...document.querySelectorAll('tr[data-group]')].map(row =>"
        " [...row.cells].map(cell => cell.textContent.replace(/\\s+/g, ' ').trim()))"
    )
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.call("Page.reload")
        browser.wait_for("document.readyState === 'complete'")
        plain = browser.evaluate(
            "[...document.querySelectorAll('tr[data-group]')].map(row =>"
            " [...row.cells].map(cell => cell.textContent.replace(/\\s+/g, ' ').trim()))"
        )
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)
    assert plain
    assert drawn == plain


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


def test_a_row_selects_its_point_and_opens(browser: Browser, pages: dict[str, Path]) -> None:
    """A click on a row rings its circle and shows every figure and launch of the group."""
    browser.open(pages["trace"])
    browser.evaluate("document.querySelector('tr[data-group=\"1\"] button').click()")
    assert browser.wait_for(CHOSEN) == "1"
    assert browser.evaluate(SIGNAL) == 1
    details = browser.evaluate("document.querySelector('tr.more').innerText")
    for part in ("sm90_xmma_gemm_bf16", "FLOPs: operator shapes", "ridge 295 FLOP/byte"):
        assert part in details
    rows = browser.evaluate("document.querySelectorAll('tr.more tbody tr').length")
    assert rows == 50
    browser.evaluate("document.querySelector('[data-launches]').click()")
    assert browser.evaluate("document.querySelectorAll('tr.more tbody tr').length") == 60
    browser.evaluate("document.querySelector('tr[data-group=\"1\"] button').click()")
    assert browser.evaluate("document.querySelector('tr.more')") is None


def test_the_table_filters_and_sorts(browser: Browser, pages: dict[str, Path]) -> None:
    """Every word must be found; a heading sorts and says so; unknowns come last either way."""
    browser.open(pages["trace"])
    names = "[...document.querySelectorAll('tr[data-group] b')].map(one => one.textContent)"
    everything = browser.evaluate(names)
    browser.evaluate(
        "(box => { box.value = 'MEMORY 559,1024'; box.dispatchEvent(new Event('input')); })"
        "(document.querySelector('[data-filter]'))"
    )
    assert browser.evaluate(names) == ["mul", "add"]
    assert "2 of 6 groups" in browser.evaluate("document.querySelector('[data-shown]').textContent")
    browser.evaluate(
        "(box => { box.value = ''; box.dispatchEvent(new Event('input')); })"
        "(document.querySelector('[data-filter]'))"
    )
    by_roof = "document.querySelector('th[data-sort=roofline_pct] button').click()"
    browser.evaluate(by_roof)
    assert browser.evaluate(names)[:4] == ["add", "mul", "mm", "_flash_attention_forward"]
    browser.evaluate(by_roof)
    assert browser.evaluate(names)[:4] == ["_flash_attention_forward", "mm", "mul", "add"]
    sorted_by = "document.querySelector('th[aria-sort]').dataset.sort"
    assert browser.evaluate(sorted_by) == "roofline_pct"
    assert sorted(browser.evaluate(names)) == sorted(everything)


def test_rows_can_be_taken_to_a_spreadsheet(browser: Browser, pages: dict[str, Path]) -> None:
    """Raw figures, one row a group, and no cell that a spreadsheet would compute."""
    browser.open(pages["trace"])
    lines = browser.evaluate("ncutoolViews[0].parts[0].tsv()").splitlines()
    head = lines[0].split("\t")
    assert len(lines) == 7
    assert {len(line.split("\t")) for line in lines} == {len(head)}
    first = dict(zip(head, lines[1].split("\t"), strict=True))
    assert first["op"] == "aten::_flash_attention_forward"
    assert float(first["flop"]) == pytest.approx(60 * 10.2e9, rel=1e-3)
    guarded = (
        "ncutoolViews[0].parts[0].tsv().split('\\n').every(line => !/(^|\\t)[=+@]/.test(line))"
    )
    browser.open(pages["hostile"])
    assert browser.evaluate(guarded)


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


@pytest.mark.parametrize("width", [1280, 390])
def test_a_row_shows_how_its_figures_come_about(
    browser: Browser, tmp_path: Path, width: int
) -> None:
    """The panel of a group carries the filled-in formulas and sources of its longest launch."""
    target = tmp_path / "sample.html"
    trace = next(SAMPLES.glob("*/*.json.gz"))
    target.write_text(page.render([read_and_analyse(trace)]), encoding="utf-8")
    browser.open(target, width=width)
    browser.evaluate("document.querySelector('tr[data-group=\"0\"] button').click()")
    browser.evaluate("document.querySelector('tr.more details.explained summary').click()")
    shown = browser.evaluate("document.querySelector('tr.more details.explained').innerText")
    for part in ("How each figure comes about (launch ", "= 2 × 4096 × ", "device table", "< 60 %"):
        assert part in shown
    assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
