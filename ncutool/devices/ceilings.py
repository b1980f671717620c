"""How near a device comes to its peaks: the best that a capture shows, and a user's own rates.

The datasheet's peaks are never reached. A trace shows how near its device came: the best of its
clean streaming kernels, and of its large matrix products. These stand beside the peaks as
information and replace none. Rates that a user measured (a copy and a matrix product, say) do
replace peaks, and every launch held against them says so (``peak_source`` is ``measured``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl
from msgspec import Struct

from ncutool.base.limits import least_seconds
from ncutool.base.rates_file import Measured, load
from ncutool.base.recorded import json_list
from ncutool.base.records import replace
from ncutool.base.thresholds import WORKED_TRACES, IntThreshold, Threshold
from ncutool.devices.reachable import MEMORY_FLOOR_SHARE, MEMORY_SHARE, default_flop_share
from ncutool.devices.table import Device
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from ncutool_parsers.capture import Capture

__all__ = [
    "Ceiling",
    "Held",
    "Measured",
    "Shares",
    "calibrate",
    "hold",
    "is_named",
    "launch_floor_ns",
    "load",
    "shares",
]

MEMORY = "dram"
_SHORTEST_NS = IntThreshold(
    20_000,
    "ns",
    "shorter launches do not count: on a clock of whole µs their rate is off by over 5 %",
    WORKED_TRACES,
)
_CACHES = IntThreshold(
    2, "last-level caches", "a streaming kernel that moves less may never reach DRAM", WORKED_TRACES
)
_SMALLEST_FLOP = Threshold(10e9, "FLOP", "smaller products do not show the peak", WORKED_TRACES)
_ENOUGH = IntThreshold(3, "launches", "so many must qualify for their best to count", WORKED_TRACES)
_STREAMING = re.compile(
    r"^aten::(add|sub|mul|div|copy|clone|contiguous|_to_copy|silu|gelu|relu|sigmoid|tanh|neg|exp)_?$"
)
"""Elementwise operators and copies, which read and write in order. Fills are none: what they
write may stay in the cache."""
_COMPUTE_FLOOR = Threshold(
    0.9,
    "share of the default",
    "a best below this means slow products, not a slow device",
    "judgement",
)
_FLOORS = "5th percentiles in the traces: 1.5 µs (H100) to 7.1 µs (A100 PCIe)"
DEFAULT_FLOOR_NS = IntThreshold(
    2_000, "ns", "shortest time of a launch where a capture does not show it", _FLOORS
)
MAX_FLOOR_NS = IntThreshold(10_000, "ns", "what that never exceeds", _FLOORS)
_IDLE_SHARE = Threshold(
    0.2,
    "share of the time",
    "a kernel whose work takes less of its time is held by launching alone",
    WORKED_TRACES,
)
_FLOOR_LAUNCHES = IntThreshold(20, "launches", "a 5th percentile of fewer says little", "judgement")


class Ceiling(Struct, frozen=True):
    """How far one of a device's peaks is reached."""

    roof: str
    """``dram`` (byte/s), or a name of :data:`ncutool.base.roofs.ROOFS` (FLOP/s)."""
    peak_per_s: float
    """The datasheet's."""
    ceiling_per_s: float
    share_pct: float
    """Ceiling over peak."""
    source: str
    """``capture`` (seen in it), ``default`` (taken from other captures) or ``measured`` (given)."""
    launches: int
    """Launches or operators that qualified; the best of them is the ceiling."""
    how: str
    """One sentence with the numbers it rests on."""


def calibrate(
    kernels: pl.DataFrame, capture: Capture, device: Device | None
) -> tuple[Ceiling, ...]:
    """Return how near a capture's own kernels come to each of ``device``'s peaks.

    A capture that records its own peaks gets none: its clocks are not the datasheet's.

    Args:
        kernels: :data:`ncutool.base.tables.KERNELS` of ``capture``.
        device: its datasheet row; None where it is unknown, which gives no ceilings.
    """
    if device is None or capture.traits.peaks_recorded:
        return ()
    step_ns = capture.clock_step_ns if capture.clock_step_ns > 1 else 0
    products = _product_rates(kernels, step_ns)
    roofs = [roof for roof in sorted(products) if roof in device.peak_flop_per_s]
    return (
        _memory_ceiling(kernels, capture, device, step_ns),
        *(_compute_ceiling(products[roof], roof, device) for roof in roofs),
    )


