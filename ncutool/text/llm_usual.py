"""What is usual beside a plan's floors, in lines and a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.base import units
from ncutool.text.llm_words import Fact, milliseconds
from ncutool.text.sheet import Grid

if TYPE_CHECKING:
    from ncutool.planning.llm import Plan
    from ncutool.planning.llm.usual.nearness import Error
    from ncutool.planning.llm.usual.step import BelowFloor, UsualPart, UsualStep

_SHOWN = 3
"""Rows below their floor that are named; JSON has all."""


def usual_facts(plan: Plan, of: str) -> list[tuple[str, list[Fact]]]:
    """Return what usually is, apart from every floor; nothing where no rows were given."""
    found = plan.usual
    if found is None:
        return []
    rows = f"{units.count(found.rows)} measured rows of {', '.join(found.devices)}"
    lines = [
        Fact("from", found.source, rows),
        *_step("decode step", found.decode),
        *_step("prompt", found.prefill),
        *(_error(one) for one in found.errors),
    ]
    if found.below_floor:
        named = "; ".join(_below(one) for one in found.below_floor[:_SHOWN])
        more = len(found.below_floor) - _SHOWN
        lines.append(
            Fact(
                "left out",
                units.count(len(found.below_floor)),
                "below their own floor: they did less than they say, or met a cache: "
                + named
                + (f"; {more} more" if more > 0 else ""),
            )
        )
    if found.unread_files:
        lines.append(
            Fact(
                "not read",
                units.count(len(found.unread_files)),
                f"tables of no known family: {', '.join(found.unread_files[:_SHOWN])}"
                + (" …" if len(found.unread_files) > _SHOWN else ""),
            )
        )
    return [(f"Usual, estimated from measured rows: no floor{of}", lines)]


def _below(one: BelowFloor) -> str:
    return (
        f"{one.where} ({' × '.join(_size(size) for _, size in one.sizes)}): "
        f"{milliseconds(one.time_ns)}, floor {milliseconds(one.floor_ns)}"
    )


def _step(name: str, step: UsualStep) -> list[Fact]:
    if step.low_ns is None or step.median_ns is None or step.high_ns is None:
        reason = step.reason or "no measured rows are near"
        return [Fact(name, units.UNKNOWN, reason), *_unknown(step)]
    known = [one for one in step.parts if one.low_ns is not None]
    terms = ", ".join(dict.fromkeys(one.term for one in known))
    lines = [
        Fact(
            name,
            _range(step.low_ns, step.high_ns),
            f"usually, of {terms} one after the other: middle {milliseconds(step.median_ns)}; "
            f"their floor {milliseconds(step.floor_ns)}",
        )
    ]
    if step.whole_low_ns is None:
        lines.append(Fact("", units.UNKNOWN, f"the whole step: {step.reason}"))
    return [*lines, *_unknown(step)]


def _range(low: float, high: float) -> str:
    return f"{milliseconds(low)} to {milliseconds(high)}"


def _error(one: Error) -> Fact:
    from ncutool.planning.llm.usual.calls import FAMILIES  # only plans with measured rows need it

    family = FAMILIES[one.family]
    if one.median_error is None or one.p90_error is None or one.within is None:
        return Fact("error", units.UNKNOWN, f"{family} ({one.kind}): no row has three near ones")
    other = (
        "shapes never measured cannot be tested"
        if one.other_shapes_median_error is None
        else f"{_percent(one.other_shapes_median_error)} with all rows of its shape left out too"
    )
    return Fact(
        "error",
        _percent(one.median_error),
        f"of {family} ({one.kind}), each of {units.count(one.tested)} rows estimated from the "
        f"others: half lie within this, 90 % within {_percent(one.p90_error)}; "
        f"{_percent(one.within)} lie in their range; {other}; {units.count(one.without_near)} have "
        "no near rows",
    )


def _percent(share: float) -> str:
    return units.percent(100 * share)


def usual_grids(plan: Plan) -> list[Grid]:
    """Return the parts of a step and of a prompt, with what is usual of each."""
    found = plan.usual
    if found is None:
        return []
    heading = ("part", "sizes", "calls", "floor", "usual", "middle", "rows")
    words = frozenset(("part", "sizes"))
    steps = (("a decode step", found.decode), ("a prompt", found.prefill))
    return [
        Grid(
            f"Usual parts of {name}, of each device",
            heading, tuple(_row(one) for one in step.parts), words,
        )
        for name, step in steps
        if step.low_ns is not None
    ]  # fmt: skip


def _row(one: UsualPart) -> tuple[str, ...]:
    known = one.low_ns is not None and one.high_ns is not None
    return (
        f"{one.term}: {one.what}",
        " × ".join(_size(size) for _, size in one.sizes),
        units.count(one.count),
        units.UNKNOWN if one.floor_ns is None else milliseconds(one.floor_ns),
        _range(one.low_ns or 0.0, one.high_ns or 0.0) if known else units.UNKNOWN,
        units.UNKNOWN if one.median_ns is None else milliseconds(one.median_ns),
        units.count(one.rows),
    )


def _size(size: float) -> str:
    return units.count(size) if size == int(size) else units.significant(size)


def _unknown(step: UsualStep) -> list[Fact]:
    """Return why parts have no range, a line for each reason."""
    reasons: dict[str, list[str]] = {}
    for one in step.parts:
        if one.reason:
            reasons.setdefault(one.reason, []).append(f"{one.term}: {one.what}")
    return [
        Fact("", units.UNKNOWN, f"{'; '.join(dict.fromkeys(parts))}: {reason}")
        for reason, parts in reasons.items()
    ]
