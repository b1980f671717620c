"""Which launches of a trace to profile next with Nsight Compute, and what that would tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import polars as pl

from ncutool.advice.kernels import unseen
from ncutool.advice.price.rank import SMALL_PCT
from ncutool.analysis import capture_notes
from ncutool.analysis.capture_search import Chosen, Listed, alike, listed, search
from ncutool.analysis.request import Redact
from ncutool.base import ncu_command, units
from ncutool.base.ncu_command import Launches
from ncutool.base.thresholds import IntThreshold
from ncutool.timeline.launch_order import launched
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis

REPLAYS = IntThreshold(
    100, "replays", "what is asked for where nothing else is: two launches with every section",
    "judgement: a second or so for kernels of a millisecond",
)  # fmt: skip
OUTPUT = "next"
Kind = Literal["unknown", "unexplained"]
Answer = Literal["capture", "nothing_unknown", "cannot"]


class Level(NamedTuple):
    """How much is collected of each launch."""

    collected: str
    sections: tuple[str, ...]
    passes: int
    """Times that a launch is replayed for it, at most as far as is known."""
    kinds: tuple[Kind, ...]
    """What it settles."""
    tells: str


@dataclass(frozen=True)
class Part:
    """Launches of one kernel of which something is not known."""

    kernel: str
    kind: Kind
    """What holds them is not known; or it is, but not what keeps them so far from it."""
    why: str
    launches: tuple[int, ...]
    duration_ns: int
    pct: float
    """Of the launch time."""


@dataclass(frozen=True)
class NextCapture:
    """What to profile next, or why nothing."""

    answer: Answer
    said: str
    """The answer in one sentence."""
    most_replays: int
    """As asked for."""
    command: str | None = None
    """A command line for a shell; ``PROGRAM`` stands for the program's own command."""
    filter: Launches | None = None
    collected: str | None = None
    sections: tuple[str, ...] = ()
    launches: tuple[int, ...] = ()
    """What the filter selects of the trace's launches, all of it."""
    also_profiled: tuple[int, ...] = ()
    """Those of them that tell nothing new, but lie between the others."""
    passes: int | None = None
    """Replays that each launch takes at most, by reports of like devices; ncu prints how many."""
    replays: int | None = None
    """Those of all launches together."""
    settles: tuple[Part, ...] = ()
    """Most time first."""
    settles_ns: int = 0
    settles_pct: float = 0.0
    remains: tuple[Part, ...] = ()
    """What is not known of launches after it, most time first."""
    remains_ns: int = 0
    remains_pct: float = 0.0
    elsewhere: tuple[str, ...] = ()
    """What is not known and no counter tells, such as idle time."""
    looked: tuple[str, ...] = ()
    """What was looked at to say so."""
    notes: tuple[str, ...] = ()


def next_capture(analysis: Analysis, replays: int = REPLAYS) -> NextCapture:
    """Return which launches to profile so that most of what is not known is settled.

    Args:
        analysis: of a trace.
        replays: how often launches may be replayed, all of them together.

    Raises:
        UsageError: the capture is a report, or ``replays`` is below 1.
    """
    if replays < 1:
        raise UsageError(f"replays={replays}: ask for at least 1")
    if analysis.capture.traits.figures_counted:
        raise UsageError(
            f"{analysis.capture.name} is a {analysis.capture.format.noun}, which has counters: "
            "`ncutool findings` says what it lacks, with the command that collects it; pass a trace"
        )
    candidates, total = _candidates(analysis)
    elsewhere = tuple(
        f"{one.what}, {units.percent(one.pct)}: {one.reason} ({one.collect})"
        for one in analysis.advice.could_not_look
        if not one.launches
    )
    rest: dict[str, Any] = {
        "most_replays": replays, "elsewhere": elsewhere, "looked": analysis.advice.looked,
    }  # fmt: skip
    parts = _parts(candidates, total)
    unsettled = {"remains": parts, **_share("remains", candidates, total)}
    if not total or 100 * int(candidates["duration_ns"].sum()) < SMALL_PCT * total:
        return NextCapture("nothing_unknown", _nothing(candidates, total), **rest, **unsettled)
    if (reason := capture_notes.refused(analysis)) is not None:
        return NextCapture("cannot", reason, **rest, **unsettled)
    groups = alike(candidates)
    order = launched(analysis.capture)
    if not order.apart:
        return NextCapture("cannot", capture_notes.MIXED, **rest, **unsettled)
    by_name = analysis.request.redact is not Redact.NAMES
    known = listed(order, analysis.capture.launches, groups, by_name=by_name)
    found = _best(known, candidates, groups, replays)
    if found is None:
        return NextCapture("cannot", _too_few(candidates, replays), **rest, **unsettled)
    level, chosen = found
    rest["notes"] = tuple(capture_notes.notes(analysis, chosen, order))
    return _filled(analysis, level, chosen, candidates, groups, total, rest)


def _candidates(analysis: Analysis) -> tuple[pl.DataFrame, int]:
    """Return the kernels of which something is not known, with ``kind`` and ``why``, and the time
    of all launches."""
    kernels = analysis.kernels
    frames = {
        "unknown": unseen.unknown_launches(kernels),
        "unexplained": unseen.unexplained_launches(kernels, analysis.advice.findings),
    }
    rows = pl.concat(
        [frame.with_columns(kind=pl.lit(kind)) for kind, frame in frames.items()]
    ).filter((pl.col("category") == "kernel") & (pl.col("duration_ns") > 0))
    return rows, int(kernels["duration_ns"].sum())


