"""The two cards: how much is understood, and where the time goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from ncutool.analysis import display_names
from ncutool.analysis.looks import LOOKS
from ncutool.base import units

if TYPE_CHECKING:
    from ncutool.analysis.sections import CoverageSection, TimeSection
    from ncutool.roofline.coverage import Coverage

_REASONS = 8
"""Reasons that are told one by one; the table in the notes holds all of them."""
_OVERLAP_SHARE = 0.001
_UNITS_NS = {"s": 1e9, "ms": 1e6, "µs": 1e3, "ns": 1.0}
_PARTS = {
    "on_roofline": "known",
    "bytes_only": "known-in-part",
    "flops_only": "known-in-part",
    "helper": "helper",
    "copy": "copy",
    "communication": "communication",
    "no_figures": "unknown",
}
"""The look of each part of the launch time: a class of the page's own, or a bound's."""


class Piece(Struct, frozen=True):
    """A stretch of a stacked bar and its item in the legend, which look alike."""

    kind: str
    """Names the look: a bound, `idle`, or one of a part of the launch time."""
    pct: float
    name: str
    """What it is, in a word or two."""
    amount: str = ""
    """Its time, in the unit of the heading; empty where the share alone is told."""
    filter: str = ""
    """What the legend filters the page by; empty where there is nothing to filter."""
    title: str = ""
    """More of it, for those who point at it."""

    @property
    def shape(self) -> str:
        """The symbol of its kind; empty where it is no bound of a launch."""
        look = LOOKS.get(self.kind)
        return look.shape if look is not None and self.filter else ""


class Card(Struct, frozen=True):
    """A stacked bar with its legend, of one total that its heading writes."""

    title: str
    """Before the figure: `Understood`."""
    figure: str
    """In bold: `70.0 %`."""
    rest: str
    """After it: `of 45.6 ms`."""
    pieces: tuple[Piece, ...]
    remark: str = ""
    """What the legend shows, in a few words."""
    fold: str = ""
    """The heading over what unfolds; empty for nothing."""
    folded: tuple[str, ...] = ()

    @property
    def heading(self) -> str:
        """The heading as one text."""
        return " ".join(part for part in (self.title, self.figure, self.rest) if part)


def understood(section: CoverageSection) -> Card:
    """Return how the launch time divides by what is known of it; what is not unfolds by reason."""
    coverage = section.shares
    if coverage.understood_pct is None or coverage.duration_ns == 0:
        none = "No launch carries a duration, so no share can be given."
        return Card("How much is understood", "", "", (), remark=none)
    pieces = tuple(
        Piece(
            _PARTS[part.part],
            part.pct,
            display_names.PARTS[part.part],
            title=f"{units.time(part.duration_ns)}, {units.counted(part.launches, 'launch')}",
        )
        for part in coverage.partition
        if part.duration_ns
    )
    share, whole = units.percent(coverage.understood_pct), units.time(coverage.duration_ns)
    return Card(
        "Understood",
        share,
        f"of {whole}",
        pieces,
        remark="launch time",
        fold="Why",
        folded=_reasons(coverage),
    )


def _reasons(coverage: Coverage) -> tuple[str, ...]:
    """Return what FLOPs and bytes are known for, and why the rest is not understood."""
    known = (
        f"FLOPs are known for {units.percent(coverage.flop_pct)} of launch time, bytes for "
        f"{units.percent(coverage.bytes_pct)}."
    )
    gaps = [
        f"{units.percent(gap.pct)} {gap.reason} ({units.counted(gap.launches, 'launch')})"
        for gap in coverage.missing[:_REASONS]
    ]
    rest = coverage.missing[_REASONS:]
    if rest:
        share = units.percent(sum(gap.pct for gap in rest))
        gaps.append(f"{share} {units.counted(len(rest), 'other reason')}, listed in the notes")
    return (known, *gaps)


def where_time_goes(section: TimeSection) -> Card:
    """Return the window by what holds it; the causes of idle time unfold."""
    shares = section.shares
    if not shares.parts:
        none = "No launch carries a duration."
        return Card("Where the time goes", "", "", (), remark=none)
    total = units.time(shares.base_ns)
    unit = total.rsplit(" ", 1)[-1]
    pieces = tuple(
        Piece(
            part.kind,
            part.pct,
            display_names.SHORT_BOUNDS[part.kind],
            amount=in_unit(part.ns, unit),
            filter="" if part.kind == "idle" else f"bound:{part.kind}",
            title=f"{display_names.BOUNDS[part.kind]}: {units.time(part.ns)}",
        )
        for part in shares.parts
    )
    base = "wall time" if shares.of_wall else "launch time"
    folded = _idle(section) + _overlap(section)
    return Card(
        "Where",
        total,
        "go",
        pieces,
        remark=f"{unit} and share of {base}",
        fold="More" if folded else "",
        folded=folded,
    )


def _idle(section: TimeSection) -> tuple[str, ...]:
    """Return what idle time waits for, cause by cause."""
    return tuple(
        f"Idle {cause.name}: {units.quantity('duration_ns', cause.values[0])} "
        f"({units.quantity('share_pct', cause.values[1])})"
        for cause in section.idle.rows
    )


def _overlap(section: TimeSection) -> tuple[str, ...]:
    """Return how launches beside one another are counted, where enough of them are."""
    shares = section.shares
    if shares.overlap_ns <= _OVERLAP_SHARE * shares.base_ns:
        return ()
    return (
        f"{units.time(shares.overlap_ns)} of launches ran beside others and count once: computing "
        "first, communication and copies only where nothing hides them.",
    )


def in_unit(ns: float, unit: str) -> str:
    """Return a time as a number of a unit that is written elsewhere: `7.6`, `0.18`, `<0.01`."""
    value = ns / _UNITS_NS[unit]
    if unit == "ns":
        return units.count(value)
    if 0 < value < 0.005:
        return "<0.01"
    decimals = 0 if value >= 99.95 else 1 if value >= 0.995 else 2
    return f"{value:,.{decimals}f}"
