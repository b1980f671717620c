"""Trends of an archive as a sheet, for the terminal and Markdown, and as plain data for JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ncutool.archive.change_points import FALSE_ALARMS, FEWEST_POINTS, SEGMENT
from ncutool.archive.trends import WHOLE
from ncutool.base import units
from ncutool.base.records import fields_of
from ncutool.base.untrusted import printable, shorten
from ncutool.text.sheet import Grid, Sheet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ncutool.archive.change_points import Change
    from ncutool.archive.trends import Event, Series, Trends, Work

_ROWS = 12
_NAME = 44
_LABEL = 24
METHOD = (
    "Changes are found by PELT (Killick, Fearnhead and Eckley, 2012; package ruptures) in the "
    "logarithms of times, with a penalty that follows from the noise, chosen so that "
    f"{units.percent(100 * FALSE_ALARMS)} of archives of normal noise show one. It supposes that "
    "the noise of one point says nothing of the next one's."
)
_UNITS = {
    "step": "time of an annotated step",
    "window": "wall time of the window",
    "launches": "summed launch time",
    "launch": "mean time of a launch",
}
EVENT_HEADINGS = ("from", "what", "before", "after", "change", "roofline", "points", "seen after")
SERIES_HEADINGS = ("what", "time", "roofline", "change", "noise", "shows from", "at the end")


def trends_sheet(found: Trends, top: int | None = None) -> Sheet:
    """Return trends as a sheet.

    Args:
        top: rows of each table; 12 where None, all where 0.
    """
    count = _ROWS if top is None else top
    grids = [grid for work in found.works for grid in _grids(work, count, many=len(found.works))]
    return Sheet(
        headline=headline(found),
        facts=(),
        grids=tuple(grids),
        notes=tuple(notes(found)),
        source=f"by {printable(found.by)}, in the order of {printable(found.order)}",
    )


def headline(found: Trends) -> str:
    """Return what is to say of the trends in one sentence."""
    events = [event for work in found.works for event in work.events]
    judged = [work for work in found.works if _judged(work)]
    if not judged:
        most = max((len(work.labels) for work in found.works), default=0)
        return (
            f"Too few points to tell a change: {most} of the same work, and "
            f"at least {FEWEST_POINTS} are needed"
        )
    points = sum(len(work.labels) for work in judged)
    if not events:
        return f"No change of level in {units.counted(points, 'point')}"
    last = shorten(events[-1].label, _LABEL)
    return (
        f"{units.counted(len(events), 'change')} of level in {units.counted(points, 'point')}; "
        f"the last one from {printable(found.by)} {last}"
    )


def _judged(work: Work) -> bool:
    return any(one.levels is not None for one in _all(work))


def _all(work: Work) -> tuple[Series, ...]:
    return (*((work.whole,) if work.whole is not None else ()), *work.kernels)


def title(work: Work) -> str:
    """Return which captures a kind of work has."""
    about = work.about
    rank = f"rank {about['rank']}" if about["rank"] is not None else None
    parts = [about["device"] or "unknown device", rank, units.counted(work.captures, "capture")]
    parts.append(units.counted(len(work.labels), "point"))
    return ", ".join(part for part in parts if part)


def _grids(work: Work, count: int, *, many: int) -> Iterator[Grid]:
    about = f": {title(work)}" if many > 1 else f" ({title(work)})"
    rows = [row for event in work.events for row in event_rows(event)]
    if rows:
        yield _grid(f"Changes{about}", EVENT_HEADINGS, rows, count)
    series = [series_row(one) for one in _all(work)]
    yield _grid(f"Series{about}", SERIES_HEADINGS, series, count)


def _grid(heading: str, headings: tuple[str, ...], rows: list[tuple[str, ...]], count: int) -> Grid:
    shown = rows[:count] if count else rows
    rest = len(rows) - len(shown)
    more = f" ({rest:,} more: --top 0)" if rest else ""
    words = frozenset({"from", "what", "seen after"})
    return Grid(heading + more, headings, tuple(shown), words)


def event_rows(event: Event) -> list[tuple[str, ...]]:
    """Return a row of texts for each series that changed there."""
    return [
        (
            shorten(event.label, _LABEL) if number == 0 else "",
            shorten(one.name, _NAME),
            units.time(change.before),
            units.time(change.after),
            signed_pct(change.ratio),
            _roofs(one, change),
            f"{change.points_before} → {change.points_after}",
            shorten(event.previous, _LABEL) if number == 0 else "",
        )
        for number, (one, change) in enumerate(event.series)
    ]


def signed_pct(ratio: float) -> str:
    """Return a factor as a change: `+8.1 %`."""
    pct = 100 * (ratio - 1)
    sign = "+" if pct > 0 else "−" if pct < 0 else "±"
    return f"{sign}{units.percent(abs(pct))}"


def _roofs(one: Series, change: Change) -> str:
    low = change.at - change.points_before
    before = _middle([p.roofline_pct for p in one.points[low : change.at]])
    after = _middle(
        [p.roofline_pct for p in one.points[change.at : change.at + change.points_after]]
    )
    if before is None or after is None:
        return units.UNKNOWN
    return f"{units.percent(before)} → {units.percent(after)}"


def _middle(values: list[float | None]) -> float | None:
    known = sorted(value for value in values if value is not None)
    return known[len(known) // 2] if known else None


def series_row(one: Series) -> tuple[str, ...]:
    """Return the row of texts of a series."""
    levels = one.levels
    last = one.points[-1] if one.points else None
    if levels is None:
        need = f"{units.counted(len(one.points), 'point')}, needs {FEWEST_POINTS}"
        tail = (need, units.UNKNOWN, units.UNKNOWN, units.UNKNOWN)
    else:
        changed = signed_pct(levels.changes[-1].after / levels.changes[0].before) if (
            levels.changes
        ) else "none"  # fmt: skip
        tail = (
            changed,
            f"±{units.percent(100 * levels.noise)}",
            units.percent(100 * levels.floor),
            units.percent(100 * levels.floor_at_end),
        )
    return (
        shorten(one.name, _NAME),
        units.time(None if last is None else last.time_ns),
        units.percent(None if last is None else last.roofline_pct),
        *tail,
    )


def notes(found: Trends) -> Iterator[str]:
    """Yield what a reader must know of the figures."""
    yield METHOD
    yield (
        "“noise” is the standard deviation of one point; “shows from” the smallest change in the "
        f"middle of a series that it can show, “at the end” of one that only the last {SEGMENT} "
        "points have. Smaller ones may be there and not be seen."
    )
    if len(found.works) > 1:
        yield (
            f"{len(found.works)} kinds of work are kept apart (device, rank, FLOPs of the "
            "products): their times are never put into one series."
        )
    if any(not work.known for work in found.works):
        yield (
            "Of captures without FLOPs of products nothing says whether they did the same work: a "
            "change there may be one of the work. Record shapes (record_shapes=True)."
        )
    whole = sorted({_UNITS[work.whole.unit] for work in found.works if work.whole is not None})
    if whole:
        yield f"The time of the whole is the {' or the '.join(whole)}."
    each = sorted({_UNITS[one.unit] for work in found.works for one in work.kernels})
    if each:
        yield f"The time of a kernel is the {' or the '.join(each)}, as the windows allow."
    for why in sorted({work.why_no_whole for work in found.works if work.why_no_whole}):
        yield f"There is no series of the whole where {why}."
    outliers = sum(
        len(one.levels.outliers) for work in found.works for one in _all(work) if one.levels
    )
    if outliers:
        yield (
            f"{units.counted(outliers, 'single outlier')} {'is' if outliers == 1 else 'are'} taken "
            "for no level and counts as its neighbours do."
        )
    several = sum(
        1 for work in found.works if work.captures > len(work.labels)
    )  # fmt: skip
    if several:
        yield f"Where a value of {printable(found.by)} has several captures, their median counts."
    left_out = sum(work.left_out_kernels for work in found.works)
    if left_out:
        yield f"{units.counted(left_out, 'kernel')} with less time are not followed."
    if found.left_out_works:
        kinds = units.counted(found.left_out_works, "kind")
        yield f"{kinds} of work with fewer points are left out."
    if found.without:
        yield (
            f"{units.counted(found.without, 'capture')} without a value of {printable(found.by)} "
            f"{'is' if found.without == 1 else 'are'} left out."
        )


def trends_facts(found: Trends) -> dict[str, Any]:
    """Return trends as plain data."""
    return {
        "schema": "ncutool/trends/1",
        "by": found.by,
        "order": found.order,
        "headline": headline(found),
        "needed_points": int(FEWEST_POINTS),
        "works": [_work_facts(work) for work in found.works],
        "notes": list(notes(found)),
    }


def _work_facts(work: Work) -> dict[str, Any]:
    return {
        **work.about,
        "work_known": work.known,
        "captures": work.captures,
        "points": list(work.labels),
        "why_no_whole": work.why_no_whole,
        "events": [
            {
                "from": event.label,
                "seen_after": event.previous,
                "changes": [
                    {
                        "what": one.name,
                        "whole": one.name == WHOLE,
                        "before_ns": change.before,
                        "after_ns": change.after,
                        "ratio": change.ratio,
                        "points_before": change.points_before,
                        "points_after": change.points_after,
                    }
                    for one, change in event.series
                ],
            }
            for event in work.events
        ],
        "series": [
            {
                "what": one.name,
                "time_of": one.unit,
                "noise_share": None if one.levels is None else one.levels.noise,
                "smallest_change_share": None if one.levels is None else one.levels.floor,
                "smallest_change_at_end_share": None
                if one.levels is None
                else one.levels.floor_at_end,
                "points": [fields_of(point) for point in one.points],
            }
            for one in _all(work)
        ],
    }
