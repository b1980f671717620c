"""Vertical fusion by known patterns: several kernels become one that moves far fewer bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ncutool import units
from ncutool.advice.context import Context, Draft
from ncutool.advice.finding import Grade
from ncutool.advice.nodes import Node, Stream
from ncutool.advice.patterns import PATTERNS, Pattern


@dataclass(frozen=True)
class Instance:
    """One place where a pattern occurs."""

    rows: tuple[int, ...]
    """Rows of its stream that the replacement takes over."""
    best_ns: int
    worst_ns: int
    recorded: bool
    """False where only the sequence of kernels tells, no operator."""


def drafts(context: Context) -> tuple[list[Draft], set[int]]:
    """Drafts for every known pattern, and the launches they take over."""
    found: list[Draft] = []
    taken: set[int] = set()
    for pattern in PATTERNS:
        groups: dict[str, list[tuple[Stream, Instance, Sequence[Node]]]] = {}
        for stream in context.streams:
            for instance, nodes in _instances(context, stream, pattern, taken):
                shape = (nodes[0].signature or "") if pattern.by_shape else ""
                groups.setdefault(shape, []).append((stream, instance, nodes))
        for shape, places in groups.items():
            places += _by_kernels(context, places, taken)
            found.append(_draft(context, pattern, shape, places))
    return found, taken


def _instances(
    context: Context, stream: Stream, pattern: Pattern, taken: set[int]
) -> Iterable[tuple[Instance, Sequence[Node]]]:
    for match in pattern.sequence.finditer(stream.symbols):
        every = stream.nodes[match.start() : match.end()]
        members = pattern.members(match, stream.nodes)
        rows = tuple(row for node in members for row in range(node.first, node.last))
        ids = [stream.launch_ids[row] for row in rows]
        if taken.intersection(ids):
            continue
        times = pattern.times(context, every)
        if times is None:
            continue
        taken.update(ids)
        yield Instance(rows, times[0], max(times), recorded=True), every


def _by_kernels(
    context: Context,
    places: Sequence[tuple[Stream, Instance, Sequence[Node]]],
    taken: set[int],
) -> list[tuple[Stream, Instance, Sequence[Node]]]:
    """The same kernels in the same order, with the same grids, where no operator is recorded.

    Those before the recording's first launch record are found so.
    """
    templates: dict[tuple[int, ...], tuple[Instance, Sequence[Node]]] = {}
    for stream, instance, nodes in places:
        keys = tuple(stream.keys[instance.rows[0] : instance.rows[-1] + 1])
        if len(instance.rows) > 1:
            templates.setdefault(keys, (instance, nodes))
    more = []
    for stream in context.streams:
        starts = _unlinked_rows(stream)
        for keys in sorted(templates, key=len, reverse=True):
            instance, nodes = templates[keys]
            for first in _occurrences(stream, keys, starts.get(keys[0], ()), taken):
                rows = tuple(first + row - instance.rows[0] for row in instance.rows)
                taken.update(stream.launch_ids[row] for row in rows)
                copy = Instance(rows, instance.best_ns, instance.worst_ns, recorded=False)
                more.append((stream, copy, nodes))
    return more


def _unlinked_rows(stream: Stream) -> dict[int, list[int]]:
    """Rows without a launch record, by their key: few traces have any."""
    rows: dict[int, list[int]] = {}
    for row, linked in enumerate(stream.linked):
        if not linked:
            rows.setdefault(stream.keys[row], []).append(row)
    return rows


def _occurrences(
    stream: Stream, keys: tuple[int, ...], starts: Iterable[int], taken: set[int]
) -> Iterable[int]:
    """Those of ``starts`` where all of ``keys`` follow, unlinked and not taken."""
    for first in starts:
        rows = range(first, first + len(keys))
        if tuple(stream.keys[first : rows.stop]) != keys:
            continue
        if not any(stream.linked[row] or stream.launch_ids[row] in taken for row in rows):
            yield first


def spread(total: int, durations: Sequence[int]) -> list[int]:
    """``total`` shared out over launches by their durations, never above them; sums exactly."""
    whole = sum(durations)
    if total >= whole:
        return list(durations)
    shares = []
    done = passed = 0
    for duration in durations:
        passed += duration
        now = total * passed // whole
        shares.append(now - done)
        done = now
    return shares


def _draft(
    context: Context,
    pattern: Pattern,
    shape: str,
    places: Sequence[tuple[Stream, Instance, Sequence[Node]]],
) -> Draft:
    launches: list[int] = []
    best: list[int] = []
    worst: list[int] = []
    removed: list[int] = []
    for stream, instance, _ in places:
        ids = [stream.launch_ids[row] for row in instance.rows]
        durations = [stream.durations[row] for row in instance.rows]
        launches += ids
        best += spread(instance.best_ns, durations)
        worst += spread(instance.worst_ns, durations)
        removed += ids if pattern.joins else ids[1:]
    return Draft(
        kind="fuse",
        title=_title(pattern, shape, places),
        grade=_grade(pattern, places),
        launches=tuple(launches),
        best=tuple(best),
        worst=tuple(worst),
        evidence=_evidence(context, pattern, places),
        remedy=pattern.remedy,
        removed=tuple(removed),
    )


def _grade(pattern: Pattern, places: Sequence[tuple[Stream, Instance, Sequence[Node]]]) -> Grade:
    linked = sum(instance.recorded for _, instance, _ in places)
    return "likely" if 2 * linked < len(places) else pattern.grade


def _title(
    pattern: Pattern, shape: str, places: Sequence[tuple[Stream, Instance, Sequence[Node]]]
) -> str:
    count = len(places)
    where = f"in {count:,} places" if count > 1 else "in one place"
    size = f" {shape}" if shape else ""
    return f"Fuse {pattern.name}{size} {where}"


def _evidence(
    context: Context,
    pattern: Pattern,
    places: Sequence[tuple[Stream, Instance, Sequence[Node]]],
) -> tuple[str, ...]:
    kinds = Counter(tuple(node.op for node in nodes) for _, _, nodes in places)
    usual = kinds.most_common(1)[0][0]
    stream, instance, nodes = next(
        place for place in places if tuple(node.op for node in place[2]) == usual
    )
    times = [sum(one.durations[row] for row in each.rows) for one, each, _ in places]
    names = " → ".join(node.op for node in nodes)
    linked = sum(each.recorded for _, each, _ in places)
    launches = len(instance.rows)
    sentences = [
        f"{names}: {launches} {'launch' if launches == 1 else 'launches'} of "
        f"{units.time(sum(stream.durations[row] for row in instance.rows))} in one place, "
        f"{context.share(sum(times))} in all {len(places):,}.",
    ]
    if linked < len(places):
        sentences.append(
            f"{linked:,} places are known by their operators, {len(places) - linked:,} only by the "
            "same kernels in the same order with the same grids."
        )
    if context.device is not None and not pattern.joins:
        sentences.append(
            f"What must move: {pattern.why}. That takes {units.time(instance.best_ns)} at the "
            f"bandwidth peak, and {units.time(instance.worst_ns)} is assumed at worst."
        )
    return tuple(sentences)
