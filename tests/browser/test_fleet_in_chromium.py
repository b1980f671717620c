"""The page of an archive as a reader meets it: filters, sorting, more rows, small screens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from browser_driver import Browser, why_not
from job_factory import capture_row

from ncutool.archive.fleet import fleet
from ncutool.archive.tables import CAPTURES, ERRORS, FINDING_ROWS, LAUNCHES
from ncutool.page.fleet import render_fleet

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

CAPTURES_MADE = 700
ANSWERS = ("something_to_do", "nothing_worth_doing", "could_not_look")


def _rows() -> list[dict[str, Any]]:
    return [
        capture_row(None, None, capture_id=f"{n:032x}", path=f"night-{n % 7}/rank{n}.json.gz",
                    answer=ANSWERS[n % 3], wall_ns=1_000_000, busy_ns=1_000 * n, launch_ns=400_000,
                    saving_high_ns=1_000 * n, headline=f"Verdict number {n}", commit=f"c{n % 4}")
        for n in range(CAPTURES_MADE)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of several hundred captures."""
    rows = pl.DataFrame(_rows(), infer_schema_length=None)
    captures = CAPTURES.conform(rows.drop("commit")).with_columns(rows["commit"])
    one = fleet(
        {
            "captures": captures.lazy(),
            "launches": LAUNCHES.empty().lazy(),
            "findings": FINDING_ROWS.empty().lazy(),
            "errors": ERRORS.empty().lazy(),
        }
    )
    path = tmp_path_factory.mktemp("fleet") / "index.html"
    path.write_text(render_fleet(one, name="runs"), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with Browser() as found:
        yield found


SHOWN = "document.querySelector('[data-shown]').textContent"
FIRST = (
    "(() => { const cell = document.querySelector('table.captures tbody tr td').cloneNode(true);"
    "cell.querySelectorAll('button').forEach((one) => one.remove());"
    "return cell.textContent.trim(); })()"
)
COUNT = "document.querySelectorAll('table.captures tbody tr').length"


def _type(text: str) -> str:
    return (
        f"(() => {{ const q = document.querySelector('[data-query]'); q.value = {text!r};"
        "q.dispatchEvent(new Event('input')); })()"
    )


def _choose(number: int, value: str) -> str:
    return (
        f"(() => {{ const s = document.querySelectorAll('[data-choices] select')[{number}];"
        f"s.value = [...s.options].find((o) => o.textContent === {value!r}).value;"
        "s.dispatchEvent(new Event('change')); })()"
    )


def test_filters_sorting_and_more_rows(browser: Browser, page: Path) -> None:
    """Text and choices narrow what is shown; a heading sorts; a button shows more."""
    browser.open(page, width=1440, dark=False)
    assert browser.evaluate(SHOWN) == "700 of 700"
    assert browser.evaluate(FIRST) == "night-6/rank699.json.gz"
    assert browser.evaluate(COUNT) == 100
    browser.evaluate("document.querySelector('[data-more]').click()")
    assert browser.evaluate(COUNT) == 600
    browser.evaluate(_type("night-3 verdict"))
    assert browser.evaluate(SHOWN) == "100 of 700"
    browser.evaluate(_choose(0, "could not look"))
    expected = sum(1 for n in range(CAPTURES_MADE) if n % 7 == 3 and n % 3 == 2)
    assert browser.evaluate(SHOWN) == f"{expected} of 700"
    browser.evaluate(_choose(1, "c1"))
    kept = [n for n in range(CAPTURES_MADE) if n % 7 == 3 and n % 3 == 2 and n % 4 == 1]
    assert browser.evaluate(SHOWN) == f"{len(kept)} of 700"
    browser.evaluate(
        "[...document.querySelectorAll('th')].find((t) => t.textContent === 'busy').click()"
    )
    assert browser.evaluate(FIRST) == f"night-3/rank{kept[-1]}.json.gz"
    browser.evaluate(_type("no capture has this"))
    assert browser.evaluate(FIRST) == "No capture fits."
    assert browser.complaints() == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_sticks_out(browser: Browser, page: Path, width: int, dark: bool) -> None:
    """The page is as wide as the screen; tables scroll in themselves."""
    browser.open(page, width=width, dark=dark)
    assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert browser.complaints() == []