def levels(candidates: pl.DataFrame) -> tuple[Level, ...]:
    """Return what may be collected of these launches, the most first."""
    capabilities = candidates["compute_capability"].unique().to_list()
    return (
        Level(
            "full", (), ncu_command.full_passes(capabilities), ("unknown", "unexplained"),
            "what holds them, and why",
        ),
        Level(
            "roofline", ("LaunchStats", "Occupancy"), int(ncu_command.PLACE_PASSES), ("unknown",),
            "their FLOPs and bytes, and what holds them",
        ),
    )  # fmt: skip


def _best(
    known: Listed, candidates: pl.DataFrame, groups: pl.DataFrame, replays: int
) -> tuple[Level, Chosen] | None:
    """Return what to collect of which launches; of levels that tell as much time the deeper."""
    kinds = candidates.select("launch_id", "kind").join(groups, on="launch_id")
    sums = kinds.group_by("group", "kind").agg(pl.col("duration_ns").sum()).sort("group")
    found: tuple[Level, Chosen] | None = None
    for level in levels(candidates):
        weights = dict(
            sums.filter(pl.col("kind").is_in(level.kinds))
            .select("group", "duration_ns")
            .iter_rows()
        )
        if replays < level.passes or not weights:
            continue
        chosen = search(known, weights, replays // level.passes)
        if chosen is not None and (found is None or chosen.weight > found[1].weight):
            found = level, chosen
    return found


def _filled(
    analysis: Analysis,
    level: Level,
    chosen: Chosen,
    candidates: pl.DataFrame,
    groups: pl.DataFrame,
    total: int,
    rest: Mapping[str, Any],
) -> NextCapture:
    """Return the answer for chosen launches: what they settle, and what is left."""
    of_group = dict(groups.select("launch_id", "group").iter_rows())
    of_kind = dict(candidates.select("launch_id", "kind").iter_rows())
    tells = [one for one in chosen.launches if of_kind.get(one) in level.kinds]
    told = {of_group[one] for one in tells}
    ids = groups.filter(pl.col("group").is_in(told))["launch_id"].implode()
    settled = candidates.filter(pl.col("launch_id").is_in(ids))
    left = candidates.filter(~pl.col("launch_id").is_in(ids))
    command = ncu_command.line(
        chosen.filter,
        options=capture_notes.options(analysis, chosen.launches),
        collected=level.collected,
        sections=level.sections,
        output=OUTPUT,
    )
    share = _share("settles", settled, total)
    return NextCapture(
        answer="capture",
        said=f"Settles {units.percent(share['settles_pct'])} of the launch time "
        f"({units.time(share['settles_ns'])} in {units.counted(settled.height, 'launch')}): "
        f"{level.tells}.",
        command=command,
        filter=chosen.filter,
        collected=level.collected,
        sections=level.sections,
        launches=chosen.launches,
        also_profiled=tuple(one for one in chosen.launches if one not in set(tells)),
        passes=level.passes,
        replays=level.passes * len(chosen.launches),
        settles=_parts(settled, total),
        **share,
        remains=_parts(left, total),
        **_share("remains", left, total),
        **rest,
    )


def _parts(rows: pl.DataFrame, total: int) -> tuple[Part, ...]:
    """Return launches by kernel and by what is not known of them, most time first."""
    together = (
        rows.group_by("kernel", "kind", "why")
        .agg(pl.col("launch_id").sort(), pl.col("duration_ns").sum())
        .sort("duration_ns", "kernel", "kind", "why", descending=[True, False, False, False])
    )
    return tuple(
        Part(kernel, kind, why, tuple(launches), duration, 100 * duration / total if total else 0.0)
        for kernel, kind, why, launches, duration in together.iter_rows()
    )


def _share(what: str, rows: pl.DataFrame, total: int) -> dict[str, Any]:
    duration = int(rows["duration_ns"].sum())
    return {f"{what}_ns": duration, f"{what}_pct": 100 * duration / total if total else 0.0}


def _nothing(candidates: pl.DataFrame, total: int) -> str:
    if not total:
        return "Nothing unknown is worth a capture: no launch has a known time."
    share = 100 * int(candidates["duration_ns"].sum()) / total
    left = (
        f"only {units.percent(share)} of the launch time is not known or not explained"
        if share
        else "of every kernel is known what holds it, or a finding says what to do"
    )
    return f"Nothing unknown is worth a capture: {left}."


def _too_few(candidates: pl.DataFrame, replays: int) -> str:
    needed = _least(levels(candidates), set(candidates["kind"]))
    if replays >= needed:
        return (
            "No launch of what is not known can be profiled alone: they communicate with other "
            "devices and would wait for them."
        )
    return (
        f"{units.counted(replays, 'replay')} are too few: one launch takes up to {needed} here; "
        f"pass --replays {needed} or more."
    )


def _least(known: Iterable[Level], kinds: set[str]) -> int:
    return min(level.passes for level in known if kinds & set(level.kinds))
