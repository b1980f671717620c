"""The key below a drawing: each shape and colour that occurs, with its word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from ncutool.analysis import display_names
from ncutool.charts import labels, marks
from ncutool.charts.mark_layer import mark_layer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ncutool.charts.palette import Palette
    from ncutool.charts.points import Row

_ROW_PX = 18
BEST = "best this capture reached"


def key(bounds: Iterable[str], dashed: bool, palette: Palette, width: int) -> alt.LayerChart:
    """Draw a key of the bounds that occur.

    Args:
        bounds: of :data:`ncutool.base.tables.BOUNDS`, in any order and number.
        dashed: a dashed line is drawn too.
    """
    present = set(bounds)
    names = [
        (name, display_names.SHORT_BOUNDS[name]) for name in display_names.BOUNDS if name in present
    ]
    rows: list[Row] = []
    x, y = 6.0, 0.0
    for name, word in [*names, *([("", BEST)] if dashed else [])]:
        wide = 14 + labels.text_width(word) + 14
        if x > 6 and x + wide > width:
            x, y = 6.0, y + _ROW_PX
        rows.append({"px": x, "py": y + 8, "bound": name, "word": word})
        x += wide + (0 if name else 8)
    height = int(y + _ROW_PX)
    icons = [
        {**row, **marks.looks(row, palette), "size": 90.0, "about": f"|{row['bound']}|"}
        for row in rows
        if row["bound"]
    ]
    x_place = alt.X("px:Q", scale=alt.Scale(domain=[0, width], nice=False), axis=None)
    y_place = alt.Y("py:Q", scale=alt.Scale(domain=[height, 0], nice=False), axis=None)
    words = (
        alt.Chart(alt.InlineData(values=rows), name="key_words")
        .mark_text(align="left", baseline="middle", fontSize=11, color=palette.soft)
        .encode(x_place, y_place, alt.Text("word:N"))
    )
    shifted = [{**row, "px": row["px"] + 10} for row in rows]
    words.data = alt.InlineData(
        values=[r | ({} if r["bound"] else {"px": r["px"] + 8}) for r in shifted]
    )
    dashes = [
        {**row, "px": row["px"] - 6, "px2": row["px"] + 12} for row in rows if not row["bound"]
    ]
    line = (
        alt.Chart(alt.InlineData(values=dashes), name="key_line")
        .mark_rule(color=palette.ink, strokeWidth=1.1, strokeDash=[5, 3])
        .encode(x_place, y_place, alt.X2("px2:Q"))
    )
    layers = [words, mark_layer(icons, x_place, y_place, "key_icons", clip=False)]
    return alt.LayerChart(layer=[*layers, line] if dashes else layers, width=width, height=height)
