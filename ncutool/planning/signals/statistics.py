"""What a column of samples looks like: percentiles, and whether it stands at two levels."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ncutool.planning.signals.thresholds import FEW_SAMPLES, LEVEL_GAP, LEVEL_SHARE, LEVELS_EXPLAIN

_BINS = 106
"""One for each whole percent, 0 to 105."""


class Level(Struct, frozen=True):
    """One of two levels that a signal stands at."""

    median_pct: float
    share_pct: float
    """Of the samples that have a value."""


class Distribution(Struct, frozen=True):
    """One signal of one GPU over its samples. Percentiles are interpolated between samples."""

    signal: str
    """One of :data:`ncutool.planning.signals.series.SIGNALS`."""
    samples: int
    missing: int
    minimum_pct: float
    p10_pct: float
    median_pct: float
    p90_pct: float
    maximum_pct: float
    mean_pct: float
    levels: tuple[Level, Level] | None
    """The lower and the higher, where the samples stand at two levels apart."""


def distribution(signal: str, column: Sequence[float | None]) -> Distribution | None:
    """Return the distribution of a column; None where it has no value."""
    values = sorted(value for value in column if value is not None)
    if not values:
        return None
    return Distribution(
        signal=signal,
        samples=len(values),
        missing=len(column) - len(values),
        minimum_pct=values[0],
        p10_pct=percentile(values, 10),
        median_pct=percentile(values, 50),
        p90_pct=percentile(values, 90),
        maximum_pct=values[-1],
        mean_pct=sum(values) / len(values),
        levels=levels(values),
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` percent of ``ordered`` lie, interpolated.

    Args:
        ordered: at least one value, ascending.
    """
    place = share / 100 * (len(ordered) - 1)
    below = int(place)
    if below + 1 >= len(ordered):
        return ordered[-1]
    low, high = ordered[below], ordered[below + 1]
    return low + (place - below) * (high - low)


def levels(ordered: Sequence[float]) -> tuple[Level, Level] | None:
    """Return the two levels of ascending percentages; None where they are not two.

    The best cut into two groups (Otsu: the largest variance between groups) must explain most of
    the variance, and the groups must be neither small nor close. Evenly spread values cut so
    explain 75 %, a bell curve 64 %.
    """
    if len(ordered) < FEW_SAMPLES:
        return None
    cut, explained = _best_cut(ordered)
    low, high = ordered[:cut], ordered[cut:]
    if not low or not high or explained < LEVELS_EXPLAIN / 100:
        return None
    lower = Level(percentile(low, 50), 100 * len(low) / len(ordered))
    upper = Level(percentile(high, 50), 100 * len(high) / len(ordered))
    apart = upper.median_pct - lower.median_pct >= LEVEL_GAP
    large = min(lower.share_pct, upper.share_pct) >= LEVEL_SHARE
    return (lower, upper) if apart and large else None


def _best_cut(ordered: Sequence[float]) -> tuple[int, float]:
    """Return how many values lie below the best cut, and the share of the variance it explains."""
    counts = [0] * _BINS
    for value in ordered:
        counts[min(int(value), _BINS - 1)] += 1
    total = len(ordered)
    mean = sum(place * count for place, count in enumerate(counts)) / total
    variance = sum(count * (place - mean) ** 2 for place, count in enumerate(counts)) / total
    best = (0, 0.0)
    if variance == 0:
        return best
    below, weighted = 0, 0.0
    for place, count in enumerate(counts[:-1]):
        below += count
        weighted += place * count
        if 0 < below < total and count:
            between = (mean * below - weighted) ** 2 / (below * (total - below))
            if between / variance > best[1]:
                best = (below, between / variance)
    return best
