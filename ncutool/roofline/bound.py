"""What holds each launch, and why: a tree of questions, asked of a whole table or of one launch.

There are two kinds of evidence: a report's speed-of-light percentages (measured), or a trace's
modelled work over its duration. The thresholds are NVIDIA's in both cases (rule SOLBottleneck of
Nsight Compute): limits within 10 points of each other are balanced, and below 60 % of both a
launch is latency-bound where they were counted. Modelled shares below 60 % prove no latency: of
such a launch only the roof is known that it stays below, unless it is as short as a launch can be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
from msgspec import Struct

from ncutool.base.nvidia import BALANCED_POINTS, LOW_PCT
from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.roofline import implausible, reasons
from ncutool.roofline.partition import Frame
from ncutool.work import limiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ncutool.devices.resolve import Device

SMALL_GRID_PCT = Threshold(
    40.0,
    "%",
    "a grid below the SM count is small only under this share of its roof: persistent kernels "
    "keep fewer blocks than SMs on purpose",
    "judgement: persistent kernels of H100 traces run at 60 to 70 %",
)
LAUNCH_FLOOR_NS = IntThreshold(
    5_000,
    "ns",
    "a launch up to this long takes about the time of launching, whatever its work",
    "shortest launches of traces: 1.5 µs (H100) to 7.1 µs (A100 PCIe); of public reports' launches "
    "up to this long, 218 of 218 are latency-bound by their counters",
)
NVIDIA = "NVIDIA rule SOLBottleneck"
_SPEEDS = {"sm_sol_pct": "compute speed of light", "memory_sol_pct": "memory speed of light"}
_SHARES = {"compute_share": "share of the compute peak", "bandwidth_pct": "share of DRAM bandwidth"}


class Question(Struct, frozen=True):
    """One comparison on the way to the bound; where a figure in it is unknown, the answer is no."""

    holds: pl.Expr
    yes: Question | str
    """The next question, or the bound."""
    no: Question | str
    text: Callable[[dict[str, Any]], str] | None = None
    """The comparison in words with the numbers of a launch; None for one that only tells which
    figures there are."""


@dataclass(frozen=True)
class Check:
    """A comparison that was made for one launch."""

    text: str
    """With its numbers, e.g. ``compute 12.3 % < 60 %``."""
    holds: bool


def with_bound(frame: Frame, device: Device | None) -> Frame:
    """Return ``frame`` with ``bound``, ``limiting_level`` and its detail.

    Args:
        frame: launches with the figures of :func:`ncutool.roofline.place.with_rates`.
        device: whose multiprocessors, caches and peaks launches are held against.
    """
    level = _limiting_level()
    return (
        _with_evidence(frame, device)
        .with_columns(_outcome(_questions()).alias("bound"))
        .with_columns(
            level.replace(limiting.CACHE_OF).alias("limiting_level"),
            pl.when(level.is_in(list(limiting.CACHE_OF))).then(level).alias("limiting_detail"),
        )
    )


def with_sentences(
    frame: pl.DataFrame, device: Device | None, clock_step_ns: int = 1
) -> pl.DataFrame:
    """Return launches of :func:`with_bound`, any of them, with ``bound_reason`` and ``flag``.

    Args:
        frame: the launches, with the counts of :func:`ncutool.roofline.implausible.counts` over
            all launches of the device.
        device: as for :func:`with_bound`.
        clock_step_ns: resolution of the recorded times.
    """
    return frame.with_columns(
        reasons.sentence(LOW_PCT, LAUNCH_FLOOR_NS).alias("bound_reason"),
        implausible.flag(device, clock_step_ns).alias("flag"),
    )


def checks(
    launches: pl.DataFrame, device: Device | None
) -> Iterator[tuple[str, tuple[Check, ...]]]:
    """Yield the bound of each launch and the comparisons that led to it, in their order.

    Args:
        launches: with the figures of :func:`ncutool.roofline.place.with_rates`.
        device: as for :func:`with_bound`.
    """
    first = _questions()
    asked = list(_every(first))
    frame = _with_evidence(launches, device)
    told = frame.select(one.holds.alias(str(place)) for place, one in enumerate(asked))
    for row, answers in zip(frame.iter_rows(named=True), told.iter_rows(), strict=True):
        holds = {id(one): bool(answer) for one, answer in zip(asked, answers, strict=True)}
        made = []
        node: Question | str = first
        while isinstance(node, Question):
            if node.text is not None:
                made.append(Check(node.text(row), holds[id(node)]))
            node = node.yes if holds[id(node)] else node.no
        yield node, tuple(made)


def _every(node: Question | str) -> Iterator[Question]:
    """Yield a question and all that may follow it."""
    if isinstance(node, Question):
        yield node
        yield from _every(node.yes)
        yield from _every(node.no)


def _outcome(node: Question | str) -> pl.Expr:
    if isinstance(node, str):
        return pl.lit(node)
    return pl.when(node.holds).then(_outcome(node.yes)).otherwise(_outcome(node.no))


def _limiting_level() -> pl.Expr:
    """Return what the larger speed of light is that of, where the bound rests on it."""
    compute, memory = (pl.col(name) for name in _SPEEDS)
    side = (
        pl.when(pl.col("bound") == "balanced")
        .then(pl.when(memory > compute).then(pl.lit("memory")).otherwise(pl.lit("compute")))
        .otherwise("bound")
    )
    return pl.when(compute.is_not_null() & memory.is_not_null()).then(
        pl.when(side == "memory")
        .then("memory_sol_level")
        .when(side == "compute")
        .then("sm_sol_unit")
    )


def _with_evidence(frame: Frame, device: Device | None) -> Frame:
    """Return ``frame`` with the columns that only the bound and the flag are told by."""
    # A known 0 FLOPs is 0 % of any roof, also of one whose peak is unknown.
    share = pl.when(pl.col("flop") == 0).then(pl.lit(0.0)).otherwise(pl.col("compute_pct"))
    return frame.with_columns(
        _blocks_of_grid().alias("blocks"),
        pl.lit(device.sm_count if device else None, dtype=pl.Int64).alias("sm_count"),
        pl.lit(device.cache_bytes if device else None, dtype=pl.Int64).alias("cache_bytes"),
        share.alias("compute_share"),
        pl.max_horizontal(share, "bandwidth_pct").alias("larger_share"),
    )


def _blocks_of_grid() -> pl.Expr:
    """Return the blocks of each grid; null where the product is no count that a device can run."""
    sides = (pl.col(f"grid_{axis}").cast(pl.Float64) for axis in "xyz")
    blocks = next(sides) * next(sides) * next(sides)  # of integers, it would pass 64 bits
    return pl.when(blocks < 2.0**53).then(blocks).cast(pl.Int64)


def _questions() -> Question:
    """Return the first question; each answer leads to the next one or to the bound."""
    few_waves = Question(
        pl.col("waves") < 1,
        yes="small_grid",
        no="latency",
        text=lambda row: f"waves {_significant(row['waves'])} < 1",
    )
    by_figures = Question(
        pl.all_horizontal(pl.col(name).is_not_null() for name in _SPEEDS),
        yes=_by_limits(_SPEEDS, idle=few_waves),
        no=_by_work(),
    )
    communicates = Question(
        pl.col("family") == "collective",
        yes="communication",
        no=by_figures,
        text=lambda row: (
            f"it communicates with other devices ({row['family'] or 'no known family'})"
        ),
    )
    return Question(
        pl.col("category").is_in(["memcpy", "memset"]),
        yes="copy",
        no=communicates,
        text=lambda row: f"it is a copy or memset ({row['category']})",
    )


def _by_limits(limits: dict[str, str], idle: Question) -> Question:
    """Return NVIDIA's decision on two percentages.

    Args:
        limits: the columns of compute and memory, and what they are called.
        idle: what decides where both are below the threshold.
    """
    (compute, compute_name), (memory, memory_name) = limits.items()
    rule = f" ({NVIDIA})" if limits is _SPEEDS else ""  # which speaks of counted figures alone

    def both(row: dict[str, Any], between: str) -> str:
        return f"{compute_name} {row[compute]:.1f} % {between} {memory_name} {row[memory]:.1f} %"

    larger = Question(
        pl.col(compute) > pl.col(memory),
        yes="compute",
        no="memory",
        text=lambda row: both(row, ">"),
    )
    close = Question(
        (pl.col(compute) - pl.col(memory)).abs() < BALANCED_POINTS,
        yes="balanced",
        no=larger,
        text=lambda row: (
            f"they are less than {BALANCED_POINTS:.0f} points apart: "
            f"{abs(row[compute] - row[memory]):.1f}{rule}"
        ),
    )
    return Question(
        (pl.col(compute) < LOW_PCT) & (pl.col(memory) < LOW_PCT),
        yes=idle,
        no=close,
        text=lambda row: f"{both(row, 'and')} are both < {LOW_PCT:.0f} %{rule}",
    )


def _by_work() -> Question:
    """Return the questions on shares of the two peaks, where no speed of light was recorded."""
    compute, bandwidth = pl.col("compute_share"), pl.col("bandwidth_pct")
    both_known = compute.is_not_null() & bandwidth.is_not_null()
    limits = _by_limits(_SHARES, idle=_too_few_blocks())
    not_both = Question(both_known, yes=limits, no="unknown", text=_absent_shares)
    busy = Question(
        bandwidth >= LOW_PCT,
        yes="memory",
        no="unknown",
        text=lambda row: (
            "share of the compute peak unknown, DRAM bandwidth "
            f"{row['bandwidth_pct']:.1f} % ≥ {LOW_PCT:.0f} %"
        ),
    )
    by_bandwidth = Question(compute.is_null() & bandwidth.is_not_null(), yes=busy, no=not_both)
    by_shares = Question(both_known, yes=limits, no=by_bandwidth)
    fits = Question(
        pl.col("dram_bytes") <= pl.col("cache_bytes"),
        yes="cache",
        no=by_shares,
        text=lambda row: (
            f"DRAM bandwidth {row['bandwidth_pct']:.1f} % > 100 % and its data fit in cache: "
            f"{row['dram_bytes'] / 1e6:.4g} MB ≤ {row['cache_bytes'] / 1e6:.4g} MB last-level cache"
        ),
    )
    sizes_known = pl.col("dram_bytes").is_not_null() & pl.col("cache_bytes").is_not_null()
    return Question((bandwidth > 100) & sizes_known, yes=fits, no=by_shares)


def _absent_shares(row: dict[str, Any]) -> str:
    absent = ", ".join(name for column, name in _SHARES.items() if row[column] is None)
    return f"both shares are known (not: {absent})"


def _too_few_blocks() -> Question:
    """Return the questions below both thresholds: is the grid too small for the device?"""
    small = Question(
        pl.col("larger_share") < SMALL_GRID_PCT,
        yes="small_grid",
        no=_as_short_as_launching(),
        text=lambda row: (
            f"the larger share {row['larger_share']:.1f} % < {SMALL_GRID_PCT:.0f} % "
            "(else a persistent kernel)"
        ),
    )
    few = Question(
        pl.col("blocks") < pl.col("sm_count"),
        yes=small,
        no=_as_short_as_launching(),
        text=_blocks,
    )
    return Question(
        ~reasons.at_least(),
        yes=few,
        no="unknown",
        text=lambda _: "the figures are no lower bounds",
    )


def _as_short_as_launching() -> Question:
    """Return the questions of a launch below both thresholds whose grid fills the device."""
    below_compute = Question(
        pl.col("roof_side") == "compute",
        yes="below_compute_roof",
        no="unknown",
        text=lambda row: _side(row, "compute"),
    )
    below_memory = Question(
        pl.col("roof_side") == "memory",
        yes="below_memory_roof",
        no=below_compute,
        text=lambda row: _side(row, "memory"),
    )
    return Question(
        pl.col("duration_ns") <= LAUNCH_FLOOR_NS,
        yes="latency",
        no=below_memory,
        text=lambda row: (
            f"it takes no longer than launching: {row['duration_ns'] / 1e3:.4g} µs ≤ "
            f"{LAUNCH_FLOOR_NS / 1e3:.4g} µs"
        ),
    )


def _side(row: dict[str, Any], side: str) -> str:
    intensity, ridge = row["intensity_flop_per_byte"], row["ridge_point_flop_per_byte"]
    if intensity is None or ridge is None:
        return f"it lies on the {side} side of the ridge point"
    return (
        f"it lies on the {side} side of the ridge point: {_significant(intensity)} against "
        f"{_significant(ridge)} FLOP/byte"
    )


def _blocks(row: dict[str, Any]) -> str:
    if row["blocks"] is None or row["sm_count"] is None:
        return "fewer blocks than multiprocessors (not known)"
    return f"{row['blocks']} blocks < {row['sm_count']} multiprocessors"


def _significant(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3g}"
