"""Chains by producer and consumer: which calls they join, how sure, and what one kernel moves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trace_factory import BF16, H100, Step, Trace, kernels, run, view, window

from ncutool.advice.fuse import chains, fuse, horizontal
from ncutool.advice.view.context import Context, context
from ncutool.advice.view.finding import Adviser, Draft
from ncutool.advice.view.links import Chain
from ncutool.advice.view.links import chains as found_in

FULL = (8192, 4096)
ROW = (8192, 1)
SIZE = 8192 * 4096 * 2


def one(name: str, *shapes: tuple[int, ...], dtype: str = BF16, ns: int = 60_000) -> Step:
    """One call on tensors of one type."""
    return f"aten::{name}", list(shapes), [dtype] * len(shapes), ns


PRODUCT = one("mm", (64, 64), (64, 64), ns=5_000)


def places(steps: list[Step]) -> list[list[int]]:
    """The chains among some calls, as their places."""
    (line,) = view(run(steps).capture()).lines
    return [chain.places for chain in found_in(line, frozenset())]


def only(steps: list[Step]) -> Chain:
    """The single chain among some calls."""
    (line,) = view(run(steps).capture()).lines
    (chain,) = found_in(line, frozenset())
    return chain


def drafts(steps: list[Step]) -> tuple[Draft, ...]:
    """What chains make of one sequence."""
    return chains.drafts(view(run(steps).capture()), frozenset()).drafts


GOLDEN = [one("add", FULL, FULL), one("silu", FULL, ns=40_000), one("mul", FULL, FULL)]


def test_golden_chain_saves_half_of_its_bytes() -> None:
    """bf16 [8192,4096] add → silu → mul with a second input each: 536,870,912 B become
    268,435,456; the difference takes 80.13 µs at 3.35 TB/s and 89.03 at 90 % of it."""
    chain = only(GOLDEN)
    sizes = chains.fused_bytes(chain, trains=False)
    assert sizes is not None
    saved = sum(node.moved or 0 for node in chain.nodes) - sizes[0]
    assert saved == 268_435_456
    assert round(saved / 3.35e12 * 1e6, 2) == 80.13
    assert round(saved / (0.9 * 3.35e12) * 1e6, 2) == 89.03


def test_in_training_the_intermediates_are_still_written() -> None:
    """The backward pass may read both: then only their reads are saved."""
    assert chains.fused_bytes(only(GOLDEN), trains=True) == (4 * SIZE, 6 * SIZE)
    assert chains.fused_bytes(only(GOLDEN), trains=False) == (4 * SIZE, 4 * SIZE)


def test_what_is_read_again_later_is_still_written() -> None:
    """Two later readers of tensors like it: the chain's own result accounts for one of them."""
    chain = only([*GOLDEN, one("bmm", (1, *FULL), (1, 4096, 64)), one("topk", FULL, FULL)])
    sizes = chains.fused_bytes(chain, trains=False)
    assert sizes == (4 * SIZE, 6 * SIZE)


def test_one_reduction_of_rows_may_lie_inside() -> None:
    """A softmax over rows; a second one, over what the first wrote, is another kernel's."""
    soft = [one("exp", FULL), one("_softmax", FULL), one("mul", FULL, FULL)]
    assert places(soft) == [[0, 1, 2]]
    assert places([*soft[:2], one("native_layer_norm", FULL, (4096,), (4096,))]) == [[0, 1]]


def test_a_reduction_over_another_axis_ends_a_chain() -> None:
    """Batch norm must have read everything before the next call may start."""
    steps = [one("exp", (32, 64, 56, 56)), one("native_batch_norm", (32, 64, 56, 56), (64,), (64,))]
    assert places([*steps, one("neg", (32, 64, 56, 56))]) == [[0, 1]]


def test_a_product_between_is_passed_where_the_consumer_reads_its_result() -> None:
    """exp, product, mul: the product of other shapes is passed; one that reads the tensor is not,
    nor one that has nothing to do with it."""
    other = one("mm", (8192, 64), (64, 4096))
    assert places([one("exp", FULL), other, one("mul", FULL, FULL)]) == [[0, 2]]
    reader = one("mm", FULL, (4096, 4096))
    assert places([one("exp", FULL), reader, one("mul", FULL, (4096,))]) == []
    assert places([one("exp", FULL), PRODUCT, one("mul", FULL, FULL)]) == []


def test_small_steps_aside_are_passed() -> None:
    """A gradient that accumulates on another tensor between two calls of a chain."""
    aside = one("add_", (512, 512), (512, 512))
    assert places([one("exp", FULL), aside, one("neg", FULL)]) == [[0, 2]]
    assert places([one("exp", FULL), *[aside] * 3, one("neg", FULL)]) == []


def test_nothing_is_joined_across_an_unknown_launch_or_communication() -> None:
    """What they read is not known."""
    trace = run([one("exp", FULL)])
    clock = trace.launches[-1]["start_ns"] + 70_000
    trace.kernel(clock, 9_000, kernel_full="mystery()")
    run([one("neg", FULL)], trace=trace)
    (line,) = view(trace.capture()).lines
    assert found_in(line, frozenset()) == []


def test_custom_operators_are_opaque() -> None:
    """No compiler takes another library's kernel apart."""
    assert places([one("exp", FULL), ("vllm::norm", [FULL], [BF16], 50_000)]) == []


