"""The frame of the page: notices, contents, landmarks, keys."""

from __future__ import annotations

import itertools
import re

import analysis_factory as factory

from ncutool import page
from ncutool_parsers.capture import Notice


def _body(text: str) -> str:
    """Return the page without its scripts and styles, which hold the same words."""
    return re.sub(r"<(script|style).*?</\1>", "", text, flags=re.DOTALL)


def test_errors_follow_the_verdict_and_warnings_fold() -> None:
    """What changes how to read the page is spelled out; warnings are counted on one line."""
    given = [
        Notice("bad", "an error", "error"),
        Notice("warn", "a warning"),
        Notice("warn", "another warning"),
        Notice("info", "an info", "info"),
    ]
    text = page.render([factory.trace(notices=given)])
    order = ("<h1>", "Careful</b> an error", "2 notices</b> a warning", "<li>another warning",
             'id="view-1-time"', "an info</li>")  # fmt: skip
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert text.index("Careful</b> an error") < text.index("<details")
    assert 'class="notices' not in _body(page.render([factory.trace()]))


def test_one_main_and_one_heading_of_the_first_order_a_view() -> None:
    """Landmarks and headings as screen readers walk them."""
    text = _body(page.render([factory.trace(), factory.report()]))
    assert text.count("<main>") == 1
    assert text.count("<h1>") == 2
    view = text[text.index('id="view-1"') : text.index('id="view-2"')]
    levels = [int(level) for level in re.findall(r"<h(\d)", view)]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))


def test_the_contents_lead_to_every_section() -> None:
    """Each link's target is there, with how many of them there are."""
    text = _body(page.render([factory.trace(findings=[factory.finding(1)])]))
    (contents,) = re.findall(r'<nav aria-label="Contents">(.*?)</nav>', text)
    links = re.findall(r'href="#([^"]+)"', contents)
    assert links == ["view-1-time", "view-1-findings", "view-1-kernels", "view-1-notes"]
    assert all(text.count(f'id="{link}"') == 1 for link in links)
    assert "Findings <b>1</b>" in contents


def test_tabs_carry_each_verdict() -> None:
    """Of several captures the tab says what came of it."""
    text = _body(page.render([factory.trace(), factory.report()]))
    (tabs,) = re.findall(r'<nav class="views".*?</nav>', text, re.DOTALL)
    headlines = re.findall(r"<h1>(.*?)</h1>", text)
    assert re.findall(r"<span>(.*?)</span>", tabs) == headlines


def test_every_key_is_told() -> None:
    """The dialog is in the page, and lists what the brief help line cannot."""
    (dialog,) = re.findall(r"<dialog.*?</dialog>", page.render([factory.trace()]), re.DOTALL)
    keys = re.findall(r"<kbd>(.*?)</kbd>", dialog)
    for key in ("/", "j", "k", "Enter", "Escape", "?"):
        assert key in keys
