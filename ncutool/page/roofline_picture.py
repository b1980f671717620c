"""The roofline as a picture of its own, for cards and notebooks, and a picture as PNG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool import charts
from ncutool.analysis.capture_roofs import roofs_of
from ncutool.analysis.groups import grouped

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis
    from ncutool.charts.palette import Palette


def roofline_svg(analysis: Analysis, palette: Palette, width: int, height: int) -> str | None:
    """Return the roofline as SVG; None where nothing is on it, or where devices are unlike."""
    if analysis.mixed:
        return None
    groups, _ = grouped(analysis.kernels)
    roofs, points = roofs_of(analysis, None), charts.roofline_points(groups, tooltips=False)
    if roofs is None or not points:
        return None
    import vl_convert

    chart = charts.roofline(groups, points, roofs, palette=palette, width=width, height=height)
    drawn: str = vl_convert.vegalite_to_svg(chart.to_dict(validate=False))
    return drawn


def png(svg: str, scale: float = 1.0) -> bytes:
    """Return a picture as PNG; its fonts are among those that the converter brings along."""
    import vl_convert

    drawn: bytes = vl_convert.svg_to_png(svg, scale=scale)
    return drawn
