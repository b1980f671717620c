"""Accessibility as axe-core judges it: pages in both themes, wide and narrow.

axe-core is no part of ncutool: `make axe` fetches it by npm, or ``NCUTOOL_AXE`` names its
``axe.min.js``. Without it these tests are skipped.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser_driver import Browser, why_not
from diff_cases import CASES
from page_library import CORPUS, LOOKED_AT, Library, library

from ncutool.page.diff_page import render_diff

FETCHED = Path(__file__).with_name("node_modules") / "axe-core" / "axe.min.js"
AXE = Path(os.environ.get("NCUTOOL_AXE", FETCHED))

pytestmark = [
    pytest.mark.skipif(why_not() is not None, reason=str(why_not())),
    pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not here: make axe fetches it"),
]

NEEDS_CORPUS = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="the corpus of real captures is not beside this checkout"
)
PAGES = [
    *(f"made {name}" for name in ("trace", "report", "basic", "unknown", "null", "hostile")),
    "made several",
    *(pytest.param(f"real {name}", marks=NEEDS_CORPUS) for name in LOOKED_AT),
]
GRAVE = ("serious", "critical")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with Browser() as found:
        yield found


@pytest.fixture(scope="session")
def shelves(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The pages, each made once."""
    return library(tmp_path_factory)


def violations(browser: Browser) -> list[str]:
    """What axe finds on the open page, of a grade that keeps somebody from reading it."""
    browser.evaluate(AXE.read_text(encoding="utf-8") + "; true")
    found: list[dict[str, Any]] = browser.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then(result => result.violations.map("
        "one => ({id: one.id, impact: one.impact, help: one.help,"
        " nodes: one.nodes.map(node => node.target.join(' ') + ': ' + node.failureSummary)})))"
    )
    return [
        f"{one['id']} ({one['impact']}), {len(one['nodes'])} times: {one['nodes'][0]}"
        for one in found
        if one["impact"] in GRAVE
    ]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_grave_violation(
    browser: Browser, shelves: Library, name: str, dark: bool
) -> None:
    """With a row, the evidence of the findings and all that is folded laid open."""
    browser.open(shelves.named(name), width=1440, dark=dark)
    browser.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    browser.evaluate("document.querySelector('tr[data-group] button')?.click()")
    found = violations(browser)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", ["made trace", "made report", "made several"])
def test_axe_finds_no_grave_violation_on_a_phone(
    browser: Browser, shelves: Library, name: str
) -> None:
    browser.open(shelves.named(name), width=390)
    found = violations(browser)
    assert not found, "\n".join(found)


def test_axe_itself_complains(browser: Browser, tmp_path: Path) -> None:
    """A page with grave faults is told of them: the check can fail."""
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><title>x</title><button></button><img src='data:,'>")
    browser.open(page)
    assert {one.split()[0] for one in violations(browser)} >= {"button-name", "html-has-lang"}


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["moved", "repeats", "other work, forced", "hostile"])
def test_axe_finds_no_grave_violation_in_a_comparison(
    browser: Browser, tmp_path: Path, name: str, dark: bool, width: int
) -> None:
    """All that is folded laid open, and one row too."""
    file = tmp_path / "diff.html"
    file.write_text(render_diff(CASES[name]()), encoding="utf-8")
    browser.open(file, width=width, dark=dark)
    browser.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    browser.evaluate("document.querySelector('.opens').click()")
    found = violations(browser)
    assert not found, "\n".join(found)
