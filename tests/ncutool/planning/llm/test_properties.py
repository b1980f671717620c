"""What holds for every model, card, batch and context."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ncutool.devices.table import load_devices
from ncutool.planning import llm
from ncutool.planning.llm.limits import Memory
from ncutool.planning.llm.number_types import CACHE_TYPES, NUMBER_TYPES
from ncutool.planning.llm.step import Step

CARDS = [device.name for device in load_devices()]
names = st.sampled_from(llm.preset_names())
cards = st.sampled_from(CARDS)
weights = st.sampled_from(["native", *NUMBER_TYPES])
caches = st.sampled_from(CACHE_TYPES)


@settings(max_examples=150, deadline=None)
@given(names, cards, weights, caches, st.integers(1, 5000), st.integers(1, 200_000))
def test_no_step_is_shorter_than_its_parts(
    name: str, card: str, kind: str, kv: str, batch: int, context: int
) -> None:
    """The floor is the longer of memory and math, and serial work takes no less."""
    plan = llm.plan(
        name,
        card,
        weights=kind,
        kv=kv,
        batch=batch,
        context_tokens=context,
        batches=(),
        contexts=(),
    )
    step = plan.decode
    assert step.floor_ns == max(step.memory_ns, step.compute_ns)
    assert step.serial_ns >= step.floor_ns * (1 - 1e-12)
    assert step.serial_ns <= (step.memory_ns + step.compute_ns) * (1 + 1e-12)
    assert step.floor_bound == ("compute" if step.compute_ns > step.memory_ns else "memory")
    assert step.floor_ns <= step.expected.ns * (1 + 1e-12)
    assert step.expected.ns <= step.worst.ns * (1 + 1e-12)
    assert step.tokens_per_s == pytest.approx(batch * step.tokens_per_s_per_sequence)
    assert step.weight_bytes <= plan.memory.weight_bytes * (1 + 1e-12)
    assert plan.cache_limit is not None
    assert step.tokens_per_s <= plan.cache_limit.tokens_per_s * (1 + 1e-9)
    assert step.fits == plan.memory.fits


@settings(max_examples=60, deadline=None)
@given(names, cards, st.integers(1, 100_000))
def test_larger_batches_give_more_in_all_and_less_to_each(
    name: str, card: str, context: int
) -> None:
    """Throughput never falls with the batch, and no user gains from it."""
    steps = llm.plan(name, card, context_tokens=context, contexts=()).batches
    for small, large in pairwise(steps):
        assert large.tokens_per_s >= small.tokens_per_s * (1 - 1e-12)
        assert large.tokens_per_s_per_sequence <= small.tokens_per_s_per_sequence * (1 + 1e-12)


@settings(max_examples=60, deadline=None)
@given(names, cards, weights, st.sampled_from([1, 2, 8]), st.integers(1, 50_000))
def test_the_verdict_agrees_with_the_sweep(
    name: str, card: str, kind: str, devices: int, context: int
) -> None:
    """Compute binds first if and only if some batch that fits is bound by it, and turns there."""
    model = llm.preset(name)
    if (model.heads or devices) % devices:
        return
    kv_heads = model.kv_heads or 1
    if kv_heads % devices and devices % kv_heads:
        return

    def swept(*batches: int) -> tuple[Step, ...]:
        return llm.plan(
            model, card, weights=kind, tensor_parallel=devices, context_tokens=context,
            batches=batches, contexts=(),
        ).batches  # fmt: skip

    plan = llm.plan(
        model, card, weights=kind, tensor_parallel=devices, context_tokens=context, contexts=()
    )
    most, turning = plan.memory.most_sequences, plan.crossover.whole_step
    assert most is not None
    binding = [step for step in plan.batches if step.bound == "compute"]
    assert all(turning is not None and step.batch >= turning * (1 - 1e-6) for step in binding)
    if any(step.fits for step in binding):
        assert plan.crossover.first == "compute"
    if most:
        assert (swept(most)[0].bound == "compute") == (plan.crossover.first == "compute")
    else:
        assert plan.crossover.first == "memory"
    if turning is not None and 2 <= turning < 1e8:
        below, above = swept(int(turning * 0.999), int(turning * 1.001) + 1)
        if "link" not in (below.bound, above.bound):  # links may take longer than either
            assert (below.bound, above.bound) == ("memory", "compute")


@settings(max_examples=60, deadline=None)
@given(names, cards, weights)
def test_the_bound_turns_at_the_crossover(name: str, card: str, kind: str) -> None:
    """Just below B* the matrix products wait for memory, just above for math."""
    plan = llm.plan(name, card, weights=kind, batches=(), contexts=())
    crossing = plan.crossover.weights_only
    assert crossing is not None
    below, above = math.floor(crossing * 0.999), math.ceil(crossing * 1.001) + 1
    batches = tuple(batch for batch in (below, above) if batch >= 1)
    steps = llm.plan(name, card, weights=kind, batches=batches, contexts=()).batches
    assert steps[-1].matrix_bound == "compute"
    if len(steps) == 2:
        assert steps[0].matrix_bound == "memory"


@settings(max_examples=60, deadline=None)
@given(names, cards, st.integers(1, 300), st.integers(1, 50_000))
def test_the_smallest_parallelism_fits_and_less_does_not(
    name: str, card: str, batch: int, context: int
) -> None:
    """What a plan proposes is itself a plan that fits, and no smaller one is."""
    model = llm.preset(name)
    heads, kv_heads = model.heads or 1, model.kv_heads or 1

    def footprint(devices: int) -> Memory:
        return llm.plan(
            model,
            card,
            tensor_parallel=devices,
            batch=batch,
            context_tokens=context,
            batches=(),
            contexts=(),
        ).memory

    found = footprint(1).smallest_tensor_parallel
    for devices in range(1, 1 + (found or heads)):
        if heads % devices == 0 and (kv_heads % devices == 0 or devices % kv_heads == 0):
            assert footprint(devices).fits == (devices == found)


@settings(max_examples=40, deadline=None)
@given(names, cards)
def test_memory_allows_what_it_says(name: str, card: str) -> None:
    """The most sequences fit, and one more does not."""
    most = llm.plan(name, card, batches=(), contexts=()).memory.most_sequences
    assert most is not None
    if most:
        assert llm.plan(name, card, batch=most, batches=(), contexts=()).memory.fits
    assert not llm.plan(name, card, batch=most + 1, batches=(), contexts=()).memory.fits
