"""Bus bandwidth of paired collectives, and groups of ranks whose links are slower than the others'.

A call's size is the recorded message's and its time the shortest on any rank, since what it takes
longer elsewhere is waiting. The bus bandwidth is the algorithm's, by the conventions of nccl-tests
(PERFORMANCE.md): :func:`ncutool.work.operators.collective.bandwidth`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from msgspec import Struct

from ncutool.archive.pairing import POINT_TO_POINT, Calls, Floats
from ncutool.archive.stragglers import CHANCE, EVEN, NORMAL, tail
from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.work.operators.collective import bandwidth
from ncutool.work.operators.tensor import COLLECTIVE_DTYPES, ITEMSIZE

LARGE_BYTES = IntThreshold(
    1_000_000,
    "bytes",
    "smaller messages are held by latency and say nothing of a link",
    "judgement: as in ncutool.advice.host.communication",
)
SLOWER = Threshold(
    1.5,
    "times",
    "below the median of like groups that a group's bandwidth must be",
    "judgement: calls that ranks came to evenly differ by less than 1.25 times",
)
APART = Threshold(
    5.0, "times", "the spread between groups that it must be beyond", "judgement: as of stragglers"
)
FEWEST_CALLS = IntThreshold(
    5, "calls", "that a group came to evenly, for its bandwidth to be judged", "judgement"
)
FEWEST_GROUPS = IntThreshold(
    4, "groups", "of one size and message, for one of them to stand out", "judgement"
)
OTHER_KIND = Threshold(
    0.125,
    "share of like groups",
    "of which more being slow points to two kinds of link, such as inside a machine and between "
    "machines, rather than to faults",
    "judgement: a machine of eight devices has one path out of eight through the network",
)

_SECOND_NS = 10**9


class Rate(Struct, frozen=True):
    """Calls of one kind and size in one group of ranks."""

    calls: Calls
    message_bytes: int | None
    """The array that the algorithm's bandwidth counts; None where it is not recorded."""
    even: int
    """Calls that the ranks came to evenly."""
    bus_bytes_per_s: float | None
    """Median over all calls; None where no size is recorded or no factor is known."""
    even_bus_bytes_per_s: float | None
    """Median over the calls that the ranks came to evenly."""
    why_none: str | None
    """Why there is no bandwidth."""


class SlowLink(Struct, frozen=True):
    """A group of ranks whose calls are slower than those of the like groups."""

    rate: Rate
    like: int
    """How many groups run the same calls."""
    usual_bytes_per_s: float
    """The median of the others."""


def rate(calls: Calls) -> Rate:
    """Return the bandwidth of calls of one group."""
    rates = _rates(calls)
    even = calls.durations.max(axis=1) <= EVEN * calls.shortest
    known = rates is not None
    return Rate(
        calls=calls,
        message_bytes=_message(calls) if known else None,
        even=int(even.sum()),
        bus_bytes_per_s=float(np.median(rates)) if rates is not None else None,
        even_bus_bytes_per_s=float(np.median(rates[even]))
        if rates is not None and even.any()
        else None,
        why_none=None if known else _why_none(calls),
    )


def _rates(calls: Calls) -> Floats | None:
    """Return the bus bandwidth (byte/s) of each call; None where the record does not say enough,
    or claims what no link carries."""
    if not (calls.shortest > 0).all() or _at(calls, int(calls.shortest.min())) is None:
        return None
    one = _at(calls, _SECOND_NS)
    return None if one is None else one[1] * _SECOND_NS / calls.shortest


def _at(calls: Calls, duration_ns: int) -> tuple[float, float] | None:
    """Return algorithm and bus bandwidth of a call that takes so long."""
    name = "send" if calls.collective == POINT_TO_POINT else calls.collective
    return bandwidth(
        name, calls.dtype, calls.in_elements, calls.out_elements, calls.group_size, duration_ns
    )


def _message(calls: Calls) -> int | None:
    """Return the bytes that the algorithm's bandwidth counts: what it moves in a second at it."""
    one = _at(calls, _SECOND_NS)
    return None if one is None else round(one[0])


def _why_none(calls: Calls) -> str:
    if not (calls.shortest > 0).all():
        return "a call took less than the clock's step"
    if calls.dtype is None:
        return "message size not recorded"
    if ITEMSIZE.get(COLLECTIVE_DTYPES.get(calls.dtype, "")) is None:
        return f"size of {calls.dtype} not known"
    if not calls.in_elements and not calls.out_elements:
        return "message size not recorded, or different on each rank"
    if calls.group_size is None:
        return "size of the process group not recorded"
    if _at(calls, _SECOND_NS) is not None:
        return "the recorded size and time claim more than any link carries"
    return "no bus factor is known for it"


def slow_links(rates: Iterable[Rate]) -> tuple[tuple[SlowLink, ...], tuple[str, ...]]:
    """Return the groups whose links are slow, the slowest first, and what else is to say.

    Only groups that run the same collective on as many bytes and ranks are held against each
    other, and only calls that their ranks came to evenly. One group of all ranks has no like: which
    of its links holds it cannot be told.
    """
    classes: dict[tuple[object, ...], list[Rate]] = {}
    for one in rates:
        if one.even < FEWEST_CALLS or (one.message_bytes or 0) < LARGE_BYTES:
            continue
        if one.even_bus_bytes_per_s is None or one.calls.whole is not True:
            continue
        key = (one.calls.collective, one.calls.dtype, one.message_bytes, one.calls.group_size)
        classes.setdefault(key, []).append(one)
    found: list[SlowLink] = []
    notes = []
    for like in classes.values():
        slow = _slow(like)
        if len(slow) > max(1, OTHER_KIND * len(like)):
            notes.append(
                f"{len(slow)} of {len(like)} groups of {like[0].calls.group_size} ranks reach less "
                f"than 1/{SLOWER:g} of the others' bandwidth in {like[0].calls.collective}: so "
                "many look like another kind of link, not like faults, and none is named."
            )
            continue
        found += slow
    ordered = sorted(found, key=lambda one: one.rate.even_bus_bytes_per_s or 0.0)
    return tuple(_once(ordered)), tuple(notes)


def _slow(like: Sequence[Rate]) -> list[SlowLink]:
    """Return those of like groups that stand out."""
    if len(like) < FEWEST_GROUPS:
        return []
    values = np.array([one.even_bus_bytes_per_s or 0.0 for one in like])
    logs = np.log(values)
    middle = float(np.median(logs))
    spread = float(NORMAL * np.median(np.abs(logs - middle)))
    usual = float(np.exp(middle))
    slow = []
    for one, log in zip(like, logs.tolist(), strict=True):
        if middle - log < max(np.log(SLOWER), APART * spread):
            continue
        rates = _rates(one.calls)
        even = one.calls.durations.max(axis=1) <= EVEN * one.calls.shortest
        below = 0 if rates is None else int((rates[even] < usual).sum())
        if tail(below, one.even) <= max(CHANCE / len(like), 0.5**one.even):
            slow.append(SlowLink(one, len(like), usual))
    return slow


def _once(found: Sequence[SlowLink]) -> Iterable[SlowLink]:
    """Yield each group once: by the message in which it is slowest."""
    seen = set()
    for one in found:
        if one.rate.calls.ranks not in seen:
            seen.add(one.rate.calls.ranks)
            yield one
