"""The regime of a micro-benchmark from its FLOPs, bytes and seconds a step."""

from __future__ import annotations

from msgspec import Struct

from ncutool.base import units
from ncutool.base.limits import attainable
from ncutool.devices.resolve import Device
from ncutool.planning.signals.placed import (
    THRESHOLDS,
    confidence_of,
    impossible,
    in_turn,
    peak_notes,
    positive,
    regime_of,
)
from ncutool.planning.signals.thresholds import LIMIT
from ncutool.planning.signals.verdict import Figure, Verdict
from ncutool_parsers.errors import UsageError

KIND = "benchmark"


class Benchmark(Struct, frozen=True):
    """One step of it."""

    ns: float
    flop: float | None = None
    bytes: float | None = None
    """Read from and written to device memory; None where not known."""
    dtype: str = "bf16"
    """Of the arithmetic (names of :data:`ncutool.planning.planner.number_types.MATH_TYPES`)."""


class _Placed(Struct, frozen=True):
    flop_per_s: float | None
    bytes_per_s: float | None
    roof: str | None
    peak_flop_per_s: float | None
    device: Device

    @property
    def compute_pct(self) -> float | None:
        if self.flop_per_s is None or self.peak_flop_per_s is None:
            return None
        return 100 * self.flop_per_s / self.peak_flop_per_s

    @property
    def memory_pct(self) -> float | None:
        if self.bytes_per_s is None:
            return None
        return 100 * self.bytes_per_s / self.device.peak_bytes_per_s

    @property
    def ridge(self) -> float | None:
        if self.peak_flop_per_s is None:
            return None
        return self.peak_flop_per_s / self.device.peak_bytes_per_s


def classify_benchmark(step: Benchmark, device: Device | None) -> Verdict:
    """Return where the step lies against the device's peaks.

    Args:
        device: without one there are rates and no regime.

    Raises:
        UsageError: nothing was counted, a value is none, or the device has no such data type.
    """
    positive("the seconds", step.ns)
    if step.flop is None and step.bytes is None:
        raise UsageError("a time alone says nothing: give --flop, --bytes or both")
    for name, value in (("the FLOPs", step.flop), ("the bytes", step.bytes)):
        if value is not None:
            positive(name, value)
    from ncutool.planning.planner.number_types import math_type  # costs a tenth of a second

    kind = math_type(step.dtype)
    flop_per_s = None if step.flop is None else 1e9 * step.flop / step.ns
    bytes_per_s = None if step.bytes is None else 1e9 * step.bytes / step.ns
    if device is None:
        return _without_device(step, flop_per_s, bytes_per_s)
    roof = next((each for each in kind.roofs if each in device.peak_flop_per_s), None)
    if roof is None and step.flop is not None:
        raise UsageError(f"{device.name} has no peak for {step.dtype} arithmetic")
    peak = None if roof is None else device.peak_flop_per_s[roof]
    return _verdict(step, _Placed(flop_per_s, bytes_per_s, roof, peak, device))


def _rates(flop_per_s: float | None, bytes_per_s: float | None, step: Benchmark) -> list[Figure]:
    figures = [Figure("time_ns", step.ns, "measured")]
    if flop_per_s is not None:
        figures.append(Figure("achieved_flop_per_s", flop_per_s, "FLOPs / time"))
    if bytes_per_s is not None:
        figures.append(Figure("achieved_bytes_per_s", bytes_per_s, "bytes / time"))
    if step.flop is not None and step.bytes is not None:
        figures.append(Figure("intensity_flop_per_byte", step.flop / step.bytes, "FLOPs / bytes"))
    return figures


def _without_device(
    step: Benchmark, flop_per_s: float | None, bytes_per_s: float | None
) -> Verdict:
    return Verdict(
        subject="benchmark",
        kind=KIND,
        regime="unknown",
        confidence="none",
        reason="without a device there are no peaks to hold the rates against",
        figures=tuple(_rates(flop_per_s, bytes_per_s, step)),
        tells_more=("--device NAME: the shares of its peaks",),
    )


