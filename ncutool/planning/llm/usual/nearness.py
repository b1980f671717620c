"""Estimates a call's time from measured rows of like calls, and how wrong that is.

A row is near where each size lies within a factor of two. The range is that of the near rows'
times over their reference, from the 10th to the 90th percentile.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import product

from msgspec import Struct

from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.planning.llm.usual.calls import Call, Family
from ncutool.planning.llm.usual.quantiles import quantile
from ncutool.planning.llm.usual.rows import Row

NEAR = Threshold(
    1.0, "factors of two", "how far each size of a near row may lie away",
    "402 products of an H20 (InferSim): at half of it 78 % have no near row, at twice it "
    "the error is no smaller",
)  # fmt: skip
_TAKEN = IntThreshold(
    8, "rows", "the nearest that a range is of",
    "the same rows: with 4 the range holds 66 % of products, with 8 it holds 84 %",
)  # fmt: skip
LEAST = IntThreshold(3, "rows", "fewer near ones tell no range", "judgement")
LOW = Threshold(0.1, "share", "of near rows that are quicker than the low end", "judgement")
HIGH = Threshold(0.9, "share", "of near rows that are quicker than the high end", "judgement")
_TESTED = IntThreshold(
    2_000, "rows", "of a kind that are left out one by one; evenly chosen of more", "judgement"
)


class Range(Struct, frozen=True):
    """What like calls take, carried over to this one."""

    low_ns: float
    median_ns: float
    high_ns: float
    rows: int


class Error(Struct, frozen=True):
    """How far estimates lie from rows that were left out of them. Shares are None where no row had
    near ones."""

    family: Family
    kind: str
    rows: int
    tested: int
    without_near: int
    """Of the tested ones."""
    median_error: float | None
    """Of the median estimate, as a share of the measured time; half of the rows lie within."""
    p90_error: float | None
    within: float | None
    """Share of the measured times that lie in the range."""
    other_shapes_median_error: float | None
    """The same with all rows left out that differ only in how much is done at once (rows, sequences
    and context): for shapes that were never measured."""
    other_shapes_without_near: int


class Rows:
    """Rows of one family, kind and device, found by their sizes."""

    def __init__(self, rows: Sequence[Row]) -> None:
        """Sort the rows into cells a factor of two wide."""
        self.rows = tuple(rows)
        self._cells: dict[tuple[int, ...], list[tuple[tuple[float, ...], Row]]] = defaultdict(list)
        for row in rows:
            place = row.call.place
            self._cells[_cell(place)].append((place, row))

    def near(self, call: Call, but: Row | None = None, *, other_shapes: bool = False) -> list[Row]:
        """Return the nearest rows, nearest first.

        Args:
            but: a row that is not looked at, nor any of the same sizes.
            other_shapes: whether rows of its weights or heads are not looked at either.
        """
        place = call.place
        found = []
        for cell in product(*((each - 1, each, each + 1) for each in _cell(place))):
            for there, row in self._cells.get(cell, ()):
                away = [abs(one - other) for one, other in zip(place, there, strict=True)]
                if max(away) > NEAR:
                    continue
                if but is not None and (
                    there == place or (other_shapes and _shape(row.call) == _shape(call))
                ):
                    continue
                found.append((sum(one * one for one in away), row.where, row))
        found.sort(key=lambda one: one[:2])
        return [row for _, _, row in found[:_TAKEN]]


def estimate(call: Call, near: Sequence[Row]) -> Range | None:
    """Return the range of a call's time; None where too few rows are near."""
    if len(near) < LEAST:
        return None
    stretches = sorted(row.stretch for row in near)
    low, median, high = (quantile(stretches, each) for each in (LOW, 0.5, HIGH))
    return Range(
        low * call.reference_ns, median * call.reference_ns, high * call.reference_ns, len(near)
    )


def left_out_errors(rows: Rows) -> Error:
    """Estimate each row from the others, and return how far off that is."""
    every = rows.rows
    step = max(1, -(-len(every) // _TESTED))
    tested = every[::step]
    away, within, without = _errors(rows, tested, other_shapes=False)
    shaped, _, shaped_without = _errors(rows, tested, other_shapes=True)
    return Error(
        family=every[0].call.family,
        kind=every[0].call.kind,
        rows=len(every),
        tested=len(tested),
        without_near=without,
        median_error=quantile(away, 0.5) if away else None,
        p90_error=quantile(away, 0.9) if away else None,
        within=within / len(away) if away else None,
        other_shapes_median_error=quantile(shaped, 0.5) if shaped else None,
        other_shapes_without_near=shaped_without,
    )


def _errors(
    rows: Rows, tested: Iterable[Row], *, other_shapes: bool
) -> tuple[list[float], int, int]:
    away, within, without = [], 0, 0
    for row in tested:
        found = estimate(row.call, rows.near(row.call, row, other_shapes=other_shapes))
        if found is None:
            without += 1
            continue
        away.append(abs(found.median_ns / row.time_ns - 1))
        within += found.low_ns <= row.time_ns <= found.high_ns
    return sorted(away), within, without


_AMOUNTS = frozenset(("m", "rows an expert", "sequences", "context", "tokens"))
"""Sizes that grow with what is served; the others are the model's."""


def _shape(call: Call) -> tuple[tuple[str, float], ...]:
    return tuple(one for one in call.sizes if one[0] not in _AMOUNTS)


def _cell(place: tuple[float, ...]) -> tuple[int, ...]:
    """Return the cell of a row: of its first three sizes, which leaves 27 cells to look into."""
    return tuple(int(each // 1) for each in place[:3])
