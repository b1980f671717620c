"""What a trace can test of a plan, and what it cannot, with the reason.

A trace is of one device, in some steps: whatever is of other devices, of requests over time, or of
tensors that no operator recorded is not in it.
"""

from __future__ import annotations

from collections.abc import Iterator

from ncutool.base import units
from ncutool.planning.llm.comparison import Observed, Untested
from ncutool.planning.llm.floors import Phase
from ncutool.planning.llm.matching import Match
from ncutool.planning.llm.model import Matrix
from ncutool.planning.llm.planned import Plan
from ncutool.planning.llm.product_shapes import expert_shares
from ncutool.planning.llm.setup import Setup


def expert_problems(setup: Setup, observed: Observed) -> list[str]:
    """Return how the experts that operators were given differ from those that the plan places."""
    mixture = setup.model.experts
    if mixture is None or not observed.expert_weights:
        return []
    placed = _placed(setup)
    if placed is None:
        return []
    seen = [one for one in observed.expert_weights if _is_of(setup, one.rows, one.columns)]
    return [
        f"the capture's experts are {one.label}, {one.experts:,} on a device, and the plan places "
        f"{placed:,} of {mixture.count:,} on one (--expert-parallel)"
        for one in seen
        if one.experts != placed
    ][:1]


def _placed(setup: Setup) -> int | None:
    """Return how many experts of a layer one device holds; None where they do not divide evenly."""
    mixture = setup.model.experts
    if mixture is None or mixture.count % setup.deployment.expert_parallel:
        return None
    return mixture.count // setup.deployment.expert_parallel


def _is_of(setup: Setup, rows: int, columns: int) -> bool:
    """Return whether a tensor of each expert has the sides of the plan's experts."""
    shares = expert_shares(setup)
    return any(
        {rows, columns} == {one.inputs, inner} or {rows, columns} == {one.inputs, 2 * inner}
        for one in _routed(setup)
        if one.split == "outputs"
        for inner in (one.outputs // shares,)
    )


def _routed(setup: Setup) -> Iterator[Matrix]:
    return (one for one in setup.model.matrices if one.part == "experts")


def untested(
    plan: Plan, observed: Observed, matched: Match, phase: Phase | None
) -> tuple[Untested, ...]:
    """Return what of the plan this capture cannot test."""
    return (
        *_layout(plan, observed, matched),
        *_types(plan, matched),
        *_phases(phase),
        *_asked(plan, phase),
    )


def _layout(plan: Plan, observed: Observed, matched: Match) -> Iterator[Untested]:
    deployment, model = plan.setup.deployment, plan.model
    if matched.verdict == "unknown" and deployment.devices > 1:
        yield Untested(
            deployment.words, "no product's shapes are recorded, which would tell how it is divided"
        )
    if model.experts is not None and not observed.expert_weights:
        told = " (--expert-parallel)" if deployment.expert_parallel > 1 else ""
        yield Untested(
            f"where experts are placed{told}",
            "no operator recorded the shapes of their weights",
        )
    if model.experts is not None:
        yield Untested("which experts tokens choose", "the choice is a value, and no trace has it")
    if deployment.pipeline_parallel > 1:
        count = deployment.pipeline_parallel
        what = f"the other {count - 1:,} of {units.counted(count, 'stage')}, and how they overlap"
        yield Untested(what, "a trace is of one device")
    if deployment.data_parallel_attention > 1:
        yield Untested("whether the groups have as much to do", "a trace is of one device")
    shares = any(pair.weights.is_own is False for pair in matched.pairs)
    if deployment.data_parallel_attention > 1 and matched.pairs and not shares:
        yield Untested(
            f"that there are {deployment.data_parallel_attention:,} groups",
            "the products seen are of weights that a group keeps whole, however many there are",
        )


def _types(plan: Plan, matched: Match) -> Iterator[Untested]:
    seen = [one for pair in matched.pairs for one in pair.seen]
    if matched.verdict == "unknown" or not seen:
        yield Untested(
            f"weights in {plan.types.weights}, activations in {plan.types.activations}",
            "no product with weights recorded its types",
        )
        return
    if any(one.bytes_per_value is None for one in seen):
        yield Untested("the type of some weights", "their products record none")
    if any(one.inputs_type is None for one in seen):
        yield Untested("the type of some products' inputs", "it is none that the reader knows")


def _phases(phase: Phase | None) -> Iterator[Untested]:
    other = {"decode": "the prefill", "prefill": "decoding"}.get(phase or "")
    if other is not None:
        yield Untested(other, f"the steps of this trace are of {phase}")


def _asked(plan: Plan, phase: Phase | None) -> Iterator[Untested]:
    """Return what was asked of the plan that is of more than one step."""
    ways = plan.ways
    if plan.serving is not None or plan.serving_reason is not None:
        yield Untested("requests without end (--output-tokens)", "a trace has some steps of them")
    answers = plan.answers
    if answers is not None and answers.smallest is not None:
        yield Untested("the smallest deployment", "a trace is of one deployment")
    if answers is not None and answers.largest_batch is not None:
        yield Untested("the largest batch under a time per token", "a trace shows one batch")
    if answers is not None and answers.time_to_first_token_ns is not None:
        yield Untested("how many prompts may be read in a time", "a trace shows one number of them")
    if plan.usual is not None:
        yield Untested("what is usual (--efficiency)", "its rows were measured in other runs")
    if ways.prefix is not None and phase != "prefill":
        yield Untested("a share of cached prefixes", "these steps read no prompt alone")
    elif ways.prefix is not None:
        yield Untested(
            "a share of cached prefixes",
            "which tokens were in the cache before is recorded only by annotations with sums",
        )
    if ways.chunked is not None and phase != "mixed":
        yield Untested("chunks beside decode steps", "no step of this trace has both")
    if ways.speculation is not None:
        yield Untested(
            "how many proposed tokens are accepted", "the tokens are values, and no trace has them"
        )
    if ways.pools is not None:
        yield Untested(
            "devices divided into those that read prompts and those that decode",
            "a trace is of one of them, and what they send each other lies between traces",
        )
