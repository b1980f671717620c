"""The launches of two runs in order, with what each can be recognised by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np
import polars as pl
from msgspec import Struct

from ncutool.base.thresholds import IntThreshold
from ncutool.companions.kernel_identity import identities
from ncutool.diff.aligning import Likeness
from ncutool.diff.naming import family_name
from ncutool.diff.sides import Run

_WHY = "judgement: what tells work apart outweighs what many launches share"
SAME_KEY = IntThreshold(16, "likeness", "one kernel on the same work", _WHY)
SAME_CALL = IntThreshold(5, "likeness", "one operator on the same shapes", _WHY)
SAME_KERNEL = IntThreshold(4, "likeness", "one kernel, whatever it works on", _WHY)
SAME_OPERATOR = IntThreshold(2, "likeness", "one operator", _WHY)
SAME_FAMILY = IntThreshold(2, "likeness", "names that differ in numbers alone", _WHY)
SAME_GRID = IntThreshold(2, "likeness", "one grid and block, of launches without an operator", _WHY)
_GEOMETRY = tuple(f"{what}_{axis}" for what in ("grid", "block") for axis in "xyz")
Key = tuple[Hashable, ...]


class Launch(Struct, frozen=True):
    """One launch as it is recognised."""

    launch_id: int
    key: Key
    kernel: str
    full: str
    op: str | None
    call: int | None
    """Which call of its operator."""
    signature: str | None
    dtype: str | None
    grid: tuple[int | None, ...]
    flop: float | None
    category: str

    @property
    def work(self) -> tuple[str, str] | None:
        """Its operator and shapes; None where it has none."""
        return (self.op, self.signature) if self.op and self.signature else None


def sequences(before: Run, after: Run) -> tuple[list[Launch], list[Launch]]:
    """Return the launches of both runs in order, with keys that compare between them.

    The order is that of each stream of each device: streams run beside each other, and how their
    launches interleave differs from run to run. A report's launches stand in order of launch.
    """
    names = [run.launches["kernel_full"].to_list() for run in (before, after)]
    known = identities(*names)
    return _launches(before, known[0]), _launches(after, known[1])


def keyed(run: Run) -> list[Launch]:
    """Return the launches of a run in order, with keys that compare among runs of one program."""
    names = set(run.launches["kernel_full"].to_list())
    return _launches(run, {name: name for name in names})


def _launches(run: Run, identity: dict[str, str]) -> list[Launch]:
    rows = _ordered(run.launches)
    by_grid = not run.settings.records_operators
    return [_launch(row, identity, by_grid) for row in rows.iter_rows(named=True)]


def _ordered(launches: pl.DataFrame) -> pl.DataFrame:
    """Sort by device, stream (by its first launch) and start, and number the devices."""
    start = pl.col("start_ns").fill_null(pl.lit(0))
    first = start.min().over("device", "stream", mapping_strategy="group_to_rows")
    return launches.with_columns(
        pl.col("device").rank("dense").alias("_device"),
        pl.when(pl.col("start_ns").is_null().all()).then(0).otherwise(first).alias("_first"),
        pl.when(pl.col("start_ns").is_null().all())
        .then(0)
        .otherwise(pl.col("stream").fill_null(-1))
        .alias("_stream"),
    ).sort("_device", "_first", "_stream", "start_ns", "launch_id", nulls_last=True)


def _launch(row: dict[str, Any], identity: dict[str, str], by_grid: bool) -> Launch:
    grid = tuple(row[name] for name in _GEOMETRY)
    name = identity[row["kernel_full"]]
    key = (
        row["category"], name, row["op"], row["signature"], row["dtype"], row["_device"],
        grid if by_grid else None,
    )  # fmt: skip
    return Launch(
        row["launch_id"], key, row["kernel"], row["kernel_full"], row["op"], row["op_id"],
        row["signature"], row["dtype"], grid, row["flop"], row["category"],
    )  # fmt: skip


def likenesses(before: list[Launch], after: list[Launch]) -> list[Likeness]:
    """Return what launches may share, the key first."""
    marks = (
        (SAME_KEY, lambda one: one.key),
        (SAME_CALL, lambda one: one.work),
        (SAME_KERNEL, lambda one: (one.category, one.key[1])),
        (SAME_OPERATOR, lambda one: one.op),
        (SAME_FAMILY, lambda one: (one.category, family_name(one.full))),
        (SAME_GRID, lambda one: None if one.op or one.grid[0] is None else one.grid),
    )
    return [Likeness(*_numbered(before, after, read), int(worth)) for worth, read in marks]


def _numbered(before: list[Launch], after: list[Launch], read: Any) -> tuple[Any, Any]:
    """Return a mark of each launch as a number, -1 where it has none."""
    number: dict[Hashable, int] = {}

    def numbers(launches: Iterable[Launch]) -> Any:
        read_marks = (read(one) for one in launches)
        return np.array(
            [-1 if mark is None else number.setdefault(mark, len(number)) for mark in read_marks],
            np.int64,
        )

    return numbers(before), numbers(after)


def counts(launches: Iterable[Launch]) -> Counter[Key]:
    """Return how often each key occurs."""
    return Counter(one.key for one in launches)
