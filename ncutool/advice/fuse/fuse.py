"""Vertical fusion by known patterns: several kernels become one that moves far fewer bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.fuse.pattern import Pattern
from ncutool.advice.fuse.patterns import PATTERNS
from ncutool.advice.view.context import Context
from ncutool.advice.view.finding import Draft, Drafts
from ncutool.advice.view.lines import Line
from ncutool.advice.view.nodes import Node, Stream
from ncutool.base import units
from ncutool.base.tables import Grade
from ncutool.base.thresholds import IntThreshold

SHORT = IntThreshold(
    8,
    "times the shortest launch",
    "calls that take less together are held by launching, not by what they move",
    JUDGED,
)


@dataclass(frozen=True, slots=True)
class Instance:
    """One place where a pattern occurs."""

    rows: tuple[int, ...]
    """Rows of its stream that the replacement takes over."""
    best_ns: int
    worst_ns: int
    recorded: bool
    """False where only the sequence of kernels tells, no operator."""


Place = tuple[Stream, Instance, Sequence[Node]]


def drafts(context: Context, claimed: frozenset[int]) -> Drafts:
    """Advise on every known pattern, the larger ones first, and claim the launches they take
    over."""
    groups: dict[tuple[str, str], tuple[Pattern, list[Place]]] = {}
    taken, attention = set(claimed), set[int]()
    for pattern in PATTERNS:
        barred = taken - attention if pattern.alternative else taken
        for shape, places in _places(context, pattern, barred).items():
            groups.setdefault((pattern.name, shape), (pattern, []))[1].extend(places)
            launches = set(_ids(places))
            taken |= launches
            if pattern.by_shape:
                attention |= launches
    return Drafts(
        tuple(
            _draft(context, pattern, shape, places)
            for (_, shape), (pattern, places) in groups.items()
        ),
        claimed=frozenset(taken - claimed),
    )


def _places(context: Context, pattern: Pattern, barred: set[int]) -> dict[str, list[Place]]:
    """Return where a pattern occurs, by the shape that tells its findings apart.

    No two places share a launch, and none has one that is ``barred``.
    """
    by_shape: dict[str, list[Place]] = {}
    for line in context.lines:
        for instance, nodes in _instances(context, line, pattern, barred):
            shape = (_product(nodes).signature or "") if pattern.by_shape else ""
            by_shape.setdefault(shape, []).append((line.stream, instance, nodes))
    taken = barred.union(*map(_ids, by_shape.values()))
    for places in by_shape.values():
        more = _by_kernels(context, places, taken)
        taken.update(_ids(more))
        places += more
    return by_shape


def _ids(places: Sequence[Place]) -> Iterable[int]:
    return (stream.launch_ids[row] for stream, instance, _ in places for row in instance.rows)


def _product(nodes: Sequence[Node]) -> Node:
    """Return the first matrix product, whose shapes name the place; the first call where there is
    none."""
    return next((node for node in nodes if node.symbol in "bg"), nodes[0])


def _instances(
    context: Context, line: Line, pattern: Pattern, barred: set[int]
) -> Iterable[tuple[Instance, Sequence[Node]]]:
    """Yield places that do not overlap; one that its shapes refute hides none that begins later."""
    stream, place = line.stream, 0
    taken: set[int] = set()
    while (match := pattern.sequence.search(line.symbols, place)) is not None:
        place = match.start() + 1
        every = line.nodes[match.start() : match.end()]
        times = pattern.times(context, every)
        if times is None:
            continue
        members = pattern.members(match, every)
        rows = tuple(row for node in members for row in range(node.first, node.last))
        ids = [stream.launch_ids[row] for row in rows]
        if not any(node.duration_ns for node in members):
            continue
        if not (barred.isdisjoint(ids) and taken.isdisjoint(ids)):
            continue
        place = match.start() + 1 + every.index(members[-1])
        taken.update(ids)
        worst = max(*times, _held_by_launching(context, members))
        yield Instance(rows, times[0], worst, recorded=True), members


def _held_by_launching(context: Context, members: Sequence[Node]) -> int:
    """Return what calls that take little longer than launches leave at worst, ns: the longest of
    them, since what they move is not what holds them. Else 0."""
    longest = max(node.duration_ns for node in members)
    short = sum(node.duration_ns for node in members) < SHORT * context.latency_ns
    return longest if short and len(members) > 1 else 0


def _by_kernels(
    context: Context,
    places: Sequence[Place],
    barred: set[int],
) -> list[Place]:
    """Return where the same kernels follow in the same order, with the same grids, without a
    recorded operator: so those before the recording's first launch record are found."""
    templates: dict[tuple[int, ...], tuple[Instance, Sequence[Node]]] = {}
    for stream, instance, nodes in places:
        keys = tuple(stream.keys[instance.rows[0] : instance.rows[-1] + 1])
        if len(instance.rows) > 1:
            templates.setdefault(keys, (instance, nodes))
    more: list[Place] = []
    taken = set(barred) if templates else barred
    for stream in context.streams:
        if not templates or all(stream.linked):
            continue
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
    """Return the rows without a launch record, by their key; few traces have any."""
    rows: dict[int, list[int]] = {}
    for row, linked in enumerate(stream.linked):
        if not linked:
            rows.setdefault(stream.keys[row], []).append(row)
    return rows