def _verdict(step: Benchmark, placed: _Placed) -> Verdict:
    compute_pct, memory_pct, device = placed.compute_pct, placed.memory_pct, placed.device
    regime = regime_of(compute_pct, memory_pct)
    cached = _from_cache(step, placed)
    if cached:
        regime = "cache"
    known = compute_pct is not None and memory_pct is not None
    confidence = confidence_of(regime, complete=known)
    return Verdict(
        subject=f"benchmark on {device.name}",
        kind=KIND,
        regime=regime,
        confidence="medium" if cached else confidence,
        reason=_reason(regime, placed),
        figures=tuple(_figures(step, placed)),
        notes=(*_side(step, placed), *peak_notes(device, compute_pct), *_traffic(step)),
        tells_more=_tells_more(regime, step),
        thresholds=THRESHOLDS,
    )


def _traffic(step: Benchmark) -> tuple[str, ...]:
    if step.bytes is None:
        return ()
    return (
        "bytes are as given: where they are what the operands hold, real traffic can be more, or "
        "less from cache",
    )


def _from_cache(step: Benchmark, placed: _Placed) -> bool:
    """Return whether the step is faster than DRAM allows and small enough for the last cache."""
    size = placed.device.cache_bytes
    fast = placed.memory_pct is not None and placed.memory_pct > 100
    possible = not impossible(placed.compute_pct, None)
    return fast and possible and size is not None and (step.bytes or 0) <= size


def _figures(step: Benchmark, placed: _Placed) -> list[Figure]:
    figures = _rates(placed.flop_per_s, placed.bytes_per_s, step)
    if placed.compute_pct is not None:
        roof = (placed.roof or "").replace("_", " ")
        figures += [
            Figure("peak_flop_per_s", placed.peak_flop_per_s, f"{roof}, dense"),
            Figure("compute_pct", placed.compute_pct, "of that peak"),
        ]
    if placed.memory_pct is not None:
        figures += [
            Figure("peak_bytes_per_s", placed.device.peak_bytes_per_s, "of device memory"),
            Figure("memory_pct", placed.memory_pct, "of that peak"),
        ]
    if step.flop is not None and step.bytes is not None and placed.peak_flop_per_s is not None:
        intensity, bandwidth = step.flop / step.bytes, placed.device.peak_bytes_per_s
        most = attainable(placed.peak_flop_per_s, intensity, bandwidth)
        figures += [
            Figure("ridge_point_flop_per_byte", placed.ridge, "peak FLOP/s / peak byte/s"),
            Figure("attainable_flop_per_s", most, "min(peak, intensity × bandwidth)"),
            Figure("roofline_pct", 100 * (placed.flop_per_s or 0) / most, "of attainable"),
        ]
    return figures


def _reason(regime: str, placed: _Placed) -> str:
    if regime == "cache":
        return (
            f"{units.data_rate(placed.bytes_per_s)} is {units.percent(placed.memory_pct)} of the "
            "peak of device memory, and the bytes fit into the last cache"
        )
    wrong = impossible(placed.compute_pct, placed.memory_pct)
    if wrong:
        return wrong
    parts = []
    if placed.compute_pct is not None:
        share = units.percent(placed.compute_pct)
        parts.append(f"{units.flop_rate(placed.flop_per_s)} is {share} of the dense peak")
    if placed.memory_pct is not None:
        share = units.percent(placed.memory_pct)
        parts.append(f"{units.data_rate(placed.bytes_per_s)} is {share} of the memory's")
    shares = " and ".join(parts)
    if regime == "latency":
        return (
            f"{shares}: neither reaches {LIMIT:.0f} %, so that waits, launches, a small "
            "grid or inefficient kernels hold it"
        )
    if regime == "mixed":
        return f"{shares}: {in_turn(placed.compute_pct, placed.memory_pct)}"
    if regime == "unknown":
        return f"{shares}: under {LIMIT:.0f} %, and the other side was not given"
    return shares


def _side(step: Benchmark, placed: _Placed) -> tuple[str, ...]:
    if step.flop is None or step.bytes is None or placed.ridge is None:
        return ()
    intensity = step.flop / step.bytes
    side = "compute" if intensity >= placed.ridge else "memory"
    return (
        f"{units.intensity(intensity)} lies on the {side} side of the ridge point "
        f"({units.intensity(placed.ridge)}): the most it could be bound by is {side}",
    )


def _tells_more(regime: str, step: Benchmark) -> tuple[str, ...]:
    hints = []
    if step.flop is None or step.bytes is None:
        missing = "--flop" if step.flop is None else "--bytes"
        hints.append(f"{missing}: the other side, and the intensity")
    if regime in ("latency", "unknown"):
        hints.append("ncu --set full and ncutool explain: what the kernel waits for")
    return tuple(hints)
