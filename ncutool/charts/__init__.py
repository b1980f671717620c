"""Tables to drawings: the only room that imports altair.

A chart carries its data; in a notebook it draws itself. Colours are a :class:`Palette`, so that a
page can pass style variables that follow light and dark. What a page draws once is written as SVG
from the same plan as the chart, which takes neither altair nor vl-convert; so what imports altair
is loaded when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ncutool.charts.laid_out import MOST_LEVEL_GROUPS
from ncutool.charts.palette import DARK, LIGHT, Palette
from ncutool.charts.points import (
    level_points,
    not_on_roofline,
    roofline_points,
    speed_of_light_points,
)
from ncutool.charts.strip import strip_points

if TYPE_CHECKING:
    from ncutool.charts.roofline_chart import roofline
    from ncutool.charts.speed_of_light_chart import speed_of_light

__all__ = [
    "DARK",
    "LIGHT",
    "MOST_LEVEL_GROUPS",
    "Palette",
    "level_points",
    "not_on_roofline",
    "roofline",
    "roofline_points",
    "speed_of_light",
    "speed_of_light_points",
    "strip_points",
]

_OF_ALTAIR = {"roofline": "roofline_chart", "speed_of_light": "speed_of_light_chart"}
"""The module of each chart."""


def __getattr__(name: str) -> object:
    """Load a chart's module when the chart is first asked for."""
    if name not in _OF_ALTAIR:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_OF_ALTAIR[name]}"), name)
    globals()[name] = found
    return found