def test_what_is_only_overwritten_is_not_read() -> None:
    """A fill or random numbers on a tensor of the same shape begin anew."""
    assert places([one("exp", FULL), one("fill_", FULL)]) == []
    assert places([one("exp", FULL), one("normal_", FULL), one("neg", FULL)]) == []
    assert places([one("fill_", FULL), one("neg", FULL)]) == [[0, 1]]


def test_grades_follow_the_evidence() -> None:
    """Certain with one producer among known calls, possible with two, likely when repeated."""
    assert drafts(GOLDEN[:2])[0].grade == "certain"
    assert drafts(GOLDEN)[0].grade == "possible"
    assert drafts([*GOLDEN, PRODUCT] * 8)[0].grade == "likely"
    unknown: Step = ("aten::cat", [], [], 9_000)
    assert drafts([unknown, one("exp", FULL), one("neg", FULL)])[0].grade == "possible"


def test_gradients_that_accumulate_are_no_chain() -> None:
    """sum, add, add_, add_, add, add, tanh_backward over tensors of three layouts: only the last
    add feeds the gradient of tanh."""
    wide, weight = (98304, 30), (30, 647)
    steps = [
        one("sum", (1024, 30)),
        one("add", (1024, 96, 30), (1024, 96, 30)),
        one("add_", (30,), (30,)),
        one("add_", weight, weight),
        one("add", (1024, 30, 96), (1024, 30, 96)),
        one("add", wide, wide),
        one("tanh_backward", wide, wide),
    ]
    assert places(steps) == [[5, 6]]


def test_where_the_model_is_compiled_already_its_breaks_are_sought() -> None:
    """A compiled kernel in the trace: the calls beside it were left out."""
    triton: Step = ("triton_poi_fused_add_0", [FULL], [BF16], 30_000)
    assert drafts([*GOLDEN, PRODUCT, triton])[0].code == "TORCH_LOGS=graph_breaks"
    assert drafts(GOLDEN)[0].code == "module = torch.compile(module)"


def test_in_the_cache_only_launches_are_saved_at_worst() -> None:
    """3 × 2 MB lie in a cache of 50 MB: fused they take what they take now, less two launches."""
    shape = (1024, 1024)
    steps = [one("add", shape, shape), one("silu", shape), one("mul", shape, shape)]
    cached = replace(H100, l2_bytes=50_000_000)
    capture = run(steps).capture()
    seen = context(kernels(capture, cached), capture, window(capture), cached)
    (draft,) = chains.drafts(seen, frozenset()).drafts
    assert sum(draft.worst) == 180_000 - 2 * seen.latency_ns
    assert sum(drafts(steps)[0].worst) < 10_000


def all_drafts(seen: Context) -> list[Draft]:
    """Every fusion of a context, in the order in which they take launches."""
    advisers: tuple[Adviser, ...] = (fuse, horizontal, chains)
    claimed: frozenset[int] = frozenset()
    found: list[Draft] = []
    for adviser in advisers:
        given = adviser.drafts(seen, claimed)
        found += given.drafts
        claimed |= given.claimed
    return found


SHAPES = [FULL, ROW, (8192,), (2, 4096, 4096), ()]
NAMES = ["add", "mul", "add_", "copy_", "mm", "native_layer_norm", "_softmax", "sum", "silu"]


@st.composite
def sequences(draw: st.DrawFn) -> Trace:
    """Calls in random order on a few shapes and types, some without a duration."""
    steps: list[Step] = []
    for _ in range(draw(st.integers(2, 24))):
        shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3))
        dtype = draw(st.sampled_from([BF16, "float"]))
        steps.append(one(draw(st.sampled_from(NAMES)), *shapes, dtype=dtype))
        if draw(st.integers(0, 5)) == 0:
            steps[-1] = (*steps[-1][:3], 0)
    return run(steps)


@settings(max_examples=60, deadline=None)
@given(sequences())
def test_no_draft_lengthens_a_launch_or_claims_one_twice(trace: Trace) -> None:
    """0 <= best <= worst <= now for each draft as a whole, each launch is in one draft only, casts
    within attention aside, and what is removed is the draft's own."""
    seen = view(trace.capture())
    now = {row["launch_id"]: row["duration_ns"] for row in trace.launches}
    claimed: list[int] = []
    for draft in all_drafts(seen):
        durations = [now[launch] for launch in draft.launches]
        for new, old in zip(draft.best, durations, strict=True):
            assert 0 <= new <= old
        assert sum(draft.best) <= sum(draft.worst) <= sum(durations)
        assert set(draft.removed) <= set(draft.launches)
        assert sum(durations) > 0
        if "casts of activations" not in draft.title:  # another way to be rid of some launches
            claimed += draft.launches
    assert len(claimed) == len(set(claimed))


@settings(max_examples=30, deadline=None)
@given(sequences())
def test_the_order_of_rows_changes_no_draft(trace: Trace) -> None:
    """Tables in reverse give the same drafts."""
    capture = trace.capture()
    mixed = replace(capture, launches=capture.launches.reverse(), ops=capture.ops.reverse())
    assert all_drafts(view(mixed)) == all_drafts(view(capture))


@pytest.mark.parametrize("steps", [GOLDEN, [*GOLDEN, PRODUCT] * 8], ids=["once", "repeated"])
def test_without_its_launches_a_draft_is_gone(steps: list[Step]) -> None:
    """What is left has no chain."""
    capture = run(steps).capture()
    (draft,) = chains.drafts(view(capture), frozenset()).drafts
    gone = set(draft.launches)
    rest = [step for place, step in enumerate(steps) if place not in gone]
    assert drafts([*rest, PRODUCT, PRODUCT]) == ()
