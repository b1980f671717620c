"""The chart of the speeds of light written as SVG, as a roofline is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.charts import axes, elements
from ncutool.charts.axes import AXIS_PX, NEAR_PX, Frame
from ncutool.charts.elements import Elements
from ncutool.charts.light import HIGH, LOW, TITLES, plan
from ncutool.charts.marks import symbol
from ncutool.charts.roofline_svg import leaders, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.charts.light import Light
    from ncutool.charts.points import Row

LEFT_PX, TOP_PX = 42.0, 22.0
"""Where the plane begins: the numbers stand left of it, the title of its upright axis above."""
_MARGIN_PX = 2.0


def speed_of_light_svg(points: Sequence[Row], *, label: str, size: tuple[int, int]) -> str:
    """Write what :func:`ncutool.charts.speed_of_light_chart.speed_of_light` draws for a page.

    Args:
        points: as there.
        label: what a screen reader says of it.
        size: width and height of the plane in pixels.
    """
    light = plan(points, size)
    into = Elements()
    frame = Frame(LEFT_PX, TOP_PX, *size)
    across = axes.axis(light.ticks, light.x, axes.percent, TITLES[0], light.away[0])
    upright = axes.axis(light.ticks, light.y, axes.percent, TITLES[1], light.away[1])
    axes.draw(into, frame, across, upright)
    into.add("at", elements.text(frame.left + 0.5 - 36, frame.top + 0.5 - 11, TITLES[1]))
    _regions(into, light, frame)
    for row in light.marks:
        x, y = frame.left + light.x(row["x"]), frame.top + light.y(row["y"])
        told = into.about(row["about"], "groups")
        into.add("groups", elements.mark(symbol(row["bound"]), x, y, row["size"], told))
    leaders(into, light.texts, frame)
    words(into, light.texts, frame)
    into.close()
    right = frame.right + 1 + axes.beyond(across, frame.width) + _MARGIN_PX
    bottom = frame.bottom + AXIS_PX + light.away[0] - NEAR_PX + _MARGIN_PX
    kind, _, figures = light.scales.partition(" ")
    place = f"{kind} {elements.number(LEFT_PX)} {elements.number(TOP_PX)} {figures}"
    return elements.picture((right, bottom), label, place, into.parts)


def _regions(into: Elements, light: Light, frame: Frame) -> None:
    """Draw the ground below both limits, and the limits."""
    low = light.x(LOW), light.height - light.y(LOW)
    corner = f"M{elements.number(frame.left)} {elements.number(frame.bottom - low[1])}"
    wide, high = (elements.number(value) for value in low)
    into.add("region", f'<path d="{corner}h{wide}v{high}h-{wide}z"/>')
    for limit in (LOW, HIGH):
        x, y = frame.left + light.x(limit), frame.top + light.y(limit)
        told = into.about(f"limit|{limit}", "lines")
        into.add("lines", elements.line([(x, frame.bottom), (x, frame.top)], told))
        into.add("lines", elements.line([(frame.left, y), (frame.right, y)], told))
