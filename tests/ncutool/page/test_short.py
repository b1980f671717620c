"""Styles and scripts are shortened on their way into a page, and mean what they meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool.page import html
from ncutool.page.html import short_css, short_script

TEMPLATES = Path(html.__file__).parent / "templates"


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("a{b:c}\n\n  /* why */\n  d{e:f}\n", "a{b:c}\n\nd{e:f}\n"),
        ('a::before{content:"/* no */  x"}', 'a::before{content:"/* no */  x"}'),
        ("a{content:'\\'/*'}/**/", "a{content:'\\'/*'}"),
        ("ul\n  li{margin:0}", "ul\nli{margin:0}"),
    ],
)
def test_css_loses_comments_and_indentation(text: str, short: str) -> None:
    """Strings stay, and so does the white space between two parts of a selector."""
    assert short_css(text) == short


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("// why\nlet a = 1;\n\n  // more\n  b();\n", "\nlet a = 1;\nb();\n"),
        ("f(\"// no\");\n  g('// no');", "f(\"// no\");\ng('// no');"),
        ("a = `one\n  // two\n    three`;\n  b();", "a = `one\n  // two\n    three`;\nb();"),
        ("a(); // after it\n  b();", "a(); // after it\nb();"),
        ("x = /\\s+/; y = 4 / 2 / 1;", "x = /\\s+/; y = 4 / 2 / 1;"),
    ],
)
def test_scripts_lose_their_comments_and_indentation(text: str, short: str) -> None:
    """Line ends, strings, templates and expressions stay."""
    assert short_script(text) == short


@given(st.text(st.sampled_from("a/*\\ \"'`;\n"), max_size=30))
def test_a_string_stays_whatever_is_in_it(text: str) -> None:
    """Quoted as the languages quote it, before and after other code."""
    inner = text.replace("\\", "\\\\").replace("\n", "\\n")
    for mark in "\"'":
        quoted = mark + inner.replace(mark, "\\" + mark) + mark
        assert quoted in short_script(f"  a = {quoted};\n  // comment\n")
        assert quoted in short_css(f"  a{{content:{quoted}}}\n  /* comment */")


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.js")), ids=lambda path: path.stem)
def test_every_script_of_the_pages_keeps_its_lines(path: Path) -> None:
    """All lines but empty ones and comments, in their order; the pages' templates are one line."""

    def lines(text: str) -> list[str]:
        stripped = (line.strip() for line in text.split("\n"))
        return [line for line in stripped if line and not line.startswith("//")]

    text = path.read_text(encoding="utf-8")
    short = short_script(text)
    assert lines(short) == lines(text)
    assert not any(line.startswith((" ", "//")) for line in short.split("\n"))
