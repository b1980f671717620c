"""The page on paper: every column of the tables, the verdict first, nothing beyond the sheet."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_driver import Browser, why_not
from page_library import CORPUS, Library, library

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

NEEDS_CORPUS = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="the corpus of real captures is not beside this checkout"
)
PAGES = [
    "made trace",
    "made report",
    "made basic",
    "made several",
    pytest.param("real torch/h100-qwen1.5-0.5b-prefill.json.gz", marks=NEEDS_CORPUS),
    pytest.param("real ncu/a100-self-join-154-launches.ncu-rep", marks=NEEDS_CORPUS),
]
SHEET_PX = round((297 - 2 * 10) / 25.4 * 96)
"""A4 across, less the margins that the print sheet sets, in CSS pixels."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with Browser() as found:
        yield found


@pytest.fixture(scope="session")
def shelves(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The pages, each made once."""
    return library(tmp_path_factory)


@pytest.mark.parametrize("name", PAGES)
def test_the_sheet_holds_every_column(browser: Browser, shelves: Library, name: str) -> None:
    """Laid out for paper, no heading of a table, and no last cell, lies beyond the sheet."""
    browser.open(shelves.named(name), width=SHEET_PX)
    browser.call("Emulation.setEmulatedMedia", media="print")
    try:
        beyond = browser.evaluate(
            "[...document.querySelectorAll('th, td, h1, h2, svg')].filter(one =>"
            " one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 1)"
            ".map(one => one.tagName + ' ' + one.textContent.trim().slice(0, 40))"
        )
        hidden = browser.evaluate(
            "[...document.querySelectorAll('article.view table.main thead th:not(.c-link)')]"
            ".filter(one =>"
            " !one.checkVisibility() || one.getBoundingClientRect().width < 8)"
            ".map(one => one.textContent)"
        )
        grounds = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    finally:
        browser.call("Emulation.setEmulatedMedia", media="")
    assert beyond == []
    assert hidden == []
    assert grounds in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)")


def test_a_dark_page_is_printed_on_white(browser: Browser, shelves: Library) -> None:
    """Whoever reads in the dark does not print a black sheet."""
    browser.open(shelves.made("trace"), width=SHEET_PX, dark=True)
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    browser.call("Emulation.setEmulatedMedia", media="print", features=dark)
    try:
        ground = browser.evaluate("getComputedStyle(document.body).backgroundColor")
        ink = browser.evaluate("getComputedStyle(document.querySelector('h1')).color")
    finally:
        browser.call("Emulation.setEmulatedMedia", media="", features=[])
    assert ground in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)")
    assert max(int(part) for part in re.findall(r"\d+", ink)) < 90


def printed(browser: Browser, target: Path) -> list[str]:
    """The text of each sheet of the open page, as pdftotext reads it."""
    answer = browser.call("Page.printToPDF", printBackground=True, preferCSSPageSize=True)
    target.write_bytes(base64.b64decode(answer["data"]))
    # Laid out as on the sheet, so that a word split over two lines is not taken for two.
    told = subprocess.run(
        ["pdftotext", "-layout", str(target), "-"], check=True, capture_output=True, text=True
    )
    return told.stdout.split("\f")


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not on the path")
@pytest.mark.parametrize("name", PAGES)
def test_the_printed_text_has_all_columns(
    browser: Browser, shelves: Library, tmp_path: Path, name: str
) -> None:
    """Every heading is on paper, and the verdict on the first sheet."""
    browser.open(shelves.named(name), width=1440)
    headings = browser.evaluate(
        "[...document.querySelectorAll('article:not([hidden]) table.main thead th')]"
        # A heading of one pixel is for screen readers alone.
        ".filter(one => !one.querySelector('.unseen-text'))"
        ".map(one => one.textContent.trim().split(/\\s+/)[0]).filter(Boolean)"
    )
    headline = browser.evaluate("document.querySelector('article:not([hidden]) h1').textContent")
    sheets = printed(browser, tmp_path / "page.pdf")
    text = " ".join(sheets)
    assert headings
    assert [heading for heading in headings if heading not in text] == []
    assert all(word in sheets[0] for word in headline.split())
