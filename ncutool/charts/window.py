"""The part of the plane that a roofline shows, and its pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ncutool.base.thresholds import Threshold
from ncutool.charts.points import four_digits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.analysis.capture_roofs import Roofs
    from ncutool.charts.points import Row

OUTSIDE_PCT = Threshold(
    1.0, "% of the drawn time", "specks that may lie outside of what is drawn", "judgement"
)
WORTH_DECADES = Threshold(
    0.3, "decades", "so much room must be won before a speck is left outside", "judgement"
)


@dataclass(frozen=True)
class Window:
    """What is drawn: FLOP/byte from left to right, FLOP/s from bottom to top, both as powers."""

    left: float
    right: float
    bottom: float
    top: float
    width: int
    height: int

    def x(self, intensity: float) -> float:
        """Return the pixel of an intensity."""
        return self.width * math.log(intensity / self.left) / math.log(self.right / self.left)

    def y(self, rate: float) -> float:
        """Return the pixel of a rate, counted from the top."""
        return self.height * math.log(self.top / rate) / math.log(self.top / self.bottom)

    def intensity(self, x: float) -> float:
        """Return the intensity at a pixel."""
        return float(self.left * (self.right / self.left) ** (x / self.width))

    def rate(self, y: float) -> float:
        """Return the rate at a pixel."""
        return float(self.top * (self.bottom / self.top) ** (y / self.height))

    @property
    def slope(self) -> float:
        """The angle of the bandwidth roof in radians: a decade a decade."""
        up = self.height / math.log10(self.top / self.bottom)
        across = self.width / math.log10(self.right / self.left)
        return math.atan2(up, across)

    def side(self, point: Row) -> str:
        """Return beyond which edge a point lies; empty for a point inside."""
        if point["y"] < self.bottom:
            return "below"
        if point["x"] < self.left:
            return "left"
        if point["x"] > self.right:
            return "right"
        return "above" if point["y"] > self.top else ""


def fit(
    points: Sequence[Row], levels: Sequence[Row], roofs: Roofs, size: tuple[int, int]
) -> Window:
    """Return the window that holds 99 % of the points' time, every roof and every ridge."""
    ridges = [roof.peak_flop_per_s / roofs.peak_bytes_per_s for roof in roofs.compute]
    ridges += [roofs.compute[0].peak_flop_per_s / peak for _, peak in roofs.caches]
    peak = roofs.compute[0].peak_flop_per_s
    if points:
        budget = OUTSIDE_PCT / 100 * sum(point["ms"] for point in points)
        left, right, low, high = _ends(points, budget, ridges, peak)
    else:
        left, right, low, high = min(ridges) / 100, max(ridges), peak / 100, peak
    for level in levels:
        left, right = min(left, level["x"]), max(right, level["x"])
        low, high = min(low, level["y"]), max(high, level["y"])
    left, right = left / 2.2, right * 4
    bottom = min(low / 2.2, left * roofs.peak_bytes_per_s)
    return Window(
        four_digits(left), four_digits(right), four_digits(bottom), four_digits(high * 2.6), *size
    )


def _ends(
    points: Sequence[Row], budget: float, ridges: Sequence[float], peak: float
) -> tuple[float, float, float, float]:
    """Return the ends of both axes: specks far out are left outside, below them first."""
    needed = {"low": [peak], "left": ridges, "right": ridges, "high": [peak]}
    signs = {"low": ("y", 1), "left": ("x", 1), "right": ("x", -1), "high": ("y", -1)}
    ends: dict[str, float] = {}
    rest = list(points)
    for side, (axis, sign) in signs.items():
        rising = sorted((sign * math.log10(point[axis]), point["ms"]) for point in rest)
        end = _end(rising, min(sign * math.log10(value) for value in needed[side]), budget)
        beyond = [point for point in rest if sign * math.log10(point[axis]) < end - 1e-9]
        budget -= sum(point["ms"] for point in beyond)
        gone = {id(point) for point in beyond}
        rest = [point for point in rest if id(point) not in gone]
        ends[side] = 10 ** (sign * end)
    return ends["left"], ends["right"], ends["low"], ends["high"]


def _end(rising: Sequence[tuple[float, float]], needed: float, budget: float) -> float:
    """Return the least logarithm that is shown: specks below it are worth less than their room."""
    first = 0
    while first < len(rising) - 1 and rising[first][1] <= budget:
        budget -= rising[first][1]
        first += 1
    inner = min(rising[first][0], needed)
    if inner - rising[0][0] < WORTH_DECADES:
        return min(rising[0][0], needed)
    # Those just beyond cost little room: only what lies far out is left outside.
    return min(value for value, _ in [*rising, (inner, 0.0)] if value > inner - WORTH_DECADES)
