"""The operators of one capture with their time, and what it shows of launching alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl
from msgspec import Struct

from ncutool.base.thresholds import IntThreshold
from ncutool.whatif.predict import rates
from ncutool.work.calls import calls_of
from ncutool.work.operators import OpCall

if TYPE_CHECKING:
    from ncutool.devices.table import Device
    from ncutool_parsers.capture import Capture

_ENOUGH = IntThreshold(
    5, "launches", "so many without work tell what launching alone takes", "judgement"
)


class Run(Struct, frozen=True):
    """One operator call with the time of all it launched, or one launch outside any operator."""

    op: str
    call: OpCall | None
    """None outside operators, and where it is a graph's."""
    family: str
    kind: str
    """Kind of its main kernel, as :func:`ncutool.whatif.predict.rates.kind_of` tells them apart."""
    roof: str | None
    """Compute roof of its main kernel."""
    launches: int
    duration_ns: int
    launch_ids: tuple[int, ...] = ()
    """Rows of the kernels table; none where nobody asks for its parts."""


@dataclass(frozen=True)
class Base:
    """What one capture says of its device's kernels: all that a prediction may use."""

    device: Device
    runs: tuple[Run, ...]
    """In order of start."""
    floors: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Family -> time of one launch without work to speak of, from and to, in ns."""
    any_floor: tuple[float, float] = rates.FLOOR_NS
    """The same over all families."""

    def floor(self, family: str) -> tuple[float, float]:
        """Return the floor (ns) of a family with launches enough without work, else of all."""
        return self.floors.get(family, self.any_floor)


def base(kernels: pl.DataFrame, capture: Capture, device: Device) -> Base:
    """Return what ``capture`` says of its device.

    Args:
        kernels: its :data:`ncutool.base.tables.KERNELS`.
        device: the device that they are held against.
    """
    runs = runs_of(kernels, capture)
    tiny = [
        (run.family, run.duration_ns / run.launches)
        for run in runs
        if run.call is not None and _is_tiny(run, device)
    ]
    families = {family for family, _ in tiny}
    own = {name: [time for family, time in tiny if family == name] for name in families}
    floors = {name: _range(times) for name, times in own.items() if len(times) >= _ENOUGH}
    every = [time for _, time in tiny]
    whole = _range(every) if len(every) >= _ENOUGH else rates.FLOOR_NS
    return Base(device, runs, floors, whole)


def runs_of(kernels: pl.DataFrame, capture: Capture) -> tuple[Run, ...]:
    """Return the operators of a capture in order of start; only launches with a duration count."""
    timed = kernels.filter(pl.col("duration_ns").is_not_null()).sort("start_ns", "launch_id")
    plain = ~pl.col("graph_replay").fill_null(False) & pl.col("op_id").is_not_null()
    rows = timed.with_columns(
        pl.when(plain).then("op_id").otherwise(-1 - pl.col("launch_id")).alias("key")
    )
    main = pl.col("duration_ns").arg_max()
    grouped = rows.group_by("key", maintain_order=True).agg(
        pl.col("op", "kernel", "kernel_full", "family", "roof").get(main),
        pl.len().alias("launches"),
        pl.col("duration_ns").sum(),
        pl.col("launch_id"),
    )
    linked = capture.launches.filter(pl.col("op_id").is_in(grouped["key"].implode()))
    calls = calls_of(linked, capture)
    runs = []
    for key, op, kernel, full, family, roof, launches, duration, ids in grouped.iter_rows():
        kind = rates.kind_of(family or "other", full)
        call, family = calls.get(key), family or "other"
        runs.append(Run(op or kernel, call, family, kind, roof, launches, duration, tuple(ids)))
    return tuple(runs)


def _is_tiny(run: Run, device: Device) -> bool:
    if run.call is None or run.duration_ns <= 0:
        return False
    demand = rates.demand(run.call)
    if demand is None or not demand.modelled:
        return False
    return demand.time_ns(device, run.roof) < rates.TINY * run.duration_ns


def _range(times: list[float]) -> tuple[float, float]:
    """Return the 5th and 90th percentile."""
    ordered = sorted(times)
    last = len(ordered) - 1
    return ordered[int(0.05 * last)], ordered[round(0.9 * last)]
