"""Throughput against the speed of each user, in rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.base import units
from ncutool.text.llm_words import milliseconds
from ncutool.text.sheet import Grid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.planning.llm import Plan
    from ncutool.planning.llm.curve import AtSpeed, Curve, CurvePoint, SpeedRow


def speed_grid(plan: Plan, rows: Sequence[AtSpeed]) -> Grid:
    """Return what the deployment gives at round speeds of each user, at most."""
    several = plan.memory.devices > 1
    headings = ("tok/s a user", "batch", "step", "tok/s", *(("tok/s a device",) if several else ()))
    context = units.counted(plan.context_tokens, "token")
    return Grid(
        f"Throughput against the speed of each user, at most, at a context of {context}",
        (*headings, "ends"),
        tuple(
            (
                units.significant(row.tokens_per_s_per_sequence),
                units.count(row.batch),
                milliseconds(row.step_ns),
                units.significant(row.tokens_per_s, 4),
                *((units.significant(row.tokens_per_s_per_device, 4),) if several else ()),
                "where memory does" if row.stopped_by == "memory" else "where users wait longer",
            )
            for row in rows
        ),
        frozenset({"ends"}),
    )


def speeds_grid(rows: Sequence[SpeedRow], curves: Sequence[Curve]) -> Grid:
    """Return what several deployments give at round speeds of each user, with the batch."""
    each = " a device" if any(one.devices > 1 for one in curves) else ""
    return Grid(
        f"tok/s{each} at most and the batch, at a speed of each user",
        ("tok/s a user", *(one.name for one in curves)),
        tuple(
            (units.significant(row.tokens_per_s_per_sequence), *map(_reached, row.found))
            for row in rows
        ),
    )


def _reached(found: AtSpeed | None) -> str:
    if found is None:
        return units.UNKNOWN
    ends = ", memory ends" if found.stopped_by == "memory" else ""
    rate = units.significant(found.tokens_per_s_per_device, 4)
    return f"{rate} ({units.count(found.batch)}{ends})"


def stop_words(plan: Plan, point: CurvePoint) -> str:
    """Return what a batch gives, in one sentence."""
    device = ""
    if plan.memory.devices > 1:
        device = f" ({units.significant(point.tokens_per_s_per_device, 4)} a device)"
    room = "" if point.fits else "; memory does not hold it"
    expected = ""
    if plan.model.experts is not None:
        usual = units.significant(point.expected_tokens_per_s_per_sequence)
        expected = f"; {usual} tok/s a user with experts as expected"
    return (
        f"batch {units.count(point.batch)}: {milliseconds(point.floor_ns)} a token, "
        f"{units.significant(point.tokens_per_s_per_sequence)} tok/s a user, "
        f"{units.significant(point.tokens_per_s, 4)} tok/s in all{device}, "
        f"{point.bound}-bound ({point.limit}){expected}{room}"
    )
