"""The roofs that an analysis' launches are held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from msgspec import Struct

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis
    from ncutool.devices.several import Kind


class Roof(Struct, frozen=True):
    """One compute roof: mean over its launches, weighted by time."""

    name: str
    """One of :data:`ncutool.base.roofs.ROOFS`."""
    peak_flop_per_s: float
    lowest_flop_per_s: float
    highest_flop_per_s: float
    """The extremes over its launches: a report's clocks differ from launch to launch."""
    duration_ns: int
    """Time of the launches held against it."""

    @property
    def spread_pct(self) -> float:
        """How far the extremes lie apart, of the mean."""
        return 100 * (self.highest_flop_per_s - self.lowest_flop_per_s) / self.peak_flop_per_s


class Roofs(Struct, frozen=True):
    """What bounds the launches of one capture."""

    compute: tuple[Roof, ...]
    """Highest first; never empty."""
    peak_bytes_per_s: float
    from_record: bool
    """True where the peaks are the capture's own, at its own clocks."""
    caches: tuple[tuple[str, float], ...] = ()
    """Bandwidth (byte/s) of ``l2`` and ``l1`` where the capture recorded them."""

    @property
    def ridge_point_flop_per_byte(self) -> float:
        """Where the highest roof meets the bandwidth."""
        return self.compute[0].peak_flop_per_s / self.peak_bytes_per_s


def roofs_of(analysis: Analysis, kind: Kind | None = None) -> Roofs | None:
    """Return the roofs in use, or the device's own where no launch has one; None without peaks.

    Args:
        kind: of unlike devices the one asked for; None where there is only one kind.
    """
    return of_kernels(_kernels_on(analysis, kind)) or _of_device(analysis, kind)


def _kernels_on(analysis: Analysis, kind: Kind | None) -> pl.DataFrame:
    if kind is None:
        return analysis.figures
    return analysis.figures.filter(pl.col("device").is_in(kind.ordinals))


_CACHES = ("l2", "l1")
_OF_ROOFS = (
    "roof",
    "peak_flop_per_s",
    "peak_bytes_per_s",
    "peak_source",
    *(f"{level}_peak_bytes_per_s" for level in _CACHES),
)


def of_kernels(kernels: pl.DataFrame) -> Roofs | None:
    """Return the roofs of the launches of a ``kernels`` table; None where no launch has one."""
    known = kernels.select(*_OF_ROOFS, pl.col("duration_ns").fill_null(0).alias("time")).filter(
        (pl.col("peak_flop_per_s") > 0)
        & (pl.col("peak_bytes_per_s") > 0)
        & pl.col("roof").is_not_null()
    )
    if known.is_empty():
        return None
    weight = pl.col("time") + 1  # a capture without durations still has its peaks
    mean = (pl.col("peak_flop_per_s") * weight).sum() / weight.sum()
    rows = (
        known.group_by("roof")
        .agg(
            mean.alias("peak"),
            pl.col("peak_flop_per_s").min().alias("lowest"),
            pl.col("peak_flop_per_s").max().alias("highest"),
            pl.col("time").sum(),
        )
        .sort("peak", "roof", descending=[True, False])
    )
    bandwidth = known.select((pl.col("peak_bytes_per_s") * weight).sum() / weight.sum()).item()
    return Roofs(
        compute=tuple(Roof(*row) for row in rows.iter_rows()),
        peak_bytes_per_s=float(bandwidth),
        from_record=bool((known["peak_source"] == "record").any()),
        caches=_caches(known),
    )


def of_unlike_devices(kernels: pl.DataFrame) -> bool:
    """Return whether the launches of a ``kernels`` table ran on devices with roofs of their own.

    A report's peaks differ from launch to launch with its clocks, a trace's only by the device.
    """
    held = kernels.filter(pl.col("peak_bytes_per_s") > 0)
    if held["compute_capability"].drop_nulls().n_unique() > 1:
        return True
    of_table = held.filter(pl.col("peak_source") != "record")
    return of_table["peak_bytes_per_s"].n_unique() > 1


