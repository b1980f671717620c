"""What a reader of a trace's figures must know, in sentences."""

from __future__ import annotations

import polars as pl

from ncutool_parsers.capture import Notice
from ncutool_parsers.counting import agreeing, counted, counted_of
from ncutool_parsers.json_repair import Repair
from ncutool_parsers.torch_tables import Tables

_FILTERED_BELOW = 0.5
"""Share of the operators that are recorded: traces nobody filtered have at least 0.76."""


def truncated(damage: str | None, compressed: bool, total: int, events: int) -> Notice:
    """Return the notice of a trace that ends early or is damaged, with where reading stopped."""
    reason = damage or "the file ends in the middle of the list of events"
    size = f"{total} bytes{' once decompressed' if compressed else ''}"
    return Notice(
        "truncated",
        f"Cut short or damaged: {reason}. Read as far as it is whole, about {size} and "
        f"{counted(events, 'event')}; what follows is missing from every figure.",
        "error",
    )


def no_end(damaged: bool) -> Notice:
    """Return the notice of a trace whose events are whole and whose other members are not."""
    return Notice(
        "truncated",
        "The file is cut short or damaged outside its list of events: "
        f"{'' if damaged else 'all launches are here, but '}what it says of devices and ranks may "
        "be missing.",
    )


def repaired(repair: Repair) -> list[Notice]:
    """Return notices of what could not be decoded strictly."""
    notices = []
    if repair.problems:
        what = ", ".join(repair.problems)
        notices.append(
            Notice("slow_path", f"Parts of the file are not strict JSON ({what}); read slowly.")
        )
    if lost := repair.lost:
        span = lost.span_us
        named = "name no time" if span is None else f"name times {span:,.3f} µs apart"
        notices.append(
            Notice(
                "damaged",
                f"{counted(lost.stretches, 'stretch')} of the list of events cannot be decoded: "
                f"{counted(lost.size, 'byte')}, which {named} and "
                f"{counted(lost.launches, 'launch')}. What they held is missing "
                "from every figure.",
                "error",
            )
        )
    return notices


def about(tables: Tables, python_events: int, damaged: bool = False) -> list[Notice]:
    """Return notices of how well launches could be linked and how exact their times are."""
    launches = tables.launches
    total = int(launches["duration_ns"].sum() or 0)
    replay = launches.filter(pl.col("graph_replay"))
    notices = []
    if len(tables.ops) and not tables.shapes_recorded:
        notices.append(
            Notice(
                "no_shapes",
                "Recorded without input shapes, so FLOPs and bytes are unknown: record with "
                "record_shapes=True.",
            )
        )
    if not len(tables.ops):
        notices.append(
            Notice(
                "no_ops",
                "No CPU operators are among what could be read, so launches have no operator and "
                "no shapes."
                if damaged
                else "No CPU operators were recorded, so launches have no operator and no shapes: "
                "record with ProfilerActivity.CPU too.",
            )
        )
    if len(replay):
        share = _percent(int(replay["duration_ns"].sum() or 0), total)
        notices.append(
            Notice(
                "graph_replay",
                f"{len(replay)} of {len(launches)} launches ({share} of launch time) replay a "
                "CUDA/HIP graph: their operators and shapes are not in the trace.",
            )
        )
    notices += _doubled(tables, total)
    notices += _filtered(tables) + _linking(tables, total) + _doubted(tables, total)
    return notices + _times(tables, python_events)


def processes(tables: Tables) -> list[Notice]:
    """Return the notice of a file that several processes were recorded into."""
    if tables.processes == 1:
        return []
    lost = int(tables.launches["process"].null_count())
    ids = (
        f"{lost:,} of {counted(len(tables.launches), 'launch')} cannot be given to one of them, so "
        "that they have no launch call, no operator and no figures"
        if lost
        else "each launch was given to the process whose label its pid carries"
    )
    return [
        Notice(
            "several_processes",
            f"The file holds {tables.processes} processes: analyse them one by one. Ids are unique "
            f"within a process only, and {ids}. Idle time and what the host did are those of "
            "several programs at once.",
            "error",
        )
    ]


def _doubled(tables: Tables, total: int) -> list[Notice]:
    """Return the notice of events that the file holds twice."""
    doubled = tables.doubled
    if not (doubled.launches or doubled.calls or doubled.ops):
        return []
    share = _percent(doubled.launch_time_ns, total + doubled.launch_time_ns)
    return [
        Notice(
            "doubled",
            f"The file holds {counted(doubled.launches, 'launch')} ({share} of launch time as "
            f"recorded), {counted(doubled.calls, 'call')} and {counted(doubled.ops, 'operator')} "
            "twice, as if it had been appended to itself: each is counted once.",
        )
    ]


