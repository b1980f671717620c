"""All that a chart of the speeds of light draws, with its places, before any of it is drawn.

The regions are those of NVIDIA's rule SOLBottleneck: below 60 % of both limits a launch waits
on latency; limits within 10 points of each other are balanced; above 80 % throughput is high.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from ncutool.base.nvidia import HIGH_PCT, LOW_PCT
from ncutool.charts import labels, marks
from ncutool.charts.placed import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.charts.points import Row

LOW, HIGH = int(LOW_PCT), int(HIGH_PCT)
TITLES = ("memory speed of light (%)", "compute speed of light (%)")
_MOST_NAMES = 8
_SMALLEST_SHARE = 0.004


class Light(Struct, frozen=True):
    """Everything that is drawn of the speeds of light."""

    width: int
    height: int
    top: float
    """Per cent at the end of both axes, which begin at 0."""
    marks: list[Row]
    """Points with ``size`` and ``about``."""
    texts: list[Text]

    @property
    def ticks(self) -> list[int]:
        """The values that both axes name."""
        named = [0, 20, 40, 60, 80, 100] if self.top < 150 else [0, 50, 100, 150, 200]
        return [value for value in named if value <= self.top]

    @property
    def away(self) -> tuple[float, float]:
        """How far the numbers of each axis stand from it: beyond the marks that reach over it."""
        return _away(self.marks, "y", self.height / self.top), _away(
            self.marks, "x", self.width / self.top
        )

    @property
    def scales(self) -> str:
        """What a script must know to zoom: size of the plane, and the ends of both axes."""
        return f"linear {self.width} {self.height} 0 {self.top:g} 0 {self.top:g}"

    def x(self, pct: float) -> float:
        """Return the pixel of a share of the memory's limit."""
        return self.width * pct / self.top

    def y(self, pct: float) -> float:
        """Return the pixel of a share of the arithmetic's limit, counted from the top."""
        return self.height * (1 - pct / self.top)


def plan(points: Sequence[Row], size: tuple[int, int]) -> Light:
    """Return the chart with a place for everything on it.

    Args:
        points: of :func:`ncutool.charts.points.speed_of_light_points`; not empty.
        size: width and height of the plane in pixels.
    """
    top = max(100.0, max(max(point["x"], point["y"]) for point in points) * 1.02)
    rows = [
        {**point, "about": f"{point['group']}|{point['bound']}|"}
        for point in marks.sized(points, size[0])
    ]
    return Light(*size, top, rows, _texts(Light(*size, top, rows, [])))


def _away(rows: Sequence[Row], axis: str, scale: float) -> float:
    over: list[float] = [marks.radius(row["size"]) - row[axis] * scale for row in rows]
    return max(4.0, 1.0 + max(over))


def _texts(light: Light) -> list[Text]:
    """Return the regions' names and those of the largest kernels, where they have room."""
    rows, width, height = light.marks, light.width, light.height
    wanted: list[tuple[labels.Wanted, str, str]] = _regions(light.top, (width, height))
    total = sum(row["ms"] for row in rows)
    first = {row["name"]: row for row in reversed(rows)}  # of one name the group with most time
    by_time = sorted(first.values(), key=lambda row: row["group"])
    for row in by_time[: _MOST_NAMES if width >= marks.WIDE_PX - 60 else 5]:
        if row["ms"] >= _SMALLEST_SHARE * total:
            wide = labels.text_width(row["name"], bold=True)
            place = light.x(row["x"]), light.y(row["y"])
            places = labels.around(*place, marks.radius(row["size"]), wide)
            wanted.append((labels.Wanted(row["group"], places), row["name"], "name"))
    drawn = marks.boxes((light.x(row["x"]), light.y(row["y"]), row["size"]) for row in rows)
    frame = (1.0, 1.0, width - 1.0, height - 1.0)
    soft = [
        box
        for limit in (LOW, HIGH)
        for at, level in [(light.x(limit), light.y(limit))]
        for box in (*labels.along((at, 0, at, height)), *labels.along((0, level, width, level)))
    ]
    found = labels.place([wish for wish, _, _ in wanted], frame, drawn, soft)
    return [
        Text(text, kind, found[wish.key], about=str(wish.key))
        for wish, text, kind in wanted
        if wish.key in found
    ]


def _regions(top: float, size: tuple[int, int]) -> list[tuple[labels.Wanted, str, str]]:
    width, height = size
    low, high = (height * (1 - limit / top) for limit in (LOW, HIGH))
    right = width * LOW / top
    short = width < marks.WIDE_PX - 60
    names = (
        ("latency" if short else "latency: neither limit reaches 60 %", 6.0, low + 11),
        ("compute-bound", 6.0, high - 10),
        ("memory-bound", right + 6, height - 10),
        ("both high", width * HIGH / top + 6, 10.0),
    )
    return [
        (
            labels.Wanted(
                text,
                labels.level(
                    [(x + dx, y + dy, "left") for dy in (0, 18, -18, 36) for dx in (0, 30, 70)],
                    labels.text_width(text),
                ),
            ),
            text,
            "soft",
        )
        for text, x, y in names
    ]
