"""What each launch of a capture would take on another device.

A launch that its FLOPs or bytes bind takes ``t' = max(t_c·π/π', t_m·β/β')·η``: its time of
arithmetic and of memory at what devices reach, each scaled by the peaks, and the residual
efficiency ``η = t / max(t_c, t_m)`` kept. So does one that stays below its roof; under 100 µs it
may also be kept. What hangs on latencies and on launching is kept, within 30 % for the clocks. What
is not known scales by bandwidth or by a peak, whichever is less and whichever is more; under 100 µs
it may also be kept. Nothing becomes faster than its floor there, and nothing slower on a device of
which no peak is lower.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.base.limits import overlapped
from ncutool.base.roofs import ROOFS
from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.devices.reachable import MEMORY_SHARE, TENSOR_SHARE, VECTOR_SHARE

if TYPE_CHECKING:
    import polars as pl

    from ncutool.devices.resolve import Device

RESCALED_COLUMNS = (
    "launch_id", "duration_ns", "rescaled_low_ns", "rescaled_ns", "rescaled_high_ns", "rescaled_by",
    "floor_ns",
)  # fmt: skip
CLASSES = ("compute", "memory", "latency", "copy", "communication", "unknown", "unsupported")
_REPORTS = "public Nsight Compute reports, by NVIDIA's rule SOLBottleneck: "
LATENCY_BAND = Threshold(
    0.30,
    "share of the time",
    "a launch held by latencies follows the clocks at best",
    "judgement",
)
SHORT_NS = IntThreshold(
    5_000, "ns", "shorter launches are held by latencies", f"{_REPORTS}218 of 218 of them"
)
_OFTEN_LATENCY_NS = IntThreshold(
    100_000,
    "ns",
    "shorter launches of unknown work, or below their roof, may be held by latencies",
    f"{_REPORTS}122 of 185 from 20 to 100 µs",
)
BELOW = ("below_memory_roof", "below_compute_roof")
_GENERAL = ("bf16_tensor", "fp16_tensor", "tf32_tensor", "fp32")
"""Peaks that launches of unknown arithmetic may scale by."""


def rescaled_ns(
    kernels: pl.DataFrame, from_device: Device | None, to_device: Device
) -> pl.DataFrame:
    """Return the time of each launch on ``to_device``.

    Args:
        kernels: a ``kernels`` table; a row's own peaks are taken where it has them (a report's
            are those of its clocks).
        from_device: where the rows come from; its peaks fill in. None where it is not known.
        to_device: the other device, at its datasheet's peaks.

    Returns:
        A row a launch in the same order: :data:`RESCALED_COLUMNS`. ``rescaled_by`` is one of
        :data:`CLASSES`: ``compute`` and ``memory`` name what binds it there; ``unsupported`` is a
        data type without a peak there, whose times are null. ``rescaled_ns`` is null where only
        bounds are known, and all are null where the recorded time is. ``floor_ns`` is the
        roofline's there, null where FLOPs, bytes or the peak is not known.
    """
    import polars as pl

    frame = _with_peaks(kernels, from_device, to_device).with_columns(_class().alias("class"))
    kind, known = pl.col("class"), pl.col("duration_ns").is_not_null()
    ends = _times(_unknown_ratios(from_device, to_device))
    low, middle, high = (_never_slower(end, from_device, to_device) for end in ends)
    named = (
        pl.when(kind == "scaled")
        .then(pl.col("binds"))
        .when(kind == "device_copy")
        .then(pl.lit("copy"))
        .otherwise(kind)
    )
    return frame.select(
        "launch_id",
        "duration_ns",
        pl.when(known).then(low).alias("rescaled_low_ns"),
        pl.when(known).then(middle).alias("rescaled_ns"),
        pl.when(known).then(high).alias("rescaled_high_ns"),
        named.alias("rescaled_by"),
        pl.when(pl.col("new_c_s").is_not_null() & pl.col("new_m_s").is_not_null())
        .then(pl.col("floor_ns"))
        .alias("floor_ns"),
    )


def _times(unknown: list[pl.Expr]) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Return lower bound, figure and upper bound (ns) by class.

    Args:
        unknown: the ratios by which launches of unknown work may scale.
    """
    import polars as pl

    kept, kind = pl.col("duration_ns").cast(pl.Float64), pl.col("class")
    scaled, floor = kept * pl.col("ratio"), pl.col("floor_ns").fill_null(0.0)
    rest = kind.is_in(["copy", "communication"])

    def by_class(roofs: pl.Expr, latency: pl.Expr, other: pl.Expr, copied: pl.Expr) -> pl.Expr:
        return (
            pl.when(kind == "scaled")
            .then(roofs)
            .when(kind == "latency")
            .then(pl.max_horizontal(latency, floor))
            .when((kind == "unknown") & pl.col("memory_ratio").is_not_null())
            .then(other)
            .when(kind == "device_copy")
            .then(kept * copied)
            .when(rest)
            .then(kept)
        )

    copied = pl.col("memory_ratio")
    # A short launch below its roof may be held by something that no peak changes.
    unsure = pl.col("bound").is_in(BELOW) & (pl.col("duration_ns") < _OFTEN_LATENCY_NS)
    perhaps_kept = pl.when(unsure).then(pl.max_horizontal(1.0, floor / kept))
    low = by_class(
        kept * pl.min_horizontal("ratio", "peak_ratio", perhaps_kept),
        pl.min_horizontal((1 - LATENCY_BAND) * kept, scaled),
        pl.max_horizontal(kept * pl.min_horizontal(*unknown), floor),
        pl.min_horizontal(copied, 1.0),
    )
    middle = by_class(scaled, kept, pl.lit(None, dtype=pl.Float64), copied)
    high = by_class(
        kept * pl.max_horizontal("ratio", "peak_ratio", perhaps_kept),
        pl.max_horizontal((1 + LATENCY_BAND) * kept, scaled),
        pl.max_horizontal(kept * pl.max_horizontal(*unknown), floor),
        pl.max_horizontal(copied, 1.0),
    )
    return low, middle, high


