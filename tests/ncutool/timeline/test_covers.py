"""Spans of time in order: by start, and those that start as one by what else is known of them."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from ncutool.timeline.covers import _order, cover
from ncutool.timeline.evidence import KINDS

SPANS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 2), st.integers(0, 9)),
    max_size=30,
)


@given(SPANS)
def test_the_order_is_that_of_a_sort_by_all_four(spans: list[tuple[int, int, int, int]]) -> None:
    """Start, end, kind and row; few different starts, so that many are alike."""
    columns = np.array(spans, np.int64).reshape(-1, 4)
    starts, ends, kind, row = columns.T
    order = _order(starts, ends, kind.astype(np.int8), row)
    assert columns[order].tolist() == sorted(map(list, spans))


def test_of_spans_that_start_as_one_the_longest_is_the_evidence() -> None:
    """Whichever table it is of, and wherever it stands there."""
    calls = pl.DataFrame({"row": [7, 8], "start_ns": [10, 10], "end_ns": [12, 30]})
    ops = pl.DataFrame({"row": [3], "start_ns": [10], "end_ns": [20]})
    found = cover([("call", calls), ("op", ops)])
    kind, row = found.evidence(np.array([9, 10, 25, 30]))
    assert row.tolist() == [-1, 8, 8, -1]
    assert [KINDS[one] for one in kind.tolist()] == ["", "call", "call", ""]
