"""Rows of JSON: what polars writes of them, in parts, each made when it is asked for."""

from __future__ import annotations

import datetime
import decimal
import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ncutool.base.untrusted import ESCAPED_IN_JSON, inert_json
from ncutool.commands import json_rows as made
from ncutool.commands import writing
from ncutool.commands.json_rows import ROWS_AT_ONCE, json_rows
from ncutool.commands.options import Format

FLOATS = [0.0, -0.0, 0.1, 1e300, 5e-324, 1e16, 1e-7, float("nan"), float("inf"), None, 2.0]
TEXTS = ['a"\\/b', "\b\f\n\r\t\0\x1f\x7f", "\x85", "\u200b}", "\u2028,{", "é", "", "😀", "µ", None]
ODD_NAMES = ["^a.*$", "*", 'quote"', "new\nline", "\u202e", "", "0", "é", "{}", "%s"]
FEW, MANY = 4, 3_000


def whole(frame: pl.DataFrame) -> str:
    """What polars writes of all rows at once, inert."""
    return inert_json(frame.write_json())


def in_parts(frame: pl.DataFrame) -> str:
    """The same in parts."""
    return f"[{b''.join(json_rows(frame, ',')).decode()}]"


def repeated(values: list[Any], kind: Any = None) -> pl.Series:
    """A column of MANY rows in which each value stands many times."""
    return pl.Series([values[row % len(values)] for row in range(MANY)], dtype=kind)


@settings(deadline=None, max_examples=15)
@given(
    columns=st.lists(
        st.one_of(
            st.lists(st.sampled_from(FLOATS), min_size=1, max_size=FEW),
            st.lists(st.sampled_from(TEXTS), min_size=1, max_size=FEW),
            st.lists(st.integers(-(2**63), 2**63 - 1) | st.none(), min_size=1, max_size=FEW),
            st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=FEW),
            st.sampled_from([[float(n) for n in range(MANY)], [str(n) for n in range(MANY)]]),
            st.just([f"\u200b{n}" for n in range(MANY)]),
            st.lists(st.lists(st.integers(0, 9), max_size=2), min_size=1, max_size=FEW),
        ),
        min_size=1,
        max_size=6,
    ),
    names=st.permutations(ODD_NAMES),
)
def test_rows_are_those_of_polars(columns: list[list[Any]], names: list[str]) -> None:
    """To the byte, whatever a column holds, is called, and how often its values repeat."""
    frame = pl.DataFrame(
        {name: repeated(values) for name, values in zip(names, columns, strict=False)}
    )
    assert in_parts(frame) == whole(frame)


def test_every_type_that_a_query_answers() -> None:
    """Times, decimals, records and lists are written as polars writes them."""
    moment = datetime.datetime(2020, 1, 1, 3, 4, 5, 6)  # without a zone, as DuckDB has it
    frame = pl.DataFrame(
        {
            "float32": repeated([0.1, None, -0.0, 0.0], pl.Float32),
            "int8": repeated([1, None, -3], pl.Int8),
            "uint64": repeated([2**64 - 1, 0], pl.UInt64),
            "date": repeated([moment.date(), None]),
            "moment": repeated([moment]),
            "time": repeated([moment.time()]),
            "length": repeated([datetime.timedelta(seconds=3.5)]),
            "decimal": repeated([decimal.Decimal("1.50"), None]),
            "kind": repeated(["a", "b"], pl.Categorical),
            "listed": repeated(["a", "b"], pl.Enum(["a", "b"])),
            "lists": repeated([["a\u200b", None], [], None]),
            "record": repeated([{"a": 1, "b\u200b": None}, None]),
            "records": repeated([[{"a": 1.5, "b": "x"}], []]),
            "null": repeated([None]),
            "wide": repeated([2**100], pl.Int128),
        }
    )
    assert in_parts(frame) == whole(frame)
    for name in frame.columns:
        assert in_parts(frame.select(name)) == whole(frame.select(name))


def test_every_character() -> None:
    """The text of a value that stands in no list is escaped as the others are."""
    letters = [chr(code) for code in range(0x11000) if not 0xD800 <= code < 0xE000]
    frame = pl.DataFrame({"letter": [*letters, "\U000e0001"]})
    assert in_parts(frame) == whole(frame)
    found = frame["letter"].str.contains(ESCAPED_IN_JSON)
    assert found.sum() == 33 + 3 + 5 + 7 + 10 + 1 + 3 + 1


@pytest.mark.parametrize("rows", [0, 1, ROWS_AT_ONCE, ROWS_AT_ONCE + 1, 2 * ROWS_AT_ONCE])
def test_the_edges_of_parts(rows: int) -> None:
    """No row is lost or doubled where a part ends."""
    frame = pl.DataFrame({"same": ["x"] * rows, "row": range(rows), "bit": [0, 1] * (rows // 2)
                          if rows % 2 == 0 else [1] * rows})  # fmt: skip
    assert json.loads(in_parts(frame)) == frame.to_dicts()
    lines = b"".join(writing.row_parts(frame, Format.JSONL, str, str, str))
    assert lines.decode() == frame.write_ndjson()


def test_a_column_that_never_changes_has_all_rows() -> None:
    """The table has as many, even where nothing tells them apart."""
    frame = pl.DataFrame({"one": [1] * MANY, "two": ["b"] * MANY})
    assert in_parts(frame) == whole(frame)


def test_rows_are_made_as_they_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is held is the text of one part, however many rows there are."""
    asked: list[int] = []
    text = made._text

    def counted(pieces: made._Pieces, part: pl.DataFrame, between: str) -> bytes:
        asked.append(part.height)
        return text(pieces, part, between)

    monkeypatch.setattr(made, "_text", counted)
    frame = pl.DataFrame({"row": range(5 * ROWS_AT_ONCE), "name": ["kernel"] * 5 * ROWS_AT_ONCE})
    parts = writing.row_parts(frame, Format.JSON, lambda rows: f'{{"rows": {rows}}}', str, str)
    opening = next(parts)
    assert (opening, asked) == (b'{"rows": [', [])
    sizes = [len(part) for part in parts if len(asked) <= 5]
    assert asked == [ROWS_AT_ONCE] * 5
    assert max(sizes) < 40 * ROWS_AT_ONCE
    next_ = writing.row_parts(frame, Format.JSONL, str, str, str)
    asked.clear()
    next(next_)
    assert asked == [ROWS_AT_ONCE]


def test_values_that_repeat_are_written_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a column whose values differ from row to row is written row by row."""
    frame = pl.DataFrame(
        {
            "row": range(MANY),
            "kernel": repeated(["gemm", "norm"]),
            "capture": ["trace.json"] * MANY,
            "pct": repeated([1.5, None]),
            "zero": repeated([0.0, -0.0]),
        }
    )
    pieces = made._pieces(frame)
    assert dict(pieces.held.schema) == {
        "1": pl.UInt32(), "3": pl.UInt32(), "0": pl.Int64(), "4": pl.Float64(),
    }  # fmt: skip
