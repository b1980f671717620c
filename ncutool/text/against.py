"""A plan against a capture: a sheet for the terminal and for Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.base import units
from ncutool.text.llm_facts import headline, size
from ncutool.text.llm_words import milliseconds
from ncutool.text.sheet import Grid, Sheet

if TYPE_CHECKING:
    from ncutool.planning.llm.comparison import Comparison, Contradiction, ProductRow, Row
    from ncutool.planning.llm.matching import Seen

_VERDICTS = {
    "same": "all products of the plan, and no others",
    "partly": "the products seen are the plan's; some of the plan's were not seen",
    "differs": "not the plan's",
    "unknown": "no shapes of products: not checked",
}
_MOST_ROWS = 12


def against_sheet(comparison: Comparison) -> Sheet:
    """Return the comparison, or why there is none."""
    if comparison.problems:
        return _refusal(comparison)
    return Sheet(
        headline=_headline(comparison),
        facts=tuple(_facts(comparison)),
        grids=tuple(
            grid
            for grid in (_parts(comparison), _products(comparison), _untested(comparison))
            if grid.rows
        ),
        notes=(*_of_window(comparison), *comparison.notes),
        alarm="" if comparison.contradiction is None else _alarm(comparison.contradiction),
    )


def _alarm(found: Contradiction) -> str:
    """Say that the floor and the measured time contradict each other, and what may be wrong."""
    return (
        f"CONTRADICTION: {found.sentence}. The model, its types, its division, the lengths or the "
        "device are not what ran, or weights stayed in the GPU's caches between steps"
    )


def _untested(comparison: Comparison) -> Grid:
    return Grid(
        "What this capture cannot test",
        ("of the plan", "why"),
        tuple((one.what, one.why) for one in comparison.untested),
        frozenset({"of the plan", "why"}),
    )


def _headline(comparison: Comparison) -> str:
    names = {"decode": "decode step", "prefill": "prefill", "mixed": "mixed step"}
    phase = names[comparison.phase or "prefill"]
    reached = "is not known"
    if comparison.contradiction is not None:
        reached = "takes less than its floor: a contradiction"
    elif comparison.reached_pct is not None:
        reached = f"reaches {units.percent(comparison.reached_pct)} of its floor"
    return f"{headline(comparison.plan)}: the {phase} of {comparison.observed.capture} {reached}"


def _refusal(comparison: Comparison) -> Sheet:
    fitting = ""
    if comparison.fitting:
        fitting = f"presets with the capture's shapes: {'; '.join(comparison.fitting)}"
    elif comparison.match.verdict == "differs":
        fitting = "no preset has the capture's shapes: give --config, or sizes"
    grid = Grid(
        "Products of the capture",
        ("product", "calls", "time", "in the plan"),
        tuple(_seen(comparison, product) for product in comparison.observed.products[:_MOST_ROWS]),
        frozenset({"product", "in the plan"}),
    )
    return Sheet(
        headline=f"{headline(comparison.plan)} is not compared with {comparison.observed.capture}",
        facts=(),
        grids=tuple(each for each in (grid, _untested(comparison)) if each.rows),
        notes=(*comparison.problems, *((fitting,) if fitting else ()), *_of_window(comparison)),
    )


def _seen(comparison: Comparison, product: Seen) -> tuple[str, str, str, str]:
    names = next(
        (pair.weights.names for pair in comparison.match.pairs if product in pair.seen), None
    )
    if names is None:
        place = "no" if product in comparison.match.foreign else "experts"
    else:
        place = ", ".join(names)
    return product.label, units.count(product.calls), milliseconds(product.duration_ns), place


def _facts(comparison: Comparison) -> list[tuple[str, str, str]]:
    step = comparison.step_ns or 0.0
    counted = units.counted(comparison.steps or 0, "step")
    busy = milliseconds(comparison.step_busy_ns or 0.0)
    return [
        (
            "step",
            milliseconds(step),
            f"wall, of {counted}; the device works {busy} of it",
        ),
        ("floor", *_floor(comparison)),
        (
            "reached",
            units.percent(comparison.reached_pct),
            f"of the step's time; {units.percent(comparison.busy_reached_pct)} of the device's own",
        ),
        ("phase", comparison.phase or units.UNKNOWN, comparison.phase_reason),
        ("tokens", units.count(comparison.rows), _sequences(comparison)),
        ("shapes", comparison.match.verdict, _VERDICTS[comparison.match.verdict]),
        ("weights", size(comparison.seen_weight_bytes), _weights(comparison)),
        ("KV cache", size(comparison.kv_bytes), _cache(comparison)),
    ]


def _floor(comparison: Comparison) -> tuple[str, str]:
    floor = comparison.floor
    if floor is None or floor.ns is None or floor.memory_ns is None or floor.compute_ns is None:
        return units.UNKNOWN, "not all that the step works on is known"
    memory = f"{size(floor.bytes)} at {units.data_rate(comparison.plan.peak_bytes_per_s)}"
    remark = f"{memory}: {milliseconds(floor.memory_ns)}; math {milliseconds(floor.compute_ns)}"
    usual, worst = comparison.expected_floor_ns, comparison.worst_floor_ns
    if usual is not None and worst is not None:
        remark += (
            f"; of the fewest experts; {milliseconds(usual)} if chosen uniformly, "
            f"{milliseconds(worst)} if no two alike"
        )
    if comparison.link_ns is not None:
        remark += f"; between devices {milliseconds(comparison.link_ns)}"
    return milliseconds(comparison.floor_ns or floor.ns), remark


def _sequences(comparison: Comparison) -> str:
    known = comparison.lengths
    if known is None or known.sequences is None:
        return "through the layers in a step; how many sequences is not recorded"
    remark = f"in a step, of {units.counted(known.sequences, 'sequence')}"
    if known.cached_tokens is None:
        return f"{remark}; their lengths are not recorded"
    mean_tokens = known.cached_tokens / known.sequences
    mean = "each" if known.alike else "on average"
    length = f"{mean_tokens:,.0f}" if mean_tokens == round(mean_tokens) else f"{mean_tokens:,.1f}"
    return f"{remark} of {length} tokens {mean}"


def _weights(comparison: Comparison) -> str:
    planned = f"{size(comparison.planned_weight_bytes)} by the plan"
    if comparison.seen_weight_bytes is None:
        return "read by the recorded products: not recorded"
    return f"read by the recorded products in a step; {planned} for the same"


def _cache(comparison: Comparison) -> str:
    verb = "read" if comparison.phase == "decode" else "written"
    if comparison.kv_bytes is None:
        return comparison.kv_reason or ""
    remark = f"{verb} in a step by the lengths above"
    seen, steps = comparison.observed.kv_bytes, comparison.steps
    if seen is None or not steps:
        return f"{remark}; {comparison.observed.kv_reason}"
    return f"{remark}; keys and values given to attention: {size(seen / steps)}"


def _parts(comparison: Comparison) -> Grid:
    return Grid(
        "Where the time of a step goes, and what of it lies beyond the floor",
        ("part", "time", "of step", "floor", "reached", "beyond", "of all beyond", "told by"),
        tuple(_part(row) for row in comparison.parts),
        frozenset({"part", "told by"}),
    )


def _part(row: Row) -> tuple[str, ...]:
    floor = "none counted" if row.floor_ns == 0 else _time(row.floor_ns)
    source = "" if row.name == "idle" else "operators"
    if row.by_name_ns:
        share = 100 * row.by_name_ns / row.ns
        source = "kernel names" if share > 99.95 else f"{units.percent(share)} by kernel names"
    return (
        row.name,
        milliseconds(row.ns),
        units.percent(row.wall_pct),
        floor,
        units.percent(row.reached_pct) if row.reached_pct is not None else "",
        _time(row.distance_ns),
        units.percent(row.distance_pct),
        source,
    )


def _time(ns: float | None) -> str:
    return units.UNKNOWN if ns is None else milliseconds(ns)


def _products(comparison: Comparison) -> Grid:
    return Grid(
        "Products with weights, a step",
        ("weights", "shape", "calls", "seen", "planned", "time", "floor", "reached"),
        tuple(_product(row) for row in comparison.products[:_MOST_ROWS]),
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


def _of_window(comparison: Comparison) -> tuple[str, ...]:
    return (*comparison.observed.trimmed, comparison.observed.steps_reason)
