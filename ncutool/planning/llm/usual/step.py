"""What the calls of a step usually take, from rows measured on the same device."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct

from ncutool.planning.llm.setup import Setup
from ncutool.planning.llm.terms import Pass, decode_pass, prompt_pass, work
from ncutool.planning.llm.usual.calls import FAMILIES, Family
from ncutool.planning.llm.usual.nearness import LEAST, Error, Range, Rows, estimate, left_out_errors
from ncutool.planning.llm.usual.planned_calls import Calls, of_pass
from ncutool.planning.llm.usual.reading import Measured
from ncutool.planning.llm.usual.rows import Row


class UsualPart(Struct, frozen=True):
    """Calls of a step that are alike, and what such calls take. Times are those of a step."""

    term: str
    what: str
    sizes: tuple[tuple[str, float], ...]
    count: float
    """Calls in a step."""
    floor_ns: float | None
    """Of these calls, each at its own floor; None where they are of no family."""
    low_ns: float | None
    """From the 10th percentile of near rows; None where none are near, for ``reason``."""
    median_ns: float | None
    high_ns: float | None
    rows: int
    """That the range is of."""
    reason: str


class UsualStep(Struct, frozen=True):
    """A step on one device."""

    parts: tuple[UsualPart, ...]
    floor_ns: float
    """Of the parts with a range, one call after the other."""
    low_ns: float | None
    """Sum of the known parts, as if all were quick at once; None where no part is known."""
    median_ns: float | None
    high_ns: float | None
    """As if all were slow at once."""
    missing: tuple[str, ...]
    """Terms of the step that the sums leave out, wholly or in part."""
    whole_low_ns: float | None
    """Of the whole step: None while anything is missing, for ``reason``."""
    whole_high_ns: float | None
    reason: str


class BelowFloor(Struct, frozen=True):
    """A row that is faster than its floor: it did less than it says, or its operands lay in a
    cache."""

    where: str
    """File and line."""
    family: Family
    sizes: tuple[tuple[str, float], ...]
    time_ns: float
    floor_ns: float


class Usual(Struct, frozen=True):
    """What is usual for a plan, and how far to trust it."""

    source: str
    rows: int
    devices: tuple[str, ...]
    """That the rows are of."""
    below_floor: tuple[BelowFloor, ...]
    """Rows left out as they are faster than their floor."""
    unread_files: tuple[str, ...]
    errors: tuple[Error, ...]
    """Of the kinds of rows that the plan used."""
    decode: UsualStep
    prefill: UsualStep


def usual(
    setup: Setup, measured: Measured, batch: int, context_tokens: int, prompt_tokens: int
) -> Usual:
    """Return what the plan's decode step and prompt usually take."""
    kinds = _by_kind(row for row in measured.rows if row.device == setup.device.name)
    names = tuple(dict.fromkeys(row.device for row in measured.rows))
    used: dict[tuple[str, str], Rows] = {}

    def step(given: Pass) -> UsualStep:
        return _step(setup, given, kinds, used, names)

    decode = step(decode_pass(batch, context_tokens))
    prefill = step(prompt_pass(prompt_tokens, setup.deployment.least_batch))
    return Usual(
        source=measured.source,
        rows=len(measured.rows),
        devices=names,
        below_floor=tuple(
            BelowFloor(row.where, row.call.family, row.call.sizes, row.time_ns, row.call.floor_ns)
            for row in measured.below_floor
        ),
        unread_files=measured.unread_files,
        errors=tuple(left_out_errors(rows) for rows in used.values()),
        decode=decode,
        prefill=prefill,
    )


def _by_kind(rows: Iterable[Row]) -> dict[tuple[str, str], Rows]:
    sorted_: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        sorted_[row.call.family, row.call.kind].append(row)
    return {key: Rows(found) for key, found in sorted_.items()}


def _step(
    setup: Setup,
    given: Pass,
    kinds: dict[tuple[str, str], Rows],
    used: dict[tuple[str, str], Rows],
    devices: tuple[str, ...],
) -> UsualStep:
    parts = tuple(_part(one, setup, kinds, used, devices) for one in of_pass(setup, given))
    known = [one for one in parts if one.low_ns is not None]
    covered = {one.term for one in parts} - {one.term for one in parts if one.low_ns is None}
    terms = [one for one in work(setup, given).terms if one.flop or one.bytes or one.link_bytes]
    missing = tuple(dict.fromkeys(one.what for one in terms if one.what not in covered))
    low, median, high = (
        sum(getattr(one, name) for one in known) if known else None
        for name in ("low_ns", "median_ns", "high_ns")
    )
    return UsualStep(
        parts=parts,
        floor_ns=sum(one.floor_ns or 0.0 for one in known),
        low_ns=low,
        median_ns=median,
        high_ns=high,
        missing=missing,
        whole_low_ns=None if missing else low,
        whole_high_ns=None if missing else high,
        reason=_reason(setup, missing),
    )


def _reason(setup: Setup, missing: tuple[str, ...]) -> str:
    if not setup.model.shapes_known:
        return "the shapes of the matrices are not known: describe the model by --config or sizes"
    if missing:
        return f"no measured rows are near for {', '.join(missing)}"
    return ""


def _part(
    one: Calls,
    setup: Setup,
    kinds: dict[tuple[str, str], Rows],
    used: dict[tuple[str, str], Rows],
    devices: tuple[str, ...],
) -> UsualPart:
    if one.call is None:
        return UsualPart(one.term, one.what, (), one.count, None, None, None, None, 0, one.reason)
    key = (one.call.family, one.call.kind)
    rows = kinds.get(key)
    near = [] if rows is None else rows.near(one.call)
    found = estimate(one.call, near)
    floor = one.count * one.call.floor_ns
    reason = ""
    if found is None:
        reason = _why_none(one, setup, kinds, len(near), devices)
    elif found.low_ns < one.call.floor_ns:
        reason = "what near rows took, carried over, is below the floor of this call"
        found = None
    if rows is not None and found is not None:
        used.setdefault(key, rows)
    low, median, high = _times(found, one.count)
    return UsualPart(
        one.term, one.what, one.call.sizes, one.count, floor, low, median, high,
        len(near) if found else 0, reason,
    )  # fmt: skip


def _times(
    found: Range | None, count: float
) -> tuple[float, float, float] | tuple[None, None, None]:
    if found is None:
        return None, None, None
    return count * found.low_ns, count * found.median_ns, count * found.high_ns


def _why_none(
    one: Calls,
    setup: Setup,
    kinds: dict[tuple[str, str], Rows],
    near: int,
    devices: tuple[str, ...],
) -> str:
    """Return why a call has no range."""
    assert one.call is not None
    if setup.device.name not in devices:
        return f"no rows of {setup.device.name}: they are of {', '.join(devices)}"
    of_family = sorted(kind for family, kind in kinds if family == one.call.family)
    family = FAMILIES[one.call.family]
    if not of_family:
        return f"no rows of {family}"
    if one.call.kind not in of_family:
        return f"no rows of {family} with {one.call.kind}: they are with {'; '.join(of_family)}"
    counted = "1 row is" if near == 1 else f"{near} rows are"
    return f"{counted} near in each size, within a factor of two: fewer than {int(LEAST)}"
