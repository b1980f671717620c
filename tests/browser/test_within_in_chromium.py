"""The opened row of a report's kernel: why it takes as long, drawn so that it can be read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser_driver import Browser, why_not
from page_library import CORPUS, Library, library

pytestmark = [
    pytest.mark.skipif(why_not() is not None, reason=str(why_not())),
    pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of captures is not here"),
]
REPORT = "ncu/a100-self-join-full.ncu-rep"
ANSWERS = (
    "Object.fromEntries([...document.querySelectorAll('.within dl.path dt')].map(one =>"
    " [one.textContent, one.nextElementSibling.textContent]))"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with Browser() as found:
        yield found


@pytest.fixture(scope="session")
def shelves(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The pages, each made once."""
    return library(tmp_path_factory)


@pytest.mark.parametrize("width", [1280, 390])
def test_the_opened_row_of_a_report_launch(browser: Browser, shelves: Library, width: int) -> None:
    """Every question with its answer, bars within their frames, the instruction as code."""
    browser.open(shelves.real(REPORT), width=width)
    browser.evaluate("document.querySelector('tr[data-group=\"0\"] .opener').click()")
    browser.wait_for("document.querySelector('.within') !== null")
    answers = browser.evaluate(ANSWERS)
    assert list(answers) == [
        "Is the device filled?", "Is it at a limit?", "What do its warps wait for?",
        "What does it move?", "Which pipe is busy?", "How many warps are there?", "Where?",
        "What was ruled out?",
    ]  # fmt: skip
    assert "`" not in "".join(answers.values())
    assert "are at DADD R26, -R20, R22" in answers["Where?"]
    codes = browser.evaluate("[...document.querySelectorAll('.within dd code')].map(one =>"
                             " one.textContent)")  # fmt: skip
    assert "DADD R26, -R20, R22" in codes
    assert "LDG.E.64 R20, [R20.64]" in codes
    bars = browser.evaluate("[...document.querySelectorAll('.within .gauge i')].map(one =>"
                            " [one.offsetWidth, one.parentElement.offsetWidth])")  # fmt: skip
    assert len(bars) > 5
    assert all(0 < bar <= frame for bar, frame in bars)
    within = "document.querySelector('.within')"
    assert browser.evaluate(f"{within}.scrollWidth <= {within}.clientWidth + 1")
    assert browser.complaints() == []


def test_the_hot_instructions_and_nvidias_messages(browser: Browser, shelves: Library) -> None:
    """The hottest first, with its share; NVIDIA's own messages beside ours."""
    browser.open(shelves.real(REPORT))
    browser.evaluate("document.querySelector('tr[data-group=\"0\"] .opener').click()")
    browser.wait_for("document.querySelector('.within table') !== null")
    rows = browser.evaluate("[...document.querySelectorAll('.within table tbody tr')].map(row =>"
                            " [...row.cells].map(cell => cell.textContent))")  # fmt: skip
    shares = [float(row[0].removesuffix(" %")) for row in rows]
    assert shares == sorted(shares, reverse=True)
    assert rows[0][1] == "DADD R26, -R20, R22"
    told = browser.evaluate("[...document.querySelectorAll('.within summary')].map(one =>"
                            " one.textContent)")  # fmt: skip
    assert any(one.startswith("What NVIDIA's rules printed") for one in told)


def test_evidence_shows_instructions_as_code(browser: Browser, shelves: Library) -> None:
    browser.open(shelves.real(REPORT))
    sentences = browser.evaluate("[...document.querySelectorAll('.finding .evidence li')].map("
                                 "one => one.textContent)")  # fmt: skip
    assert any(one.startswith("Also: ") for one in sentences)
    assert any(one.startswith("Ruled out: ") for one in sentences)
    assert not any("`" in one for one in sentences)