class Shares(Struct, frozen=True):
    """The share of its peaks that a device reaches at its best, which advice prices by.

    Each is seen in the capture or, where that shows too little, taken from
    :mod:`ncutool.devices.reachable`.
    """

    bytes_share: float
    """Of the DRAM peak, 0 to 1."""
    launch_floor_ns: int
    """Shortest time that a launch takes, whatever its work."""
    seen: dict[str, float]
    """Share of each compute roof with products enough in the capture."""
    vendor: str = ""

    def flop_share(self, roof: str) -> float:
        """Return the share of a compute peak, 0 to 1.

        Args:
            roof: a name of :data:`ncutool.base.roofs.ROOFS`.
        """
        return self.seen.get(roof, default_flop_share(roof, self.vendor))


def shares(kernels: pl.DataFrame, capture: Capture, device: Device | None) -> Shares:
    """Return what :func:`calibrate` tells, as shares; defaults where the device is unknown."""
    seen = {
        ceiling.roof: ceiling.share_pct / 100
        for ceiling in calibrate(kernels, capture, device)
        if ceiling.source == "capture"
    }
    return Shares(
        bytes_share=seen.pop(MEMORY, MEMORY_SHARE),
        launch_floor_ns=launch_floor_ns(kernels),
        seen=seen,
        vendor=device.vendor if device is not None else "",
    )


def launch_floor_ns(kernels: pl.DataFrame) -> int:
    """Return the shortest time (ns) that a launch takes on this device, whatever its work.

    It is the 5th percentile of the kernels that take over five times as long as their work would
    at the device's peaks; :data:`DEFAULT_FLOOR_NS` where there are too few of them.
    """
    work_s = least_seconds(
        *map(pl.col, ("flop", "peak_flop_per_s", "dram_bytes", "peak_bytes_per_s"))
    )
    idle = kernels.lazy().filter(
        (pl.col("category") == "kernel")
        & (pl.col("duration_ns") > 0)
        & (work_s * 1e9 < _IDLE_SHARE * pl.col("duration_ns"))
    )
    times = idle.select("duration_ns").collect()["duration_ns"]
    low = times.quantile(0.05, "lower") if times.len() >= _FLOOR_LAUNCHES else None
    return DEFAULT_FLOOR_NS if low is None else min(int(low), MAX_FLOOR_NS)


def _memory_ceiling(
    kernels: pl.DataFrame, capture: Capture, device: Device, step_ns: int
) -> Ceiling:
    """Return the best bandwidth of clean streaming kernels, or the default and why."""
    peak = device.peak_bytes_per_s
    cache = device.cache_bytes
    if cache is None:
        how = "the size of its last-level cache is not known, so no kernel surely streams"
        return _default(MEMORY, peak, MEMORY_SHARE, 0, how)
    streaming = _streaming(kernels, capture, _CACHES * cache)
    rates = [size / (duration + step_ns) * 1e9 for size, duration in streaming]
    possible = [rate for rate in rates if rate <= peak]
    size = f"{_CACHES} × {cache / 1e6:.0f} MB cache"
    if len(possible) < _ENOUGH:
        how = f"{len(possible)} clean streaming kernels of ≥ 20 µs and ≥ {size}, {_ENOUGH} needed"
        return _default(MEMORY, peak, MEMORY_SHARE, len(possible), how)
    best = max(possible)
    if best < MEMORY_FLOOR_SHARE * peak:
        how = f"the best of {len(possible)} streaming kernels reaches {100 * best / peak:.0f} %: "
        how += "slow kernels, not a slow device"
        return _default(MEMORY, peak, MEMORY_SHARE, len(possible), how)
    how = f"best of {len(possible)} clean streaming kernels of ≥ 20 µs and ≥ {size}"
    return Ceiling(MEMORY, peak, best, 100 * best / peak, "capture", len(possible), how)


