"""Vertical fusion by known patterns: several kernels become one that moves far fewer bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain

from ncutool.advice.fuse.pattern import Pattern
from ncutool.advice.fuse.patterns import PATTERNS
from ncutool.advice.fuse.places import Kind, Marks, Place, places
from ncutool.advice.view.context import Context
from ncutool.advice.view.finding import Draft, Drafts
from ncutool.advice.view.spreading import spread_each
from ncutool.base import units
from ncutool.base.tables import Grade


def drafts(context: Context, claimed: frozenset[int]) -> Drafts:
    """Advise on every known pattern, the larger ones first, and claim the launches they take
    over."""
    groups: dict[tuple[str, str], tuple[Pattern, list[Place]]] = {}
    taken = Marks.of(context.streams, claimed)
    attention = Marks.of(context.streams)
    for pattern in PATTERNS:
        barred = taken.without(attention) if pattern.alternative else taken
        for shape, found in places(context, pattern, barred).items():
            groups.setdefault((pattern.name, shape), (pattern, []))[1].extend(found)
            for place in found:
                taken.add(place.stream, place.rows)
                if pattern.by_shape:
                    attention.add(place.stream, place.rows)
    return Drafts(
        tuple(
            _draft(context, pattern, shape, found)
            for (_, shape), (pattern, found) in groups.items()
        ),
        claimed=frozenset(taken.launches(context.streams)) - claimed,
    )


def _draft(context: Context, pattern: Pattern, shape: str, found: Sequence[Place]) -> Draft:
    durations = [place.durations for place in found]
    launches = tuple(chain.from_iterable(place.launches for place in found))
    others = chain.from_iterable(place.launches[1:] for place in found)
    total = sum(map(sum, durations))
    usual = _usual(found)
    return Draft(
        rule=pattern.rule,
        title=_title(pattern, shape, found),
        grade=_grade(pattern, found),
        launches=launches,
        best=tuple(spread_each([place.best_ns for place in found], durations)),
        worst=tuple(spread_each([place.worst_ns for place in found], durations)),
        evidence=_evidence(context, pattern, found, usual, total),
        why=_why(context, pattern, usual, total),
        removed=launches if pattern.joins else tuple(others),
    )


def _grade(pattern: Pattern, found: Sequence[Place]) -> Grade:
    linked = sum(place.recorded for place in found)
    if pattern.grade == "certain" and (2 * linked < len(found) or linked < pattern.repeats):
        return "likely"
    return pattern.grade


def _title(pattern: Pattern, shape: str, found: Sequence[Place]) -> str:
    count = len(found)
    where = f"in {count:,} places" if count > 1 else "in one place"
    size = f" {shape}" if shape else ""
    return f"{pattern.verb} {pattern.name}{size} {where}"


def _in_all(count: int) -> str:
    return f"all {count:,}" if count > 1 else "all"


def _usual(found: Sequence[Place]) -> Place:
    """Return the first place with the operators that most places have."""
    kinds: Counter[tuple[str, ...]] = Counter()
    # few kinds, in the order of their first place
    for kind, count in Counter(place.kind for place in found).items():
        kinds[_operators(kind)] += count
    usual = kinds.most_common(1)[0][0]
    return next(place for place in found if _operators(place.kind) == usual)


def _operators(kind: Kind) -> tuple[str, ...]:
    return tuple([operation.op for operation in kind.operations])


def _why(context: Context, pattern: Pattern, usual: Place, total: int) -> str:
    """Return one line on what a place takes, what one kernel would take, and all places."""
    launches = units.counted(len(usual.rows), "launch")
    now = units.time(usual.duration_ns)
    if context.device is None or pattern.joins:
        return f"{launches} of {now} in one place; {context.summed(total)} in all."
    new = units.time_range(usual.best_ns, max(usual.best_ns, usual.worst_ns))
    moves = "moves" if len(usual.rows) == 1 else "move"
    return (
        f"{launches} of {now} in one place {moves} what one kernel moves in {new}; "
        f"{units.time(total)} in all."
    )


def _evidence(
    context: Context, pattern: Pattern, found: Sequence[Place], usual: Place, total: int
) -> tuple[str, ...]:
    names = " → ".join(_operators(usual.kind))
    linked = sum(place.recorded for place in found)
    launches = len(usual.rows)
    sentences = [
        f"{names}: {launches} {'launch' if launches == 1 else 'launches'} of "
        f"{units.time(usual.duration_ns)} in one place, "
        f"{context.summed(total)} in {_in_all(len(found))}.",
    ]
    if linked < len(found):
        sentences.append(
            f"Of {units.counted(len(found), 'place')} {linked:,} "
            f"{'is' if linked == 1 else 'are'} known by the operators, the others only by the same "
            "kernels in the same order with the same grids."
        )
    if context.device is not None and not pattern.joins:
        sentences.append(
            f"What must move: {pattern.why}. That takes {units.time(usual.best_ns)} at best "
            f"({pattern.pace}, and never less than a launch); {units.time(usual.worst_ns)} is "
            "assumed at worst."
        )
    return tuple(sentences)
