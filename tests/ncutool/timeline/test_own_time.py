"""Stretches in which a thread is inside an operator and nothing begins or ends."""

from __future__ import annotations

from itertools import pairwise

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from ncutool.timeline.host_activity import OWN_TIME_NS, _own_time

_STEP = OWN_TIME_NS // 2
Span = tuple[int, int]
spans = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 10)).map(
        lambda span: (span[0] * _STEP, (span[0] + span[1]) * _STEP)
    ),
    max_size=8,
)


def table(rows: list[Span]) -> pl.DataFrame:
    """Operators or calls as the tables hold them."""
    numbered = [(number, start, end) for number, (start, end) in enumerate(rows)]
    names = dict.fromkeys(("row", "start_ns", "end_ns"), pl.Int64)
    return pl.DataFrame(numbered, schema=names, orient="row")


@given(spans, spans)
def test_every_stretch_has_the_innermost_operator_around_it(
    ops: list[Span], calls: list[Span]
) -> None:
    """As a search over all of them finds it."""
    expected = []
    for left, right in pairwise(sorted({edge for span in (*ops, *calls) for edge in span})):
        around = [
            (start, -end, number)
            for number, (start, end) in enumerate(ops)
            if start <= left and end >= right
        ]
        if right - left >= OWN_TIME_NS and around:
            expected.append((max(around)[2], left, right))
    assert _own_time(table(ops), table(calls)).rows() == expected
