"""What one might do to a kernel of a report, and why it is not advised: its own numbers say no."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ncutool.advice.kernels import measures, stalls
from ncutool.advice.kernels.measures import LEAST_PCT, LOW_OCCUPANCY_PCT, PIPE_POINTS, STALL_PCT
from ncutool.advice.view.evidence import Excluded, Value
from ncutool.advice.view.finding import Declined
from ncutool.base import units
from ncutool.base.nvidia import HIGH_PCT, LOW_PCT
from ncutool.base.thresholds import Threshold
from ncutool.roofline.reasons import LEVEL_WORDS
from ncutool.work.limiting import MEMORY_LEVELS
from ncutool.work.nvidia_rules import tail_cap_pct

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ncutool.work.inside import Inside

WORTH = Threshold(
    10.0, "% of the launch time", "a kernel with less is not argued about", "judgement: three lines"
)


def declined(
    rows: Sequence[Mapping[str, Any]], insides: Mapping[int, Inside], told: frozenset[int]
) -> tuple[Declined, ...]:
    """Return what is not advised of the kernels that matter, most time first.

    The longest launch of a kernel stands for it.

    Args:
        rows: launches with a duration, of :data:`ncutool.base.tables.KERNELS`.
        insides: what the counters of each launch say, by launch_id.
        told: launches that a finding is about.
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
        if inside is None or 100 * time < WORTH * window or not measures.limits_known(longest):
            continue
        ids = tuple(row["launch_id"] for row in group)
        against = list(ruled_out(longest, inside))
        if told.isdisjoint(ids) and (full := at_limit(longest)) is not None:
            against.insert(0, full)
        found += [Declined(one.what, one.why, ids, time) for one in against]
    return tuple(sorted(found, key=lambda one: (-one.duration_ns, one.launches)))


def at_limit(row: Mapping[str, Any]) -> Excluded | None:
    """Return that a launch has reached a limit, so that tuning cannot help; None where it has not.

    Args:
        row: of :data:`ncutool.base.tables.KERNELS`.
    """
    if not measures.limits_known(row) or measures.busiest(row) < HIGH_PCT:
        return None
    level = row["limiting_detail"] or row["limiting_level"]
    named = (
        LEVEL_WORDS.get(level, f"the {level} pipe") if level else "a limit that it does not name"
    )
    value = Value("limiting_pct", measures.busiest(row), "%", ">=", float(HIGH_PCT),
                  row["launch_id"])  # fmt: skip
    why = (
        f"It has reached {named}: {limits(row)}. Only less work there makes it shorter: fewer "
        "bytes or narrower types, or fewer operations."
    )
    return Excluded.by(None, f"Tune {row['kernel']} further", why, value)


def ruled_out(row: Mapping[str, Any], inside: Inside) -> Iterator[Excluded]:
    """Yield what one might ask to do to a launch, and the numbers that speak against it."""
    if not measures.limits_known(row):
        return
    yield from _waits(row, inside)
    yield from _occupancy(row, inside)
    yield from _fp64(row, inside)


def excluded(
    row: Mapping[str, Any], inside: Inside, told: frozenset[str] = frozenset()
) -> Iterator[Excluded]:
    """Yield everything that was looked at in a launch and that its numbers rule out.

    Args:
        row: of :data:`ncutool.base.tables.KERNELS`.
        inside: what its counters say.
        told: codes of what is advised of it, which nothing here may contradict.
    """
    if not measures.limits_known(row):
        return
    every = (*ruled_out(row, inside), *_filled(row), *_small(row, inside))
    yield from (one for one in every if one.rule not in told)


def _waits(row: Mapping[str, Any], inside: Inside) -> Iterator[Excluded]:
    stall = inside.stall
    if stall is None:
        return
    share, launch_id = 100 * stall.share, row["launch_id"]
    waited = f"{units.percent(share)} of the time between two instructions is {stall.name}"
    what = f"Shorten what the warps of {row['kernel']} wait for"
    if share < STALL_PCT:
        value = Value("stall_top_pct", share, "%", "<", float(STALL_PCT), launch_id)
        why = f"No reason to wait stands out: {waited}, the most of all."
        yield Excluded.by("tune-stalls", what, why, value)
        return
    hidden = stalls.hidden(inside)
    if hidden is not None:
        issue = 100 * (inside.issue_active or 0.0)
        least = stalls.HIDDEN_ISSUE if issue >= 100 * stalls.HIDDEN_ISSUE else stalls.READY_ISSUE
        value = Value("issue_active_pct", issue, "%", ">=", 100 * least, launch_id)
        yield Excluded.by("tune-stalls", what, f"{waited}, but {hidden}.", value)
    elif row["bound"] in ("memory", "compute", "balanced"):
        value = _near(row)
        why = f"{waited}, but that is how a launch at its limit waits: {limits(row)}."
        yield Excluded.by("tune-stalls", what, why, value)


def limits(row: Mapping[str, Any]) -> str:
    """Return both speeds of light as a clause."""
    return (
        f"compute {units.percent(row['sm_sol_pct'])} and memory "
        f"{units.percent(row['memory_sol_pct'])} of their speed of light"
    )


