"""The two cards: how much is understood, and where the time goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ncutool.analysis import labels
from ncutool.analysis.time_shares import where_the_time_goes
from ncutool.base import units
from ncutool.base.untrusted import printable

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis

_REASONS = 3


@dataclass(frozen=True)
class Piece:
    """A stretch of a stacked bar and its line in the legend."""

    kind: str
    """Names the colour: a bound, `idle`, `understood` or `unknown`."""
    pct: float
    amount: str
    text: str
    detail: str = ""


@dataclass(frozen=True)
class Card:
    """A stacked bar with its legend."""

    title: str
    pieces: tuple[Piece, ...]
    note: str = ""


def understood(analysis: Analysis) -> Card:
    """What share of launch time has FLOPs and bytes, and why the rest has not."""
    coverage = analysis.coverage
    title = "How much of it is understood"
    if coverage.understood_pct is None or coverage.duration_ns == 0:
        return Card(title, (), "No launch carries a duration, so no share can be given.")
    known = Piece(
        "understood",
        coverage.understood_pct,
        units.percent(coverage.understood_pct),
        "of launch time has FLOPs and bytes, or is copies and communication",
        f"FLOPs {units.percent(coverage.flop_pct)}, bytes {units.percent(coverage.bytes_pct)}",
    )
    gaps = [
        Piece(
            "unknown",
            gap.pct,
            units.percent(gap.pct),
            printable(gap.reason),
            units.counted(gap.launches, "launch", "launches"),
        )
        for gap in coverage.missing[:_REASONS]
    ]
    rest = coverage.missing[_REASONS:]
    if rest:
        pct = sum(gap.pct for gap in rest)
        more = units.counted(len(rest), "other reason")
        gaps.append(Piece("unknown", pct, units.percent(pct), more, "listed below"))
    return Card(title, (known, *gaps))


def where_time_goes(analysis: Analysis) -> Card:
    """The window by what holds it; idle time with its main causes."""
    shares = where_the_time_goes(analysis)
    title = "Where the time goes"
    if not shares.parts:
        return Card(title, (), "No launch carries a duration.")
    order = list(labels.BOUNDS)
    pieces = tuple(
        Piece(
            part.kind,
            part.pct,
            units.percent(part.pct),
            labels.BOUNDS[part.kind],
            _idle_causes(analysis) if part.kind == "idle" else "",
        )
        for part in sorted(shares.parts, key=lambda part: order.index(part.kind))
    )
    base = "wall time" if shares.of_wall else "launch time"
    note = f"Of {units.time(shares.base_ns)} {base}."
    if shares.overlap_ns > 0.001 * shares.base_ns:
        note += (
            f" {units.time(shares.overlap_ns)} of launches ran beside others and count once: "
            "computing first, communication and copies only where nothing hides them."
        )
    return Card(title, pieces, note)


def _idle_causes(analysis: Analysis) -> str:
    timeline = analysis.timeline
    if timeline is None or timeline.idle_ns <= 0:
        return ""
    causes = sorted(timeline.idle_by_cause().items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(
        f"{labels.gap_cause(cause)} {units.percent(100 * duration / timeline.wall_ns)}"
        for cause, duration in causes[:2]
    )
