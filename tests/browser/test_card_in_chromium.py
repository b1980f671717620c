"""The picture card as a browser draws it: every text is inside, and none lies over another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import analysis_factory as factory
import pytest
from browser_driver import Browser, why_not

from ncutool.analysis.analyse import Analysis, read_and_analyse
from ncutool.page.card import card

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

LONG = "fuse the residual add, the normalisation and the rotary embedding of every decoder layer"
CARDS: dict[str, Callable[[], Analysis]] = {
    "trace": lambda: factory.trace(300),
    "report": factory.report,
    "basic": lambda: factory.report(counters=False),
    "unknown": factory.unknown_device,
    "null": factory.everything_null,
    "zero": factory.zero_durations,
    "hostile": factory.hostile,
    "long": lambda: factory.trace(
        60,
        headline=f"{LONG}: {LONG}",
        name="a" * 150,
        findings=[factory.finding(number, title=LONG) for number in range(1, 9)],
    ),
    "scripts": lambda: factory.trace(
        60, headline="融合" * 70, name="ЖЩ" * 30, findings=[factory.finding(1, title="🚀Ω" * 30)]
    ),
    "wide": lambda: factory.trace(
        60, headline="W" * 90, findings=[factory.finding(title="W" * 90)]
    ),
}
TEXTS = """[...document.querySelectorAll('svg.ncutool-card > text')].map(text => {
    const box = text.getBoundingClientRect();
    return {words: text.textContent, left: box.left, top: box.top + 2, right: box.right,
            bottom: box.bottom - 2};
})"""
OUTSIDE = f"""({TEXTS}).concat(
    [...document.querySelectorAll('svg.ncutool-card svg text')].map(text => {{
        const box = text.getBoundingClientRect();
        return {{words: text.textContent, left: box.left, top: box.top, right: box.right,
                 bottom: box.bottom}};
    }})
).filter(box => box.words && (box.left < 0 || box.top < 0 || box.right > 1200 || box.bottom > 630))
 .map(box => box.words)"""
OVERLAPS = f"""(() => {{
    const boxes = {TEXTS};
    const found = [];
    boxes.forEach((a, i) => boxes.slice(i + 1).forEach(b => {{
        if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom && b.top < a.bottom)
            found.push(`${{a.words}} | ${{b.words}}`);
    }}));
    return found;
}})()"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with Browser() as found:
        yield found


def check(browser: Browser, drawn: str, folder: Path) -> None:
    """Nothing is outside or overlaps, and nothing was asked for but the picture."""
    path = folder / "card.svg"
    path.write_text(drawn, encoding="utf-8", errors="replace")
    browser.open(path, width=1300)
    assert browser.evaluate("document.documentElement.localName") == "svg"
    assert browser.evaluate("document.querySelectorAll('svg.ncutool-card > text').length") > 5
    assert browser.evaluate(OUTSIDE) == []
    assert browser.evaluate(OVERLAPS) == []
    assert browser.complaints() == []
    assert browser.requests() == [path.as_uri()]


@pytest.mark.parametrize("name", CARDS)
def test_no_text_is_outside_or_over_another(browser: Browser, name: str, tmp_path: Path) -> None:
    """Whatever the capture holds."""
    check(browser, card(CARDS[name]()), tmp_path)


@pytest.mark.parametrize("kind", ["torch/*.json.gz", "ncu/*.ncu-rep", "ncu/*report"])
def test_no_text_of_a_real_capture_is_outside_or_over_another(
    browser: Browser, corpus: Path, kind: str, tmp_path: Path
) -> None:
    """Every capture of the corpus that can be analysed."""
    for path in sorted(corpus.glob(kind)):
        if path.name != "a100-failed-collection.ncu-rep":  # it holds no usable launch
            check(browser, card(read_and_analyse(path)), tmp_path)


def test_it_follows_the_readers_scheme(browser: Browser, tmp_path: Path) -> None:
    """The ground is white, and dark for a reader who prefers dark."""
    path = tmp_path / "card.svg"
    path.write_text(card(factory.trace()), encoding="utf-8")
    ground = "getComputedStyle(document.querySelector('svg.ncutool-card > rect')).fill"
    browser.open(path)
    assert browser.evaluate(ground) == "rgb(255, 255, 255)"
    browser.open(path, dark=True)
    assert browser.evaluate(ground) == "rgb(21, 24, 29)"