def _near(row: Mapping[str, Any]) -> Value:
    return Value("limiting_pct", measures.busiest(row), "%", ">=", float(LOW_PCT), row["launch_id"])


def _occupancy(row: Mapping[str, Any], inside: Inside) -> Iterator[Excluded]:
    theoretical, launch_id = inside.theoretical_occupancy_pct, row["launch_id"]
    if theoretical is None or theoretical >= LOW_OCCUPANCY_PCT:
        return
    what = f"Raise the occupancy of {row['kernel']}"
    low = f"Theoretical occupancy is {units.percent(theoretical)}"
    value = Value("occupancy_theoretical_pct", theoretical, "%", launch_id=launch_id)
    why = None
    if measures.one_wave(row):
        why = f"{low}, but its grid does not even fill the device once."
        if row["waves"] is not None:
            value = Value("waves", row["waves"], "waves", launch_id=launch_id)
    elif measures.busiest(row) >= LOW_PCT:
        why, value = f"{low}, but these warps suffice: {limits(row)}.", _near(row)
    elif (hidden := stalls.hidden(inside)) is not None:
        why = f"{low}, but {hidden}."
        value = Value("issue_active_pct", 100 * (inside.issue_active or 0.0), "%", ">=",
                      100 * stalls.READY_ISSUE, launch_id)  # fmt: skip
    elif (meant := measures.specialised(row, inside)) is not None:
        why = f"{low}, but {meant}."
    if why is not None:
        yield Excluded.by("tune-occupancy", what, why, value)


def _fp64(row: Mapping[str, Any], inside: Inside) -> Iterator[Excluded]:
    pipe = inside.fp64_pipe_pct
    if row["dtype"] != "fp64" or pipe is None or row["tensor_flop"]:
        return
    compute = row["sm_sol_pct"]
    if row["limiting_level"] in MEMORY_LEVELS or pipe < compute - PIPE_POINTS:
        below = pipe < compute - PIPE_POINTS
        value = Value("fp64_pipe_pct", pipe, "%", "<" if below else None,
                      compute - PIPE_POINTS if below else None, row["launch_id"])  # fmt: skip
        yield Excluded.by(
            "precision-fp64",
            f"Compute {row['kernel']} in FP32 to relieve the FP64 pipe",
            f"It computes in FP64, but that pipe is only {units.percent(pipe)} busy: "
            f"{limits(row)}.",
            value,
        )


def _filled(row: Mapping[str, Any]) -> Iterator[Excluded]:
    """Yield that the grid is large enough, and its last wave costs little."""
    waves, name = row["waves"], row["kernel"]
    if waves is None or waves < 1:
        return
    told = units.significant(waves)
    value = Value("waves", waves, "waves", ">=", 1.0, row["launch_id"])
    yield Excluded.by("batch-few-blocks", f"Give {name} more blocks",
                      f"{told} waves of blocks fill the device.", value)  # fmt: skip
    cap = tail_cap_pct(waves)
    if cap is not None and cap < LEAST_PCT:
        yield Excluded.by("tune-tail", f"Avoid a partial last wave of {name}",
                          f"Of {told} waves it costs at most {units.percent(cap)}.",
                          _below(row, "last_wave_pct", cap))  # fmt: skip


_SMALL = (
    ("tune-uncoalesced", measures.uncoalesced, "Coalesce the global accesses of {}"),
    ("tune-shared-memory", measures.shared, "Avoid bank conflicts in {}"),
    ("tune-spills", measures.spills, "Keep {} in registers"),
    ("tune-divergence", measures.divergence, "Keep the threads of a warp together in {}"),
)


def _small(row: Mapping[str, Any], inside: Inside) -> Iterator[Excluded]:
    """Yield what was counted and is too little to be worth a word."""
    for rule, measure, what in _SMALL:
        measured = measure(row, inside)
        if measured is None or 100 * measured.share >= LEAST_PCT:
            continue
        value = _below(row, measured.values[0].metric, measured.values[0].value)
        if rule == "tune-divergence":
            enough = measured.values[0].threshold
            value = Value("threads_per_instruction", value.value, "threads", ">=", enough,
                          row["launch_id"])  # fmt: skip
        said = f"{measured.clause[:1].upper()}{measured.clause[1:]}."
        yield Excluded.by(rule, what.format(row["kernel"]), said, value)
    local = inside.local
    if local is not None and local.of_whole > measures.MOSTLY_LOCAL:
        value = Value("local_pct", 100 * local.of_whole, "%", ">", 100 * measures.MOSTLY_LOCAL,
                      row["launch_id"])  # fmt: skip
        yield Excluded.by(
            "tune-uncoalesced", f"Coalesce the global accesses of {row['kernel']}",
            f"{units.percent(100 * local.of_whole)} of its sectors are of local memory, whose "
            "layout is the compiler's.", value,
        )  # fmt: skip


def _below(row: Mapping[str, Any], metric: str, pct: float) -> Value:
    return Value(metric, pct, "%", "<", float(LEAST_PCT), row["launch_id"])
