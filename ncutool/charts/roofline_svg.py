"""A roofline written as SVG: what altair and Vega draw of the same plane, without either.

A page needs no scales that a script can change and no colours, so nothing is left to do but to
write each thing at its place.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ncutool.base import units
from ncutool.charts import axes, elements, marks, strip
from ncutool.charts.axes import AXIS_PX, Frame
from ncutool.charts.elements import Elements
from ncutool.charts.laid_out import LEVEL_SHAPES, LEVEL_SIZE, about, plane, scales, ticks, titles
from ncutool.charts.marks import symbol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from ncutool.analysis.capture_roofs import Reached, Roofs
    from ncutool.charts.palette import Palette
    from ncutool.charts.placed import Text
    from ncutool.charts.plane import Plane
    from ncutool.charts.points import Row

LEFT_PX, TOP_PX = 46.0, 19.0
"""Where the plane begins: the numbers stand left of it, the title of its rates above."""
_MARGIN_PX = 2.0
_RIGHT_PX = 3.0
_BETWEEN_PX = 10.0
_MIDDLE_PX = 3
ANCHORS = {"left": "start", "center": "middle", "right": "end"}


def roofline_svg(
    groups: pl.DataFrame,
    points: Sequence[Row],
    roofs: Roofs,
    *,
    label: str,
    names: Sequence[str],
    palette: Palette,
    size: tuple[int, int],
    bytes_only: Sequence[Row] = (),
    reached: Reached | None = None,
) -> str:
    """Write what :func:`ncutool.charts.roofline_chart.roofline` draws, for a style sheet.

    Args:
        groups, points, roofs, bytes_only, reached: as there.
        label: what a screen reader says of it.
        names: of the roofs, in the order of their classes.
        size: width and height of the plane in pixels.
    """
    most = max((point["ms"] for point in [*points, *bytes_only]), default=0.0)
    drawn = plane(groups, points, roofs, reached, palette, size, most)
    into = Elements(names)
    frame = Frame(LEFT_PX, TOP_PX, *size)
    over = _plane(into, drawn, frame)
    bottom = frame.bottom + AXIS_PX
    if bytes_only:
        fed = units.data_rate(roofs.peak_bytes_per_s)
        below = Frame(LEFT_PX, bottom + _BETWEEN_PX, size[0], strip.HEIGHT_PX)
        over = max(over, _strip(into, strip.plan(bytes_only, fed, size[0], most), below))
        bottom = below.bottom + AXIS_PX
    into.close()
    whole = frame.right + max(over, _RIGHT_PX - _MARGIN_PX) + _MARGIN_PX, bottom + _MARGIN_PX
    kind, _, figures = scales(drawn.window).partition(" ")
    place = f"{kind} {elements.number(LEFT_PX)} {elements.number(TOP_PX)} {figures}"
    return elements.picture(whole, label, place, into.parts)


def _plane(into: Elements, drawn: Plane, frame: Frame) -> float:
    """Draw the plane; return how far its numbers reach beyond its right edge."""
    window = drawn.window
    (x_title, y_title), (x_ticks, y_ticks) = titles(drawn), ticks(window)
    across = axes.axis(x_ticks, window.x, axes.intensity, x_title)
    upright = axes.axis(y_ticks, window.y, axes.rate, y_title)
    axes.draw(into, frame, across, upright)
    # The title of the rates ends where their numbers do.
    into.add("at", elements.text(frame.left + 0.5 - 6, frame.top + 0.5 - 8, y_title, "end"))
    for line in drawn.lines:
        ends = [(frame.left + window.x(x), frame.top + window.y(y)) for x, y in line.ends]
        into.add("lines", elements.line(ends, into.about(f"{line.kind}|{line.name}", "lines")))
    leaders(into, drawn.texts, frame)
    groups = ("levels", _levels(drawn)), ("groups", drawn.inside), ("edge", drawn.outside)
    for kind, rows in groups:
        for row in rows:
            x, y = frame.left + window.x(row["x"]), frame.top + window.y(row["y"])
            shape = row.get("shape") or symbol(row["bound"])
            told = into.about(row.get("about") or about(row), kind)
            into.add(kind, elements.mark(shape, x, y, row["size"], told))
    words(into, drawn.texts, frame, -math.degrees(window.slope))
    return axes.beyond(across, frame.width)


def _levels(drawn: Plane) -> list[Row]:
    return [
        {
            **level,
            "shape": LEVEL_SHAPES[level["level"]],
            "size": LEVEL_SIZE,
            "about": f"{about(level)}|{level['level']}",
        }
        for level in drawn.levels
    ]


def leaders(into: Elements, texts: Sequence[Text], frame: Frame) -> None:
    """Draw the thin lines from marks to names that stand apart from them."""
    for text in texts:
        if text.place.leader is not None:
            x1, y1, x2, y2 = text.place.leader
            ends = [(frame.left + x1, frame.top + y1), (frame.left + x2, frame.top + y2)]
            into.add("leaders", elements.line(ends, f' data-g="{text.about}"'))


def words(into: Elements, texts: Sequence[Text], frame: Frame, slope: float = 0.0) -> None:
    """Draw texts where they have room; those that rise are turned by ``slope`` degrees."""
    for text in texts:
        turn = slope if text.rising else 0.0
        x, y = frame.left + text.place.x, frame.top + text.place.y
        told = into.about_text(f"{text.about}|{text.kind}", "texts")
        level = y if turn else y + _MIDDLE_PX
        anchor = ANCHORS[text.place.align]
        into.add("texts", elements.text(x, level, text.text, anchor, told, turn))


def _strip(into: Elements, planned: strip.Strip, frame: Frame) -> float:
    """Draw the strip; return how far its marks reach beyond its right edge."""

    def place(pct: float) -> float:
        return frame.width * pct / planned.end

    across = axes.axis(planned.ticks, place, axes.percent, planned.title, grid=False)
    axes.draw(into, frame, across, None, " low")
    middle = frame.top + strip.MARKS_Y
    into.add("strip_line", elements.line([(frame.left, middle), (frame.right, middle)]))
    for row in planned.marks:
        told = into.about(row["about"], "strip")
        x = frame.left + place(row["x"])
        into.add("strip", elements.mark(symbol(row["bound"]), x, middle, row["size"], told))
    for row in planned.names:
        told = into.about_text(row["about"], "strip_names")
        level = frame.top + strip.NAMES_Y + _MIDDLE_PX
        x = frame.left + row["px"]
        into.add("strip_names", elements.text(x, level, row["text"], "middle", told))
    reach = [place(row["x"]) + marks.radius(row["size"]) - frame.width for row in planned.marks]
    return max([axes.beyond(across, frame.width), *reach])
