"""A plan held against a recorded step: bytes, time, and which part of the distance is what.

Pure arithmetic on what a capture was found to hold; :mod:`ncutool.planning.observed` reads the
capture.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from ncutool.base import units
from ncutool.planning.llm import floors
from ncutool.planning.llm.against_rows import part_rows, percentage, product_rows, too_fast
from ncutool.planning.llm.comparison import (
    ATTENTION,
    COMMUNICATION,
    EXPERTS,
    PRODUCTS,
    REST,
    Asked,
    Comparison,
    Observed,
)
from ncutool.planning.llm.contradictions import contradiction
from ncutool.planning.llm.floors import Floor, Load
from ncutool.planning.llm.loads import Rows, lengths_of, load_of, phase_of, rows_of
from ncutool.planning.llm.matching import Match, candidates, match
from ncutool.planning.llm.planned import Plan
from ncutool.planning.llm.setup import Setup
from ncutool.planning.llm.testable import expert_problems, untested


def compare(plan: Plan, observed: Observed, asked: Asked) -> Comparison:
    """Hold the plan's model on its device against the capture's step.

    Where the two do not fit together ``problems`` says why, and nothing is compared.
    """
    setup = plan.setup
    matched = match(setup, observed.products, observed.steps)
    rows = rows_of(matched, setup.deployment.data_parallel_attention)
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
        busy_reached_pct=None, expected_floor_ns=None, worst_floor_ns=None, link_ns=None, parts=(),
        products=(), notes=(), untested=untested(plan, observed, matched, phase),
    )  # fmt: skip
    if problems or load is None or not steps:
        return blank
    done = _compared(matched.setup or setup, blank, load, steps)
    found = contradiction(done)
    if found is not None and matched.verdict == "unknown":
        return replace(blank, problems=(f"{found.sentence}; the plan is not what ran",))
    return replace(done, contradiction=found)


def _problems(
    setup: Setup, plan: Plan, observed: Observed, matched: Match, rows: Rows
) -> list[str]:
    """Return why the plan cannot be what ran, or the capture no step of one size."""
    problems = [*matched.problems, *matched.types]
    if setup.resident_weight_bytes() > plan.device.memory_bytes:
        least = plan.memory.smallest_tensor_parallel
        more = f": tensor parallelism {least} or more" if least else ""
        problems.append(
            f"{plan.model.name} does not fit {setup.deployment.devices} × {plan.device.name}"
            f"{more}; it is not what ran"
        )
    if not problems and (observed.steps or matched.steps) is None:
        problems.append(f"{observed.steps_reason} No product's calls tell it either")
    if not problems and rows.layers is None and matched.pairs:
        problems.append("the rows of the products differ between layers or steps")
    if not problems and matched.verdict == "unknown":
        problems += _unlike(plan, observed)
    if not problems:
        problems += expert_problems(setup, observed)
    return problems


def _unlike(plan: Plan, observed: Observed) -> Iterator[str]:
    """Return what speaks against the plan where no product's shapes can speak for it."""
    devices = plan.setup.deployment.devices
    if observed.ranks is not None and observed.ranks < devices:
        yield (
            f"the plan divides the model among {devices:,} devices, and the job has "
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
    """Return the comparison with its floors.

    Args:
        setup: what the device has of the plan.
        blank: the comparison without them.
        load: what a step works on.
        steps: in the capture.
    """
    observed, matched = blank.observed, blank.match
    absent = _not_run(setup, matched, observed, steps)
    dense = floors.weights_floor(setup, load, absent)
    experts = floors.experts_floor(setup, load)
    attention, why_not = _attention(setup, load, observed)
    norms = floors.norms_floor(setup)
    link_ns, no_link = floors.links_floor(setup, load)
    fixed = [dense, norms, *([attention] if attention.ns is not None else [])]
    floor = floors.total([*fixed, *(experts[:1] if experts else ())])
    by_part = _by_part(observed, dense, experts, attention, norms)
    if setup.deployment.stage_devices > 1:
        by_part[COMMUNICATION] = link_ns
    reasons = {
        ATTENTION: why_not if attention.ns is None else None,
        REST: "of this the plan counts the norms' vectors alone",
        COMMUNICATION: no_link,
    }
    floor_ns = _longest(floor.ns, link_ns)
    others = [
        _longest(floors.total([*fixed, one]).ns, link_ns)
        for one in (experts[1:] if experts else ())
    ]
    step_ns, busy_ns = observed.wall_ns / steps, observed.busy_ns / steps
    rows = part_rows(observed, by_part, reasons, steps, all_seen=matched.verdict == "same")
    products = product_rows(setup, matched, steps)
    return replace(
        blank,
        kv_bytes=attention.bytes,
        kv_reason=why_not,
        floor=floor,
        floor_ns=floor_ns,
        reached_pct=percentage(floor_ns, step_ns),
        busy_reached_pct=percentage(floor_ns, busy_ns),
        expected_floor_ns=others[0] if others else None,
        worst_floor_ns=others[1] if others else None,
        link_ns=link_ns,
        parts=tuple(rows),
        products=tuple(products),
        notes=(
            *_left_out(absent, why_not if attention.ns is None else None, no_link),
            *_notes(blank, load, absent, mixture=experts is not None),
            *too_fast(rows, products),
        ),
    )


def _by_part(
    observed: Observed,
    dense: Floor,
    experts: tuple[Floor, Floor, Floor] | None,
    attention: Floor,
    norms: Floor,
) -> dict[str, float | None]:
    """Return the floor of each part of a step, experts apart where their launches are known."""
    found = {PRODUCTS: dense.ns, ATTENTION: attention.ns, REST: norms.ns}
    if experts is None:
        return found
    if any(one.name == EXPERTS and one.ns for one in observed.parts):
        return {**found, EXPERTS: experts[0].ns}
    return {**found, PRODUCTS: floors.total([dense, experts[0]]).ns}


def _left_out(
    absent: frozenset[str], no_attention: str | None, no_link: str | None
) -> Iterator[str]:
    """Return what the floor leaves out, and why.

    Args:
        absent: names of weights that were not read.
        no_attention: why the attention is left out; None where it is not.
        no_link: why what the devices send is left out; None where it is not.
    """
    if absent:
        yield (
            f"{', '.join(sorted(absent))}: not run here, as no launch of unknown work is long "
            "enough to read such weights; left out of the floor"
        )
    if no_attention is not None:
        yield f"the floor leaves the attention out: {no_attention}"
    if no_link is not None:
        yield f"the floor leaves out what the devices send each other: {no_link}"


def _longest(local_ns: float | None, link_ns: float | None) -> float | None:
    """Return the time of the busier of a device's own work and its links, as far as it is known."""
    return local_ns if local_ns is None or link_ns is None else max(local_ns, link_ns)


def _attention(setup: Setup, load: Load, observed: Observed) -> tuple[Floor, str | None]:
    """Return the attention's floor, unless the capture shows that its cache is of another type."""
    seen = observed.attention_dtype
    if seen in ("fp8", "int8") and setup.kv.value_bits > 8:
        why = f"the capture's attention works in {seen}, the plan's cache in {setup.kv.name} (--kv)"
        return Floor(None, None, None, None), why
    return floors.attention_floor(setup, load)


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


def _notes(blank: Comparison, load: Load, absent: frozenset[str], *, mixture: bool) -> list[str]:
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
            "which experts were touched is not recorded: the floor takes the fewest that may be, "
            "all tokens alike; a uniform choice and no two alike stand beside"
        )
    if mixture and not any(one.name == EXPERTS and one.ns for one in observed.parts):
        notes.append("no launch is known to be an expert's: they are counted among the products")
    if load.phase == "decode" and load.sequences and load.rows > load.sequences:
        notes.append(
            f"{load.rows:,} tokens for {load.sequences:,} sequences: several tokens are verified "
            "at once, or the batch is padded"
        )
    devices = blank.plan.setup.deployment.devices
    if observed.ranks and observed.ranks != devices:
        notes.append(
            f"the job has {units.counted(observed.ranks, 'rank')}, and the plan divides the model "
            f"among {devices:,}"
        )
    if matched.stage is not None:
        notes.append(f"by its products this device has {matched.stage.words}")
    if blank.plan.setup.deployment.data_parallel_attention > 1 and load.all_rows is None:
        notes.append(
            "tokens of other data-parallel groups are not recorded: the floor counts none of them"
        )
    return notes