def _never_slower(end: pl.Expr, from_device: Device | None, to_device: Device) -> pl.Expr:
    """Return a time, at most as long as now where no peak of the other device is lower.

    A row's own peaks may be those of other clocks than the device's: both must be reached.
    """
    import polars as pl

    kept = pl.col("duration_ns").cast(pl.Float64)
    no_lower = (pl.col("new_m") >= pl.col("peak_m")).fill_null(False)
    if from_device is None:
        # Then only the launch's own two peaks can be compared.
        no_lower &= (pl.col("new_c") >= pl.col("peak_c")).fill_null(False)
    else:
        no_lower &= (pl.col("new_c") >= pl.col("peak_c")).fill_null(True)
        no_lower &= pl.lit(_reaches(to_device, from_device))
    return pl.when(no_lower & (end > kept)).then(kept).otherwise(end)


def _reaches(device: Device, other: Device) -> bool:
    """Return whether no peak of ``device`` is lower than the same of ``other``."""
    return device.peak_bytes_per_s >= other.peak_bytes_per_s and all(
        device.peak_flop_per_s.get(roof, 0.0) >= peak
        for roof, peak in other.peak_flop_per_s.items()
    )


def _with_peaks(
    kernels: pl.DataFrame, from_device: Device | None, to_device: Device
) -> pl.DataFrame:
    """Add the peaks of both devices and the ratio of the times at them (over 1 is slower there)."""
    import polars as pl

    own: dict[str, float] = {} if from_device is None else from_device.peak_flop_per_s
    bandwidth = None if from_device is None else from_device.peak_bytes_per_s
    flop, moved = pl.col("flop"), pl.col("dram_bytes")
    share = (
        pl.when(pl.col("roof").str.ends_with("_tensor")).then(TENSOR_SHARE).otherwise(VECTOR_SHARE)
    )
    frame = kernels.with_columns(
        pl.coalesce("peak_flop_per_s", _peak_of(own)).alias("peak_c"),
        pl.coalesce("peak_bytes_per_s", pl.lit(bandwidth, dtype=pl.Float64)).alias("peak_m"),
        _peak_of(to_device.peak_flop_per_s).alias("new_c"),
        pl.lit(to_device.peak_bytes_per_s).alias("new_m"),
    )
    idle = pl.when(flop == 0).then(0.0)
    frame = frame.with_columns(
        pl.coalesce(idle, flop / pl.col("peak_c")).alias("old_c_s"),
        (moved / pl.col("peak_m")).alias("old_m_s"),
        pl.coalesce(idle, flop / pl.col("new_c")).alias("new_c_s"),
        (moved / pl.col("new_m")).alias("new_m_s"),
        (pl.col("peak_m") / pl.col("new_m")).alias("memory_ratio"),
        (pl.col("peak_c") / pl.col("new_c")).alias("compute_ratio"),
        share.alias("share"),
    )
    both = pl.col("new_c_s").is_not_null() & pl.col("new_m_s").is_not_null()
    return frame.with_columns(
        _ratio(pl.col("share"), MEMORY_SHARE).alias("ratio"),
        _ratio(pl.lit(1.0), 1.0).alias("peak_ratio"),
        (1e9 * overlapped(pl.col("new_c_s"), pl.col("new_m_s"))).alias("floor_ns"),
        pl.when(both & (pl.col("new_c_s") / pl.col("share") > pl.col("new_m_s") / MEMORY_SHARE))
        .then(pl.lit("compute"))
        .otherwise(pl.lit("memory"))
        .alias("binds"),
    )


