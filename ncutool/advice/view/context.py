"""What every kind of advice starts from, and the drafts it hands to the ranking."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import polars as pl
from msgspec import Struct

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.view.backward import backward_launches, called_by_autograd
from ncutool.advice.view.casts import WeightCast, weight_casts
from ncutool.advice.view.idle import Idle, pieces
from ncutool.advice.view.kinds import Launches, launches
from ncutool.advice.view.lines import Line, line
from ncutool.advice.view.nodes import Stream, streams
from ncutool.advice.view.program import Program, shown
from ncutool.advice.view.ranks import RankMinima, rank_minima
from ncutool.advice.view.waits import Wait, blocked, waits
from ncutool.advice.view.waves import Tiling, tilings
from ncutool.base import units
from ncutool.base.records import replace
from ncutool.base.thresholds import Threshold
from ncutool.devices.ceilings import Shares, shares
from ncutool.devices.resolve import Device
from ncutool.timeline.devices import DeviceTime
from ncutool.timeline.in_order import by_start
from ncutool.timeline.launch_calls import launch_points
from ncutool.timeline.window import DISPATCH_CAUSES, Timeline, alone_ns
from ncutool_parsers.capture import Capture

HOST_BOUND_SHARE = Threshold(
    0.3, "share", "of the window idle for want of launches: above it the host limits", JUDGED
)

OVERLAP_SHARE = Threshold(
    0.01,
    "share of busy time",
    "launches that run side by side for no longer hardly change what a sum of them is a share of",
    JUDGED,
)
_COLUMNS = (
    *("launch_id", "category", "kernel", "kernel_full", "op", "op_id", "signature", "shapes"),
    *("family", "stream", "device", "grid_x", "grid_y", "grid_z", "start_ns", "duration_ns"),
    *("bound", "flop", "dram_bytes", "peak_flop_per_s", "peak_bytes_per_s", "graph_replay"),
    *("dtype", "flop_source", "bytes_source", "flop_exactness", "bytes_exactness", "roof"),
    *("remark", "trial", "waves", "join_note", "launch_rule", "launch_rule_speedup_pct"),
    *("modelled_bytes", "bytes_measured_over_modelled"),
)
"""What advice reads of the kernels table: the other columns would be copied for nothing."""
_OF_POINTS = (
    *("launch_id", "category", "start_ns", "duration_ns", "graph_replay", "copy_kind", "call_id"),
    *("gpu", "lane", "thread", "call_start", "call_end", "launched", "blocking"),
)
"""The same of launches with their calls."""
_OF_HOST = ("program", "points", "idle", "blocked", "waits")
"""Parts that are made without the calls of operators."""


class Context(Struct, frozen=True, dict=True):
    """One trace, seen as advice sees it."""

    kernels: pl.DataFrame
    """Launches within the window, in order of start; some columns."""
    launches: Launches
    """The same, by kind."""
    capture: Capture
    timeline: Timeline
    device: Device | None
    streams: tuple[Stream, ...]
    shares: Shares
    """What the device reaches of its peaks at its best."""
    dispatch_ns: int
    """Idle time that more or faster launching would remove."""
    ranks: RankMinima | None = None
    """What the other ranks of the job say of this one's collectives; None without them."""
    only: DeviceTime | None = None
    """The device that this is a view of; None for all of the capture."""

    @cached_property
    def program(self) -> Program:
        """What the capture shows of the program that was recorded."""
        tried = self.kernels.filter(pl.col("trial").fill_null(value=False))["family"]
        names = {kind.kernel for kind in self.launches.kinds}
        return shown(self.capture, names, frozenset(tried.drop_nulls()))

    @cached_property
    def backward(self) -> frozenset[int]:
        """Launches of backward passes."""
        return backward_launches(self.launches, self.capture)

    @cached_property
    def by_autograd(self) -> frozenset[int]:
        """Launches of operators that autograd called itself."""
        return called_by_autograd(self.launches, self.capture)

    @cached_property
    def trials(self) -> frozenset[int]:
        """Launches with which a tuner tried kernels: they are gone the next time, as they are."""
        tried = self.kernels["trial"].fill_null(value=False)
        return frozenset(self.kernels["launch_id"].filter(tried).to_list())

    @cached_property
    def weight_casts(self) -> tuple[list[WeightCast], ...]:
        """The casts of parameters on each stream."""
        return tuple(map(weight_casts, self.streams))

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Each stream without what may lie between the calls of a layer."""
        return tuple(map(line, self.streams, self.weight_casts))

    @cached_property
    def tilings(self) -> dict[int, Tiling]:
        """How the launches of matrix products cut their results."""
        return tilings(self.launches, self.capture, self.device)

    @cached_property
    def points(self) -> pl.DataFrame:
        """All launches of the capture with their calls: `launch_calls.launch_points`, of which
        other columns would be copied for nothing."""
        points = launch_points(self.capture).select(_OF_POINTS)
        return points if self.only is None else points.filter(pl.col("gpu") == self.only.number)

    def without_streams(self) -> Context:
        """Return it without the calls of operators, and all that was made of them: they are as
        large as the launches are many, and the host and the prices do not ask for them."""
        made = replace(self, streams=())
        kept = {name: value for name, value in vars(self).items() if name in _OF_HOST}
        vars(made).update(kept)
        return made

    def by_device(self) -> list[Context]:
        """Return a view of each device with its own idle time; of one device, this one.

        Hosts wait and launch for each device apart: idle time of several never adds up.
        """
        if len(self.timeline.devices) < 2:
            return [self]
        numbers = self.points.select("launch_id", "gpu")
        rows = self.kernels.join(numbers, on="launch_id", how="left", maintain_order="left")
        return [
            self._view(device, rows.filter(pl.col("gpu") == device.number).drop("gpu"))
            for device in self.timeline.devices
        ]

    def _view(self, device: DeviceTime, kernels: pl.DataFrame) -> Context:
        timeline = replace(
            self.timeline, busy_ns=device.busy_ns, gaps=device.gaps, devices=(device,)
        )
        return replace(
            self,
            kernels=kernels,
            launches=launches(kernels, self.capture),
            timeline=timeline,
            dispatch_ns=_dispatch_ns(timeline),
            only=device,
        )

    @cached_property
    def idle(self) -> Idle:
        """The idle pieces of the window."""
        return pieces(self.timeline)

    @cached_property
    def blocked(self) -> dict[int, list[tuple[int, int]]]:
        """Per thread, when the host waited for the device."""
        return blocked(self.points, self.capture)

    @cached_property
    def waits(self) -> list[Wait]:
        """Those within the window, with the launches that came late of them."""
        return waits(self.blocked, self.points, self.idle, self.timeline, self.capture)

    @property
    def latency_ns(self) -> int:
        """Shortest time a launch takes on this device, whatever its work."""
        return self.shares.launch_floor_ns

    @property
    def wall_ns(self) -> int:
        """Length of the window."""
        return self.timeline.wall_ns

    @property
    def host_bound(self) -> bool:
        """Whether the host, not the device, sets the pace of much of the window."""
        return self.dispatch_ns > HOST_BOUND_SHARE * self.wall_ns

    @property
    def host_inflated(self) -> bool:
        """Whether recording Python stacks slowed the host down by an unknown factor."""
        return self.capture.python_events > 0

    def share(self, ns: int) -> str:
        """Return ``ns`` and its share of the window: `9.10 ms (18.3 % of the window)`."""
        pct = 100 * ns / self.wall_ns if self.wall_ns else None
        return f"{units.time(ns)} ({units.percent(pct)} of the window)"

    def summed(self, ns: int) -> str:
        """Return durations of launches, added up, and their share.

        Where launches of several streams or devices run side by side, the sum may exceed the
        window: its share is then that of all launches' time, and said to be so.
        """
        alone = self._launched_ns <= (1 + OVERLAP_SHARE) * self.timeline.busy_ns
        if alone and ns <= self.wall_ns:
            return self.share(ns)
        pct = units.percent(100 * ns / self._launched_ns)
        return f"{units.time(ns)} ({pct} of the time of all launches)"

    @cached_property
    def _launched_ns(self) -> int:
        """The durations of all launches of the window, added up."""
        return int(self.kernels["duration_ns"].sum())

    def move_ns(self, size: float, share: float = 1.0) -> int:
        """Return the time (ns) to move ``size`` bytes at ``share`` of the bandwidth peak, at least
        one launch."""
        peak = self.device.peak_bytes_per_s if self.device else 0.0
        moving = round(size / (share * peak) * 1e9) if peak else 0
        return max(moving, self.latency_ns)


def context(
    kernels: pl.DataFrame,
    capture: Capture,
    timeline: Timeline,
    device: Device | None,
    ranks: Sequence[pl.DataFrame] = (),
) -> Context:
    """Return the launches of the window with what advice needs to know of their device and host.

    Args:
        ranks: the kernels tables of other ranks of the same job.
    """
    inside = by_start(kernels.select(_COLUMNS), timeline.within())
    by_kind = launches(inside, capture)
    return Context(
        kernels=inside,
        launches=by_kind,
        capture=capture,
        timeline=timeline,
        device=device,
        streams=streams(inside, by_kind, capture),
        shares=shares(inside, capture, device),
        dispatch_ns=_dispatch_ns(timeline),
        ranks=rank_minima([kernels, *ranks]),
    )


def _dispatch_ns(timeline: Timeline) -> int:
    idle = timeline.idle_by_cause()
    return sum(idle.get(cause, 0) for cause in DISPATCH_CAUSES)


def exposed_ns(context: Context, launches: pl.DataFrame) -> int:
    """Return the device time (ns) in which only ``launches`` of the window run."""
    rows = context.kernels
    chosen = np.isin(rows["launch_id"].to_numpy(), launches["launch_id"].to_numpy())
    start = rows["start_ns"].to_numpy()
    return alone_ns(start, start + rows["duration_ns"].to_numpy(), chosen, context.timeline)
