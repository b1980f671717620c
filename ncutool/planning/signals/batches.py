"""The regime from throughputs at several batches: what of a step grows with its batch.

A step of batch B that makes X items a second takes t = B / X. Of two batches, t(B) = a + b·B gives
the fixed part a (weights read once for all, launches, the host) and what each item adds (its
arithmetic, its own cache). With k times the batch and r times the throughput the fixed share of
the larger step is a / t₂ = (r - 1) / (k - 1): for twice the batch r - 1, so that 1.8 times is 80 %
fixed, 1.2 times 20 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from ncutool.base import units
from ncutool.planning.signals.thresholds import FIXED, NOISE, SATURATED
from ncutool.planning.signals.verdict import Figure, Verdict
from ncutool_parsers.errors import UsageError

KIND = "batches"
_MOST = 1000
_SMALLEST, _LARGEST = 1e-9, 1e15
_ITEMS = (
    "the throughput must be that of all sequences together: that of one sequence falls with the "
    "batch whatever the regime"
)


def classify_batches(points: Sequence[tuple[float, float]]) -> tuple[Verdict, ...]:
    """Return what each step from one batch to the next larger says.

    Args:
        points: batch and items a second of all of it, at least two different batches.

    Raises:
        UsageError: fewer, a batch twice, or a value that is none.
    """
    if len(points) > _MOST:
        raise UsageError(f"at most {_MOST:,} batches can be compared, not {len(points):,}")
    for batch, throughput in points:
        for what, value in (("a batch", batch), ("a throughput", throughput)):
            if not (math.isfinite(value) and _SMALLEST <= value <= _LARGEST):
                raise UsageError(
                    f"{what} must be a number above 0 and up to {_LARGEST:g}, not {value:g}"
                )
    ordered = sorted(points)
    if len(ordered) < 2:
        raise UsageError("one batch alone tells no scaling: give two, e.g. 8:1200 and 16:2300")
    for (one, _), (other, _) in pairwise(ordered):
        if one == other:
            raise UsageError(f"batch {one:g} is given twice: give each batch once")
    return tuple(_pair(*pair) for pair in pairwise(ordered))


def fixed_pct(batches: float, throughputs: float) -> float:
    """Return the fixed share of the larger batch's step, ``100 (r - 1) / (k - 1)`` percent.

    Args:
        batches: how many times the smaller the larger batch is, above 1.
        throughputs: how many times the throughput.
    """
    return 100 * (throughputs - 1) / (batches - 1)


def _regime(fixed: float) -> str:
    if fixed >= FIXED:
        return "fixed_cost"
    return "saturated" if fixed <= SATURATED else "between"


def _pair(first: tuple[float, float], second: tuple[float, float]) -> Verdict:
    (small, slow), (large, fast) = first, second
    times, gain = large / small, fast / slow
    fixed = fixed_pct(times, gain)
    error = NOISE / 100
    low, high = (fixed_pct(times, gain * (1 + each)) for each in (-error, error))
    sure = _regime(low) == _regime(high)
    impossible = low > 100
    regime = "unknown" if impossible else _regime(fixed)
    first_ns, second_ns = 1e9 * small / slow, 1e9 * large / fast
    grows = (second_ns - first_ns) / (large - small)
    figures = [
        Figure("batch_ratio", times),
        Figure("throughput_ratio", gain, "of the larger batch over the smaller"),
        _fixed_share(fixed, is_share=not impossible and gain >= 1),
        Figure("step_small_ns", first_ns, f"at batch {small:g}: batch / throughput"),
        Figure("step_large_ns", second_ns, f"at batch {large:g}"),
    ]
    if grows > 0 and not impossible:
        figures.append(Figure("added_per_item_ns", grows, "what one item more adds to a step"))
    return Verdict(
        subject=f"batch {small:g} to {large:g}",
        kind=KIND,
        regime=regime,
        confidence="none" if impossible else "medium" if sure else "low",
        reason=_reason(regime, times, gain, fixed, (first_ns, second_ns)),
        figures=tuple(figures),
        notes=_notes(regime, gain, low, high, sure=sure),
        tells_more=_tells_more(regime, large),
        thresholds=("fixed", "saturated", "noise"),
    )


def _fixed_share(fixed: float, *, is_share: bool) -> Figure:
    """Return the fixed share of a step; no number where a fixed and a growing part explain none."""
    meant = "of the larger batch's step: (r - 1) / (k - 1)"
    if is_share:
        return Figure("fixed_share_pct", fixed, meant)
    return Figure("fixed_share_pct", None, f"{meant} is {fixed:.1f} %, which no share can be")


def _reason(
    regime: str, times: float, gain: float, fixed: float, steps_ns: tuple[float, float]
) -> str:
    start = (
        f"{times:.4g} times the batch gave {gain:.3g} times the throughput, a step of "
        f"{units.time(steps_ns[1])} after {units.time(steps_ns[0])}"
    )
    if regime == "unknown":
        return f"{start}: a larger batch cannot take less time for the same kernels"
    shown = units.percent(max(0.0, min(fixed, 100.0)))
    if regime == "fixed_cost":
        return f"{start}: {shown} of it does not grow with the batch, such as weights and launches"
    if gain < 1:
        return f"{start}: throughput falls, so that the batch is past what the device takes well"
    what = (
        "so that more batch hardly gains"
        if regime == "saturated"
        else "so that more batch gains less and less"
    )
    return f"{start}: only {shown} of it does not grow with the batch, {what}"


def _notes(regime: str, gain: float, low: float, high: float, *, sure: bool) -> tuple[str, ...]:
    by_regime = {
        "fixed_cost": "reading weights (memory-bound) and launches or the host (latency-bound) "
        "scale alike: throughputs cannot tell them apart, a token time against the bytes can",
        "saturated": "arithmetic (compute-bound) and bytes of each sequence's own, such as its "
        "cache (memory-bound), grow with the batch alike: throughputs cannot tell them apart",
        "between": "near the crossover, or a part of each: a pair further apart tells more",
        "unknown": "other kernels at the larger batch, a warm-up in the smaller's time, or another "
        "load on the device would do that",
    }
    notes = [by_regime[regime]]
    if not sure and regime != "unknown":
        notes.append(
            f"an error of {NOISE:.0f} % in the ratio makes the fixed share anything from "
            f"{max(low, 0):.0f} to {min(high, 100):.0f} %, past a boundary: repeat the measurement"
        )
    if gain < 1:
        notes.append(_ITEMS)
    return tuple(notes)


def _tells_more(regime: str, large: float) -> tuple[str, ...]:
    hints = []
    if regime in ("fixed_cost", "between"):
        hints.append(f"a larger pair (--throughput {large:g}:... --throughput {2 * large:g}:...)")
    if regime in ("fixed_cost", "saturated", "between"):
        hints.append(
            "--token-time-ms with --model-bytes or --preset, and --device: whether bytes explain "
            "the time; ncutool plan llm: at which batch compute binds"
        )
    return tuple(hints)
