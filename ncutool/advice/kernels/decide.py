"""The cause in which the path of an expert ends, for each launch of a report.

First whether it fills the device, then what of its time its counters can explain: the cause that
explains most is the one, all others are told beside it. Nothing of one launch adds up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from ncutool.advice.kernels import fill
from ncutool.advice.kernels.causes import Estimate, estimates
from ncutool.work.inside import Inside


class Decided(NamedTuple):
    """What is said of one launch."""

    row: dict[str, Any]
    """Of :data:`ncutool.base.tables.KERNELS`."""
    cause: Estimate
    others: tuple[Estimate, ...]
    """What else applies, most time first."""

    @property
    def saved_ns(self) -> int:
        """What ending the cause saves at most."""
        return int(self.row["duration_ns"] * self.cause.share)

    @property
    def key(self) -> tuple[str, str, str]:
        """What launches have alike that are told of together."""
        return self.row["kernel_full"], self.cause.cause, self.cause.about


def of_launches(
    rows: Sequence[dict[str, Any]], messages: pl.DataFrame, insides: Mapping[int, Inside]
) -> list[Decided]:
    """Return the launches of which something is known to save time, in their order.

    Args:
        rows: launches with a duration, of :data:`ncutool.base.tables.KERNELS`.
        messages: :data:`ncutool_parsers.schema.RULES` of the report; may be empty.
        insides: what the counters of each launch say, by launch_id.
    """
    printed: dict[int, list[dict[str, Any]]] = {}
    for message in messages.to_dicts():
        printed.setdefault(message["launch_id"], []).append(message)
    unfilled = fill.estimates(rows)
    found = []
    for row in rows:
        launch_id = row["launch_id"]
        told = _largest(
            estimates(row, printed.get(launch_id, []), insides.get(launch_id, Inside()))
        )
        if (few := unfilled.get(launch_id)) is not None:
            told = [few, *told]
        if told:
            found.append(_decided(row, told))
    return [one for one in found if one.saved_ns > 0]


def _decided(row: dict[str, Any], told: Sequence[Estimate]) -> Decided:
    """Return the cause and the rest: a grid that does not fill the device goes before all else."""
    order = sorted(told, key=lambda one: -one.share)
    first = next((one for one in told if one.cause == fill.FEW), order[0])
    return Decided(row, first, tuple(one for one in order if one is not first))


def _largest(told: Sequence[Estimate]) -> list[Estimate]:
    """Return the largest estimate of each cause: several of one cause are about the same time."""
    largest: dict[str, Estimate] = {}
    for one in told:
        kept = largest.get(one.cause)
        largest[one.cause] = one if kept is None or one.share > kept.share else kept
    return list(largest.values())