def _streaming(
    kernels: pl.DataFrame, capture: Capture, least_bytes: float
) -> list[tuple[float, int]]:
    """Return bytes and duration (ns) of the launches that stream through memory.

    Such a launch alone did an elementwise operator or a copy over contiguous tensors, read none of
    them twice, and moved at least ``least_bytes``.
    """
    plain = (
        (pl.col("category") == "kernel")
        & (pl.col("dram_bytes") >= least_bytes)
        & (pl.col("duration_ns") >= _SHORTEST_NS)
        & (pl.col("bytes_source") == "shape")
        & pl.col("remark").is_null()
        & pl.col("op_id").is_not_null()
        & pl.col("op").is_not_null()
    )
    columns = ("op_id", "dram_bytes", "duration_ns", "op")
    rows = [
        row
        for row in kernels.lazy().filter(plain).select(columns).collect().iter_rows()
        if _STREAMING.search(row[3])
    ]
    if not rows:
        return []
    op_ids = pl.Series([row[0] for row in rows], dtype=pl.Int64).unique()
    dense = _dense(capture, op_ids)
    launches = Counter(kernels["op_id"].filter(kernels["op_id"].is_in(op_ids)).to_list())
    return [
        (size, duration)
        for op_id, size, duration, _ in rows
        if launches[op_id] == 1 and dense.get(op_id, False)
    ]


def _dense(capture: Capture, op_ids: pl.Series) -> dict[int, bool]:
    """Return for each operator call whether its tensors lie densely, as far as is recorded."""
    calls = capture.ops.select("op_id", "signature_id").filter(
        pl.col("op_id").is_in(op_ids.implode())
    )
    used = calls["signature_id"].unique().implode()
    rows = capture.signatures.filter(pl.col("signature_id").is_in(used)).select(
        "signature_id", "input_dims", "input_strides"
    )
    dense = {
        signature: _contiguous(dims, strides) is not False
        for signature, dims, strides in rows.iter_rows()
    }
    return {op_id: dense.get(signature, False) for op_id, signature in calls.iter_rows()}


def _contiguous(dims: str | None, steps_of: str | None) -> bool | None:
    """Return whether all tensors lie densely in their order; None without recorded strides.

    Args:
        dims, steps_of: shapes and strides of the inputs, as the trace has them: JSON lists of
            lists of whole numbers. What is no list (a scalar, a list of tensors) is passed over.
    """
    shapes, strides = json_list(dims), json_list(steps_of)
    if shapes is None or strides is None:
        return None
    for shape, steps in zip(shapes, strides, strict=False):
        if not isinstance(shape, list) or not isinstance(steps, list) or len(shape) != len(steps):
            continue
        expected = 1
        for size, step in zip(reversed(shape), reversed(steps), strict=True):
            if not isinstance(size, int) or (size != 1 and step != expected):
                return False
            expected *= size
    return True


def _product_rates(kernels: pl.DataFrame, step_ns: int) -> dict[str, list[float]]:
    """Return the rates (FLOP/s) of large matrix products by roof.

    One rate is that of one operator call, with the time of its helper kernels.
    """
    rows = kernels.lazy().filter(
        (pl.col("category") == "kernel")
        & (pl.col("family") == "gemm")
        & pl.col("op_id").is_not_null()
    )
    products = rows.group_by("op_id").agg(
        pl.col("flop").sum(),
        pl.col("duration_ns").sum(),
        pl.col("roof").min(),
        (pl.col("roof").min() == pl.col("roof").max()).alias("one_roof"),
        (pl.col("flop_source") == "shape").any().alias("modelled"),
    )
    large = products.filter(
        (pl.col("flop") >= _SMALLEST_FLOP)
        & (pl.col("duration_ns") >= _SHORTEST_NS)
        & pl.col("one_roof")
        & pl.col("modelled")
    ).select("roof", rate=pl.col("flop") / (pl.col("duration_ns") + step_ns) * 1e9)
    rates: dict[str, list[float]] = {}
    for roof, rate in large.collect().iter_rows():
        rates.setdefault(roof, []).append(rate)
    return rates


