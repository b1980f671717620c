"""Every task by keyboard alone: no test here points at anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from browser_driver import Browser, why_not
from page_library import Library, library

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

STATE = "(ncutoolViews[0].store ?? ncutoolViews[0]).state"
FOCUSED = "document.activeElement"
ENTER, ESCAPE = ("Enter", 13), ("Escape", 27)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with Browser() as found:
        yield found


@pytest.fixture(scope="session")
def shelves(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The pages, each made once."""
    return library(tmp_path_factory)


@pytest.fixture
def opened(browser: Browser, shelves: Library) -> Browser:
    """The page of a made trace, with what is copied kept in ``window.taken``."""
    browser.open(shelves.made("trace"), width=1440)
    browser.evaluate(
        "navigator.clipboard.writeText = text => { window.taken = text;"
        " return Promise.resolve(); }; true"
    )
    return browser


def state(browser: Browser, name: str) -> Any:
    """What the page's store holds under this name."""
    return browser.evaluate(f"{STATE}.{name}")


def test_the_first_stop_leads_to_the_findings(opened: Browser) -> None:
    """Tab shows a link over everything else; Enter goes past the header."""
    assert opened.tab_to("a.skip", most=1) == 1
    shown = opened.evaluate(f"{FOCUSED}.getBoundingClientRect().top >= 0")
    assert shown
    opened.press(*ENTER)
    place = "document.querySelector('#view-1-findings').getBoundingClientRect().top"
    assert 0 <= opened.wait_for(f"{place} < 450 && {place} + 0.001") < 450
    assert opened.tab_to("#view-1-findings *", most=1) == 1


def test_a_finding_is_chosen_and_let_go(opened: Browser) -> None:
    """Enter on a finding's title lights its launches everywhere; Enter again lets go."""
    opened.tab_to("#view-1-finding-1 .choose")
    opened.press(*ENTER)
    assert state(opened, "finding") == "fuse-1"
    assert opened.evaluate(f"{FOCUSED}.getAttribute('aria-pressed')") == "true"
    opened.press(*ENTER)
    assert state(opened, "finding") == ""


def test_evidence_opens(opened: Browser) -> None:
    """A finding's evidence is a fold that Enter opens."""
    opened.tab_to("#view-1-finding-1 summary")
    opened.press(*ENTER)
    assert opened.evaluate(f"{FOCUSED}.parentElement.open")


def test_the_filter_is_reached_written_and_cleared(opened: Browser) -> None:
    """A slash goes to the filter; Escape clears it and gives the focus back to the page."""
    opened.press("/", 191)
    assert opened.evaluate(f"{FOCUSED}.matches('input[type=search]')")
    assert opened.evaluate(f"{FOCUSED}.value") == ""
    opened.write("bound:memory")
    opened.wait_for(f"{STATE}.filter === 'bound:memory'")
    names = "[...document.querySelectorAll('tr[data-group] b')].map(one => one.textContent)"
    assert sorted(opened.wait_for(f"({names}).length === 2 && {names}")) == ["add", "mul"]
    opened.press(*ESCAPE)
    opened.wait_for(f"{STATE}.filter === ''")


def test_rows_are_walked_and_opened(opened: Browser) -> None:
    """j and k move along the rows, Enter opens one; none of it while somebody is typing."""
    opened.press("j", 74)
    first = state(opened, "kernel")
    opened.press("j", 74)
    second = state(opened, "kernel")
    assert -1 not in (first, second)
    assert first != second
    opened.press("k", 75)
    assert state(opened, "kernel") == first
    assert opened.evaluate("document.querySelectorAll('tr.more').length") == 0
    opened.press(*ENTER)
    assert opened.wait_for("document.querySelectorAll('tr.more').length") == 1
    opened.press("/", 191)
    opened.press("j", 74)
    assert state(opened, "kernel") == first
    assert opened.evaluate(f"{FOCUSED}.value") == "j"


def test_the_table_is_sorted(opened: Browser) -> None:
    """Headings are buttons; the one sorted by says so, and in which direction."""
    opened.tab_to("th[data-column=launches] button")
    opened.press(*ENTER)
    sorted_by = "document.querySelector('th[aria-sort]:not([aria-sort=none])')"
    assert opened.evaluate(f"{sorted_by}.dataset.column") == "launches"
    assert opened.evaluate(f"{sorted_by}.getAttribute('aria-sort')") == "descending"
    opened.press(*ENTER)
    assert opened.evaluate(f"{sorted_by}.getAttribute('aria-sort')") == "ascending"


def test_marks_of_the_roofline_are_walked(opened: Browser) -> None:
    """Arrows on the drawing go from mark to mark, and Enter chooses the kernel of one."""
    opened.tab_to(".drawing [tabindex]")
    opened.press("ArrowRight", 39)
    opened.press(*ENTER)
    first = state(opened, "kernel")
    opened.press("ArrowRight", 39)
    opened.press(*ENTER)
    second = state(opened, "kernel")
    assert -1 not in (first, second)
    assert first != second


def test_the_timeline_is_moved(opened: Browser) -> None:
    """Plus and arrows on the strip change what part of the window is shown; Home shows all."""
    opened.tab_to(".timeline [tabindex]")
    opened.press("+", 187)
    opened.press("+", 187)
    near = opened.evaluate("document.querySelector('.timeline').textContent")
    opened.press("ArrowRight", 39)
    moved = opened.evaluate("document.querySelector('.timeline').textContent")
    assert moved != near
    assert opened.complaints() == []


def test_help_opens_and_closes(opened: Browser) -> None:
    """A question mark lists the keys; Escape closes the list and nothing else is changed."""
    opened.press("j", 74)
    chosen = state(opened, "kernel")
    opened.press("?", 191, shift=True)
    assert opened.wait_for("document.querySelector('dialog[open]')?.textContent.includes('filter')")
    inside = f"document.querySelector('dialog[open]').contains({FOCUSED})"
    assert opened.evaluate(inside)
    opened.press(*ESCAPE)
    opened.wait_for("!document.querySelector('dialog[open]')")
    assert state(opened, "kernel") == chosen


def test_every_stop_is_seen(opened: Browser) -> None:
    """Wherever Tab leads, an outline tells; no stop lies out of sight."""
    bad = []
    for _ in range(40):
        opened.press("Tab", 9)
        told = opened.evaluate(
            "(one => { const box = one.getBoundingClientRect();"
            # A box around a field may be outlined in its place.
            " const outlined = [one, one.parentElement ?? one].map(getComputedStyle).some(style =>"
            " style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1);"
            " return { name: one.outerHTML.slice(0, 90), body: one === document.body,"
            " outline: outlined,"
            " sight: box.bottom > 0 && box.top < innerHeight && box.width > 0 }; })"
            f"({FOCUSED})"
        )
        if not told["body"] and not (told["outline"] and told["sight"]):
            bad.append(told["name"])
    assert bad == []
