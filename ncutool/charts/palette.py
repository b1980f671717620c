"""Colours: one per meaning, the same in every chart."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from ncutool.analysis.looks import LOOKS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ncutool.analysis.looks import Color


class Palette(Struct, frozen=True, dict=True):
    """Any CSS colours; a page passes ``var(--...)``."""

    ink: str
    soft: str
    line: str
    paper: str
    colors: Mapping[Color, str]
    """The colour of each family (:data:`ncutool.analysis.looks.COLORS`)."""

    @cached_property
    def bounds(self) -> dict[str, str]:
        """Colour of each of :data:`ncutool.base.tables.BOUNDS`, and of idle time."""
        return {kind: self.colors[look.color] for kind, look in LOOKS.items()}

    def color_scale(self, kinds: list[str]) -> dict[str, Any]:
        """Return domain and range of a colour scale for the kinds that occur."""
        return {"domain": kinds, "range": [self.bounds[kind] for kind in kinds]}


# The colours of theme.css too; tests hold the two to each other, and every pair to a distance that
# protan and deutan eyes see.
LIGHT = Palette(
    ink="#16181d",
    soft="#545a66",
    line="#e4e4df",
    paper="#ffffff",
    colors={
        "memory": "#356bd8",
        "compute": "#d3801d",
        "latency": "#6c164e",
        "saving": "#108468",
        "unknown": "#a3a7ad",
        "idle": "#eef2f8",
    },
)
"""For notebooks and files on a light ground."""
DARK = Palette(
    ink="#eceef2",
    soft="#a2a9b5",
    line="#262a32",
    paper="#15181d",
    colors={
        "memory": "#65a8ef",
        "compute": "#f5852a",
        "latency": "#ad3a97",
        "saving": "#9de9cf",
        "unknown": "#8d9197",
        "idle": "#3c4046",
    },
)
"""For a dark ground."""
