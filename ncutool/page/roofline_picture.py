"""The roofline inside another picture, and a picture as PNG."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ncutool.page.drawing import Standalone, standalone

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis
    from ncutool.charts.palette import Palette

_BESIDE, _BELOW = 52, 130
"""About what axes and the strip of kernels without FLOPs take beside and below the plane."""
_LEAST = 120
_FONT = re.compile(r"""\sfont-family=('[^']*'|"[^"]*")""")


def fitting(
    analysis: Analysis, palette: Palette, width: float, height: float, scale: float = 1.0
) -> Standalone | None:
    """Return the roofline, or where there is none the speeds of light, for a room of this size.

    Args:
        scale: how many times its letters are to be enlarged; the drawing is the smaller for it.
    """
    wide, high = width / scale, height / scale
    plane = (round(wide) - _BESIDE, max(_LEAST, round(high) - _BELOW))
    drawn = standalone(analysis, palette, plane, with_head=False, with_key=False)
    if drawn is None:
        return None
    spare = high - size_of(drawn.svg)[1]
    if abs(spare) > 8:  # it has no strip, or its letters need more rows
        plane = (plane[0], max(_LEAST, plane[1] + round(spare)))
        drawn = standalone(analysis, palette, plane, with_head=False, with_key=False) or drawn
    return drawn


def size_of(svg: str) -> tuple[float, float]:
    """Return the width and height that an SVG gives itself."""
    opening = svg[: svg.index(">")]
    found = [re.search(rf'\s{name}="([\d.]+)', opening) for name in ("width", "height")]
    width, height = (float(one.group(1)) if one else 0.0 for one in found)
    return width, height


def placed(svg: str, x: float, y: float, width: float, height: float) -> str:
    """Return a standalone SVG as a part of another, in its font and as large as there is room."""
    own = size_of(svg)
    end = svg.index(">")
    opening = re.sub(r'\s(width|height|x|y)="[^"]*"', "", _FONT.sub("", svg[:end]))
    if "viewBox" not in opening:
        opening = opening.replace("<svg", f'<svg viewBox="0 0 {own[0]:g} {own[1]:g}"', 1)
    where = f'<svg x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"'
    # Arial has no small triangle; some programs would take all of its line from another font.
    return opening.replace("<svg", where, 1) + svg[end:].replace("\u25be", "\u25bc")


def png(svg: str, scale: float = 1.0) -> bytes:
    """Return a picture as PNG; its fonts are among those that the converter brings along."""
    import vl_convert

    drawn: bytes = vl_convert.svg_to_png(svg, scale=scale)
    return drawn
