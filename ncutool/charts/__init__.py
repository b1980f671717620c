"""Tables to altair charts: the only package that imports altair.

A chart carries its data; in a notebook it draws itself, and the page embeds its
``to_dict()``. Colours are a :class:`Palette`, so that a page can pass style variables that
follow light and dark.
"""

from ncutool.charts.palette import DARK, LIGHT, Palette
from ncutool.charts.points import (
    level_points,
    not_on_roofline,
    roofline_points,
    speed_of_light_points,
)
from ncutool.charts.roofline import MOST_LEVEL_GROUPS, roofline
from ncutool.charts.speed_of_light import speed_of_light
from ncutool.charts.strip import strip_points

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
