"""A plan's page as a reader meets it: wide and narrow, light and dark, with its slider moved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_driver import Browser, why_not

from ncutool.page.llm import render_plan
from ncutool.planning import llm
from ncutool.planning.llm.described import counted

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

NAMES = ("dense", "mixture", "counted", "too large")
CHOSEN = "document.querySelector('tr.chosen')?.dataset.batch"
READOUT = "document.getElementById('readout').textContent"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with Browser() as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every page, written once."""
    folder = tmp_path_factory.mktemp("plans")
    plans = (
        llm.plan("llama-3-8b", "H100 SXM", batch=8, context_tokens=8192),
        llm.plan("gpt-oss-120b", "H100 SXM", batch=32),
        llm.plan(counted(8e9, {}), "H100 SXM"),
        llm.plan("llama-3.1-405b", "A100 80GB SXM"),
    )
    paths = {name: folder / f"{name}.html" for name in NAMES}
    for name, plan in zip(NAMES, plans, strict=True):
        paths[name].write_text(render_plan(plan), encoding="utf-8")
    return paths


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", NAMES)
def test_page_is_quiet_and_fits(
    browser: Browser, pages: dict[str, Path], name: str, width: int, dark: bool
) -> None:
    """No error, no request but the page itself, no sideways scrolling, the wanted ground."""
    browser.open(pages[name], width=width, dark=dark)
    assert browser.complaints() == []
    assert browser.requests() == [pages[name].as_uri()]
    assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
    ground = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(14, 16, 19)") is dark


SHOWN = (
    "[...document.querySelectorAll('#{name} .wide [data-stop].on')].map(mark => mark.dataset.stop)"
)
SLIDER = "document.querySelector('#slider input')"


def test_the_slider_moves_the_batch(browser: Browser, pages: dict[str, Path]) -> None:
    """Its stop is read out, marked in the table, and shown in both pictures."""
    browser.open(pages["dense"])
    assert browser.evaluate(CHOSEN) == "3"
    assert browser.evaluate(SHOWN.format(name="roofline")) == ["3", "3"]
    assert browser.evaluate(SHOWN.format(name="speed")) == ["3"]
    browser.evaluate(
        f"(() => {{ {SLIDER}.value = 6; {SLIDER}.dispatchEvent(new Event('input')); }})()"
    )
    assert browser.evaluate(CHOSEN) == "6"
    told = "batch 57: 22.75 ms a token"
    assert browser.evaluate(READOUT).startswith(told)
    assert browser.evaluate(f"{SLIDER}.getAttribute('aria-valuetext')").startswith(told)
    assert browser.evaluate(SHOWN.format(name="roofline")) == ["6", "6"]
    assert browser.evaluate(SHOWN.format(name="speed")) == ["6"]


def test_the_slider_is_moved_by_keys(browser: Browser, pages: dict[str, Path]) -> None:
    """An arrow key goes to the next batch, once the slider has the focus."""
    browser.open(pages["dense"])
    browser.evaluate(f"{SLIDER}.focus()")
    for kind in ("keyDown", "keyUp"):
        browser.call(
            "Input.dispatchKeyEvent", type=kind, key="ArrowRight", code="ArrowRight",
            windowsVirtualKeyCode=39,
        )  # fmt: skip
    assert browser.evaluate(CHOSEN) == "4"
    assert browser.evaluate(READOUT).startswith("batch 16:")


def test_a_mark_or_a_row_chooses_its_batch(browser: Browser, pages: dict[str, Path]) -> None:
    """A click on either is the slider's stop."""
    browser.open(pages["dense"])
    click = "dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    browser.evaluate(f"document.querySelector('#speed .wide [data-at=\"1\"]').{click}")
    assert browser.evaluate(CHOSEN) == "1"
    browser.evaluate(f"document.querySelector('tr[data-batch=\"5\"]').{click}")
    assert browser.evaluate(f"{SLIDER}.value") == "5"


@pytest.mark.parametrize("width", [1280, 1000, 390])
def test_the_drawing_fits_its_card(browser: Browser, pages: dict[str, Path], width: int) -> None:
    """One of its two widths is shown, and no letter of it is smaller than on a phone."""
    browser.open(pages["mixture"], width=width)
    shown = browser.evaluate(
        "[...document.querySelectorAll('.plot svg')].filter(one => one.getClientRects().length)"
        ".map(one => [one.getBoundingClientRect().width, one.viewBox.baseVal.width,"
        " one.closest('.card').clientWidth])"
    )
    assert len(shown) == 2
    for drawn, planned, room in shown:
        assert drawn <= room
        assert drawn >= 0.85 * planned
