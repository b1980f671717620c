"""Trends as parts of a page: a line of points with their levels, and the changes as texts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec import Struct

from ncutool.base import units
from ncutool.base.untrusted import printable, shorten
from ncutool.text import trends as words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ncutool.archive.trends import Series, Trends, Work

_WIDTH, _HEIGHT, _EDGE = 560.0, 72.0, 4.0
_MAX_LINES = 8
_MAX_DOTS = 400
"""Points that are drawn of a series; of more, every n-th."""
_MAX_LABEL = 24
_MAX_NAME = 60
_MAX_EVENTS = 30
_LEAST_SPAN = 0.06
"""Share of the time that the height of a line spans at least: noise is not blown up."""


class Line(Struct, frozen=True):
    """One series, drawn."""

    name: str
    label: str
    """The same in words, for whoever does not see it."""
    dots: tuple[tuple[float, float], ...]
    levels: tuple[tuple[float, float, float], ...]
    """From x, to x, y of each level."""
    marks: tuple[tuple[float, str], ...]
    """x and sign (`slower`, `faster`) of each change."""
    low: str
    high: str
    first: str
    last: str


class TrendPart(Struct, frozen=True):
    """The captures of one kind of work."""

    title: str
    rows: tuple[tuple[str, ...], ...]
    more_rows: int
    lines: tuple[Line, ...]
    series: tuple[tuple[str, ...], ...]


class TrendParts(Struct, frozen=True):
    """All of them."""

    headline: str
    by: str
    order: str
    parts: tuple[TrendPart, ...]
    notes: tuple[str, ...]
    event_headings: tuple[str, ...] = words.EVENT_HEADINGS
    series_headings: tuple[str, ...] = words.SERIES_HEADINGS
    width: float = _WIDTH
    height: float = _HEIGHT


def trend_parts(found: Trends) -> TrendParts:
    """Return what a page shows of trends."""
    return TrendParts(
        headline=words.headline(found),
        by=printable(found.by),
        order=printable(found.order),
        parts=tuple(_part(work) for work in found.works),
        notes=tuple(words.notes(found)),
    )


def _part(work: Work) -> TrendPart:
    series = [*([work.whole] if work.whole is not None else []), *work.kernels]
    rows = [row for event in work.events for row in words.event_rows(event)]
    changed = [one for one in series if one.levels is not None and one.levels.changes]
    rest = [one for one in series if one not in changed]
    drawn = [one for one in [*changed, *rest][:_MAX_LINES] if len(one.points) > 1]
    return TrendPart(
        title=words.title(work),
        rows=tuple(rows[:_MAX_EVENTS]),
        more_rows=max(0, len(rows) - _MAX_EVENTS),
        lines=tuple(_line(one, work.labels) for one in drawn),
        series=tuple(words.series_row(one) for one in series),
    )


def _line(one: Series, labels: Sequence[str]) -> Line:
    """Return a series drawn over all points of its work, times on a logarithmic height."""
    place = {label: number for number, label in enumerate(labels)}
    logs = [math.log(point.time_ns) for point in one.points]
    low, high = min(logs), max(logs)
    middle = (low + high) / 2
    half = max(high - low, math.log1p(_LEAST_SPAN)) / 2
    last = max(len(labels) - 1, 1)

    def x(label: str) -> float:
        return round(_EDGE + (_WIDTH - 2 * _EDGE) * place[label] / last, 1)

    def y(log: float) -> float:
        share = (log - middle) / half
        return round(_HEIGHT / 2 - share * (_HEIGHT / 2 - _EDGE), 1)

    every = max(1, -(-len(one.points) // _MAX_DOTS))
    dots = [(x(p.label), y(log)) for p, log in zip(one.points, logs, strict=True)][::every]
    return Line(
        name=shorten(one.name, _MAX_NAME),
        label=_said(one),
        dots=tuple(dots),
        levels=tuple(
            (x(one.points[low_].label), x(one.points[high_].label), y(math.log(time)))
            for low_, high_, time in _levels(one)
        ),
        marks=tuple(
            (x(one.points[change.at].label), "slower" if change.ratio > 1 else "faster")
            for change in (one.levels.changes if one.levels is not None else ())
        ),
        low=units.time(math.exp(low)),
        high=units.time(math.exp(high)),
        first=shorten(one.points[0].label, _MAX_LABEL),
        last=shorten(one.points[-1].label, _MAX_LABEL),
    )


def _levels(one: Series) -> Iterator[tuple[int, int, float]]:
    """Yield first and last point and time of each level."""
    changes = one.levels.changes if one.levels is not None else ()
    if not changes:
        return
    begin = 0
    for change in changes:
        yield begin, change.at - 1, change.before
        begin = change.at
    yield begin, len(one.points) - 1, changes[-1].after


def _said(one: Series) -> str:
    changes = one.levels.changes if one.levels is not None else ()
    text = f"{shorten(one.name, _MAX_NAME)}: {len(one.points)} points"
    said = [
        f"{words.signed_pct(change.ratio)} from {shorten(one.points[change.at].label, _MAX_LABEL)}"
        for change in changes
    ]
    return f"{text}, {'; '.join(said) or 'no change of level'}"
