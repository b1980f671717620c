"""Cutting a window to whole steps."""

from __future__ import annotations

import polars as pl

from ncutool.timeline.steps import Steps


def to_whole_steps(points: pl.DataFrame, steps: Steps) -> tuple[pl.DataFrame, str] | None:
    """Return the launches of the whole steps and what to say; None where nothing is to cut.

    Without annotated steps, the launches from the first with a launch record on are kept.

    A launch that runs across an edge stays with the part inside. Where no launch inside takes any
    time, all are returned: there would be nothing to say of them.
    """
    first, last = int(points["start_ns"].to_numpy().min()), _end(points)
    if steps.whole:
        start = min(step.start_ns for step in steps.whole)
        end = max(step.end_ns for step in steps.whole)
        count = len(steps.whole)
        kept = "the one whole step" if count == 1 else f"the {count} whole steps"
    elif steps.prefix:
        start, end = int(points["start_ns"][steps.prefix]), last
        kept = "what was launched while recording"
    else:
        return None
    if (start, end) == (first, last):
        return None
    inside = _clipped(points, start, end)
    if not inside["duration_ns"].sum():
        return points, f"The window was not cut to {kept}: no launch takes any time there."
    gone = points.height - inside.height
    return inside, (
        f"Cut {(start - first) / 1e3:,.0f} µs off the start and {(last - end) / 1e3:,.0f} µs off "
        f"the end, {gone:,} {'launch' if gone == 1 else 'launches'}, to keep {kept}. The window, "
        "its idle time and the findings are of these; the list of kernels, what is understood of "
        "it and the notices on launches are of the whole recording."
    )


def _end(points: pl.DataFrame) -> int:
    return int((points["start_ns"] + points["duration_ns"]).to_numpy().max())


def _clipped(points: pl.DataFrame, start: int, end: int) -> pl.DataFrame:
    """Return the parts of launches within ``[start, end]`` (ns), in order of start."""
    finish = pl.col("start_ns") + pl.col("duration_ns")
    begin = pl.max_horizontal("start_ns", pl.lit(start))
    whole = (pl.col("start_ns") >= start) & (finish <= end)
    across = (finish > start) & (pl.col("start_ns") < end)
    return (
        points.filter(whole | across)
        .with_columns(start_ns=begin, duration_ns=pl.min_horizontal(finish, pl.lit(end)) - begin)
        .sort("start_ns", "launch_id")
    )