def _ratio(compute_share: pl.Expr, memory_share: float) -> pl.Expr:
    """Return new over old time of what binds; null where one of the four times is not known."""
    import polars as pl

    names = ("old_c_s", "old_m_s", "new_c_s", "new_m_s")
    known = pl.all_horizontal(*(pl.col(name).is_not_null() for name in names))
    old = overlapped(pl.col("old_c_s") / compute_share, pl.col("old_m_s") / memory_share)
    new = overlapped(pl.col("new_c_s") / compute_share, pl.col("new_m_s") / memory_share)
    return pl.when(known & (old > 0)).then(new / old)


def _peak_of(peaks: dict[str, float]) -> pl.Expr:
    """Return the peak of each row's roof."""
    import polars as pl

    known = {roof: peaks.get(roof) for roof in ROOFS}
    return pl.col("roof").replace_strict(known, default=None, return_dtype=pl.Float64)


def _unknown_ratios(from_device: Device | None, to_device: Device) -> list[pl.Expr]:
    """Bandwidth, the launch's own peak or those both devices have, and 1 where it may be held by
    latencies or served from a cache."""
    import polars as pl

    kept = (pl.col("bound") == "cache") | (pl.col("duration_ns") < _OFTEN_LATENCY_NS)
    ratios = [pl.col("memory_ratio"), pl.col("compute_ratio"), pl.when(kept).then(1.0)]
    if from_device is not None:
        old, new = from_device.peak_flop_per_s, to_device.peak_flop_per_s
        ratios += [
            pl.lit(old[roof] / new[roof]) for roof in _GENERAL if roof in old and roof in new
        ]
    return ratios


def _class() -> pl.Expr:
    """Return how a launch is treated."""
    import polars as pl

    from ncutool.work.kernel_facts import column

    bound = pl.col("bound")
    on_device = column(pl.col("kernel"), "within_device")
    unknown = pl.col("ratio").is_null() | bound.is_in(["cache", "unknown"])
    return (
        pl.when(bound == "communication")
        .then(pl.lit("communication"))
        .when((bound == "copy") & on_device)
        .then(pl.lit("device_copy"))
        .when(bound == "copy")
        .then(pl.lit("copy"))
        .when(
            pl.col("roof").is_not_null()
            & pl.col("new_c").is_null()
            & (pl.col("flop").fill_null(1) > 0)
        )
        .then(pl.lit("unsupported"))
        .when(bound.is_in(["latency", "small_grid"]))
        .then(pl.lit("latency"))
        .when(unknown & (pl.col("duration_ns") < SHORT_NS))
        .then(pl.lit("latency"))
        .when(unknown)
        .then(pl.lit("unknown"))
        .otherwise(pl.lit("scaled"))
    )
