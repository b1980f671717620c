"""What a pattern of operators is: how it is found, what its replacement takes, what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from msgspec import Struct

from ncutool.advice.view.context import Context
from ncutool.advice.view.nodes import Node
from ncutool.base.tables import Grade
from ncutool.devices.reachable import ACHIEVABLE_SHARE

Nodes = Sequence[Node]
Times = tuple[int, int]
"""Duration of the replacement in nanoseconds, at best and at worst."""


def without_kept(match: re.Match[str], nodes: Nodes) -> Sequence[int]:
    """Return the places of all calls of a match but those of its group `keep`."""
    every = range(len(nodes))
    if "keep" not in match.re.groupindex or not match["keep"]:
        return every
    start, end = (edge - match.start() for edge in match.span("keep"))
    return [*every[:start], *every[end:]]


class Pattern(Struct, frozen=True):
    """One way to fuse."""

    rule: str
    """Its code in the catalogue."""
    name: str
    sequence: re.Pattern[str]
    """Over the symbols of :mod:`ncutool.advice.view.nodes`; group `keep` stays as it is."""
    times: Callable[[Context, Nodes], Times | None]
    """Of all calls of a match; None where the shapes do not bear the pattern out."""
    grade: Grade
    why: str
    """Which traffic the replacement still needs, in words."""
    joins: bool = False
    """The kernel before takes everything over, so that all of its own launches go."""
    by_shape: bool = False
    """One finding for each shape rather than one in all."""
    verb: str = "Fuse"
    """Begins the title."""
    pace: str = "at the bandwidth peak"
    """What the best case rests on, in words."""
    alternative: bool = False
    """It may also claim launches of attention: another way to be rid of them, without fusing it."""
    by_duration: bool = False
    """What the replacement takes also depends on how long the calls took; else ``times`` is the
    same wherever their operations are. Whether the shapes bear it out never does."""
    at_place: Callable[[Times, str, Sequence[int]], Times] | None = None
    """What a place's own calls, by their symbols and durations (ns), make of ``times``; None where
    they do not matter. It spares asking ``times`` at every place, as ``by_duration`` needs."""
    repeats: int = 1
    """In fewer places it is no better than likely."""
    members: Callable[[re.Match[str], Nodes], Sequence[int]] = without_kept
    """The places of those calls of a match that the replacement takes over; their operations alone
    tell them."""


def moving(context: Context, size: float) -> Times:
    """Return the time (ns) to move ``size`` bytes, at the peak and at what a fused kernel reaches
    at least."""
    return context.move_ns(size), context.move_ns(size, ACHIEVABLE_SHARE)
