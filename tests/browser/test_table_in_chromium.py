"""The kernel table in a browser: the filter language, order, headings, addresses, long lists."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import analysis_factory as factory
import pytest
from browser_driver import Browser, why_not
from page_library import Library, library

from ncutool import page
from ncutool.analysis.analyse import read_and_analyse
from ncutool.base.untrusted import markdown

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

SAMPLES = Path(__file__).resolve().parents[2] / "reports" / "samples"
STORE = "ncutoolViews[0].store"
TABLE = "ncutoolViews[0].table"
NAMES = "[...document.querySelectorAll('tr[data-group] b')].map(one => one.textContent)"
ROWS = (
    "[...document.querySelectorAll('tr[data-group]')].map(row =>"
    " [...row.cells].map(cell => cell.textContent.replace(/\\s+/g, ' ').trim()))"
)
PROBLEM = "document.querySelector('[data-problem]').textContent"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with Browser() as found:
        yield found


@pytest.fixture(scope="session")
def shelves(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The pages, each made once."""
    return library(tmp_path_factory)


def choose(browser: Browser, **state: Any) -> None:
    """Change what is chosen, as any part of the page does."""
    browser.evaluate(f"{STORE}.set({json.dumps(state)})")


def filtered(browser: Browser, text: str) -> list[str]:
    """The names of the rows that a filter leaves."""
    choose(browser, filter=text)
    names: list[str] = browser.evaluate(NAMES)
    return names


@pytest.mark.parametrize("name", ["trace", "report", "basic", "unknown", "null", "hostile"])
def test_the_script_writes_what_the_page_said(
    browser: Browser, shelves: Library, name: str
) -> None:
    """Rows drawn by the script read as those written without it: two formatters, one text."""
    browser.open(shelves.made(name))
    drawn = browser.evaluate(ROWS)
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.call("Page.reload")
        browser.wait_for("document.readyState === 'complete'")
        plain = browser.evaluate(ROWS)
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)
    assert plain
    assert drawn == plain


FLASH, MM, MUL, ADD, UNLINKED = (
    "_flash_attention_forward", "mm", "mul", "add", "elementwise_kernel<MulFunctor>",
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("mm", [MM]),
        ("op:m", [MM, MUL]),
        ("op:aten::mul", [MUL]),
        ("559,1024 -mul", [ADD]),
        ('"[16,559,1024] × [16,559,1]"', [MUL]),
        ("bound:memory", [MUL, ADD]),
        ("bound:MEM,compute", [MM, MUL, ADD]),
        ("bound:compute bound:memory", []),
        ("kernel:vectorized", [MUL, ADD]),
        ("dtype:bf16 -kernel:flash", [MM, ADD]),
        ("roof<40%", [FLASH]),
        ("roof<40", [FLASH]),
        ("roof>=62 bound:memory", [MUL, ADD]),
        ("tflops>100", [MM]),
        ("time>1s", []),
        ("launches<=30 launches>30", []),
        ("source:shape family:gemm", [MM]),
        ("finding:fuse-1", [FLASH, MM, MUL, ADD]),
    ],
)
def test_the_filter_leaves(browser: Browser, shelves: Library, text: str, names: list[str]) -> None:
    """Every term must hold; a comma means either, a minus without; unknown figures never match."""
    browser.open(shelves.made("trace"))
    found = filtered(browser, text)
    assert browser.evaluate(PROBLEM) == ""
    if text != "finding:fuse-1":
        assert sorted(found) == sorted(names)
    else:
        assert set(found) <= set(names)
        assert found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("time>", "“time>” needs a number, as in time>1ms"),
        ("time>1h", "“h” is no unit of time; ns, us, µs, μs, ms, s: time>1ms"),
        ("bound:foo", "no bound begins with “foo”; there are"),
        ("dtype:fp4", "no dtype here begins with “fp4”; there are bf16, fp32"),
        ("finding:fuse-9", "no finding here begins with “fuse-9”; there are fuse-1"),
        ("colour:red", "“colour:” is not known; known are bound:"),
        ("size>3", "“size” cannot be compared; these can: time, each,"),
        ("op:", "“op:” needs a value, as in op:mm"),
    ],
)
def test_a_wrong_term_says_so_and_filters_nothing(
    browser: Browser, shelves: Library, text: str, problem: str
) -> None:
    """What is wrong and what is known stand under the box; the rest of the filter still works."""
    browser.open(shelves.made("trace"))
    assert len(filtered(browser, text)) == 6
    assert browser.evaluate(PROBLEM).startswith(problem)
    assert browser.evaluate("document.querySelector('[data-query]').ariaInvalid") == "true"
    assert filtered(browser, f"{text} mul") == [MUL]