def _filtered(tables: Tables) -> list[Notice]:
    """Return the notice of a trace that holds only some of the operators that were called."""
    share = tables.ops_recorded_share
    if share is None or share >= _FILTERED_BELOW:
        return []
    return [
        Notice(
            "filtered_ops",
            f"Only {100 * share:.3g} % of the operators that were called are in the trace (their "
            "`Ev Idx` skips the others): the rest was filtered out or not recorded, so what the "
            "host did between launches is not known.",
        )
    ]


def _doubted(tables: Tables, total: int) -> list[Notice]:
    """Return notices of launches whose recorded times cannot be right."""
    launches = tables.launches
    notices = []
    early = launches.filter(pl.col("doubt") == "before_call")
    if len(early):
        called = early.join(tables.calls.select("call_id", called="start_ns"), on="call_id")
        most = called.select((pl.col("called") - pl.col("start_ns")).max()).item()
        notices.append(
            Notice(
                "before_call",
                f"{_counted(early, launches, total, 'start')} before their own launch call, by up "
                f"to {most / 1e3:,.0f} µs: the clocks of GPU and CPU do not agree there, so what "
                "the host did while the GPU waited cannot be told.",
            )
        )
    over = launches.filter(pl.col("doubt") == "overruns_next")
    if len(over):
        longest = over.select(pl.col("duration_ns").max()).item()
        notices.append(
            Notice(
                "overruns_next",
                f"{_counted(over, launches, total, 'are')} recorded as still running when later "
                "launches of their own stream had run, which cannot be: their durations are "
                f"wrong, the longest {longest / 1e3:,.0f} µs.",
            )
        )
    return notices


def _counted(some: pl.DataFrame, launches: pl.DataFrame, total: int, verb: str) -> str:
    """Return how many of the launches some are, their share of the launch time, and the verb."""
    share = _percent(int(some["duration_ns"].sum() or 0), total)
    of = f"{len(some):,} of {counted(len(launches), 'launch')} ({share} of launch time)"
    return f"{of} {agreeing(len(some), verb)}"


def _linking(tables: Tables, total: int) -> list[Notice]:
    launches = tables.launches
    notices = []
    no_call = launches["call_id"].is_null() & launches["process"].is_not_null()
    shared = int((launches["unlinked"] == "shared_call").sum())
    contradicted = int((launches["unlinked"] == "contradicting_ids").sum())
    if shared:
        notices.append(
            Notice(
                "shared_call",
                f"{counted_of(shared, len(launches), 'launch', 'carry')} the correlation of a call "
                "that launched another one, and no External id tells whose they are: they have no "
                "operator.",
            )
        )
    if contradicted:
        notices.append(
            Notice(
                "contradicting_ids",
                f"Of {counted(contradicted, 'launch')} the correlation names one operator and the "
                "External id another: they are given to neither.",
            )
        )
    if len(tables.calls) and no_call.any():
        lost = launches.filter(no_call)
        notices.append(
            Notice(
                "unlinked",
                f"{_counted(lost, launches, total, 'have')} no launch call in the trace, "
                f"{_where(no_call, tables)}.",
            )
        )
    if tables.external_id_is_copy and len(tables.ops):
        notices.append(
            Notice(
                "external_id_copy",
                "External id repeats the correlation id (a PyTorch of 2022 to early 2024); "
                "operators are found through the launch calls alone.",
                "info",
            )
        )
    return notices


def _where(no_call: pl.Series, tables: Tables) -> str:
    """Return where the launches without a call lie among those that have one."""
    if no_call.all():
        return "as no recorded call carries their ids"
    ahead = int((~no_call).arg_max() or 0)
    known_reasons = tables.launches["unlinked"].is_not_null().any()
    if ahead == no_call.sum() and not known_reasons:
        return (
            "all before the first that has one: they were launched before recording began, and "
            "the window starts inside an earlier step"
        )
    if ahead and not known_reasons:
        return f"the first {ahead} of them launched before recording began"
    return "scattered over the trace"


def _times(tables: Tables, python_events: int) -> list[Notice]:
    launches = tables.launches
    notices = []
    zero = int((launches["duration_ns"] == 0).sum())
    if tables.whole_microseconds:
        text = "Times were recorded in whole microseconds: short launches carry up to 1 µs of error"
        text += f", and {zero} last 0." if zero else "."
        notices.append(Notice("coarse_clock", text, "warning" if zero else "info"))
    elif zero:
        notices.append(
            Notice("zero_duration", f"{counted(zero, 'launch', 'have')} a recorded duration of 0.")
        )
    if unknown := launches["duration_ns"].null_count():
        notices.append(
            Notice(
                "no_duration",
                f"{counted(unknown, 'launch', 'have')} no usable duration in the file.",
            )
        )
    if tables.dropped:
        notices.append(
            Notice(
                "no_start", f"Left out: {counted(tables.dropped, 'event')} without a usable start."
            )
        )
    if python_events:
        notices.append(
            Notice(
                "python_stack",
                f"Recorded with Python stacks ({python_events:,} events), which slows the host "
                "down by an unknown factor: idle time is larger here than in an unprofiled run.",
            )
        )
    return notices


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "0 %"
