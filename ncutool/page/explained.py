"""How the figures of the largest groups come about: their median launch, explained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ncutool.base import units
from ncutool.base.untrusted import printable
from ncutool.explain import Explainer
from ncutool.explain.wording import answer, notes, value_of
from ncutool.page.packing import Texts

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis
    from ncutool.explain import Explanation
    from ncutool.explain.explanation import Step

MOST_EXPLAINED = 60
"""Groups whose arithmetic the page carries; `ncutool explain` has that of every launch."""
MOST_CHARACTERS = 25_000
_LINE, _FORMULA = 300, 400

_NAMES = {
    "duration_ns": "time",
    "flop": "FLOPs",
    "bytes_read": "read",
    "bytes_written": "written",
    "dram_bytes": "DRAM bytes",
    "peak_flop_per_s": "compute peak",
    "peak_bytes_per_s": "DRAM peak",
    "achieved_flop_per_s": "achieved",
    "achieved_bytes_per_s": "DRAM rate",
    "intensity_flop_per_byte": "intensity",
    "ridge_point_flop_per_byte": "ridge point",
    "attainable_flop_per_s": "attainable",
    "roofline_pct": "of its roof",
    "compute_pct": "of compute peak",
    "bandwidth_pct": "of DRAM peak",
    "tensor_flop": "tensor FLOPs",
    "int_op": "integer operations",
    "l2_bytes": "L2 bytes",
    "l1_bytes": "L1 bytes",
    "l2_read_bytes": "bytes read of L2",
    "hardware_bytes_per_s": "DRAM peak by clock",
    "sm_sol_pct": "compute speed of light",
    "memory_sol_pct": "memory speed of light",
    "dram_sol_pct": "DRAM speed of light",
    "l2_sol_pct": "L2 speed of light",
    "l1_sol_pct": "L1 speed of light",
}
"""What the page calls a figure; others go by their column's name."""
_SHORT = {"FLOP": "FLOP", "FLOP/s": "FLOP/s", "byte": "B", "byte/s": "B/s"}


def explanations(analysis: Analysis, membership: pl.Series) -> dict[str, Any]:
    """Return how figures of the groups with the most time come about, as the script reads it.

    Returns:
        ``of``: each text once. ``groups``: by group, the launch; its steps (places in ``of`` of
        name, value, formula and what is to be said of it, a line each; -1 for none); and the
        places of the checks of its bound.
    """
    chosen = median_launches(analysis, membership)
    explainer = Explainer(analysis, [launch_id for _, launch_id in chosen])
    texts = Texts()
    groups: dict[str, Any] = {}
    size = 0
    for group, launch_id in chosen:
        if size > MOST_CHARACTERS:
            break
        known = len(texts.of)
        groups[str(group)] = packed = _packed(explainer.explain(launch_id), texts)
        size += sum(len(text) + 4 for text in texts.of[known:]) + 16 * len(packed[1])
    return {"of": texts.of, "groups": groups}


def median_launches(analysis: Analysis, membership: pl.Series) -> list[tuple[int, int]]:
    """Return group and launch in the middle by duration, of the groups with the most time."""
    held = analysis.capture.launches["launch_id"]
    frame = (
        analysis.figures.select("launch_id", "duration_ns")
        .with_columns(membership.alias("group"))
        .filter(pl.col("group") < MOST_EXPLAINED)
        .filter(pl.col("launch_id").is_in(held.implode()))
    )
    group, ids = frame["group"].to_numpy(), frame["launch_id"].to_numpy()
    order = np.lexsort((ids, frame["duration_ns"].fill_null(-1).to_numpy(), group))
    numbers, first, count = np.unique(group[order], return_index=True, return_counts=True)
    middle = ids[order][first + (count - 1) // 2]
    return list(zip(numbers.tolist(), middle.tolist(), strict=True))


def _packed(explanation: Explanation, texts: Texts) -> list[Any]:
    def place(text: str | None, limit: int | None = _LINE) -> int:
        return texts.place(printable(text, limit)) if text else -1

    steps = [
        [
            place(_NAMES.get(step.name, step.name)),
            place(_value(step)),
            place(step.formula, _FORMULA),
            texts.place("\n".join(printable(line, _LINE) for line in notes(step))),
        ]
        for step in explanation.steps
    ]
    checks = [place(f"{check.text}: {answer(check.holds)}") for check in explanation.checks]
    return [explanation.launch_id, steps, checks]


def _value(step: Step) -> str:
    """Return a figure in three digits where a formula gives its exact value, else also exactly."""
    if step.formula is None or not isinstance(step.value, int | float):
        return value_of(step)
    if step.unit in _SHORT:
        return units.scaled(step.value, _SHORT[step.unit])
    if step.unit == "ns":
        return units.time(step.value)
    if step.unit == "%":
        return units.percent(step.value)
    return f"{units.significant(step.value)} {step.unit}".rstrip()
