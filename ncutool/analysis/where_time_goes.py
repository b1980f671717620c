"""Where the time goes: every nanosecond of the window under one heading, none twice.

Of several devices it is the mean: each has the whole window to itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl
from msgspec import Struct

from ncutool.base import held
from ncutool.base.intervals import Ints, Union, union
from ncutool.base.looked_up import looked_up
from ncutool.base.tables import BOUNDS
from ncutool.timeline.devices import numbered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ncutool.timeline.window import Timeline
    from ncutool_parsers.capture import Capture

PRIORITY = (
    "compute",
    "memory",
    "balanced",
    "cache",
    "below_compute_roof",
    "below_memory_roof",
    "latency",
    "small_grid",
    "unknown",
    "communication",
    "copy",
)
"""Where launches overlap, their time counts under the first of these: copies and communication
show only what no other work hides."""

IDLE = "idle"


class Divided(Protocol):
    """What is divided here: an analysis, of which only these parts are read."""

    @property
    def figures(self) -> pl.DataFrame:
        """One row a launch, with its bound and its times (:data:`ncutool.base.tables.FIGURES`)."""

    @property
    def capture(self) -> Capture:
        """What the reader found."""

    @property
    def timeline(self) -> Timeline | None:
        """The window of a trace."""


class Share(Struct, frozen=True):
    """Time under one heading."""

    kind: str
    """One of :data:`ncutool.base.tables.BOUNDS`, or `idle`."""
    ns: int
    pct: float


class Shares(Struct, frozen=True):
    """The window, divided. The shares sum to ``base_ns``."""

    base_ns: int
    of_wall: bool
    """True for traces (wall time, idle included); False for reports (sum of durations)."""
    parts: tuple[Share, ...]
    overlap_ns: int
    """Launch time that ran beside other launches and is counted once here."""

    def __post_init__(self) -> None:
        """Raise a ValueError where the parts do not sum to their whole."""
        held.in_order("the window's parts", *sorted(part.ns for part in self.parts))
        held.shares("the window's parts", *(part.pct for part in self.parts))
        if self.parts and sum(part.ns for part in self.parts) != self.base_ns:
            raise ValueError(f"the parts of the window do not sum to its {self.base_ns} ns")
        held.in_order("launch time beside other launches", self.overlap_ns)


def where_the_time_goes(analysis: Divided) -> Shares:
    """Divide the analysis' window by what holds it (no parts where nothing is timed)."""
    if analysis.timeline is None:
        return _of_launch_time(analysis)
    return _of_wall(analysis)


def _of_launch_time(analysis: Divided) -> Shares:
    sums = dict(analysis.figures.group_by("bound").agg(pl.col("duration_ns").sum()).iter_rows())
    base = sum(sums.values())
    parts = _parts([(kind, int(sums.get(kind, 0))) for kind in PRIORITY], base)
    return Shares(base_ns=base, of_wall=False, parts=parts, overlap_ns=0)


def _of_wall(analysis: Divided) -> Shares:
    timeline = analysis.timeline
    assert timeline is not None
    count = max(len(timeline.devices), 1)
    devices = [part.number for part in timeline.devices] if count > 1 else [None]
    launches = _clipped(analysis, by_device=count > 1)
    layers = [_layers(_by_kind(launches, device)) for device in devices]
    lengths: list[tuple[str, int]] = []
    covered = passed = 0
    for place, kind in enumerate(PRIORITY):
        covered = sum(of_device[place].total for of_device in layers)
        lengths.append((kind, covered // count - passed))
        passed = covered // count
    lengths.append((IDLE, timeline.wall_ns - passed))
    overlap = int((launches["end"] - launches["start"]).sum()) - covered
    parts = _parts(lengths, timeline.wall_ns)
    return Shares(base_ns=timeline.wall_ns, of_wall=True, parts=parts, overlap_ns=overlap)


def _parts(lengths: list[tuple[str, int]], base: int) -> tuple[Share, ...]:
    return tuple(
        Share(kind=kind, ns=length, pct=100.0 * length / base)
        for kind, length in lengths
        if length > 0 and base > 0
    )


def _clipped(analysis: Divided, *, by_device: bool) -> pl.DataFrame:
    """Return ``start``, ``end`` and ``bound`` of the launches, cut to the window; ``by_device``
    with ``gpu``, the number of theirs."""
    timeline = analysis.timeline
    assert timeline is not None
    window = (timeline.start_ns, timeline.end_ns)
    launches, figures = analysis.capture.launches, analysis.figures
    devices = launches.select("launch_id", numbered(launches)["gpu"]) if by_device else None
    return (
        figures.lazy()
        .select(
            "bound",
            *([] if devices is None else looked_up(figures["launch_id"], devices, "launch_id")),
            start=pl.col("start_ns").clip(*window),
            end=(pl.col("start_ns") + pl.col("duration_ns")).clip(*window),
        )
        .filter(pl.col("bound").is_in(BOUNDS))
        .drop_nulls(["start", "end"])
        .collect()
    )


def _by_kind(launches: pl.DataFrame, device: int | None) -> dict[str, tuple[Ints, Ints]]:
    """Return starts and ends by bound; of one device where its number is given."""
    if device is not None:
        launches = launches.filter(pl.col("gpu") == device)
    return {
        str(kind): (own["start"].to_numpy(), own["end"].to_numpy())
        for (kind,), own in launches.partition_by("bound", as_dict=True).items()
    }


def _layers(by_kind: Mapping[str, tuple[Ints, Ints]]) -> list[Union]:
    """Return for each kind of :data:`PRIORITY` the moments that it or any kind before it covers."""
    layers: list[Union] = []
    nothing = np.zeros(0, dtype=np.int64)
    merged = Union(nothing, nothing)
    for kind in PRIORITY:
        if kind in by_kind:
            starts, ends = by_kind[kind]
            merged = union(
                np.concatenate([merged.starts, starts]), np.concatenate([merged.ends, ends])
            )
        layers.append(merged)
    return layers


def covered_until(covering: Union, moments: Ints) -> npt.NDArray[np.float64]:
    """Return how many nanoseconds of ``covering`` lie before each moment."""
    if not covering.starts.size:
        return np.zeros(moments.shape)
    lengths = np.cumsum(covering.ends - covering.starts)
    corners = np.stack([covering.starts, covering.ends], axis=1).reshape(-1)
    before = np.stack([np.concatenate([[0], lengths[:-1]]), lengths], axis=1).reshape(-1)
    return np.asarray(np.interp(moments, corners, before), dtype=np.float64)
