"""Pages of products and compared devices as a reader meets them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_driver import Browser, why_not

from ncutool.commands import main

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

ASKED = {
    "gemm": ("plan", "gemm", "256", "4096", "4096"),
    "attention": (
        "plan",
        "attention",
        "--heads",
        "8",
        "--seq",
        "512",
        "--head-dim",
        "64",
        "--causal",
    ),
    "intensity": ("plan", "devices", "h100-sxm", "h200-sxm", "--intensity", "100"),
    "model": ("plan", "devices", "h100-sxm", "h200-sxm", "--preset", "llama-3-8b"),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with Browser() as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every page, written once by its command."""
    folder = tmp_path_factory.mktemp("sheets")
    paths = {name: folder / f"{name}.html" for name in ASKED}
    for name, asked in ASKED.items():
        assert main([*asked, "-o", str(paths[name])]) == 0
    return paths


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ASKED)
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


def test_every_device_has_its_line_and_its_mark(browser: Browser, pages: dict[str, Path]) -> None:
    """Two devices at an intensity: two lines and two marks."""
    browser.open(pages["intensity"])
    lines = "document.querySelectorAll('section[aria-label=Rooflines] .wide .lines path').length"
    assert browser.evaluate(lines) == 2
    marks = "document.querySelectorAll('section[aria-label=Rooflines] .wide .marks circle').length"
    assert browser.evaluate(marks) == 2


def test_each_deployment_has_its_curve(browser: Browser, pages: dict[str, Path]) -> None:
    """Two devices: two names, each with a symbol, and a ring where the memory of each ends."""
    browser.open(pages["model"])
    assert browser.evaluate("document.querySelectorAll('.names li').length") == 2
    rings = "document.querySelectorAll('.drawn .wide .still circle').length"
    assert browser.evaluate(rings) == 2
