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


def test_the_slider_moves_the_batch(browser: Browser, pages: dict[str, Path]) -> None:
    """Its stop is read out, marked in the table, and moves the matrix products, not attention."""
    browser.open(pages["dense"])
    assert browser.evaluate(CHOSEN) == "8"
    places = (
        "[...document.querySelectorAll('#roofline .mark-symbol')].at(-1).querySelectorAll('path')"
    )
    where = f"[...{places}].map(path => path.getAttribute('transform'))"
    before = browser.evaluate(where)
    browser.evaluate(
        "(() => { const slider = document.querySelector('#roofline input[type=range]');"
        " slider.value = 8; slider.dispatchEvent(new Event('input'));"
        " return ncutoolPlan.then(view => view.runAsync()).then(() => true); })()"
    )
    assert browser.evaluate(CHOSEN) == "256"
    assert browser.evaluate(READOUT).startswith("batch 256: 86.53 ms a token")
    after = browser.evaluate(where)
    assert len(before) == len(after) == 3
    assert len(set(before) & set(after)) == 1