def _compute_ceiling(products: Sequence[float], roof: str, device: Device) -> Ceiling:
    """Return the best rate of large products, or the default and why."""
    peak = device.peak_flop_per_s[roof]
    rates = [rate for rate in products if rate <= peak]
    size = "matrix products of ≥ 10 GFLOP and ≥ 20 µs"
    share = default_flop_share(roof, device.vendor)
    if len(rates) < _ENOUGH:
        how = f"{len(rates)} {size}, {_ENOUGH} needed"
        return _default(roof, peak, share, len(rates), how)
    best = max(rates)
    if best < _COMPUTE_FLOOR * share * peak:
        how = f"the best of {len(rates)} {size} reaches {100 * best / peak:.0f} %: "
        how += "slow products, not a slow device"
        return _default(roof, peak, share, len(rates), how)
    how = f"best of {len(rates)} {size}"
    return Ceiling(roof, peak, best, 100 * best / peak, "capture", len(rates), how)


def _default(roof: str, peak: float, share: float, launches: int, how: str) -> Ceiling:
    return Ceiling(roof, peak, share * peak, 100 * share, "default", launches, how)


class Held(Struct, frozen=True):
    """What launches are held against once the user's measured rates are in."""

    device: Device | None
    how: str
    """What to add to the sentence that says how the device was found."""
    given: tuple[Ceiling, ...]
    """The measured rates beside the datasheet's peaks, where it has them."""


def hold(device: Device | None, measured: Measured | None) -> Held:
    """Replace ``device``'s peaks by measured rates; peaks that were not measured stay.

    Raises:
        UsageError: the rates are of another device, or the device is unknown and they lack
            the bandwidth, without which nothing can be placed.
    """
    if measured is None:
        return Held(device, "", ())
    how = f"; rates of {measured.path} replace its peaks"
    given = () if device is None else _as_ceilings(device, measured)
    if device is None:
        if measured.bytes_per_s is None:
            raise UsageError(
                f"--ceilings {measured.path}: the device is unknown, so 'bytes_per_s' is needed; "
                "or pass --assume-device NAME"
            )
        name = measured.device or "a device known by its measured rates"
        device = Device(name, "", None, 0, measured.bytes_per_s, {})
    elif measured.device is not None and not is_named(device, measured.device):
        raise UsageError(
            f"--ceilings {measured.path}: is of {measured.device!r}, but the capture's device is "
            f"{device.name}"
        )
    memory = (MEMORY,) if measured.bytes_per_s is not None else ()
    replaced = replace(
        device,
        peak_bytes_per_s=measured.bytes_per_s or device.peak_bytes_per_s,
        peak_flop_per_s={**device.peak_flop_per_s, **measured.flop_per_s},
        measured=(*memory, *measured.flop_per_s),
    )
    return Held(replaced, how, given)


def is_named(device: Device, text: str) -> bool:
    """Return whether ``text`` is one of the device's names, whatever its case."""
    return text.casefold() in {
        name.casefold() for name in (device.name, *device.names, *device.short)
    }


def _as_ceilings(device: Device, measured: Measured) -> tuple[Ceiling, ...]:
    """Return measured rates beside the datasheet's peaks; a roof without a peak is left out."""
    pairs: dict[str, tuple[float, float]] = {}
    if measured.bytes_per_s is not None:
        pairs[MEMORY] = (device.peak_bytes_per_s, measured.bytes_per_s)
    for roof, rate in measured.flop_per_s.items():
        if roof in device.peak_flop_per_s:
            pairs[roof] = (device.peak_flop_per_s[roof], rate)
    how = f"measured, from {measured.path}"
    return tuple(
        Ceiling(roof, peak, rate, 100 * rate / peak, "measured", 0, how)
        for roof, (peak, rate) in pairs.items()
    )