def test_an_empty_result_can_be_cleared(browser: Browser, shelves: Library) -> None:
    """No row is told of in words, with a way back."""
    browser.open(shelves.made("trace"))
    assert filtered(browser, "nothing has this name") == []
    shown = browser.evaluate("document.querySelector('tr.none').innerText")
    assert "No kernel matches “nothing has this name”" in shown
    told = browser.evaluate("document.querySelector('[data-shown]').textContent")
    assert told.startswith("0 of 6 groups")
    browser.evaluate("document.querySelector('[data-clear]').click()")
    assert len(browser.evaluate(NAMES)) == 6


def test_a_legend_turns_its_term(browser: Browser, shelves: Library) -> None:
    """A legend's item joins the filter, says that it is pressed, and leaves the filter again."""
    browser.open(shelves.made("trace"))
    browser.evaluate(
        "document.querySelector('#view-1-time').insertAdjacentHTML('beforeend',"
        '\'<button data-filter="bound:memory">m</button><button data-filter="bound:compute">\')'
    )
    item = "document.querySelector('[data-filter=\"bound:memory\"]')"
    state = f"[{STORE}.state.filter, {item}.ariaPressed]"
    press = "document.querySelector('[data-filter=\"bound:{}\"]').click()"
    choose(browser, filter="1024")
    browser.evaluate(press.format("memory"))
    assert browser.evaluate(state) == ["1024 bound:memory", "true"]
    browser.evaluate(press.format("compute"))
    assert browser.evaluate(state) == ["1024 bound:memory,compute", "true"]
    browser.evaluate(press.format("memory"))
    assert browser.evaluate(state) == ["1024 bound:compute", "false"]
    browser.evaluate(press.format("compute"))
    assert browser.evaluate(state) == ["1024", "false"]


def test_headings_sort_and_unknowns_come_last(browser: Browser, shelves: Library) -> None:
    """Figures begin with the largest, words with the first; a second press turns the order."""
    browser.open(shelves.made("trace"))
    press = "document.querySelector('th[data-column={}] button').click()"
    browser.evaluate(press.format("roof"))
    assert browser.evaluate(NAMES)[:4] == [ADD, MUL, MM, FLASH]
    browser.evaluate(press.format("roof"))
    assert browser.evaluate(NAMES)[:4] == [FLASH, MM, MUL, ADD]
    assert browser.evaluate(f"{STORE}.state.sort") == "roof"
    browser.evaluate(press.format("name"))
    assert browser.evaluate("document.querySelector('th[aria-sort]').ariaSort") == "ascending"
    assert browser.evaluate(NAMES)[0] == FLASH


def test_rows_are_grouped_with_sums(browser: Browser, shelves: Library) -> None:
    """A heading sums launches and time; opened, it holds its rows."""
    browser.open(shelves.made("trace"))
    choose(browser, by="family")
    heads = "[...document.querySelectorAll('tr.heading')].map(one => one.cells[1].textContent)"
    assert sum(int(text) for text in browser.evaluate(heads)) == 300
    assert browser.evaluate(NAMES) == []
    browser.evaluate("document.querySelector('tr.heading button').click()")
    assert browser.evaluate(NAMES)[0] == FLASH
    assert browser.evaluate("document.activeElement.ariaExpanded") == "true"
    choose(browser, kernel=3)
    assert browser.evaluate("document.querySelector('tr.chosen').dataset.group") == "3"


def test_parts_of_a_group_say_only_what_is_theirs(browser: Browser, tmp_path: Path) -> None:
    """Under a step stand its own launches and time; a rate of all launches is not said of it."""
    rows = factory.torch_rows(100)
    for number, row in enumerate(rows):
        row["nvtx"] = f"ProfilerStep#{number // 50}"
    target = tmp_path / "steps.html"
    target.write_text(page.render([factory.analysis(rows)]), encoding="utf-8")
    browser.open(target)
    choose(browser, by="step")
    heads = (
        "[...document.querySelectorAll('tr.heading')].map(row =>"
        " [row.querySelector('b').textContent, row.cells[1].textContent])"
    )
    assert browser.evaluate(heads) == [["ProfilerStep#0", "50"], ["ProfilerStep#1", "50"]]
    browser.evaluate("document.querySelector('tr.heading button').click()")
    cell = "document.querySelector('tr[data-group=\"0\"] .c-flops')"
    assert browser.evaluate(f"{cell}.textContent") == "–"
    assert browser.evaluate(f"{cell}.title").startswith("known of all its 20 launches together")


