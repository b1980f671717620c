"""The frame of a drawing that is made once: its axes, its parts one above the other, its head."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from ncutool.charts.shared import FONT_PX, FONTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.charts.head import Head
    from ncutool.charts.palette import Palette

AXIS_PX = 40
"""Room for the numbers left of a plane, the same in every part so that planes align."""

_WITH_KEY = "wheel![event.ctrlKey || event.metaKey]"
"""A plain wheel scrolls the page or notebook."""


def axis(title: str, values: Sequence[float], *, upright: bool = False) -> alt.Axis:
    """Return a logarithmic axis with its values; an upright one has its title above it."""
    if upright:
        number = "replace(format(datum.value, '~s'), regexp('([a-zA-Zµ])'), ' $1')"
        place: dict[str, Any] = {
            "titleAngle": 0, "titleAlign": "right", "titleAnchor": "end", "titleX": -6,
            "titleY": -8, "titleBaseline": "alphabetic", "minExtent": AXIS_PX,
            "maxExtent": AXIS_PX,
        }  # fmt: skip
    else:
        number = "format(datum.value, datum.value < 1e-4 ? '~e' : ',~g')"
        place = {"titleAnchor": "end"}
    return alt.Axis(title=title, values=list(values), labelExpr=number, **place)


def bounded(
    title: str, values: Sequence[float], *, upright: bool = False, away: float = 4.0
) -> alt.Axis:
    """Return a linear axis in per cent, in the same style.

    Args:
        away: pixels between the axis and its numbers; marks that lie on the axis need some.
    """
    place: dict[str, Any] = {"titleAnchor": "end", "labelPadding": away}
    if upright:
        place |= {"minExtent": AXIS_PX, "maxExtent": AXIS_PX, "titleAnchor": "end"}
        place |= {"titleAngle": 0, "titleAlign": "left", "titleX": -AXIS_PX + 4, "titleY": -11}
        place |= {"titleBaseline": "alphabetic"}
    return alt.Axis(title=title, values=list(values), **place)


def framed(
    parts: Sequence[Any],
    palette: Palette,
    head: Head | None = None,
    zoomed: str = "",
    scales: str = "",
) -> alt.VConcatChart:
    """Return the parts one above the other, in the palette.

    Args:
        zoomed: name of the layer whose scales the pointer moves; empty for none.
        scales: of :func:`ncutool.charts.svg.compact`, kept as the chart's ``usermeta``.
    """
    lines: dict[str, Any] = {
        "labelColor": palette.soft,
        "titleColor": palette.soft,
        "titleFontWeight": "normal",
        "gridColor": palette.line,
        "domainColor": palette.line,
        "tickColor": palette.line,
        "tickSize": 3,
        "labelPadding": 3,
        "titlePadding": 4,
        "labelFontSize": FONT_PX,
        "titleFontSize": FONT_PX,
    }
    title: Any = alt.Undefined
    if head is not None:
        title = alt.TitleParams(
            text=head.title, subtitle=list(head.lines), anchor="start", color=palette.ink,
            subtitleColor=palette.soft, fontSize=14, subtitleFontSize=11, offset=12,
        )  # fmt: skip
    zoom = alt.TopLevelSelectionParameter(
        name="zoom",
        select=alt.IntervalSelectionConfig(type="interval", zoom=_WITH_KEY),
        bind="scales",
        views=[zoomed],
    )
    return alt.VConcatChart(
        vconcat=list(parts),
        spacing=10,
        usermeta={"scales": scales},
        title=title,
        params=[zoom] if zoomed else alt.Undefined,
        background="transparent" if head is None else palette.paper,
        padding=2 if head is None else 12,
        config={"axis": lines, "view": {"stroke": None}, "font": FONTS, "concat": {"spacing": 10}},
    )
