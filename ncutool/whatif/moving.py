"""Another device: every launch by what binds it, by the planner's one rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ncutool.base import units
from ncutool.planning.planner.rescale import BELOW, rescaled_ns
from ncutool.whatif.times import Times
from ncutool.work.kernel_facts import column
from ncutool_parsers.errors import CaptureError

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis
    from ncutool.devices.resolve import Device
    from ncutool_parsers.formats import Traits

_FIGURED = ("compute", "memory", "latency")
_HELD = (
    *("latency", "small_grid", "memory", "compute", "balanced"),
    *BELOW,
)
_PEAKS = ("peak_flop_per_s", "peak_bytes_per_s")
_WHY = {
    "compute": "{roof} peak binds it, efficiency kept",
    "memory": "bandwidth binds it, efficiency kept",
    "latency": "latencies hold it: kept within 30 %",
    "copy": "device copy: by bandwidth or not at all",
    "host": "host copy, link unknown: kept",
    "communication": "links and other ranks: kept",
    "unknown": "no figures: least to most of any limit",
}
_STAYS = {
    "communication": "hangs on links and other ranks: not scaled",
    "host": "copies to and from the host: the link is not known, not scaled",
    "latency": "held by latencies and launching: kept, within 30 % for the clocks",
    "unknown": "no FLOPs, bytes or peak: only bounded",
}


def move(analysis: Analysis, times: Times, device: Device, *, resized: bool) -> Times:
    """Return ``times`` on ``device``; nothing changes where it is the capture's own.

    Args:
        resized: sizes have changed, so that what was held by latencies may be no longer.

    Raises:
        CaptureError: a data type has no peak there, or nothing of the capture can be rescaled.
    """
    own = analysis.resolution.device
    if own is not None and own.name == device.name:
        return times.saying(f"{device.name} is the capture's own device: nothing changes by it.")
    report = analysis.capture.traits.launches_serialised
    refuse_several(analysis)
    if own is None:
        raise CaptureError(
            analysis.capture.name, "its device is unknown", "name it with --assume-device"
        )
    ends = _ends(times, own, device, report=report, resized=resized)
    _refuse(analysis, times, ends, device)
    kinds = pl.when((pl.col("by") == "copy") & column(pl.col("kernel"), "within_device").is_null())
    rows = ends.with_columns(kinds.then(pl.lit("host")).otherwise(pl.col("by")).alias("by"))
    below = pl.col("bound").is_in(BELOW) & pl.col("by").is_in(["compute", "memory"])
    why = (
        pl.when(below)
        .then(pl.format("below its roof: scaled by {}", "by"))
        .otherwise(pl.col("by").replace_strict(_WHY, return_dtype=pl.String))
    )
    roof = pl.col("roof").fill_null("compute").str.replace("_", " ")
    rows = rows.with_columns(why.str.replace("{roof}", roof, literal=True).alias("why"))
    if report:
        rows = _at_boost(times, rows, own)
    changed = times.with_rows(rows)
    stays = [
        changed.group(kind, why, kept)
        for kind, why in _STAYS.items()
        if not (kept := rows.filter(pl.col("by") == kind)).is_empty()
    ]
    return changed.leaving(*stays).saying(*_notes(own, device, analysis.capture.traits))


def refuse_several(analysis: Analysis) -> None:
    """Refuse a capture whose launches ran on unlike devices.

    Raises:
        CaptureError: they did; the message names them.
    """
    if analysis.mixed:
        names = ", ".join(kind.name for kind in analysis.device_kinds)
        raise CaptureError(
            analysis.capture.name,
            f"its launches ran on unlike devices ({names})",
            "a question is answered for one: record them one by one",
        )


def _ends(
    times: Times, own: Device, device: Device, *, report: bool, resized: bool
) -> pl.DataFrame:
    """Return both ends of each launch on the other device.

    The columns are launch_id, low_ns, high_ns, by, floor_ns, kernel, roof and bound.
    """
    kernels = times.kernels
    if report:  # a report's peaks are at its locked clocks: the other device runs at its own
        nothing = [pl.lit(None, dtype=pl.Float64).alias(name) for name in _PEAKS]
        kernels = kernels.with_columns(*nothing)
    # Grown launches may still be held by latencies, or by a limit by now: both are allowed.
    views = [kernels]
    if resized:
        held = pl.col("bound").is_in(_HELD)
        views = [
            kernels.with_columns(
                pl.when(held).then(pl.lit(kind)).otherwise(pl.col("bound")).alias("bound")
            )
            for kind in ("latency", "memory")
        ]
    ends = [(_at(view, times, "low_ns", own, device), _at(view, times, "high_ns", own, device))
             for view in views]  # fmt: skip
    lows = pl.DataFrame([low["rescaled_low_ns"].alias(f"l{i}") for i, (low, _) in enumerate(ends)])
    highs = pl.DataFrame(
        [high["rescaled_high_ns"].alias(f"h{i}") for i, (_, high) in enumerate(ends)]
    )
    first = ends[-1][0]
    return pl.DataFrame(
        {
            "launch_id": kernels["launch_id"],
            "low_ns": lows.min_horizontal(),
            "high_ns": highs.max_horizontal(),
            "by": first["rescaled_by"],
            "floor_ns": first["floor_ns"],
            "kernel": kernels["kernel"],
            "roof": kernels["roof"],
            "bound": kernels["bound"],
        }
    )


def _at(kernels: pl.DataFrame, times: Times, end: str, own: Device, device: Device) -> pl.DataFrame:
    """Return what the rule says of launches that take one end of their interval."""
    now = times.frame[end].round(0).cast(pl.Int64)
    return rescaled_ns(kernels.with_columns(now.alias("duration_ns")), own, device)


def _refuse(analysis: Analysis, times: Times, ends: pl.DataFrame, device: Device) -> None:
    name, form = analysis.capture.name, analysis.capture.format
    lost = ends.filter(pl.col("low_ns").is_null() | pl.col("high_ns").is_null())
    if not lost.is_empty():
        share = units.percent(times.group("", "", lost).pct)
        raise CaptureError(name, _lost(lost, share, device), "no time can be said there")
    known = times.kernels.select(
        (pl.col("flop").is_not_null() & pl.col("dram_bytes").is_not_null()).any()
    ).item()
    if not known or not ends["by"].is_in(_FIGURED).any():
        raise CaptureError(
            name,
            "no launch has FLOPs and bytes",
            "nothing can be rescaled: "
            + (
                "collect them"
                if form.traits.figures_counted
                else f"{form.shapes_option} records them"
                if form.shapes_option
                else "join an Nsight Compute report, which counts them"
            ),
        )


def _lost(lost: pl.DataFrame, share: str, device: Device) -> str:
    """Return why some launches cannot be rescaled at all."""
    unsupported = lost.filter(pl.col("by") == "unsupported")
    roofs = ", ".join(sorted(set(unsupported["roof"].drop_nulls())))
    if roofs:
        return f"{device.name} has no peak for {roofs} of {share} of the kernel time"
    return f"nothing is known of {share} of the kernel time, not even the peaks it was measured at"


def _at_boost(times: Times, rows: pl.DataFrame, own: Device) -> pl.DataFrame:
    """Return a report's low ends, lower by what its locked clocks may have cost.

    At its own clocks a launch takes from ``t · max(memory share, locked / full clock)`` to ``t``:
    memory is not locked, and all else speeds up with the clock at best.
    """
    kernels = times.kernels.with_columns(
        pl.col("roof")
        .replace_strict(own.peak_flop_per_s, default=None, return_dtype=pl.Float64)
        .alias("full")
    )
    clock = (pl.col("peak_flop_per_s") / pl.col("full")).clip(upper_bound=1.0)
    memory = pl.max_horizontal(
        pl.col("dram_sol_pct") / 100,
        pl.col("dram_bytes") / pl.col("peak_bytes_per_s") / (pl.col("duration_ns") * 1e-9),
    )
    kept = pl.max_horizontal(pl.coalesce(clock, clock.median()), memory).fill_null(0.0)
    share = kernels.select(kept.fill_nan(0.0).clip(upper_bound=1.0).alias("kept"))["kept"]
    low = pl.max_horizontal(pl.col("low_ns") * share, pl.col("floor_ns").fill_null(0.0))
    return rows.with_columns(pl.min_horizontal(low, "high_ns").alias("low_ns"))


def _notes(own: Device, device: Device, traits: Traits) -> list[str]:
    ratio = device.peak_bytes_per_s / own.peak_bytes_per_s
    notes = [
        f"{own.name} to {device.name}: bandwidth × {ratio:.4g}; each launch by what binds it, its "
        "efficiency taken to be kept, none below its floor there.",
    ]
    if traits.has_timeline:
        notes.append("The host's times are those of this recording, whatever host is there.")
    if traits.launches_serialised:
        notes.append(
            "A report's times are those of locked clocks: low ends allow for the clock that the "
            "launch could have had, from t·max(share of DRAM, locked / full clock) on."
        )
    return notes
