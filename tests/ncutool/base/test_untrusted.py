"""Text from a capture made safe to show."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool.base import untrusted

HOSTILE = "</script><img src=x onerror=alert(1)>\u2028& `x` | y"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("a\nb\tc", "a b c"),
        ("red \x1b[31mtext\x1b[0m", "red text"),
        ("title\x1b]0;owned\x07!", "title!"),
        ("left\u202eright", "leftright"),
        ("nul\x00\x9b", "nul"),
        ("half \ud800", "half \N{REPLACEMENT CHARACTER}"),
        ("µ × “ok”", "µ × “ok”"),
    ],
)
def test_printable_removes_what_a_terminal_obeys(text: str, expected: str) -> None:
    """Control sequences vanish whole, line breaks become spaces, letters stay."""
    assert untrusted.printable(text) == expected


def test_printable_and_shorten_respect_their_limit() -> None:
    """Long names are cut at the end, or in the middle where both ends tell them apart."""
    assert untrusted.printable("abcdef", 4) == "abc…"
    assert untrusted.shorten("abcdefghijkl", 7) == "abcd…kl"
    assert untrusted.shorten("short", 7) == "short"


@given(st.text())
def test_printable_leaves_no_control_character(text: str) -> None:
    """Whatever comes in, what goes out is one line that UTF-8 can encode."""
    shown = untrusted.printable(text)
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in shown)
    assert len(shown.encode("utf-8").splitlines()) <= 1


def test_markdown_is_inert() -> None:
    """Pipes, backticks, HTML, links and headings lose their meaning; snake_case stays legible."""
    assert untrusted.markdown("a|b `c` <i>") == r"a\|b \`c\` &lt;i&gt;"
    assert untrusted.markdown("flash_fwd_kernel") == "flash_fwd_kernel"
    assert untrusted.markdown("_private_") == r"\_private\_"
    assert untrusted.markdown("# title") == r"\# title"
    assert untrusted.markdown("1. item") == r"1\. item"
    assert untrusted.markdown("- item") == r"\- item"
    assert untrusted.markdown("1.50 µs") == "1.50 µs"
    assert untrusted.markdown("https://x.y") == "https&#58;//x.y"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_guard_cell_disarms_formulas(start: str) -> None:
    """A cell that a spreadsheet would compute begins with an apostrophe instead."""
    shown = start if start.isprintable() else " "
    assert untrusted.guard_cell(f"{start}cmd|' /C calc'!A0") == f"'{shown}cmd|' /C calc'!A0"
    assert untrusted.guard_cell("gemm") == "gemm"


def test_json_for_html_cannot_leave_its_element() -> None:
    """No tag can open or close inside the JSON, and it still reads back as it was."""
    text = untrusted.json_for_html({"b": [HOSTILE], "a": 1})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"a": 1, "b": [HOSTILE]}
    assert text.index('"a"') < text.index('"b"')


def test_json_for_html_survives_lone_surrogates_and_refuses_nan() -> None:
    """Text that UTF-8 cannot hold becomes an escape; a NaN is a defect, so it raises."""
    untrusted.json_for_html("\ud800").encode("utf-8")
    with pytest.raises(ValueError, match="JSON compliant"):
        untrusted.json_for_html(math.nan)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[2J=1+1", "'=1+1"),
        ("a\x1b]0;owned\x07b\x9b31m", "ab31m"),
        ("over\u202eturned\u200b", "overturned"),
    ],
)
def test_guard_cell_leaves_nothing_that_a_terminal_obeys(text: str, expected: str) -> None:
    """CSV is shown on terminals too."""
    assert untrusted.guard_cell(text) == expected


@given(st.text(), st.text())
def test_inert_json_is_the_same_json(key: str, text: str) -> None:
    """Only the spelling changes, and nothing is left that hides or controls."""
    written = json.dumps({key: [text]}, ensure_ascii=False)
    inert = untrusted.inert_json(written)
    assert json.loads(inert) == {key: [text]}
    assert not any(0x7F <= ord(char) < 0xA0 or char in "\u202e\u200b\u2066" for char in inert)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@torvalds", "@<!-- -->torvalds"),
        ("fixes #12, GH-7", "fixes #<!-- -->12, GH-<!-- -->7"),
        ("0123abcdef", "0123ab<!-- -->cdef"),
        ("mail bob@example.com", "mail bob@<!-- -->example.com"),
        ("&#64;x", "&amp;#<!-- -->64;x"),
    ],
)
def test_markdown_pings_nobody(text: str, expected: str) -> None:
    """No person, issue, commit or address of a capture is linked from a pull request."""
    assert untrusted.markdown(text) == expected
