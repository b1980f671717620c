"""Launches that are variants of one kernel: the same work by different code, as in a benchmark.

A report does not record what a launch computes. Different code that does exactly as many
operations is taken for a variant where it does many of them a thread, as products do, or where the
names begin alike; what only shares a small count, as a multiplication and an addition of as many
elements do, is not.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from ncutool.base.thresholds import IntThreshold, Threshold

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_TRIED = "judgement, tried on the reports of the corpus"
SAME = Threshold(
    0.01, "share of the operations", "counts that differ by more are of different work", _TRIED
)
MANY = Threshold(
    64.0, "operations of a thread", "as many are not those of one element by chance", _TRIED
)
STEM = IntThreshold(4, "letters", "names that begin with as many alike are of one family", _TRIED)
_FUNCTION = re.compile(r"[A-Za-z_]\w*")


def are(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two launches are variants of one kernel.

    Args:
        one: a row of :data:`ncutool.base.tables.KERNELS`.
        other: another one.
    """
    if one["kernel_full"] == other["kernel_full"] or one["dtype"] != other["dtype"]:
        return False
    work, others = one["flop"], other["flop"]
    if not work or not others or not math.isclose(work, others, rel_tol=SAME):
        return False
    return _per_thread(one) >= MANY or _alike(one["kernel"], other["kernel"])


def groups(rows: Iterable[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Return the launches that are variants of one kernel, fastest first, most time first; of
    several launches of one code the fastest stands for it."""
    best: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        known = best.get(row["kernel_full"])
        if row["duration_ns"] and (known is None or row["duration_ns"] < known["duration_ns"]):
            best[row["kernel_full"]] = row
    found: list[list[Mapping[str, Any]]] = []
    for row in best.values():
        group = next((group for group in found if are(group[0], row)), None)
        if group is None:
            found.append([row])
        else:
            group.append(row)
    several = [sorted(group, key=lambda row: row["duration_ns"]) for group in found if group[1:]]
    return sorted(several, key=lambda group: -sum(row["duration_ns"] for row in group))


def _per_thread(row: Mapping[str, Any]) -> float:
    sizes = [row[f"{what}_{axis}"] for what in ("grid", "block") for axis in "xyz"]
    if None in sizes:
        return 0.0
    threads = math.prod(sizes)
    return float(row["flop"]) / threads if threads else 0.0


def _alike(one: str, other: str) -> bool:
    """Whether two names begin alike up to their parameters."""
    matches = (_FUNCTION.match(one), _FUNCTION.match(other))
    if None in matches:
        return False
    first, second = (match[0].lower() for match in matches if match is not None)
    stem = 0
    while stem < min(len(first), len(second)) and first[stem] == second[stem]:
        stem += 1
    return stem >= STEM