def _occurrences(
    stream: Stream, keys: tuple[int, ...], starts: Iterable[int], taken: set[int]
) -> Iterable[int]:
    """Yield those of ``starts`` where all of ``keys`` follow, unlinked and not taken."""
    for first in starts:
        rows = range(first, first + len(keys))
        if tuple(stream.keys[first : rows.stop]) != keys:
            continue
        if not any(stream.linked[row] or stream.launch_ids[row] in taken for row in rows):
            yield first


def spread(total: int, durations: Sequence[int]) -> list[int]:
    """Return ``total`` shared out over launches by their durations: no share exceeds its duration,
    and their sum is exact."""
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
    places: Sequence[Place],
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
        rule=pattern.rule,
        title=_title(pattern, shape, places),
        grade=_grade(pattern, places),
        launches=tuple(launches),
        best=tuple(best),
        worst=tuple(worst),
        evidence=_evidence(context, pattern, places),
        why=_why(context, pattern, places),
        removed=tuple(removed),
    )


def _grade(pattern: Pattern, places: Sequence[Place]) -> Grade:
    linked = sum(instance.recorded for _, instance, _ in places)
    if pattern.grade == "certain" and (2 * linked < len(places) or linked < pattern.repeats):
        return "likely"
    return pattern.grade


def _title(pattern: Pattern, shape: str, places: Sequence[Place]) -> str:
    count = len(places)
    where = f"in {count:,} places" if count > 1 else "in one place"
    size = f" {shape}" if shape else ""
    return f"{pattern.verb} {pattern.name}{size} {where}"


def _in_all(count: int) -> str:
    return f"all {count:,}" if count > 1 else "all"


def _usual(places: Sequence[Place]) -> Place:
    """Return the first place with the operators that most places have."""
    kinds = Counter(tuple(node.op for node in nodes) for _, _, nodes in places)
    usual = kinds.most_common(1)[0][0]
    return next(place for place in places if tuple(node.op for node in place[2]) == usual)


def _why(context: Context, pattern: Pattern, places: Sequence[Place]) -> str:
    """Return one line on what a place takes, what one kernel would take, and all places."""
    stream, instance, _ = _usual(places)
    launches = units.counted(len(instance.rows), "launch")
    now = units.time(sum(stream.durations[row] for row in instance.rows))
    total = sum(one.durations[row] for one, each, _ in places for row in each.rows)
    if context.device is None or pattern.joins:
        return f"{launches} of {now} in one place; {context.summed(total)} in all."
    new = units.time_range(instance.best_ns, max(instance.best_ns, instance.worst_ns))
    moves = "moves" if len(instance.rows) == 1 else "move"
    return (
        f"{launches} of {now} in one place {moves} what one kernel moves in {new}; "
        f"{units.time(total)} in all."
    )


def _evidence(
    context: Context,
    pattern: Pattern,
    places: Sequence[Place],
) -> tuple[str, ...]:
    stream, instance, nodes = _usual(places)
    times = [sum(one.durations[row] for row in each.rows) for one, each, _ in places]
    names = " → ".join(node.op for node in nodes)
    linked = sum(each.recorded for _, each, _ in places)
    launches = len(instance.rows)
    sentences = [
        f"{names}: {launches} {'launch' if launches == 1 else 'launches'} of "
        f"{units.time(sum(stream.durations[row] for row in instance.rows))} in one place, "
        f"{context.summed(sum(times))} in {_in_all(len(places))}.",
    ]
    if linked < len(places):
        sentences.append(
            f"Of {units.counted(len(places), 'place')} {linked:,} "
            f"{'is' if linked == 1 else 'are'} known by the operators, the others only by the same "
            "kernels in the same order with the same grids."
        )
    if context.device is not None and not pattern.joins:
        sentences.append(
            f"What must move: {pattern.why}. That takes {units.time(instance.best_ns)} at best "
            f"({pattern.pace}, and never less than a launch); {units.time(instance.worst_ns)} is "
            "assumed at worst."
        )
    return tuple(sentences)
