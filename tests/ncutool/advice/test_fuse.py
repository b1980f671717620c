"""Known patterns of operators and the chains and updates beside them, on hand-made traces."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from trace_factory import (
    BF16,
    FULL,
    H100,
    RMS_NORM,
    ROW,
    Step,
    Trace,
    kernels,
    run,
    updates,
    view,
    window,
)

from ncutool import advice
from ncutool.advice.fuse import chains, fuse, horizontal
from ncutool.advice.view.context import context
from ncutool.advice.view.finding import Draft
from ncutool.advice.view.nodes import Node
from ncutool_parsers.capture import Capture


def fused(capture: Capture) -> tuple[Draft, ...]:
    """Drafts of the known patterns."""
    return fuse.drafts(view(capture), frozenset()).drafts


def test_rms_norm_moves_its_input_and_result_once() -> None:
    """4 × 16.8 MB at 3.35 TB/s are 20.0 µs, at 60 % of it 33.4."""
    (draft,) = fused(run(RMS_NORM).capture())
    assert draft.title == "Fuse RMSNorm in one place"
    assert draft.grade == "certain"
    assert draft.launches == tuple(range(9))
    assert sum(draft.best) == round(4 * 2 * 16 * 512 * 1024 / 3.35e12 * 1e9) == 20_032
    assert sum(draft.worst) == round(4 * 2 * 16 * 512 * 1024 / (0.6 * 3.35e12) * 1e9)
    assert draft.removed == tuple(range(1, 9))


def test_a_norm_without_residual_moves_half() -> None:
    """The sum is neither read nor written."""
    (draft,) = fused(run(RMS_NORM[1:]).capture())
    assert sum(draft.best) == 10_016


def test_repeated_layers_are_one_finding_with_a_count() -> None:
    """Three layers with a product between."""
    trace = Trace()
    for _ in range(3):
        mm: Step = ("aten::mm", [(8192, 1024), (1024, 1024)], [BF16, BF16], 60_000)
        run([*RMS_NORM, mm], trace=trace)
    (draft,) = fused(trace.capture())
    assert draft.title == "Fuse RMSNorm in 3 places"
    assert len(draft.launches) == 27


def test_unlinked_kernels_in_the_same_order_count_as_likely_places() -> None:
    """The tail of the step before has no operators, only the same kernels and grids."""
    trace = Trace()
    for name, _, _, duration in RMS_NORM:
        start = trace.launches[-1]["start_ns"] + 50_000 if trace.launches else 0
        trace.kernel(start, duration, kernel_full=f"{name}()", kernel=name)
    run(RMS_NORM, trace=trace)
    (draft,) = fused(trace.capture())
    assert draft.title == "Fuse RMSNorm in 2 places"
    assert (
        "Of 2 places 1 is known by the operators, the others only by the same kernels"
        in draft.evidence[1]
    )


def test_a_pattern_is_not_claimed_across_communication() -> None:
    """Nothing fuses across a collective."""
    trace = run(RMS_NORM[:3])
    clock = trace.launches[-1]["start_ns"] + 40_000
    trace.kernel(clock, 90_000, kernel_full="ncclDevKernel_AllReduce", collective="allreduce")
    run(RMS_NORM[3:], trace=trace)
    assert not any("RMSNorm" in draft.title for draft in fused(trace.capture()))


Q, SCORES = (96, 3136, 64), (96, 3136, 3136)
ATTENTION: list[Step] = [
    ("aten::bmm", [Q, (96, 64, 3136)], [BF16, BF16], 1_200_000),
    ("aten::mul", [SCORES, []], [BF16, "Scalar"], 900_000),
    ("aten::_softmax", [SCORES, [], []], [BF16, "Scalar", "Scalar"], 3_400_000),
    ("aten::copy_", [Q, Q], [BF16, BF16], 30_000),
    ("aten::bmm", [SCORES, Q], [BF16, BF16], 800_000),
]


def test_attention_keeps_the_copy_of_the_values() -> None:
    """A copy between softmax and product that is no copy of the scores is not part of it."""
    (draft,) = fused(run(ATTENTION).capture())
    assert draft.title.startswith("Fuse attention")
    assert draft.launches == (0, 1, 2, 4)
    flop = 2 * 2 * 96 * 3136 * 3136 * 64
    assert sum(draft.best) == round(flop / (0.35 * 989e12) * 1e9)
    assert sum(draft.worst) == round(flop / (0.20 * 989e12) * 1e9)


def test_attention_needs_matching_scores() -> None:
    """A softmax over another tensor proves nothing."""
    other: Step = ("aten::_softmax", [(96, 100, 100), [], []], [BF16, "Scalar", "Scalar"], 9_000)
    assert fused(run([ATTENTION[0], other, ATTENTION[4]]).capture()) == ()


def test_an_epilogue_disappears_into_the_product() -> None:
    """GELU after a product: nothing of its own at best, all of it at worst; its launch goes."""
    product: Step = ("aten::mm", [(788, 768), (768, 3072)], [BF16, BF16], 14_000)
    gelu: Step = ("aten::gelu", [(788, 3072), []], [BF16, ""], 5_000)
    (draft,) = fused(run([product, gelu]).capture())
    assert draft.title == "Fuse activation after a matrix product in one place"
    assert (draft.launches, draft.removed) == ((1,), (1,))
    assert (draft.best, draft.worst) == ((0,), (5_000,))


def test_a_residual_before_the_activation_still_has_to_be_read() -> None:
    """Batch norm, add, ReLU: at best only the residual of 102.8 MB is read."""
    shape = (32, 256, 56, 56)
    norm: Step = (
        "aten::cudnn_batch_norm", [shape, (256,), (256,)], ["float", "float", "float"], 130_000,
    )  # fmt: skip
    add: Step = ("aten::add", [shape, shape, []], ["float", "float", "Scalar"], 100_000)
    relu: Step = ("aten::clamp_min", [shape, []], ["float", "Scalar"], 70_000)
    (draft,) = fused(run([norm, add, relu]).capture())
    assert draft.grade == "possible"
    assert draft.launches == draft.removed == (1, 2)
    assert sum(draft.best) == round(4 * 32 * 256 * 56 * 56 / 3.35e12 * 1e9)
    assert sum(draft.worst) == 170_000


GOLDEN: list[Step] = [
    ("aten::add", [(8192, 4096), (8192, 4096)], [BF16, BF16], 60_097),
    ("aten::silu", [(8192, 4096)], [BF16], 40_065),
    ("aten::mul", [(8192, 4096), (8192, 4096)], [BF16, BF16], 60_097),
]


def test_golden_chain_saves_half_its_bytes() -> None:
    """bf16 [8192,4096] add → silu → mul: 536,870,912 B become 268,435,456: 80.13 µs at peak,
    89.03 at 90 % of it, and two gaps."""
    capture = run(GOLDEN).capture()
    seen = view(capture)
    assert sum(node.moved or 0 for node in seen.streams[0].nodes) == 536_870_912
    (draft,) = chains.drafts(seen, frozenset()).drafts
    assert draft.launches == (0, 1, 2)
    assert sum(draft.best) == seen.move_ns(268_435_456) == 80_130
    assert seen.move_ns(536_870_912) - seen.move_ns(268_435_456) in (80_130, 80_129)
    assert seen.move_ns(536_870_912, 0.9) - seen.move_ns(268_435_456, 0.9) in (89_033, 89_034)
    (finding,) = advice.advise(kernels(capture), capture, window(capture), H100).findings
    assert finding.saving_high_ns == 60_097 + 40_065 + 60_097 - 80_130 + 2 * 1_000
    assert (finding.grade, finding.saving_low_ns) == ("possible", 0)


def test_a_repeated_chain_is_likely() -> None:
    """Eight equal sequences are evidence of their own."""
    trace = Trace()
    for _ in range(8):
        run([*GOLDEN, ("aten::mm", [(64, 64), (64, 64)], [BF16, BF16], 5_000)], trace=trace)
    (draft,) = chains.drafts(view(trace.capture()), frozenset()).drafts
    assert draft.grade == "likely"
    assert draft.evidence[1].startswith("Most time: 8 × add → silu → mul")


@pytest.mark.parametrize(
    "steps",
    [
        [("aten::cos", [FULL], ["float"], 9_000), ("aten::sin", [FULL], ["float"], 9_000)],
        [("aten::neg", [FULL], ["float"], 9_000), ("aten::exp", [ROW], ["float"], 9_000)],
        [("aten::neg", [FULL], ["float"], 9_000), ("aten::exp", [FULL], [BF16], 9_000)],
        [("aten::neg", [(8,)], ["float"], 9_000), ("aten::exp", [(8,)], ["float"], 9_000)],
        [("aten::exp", [FULL], ["float"], 9_000)] * 4,
        [
            ("aten::mul_", [FULL, []], ["float", "Scalar"], 9_000),
            ("aten::add_", [FULL, FULL, []], ["float", "float", "Scalar"], 9_000),
        ],
    ],
    ids=[
        "cos and sin of one input",
        "other shape",
        "other type",
        "too small",
        "four alike",
        "two updates",
    ],
)
def test_neighbours_that_are_no_chain(steps: list[Step]) -> None:
    """Equal shapes side by side are not always producer and consumer."""
    assert chains.drafts(view(run(steps).capture()), frozenset()).drafts == ()


def test_optimizer_steps_are_parallel_not_a_chain() -> None:
    """Many in-place updates of many tensors are one multi-tensor call per operator."""
    drafts = horizontal.drafts(view(run(updates(10)).capture()), frozenset()).drafts
    assert [draft.title for draft in drafts] == ["Update parameters with multi-tensor kernels"]
    assert drafts[0].grade == "likely"  # no annotation says that they are an optimizer's
    assert drafts[0].removed == tuple(range(2, 20))
    assert sum(drafts[0].best) == 2 * 3_000  # two operators, each at least as long as any launch


def test_a_short_run_of_updates_is_left_alone() -> None:
    """Below twelve launches there is little to gain."""
    assert horizontal.drafts(view(run(updates(5)).capture()), frozenset()).drafts == ()


def test_without_a_device_nothing_is_said_of_bandwidth() -> None:
    """Unknown peaks give no time for a fused kernel: nothing below the longest launch."""
    capture = run(GOLDEN).capture()
    seen = context(kernels(capture, None), capture, window(capture), None)
    (draft,) = chains.drafts(seen, frozenset()).drafts
    assert sum(draft.best) == 60_097


def test_one_operator_with_several_kernels_is_one_node() -> None:
    """An operator never feeds itself, and a memset before a product stays a product."""
    trace = Trace()
    op = trace.op("aten::mm", -9_000, -1_000, [(64, 64), (64, 64)], [BF16, BF16])
    trace.kernel(0, 900, op_id=op, category="memset", called=(-8_000, -7_000))
    trace.kernel(2_000, 9_000, op_id=op, called=(-6_000, -5_000))
    (stream,) = view(trace.capture()).streams
    (node,) = stream.nodes
    assert isinstance(node, Node)
    assert (node.symbol, node.family, node.duration_ns) == ("g", "gemm", 9_900)


def test_launches_without_times_are_left_out() -> None:
    """A launch that was cut off has no place in a stream."""
    capture = run(RMS_NORM).capture()
    cut = replace(
        capture,
        launches=capture.launches.with_columns(
            duration_ns=pl.when(pl.col("launch_id") < 8).then("duration_ns")
        ),
    )
    assert [len(stream.nodes) for stream in view(cut).streams] == [8]
