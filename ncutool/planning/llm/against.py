"""A plan held against a recorded step: bytes, time, and which part of the distance is what.

Pure arithmetic on what a capture was found to hold; :mod:`ncutool.planning.observed` reads the
capture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ncutool.base import units
from ncutool.base.limits import overlapped
from ncutool.planning.llm import floors
from ncutool.planning.llm.comparison import (
    ATTENTION,
    EXPERTS,
    PRODUCTS,
    REST,
    UNKNOWN,
    Asked,
    Comparison,
    Observed,
    ProductRow,
    Row,
)
from ncutool.planning.llm.floors import Floor, Load
from ncutool.planning.llm.loads import Rows, lengths_of, load_of, phase_of, rows_of
from ncutool.planning.llm.matching import Match, candidates, match
from ncutool.planning.llm.planned import Plan
from ncutool.planning.llm.setup import Setup


def compare(plan: Plan, observed: Observed, asked: Asked) -> Comparison:
    """Hold the plan's model on its device against the capture's step.

    Where the two do not fit together ``problems`` says why, and nothing is compared.
    """
    setup = setup_of(plan)
    matched = match(setup, observed.products, observed.steps)
    rows = rows_of(matched)
    phase, why = phase_of(asked, observed.lengths, rows)
    lengths = lengths_of(asked, observed.lengths, rows, phase)
    load = None if phase is None else load_of(phase, lengths, rows)
    problems = _problems(setup, plan, observed, matched, rows)
    misfit = bool(problems)
    if not problems and observed.lengths_reason and asked.phase is None:
        problems.append(f"{observed.lengths_reason}: say --phase, --batch and --context")
    elif not problems and phase is None:
        problems.append(why)
    elif not problems and load is None:
        problems.append("how many tokens a step takes is not recorded: say --batch, or --prompt")
    steps = observed.steps or matched.steps
    blank = Comparison(
        plan=plan, observed=observed, match=matched, problems=tuple(problems), phase=phase,
        fitting=candidates(observed.products, plan.device, observed.steps) if misfit else (),
        phase_reason=why, lengths=lengths, rows=None if load is None else load.rows, steps=steps,
        step_ns=observed.wall_ns / steps if steps else None,
        step_busy_ns=observed.busy_ns / steps if steps else None,
        seen_weight_bytes=_seen_bytes(matched, steps),
        planned_weight_bytes=sum(one.weights.step_bytes for one in matched.pairs) or None,
        kv_bytes=None, kv_reason=None, floor=None, floor_ns=None, reached_pct=None,
        busy_reached_pct=None, lowest_floor_ns=None, highest_floor_ns=None, parts=(),
        products=(), notes=(),
    )  # fmt: skip
    if problems or load is None or not steps:
        return blank
    done = _compared(setup, blank, load, steps)
    least, busy = done.lowest_floor_ns or done.floor_ns, done.step_busy_ns
    if matched.verdict == "unknown" and least is not None and busy is not None and busy < least:
        why = (
            f"the device works {units.time(busy)} in a step, less than the plan's floor of "
            f"{units.time(least)}; the plan is not what ran"
        )
        return replace(blank, problems=(why,))
    return done


def setup_of(plan: Plan) -> Setup:
    """Return what was planned."""
    return plan.setup


def _problems(
    setup: Setup, plan: Plan, observed: Observed, matched: Match, rows: Rows
) -> list[str]:
    """Return why the plan cannot be what ran, or the capture no step of one size."""
    problems = [*matched.problems, *matched.types]
    if setup.resident_weight_bytes() > plan.device.memory_bytes:
        least = plan.memory.smallest_tensor_parallel
        more = f": tensor parallelism {least} or more" if least else ""
        problems.append(
            f"{plan.model.name} does not fit {plan.tensor_parallel} × {plan.device.name}{more}; it "
            "is not what ran"
        )
    if not problems and (observed.steps or matched.steps) is None:
        problems.append(f"{observed.steps_reason} No product's calls tell it either")
    if not problems and rows.layers is None and matched.pairs:
        problems.append("the rows of the products differ between layers or steps")
    if not problems and matched.verdict == "unknown":
        problems += _unlike(plan, observed)
    return problems


def _unlike(plan: Plan, observed: Observed) -> Iterator[str]:
    """Return what speaks against the plan where no product's shapes can speak for it."""
    if observed.ranks is not None and observed.ranks < plan.tensor_parallel:
        yield (
            f"the plan divides layers among {plan.tensor_parallel:,} devices, and the job has "
            f"{units.counted(observed.ranks, 'rank')}"
        )
    layers, steps = plan.model.layers, observed.steps or 1
    each = observed.attention_launches / steps
    windowed = any(one.window is not None for one in plan.model.caches)
    if layers and each and (each < layers or (each % layers and not windowed)):
        yield (
            f"the capture launches attention {each:g} times a step, by its kernels' names, and the "
            f"plan has {layers:,} layers"
        )