def test_columns_are_chosen(browser: Browser, shelves: Library) -> None:
    """A box takes a column away and back; the usual columns leave no trace in the state."""
    browser.open(shelves.made("trace"), width=1440)
    box = "document.querySelector('[data-chooser] input[value={}]')"
    shown = (
        "[...document.querySelectorAll('th[data-column]')].filter(one => one.offsetParent)"
        ".map(one => one.dataset.column)"
    )
    usual = browser.evaluate(shown)
    assert "grid" not in usual
    browser.evaluate(box.format("grid") + ".click()")
    assert "grid" in browser.evaluate(shown)
    browser.evaluate(box.format("each") + ".click()")
    assert "each" not in browser.evaluate(shown)
    assert browser.evaluate(f"{STORE}.state.columns").startswith("launches,time,share,")
    browser.evaluate(box.format("grid") + ".click()")
    browser.evaluate(box.format("each") + ".click()")
    assert browser.evaluate(f"{STORE}.state.columns") == ""
    assert browser.evaluate(shown) == usual


def test_an_opened_row_tells_how_its_figures_come_about(browser: Browser, tmp_path: Path) -> None:
    """Gauges, formulas with numbers, sources, launches and the whole name, wide and narrow."""
    target = tmp_path / "sample.html"
    trace = next(SAMPLES.glob("*/*.json.gz"))
    target.write_text(page.render([read_and_analyse(trace)]), encoding="utf-8")
    for width in (1280, 390):
        browser.open(target, width=width)
        browser.evaluate("document.querySelector('tr[data-group=\"0\"] .opener').click()")
        browser.evaluate(
            "document.querySelectorAll('tr.more details').forEach(one => one.open = true)"
        )
        shown = browser.evaluate("document.querySelector('tr.more').innerText")
        for part in (
            "How each figure comes about (launch ", "= 2 × 4096 × ", "device table", "< 60 %",
            "The tick is the best", "4 launches",
        ):  # fmt: skip
            assert part in shown
        assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert browser.evaluate("document.querySelectorAll('tr.more .gauge').length") == 2
        browser.evaluate("document.querySelector('tr[data-group=\"0\"] .opener').click()")
        assert browser.evaluate("document.querySelector('tr.more')") is None


def test_rows_are_copied_as_markdown(browser: Browser, shelves: Library) -> None:
    """The rows as they stand, with the visible columns; names are escaped as everywhere."""
    browser.open(shelves.made("hostile"), width=1440)
    choose(browser, columns="launches,time,bound")
    lines = browser.evaluate(f"{TABLE}.markdown()").splitlines()
    assert lines[0].startswith("| operator and shape | launches | total ")
    assert lines[1] == "| --- | ---: | ---: | --- |"
    assert len(lines) == 6
    assert all("<img" not in line and "](" not in line for line in lines)
    name = browser.evaluate("ncutoolViews[0].groups.title(0)")
    assert lines[2].startswith(f"| {markdown(name)} |")


def test_rows_are_saved_as_csv(browser: Browser, shelves: Library) -> None:
    """All that match, in base units, and no cell that a spreadsheet would compute."""
    browser.open(shelves.made("trace"))
    rows = list(csv.DictReader(io.StringIO(browser.evaluate(f"{TABLE}.csv()"))))
    assert len(rows) == 6
    assert rows[0]["op"] == "aten::_flash_attention_forward"
    assert float(rows[0]["flop"]) == pytest.approx(60 * 10.2e9, rel=1e-3)
    choose(browser, filter="bound:memory")
    assert len(list(csv.reader(io.StringIO(browser.evaluate(f"{TABLE}.csv()"))))) == 3
    browser.open(shelves.made("hostile"))
    for row in csv.reader(io.StringIO(browser.evaluate(f"{TABLE}.csv()"))):
        assert not any(cell.startswith(("=", "+", "@")) for cell in row)


def _address(browser: Browser) -> str:
    """The part of the address behind the page's own, once it has followed the state."""
    return browser.evaluate("new Promise(done => setTimeout(() => done(location.hash), 250))")  # type: ignore[no-any-return] # the driver's values are of any type


def test_the_address_holds_the_state_and_gives_it_back(browser: Browser, shelves: Library) -> None:
    """Filter, order, columns, finding and kernel go into the address, and come back from it."""
    target = shelves.made("trace")
    browser.open(target)
    assert _address(browser) == ""
    state = {
        "filter": 'time>1ms "a b" bound:memory&x=1', "sort": "-roof", "by": "op",
        "columns": "time,roof", "kernel": 2, "finding": "fuse-1",
    }  # fmt: skip
    choose(browser, **state)
    address = _address(browser)
    assert address.startswith("#finding=fuse-1&kernel=2&filter=time%3E1ms%20%22a%20b%22%20bound:")
    assert address.endswith("&sort=-roof&by=op&columns=time,roof")
    browser.call("Page.navigate", url="about:blank")
    browser.call("Page.navigate", url=target.as_uri() + address)
    browser.wait_for(f"window.ncutoolViews && {STORE}.state.by === 'op'")
    held = browser.evaluate(f"{STORE}.state")
    assert {name: held[name] for name in state} == state
    browser.evaluate("location.hash = '#sort=launches'")
    browser.wait_for(f"{STORE}.state.sort === 'launches'")
    assert browser.evaluate(f"{STORE}.state.filter") == ""


