"""Communication between devices: only the time in which nothing else runs is worth anything.

The time of a collective on one rank includes waiting for the others, so one rank alone proves no
saving: the low end is 0. Ranks together tell waiting from transfer:
:mod:`ncutool.advice.view.ranks`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from msgspec import Struct

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.host import balance
from ncutool.advice.host import communication_remedies as remedies
from ncutool.advice.view.context import Context, exposed_ns
from ncutool.advice.view.finding import Declined, Draft, Drafts
from ncutool.base import units
from ncutool.base.intervals import Union, union
from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.work.exchanges import collective_of
from ncutool.work.operators.collective import bandwidth
from ncutool.work.operators.tensor import COLLECTIVE_DTYPES, ITEMSIZE

LINK_SHARE = Threshold(
    0.1, "share", "of the link's peak: a lower bus bandwidth is no matter of tuning", JUDGED
)
LARGE_BYTES = IntThreshold(
    1_000_000, "bytes", "smaller messages are held by latency and say nothing of the link", JUDGED
)
SMALL_BYTES = IntThreshold(
    65_536, "bytes", "of smaller messages latency or waiting takes most", JUDGED
)
STEADY = Threshold(
    1.25, "times", "calls of one size whose times differ by no more wait for nobody", JUDGED
)
UNEVEN = Threshold(2.0, "times", "calls of one kind that differ by more wait for others", JUDGED)
DECLINED_PCT = IntThreshold(
    2, "%", "of the window: hidden communication that one would ask about", JUDGED
)
MACHINE_RANKS = IntThreshold(
    8, "ranks", "that the links inside one machine join; more go through a network",
    "machines of eight GPUs (NVIDIA HGX, AMD Instinct platforms)",
)  # fmt: skip
MAX_LISTED = 4
UNNAMED = "unnamed collective"

_COLUMNS = (
    *("launch_id", "nvtx", "collective", "collective_dtype", "collective_in_elements"),
    *("collective_out_elements", "collective_group_size"),
)


class _Group(Struct, frozen=True):
    """Calls of one kind, type and size."""

    kind: str
    durations: tuple[int, ...]
    size: int | None
    """Bytes of the input on this rank."""
    bus_bytes_per_s: float | None
    """Of the fastest call."""
    ranks: int | None
    alone_ns: int
    """Of their summed time, what no other launch runs beside."""

    @property
    def total(self) -> int:
        return sum(self.durations)

    @property
    def steady(self) -> bool | None:
        """Whether all calls take about as long; None with fewer than three."""
        return _spread(self) <= STEADY if len(self.durations) > 2 else None


def _spread(group: _Group) -> float:
    return max(group.durations) / max(min(group.durations), 1)


def _declined(context: Context, rows: pl.DataFrame, exposed: int) -> tuple[Declined, ...]:
    """Return the communication that runs beside other launches: its sum is no saving."""
    total = int(rows["duration_ns"].sum())
    hidden = total - exposed
    if 100 * hidden < DECLINED_PCT * context.wall_ns:
        return ()
    refusal = Declined(
        what="Speed up all communication",
        why=f"{units.time(hidden)} of {units.time(total)} summed run beside other launches or "
        "beside one another: making that faster ends no step sooner.",
        launches=tuple(rows["launch_id"].to_list()),
        duration_ns=hidden,
    )
    return (refusal,)


def _launches(context: Context) -> pl.DataFrame:
    columns = ("launch_id", "kernel_full", "start_ns", "duration_ns", "bound")
    return (
        context.kernels.select(columns)
        .filter((pl.col("bound") == "communication") & (pl.col("duration_ns") > 0))
        .sort("launch_id")
    )


def drafts(context: Context, claimed: frozenset[int]) -> Drafts:
    """Advise once at most to hide or speed up the communication that nothing else covers; decline
    the rest. Claims do not matter: nobody else advises on collectives."""
    rows = _launches(context)
    exposed = exposed_ns(context, rows) if rows.height else 0
    declined = _declined(context, rows, exposed)
    if exposed <= 0:
        return Drafts(declined=declined)
    if context.ranks is not None and balance.waits_much(context.ranks):
        return Drafts((balance.draft(context, rows, exposed),), declined=declined)
    return Drafts((_draft(context, rows, exposed),), declined=declined)


def _draft(context: Context, rows: pl.DataFrame, exposed: int) -> Draft:
    what, about = context.program, _groups(context, rows)
    slow = [group for group in about if _slow(context, group)]
    steady = bool(slow) and all(group.steady for group in slow)
    return Draft(
        rule="communication-transport" if steady else "communication-exposed",
        grade="likely",
        launches=tuple(rows["launch_id"].to_list()),
        best=(0,) * rows.height,
        worst=tuple(rows["duration_ns"].to_list()),
        evidence=(*_evidence(context, about, slow, exposed), *balance.over_ranks(context)),
        why=_why(context, rows, exposed),
        remedy=remedies.remedy(what, {group.kind for group in about}, transport=bool(slow)),
        todo=remedies.brief(what, {group.kind for group in about}, transport=steady),
        code=remedies.code(what, transport=steady),
        link=remedies.link(what, transport=steady),
    )


def _why(context: Context, rows: pl.DataFrame, exposed: int) -> str:
    """Return one line on how long collectives take, and how much of it nothing hides."""
    takes = "takes" if rows.height == 1 else "take"
    time = units.time(int(rows["duration_ns"].sum()))
    return (
        f"{units.counted(rows.height, 'collective')} {takes} {time}; {context.share(exposed)} of "
        "that with nothing beside."
    )


def _groups(context: Context, rows: pl.DataFrame) -> list[_Group]:
    """Return the calls by kind, type and size, most time first."""
    start, length = (rows[name].to_numpy().astype(np.int64) for name in ("start_ns", "duration_ns"))
    alone = length - _others(context).covered(start, start + length)
    told = rows.select("launch_id", "kernel_full", "duration_ns", alone=pl.Series(alone)).join(
        context.capture.launches.select(_COLUMNS), on="launch_id", how="left"
    )
    groups: dict[tuple[object, ...], list[dict[str, object]]] = {}
    for row in told.sort("launch_id").to_dicts():
        key = (_kind(row), row["collective_dtype"], row["collective_in_elements"])
        groups.setdefault(key, []).append(row)
    peak = context.device.peak_bytes_per_s if context.device else None
    known = [_group(str(key[0]), members, peak) for key, members in groups.items()]
    return sorted(known, key=lambda group: (-group.total, group.kind, group.size or 0))


def _others(context: Context) -> Union:
    """Return when anything but communication runs."""
    rest = context.kernels.select("bound", "start_ns", "duration_ns").filter(
        pl.col("bound") != "communication"
    )
    start = rest["start_ns"].to_numpy().astype(np.int64)
    return union(start, start + rest["duration_ns"].to_numpy().astype(np.int64))


def _kind(row: dict[str, object]) -> str:
    """Return what the collective is called: by its metadata, else its annotation, else its
    kernel."""
    for text in (row["collective"], row["nvtx"], row["kernel_full"]):
        if text and (name := collective_of(str(text))) is not None:
            return name
    return UNNAMED


def _group(kind: str, members: list[dict[str, object]], peak: float | None) -> _Group:
    """Return the calls as a group; sizes that would move faster than memory does are unknown.

    Args:
        members: rows of the calls.
        peak: bytes per second of the device's memory.
    """
    first = members[0]
    dtype, elements = first["collective_dtype"], first["collective_in_elements"]
    itemsize = ITEMSIZE.get(COLLECTIVE_DTYPES.get(str(dtype), ""))
    durations = tuple(int(str(row["duration_ns"])) for row in members)
    ranks = first["collective_group_size"]
    rates = bandwidth(
        str(first["collective"]),
        str(dtype),
        elements if isinstance(elements, int) else None,
        first["collective_out_elements"]
        if isinstance(first["collective_out_elements"], int)
        else None,
        ranks if isinstance(ranks, int) else None,
        min(durations),
    )
    size = elements * itemsize if itemsize and isinstance(elements, int) else None
    moved = rates[1] if rates else None if size is None else size * 1e9 / max(min(durations), 1)
    if peak and moved is not None and moved > peak:
        size = rates = None
    return _Group(
        kind=kind,
        durations=durations,
        size=size,
        bus_bytes_per_s=rates[1] if rates else None,
        ranks=ranks if isinstance(ranks, int) else None,
        alone_ns=sum(int(str(row["alone"])) for row in members),
    )


def _slow(context: Context, group: _Group) -> bool:
    """Whether even its fastest call is far below the link, though the message is large."""
    peak = context.device.link_peak_bytes_per_s if context.device else None
    rate, size = group.bus_bytes_per_s, group.size
    if peak is None or rate is None or size is None or (group.ranks or 0) > MACHINE_RANKS:
        return False
    return size >= LARGE_BYTES and rate < LINK_SHARE * peak


def _evidence(
    context: Context, groups: Sequence[_Group], slow: Sequence[_Group], exposed: int
) -> tuple[str, ...]:
    calls = sum(len(group.durations) for group in groups)
    total = sum(group.total for group in groups)
    sentences = [
        f"{units.counted(calls, 'collective')} take {units.time(total)} summed, and "
        f"{context.share(exposed)} have nothing else running: only that is counted.",
        "By kind and size: " + "; ".join(map(_listed, groups[:MAX_LISTED])) + ".",
    ]
    sentences += _of_links(context, slow)
    known = [group for group in groups if group.size is not None]
    small = [group for group in known if (group.size or 0) < SMALL_BYTES]
    if small and 2 * sum(group.total for group in small) > total:
        sentences.append(
            f"Messages below {units.data(SMALL_BYTES)} take most of it: latency or waiting for "
            "other ranks, not transfer."
        )
    uneven = [
        group
        for group in groups
        if len(group.durations) > 2 and _spread(group) > UNEVEN and group.kind != UNNAMED
    ]
    if uneven:
        worst = max(uneven, key=lambda group: (group.total, group.kind))
        reason = (
            "the longer ones most likely wait for other ranks"
            if worst.size is not None
            else "most likely they wait for other ranks or move more; no sizes are recorded"
        )
        sentences.append(
            f"Calls of {worst.kind} take {units.time(min(worst.durations))} to "
            f"{units.time(max(worst.durations))}: {reason}."
        )
    if context.ranks is None:
        sentences.append(
            "One rank cannot tell transfer from waiting: the low end is 0 until the captures of "
            "the other ranks are compared call by call."
        )
    return tuple(sentences)


def _of_links(context: Context, slow: Sequence[_Group]) -> list[str]:
    peak = context.device.link_peak_bytes_per_s if context.device else None
    if not slow or peak is None or context.device is None:
        return []
    best = max(group.bus_bytes_per_s or 0.0 for group in slow)
    text = (
        f"Messages of {units.data(min(group.size or 0 for group in slow))} and more reach a bus "
        f"bandwidth of at most {units.data_rate(best)}, {units.percent(100 * best / peak)} of the "
        f"{units.data_rate(peak)} that the links of {context.device.name} carry one way"
    )
    if all(group.steady for group in slow):
        return [
            text + f", and calls of one size differ by at most {STEADY:.2f} times: that "
            "points to the transport (peer-to-peer off, or a path through the host or the network) "
            "rather than to waiting, unless one rank is as late in every step."
        ]
    return [text + ", waiting for other ranks included."]


def _listed(group: _Group) -> str:
    low, high = min(group.durations), max(group.durations)
    size = f" of {units.data(group.size)}" if group.size is not None else ""
    times = units.time(low) if low == high else f"{units.time(low)} to {units.time(high)}"
    rate = ""
    if group.bus_bytes_per_s is not None and (group.size or 0) >= LARGE_BYTES:
        rate = f", at best {units.data_rate(group.bus_bytes_per_s)} bus bandwidth"
    alone = f"{units.percent(100 * group.alone_ns / group.total)} of that alone"
    return f"{len(group.durations):,} × {group.kind}{size}, {times}, {alone}{rate}"