def _seen_bytes(matched: Match, steps: int | None) -> float | None:
    seen = [one for pair in matched.pairs for one in pair.seen]
    sizes = [one.values * one.bytes_per_value for one in seen if one.bytes_per_value is not None]
    return sum(sizes) / steps if steps and seen and len(sizes) == len(seen) else None


def _compared(setup: Setup, blank: Comparison, load: Load, steps: int) -> Comparison:
    observed, matched = blank.observed, blank.match
    notes: list[str] = []
    absent = _not_run(setup, matched, observed, steps)
    if absent:
        notes.append(
            f"{', '.join(sorted(absent))}: not run here, as no launch of unknown work is long "
            "enough to read such weights; left out of the floor"
        )
    dense = floors.weights_floor(setup, load, absent)
    experts = floors.experts_floor(setup, load)
    attention, why_not = _attention(setup, load, observed)
    norms = floors.norms_floor(setup)
    known = [dense, norms, *([experts[0]] if experts else [])]
    whole = attention.ns is not None
    parts = [*known, attention] if whole else known
    floor = floors.total(parts)
    if not whole:
        notes.append(f"the floor leaves the attention out: {why_not}")
    by_part = {PRODUCTS: dense, ATTENTION: attention, REST: norms}
    if experts and any(one.name == EXPERTS and one.ns for one in observed.parts):
        by_part[EXPERTS] = experts[0]
    elif experts:
        by_part[PRODUCTS] = floors.total([dense, experts[0]])
    floor_ns = floor.ns
    step_ns, busy_ns = observed.wall_ns / steps, observed.busy_ns / steps
    bounds = [_with_experts(parts, experts, each) for each in (1, 2)] if experts else [None, None]
    part_rows = _part_rows(observed, by_part, why_not, steps, matched.verdict == "same")
    products = _product_rows(setup, matched, steps)
    return replace(
        blank,
        kv_bytes=attention.bytes,
        kv_reason=why_not,
        floor=floor,
        floor_ns=floor_ns,
        reached_pct=_pct(floor_ns, step_ns),
        busy_reached_pct=_pct(floor_ns, busy_ns),
        lowest_floor_ns=bounds[0],
        highest_floor_ns=bounds[1],
        parts=tuple(part_rows),
        products=tuple(products),
        notes=(
            *notes,
            *_notes(blank, load, absent, experts is not None),
            *_too_fast(part_rows, products),
        ),
    )


def _attention(setup: Setup, load: Load, observed: Observed) -> tuple[Floor, str | None]:
    """Return the attention's floor, unless the capture shows that its cache is of another type."""
    seen = observed.attention_dtype
    if seen in ("fp8", "int8") and setup.kv.value_bits > 8:
        why = f"the capture's attention works in {seen}, the plan's cache in {setup.kv.name} (--kv)"
        return Floor(None, None, None, None), why
    return floors.attention_floor(setup, load)


def _with_experts(
    parts: Sequence[Floor], experts: tuple[Floor, Floor, Floor], which: int
) -> float | None:
    return floors.total([experts[which] if one is experts[0] else one for one in parts]).ns