@pytest.mark.parametrize(
    "address",
    [
        "#kernel=99999&finding=nobody-1&sort=-nothing&by=constructor&columns=x,y",
        "#kernel=-1&range=9-2&zoom=%00&view=99&filter=%E0%A4%A",
        "#__proto__=1&toString=2&filter",
        "#=&&&==",
        "#%E0%A4%A",
    ],
)
def test_a_broken_address_is_no_address(browser: Browser, shelves: Library, address: str) -> None:
    """Values that cannot be are as if they were not there; the page opens as it always does."""
    browser.open(shelves.made("trace"))
    plain = browser.evaluate(ROWS)
    browser.evaluate(f"location.hash = {json.dumps(address)}")
    _address(browser)
    assert browser.evaluate(ROWS) == plain
    assert browser.evaluate(f"{STORE}.state.kernel") == -1
    assert browser.complaints() == []


def test_each_view_has_its_own_state(browser: Browser, shelves: Library) -> None:
    """An address names its view; another view's choices stay as they were."""
    browser.open(shelves.made("several"))
    browser.evaluate("location.hash = '#view=2&sort=name'")
    shown = "[...document.querySelectorAll('article.view')].map(one => !one.hidden)"
    browser.wait_for(f"({shown})[1]")
    assert browser.evaluate("ncutoolViews.map(one => one.store.state.sort)") == [
        "-time", "name", "-time",
    ]  # fmt: skip
    browser.evaluate("ncutoolViews[1].store.set({ sort: '-launches' })")
    assert _address(browser) == "#view=2&sort=-launches"


def test_a_finding_is_chosen_by_its_anchor(browser: Browser, shelves: Library) -> None:
    """Plain links to a finding still work, and choose it."""
    browser.open(shelves.made("trace"))
    browser.evaluate("location.hash = '#view-1-finding-2'")
    second = browser.evaluate(f"[...{STORE}.findings.values()][1].id")
    assert browser.wait_for(f"{STORE}.state.finding") == second


def test_a_rows_link_copies_its_address(browser: Browser, shelves: Library) -> None:
    """The sign at the end of a row chooses it and copies where it is."""
    browser.open(shelves.made("trace"))
    browser.evaluate(
        "navigator.clipboard.writeText = text => { window.taken = text;"
        " return Promise.resolve(); }; true"
    )
    browser.evaluate("document.querySelector('tr[data-group=\"1\"] .link').click()")
    assert browser.wait_for("window.taken").endswith(".html#kernel=1")
    assert browser.evaluate(f"{STORE}.state.kernel") == 1


def test_a_long_list_is_drawn_near_the_window_only(browser: Browser, shelves: Library) -> None:
    """Hundreds of rows are there by height; those out of sight are drawn when they come near."""
    browser.open(shelves.made("many groups"), width=1440)
    size = browser.evaluate("ncutoolViews[0].groups.size")
    assert size > 300
    assert browser.evaluate(f"({NAMES}).length") == 25
    browser.evaluate("document.querySelector('[data-all]').click()")
    drawn = browser.evaluate(f"({NAMES}).length")
    assert 0 < drawn < 150
    height = browser.evaluate("document.querySelector('table.main').offsetHeight")
    assert height > 25 * size
    choose(browser, kernel=size - 3)
    box = "document.querySelector('tr.chosen').getBoundingClientRect()"
    assert 0 < browser.wait_for(f"document.querySelector('tr.chosen') && {box}.top") < 900
    assert browser.evaluate(f"({NAMES}).length") < 150
    before = browser.evaluate(
        "document.querySelector('tr.chosen .opener').click(), "
        "document.querySelectorAll('tr.more').length"
    )
    assert before == 1
    browser.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert browser.evaluate(f"({NAMES}).length") == 200
    browser.evaluate("dispatchEvent(new Event('afterprint'))")
    assert browser.evaluate(f"({NAMES}).length") < 150
    assert browser.complaints() == []


def test_hostile_names_stay_names_in_opened_rows(browser: Browser, shelves: Library) -> None:
    """Opened, filtered and chosen, a hostile name stays a name."""
    browser.open(shelves.made("hostile"))
    browser.evaluate(
        "document.querySelectorAll('tr[data-group]').forEach((_, i) =>"
        ' document.querySelector(`tr[data-group="${i}"] .opener`).click())'
    )
    assert browser.evaluate("document.querySelectorAll('tr.more').length") == 4
    filtered(browser, "evil</script>")
    assert browser.evaluate("document.querySelectorAll('img').length") == 0
    assert browser.evaluate("document.title") != "owned"
    assert browser.complaints() == []
