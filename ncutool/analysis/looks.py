"""How each bound looks, in every output: a colour family, a shape and a texture.

Six colours are all that people with colour-blindness tell apart, so a colour names a family, and
shape (of a mark) and texture (of an area) tell the members apart. Solid is at its limit, striped is
below it.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Color = Literal["memory", "compute", "latency", "saving", "unknown", "idle"]
"""What a colour means everywhere: bytes, arithmetic, waiting, a saving, not known, idle."""
Shape = Literal[
    "circle", "square", "triangle-up", "triangle-down", "triangle-left", "diamond", "cross", "ring"
]
"""Names of symbols as Vega has them; a ring is a circle without a filling."""
Texture = Literal["solid", "stripes", "dots", "lines", "hatch", "plain"]

COLORS: tuple[Color, ...] = ("memory", "compute", "latency", "saving", "unknown", "idle")


class Look(Struct, frozen=True):
    """How one bound is drawn."""

    color: Color
    shape: Shape
    texture: Texture


LOOKS: dict[str, Look] = {
    "memory": Look("memory", "circle", "solid"),
    "below_memory_roof": Look("memory", "circle", "stripes"),
    "cache": Look("memory", "triangle-down", "dots"),
    "copy": Look("memory", "triangle-left", "lines"),
    "compute": Look("compute", "square", "solid"),
    "below_compute_roof": Look("compute", "square", "stripes"),
    "balanced": Look("compute", "cross", "dots"),
    "latency": Look("latency", "triangle-up", "solid"),
    "small_grid": Look("latency", "diamond", "dots"),
    "communication": Look("latency", "cross", "lines"),
    "unknown": Look("unknown", "ring", "hatch"),
    "idle": Look("idle", "ring", "plain"),
}
"""The look of each of :data:`ncutool.base.tables.BOUNDS`, and of idle time."""
