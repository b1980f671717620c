"""JSON columns of a trace's signatures, as damaged as files have them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool.base.recorded import json_list


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[[64, 32], []]", [[64, 32], []]),
        ('["float", ""]', ["float", ""]),
        ("[]", []),
        (None, None),
        ("", None),
        ("null", None),
        ('{"a": 1}', None),
        ("[1, 2", None),
        ("[" * 100_000, None),
    ],
)
def test_lists_and_what_is_none(text: str | None, expected: list[object] | None) -> None:
    """A list comes out as it is; damage and other values are not recorded."""
    assert json_list(text) == expected


@given(st.text(max_size=50))
def test_no_text_breaks_it(text: str) -> None:
    """Whatever a file holds, a list or None comes out."""
    assert json_list(text) is None or isinstance(json_list(text), list)
