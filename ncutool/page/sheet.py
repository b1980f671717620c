"""A sheet as one offline HTML page: the terminal's facts and tables, and the devices' rooflines."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from ncutool.base import units
from ncutool.base.untrusted import printable
from ncutool.charts.devices import devices_roofline
from ncutool.charts.svg import drawing
from ncutool.page.drawing import NARROW_PX, PAGE_PALETTE, WIDE_PX
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
    drawn: list[Markup] = []
    if rooflines and intensity_flop_per_byte is not None:
        lines = [(printable(name), peak, fed) for name, peak, fed in rooflines]
        label = (
            f"Rooflines of {', '.join(name for name, _, _ in lines)}; the "
            f"workload lies at {units.intensity(intensity_flop_per_byte)}. The table holds the "
            "same figures."
        )
        for width, height in ((WIDE_PX, 380), (NARROW_PX, 300)):
            chart = devices_roofline(
                lines, intensity_flop_per_byte, palette=PAGE_PALETTE, width=width, height=height
            )
            drawn.append(Markup(drawing(chart, label, halo=PAGE_PALETTE.paper)))
    return html_page(
        "sheet.html",
        styles=("theme", "page", "plan", "sheet"),
        scripts=(),
        charted=False,
        sheet=sheet,
        drawn=drawn,
    )
