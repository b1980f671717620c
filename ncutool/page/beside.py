"""What stands beside a drawing: how much is on it, its legend, what can be hidden, its notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from ncutool import charts
from ncutool.analysis import display_names
from ncutool.analysis.looks import LOOKS
from ncutool.base import units
from ncutool.charts.plane import MOST_ROOFS

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

    from ncutool.analysis.analyse import Analysis
    from ncutool.analysis.capture_roofs import Reached, Roofs
    from ncutool.charts.points import Row
    from ncutool.roofline.coverage import Coverage

MOST_WIDE, MOST_NARROW = 300, 120
"""Groups that get a mark on each drawing, most time first: the page must stay small."""


class Subject(Struct, frozen=True):
    """One kind of device's roofline before it is drawn."""

    groups: pl.DataFrame
    roofs: Roofs
    reached: Reached | None
    points: list[Row]
    strip: list[Row]

    @property
    def names(self) -> list[str]:
        """The roofs in the order of their classes."""
        return [roof.name for roof in self.roofs.compute[:MOST_ROOFS]]


def share_drawn(analysis: Analysis, groups: pl.DataFrame, subject: Subject) -> str:
    """Say how much of all launch time is drawn: `54 % of kernel time is on it, 16 % …`."""
    total = analysis.coverage.duration_ns
    if not total:
        return ""
    parts = []
    for points, where in ((subject.points, "on it"), (subject.strip, "on the strip below")):
        numbers = [point["group"] for point in points]
        spent = int(groups.filter(groups["group"].is_in(numbers))["duration_ns"].sum())
        if numbers:
            parts.append((whole(100 * spent / total), where))
    if not parts:
        return ""
    first, *rest = parts
    more = "".join(f", {share} {where}" for share, where in rest)
    return f"{first[0]} of kernel time is {first[1]}{more}"


def whole(pct: float) -> str:
    """Return a share in whole per cent, and more exactly where that would read as none or all."""
    if pct > 99.5 or 0 < pct < 1:
        return units.percent(pct)
    return f"{pct:.0f} %"


def legend(bounds: Iterable[str]) -> tuple[tuple[str, str, str], ...]:
    """Return bound, symbol and word of each kind of mark, in the order of all outputs."""
    present = set(bounds)
    return tuple(
        (bound, LOOKS[bound].shape, display_names.SHORT_BOUNDS[bound])
        for bound in display_names.BOUNDS
        if bound in present
    )


def toggles(subject: Subject) -> tuple[tuple[str, str], ...]:
    """Return what can be hidden, where there is more than one of a sort."""
    used = {point["roof"] for point in subject.points}
    roofs = [
        (f"r{number}", display_names.roof(name))
        for number, name in enumerate(subject.names)
        if name in used
    ]
    drawn = charts.level_points(
        subject.groups.head(charts.MOST_LEVEL_GROUPS), subject.roofs, charts.LIGHT
    )
    counted = [
        level
        for level, _ in subject.roofs.caches
        if any(point["level"] == level for point in drawn)
    ]
    levels = [("lv-dram", "DRAM"), *((f"lv-{level}", level.upper()) for level in counted)]
    return (*(roofs if len(roofs) > 1 else []), *(levels if counted else []))


def notes_on(groups: pl.DataFrame, subject: Subject, coverage: Coverage | None) -> tuple[str, ...]:
    """Return what to know of the picture: where its lines come from, and what is not on it.

    Args:
        coverage: of all launches; None where the drawing is of some of several devices.
    """
    roofs, reached = subject.roofs, subject.reached
    origin = (
        "the report's own peaks, at the clocks it recorded"
        if roofs.from_record
        else "the device table's dense peaks"
    )
    notes = [f"{'Area is time. ' if subject.points or subject.strip else ''}Solid: {origin}"]
    spread = max(roof.spread_pct for roof in roofs.compute)
    if spread > 1:
        notes[0] += f", which differ by up to {units.percent(spread)} between launches (mean)"
    notes[0] += "."
    if reached is not None:
        best = [
            reached.flop_per_s and units.flop_rate(reached.flop_per_s),
            reached.bytes_per_s and units.data_rate(reached.bytes_per_s),
        ]
        told = " and ".join(one for one in best if one)
        notes.append(f"Dashed: best this capture reached, {told}; implausible figures left out.")
    if any("lv-l" in name for name, _ in toggles(subject)):
        notes.append("Hollow: the same launches by their L2 (squares) and L1 traffic (diamonds).")
    if coverage is not None and (missing := charts.not_on_roofline(coverage)):
        notes.append(missing)
    if groups.height > MOST_WIDE:
        total = max(1, int(groups["duration_ns"].sum()))
        left = int(groups[MOST_WIDE:]["duration_ns"].sum()) / total
        notes.append(
            f"Drawn: the {MOST_WIDE} groups with the most time ({MOST_NARROW} in little room); "
            f"the other {units.count(groups.height - MOST_WIDE)} took "
            f"{units.percent(100 * left)}."
        )
    return tuple(notes)
