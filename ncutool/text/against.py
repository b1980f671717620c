"""A plan against a capture: a sheet for the terminal and for Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.base import units
from ncutool.text.llm_facts import headline, milliseconds, size
from ncutool.text.sheet import Grid, Sheet

if TYPE_CHECKING:
    from ncutool.planning.llm.comparison import Comparison, ProductRow, Row
    from ncutool.planning.llm.matching import Seen

_VERDICTS = {
    "same": "all products of the plan, and no others",
    "partly": "the products seen are the plan's; some of the plan's were not seen",
    "differs": "not the plan's",
    "unknown": "no shapes of products: not checked",
}
_MOST_ROWS = 12


def against_sheet(found: Comparison) -> Sheet:
    """Return the comparison, or why there is none."""
    if found.problems:
        return _refusal(found)
    return Sheet(
        headline=_headline(found),
        facts=tuple(_facts(found)),
        grids=tuple(grid for grid in (_parts(found), _products(found)) if grid.rows),
        notes=(*_of_window(found), *found.notes),
    )


def _headline(found: Comparison) -> str:
    phase = "decode step" if found.phase == "decode" else "prefill"
    reached = "is not known"
    if found.reached_pct is not None:
        reached = f"reaches {units.percent(found.reached_pct)} of its floor"
    return f"{headline(found.plan)}: the {phase} of {found.observed.capture} {reached}"


def _refusal(found: Comparison) -> Sheet:
    fitting = ""
    if found.fitting:
        fitting = f"presets with the capture's shapes: {'; '.join(found.fitting)}"
    elif found.match.verdict == "differs":
        fitting = "no preset has the capture's shapes: give --config, or sizes"
    grid = Grid(
        "Products of the capture",
        ("product", "calls", "time", "in the plan"),
        tuple(_seen(found, one) for one in found.observed.products[:_MOST_ROWS]),
        frozenset({"product", "in the plan"}),
    )
    return Sheet(
        headline=f"{headline(found.plan)} is not compared with {found.observed.capture}",
        facts=(),
        grids=(grid,) if grid.rows else (),
        notes=(*found.problems, *((fitting,) if fitting else ()), *_of_window(found)),
    )


def _seen(found: Comparison, one: Seen) -> tuple[str, str, str, str]:
    names = next((pair.weights.names for pair in found.match.pairs if one in pair.seen), None)
    if names is None:
        place = "no" if one in found.match.foreign else "experts"
    else:
        place = ", ".join(names)
    return one.label, units.count(one.calls), milliseconds(one.duration_ns), place


def _facts(found: Comparison) -> list[tuple[str, str, str]]:
    step = found.step_ns or 0.0
    counted = units.counted(found.steps or 0, "step")
    return [
        (
            "step",
            milliseconds(step),
            f"wall, of {counted}; the device works {milliseconds(found.step_busy_ns or 0.0)} of it",
        ),
        ("floor", *_floor(found)),
        (
            "reached",
            units.percent(found.reached_pct),
            f"of the step's time; {units.percent(found.busy_reached_pct)} of the device's own",
        ),
        ("phase", found.phase or units.UNKNOWN, found.phase_reason),
        ("tokens", units.count(found.rows), _sequences(found)),
        ("shapes", found.match.verdict, _VERDICTS[found.match.verdict]),
        ("weights", size(found.seen_weight_bytes), _weights(found)),
        ("KV cache", size(found.kv_bytes), _cache(found)),
    ]


def _floor(found: Comparison) -> tuple[str, str]:
    floor = found.floor
    if floor is None or floor.ns is None or floor.memory_ns is None or floor.compute_ns is None:
        return units.UNKNOWN, "not all that the step works on is known"
    memory = f"{size(floor.bytes)} at {units.data_rate(found.plan.peak_bytes_per_s)}"
    said = f"{memory}: {milliseconds(floor.memory_ns)}; math {milliseconds(floor.compute_ns)}"
    low, high = found.lowest_floor_ns, found.highest_floor_ns
    if low is not None and high is not None and low < high:
        said += f"; {milliseconds(low)} to {milliseconds(high)} by the experts touched"
    return milliseconds(floor.ns), said


def _sequences(found: Comparison) -> str:
    known = found.lengths
    if known is None or known.sequences is None:
        return "through the layers in a step; how many sequences is not recorded"
    said = f"in a step, of {units.counted(known.sequences, 'sequence')}"
    if known.cached_tokens is None:
        return f"{said}; their lengths are not recorded"
    each = known.cached_tokens / known.sequences
    mean = "each" if known.alike else "on average"
    length = f"{each:,.0f}" if each == round(each) else f"{each:,.1f}"
    return f"{said} of {length} tokens {mean}"


def _weights(found: Comparison) -> str:
    planned = f"{size(found.planned_weight_bytes)} by the plan"
    if found.seen_weight_bytes is None:
        return "read by the recorded products: not recorded"
    return f"read by the recorded products in a step; {planned} for the same"


def _cache(found: Comparison) -> str:
    verb = "read" if found.phase == "decode" else "written"
    if found.kv_bytes is None:
        return found.kv_reason or ""
    said = f"{verb} in a step by the lengths above"
    seen, steps = found.observed.kv_bytes, found.steps
    if seen is None or not steps:
        return f"{said}; {found.observed.kv_reason}"
    return f"{said}; keys and values given to attention: {size(seen / steps)}"


def _parts(found: Comparison) -> Grid:
    return Grid(
        "Where the time of a step goes, and what of it lies beyond the floor",
        ("part", "time", "of step", "floor", "reached", "beyond", "of all beyond", "told by"),
        tuple(_part(row) for row in found.parts),
        frozenset({"part", "told by"}),
    )


def _part(row: Row) -> tuple[str, ...]:
    floor = "none counted" if row.floor_ns == 0 else _time(row.floor_ns)
    told = "" if row.name == "idle" else "operators"
    if row.by_name_ns:
        share = 100 * row.by_name_ns / row.ns
        told = "kernel names" if share > 99.95 else f"{units.percent(share)} by kernel names"
    return (
        row.name,
        milliseconds(row.ns),
        units.percent(row.wall_pct),
        floor,
        units.percent(row.reached_pct) if row.reached_pct is not None else "",
        _time(row.distance_ns),
        units.percent(row.distance_pct),
        told,
    )


def _time(ns: float | None) -> str:
    return units.UNKNOWN if ns is None else milliseconds(ns)


def _products(found: Comparison) -> Grid:
    return Grid(
        "Products with weights, a step",
        ("weights", "shape", "calls", "seen", "planned", "time", "floor", "reached"),
        tuple(_product(row) for row in found.products[:_MOST_ROWS]),
        frozenset({"weights", "shape"}),
    )


def _product(row: ProductRow) -> tuple[str, ...]:
    return (
        row.weights,
        row.shape,
        f"{row.calls:g}",
        size(row.seen_bytes),
        size(row.planned_bytes),
        milliseconds(row.ns),
        milliseconds(row.floor_ns),
        units.percent(row.reached_pct),
    )


def _of_window(found: Comparison) -> tuple[str, ...]:
    return (*found.observed.trimmed, found.observed.steps_reason)
