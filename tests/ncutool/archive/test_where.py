"""Conditions that need no SQL: their grammar, and what they are true of."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool.archive.where import Condition, expression, parse
from ncutool_parsers.errors import UsageError

TABLE = pl.DataFrame(
    {
        "number": [1, 2, 3, None, 2**53 + 1],
        "share": [0.5, 1.5, None, 2.5, 3.5],
        "text": ["gemm", "GEMM_x", None, "null", " a=b "],
        "flag": [True, False, None, True, False],
        "many": [["a", "b"], [], None, ["bc"], ["c"]],
        "row": [0, 1, 2, 3, 4],
    }
)
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def rows(text: str) -> list[int]:
    """Numbers of the rows that a condition holds for."""
    return TABLE.filter(expression(parse(text), TABLE.schema))["row"].to_list()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("number=2", [1]),
        ("number = 2", [1]),
        ("number>=2e0", [1, 2, 4]),
        ("number!=2", [0, 2, 4]),
        ("number=9007199254740993", [4]),
        ("number=9007199254740992", []),
        ("number=null", [3]),
        ("number!=null", [0, 1, 2, 4]),
        ("share>1e0", [1, 3, 4]),
        ("share<=1.5", [0, 1]),
        ("number<1.5", [0]),
        ("text=gemm", [0]),
        ("text~gemm", [0, 1]),
        ("text!~gemm", [3, 4]),
        ("text~^gemm$", [0]),
        ("text!=gemm", [1, 3, 4]),
        ("text=null", [2]),
        ("text='null'", [3]),
        ('text=" a=b "', [4]),
        ("flag=true", [0, 3]),
        ("flag!=TRUE", [1, 4]),
        ("many=b", [0]),
        ("many~b", [0, 3]),
        ("many!=b", [1, 3, 4]),
        ("many!~b", [1, 4]),
        ("many=null", [2]),
        ("number>9223372036854775808", []),
    ],
)
def test_what_a_condition_holds_for(text: str, found: list[int]) -> None:
    """A row where nothing is known satisfies none but null."""
    assert rows(text) == found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is COLUMN OPERATOR VALUE"),
        ("number", "it is COLUMN OPERATOR VALUE"),
        ("=2", "it is COLUMN OPERATOR VALUE"),
        ("a b=2", "it is COLUMN OPERATOR VALUE"),
        ("number=two", "the column holds numbers"),
        ("number=nan", "the column holds numbers"),
        ("number=1e999", "the column holds numbers"),
        ("number=1_000", "the column holds numbers"),
        ("number=", "the column holds numbers"),
        ("number~2", "~ searches texts alone"),
        ("number<null", "null is compared by = or != alone"),
        ("flag=yes", "the column is true or false"),
        ("flag<true", "the column is true or false"),
        ("text~(", "it is no valid regular expression"),
    ],
)
def test_what_is_no_condition_says_why(text: str, why: str) -> None:
    """In one line that repeats it."""
    with pytest.raises(UsageError, match=re.escape(why)) as caught:
        rows(text)
    assert str(caught.value).startswith(f"--where {text!r}")


@given(
    column=st.from_regex(r"(captures\.)?[a-z_][a-z0-9_]{0,9}", fullmatch=True),
    sign=st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "~", "!~"]),
    value=st.text(max_size=20),
    space=st.sampled_from(["", " ", "  "]),
)
def test_a_literal_value_is_read_as_it_was_written(
    column: str, sign: str, value: str, space: str
) -> None:
    """Whatever characters it has, operators and quotes too."""
    text = f"{column}{space}{sign}{space}'{value}'"
    assert parse(text) == Condition(column, sign, value, text)


@given(text=st.text(max_size=30))
def test_any_text_is_a_condition_or_a_usage_error(text: str) -> None:
    """Nothing else comes of it."""
    try:
        parsed = parse(text)
    except UsageError:
        return
    assert parsed.text == text
    assert parsed.column in text


@given(
    values=st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), max_size=8),
    sign=st.sampled_from(sorted(COMPARE)),
    wanted=st.integers(-(2**63), 2**63 - 1),
)
def test_whole_numbers_are_compared_as_python_compares_them(
    values: list[int | None], sign: str, wanted: int
) -> None:
    """Exactly, to the last digit."""
    frame = pl.DataFrame({"x": values}, schema={"x": pl.Int64})
    kept = frame.filter(expression(parse(f"x{sign}{wanted}"), frame.schema))["x"].to_list()
    assert kept == [x for x in values if x is not None and COMPARE[sign](x, wanted)]


@given(
    values=st.lists(st.none() | st.text(max_size=5), max_size=8),
    sign=st.sampled_from(sorted(COMPARE)),
    wanted=st.text(max_size=5),
)
def test_texts_are_compared_by_their_code_points(
    values: list[str | None], sign: str, wanted: str
) -> None:
    """Case and spaces count."""
    frame = pl.DataFrame({"x": values}, schema={"x": pl.String})
    kept = frame.filter(expression(parse(f"x{sign}'{wanted}'"), frame.schema))["x"].to_list()
    assert kept == [x for x in values if x is not None and COMPARE[sign](x, wanted)]
