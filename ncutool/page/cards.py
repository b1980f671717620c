"""The two cards: how much is understood, and where the time goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ncutool.analysis import display_names
from ncutool.base import units

if TYPE_CHECKING:
    from ncutool.analysis.sections import CoverageSection, TimeSection
    from ncutool.roofline.coverage import Coverage

_REASONS = 3
_CAUSES = 2


@dataclass(frozen=True)
class Piece:
    """A stretch of a stacked bar and its line in the legend."""

    kind: str
    """Names the colour: a bound, `idle`, or a part of the launch time."""
    pct: float
    text: str
    detail: str = ""


@dataclass(frozen=True)
class Card:
    """A stacked bar with its legend."""

    title: str
    pieces: tuple[Piece, ...]
    note: str = ""


def understood(section: CoverageSection) -> Card:
    """Return how the launch time divides by what is known of it; what has no figures by reason."""
    coverage = section.shares
    title = "How much of it is understood"
    if coverage.understood_pct is None or coverage.duration_ns == 0:
        return Card(title, (), "No launch carries a duration, so no share can be given.")
    parts = [
        Piece(
            part.part,
            part.pct,
            display_names.PARTS[part.part],
            units.counted(part.launches, "launch"),
        )
        for part in coverage.partition
        if part.duration_ns and part.part != "no_figures"
    ]
    note = (
        f"{units.percent(coverage.understood_pct)} of {units.time(coverage.duration_ns)} launch "
        f"time is understood. FLOPs are known for {units.percent(coverage.flop_pct)}, bytes for "
        f"{units.percent(coverage.bytes_pct)}."
    )
    return Card(title, (*parts, *_without_figures(coverage)), note)


def _without_figures(coverage: Coverage) -> list[Piece]:
    """Return the time without figures by reason, the smaller reasons as one."""
    gaps = coverage.without_figures
    pieces = [
        Piece("no_figures", gap.pct, gap.reason, units.counted(gap.launches, "launch"))
        for gap in gaps[:_REASONS]
    ]
    rest = gaps[_REASONS:]
    if rest:
        more = units.counted(len(rest), "other reason")
        pieces.append(Piece("no_figures", sum(gap.pct for gap in rest), more, "listed below"))
    return pieces


def where_time_goes(section: TimeSection) -> Card:
    """Return the window by what holds it; idle time with its main causes."""
    shares = section.shares
    title = "Where the time goes"
    if not shares.parts:
        return Card(title, (), "No launch carries a duration.")
    causes = ", ".join(
        f"{cause.name} {units.quantity('share_pct', cause.values[1])}"
        for cause in section.idle.rows[:_CAUSES]
    )
    pieces = tuple(
        Piece(
            part.kind,
            part.pct,
            display_names.BOUNDS[part.kind],
            causes if part.kind == "idle" else "",
        )
        for part in shares.parts
    )
    base = "wall time" if shares.of_wall else "launch time"
    note = f"Of {units.time(shares.base_ns)} {base}."
    if shares.overlap_ns > 0.001 * shares.base_ns:
        note += (
            f" {units.time(shares.overlap_ns)} of launches ran beside others and count once: "
            "computing first, communication and copies only where nothing hides them."
        )
    return Card(title, pieces, note)
