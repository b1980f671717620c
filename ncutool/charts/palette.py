"""Colours: one per meaning, the same in every chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Palette:
    """Any CSS colours; a page passes ``var(--...)``."""

    ink: str
    soft: str
    line: str
    paper: str
    bounds: dict[str, str]
    """Colour of each of :data:`ncutool.base.tables.BOUNDS`."""

    def color_scale(self, kinds: list[str]) -> dict[str, Any]:
        """Return domain and range of a colour scale for the kinds that occur."""
        return {"domain": kinds, "range": [self.bounds[kind] for kind in kinds]}


LIGHT = Palette(
    ink="#1d2228",
    soft="#5d6772",
    line="#e4e1db",
    paper="#ffffff",
    bounds={
        "compute": "#c4622d",
        "memory": "#2f6fb3",
        "balanced": "#9a7d12",
        "cache": "#1f8a87",
        "below_memory_roof": "#7d93ad",
        "below_compute_roof": "#b48a70",
        "latency": "#7a5aa8",
        "small_grid": "#a8478f",
        "communication": "#b23a48",
        "copy": "#5f7688",
        "unknown": "#8b8577",
    },
)
"""For notebooks and files on a light ground."""
