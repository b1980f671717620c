"""A capture before a change and one after it: what advice and roofline said, and what came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from ncutool.advice.view.finding import Finding
from ncutool.analysis.analyse import Analysis, read_and_analyse
from ncutool.whatif.predict import align
from ncutool.whatif.predict.counted import Counted, streaming_share, with_work
from ncutool.whatif.predict.interval import Interval


@dataclass(frozen=True)
class Change:
    """One change, as the manifest names it."""

    name: str
    before: Path
    after: Path
    applied: tuple[str, ...] = ()
    """Kinds of findings, or ids, that the change carried out."""
    steps_before: int = 1
    """Steps of work that the first capture holds; savings are compared for one."""
    steps_after: int = 1


def lines(change: Change) -> tuple[bool | None, list[str]]:
    """Whether the saving lies where it was predicted (None: nothing was predicted of this
    change), and the text."""
    before, after = (read_and_analyse(path) for path in (change.before, change.after))
    text = [
        f"{change.name}: {change.before.name} → {change.after.name}",
        *_totals(change, before, after),
    ]
    verdict, said = _advice(change, before, after)
    text += said
    if _both_counted(before, after):
        inside, counted = _by_work(before, after)
        text += counted
        verdict = inside if verdict is None else verdict and inside is not False
    return verdict, text


def _totals(change: Change, before: Analysis, after: Analysis) -> list[str]:
    wall = _is_wall(before)
    what = "window" if wall else "all launches"
    was, now = before.window_ns / change.steps_before, after.window_ns / change.steps_after
    kernels = [_kernel_ns(one) for one in (before, after)]
    lines = [f"  {what}: {_ms(was)} → {_ms(now)} ms a step, saved {_ms(was - now)} ms"]
    if wall:
        busy = kernels[0] / change.steps_before, kernels[1] / change.steps_after
        lines.append(
            f"  kernel time: {_ms(busy[0])} → {_ms(busy[1])} ms a step, "
            f"saved {_ms(busy[0] - busy[1])} ms"
        )
    return lines


def _advice(change: Change, before: Analysis, after: Analysis) -> tuple[bool | None, list[str]]:
    """The findings that were carried out against what was saved; all others as they stand."""
    done = [one for one in before.findings if {one.kind, one.id} & set(change.applied)]
    if not done:
        why = (
            "  the change carried out no finding, so advice predicts nothing of it"
            if not change.applied
            else f"  advice has no finding of {', '.join(change.applied)}: it did not see this"
        )
        return (None if not change.applied else False), [why, *_named(before, after)]
    # Findings are priced in turn, each on what those before it leave, so their savings add up.
    low = sum(one.saving_low_ns for one in done) / change.steps_before
    high = sum(one.saving_high_ns for one in done) / change.steps_before
    saved = before.window_ns / change.steps_before - after.window_ns / change.steps_after
    inside = low <= saved <= high
    return inside, [
        f"  {one.id} {one.title}: {_ms(one.saving_low_ns)} to {_ms(one.saving_high_ns)} ms"
        for one in done
    ] + [f"  predicted {_ms(low)} to {_ms(high)} ms, actual {_ms(saved)} ms: {_word(inside)}"]


def _both_counted(*analyses: Analysis) -> bool:
    return all(one.capture.traits.figures_counted for one in analyses)


def _named(before: Analysis, after: Analysis) -> list[str]:
    """For each finding of a report what became of its launches, whoever changed them."""
    if not _both_counted(before, after):
        return []
    change = _differences(before, after)
    said = []
    for one in before.findings:
        known = [change[i] for i in one.launches if i in change]
        if known:
            said.append(
                f"  {one.id} {one.title}: up to {_ms(one.saving_high_ns)} ms; its launches "
                f"now take {_ms(sum(known))} ms less{_above(one, sum(known))}"
            )
    return said


def _above(one: Finding, saved: float) -> str:
    return " (more than it said)" if saved > one.saving_high_ns else ""


def _differences(before: Analysis, after: Analysis) -> dict[int, int]:
    """Launch of the first report -> by how much it is shorter in the second."""
    rows = [_rows(one) for one in (before, after)]
    places = align([row["kernel"] for row in rows[0]], [row["kernel"] for row in rows[1]])
    return {
        rows[0][place]["launch_id"]: rows[0][place]["duration_ns"] - row["duration_ns"]
        for place, row in zip(places, rows[1], strict=True)
        if place is not None
    }


def _by_work(before: Analysis, after: Analysis) -> tuple[bool | None, list[str]]:
    """Each launch's time from the first report's rates and the second's FLOPs and bytes."""
    first, second = ([_counted(row) for row in _rows(one)] for one in (before, after))
    streaming = streaming_share(first)
    text = ["  given only the FLOPs and bytes of each launch after the change:"]
    parts: list[Interval] = []
    actual = 0
    places = align([one.kernel for one in first], [one.kernel for one in second])
    for place, one in zip(places, second, strict=True):
        interval = (
            None if place is None else with_work(first[place], one.flop, one.bytes, streaming)
        )
        if interval is None:
            text.append(f"    {one.kernel}: work, peaks or counterpart unknown")
            continue
        parts.append(interval)
        actual += one.duration_ns
        text.append(
            f"    {one.kernel}: {_ms(interval.low_ns, 4)} to {_ms(interval.high_ns, 4)} ms, actual "
            f"{_ms(one.duration_ns, 4)}: {_word(one.duration_ns in interval)}"
        )
    if not parts:
        return None, text
    whole = Interval(sum(one.low_ns for one in parts), sum(one.high_ns for one in parts))
    text.append(
        f"    together {_ms(whole.low_ns)} to {_ms(whole.high_ns)} ms, actual {_ms(actual)}: "
        f"{_word(actual in whole)}"
    )
    return actual in whole, text


def _rows(analysis: Analysis) -> list[dict[str, Any]]:
    known = analysis.kernels.filter(pl.col("duration_ns").is_not_null()).sort("launch_id")
    return known.to_dicts()


def _counted(row: dict[str, Any]) -> Counted:
    return Counted(
        kernel=row["kernel"],
        duration_ns=row["duration_ns"],
        flop=row["flop"],
        bytes=row["dram_bytes"],
        peak_flop_per_s=row["peak_flop_per_s"],
        peak_bytes_per_s=row["peak_bytes_per_s"],
        bound=row["bound"],
    )


def _kernel_ns(analysis: Analysis) -> int:
    return int(analysis.kernels["duration_ns"].sum() or 0)


def _is_wall(analysis: Analysis) -> bool:
    return analysis.timeline is not None


def _ms(time_ns: float, digits: int = 2) -> str:
    return f"{time_ns / 1e6:.{digits}f}"


def _word(inside: bool) -> str:
    return "in" if inside else "OUT"


def summary(verdicts: Sequence[bool | None]) -> str:
    """How many changes lie where they were predicted."""
    judged = [each for each in verdicts if each is not None]
    return f"{sum(judged)} of {len(judged)} changes inside"
