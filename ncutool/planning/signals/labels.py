"""Sample by sample: idle or busy, and which resource holds the busy ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from msgspec import Struct

from ncutool.planning.signals.resources import Used, bound
from ncutool.planning.signals.thresholds import BUSY_ELSEWHERE, IDLE_SAMPLE

PIPES = ("tensor_active_pct", "fp64_active_pct", "fp32_active_pct", "fp16_active_pct")
BUSY = ("graphics_active_pct", "gpu_util_pct")
"""Shares of time in which the device worked at all; the first that is known counts."""
ELSEWHERE = ("dram_active_pct", "memory_util_pct", *PIPES)
"""What cannot be used while no SM has work, but by copies."""
_WHOLE = 100.0
Columns = Mapping[str, Sequence["float | None"]]


class Labels(Struct, frozen=True):
    """One label a sample."""

    regimes: tuple[str, ...]
    """``idle``, ``contradictory`` (memory or a pipe worked, and no SM), or what
    :func:`ncutool.planning.signals.resources.bound` says."""
    busy_signal: str | None
    """Which of :data:`BUSY` told how long the device worked."""
    busy_pct: float | None
    """Share of the time of all samples in which it worked; None where no signal tells."""

    @property
    def idle_samples(self) -> int:
        """How many samples are idle."""
        return self.regimes.count("idle")

    @property
    def contradictory_samples(self) -> int:
        """How many samples have busy memory or pipes beside idle SMs."""
        return self.regimes.count("contradictory")

    @property
    def busy_samples(self) -> int:
        """How many samples are neither."""
        return len(self.regimes) - self.idle_samples - self.contradictory_samples


def label(columns: Columns, samples: int) -> Labels:
    """Return a label for every sample."""
    signal = next((each for each in BUSY if each in columns), None)
    busy: Sequence[float | None] = columns[signal] if signal else (None,) * samples
    known = [each for each in busy if each is not None]
    return Labels(
        regimes=tuple(_regime(columns, index, busy[index]) for index in range(samples)),
        busy_signal=signal,
        busy_pct=min(_WHOLE, sum(known) / len(known)) if known else None,
    )


def _regime(columns: Columns, index: int, busy: float | None) -> str:
    sm_active = _at(columns, "sm_active_pct", index)
    activity = busy if busy is not None else sm_active
    if activity is not None and activity < IDLE_SAMPLE:
        elsewhere = [_at(columns, name, index) or 0.0 for name in ELSEWHERE]
        return "contradictory" if max(elsewhere) >= BUSY_ELSEWHERE else "idle"
    engine = _at(columns, "graphics_active_pct", index)
    scales = _scales(engine, busy, sm_active)
    memory = _at(columns, "dram_active_pct", index)
    pipes = [_at(columns, pipe, index) for pipe in PIPES]
    return bound(
        _compute(pipes, sm_active, scales),
        Used(0.0, _WHOLE) if memory is None else _within_busy(memory, scales),
    )


def _scales(
    engine: float | None, busy: float | None, sm_active: float | None
) -> tuple[float, float]:
    """Return what turns a share of the sample into one of its busy time: at least and at most.

    Pipes work only while the engine does. GPU-Util is sampled over windows of its own, and SM
    activity is the least time that the device was busy: they bound the factor from above only.
    """
    if engine is not None:
        exact = _WHOLE / min(engine, _WHOLE)
        return exact, exact
    least = busy if busy is not None else sm_active
    return 1.0, _WHOLE / min(least, _WHOLE) if least else math.inf


def _within_busy(share: float, scales: tuple[float, float]) -> Used:
    """Return a share of a sample as one of its busy time."""
    low, high = scales
    if low == high:
        return Used(low * share, low * share)
    return Used(low * share, max(share, min(_WHOLE, high * share)) if share > 0 else 0.0)


def _compute(
    pipes: Sequence[float | None], sm_active: float | None, scales: tuple[float, float]
) -> Used:
    """Return the most used pipe. A pipe that was not sampled is busy at most while an SM has a
    warp."""
    known = _within_busy(max((pipe for pipe in pipes if pipe is not None), default=0.0), scales)
    if None not in pipes:
        return known
    most = _WHOLE if sm_active is None else _within_busy(sm_active, scales).high
    return Used(known.low, max(known.high, most))


def _at(columns: Columns, signal: str, index: int) -> float | None:
    column = columns.get(signal)
    return None if column is None else column[index]
