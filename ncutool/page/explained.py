"""How the figures of the largest groups come about: their median launch, explained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from ncutool.base.untrusted import printable
from ncutool.explain import Explainer
from ncutool.explain.wording import answer, notes, value_of

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis
    from ncutool.explain import Explanation

MOST_EXPLAINED = 60
"""Groups whose arithmetic the page carries; `ncutool explain` has that of every launch."""
MOST_CHARACTERS = 120_000
_LINE = 600


def explanations(analysis: Analysis, membership: pl.Series) -> dict[str, Any]:
    """Return how figures of the groups with the most time come about, as the script reads it.

    Returns:
        ``of``: each text once. ``groups``: by group, the launch, its steps (name, value and
        formula, and what stands under it, as places in ``of``; -1 for no formula) and the checks
        of its bound.
    """
    chosen = _median_launches(analysis, membership)
    explainer = Explainer(analysis, [launch_id for _, launch_id in chosen])
    places: dict[str, int] = {}
    groups: dict[str, Any] = {}
    size = 0
    for group, launch_id in chosen:
        if size > MOST_CHARACTERS:
            break
        known = len(places)
        groups[str(group)] = _packed(explainer.explain(launch_id), places)
        size += sum(len(text) + 8 for text in list(places)[known:])
    return {"of": list(places), "groups": groups}


def _median_launches(analysis: Analysis, membership: pl.Series) -> list[tuple[int, int]]:
    """Return group and launch in the middle by duration, of the groups with the most time."""
    held = analysis.capture.launches["launch_id"]
    frame = (
        analysis.kernels.select("launch_id", "duration_ns")
        .with_columns(membership.alias("group"))
        .filter(pl.col("group") < MOST_EXPLAINED)
        .filter(pl.col("launch_id").is_in(held.implode()))
        .sort("duration_ns", "launch_id")
        .group_by("group")
        .agg(pl.col("launch_id").get((pl.len() - 1) // 2))
        .sort("group")
    )
    return list(frame.select("group", "launch_id").iter_rows())


def _packed(explanation: Explanation, places: dict[str, int]) -> list[Any]:
    def place(text: str, limit: int | None = _LINE) -> int:
        return places.setdefault(printable(text, limit), len(places))

    steps = [
        [
            place(step.name),
            place(value_of(step)),
            -1 if step.formula is None else place(step.formula, None),
            *(place(line) for line in notes(step)),
        ]
        for step in explanation.steps
    ]
    checks = [place(f"{check.text}: {answer(check.holds)}") for check in explanation.checks]
    return [explanation.launch_id, steps, checks]
