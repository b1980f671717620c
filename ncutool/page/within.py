"""What the page shows of the inside of a report's kernels: bars, hot lines, NVIDIA's messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ncutool.analysis import inside_path
from ncutool.base import units
from ncutool.base.untrusted import printable
from ncutool.page.explained import median_launches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import polars as pl

    from ncutool.analysis.analyse import Analysis
    from ncutool.inside.hot import Hot

MOST_SHOWN = 24
"""Groups, most time first; `ncutool explain` tells it of every launch."""
_BARS = 4
_HOT = 6
_TEXT, _ANSWER = 240, 900


def within(analysis: Analysis, membership: pl.Series) -> dict[str, Any] | None:
    """Return by group what is known of the inside of its median launch; None for a trace.

    Of each: ``launch``; ``path``, pairs of question and answer; ``bars``, pairs of heading and
    bars (name, percent, kind of colour, value in words); ``hot``, rows of a table; ``rules``,
    what NVIDIA's rules printed: name, estimate, text.
    """
    if not analysis.capture.traits.figures_counted:
        return None
    rows = {row["launch_id"]: row for row in analysis.inside.iter_rows(named=True)}
    return {
        str(group): _of_launch(analysis, rows[launch_id])
        for group, launch_id in median_launches(analysis, membership)[:MOST_SHOWN]
    }


def _of_launch(analysis: Analysis, row: dict[str, Any]) -> dict[str, Any]:
    launch_id = row["launch_id"]
    rules = [
        [
            printable(f"{one.rule}: {one.title}" if one.title else one.rule, _TEXT),
            one.estimate,
            printable(one.text, _TEXT),
        ]
        for one in inside_path.messages(analysis, launch_id)
    ]
    return {
        "launch": launch_id,
        "path": [
            [step.question, printable(step.answer, _ANSWER)]
            for step in inside_path.of(analysis, launch_id)
        ],
        "bars": [[title, bars] for title, bars in _bars(row) if bars],
        "hot": _hot(analysis.hot.get(launch_id)),
        "rules": rules,
    }


def _bars(row: dict[str, Any]) -> Iterator[tuple[str, list[list[Any]]]]:
    stalls = _largest(row["stalls"], row["stalls_pct"])
    yield "Warps wait for", [_bar(name, pct, "latency") for name, pct in stalls]
    yield (
        "Occupancy and issue slots",
        [
            _bar(name, row[column], kind)
            for name, column, kind in (
                ("room for warps", "occupancy_theoretical_pct", "saving"),
                ("warps there", "occupancy_achieved_pct", "saving"),
                ("cycles with an issue", "issue_active_pct", "compute"),
            )
            if row[column] is not None
        ],
    )
    yield (
        "Found in caches",
        [
            _bar(name, row[column], "memory")
            for name, column in (("L1", "l1_hit_pct"), ("L2", "l2_hit_pct"))
            if row[column] is not None
        ],
    )
    pipes = _largest(row["pipes"], row["pipes_pct"])
    of = "" if row["pipes_of"] == "active" else " (of all cycles)"
    yield f"Pipes{of}", [_bar(name, pct, "compute") for name, pct in pipes]


def _largest(names: list[str] | None, shares: list[float] | None) -> Iterable[tuple[str, float]]:
    pairs = zip(names or (), shares or (), strict=False)
    return [(name, pct) for name, pct in pairs if pct >= 1][:_BARS]


def _bar(name: str, pct: float, kind: str) -> list[Any]:
    return [name.replace("_", " "), round(min(pct, 100.0), 1), kind, units.percent(pct)]


def _hot(hot: Hot | None) -> list[list[str]]:
    """Return the hottest instructions: share, instruction, what they wait for, line, load."""
    if hot is None:
        return []
    rows = []
    for one in hot.instructions[:_HOT]:
        load = one.loads[0] if one.loads else None
        fed = "" if load is None else f"{'' if load.sure else 'probably '}{load.text}"
        rows.append(
            [
                units.percent(one.pct),
                printable(one.text or f"byte {one.offset}", _TEXT),
                (one.stall or "").replace("_", " "),
                printable(f"{one.file}:{one.line}" if one.file else "", _TEXT),
                printable(fed, _TEXT),
            ]
        )
    return rows
