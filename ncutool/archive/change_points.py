"""Where a series of times changed its level, and how small a change it could show.

Optimal segmentation by PELT (Killick, Fearnhead and Eckley, JASA 2012; the implementation is that
of ruptures) of log times, with a squared-error cost. The penalty of a change follows from the
noise, and is the larger of two. One is the largest gain that a split brings in so many points of
normal noise, of the same estimated standard deviation, in all but `FALSE_ALARMS` of the archives;
the standard deviation is estimated from differences of neighbours, so that changes do not enlarge
it. The other is the largest gain, per change, that any of 999 permutations of what is left beside
the levels brings: noise that is not normal raises it. Single outliers are drawn to their neighbours
before (Hampel's filter). Both suppose that the noise of one capture says nothing of the next's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool_parsers.errors import UsageError

Floats = npt.NDArray[np.float64]

FALSE_ALARMS = Threshold(
    0.01, "archives", "of pure noise in which any change is reported", "judgement"
)
FEWEST_POINTS = IntThreshold(
    8,
    "points",
    "with fewer neither noise nor change is told apart",
    "judgement: two levels of three points and two to spare for the noise",
)
SEGMENT = IntThreshold(
    3, "points", "that a level lasts at least; what is shorter is an outlier", "judgement"
)
SMALLEST = Threshold(
    0.01, "share of the time", "smaller changes are not reported", "judgement: as of one kernel"
)
STEP = Threshold(
    0.002,
    "share of the time",
    "noise is taken for at least this, so that ties of coarse clocks are none",
    "judgement: a microsecond of half a millisecond",
)
NORMAL = Threshold(
    1.4826, "times", "the median absolute deviation is a standard deviation", "for normal noise"
)
TIED = Threshold(
    0.2, "share of neighbours", "that are equal, from which a clock's steps rule", "judgement"
)
_TRIMMED = Threshold(
    0.05, "share", "of the steps between neighbours that may be changes", "judgement"
)
OUTLIER = Threshold(
    3.0, "standard deviations", "from the running median, beyond which a point is one", "Hampel"
)
_WINDOW = IntThreshold(
    7, "points", "of the running median: the least in which three are no majority", "SEGMENT"
)
_DRAWS = IntThreshold(
    20_000, "series", "of normal noise that tell the penalty", "judgement: 1 in 2,000 is 10 of them"
)
_PERMUTATIONS = IntThreshold(
    999, "permutations", "of what is left beside the levels", "Davison and Hinkley (1997), 4.2.5"
)
_MAX_ROUNDS = 3
"""How often levels and penalty may correct each other."""
_LONGEST_DRAWN = 400
_MAX_CELLS = 4_000_000
"""Numbers of one batch of draws."""
_SEED = 20_201_112


class Change(Struct, frozen=True):
    """A change of level."""

    at: int
    """Number of the first point of the new level."""
    before: float
    """Median of the level before."""
    after: float
    points_before: int
    points_after: int

    @property
    def ratio(self) -> float:
        """What the time was multiplied by."""
        return self.after / self.before


class Levels(Struct, frozen=True):
    """What a series shows."""

    changes: tuple[Change, ...]
    noise: float
    """Standard deviation of one point, as a share of its value."""
    floor: float
    """Smallest change (share) in the middle of the series that it could show."""
    floor_at_end: float
    """The same of a change that only the last :data:`SEGMENT` points have."""
    outliers: tuple[int, ...]
    """Points that were drawn to their neighbours."""


def levels(values: Sequence[float], tests: int = 1) -> Levels | None:
    """Return the changes of a series of times; None where it has too few points.

    Args:
        values: positive times, in order.
        tests: how many series of one archive are tested: Bonferroni's correction.

    Raises:
        UsageError: ruptures is not installed.
    """
    if len(values) < FEWEST_POINTS:
        return None
    logs = np.log(np.array(values, np.float64))
    smooth, outliers = _hampel(logs)
    noise, count = _noise(smooth), len(logs)
    gain = _gain_of_noise(min(count, _LONGEST_DRAWN), FALSE_ALARMS / max(tests, 1))
    penalty = gain * noise**2
    edges = _segmented(smooth, penalty)
    for _ in range(_MAX_ROUNDS):
        raised = max(gain * noise**2, _permuted_gain(_beside(smooth, edges)))
        if raised == penalty:
            break
        penalty = raised
        edges = _segmented(smooth, penalty)
    edges = _reported(smooth, edges)
    return Levels(
        changes=_changes(values, edges),
        noise=math.expm1(noise),
        floor=_smallest(penalty, count // 2, count),
        floor_at_end=_smallest(penalty, SEGMENT, count),
        outliers=tuple(outliers.tolist()),
    )


def _beside(logs: Floats, edges: list[int]) -> Floats:
    """Return what is left of a series beside its levels."""
    rest: Floats = logs.copy()
    for low, high in pairwise(edges):
        rest[low:high] -= rest[low:high].mean()
    return rest


def _smallest(penalty: float, part: int, count: int) -> float:
    """Return the least change (share) of ``part`` of the points whose gain pays for a split."""
    least = math.sqrt(penalty * count / (part * (count - part)))
    return max(math.expm1(least), float(SMALLEST))


def _hampel(logs: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return the series with single outliers at the median of their neighbours, and their places.

    What lasts :data:`SEGMENT` points is a level: the window's median follows it.
    """
    half = _WINDOW // 2
    padded = np.pad(logs, half, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)
    middle = np.median(windows, axis=1)
    bound = OUTLIER * max(_noise(logs), float(STEP))
    distant = np.abs(logs - middle) > bound
    # of a level that lasts, the neighbours lie as far off
    alone = distant & ~_in_run(distant, logs, middle)
    return np.where(alone, middle, logs), np.flatnonzero(alone)


