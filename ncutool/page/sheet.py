"""A sheet as one offline HTML page: the terminal's facts and tables, and the devices' rooflines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from ncutool.base import units
from ncutool.base.untrusted import json_for_html
from ncutool.charts.devices import devices_roofline
from ncutool.page.drawing import PAGE_PALETTE
from ncutool.page.html import html_page
from ncutool.text.sheet import Sheet


def render_sheet(
    sheet: Sheet,
    rooflines: Sequence[tuple[str, float, float]] = (),
    intensity_flop_per_byte: float | None = None,
) -> str:
    """Return the page of a sheet: one file that loads nothing. The same sheet gives the same page.

    Args:
        rooflines: name, peak FLOP/s and peak byte/s of each device; no chart where empty.
        intensity_flop_per_byte: where the workload lies; no chart where None.
    """
    spec: dict[str, Any] | None = None
    if rooflines and intensity_flop_per_byte is not None:
        chart = devices_roofline(
            rooflines, intensity_flop_per_byte, palette=PAGE_PALETTE, width="container"
        )
        spec = chart.to_dict(validate=False)
    return html_page(
        "sheet.html",
        styles=("theme", "page", "plan", "sheet"),
        scripts=("sheet",) if spec else (),
        charted=spec is not None,
        sheet=sheet,
        chart_label=f"Rooflines of {', '.join(name for name, _, _ in rooflines)}; the "
        f"workload lies at {units.intensity(intensity_flop_per_byte)}. The table holds the "
        "same figures.",
        data=Markup(json_for_html(spec)) if spec else None,
    )
