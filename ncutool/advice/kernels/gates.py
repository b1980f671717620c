"""What one might do to a kernel of a report, and why it is not advised: its own numbers say no."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ncutool.advice.kernels import stalls
from ncutool.advice.kernels.causes import PIPE_POINTS, STALL_PCT
from ncutool.advice.view.finding import Declined
from ncutool.base import units
from ncutool.base.nvidia import LOW_PCT
from ncutool.base.thresholds import Threshold
from ncutool.work.limiting import MEMORY_LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ncutool.work.inside import Inside

LOW_OCCUPANCY_PCT = Threshold(
    80.0,
    "% of the warps that a multiprocessor holds",
    "a theoretical occupancy below it is what one would raise first",
    "NVIDIA, rule file Occupancy that Nsight Compute ships",
)
WORTH = Threshold(
    10.0, "% of the launch time", "a kernel with less is not argued about", "judgement: three lines"
)


def declined(
    rows: Sequence[Mapping[str, Any]], insides: Mapping[int, Inside]
) -> tuple[Declined, ...]:
    """Return what is not advised of the kernels that matter, most time first.

    The longest launch of a kernel stands for it.

    Args:
        rows: launches with a duration, of :data:`ncutool.base.tables.KERNELS`.
        insides: what the counters of each launch say, by launch_id.
    """
    window = sum(row["duration_ns"] for row in rows)
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["kernel_full"], []).append(row)
    found = []
    for group in groups.values():
        time = sum(row["duration_ns"] for row in group)
        longest = max(group, key=lambda row: (row["duration_ns"], -row["launch_id"]))
        inside = insides.get(longest["launch_id"])
        if inside is None or 100 * time < WORTH * window:
            continue
        ids = tuple(row["launch_id"] for row in group)
        found += [Declined(what, why, ids, time) for what, why in ruled_out(longest, inside)]
    return tuple(sorted(found, key=lambda one: (-one.duration_ns, one.launches)))


def ruled_out(row: Mapping[str, Any], inside: Inside) -> Iterator[tuple[str, str]]:
    """Yield what one might do to a launch, and the numbers that speak against it."""
    if row["sm_sol_pct"] is None or row["memory_sol_pct"] is None:
        return
    yield from _waits(row, inside)
    yield from _occupancy(row, inside)
    yield from _fp64(row, inside)


def _waits(row: Mapping[str, Any], inside: Inside) -> Iterator[tuple[str, str]]:
    stall = inside.stall
    if stall is None or 100 * stall.share < STALL_PCT:
        return
    share = units.percent(100 * stall.share)
    waited = f"{share} of the time between two instructions is {stall.name}"
    what = f"Shorten what the warps of {row['kernel']} wait for"
    why = stalls.hidden(inside)
    if why is not None:
        yield what, f"{waited}, but {why}."
    elif row["bound"] in ("memory", "compute", "balanced"):
        yield what, f"{waited}, but that is how a launch at its limit waits: {_limits(row)}."


def _limits(row: Mapping[str, Any]) -> str:
    return (
        f"compute {units.percent(row['sm_sol_pct'])} and memory "
        f"{units.percent(row['memory_sol_pct'])} of their speed of light"
    )


def _occupancy(row: Mapping[str, Any], inside: Inside) -> Iterator[tuple[str, str]]:
    theoretical = inside.theoretical_occupancy_pct
    if theoretical is None or theoretical >= LOW_OCCUPANCY_PCT:
        return
    limit = max(row["sm_sol_pct"], row["memory_sol_pct"])
    what = f"Raise the occupancy of {row['kernel']}"
    low = f"Theoretical occupancy is {units.percent(theoretical)}"
    if row["bound"] == "small_grid":
        yield what, f"{low}, but its grid does not even fill the device once."
    elif limit >= LOW_PCT:
        yield what, f"{low}, but these warps suffice: {_limits(row)}."
    elif (why := stalls.hidden(inside)) is not None:
        yield what, f"{low}, but {why}."


def _fp64(row: Mapping[str, Any], inside: Inside) -> Iterator[tuple[str, str]]:
    pipe = inside.fp64_pipe_pct
    if row["dtype"] != "fp64" or pipe is None or row["tensor_flop"]:
        return
    busiest = row["sm_sol_pct"]
    if row["limiting_level"] in MEMORY_LEVELS or pipe < busiest - PIPE_POINTS:
        yield (
            f"Compute {row['kernel']} in FP32 to relieve the FP64 pipe",
            f"It computes in FP64, but that pipe is only {units.percent(pipe)} busy: {_limits(row)}"
            ".",
        )
