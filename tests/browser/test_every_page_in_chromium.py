"""What holds of every page, made or of a real capture: quiet, complete, nothing cut or covered."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from browser_driver import Browser, why_not
from page_library import CORPUS, LOOKED_AT, MADE, REAL, Library, library

from ncutool.base.untrusted import printable

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

PROBES = Path(__file__).with_name("probes.js").read_text(encoding="utf-8")
WIDTHS = (1440, 1024, 390)
TWO_CAPTURES = ("torch/h100-vit-inference.json.gz", "ncu/a10g-sgemm-roofline.ncu-rep")
MOST_CHARACTERS = 90

SHOWN = "article:not([hidden])"
FIRST_SCREEN = {
    "verdict": f"{SHOWN} .verdict h1",
    "coverage and where the time goes": f"{SHOWN} .parts > .card",
    "roofline": f"{SHOWN} .column + .column > .drawing:first-child :is(.plane svg, .empty)",
    "timeline or launches in order": f"{SHOWN} .timeline :is(svg, .empty)",
}
"""What the first screen must hold whole."""

NEEDS_CORPUS = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="the corpus of real captures is not beside this checkout"
)
EVERY_PAGE = [*(f"made {name}" for name in MADE)] + [
    pytest.param(f"real {name}", marks=NEEDS_CORPUS) for name in (REAL or ("none",))
]
UNLIKE_PAGES = [*(f"made {name}" for name in ("trace", "report", "null", "hostile"))] + [
    pytest.param(f"real {name}", marks=NEEDS_CORPUS) for name in LOOKED_AT[::3]
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with Browser() as found:
        yield found


@pytest.fixture(scope="session")
def shelves(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The pages, each made once."""
    return library(tmp_path_factory)


def resize(browser: Browser, width: int) -> None:
    """Gives the open page another width, and the time to draw anew."""
    browser.call(
        "Emulation.setDeviceMetricsOverride",
        width=width, height=900, deviceScaleFactor=1, mobile=width < 500,
    )  # fmt: skip
    browser.evaluate(
        "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() =>"
        " setTimeout(done, 60))))"
    )


def faults(browser: Browser, width: int) -> list[str]:
    """What is cut, covered or out of reach on the open page at this width."""
    resize(browser, width)
    browser.evaluate(PROBES)
    found: list[str] = browser.evaluate(
        "[...ncutoolProbes.overlaps(document.body), ...ncutoolProbes.clipped(document.body),"
        " ...ncutoolProbes.overMarks(document.body, '.groups [data-g], .strip [data-g]')]"
    )
    if not browser.evaluate("document.documentElement.scrollWidth <= innerWidth"):
        found.append("the page scrolls sideways")
    return [f"{width} px: {fault}" for fault in found]


def below_the_first_screen(browser: Browser) -> list[str]:
    """Which parts of the open page are missing from its first 900 pixels."""
    browser.evaluate(PROBES)
    bottoms: dict[str, float | None] = browser.evaluate(
        f"ncutoolProbes.bottoms({json.dumps(FIRST_SCREEN)})"
    )
    return [
        f"{part} ends at {bottom} px"
        for part, bottom in bottoms.items()
        if not 0 < (bottom or 0) <= 900
    ]


@pytest.mark.parametrize("name", EVERY_PAGE)
def test_every_page_is_quiet_and_whole(browser: Browser, shelves: Library, name: str) -> None:
    """No console message, no request but the page itself, every text free, one screen that answers.

    The first screen of 1440 x 900 holds verdict, coverage, time bar, roofline and strip, whole.
    """
    page = shelves.named(name)
    browser.open(page, width=WIDTHS[0])
    found = [*below_the_first_screen(browser)]
    found += [fault for width in WIDTHS for fault in faults(browser, width)]
    assert browser.complaints() == []
    assert browser.requests() == [page.as_uri()]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", UNLIKE_PAGES)
def test_dark_pages_are_laid_out_alike(browser: Browser, shelves: Library, name: str) -> None:
    """The dark page of unlike captures at every width: as quiet and as whole as the light one."""
    browser.open(shelves.named(name), width=WIDTHS[0], dark=True)
    found = [fault for width in WIDTHS for fault in faults(browser, width)]
    assert browser.complaints() == []
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", EVERY_PAGE)
def test_without_scripts_the_page_still_answers(
    browser: Browser, shelves: Library, name: str
) -> None:
    """Verdict, findings, the roofline's marks and the first rows are part of the document."""
    page = shelves.named(name)
    counts = (
        "(view => ({headline: view.querySelector('h1').textContent,"
        " findings: view.querySelectorAll('[data-finding][id]').length,"
        " rows: view.querySelectorAll('tr[data-group]').length,"
        " marks: view.querySelectorAll('.drawing svg [data-g]').length,"
        " empty: Boolean(view.querySelector('.drawing .empty')),"
        # Legends are read as they stand; that they also filter is the script's addition.
        " dead: [...view.querySelectorAll('button:not(.legend button)')]"
        ".filter(one => one.checkVisibility())"
        ".map(one => one.textContent)}))(document.querySelector('article.view'))"
    )
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(page, width=1440)
        plain: dict[str, Any] = browser.evaluate(counts)
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)
    said = shelves.said(page)
    assert plain["headline"]
    assert plain["findings"] == said["findings"][0]
    assert plain["rows"] >= min(10, said["groups"][0])
    assert plain["empty"] or plain["marks"] > 0
    assert plain["dead"] == [], "buttons that only a script can answer are shown"


@pytest.mark.parametrize("name", EVERY_PAGE)
def test_every_output_carries_the_same_verdict(shelves: Library, name: str) -> None:
    """One sentence of at most 90 characters: in title, heading, JSON and Markdown."""
    page = shelves.named(name)
    said = shelves.said(page)
    text = page.read_text(encoding="utf-8")
    headings = [unescape(one) for one in re.findall("<h1>(.*?)</h1>", text)]
    title = unescape(text[text.index("<title>") + 7 : text.index("</title>")])
    assert [words(one) for one in headings] == [words(one) for one in said["headlines"]]
    assert words(title).startswith(words(said["headlines"][0]))
    for headline, markdown in zip(said["headlines"], said["markdown"], strict=True):
        assert 0 < len(headline) <= MOST_CHARACTERS
        assert words(headline) in words(unescape(markdown.split("\n\n")[0]))


def words(text: str) -> str:
    """A text without what outputs escape in different ways: only its letters and figures."""
    return re.sub(r"[^\w%.,]+", "", printable(text).replace("\\", "")).lower()


@NEEDS_CORPUS
@pytest.mark.parametrize("width", WIDTHS)
def test_two_captures_share_a_page(browser: Browser, shelves: Library, width: int) -> None:
    """Each view of a page of several is as whole as a page of its own."""
    browser.open(shelves.real(*TWO_CAPTURES), width=width)
    first = faults(browser, width)
    browser.evaluate("location.hash = 'view-2'")
    browser.wait_for("!document.querySelector('#view-2').hidden")
    found = first + faults(browser, width)
    assert not found, "\n".join(found)
    assert browser.complaints() == []
