"""Rows of a table by their key, without a hash table where keys are row numbers."""

from __future__ import annotations

import polars as pl


def looked_up(ids: pl.Series, table: pl.DataFrame, key: str) -> pl.DataFrame:
    """Return the row of ``table`` of each id, without ``key``; null where there is none.

    Readers number rows from 0, and half a million operators are then picked out in the time that
    a join takes to hash a tenth of them.

    Args:
        ids: whole numbers, in any order and any number of times.
        key: the column of ``table`` that they stand in, each at most once.
    """
    keys = table[key]
    if ids.null_count() == ids.len():
        return table.drop(key).clear(ids.len())
    last = ids.max()
    numbered = (keys == pl.int_range(keys.len(), eager=True)).all()
    if numbered and isinstance(last, int) and last < keys.len():
        return table.drop(key).select(pl.all().gather(pl.lit(ids)))
    return (
        pl.DataFrame({key: ids})
        .join(table, on=key, how="left", validate="m:1", maintain_order="left")
        .drop(key)
    )
