"""Rows picked by number are those that a join finds."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ncutool.base.looked_up import looked_up

_IDS = st.lists(st.none() | st.integers(0, 12), max_size=20)


@given(_IDS, st.permutations(range(8)), st.booleans())
def test_rows_are_those_of_a_join(
    wanted: list[int | None], keys: list[int], in_order: bool
) -> None:
    """Whether the keys number the rows or not, and where an id has none."""
    ids = pl.Series("key", wanted, dtype=pl.Int64)
    numbers = sorted(keys) if in_order else keys
    table = pl.DataFrame({"key": numbers, "word": [f"word {key}" for key in numbers]})
    joined = ids.to_frame().join(table, on="key", how="left", maintain_order="left")
    assert_frame_equal(looked_up(ids, table, "key"), joined.drop("key"))


def test_no_rows() -> None:
    """An empty table has a row of nulls for each id."""
    table = pl.DataFrame(schema={"key": pl.Int64, "word": pl.String})
    assert looked_up(pl.Series([0, 3]), table, "key")["word"].to_list() == [None, None]
