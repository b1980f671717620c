"""The probes that judge pages, judged themselves: each finds the fault that it is there for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser_driver import Browser, why_not

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

PROBES = Path(__file__).with_name("probes.js").read_text(encoding="utf-8")
DRAWING = '<svg width="200" height="100" font-size="12">{}</svg>'


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with Browser() as found:
        yield found


def probed(browser: Browser, folder: Path, body: str, probe: str) -> Any:
    page = folder / "page.html"
    page.write_text(f'<!doctype html><meta charset="utf-8"><body>{body}', encoding="utf-8")
    browser.open(page)
    browser.evaluate(PROBES)
    return browser.evaluate(f"ncutoolProbes.{probe}")


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ('<text x="10" y="20">one</text><text x="20" y="24">two</text>', 1),
        ('<text x="10" y="20">one</text><text x="10" y="40">two</text>', 0),
        # Their upright boxes meet, the turned labels themselves do not.
        ('<text x="20" y="90" transform="rotate(-45 20 90)">a long roof label</text>'
         '<text x="80" y="90">below it</text>', 0),
        ('<text x="20" y="90" transform="rotate(-45 20 90)">a long roof label</text>'
         '<text x="50" y="60">upon it</text>', 1),
        ('<text x="10" y="20">one</text><text x="12" y="20" visibility="hidden">two</text>', 0),
    ],
)  # fmt: skip
def test_overlapping_labels_are_found(
    browser: Browser, tmp_path: Path, body: str, faults: int
) -> None:
    found = probed(browser, tmp_path, DRAWING.format(body), "overlaps(document.body)")
    assert len(found) == faults, found


def test_overlapping_lines_of_html_are_found(browser: Browser, tmp_path: Path) -> None:
    over = '<p style="margin:0">first line</p><p style="margin:-14px 0 0">second line</p>'
    assert probed(browser, tmp_path, over, "overlaps(document.body)") == [
        '"first line" lies over "second line"'
    ]
    beside = "<p>first <b>line</b></p><p>second line</p>"
    assert probed(browser, tmp_path, beside, "overlaps(document.body)") == []


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (DRAWING.format('<text x="180" y="20">cut at the right</text>'),
         ['"cut at the right" crosses the edge of its drawing']),
        (DRAWING.format('<text x="10" y="20">whole</text>'), []),
        ('<div class="box" style="width:40px;overflow:hidden;white-space:nowrap">a long word</div>',
         ['"a long word" is cut by div.box']),
        ('<div style="width:40px;overflow:hidden;white-space:nowrap;text-overflow:ellipsis">'
         'a long word</div>', []),
        ('<div style="width:40px;overflow:auto;white-space:nowrap">a long word</div>', []),
    ],
)  # fmt: skip
def test_cut_texts_are_found(browser: Browser, tmp_path: Path, body: str, found: list[str]) -> None:
    assert probed(browser, tmp_path, body, "clipped(document.body)") == found


def test_labels_over_marks_are_found(browser: Browser, tmp_path: Path) -> None:
    circle = "M20,0A20,20,0,1,1,-20,0A20,20,0,1,1,20,0"
    mark = f'<g class="mark-symbol"><path transform="translate(60,50)" d="{circle}"/></g>'
    asked = "overMarks(document.body, '.mark-symbol path')"
    over = DRAWING.format(f'{mark}<text x="50" y="54">label</text>')
    assert probed(browser, tmp_path, over, asked) == ['"label" lies over a mark']
    # In the corner of the circle's box, beyond its round.
    beside = DRAWING.format(f'{mark}<text x="77" y="39">label</text>')
    assert probed(browser, tmp_path, beside, asked) == []


def test_the_lowest_pixel_of_a_part_is_found(browser: Browser, tmp_path: Path) -> None:
    body = '<div id="a" style="position:absolute;top:20px;height:30px;width:9px"></div>'
    asked = "bottoms({a: '#a', b: '#b'})"
    page = probed(browser, tmp_path, body, asked)
    assert page == {"a": 50, "b": None}
