"""What tables and freed objects of a reader hold in memory."""

from __future__ import annotations

import platform

import polars as pl
import pytest

from ncutool_parsers import memory
from ncutool_parsers.torch_series import column


@pytest.mark.parametrize(
    ("values", "one"),
    [
        ([3, 3, 3], True),
        ([3, 4, 3], False),
        ([3, None, 3], False),
        ([None, None], True),
        ([], True),
    ],
)
def test_a_column_of_one_value_is_a_literal(values: list[int | None], one: bool) -> None:
    """Which gives the same column, of the same type, whatever is null in it."""
    series = pl.Series(values, dtype=pl.Int32)
    made = column(series)
    assert isinstance(made, pl.Expr) is one
    frame = pl.DataFrame({"row": range(len(values))}).with_columns(made.alias("value"))
    assert frame["value"].to_list() == values
    assert frame["value"].dtype == pl.Int32


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other libraries keep nothing")
def test_freed_memory_goes_back() -> None:
    """Also where something above it is still held, so that it does not go by itself."""
    blocks = [bytearray(4_000) for _ in range(20_000)]
    kept = blocks[::1000]
    before = memory.held_bytes()
    del blocks
    memory.give_back()
    assert memory.held_bytes() < before - 40_000_000
    assert len(kept) == 20
