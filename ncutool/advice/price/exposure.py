"""What of each launch's time is its own where launches run side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from ncutool.base.intervals import Ints, Union, union

if TYPE_CHECKING:
    from ncutool.advice.view.context import Context
    from ncutool.timeline.replay import Replay


def exposed(replay: Replay, context: Context) -> Ints:
    """Return, per launch of the replay, its time (ns) that counts as its own: they sum to the time
    in which anything runs.

    Every moment belongs to one launch: to a kernel before a copy and to a copy before
    communication, and among equals to the one that started first.
    """
    return _wall_shares(replay, _classes(context, replay.launch_id))


def _classes(context: Context, launch_ids: Ints) -> Ints:
    """Return the class of each launch: 0 for kernels, 1 for copies and memsets, 2 for
    communication."""
    of = context.kernels.select(
        "launch_id",
        kind=pl.when(pl.col("bound") == "communication")
        .then(2)
        .when(pl.col("category") == "kernel")
        .then(0)
        .otherwise(1),
    ).sort("launch_id")
    ids = of["launch_id"].to_numpy()
    return of["kind"].to_numpy().astype(np.int64)[np.searchsorted(ids, launch_ids)]


def _wall_shares(replay: Replay, classes: Ints) -> Ints:
    """Return the part of each launch's time (ns) that no launch of a class before its own covers,
    and none of its own class that started earlier."""
    end = replay.start + replay.duration
    shares = np.zeros_like(replay.duration)
    before: Union | None = None
    for level in np.unique(classes):
        rows = np.flatnonzero(classes == level)
        reach = np.concatenate([replay.start[rows[:1]], np.maximum.accumulate(end[rows])[:-1]])
        start = np.minimum(np.maximum(replay.start[rows], reach), end[rows])
        shares[rows] = end[rows] - start
        if before is not None:
            shares[rows] -= before.covered(start, end[rows])
        starts, ends = replay.start[rows], end[rows]
        if before is not None:
            starts = np.concatenate([before.starts, starts])
            ends = np.concatenate([before.ends, ends])
        before = union(starts, ends)
    return shares
