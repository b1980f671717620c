"""Groups as the marks of a chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.charts.points import Row


def mark_layer(
    rows: Sequence[Row],
    x: alt.X,
    y: Any,
    name: str,
    tooltip: Sequence[str] = (),
    *,
    clip: bool = True,
) -> alt.Chart:
    """Draw marks, each told by its ``about``.

    Args:
        rows: of :func:`ncutool.charts.marks.sized` and :func:`ncutool.charts.marks.looks`.
    """
    tips: Any = [alt.Tooltip(f"{each}:N") for each in tooltip]
    data = alt.InlineData(values=list(rows), name=name)
    chart: alt.Chart = (
        alt.Chart(data, name=name)
        .mark_point(filled=True, clip=clip, opacity=1)
        .encode(
            x,
            alt.Size("size:Q", scale=None, legend=None),
            alt.Shape("shape:N", scale=None, legend=None),
            alt.Fill("fill:N", scale=None, legend=None),
            alt.Stroke("stroke:N", scale=None, legend=None),
            alt.StrokeWidth("thick:Q", scale=None, legend=None),
            alt.FillOpacity("filling:Q", scale=None, legend=None),
            alt.Description("about:N"),
            y=y,
            **({"tooltip": tips} if tips else {}),
        )
    )
    return chart
