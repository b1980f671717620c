"""A plan for a terminal and for Markdown: what fits, the floors, the sweeps, and what to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.base import units
from ncutool.text.llm_facts import (
    facts,
    fit_words,
    headline,
    plain,
    scope,
    size,
)
from ncutool.text.llm_pools import split_grid
from ncutool.text.llm_usual import usual_grids
from ncutool.text.llm_ways import speculation_grid
from ncutool.text.llm_words import milliseconds
from ncutool.text.sheet import Grid, Sheet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.planning.llm import Model, Plan
    from ncutool.planning.llm.curve import CurvePoint
    from ncutool.planning.llm.step import Step

_WORDS = frozenset(("bound", "by", ""))
"""Headings of columns that hold words."""
_WIDEST = 300
_MARKS = {
    "plan": "the plan's",
    "memory": "memory ends here",
    "compute": "the first that is compute-bound",
}
"""What a batch of the curve is beside a doubling."""


def batch_headings(plan: Plan) -> tuple[str, ...]:
    """Return the headings of the batch sweep; a mixture's floor stands beside what is expected."""
    steps = ("step", "expected", "worst") if plan.model.experts is not None else ("step",)
    return (
        "batch", "FC FLOP/B", "all", "bound", "by", *steps, "tok/s a user", "tok/s",
        "memory", "",
    )  # fmt: skip


def sweep_row(step: Step, first: str) -> tuple[str, ...]:
    """Return one row of a sweep under :func:`batch_headings`."""
    times = [step.floor_ns]
    if step.experts_touched is not None:
        times += [step.expected.ns, step.worst.ns]
    return (
        first,
        plain(step.matrix_intensity_flop_per_byte),
        plain(step.intensity_flop_per_byte),
        step.bound,
        step.limit,
        *map(milliseconds, times),
        units.significant(step.tokens_per_s_per_sequence),
        units.significant(step.tokens_per_s, 4),
        size(step.resident_bytes),
        "" if step.fits else "does not fit",
    )


def batch_rows(plan: Plan) -> list[tuple[str, ...]]:
    """Return the rows of the batch sweep."""
    return [sweep_row(step, units.count(step.batch)) for step in plan.batches]


def context_rows(plan: Plan) -> list[tuple[str, ...]]:
    """Return the rows of the context sweep."""
    return [sweep_row(step, units.count(step.context_tokens)) for step in plan.contexts]


def point_headings(plan: Plan) -> tuple[str, ...]:
    """Return the headings of :func:`point_row`."""
    *most, last = batch_headings(plan)
    return (*most, *(("tok/s a device",) if plan.memory.devices > 1 else ()), last)


def point_row(plan: Plan, step: Step, point: CurvePoint) -> tuple[str, ...]:
    """Return one batch with all that both pictures of a plan show of it."""
    *most, last = sweep_row(step, units.count(step.batch))
    device = units.significant(point.tokens_per_s_per_device, 4)
    words = [last, *(_MARKS[mark] for mark in point.marks)]
    told = "; ".join(word for word in words if word)
    return (*most, *((device,) if plan.memory.devices > 1 else ()), told)


def plan_sheet(plan: Plan) -> Sheet:
    """Return what fits, the floors and limits, the sweeps, and what to know."""
    grids = [
        Grid(
            f"Batch, at a context of {units.counted(plan.context_tokens, 'token')}{scope(plan)}",
            batch_headings(plan),
            tuple(batch_rows(plan)),
            _WORDS,
        )
    ]
    if plan.contexts:
        headings = ("context", *batch_headings(plan)[1:])
        title = f"Context, at batch {units.count(plan.batch)}{scope(plan)}"
        grids.append(Grid(title, headings, tuple(context_rows(plan)), _WORDS))
    grids += speed_grids(plan)
    grids += further_grids(plan)
    return Sheet(
        headline=headline(plan),
        facts=(),
        grids=tuple(grids),
        notes=tuple(plan.notes),
        source=plan.model.source,
        alarm="" if plan.memory.fits else fit_words(plan),
        groups=tuple(
            (title, tuple((fact.name, fact.value, fact.remark) for fact in group))
            for title, group in facts(plan)
        ),
    )


def speed_grids(plan: Plan) -> list[Grid]:
    """Return throughput against the speed of each user; nothing where that cannot be told."""
    from ncutool.planning.llm.curve import at_speeds, curve
    from ncutool.text.llm_curve import speed_grid

    rows = at_speeds(plan, curve(plan))
    return [speed_grid(plan, rows)] if rows else []


def further_grids(plan: Plan) -> list[Grid]:
    """Return the tables of what was asked for besides: speculation, divisions, what is usual."""
    return [*speculation_grid(plan), *split_grid(plan), *usual_grids(plan)]


def presets_text(models: Sequence[Model], *, color: bool) -> str:
    """Return the named models, a row each."""
    from ncutool.text.style import render, text_table

    def row(model: Model) -> tuple[str, ...]:
        kept = sum(cache.layers * cache.values_per_token for cache in model.caches)
        return (
            model.name,
            units.significant(model.parameters / 1e9) + " B",
            units.significant(model.active_parameters / 1e9) + " B",
            units.count(2 * kept),
            model.attention_kind,
            model.source,
        )

    headings = ("preset", "parameters", "a token", "KV B/token", "attention", "source")
    words = ("preset", "attention", "source")
    table = text_table(headings, map(row, models), words=words)
    # Sources are addresses: a narrow terminal breaks lines rather than lose an end of one.
    return render(table, color=color, width=_WIDEST)