def _caches(known: pl.DataFrame) -> tuple[tuple[str, float], ...]:
    """Return the bandwidth of each cache: the mean by time over the launches that have it."""
    levels = []
    for level in _CACHES:
        name = f"{level}_peak_bytes_per_s"
        rated = known.filter(pl.col(name) > 0)
        if not rated.is_empty():
            weight = pl.col("time") + 1
            mean = rated.select((pl.col(name) * weight).sum() / weight.sum()).item()
            levels.append((level, float(mean)))
    return tuple(levels)


def _of_device(analysis: Analysis, kind: Kind | None) -> Roofs | None:
    device = (analysis if kind is None else kind).resolution.device
    if device is None or not device.peak_flop_per_s or analysis.capture.traits.peaks_recorded:
        return None
    chosen = [
        name for name in ("bf16_tensor", "fp16_tensor", "fp32") if name in device.peak_flop_per_s
    ]
    compute = tuple(
        Roof(name, peak, peak, peak, 0)
        for name, peak in sorted(
            ((name, device.peak_flop_per_s[name]) for name in chosen),
            key=lambda pair: (-pair[1], pair[0]),
        )
    )
    if not compute:
        return None
    return Roofs(compute, device.peak_bytes_per_s, from_record=False)


def bandwidth_of(analysis: Analysis, kind: Kind | None = None) -> float | None:
    """Return the DRAM peak of the launches: the mean by time; None where no launch has one.

    Args:
        kind: as for :func:`roofs_of`.
    """
    known = _kernels_on(analysis, kind).filter(pl.col("peak_bytes_per_s") > 0)
    if known.is_empty():
        return None
    weight = pl.col("duration_ns").fill_null(0) + 1
    mean = (pl.col("peak_bytes_per_s") * weight).sum() / weight.sum()
    return float(known.select(mean).item())


class Reached(Struct, frozen=True):
    """The best rates that a capture's own launches reached, each of a clean launch."""

    bytes_per_s: float | None
    roof: str | None
    """Whose rate ``flop_per_s`` is."""
    flop_per_s: float | None


def best_reached(analysis: Analysis, roofs: Roofs, kind: Kind | None = None) -> Reached | None:
    """Return the best rates that launches reached; None where none can be told.

    In a trace these are the ceilings that :mod:`ncutool.devices.ceilings` sees in it. A report
    counts its own traffic and work: the best launch without an implausible figure.

    Args:
        roofs: of :func:`roofs_of`; the compute rate is that of the highest roof with one.
        kind: as for :func:`roofs_of`.
    """
    if kind is not None and not analysis.capture.traits.peaks_recorded:
        return None  # a mixture of devices has no ceilings of its own
    moved, done = (
        _best_counted(_kernels_on(analysis, kind))
        if analysis.capture.traits.peaks_recorded
        else _best_seen(analysis)
    )
    for roof in roofs.compute:
        if roof.name in done:
            return Reached(moved, roof.name, done[roof.name])
    return Reached(moved, None, None) if moved else None


def _best_seen(analysis: Analysis) -> tuple[float | None, dict[str, float]]:
    seen = {
        ceiling.roof: ceiling.ceiling_per_s
        for ceiling in analysis.ceilings
        if ceiling.source == "capture"
    }
    return seen.pop("dram", None), seen


def _best_counted(kernels: pl.DataFrame) -> tuple[float | None, dict[str, float]]:
    clean = kernels.filter(
        ~pl.col("flagged") & pl.col("error").is_null() & (pl.col("duration_ns") > 0)
    )
    counted = clean.filter((pl.col("bytes_source") == "counter") & (pl.col("dram_bytes") > 0))
    best = clean.filter(pl.col("roof").is_not_null() & (pl.col("achieved_flop_per_s") > 0))
    done = best.group_by("roof").agg(pl.col("achieved_flop_per_s").max()).rows()
    moved = counted["achieved_bytes_per_s"].max()
    return (moved if isinstance(moved, float) else None), dict(done)
