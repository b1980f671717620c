"""The rows of a comparison with a capture: parts of a step, and products, each with its floor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from ncutool.base.limits import overlapped
from ncutool.planning.llm.comparison import (
    EXPERTS,
    REST,
    UNKNOWN,
    Observed,
    ProductRow,
    Row,
)
from ncutool.planning.llm.matching import Match
from ncutool.planning.llm.setup import Setup


def part_rows(
    observed: Observed,
    by_part: Mapping[str, float | None],
    reasons: Mapping[str, str | None],
    steps: int,
    *,
    all_seen: bool,
) -> list[Row]:
    """Return the parts of a step with their floors; a distance's share only where all are known.

    Launches of unknown work have none where all of the plan's products were seen elsewhere.

    Args:
        observed: the capture.
        by_part: floor (ns) of each part that the plan counts; None where it is not known.
        reasons: why it is not, and what the plan leaves out of it.
        steps: in the capture.
        all_seen: whether the products seen are all of the plan's.
    """
    rows = []
    for part in observed.parts:
        least = by_part.get(part.name, 0.0)
        if part.name in (EXPERTS, UNKNOWN) and part.name not in by_part and not all_seen:
            least = None
        if not part.ns and not least:
            continue
        ns = part.ns / steps
        reason = reasons.get(part.name)
        rows.append(
            Row(
                name=part.name,
                ns=ns,
                by_name_ns=part.by_name_ns / steps,
                wall_pct=100 * part.ns / observed.wall_ns,
                floor_ns=least,
                reached_pct=percentage(least, ns) if least and part.name != REST else None,
                distance_ns=None if least is None else ns - least,
                distance_pct=None,
                reason=reason,
            )
        )
    whole = sum(row.distance_ns or 0.0 for row in rows)
    if whole <= 0 or any(row.distance_ns is None for row in rows):
        return rows
    return [replace(row, distance_pct=percentage(row.distance_ns, whole)) for row in rows]


def product_rows(setup: Setup, matched: Match, steps: int) -> list[ProductRow]:
    """Return the products with weights, those with most time first."""
    rows = []
    for pair in matched.pairs:
        sizes = [one.bytes_per_value for one in pair.seen]
        seen = sum(
            one.values * one.bytes_per_value for one in pair.seen if one.bytes_per_value is not None
        )
        flop = sum(2 * one.rows * one.values for one in pair.seen) / steps
        peak = setup.peak(pair.weights.roof)
        floor = overlapped(1e9 * flop / peak, 1e9 * pair.weights.step_bytes / setup.bandwidth)
        ns = pair.duration_ns / steps
        rows.append(
            ProductRow(
                weights=", ".join(pair.weights.names),
                shape=" or ".join(sorted({one.label for one in pair.seen})),
                calls=pair.calls / steps,
                seen_bytes=None if None in sizes else seen / steps,
                planned_bytes=pair.weights.step_bytes,
                ns=ns,
                floor_ns=floor,
                reached_pct=percentage(floor, ns),
            )
        )
    return sorted(rows, key=lambda row: -row.ns)


def too_fast(parts: Sequence[Row], products: Sequence[ProductRow]) -> list[str]:
    """Return what took less than its floor, which nothing that the plan describes can."""
    rows = [(one.name, one.reached_pct) for one in parts]
    rows += [(f"{one.weights} {one.shape}", one.reached_pct) for one in products]
    fast = [name for name, reached in rows if reached is not None and reached > 100]
    if not fast:
        return []
    return [
        f"faster than its floor: {', '.join(fast)}; a small model's weights may stay in the GPU's "
        "caches, or launches under another heading did a part of it, or types or device differ"
    ]


def percentage(part: float | None, whole: float | None) -> float | None:
    """Return the part in per cent of the whole; None where one is not known."""
    return None if part is None or not whole else 100 * part / whole
