"""Products of whole numbers past 64 bits."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ncutool.base.exact import proportion

HOUR = 3_600_000_000_000


def test_four_seconds_of_four_seconds() -> None:
    """Their product is 1.6e19 and would wrap round to less than nothing."""
    four = np.array([4_000_000_000], np.int64)
    assert proportion(four, four, four).tolist() == [4_000_000_000]
    assert proportion(four, four // 2, four).tolist() == [2_000_000_000]


@given(
    st.lists(
        st.tuples(st.integers(0, 9 * HOUR), st.integers(0, 9 * HOUR), st.integers(0, 9 * HOUR)),
        max_size=5,
    )
)
def test_it_is_what_whole_numbers_give(rows: list[tuple[int, int, int]]) -> None:
    """Small and large ones side by side; of nothing, nothing."""
    columns = np.array(rows, np.int64).reshape(-1, 3).T
    amount, whole = columns[0], columns[2]
    part = np.minimum(columns[1], whole)
    expected = [
        a * p // w if w else 0
        for a, p, w in zip(amount.tolist(), part.tolist(), whole.tolist(), strict=True)
    ]
    assert proportion(amount, part, whole).tolist() == expected
