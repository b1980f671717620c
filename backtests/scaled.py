"""A sweep's captures by `whatif`: of the other capture only its batch and length are used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

from ncutool import predict
from ncutool.predict import sizes
from sweeps import Size, common, span


@dataclass(frozen=True)
class Scaled:
    """One capture at the sizes of another."""

    before: str
    after: str
    batch_scale: float
    length_scale: float
    result: predict.AtScale | None
    refused: str
    actual_ns: int

    @property
    def inside(self) -> bool | None:
        """None where nothing was predicted."""
        return None if self.result is None else self.actual_ns in self.result.kernel_time


def scaled(captures: Sequence[Size]) -> list[Scaled]:
    """Every ordered pair whose sizes are known."""
    found = []
    for before, after in permutations(captures, 2):
        old, new = _sizes(before), _sizes(after)
        if isinstance(old, str) or isinstance(new, str):
            why = old if isinstance(old, str) else str(new)
            found.append(Scaled(before.name, after.name, 1, 1, None, why, after.time_ns))
            continue
        batch = new.batch / old.batch
        length = new.length / old.length if new.length and old.length else 1.0
        result, refused = _attempt(before, batch, length)
        found.append(Scaled(before.name, after.name, batch, length, result, refused, after.time_ns))
    return found


def _attempt(before: Size, batch: float, length: float) -> tuple[predict.AtScale | None, str]:
    try:
        return predict.at_scale(before.base, batch, length), ""
    except ValueError as refusal:
        return None, str(refusal)


def _sizes(capture: Size) -> predict.Sizes | str:
    return sizes.find([run.call for run in capture.base.runs if run.call is not None])


def table(found: Sequence[Scaled]) -> list[str]:
    """A line a pair, and what was refused."""
    prefix = common(sorted({one.before for one in found}))
    lines = [f"{'from → to':16} {'batch ×':>8} {'length ×':>9} {'predicted ms':>17} {'actual':>8}"]
    for one in found:
        name = f"{one.before[prefix:]} → {one.after[prefix:]}"
        if one.result is None:
            lines.append(f"{name:16} refused: {one.refused}")
            continue
        lines.append(
            f"{name:16} {one.batch_scale:8.4g} {one.length_scale:9.4g} "
            f"{span(one.result.kernel_time):>17} {one.actual_ns / 1e6:8.2f} "
            f"{'in' if one.inside else 'OUT'}"
        )
    judged = [one.inside for one in found if one.inside is not None]
    lines.append(f"{sum(judged)} of {len(judged)} inside, {len(found) - len(judged)} refused")
    return lines