def _not_run(setup: Setup, matched: Match, observed: Observed, steps: int) -> frozenset[str]:
    """Return the matrices whose weights could not be read in the time of launches of unknown work.

    Only those whose products were seen nowhere; a head that a scoring model lacks, for example.
    """
    if matched.verdict == "unknown":
        return frozenset()
    room = observed.opaque_ns / steps
    gone = [
        one for one in matched.missing if 1e9 * one.step_bytes / setup.bandwidth > max(room, 1.0)
    ]
    return frozenset(name for one in gone for name in one.names)


def _part_rows(
    observed: Observed,
    by_part: dict[str, Floor],
    why_not: str | None,
    steps: int,
    all_seen: bool,
) -> list[Row]:
    """Return the parts of a step with their floors; a distance's share only where all are known.

    Launches of unknown work have none where all of the plan's products were seen elsewhere.
    """
    rows = []
    for part in observed.parts:
        floor = by_part.get(part.name)
        least = floor.ns if floor is not None else 0.0
        if part.name in (EXPERTS, UNKNOWN) and floor is None and not all_seen:
            least = None
        if not part.ns and not least:
            continue
        ns = part.ns / steps
        reason = why_not if part.name == ATTENTION and least is None else None
        if part.name == REST:
            reason = "of this the plan counts the norms' vectors alone"
        rows.append(
            Row(
                name=part.name,
                ns=ns,
                by_name_ns=part.by_name_ns / steps,
                wall_pct=100 * part.ns / observed.wall_ns,
                floor_ns=least,
                reached_pct=_pct(least, ns) if least and part.name != REST else None,
                distance_ns=None if least is None else ns - least,
                distance_pct=None,
                reason=reason,
            )
        )
    whole = sum(row.distance_ns or 0.0 for row in rows)
    if whole <= 0 or any(row.distance_ns is None for row in rows):
        return rows
    return [replace(row, distance_pct=_pct(row.distance_ns, whole)) for row in rows]


def _product_rows(setup: Setup, matched: Match, steps: int) -> list[ProductRow]:
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
                reached_pct=_pct(floor, ns),
            )
        )
    return sorted(rows, key=lambda row: -row.ns)


def _notes(blank: Comparison, load: Load, absent: frozenset[str], mixture: bool) -> list[str]:
    """Return what limits the figures."""
    notes = []
    observed, matched = blank.observed, blank.match
    if matched.verdict == "unknown":
        whose = "the plan" if observed.products else "the capture"
        notes.append(
            f"not checked: {whose} has no shapes of products, so that it ran this model in this "
            "division is for you to know"
        )
    unread = [name for one in matched.missing for name in one.names if name not in absent]
    if unread and matched.verdict != "unknown":
        notes.append(f"no recorded product reads these weights of the plan: {', '.join(unread)}")
    if matched.foreign and matched.verdict != "unknown":
        listed = ", ".join(f"{one.label} × {one.calls:,}" for one in matched.foreign[:3])
        notes.append(f"products of weights that the plan does not have, little in all: {listed}")
    if mixture:
        notes.append(
            "which experts were touched is not recorded: the floor takes uniform routing, and the "
            "range all tokens alike to no two alike"
        )
    if mixture and not any(one.name == EXPERTS and one.ns for one in observed.parts):
        notes.append("no launch is known to be an expert's: they are counted among the products")
    if load.phase == "decode" and load.sequences and load.rows > load.sequences:
        notes.append(
            f"{load.rows:,} tokens for {load.sequences:,} sequences: several tokens are verified "
            "at once, or the batch is padded"
        )
    if observed.ranks and observed.ranks != blank.plan.tensor_parallel:
        notes.append(
            f"the job has {units.counted(observed.ranks, 'rank')}, and the plan divides layers "
            f"among {blank.plan.tensor_parallel:,}"
        )
    return notes


def _too_fast(parts: Sequence[Row], products: Sequence[ProductRow]) -> list[str]:
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


def _pct(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else 100 * part / whole
