"""The strip below a roofline as a chart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from ncutool.charts import marks
from ncutool.charts.mark_layer import mark_layer
from ncutool.charts.strip import HEIGHT_PX, MARKS_Y, NAMES_Y, plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.charts.palette import Palette
    from ncutool.charts.points import Row

_TOOLTIP = ("kernel", "work", "launches", "time", "achieved", "of bandwidth")


def strip(
    points: Sequence[Row], bandwidth: str, width: int, palette: Palette, most_ms: float
) -> alt.LayerChart:
    """Draw the strip; its arguments are those of :func:`ncutool.charts.strip.plan`."""
    planned = plan(points, bandwidth, width, most_ms)
    axis = alt.Axis(
        values=planned.ticks, title=planned.title, titleAnchor="end", grid=False, labelFlush=True
    )
    scale = alt.Scale(domain=[0, planned.end], nice=False, zero=True)
    x = alt.X("x:Q", scale=scale, axis=axis)
    ends = alt.InlineData(values=[{"x": 0, "x2": planned.end}])
    line = alt.Chart(ends, name="strip_line").mark_rule(color=palette.line)
    middle = alt.value(MARKS_Y)
    rows = [{**row, **marks.looks(row, palette)} for row in planned.marks]
    texts = [{**row, "x": planned.end * row["px"] / width} for row in planned.names]
    words = (
        alt.Chart(alt.InlineData(values=texts), name="strip_names")
        .mark_text(color=palette.ink, fontSize=11, fontWeight=600, baseline="middle")
        .encode(alt.X("x:Q"), alt.Text("text:N"), alt.Description("about:N"), y=alt.value(NAMES_Y))
    )
    layers = [
        line.encode(x, alt.X2("x2:Q"), y=middle),
        mark_layer(
            rows, alt.X("x:Q"), middle, "strip", _TOOLTIP if _TOOLTIP[0] in rows[0] else (),
            clip=False,
        ),
        *([words] if texts else []),
    ]  # fmt: skip
    return alt.LayerChart(layer=layers, width=width, height=HEIGHT_PX)