def _in_run(distant: npt.NDArray[np.bool_], logs: Floats, middle: Floats) -> npt.NDArray[np.bool_]:
    """Whether each point is one of at least SEGMENT neighbours off to the same side."""
    side = np.where(distant, np.sign(logs - middle), 0)
    run = np.zeros(len(side), bool)
    start = 0
    for end in range(1, len(side) + 1):
        if end == len(side) or side[end] != side[start]:
            if side[start] != 0 and end - start >= SEGMENT:
                run[start:end] = True
            start = end
    return run


def _noise(logs: Floats) -> float:
    """Return the standard deviation of a point, from the differences of neighbours."""
    steps = np.diff(logs)
    spread = float(NORMAL * np.median(np.abs(steps - np.median(steps))))
    if (steps == 0).mean() > TIED:
        # of tied values the median says nothing: the mean square does, without the largest steps
        kept = np.sort(np.abs(steps))[: max(1, math.ceil(len(steps) * (1 - _TRIMMED)))]
        spread = max(spread, float(np.sqrt((kept**2).mean())))
    return max(spread / math.sqrt(2), float(STEP))


@cache
def _gain_of_noise(count: int, level: float) -> float:
    """Return the gain of the best split, in variances as estimated, that normal noise exceeds
    with the chance ``level``."""
    generator = np.random.default_rng(_SEED)
    gains = []
    rows = max(1, _MAX_CELLS // count)
    for begin in range(0, _DRAWS, rows):
        drawn = generator.standard_normal((min(rows, _DRAWS - begin), count))
        steps = np.diff(drawn, axis=1)
        off = np.abs(steps - np.median(steps, axis=1, keepdims=True))
        variance = (NORMAL * np.median(off, axis=1)) ** 2 / 2
        gains.append(_best_gain(drawn) / variance)
    return float(np.quantile(np.concatenate(gains), 1 - level))


def _best_gain(rows: Floats) -> Floats:
    """Return what the best split of each row takes off its squared error."""
    count = rows.shape[1]
    sums = np.cumsum(rows - rows.mean(axis=1, keepdims=True), axis=1)
    left = np.arange(SEGMENT, count - SEGMENT + 1)
    gains = sums[:, left - 1] ** 2 * count / (left * (count - left))
    best: Floats = gains.max(axis=1)
    return best


def _segmented(logs: Floats, penalty: float) -> list[int]:
    """Return where levels begin, the first and the end included."""
    try:
        import ruptures
    except ImportError as error:
        raise UsageError(
            "trends needs the package ruptures; install it: pip install 'ncutool[trends]'"
        ) from error
    search = ruptures.KernelCPD(kernel="linear", min_size=int(SEGMENT)).fit(logs.reshape(-1, 1))
    return [0, *map(int, search.predict(pen=penalty))]


def _permuted_gain(rest: Floats) -> float:
    """Return the largest gain a change that any permutation of a series brings.

    Asked of each is the best split, and the best run of some length, which takes two changes.
    """
    count = len(rest)
    largest = 0.0
    generator = np.random.default_rng(_SEED)
    rows = max(1, min(_PERMUTATIONS, _MAX_CELLS // count))
    for begin in range(0, _PERMUTATIONS, rows):
        some = min(rows, _PERMUTATIONS - begin)
        drawn = generator.permuted(np.tile(rest - rest.mean(), (some, 1)), axis=1)
        largest = max(largest, float(_best_gain(drawn).max()), _best_run(drawn) / 2)
    return largest


def _best_run(rows: Floats) -> float:
    """Return what the best run of points at a level of its own takes off the squared error."""
    count = rows.shape[1]
    sums = np.pad(np.cumsum(rows, axis=1), ((0, 0), (1, 0)))
    best, length = 0.0, int(SEGMENT)
    while length <= count // 2:
        run = sums[:, length:] - sums[:, :-length]
        best = max(best, float((run**2).max()) * count / (length * (count - length)))
        length = max(length + 1, length * 5 // 4)
    return best


def _reported(logs: Floats, edges: list[int]) -> list[int]:
    """Return the edges between levels that differ by what is worth a report."""
    kept = list(edges)
    while len(kept) > 2:
        parts = [logs[low:high] for low, high in pairwise(kept)]
        middles = [float(np.median(part)) for part in parts]
        steps = [abs(after - before) for before, after in pairwise(middles)]
        least = min(range(len(steps)), key=lambda place: steps[place])
        if steps[least] >= math.log1p(SMALLEST):
            break
        del kept[least + 1]
    return kept


def _changes(values: Sequence[float], edges: list[int]) -> tuple[Change, ...]:
    parts = [values[low:high] for low, high in pairwise(edges)]
    return tuple(
        Change(
            at=at,
            before=float(np.median(left)),
            after=float(np.median(right)),
            points_before=len(left),
            points_after=len(right),
        )
        for at, left, right in zip(edges[1:-1], parts, parts[1:], strict=False)
    )
