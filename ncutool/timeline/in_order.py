"""Launches in order of start: most captures hold them so, and what is in order is not copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from ncutool.base.intervals import Bools


def by_start(launches: pl.DataFrame, which: pl.Expr) -> pl.DataFrame:
    """Return the chosen launches in order of their start, those of one start by launch_id.

    Args:
        launches: with ``start_ns`` and ``launch_id``.
        which: those that are wanted; none of them is without a start.
    """
    wanted = launches.select(which.alias("wanted"))["wanted"]
    chosen = launches if wanted.all() else launches.filter(wanted)
    start, number = (chosen[name].to_numpy() for name in ("start_ns", "launch_id"))
    later: Bools = start[1:] > start[:-1]
    later |= (start[1:] == start[:-1]) & (number[1:] > number[:-1])
    return chosen if later.all() else chosen.sort("start_ns", "launch_id")
