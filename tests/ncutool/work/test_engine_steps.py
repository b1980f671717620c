"""Annotations of steps, and how they bound paged attention."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from operator_calls import work
from operator_rows import built
from trace_factory import Trace

from ncutool.work import shapes
from ncutool.work.operators.steps import Step, step_of

SUMS = "execute_7_context_2(sq6sk10sqsq20sqsk32)_generation_1(sq1sk9sqsq1sqsk9)"


@pytest.mark.parametrize(
    ("name", "step"),
    [
        # queries 2 and 4 over keys 4 and 6, and one over 9: 2·4 − 1, 4·6 − 6 and 9 pairs
        (SUMS, Step(7, 7 + 18 + 9)),
        ("execute_context_1(888)_generation_0(0)", Step(888)),
        ("execute_context_1(888_788544)_generation_3(3)", Step(891)),
        ("execute_new_0", Step()),
        ("ProfilerStep#1", Step()),
        (None, Step()),
        # sums that contradict each other: fewer pairs than tokens
        ("execute_1_context_1(sq9sk9sqsq81sqsk9)_generation_0(sq0sk0sqsq0sqsk0)", Step(9)),
    ],
)
def test_tokens_and_pairs_of_a_step(name: str | None, step: Step) -> None:
    """Two forms are read; what they do not say is None."""
    assert step_of(name) == step


def test_paged_attention_within_a_step() -> None:
    """Eight rows of which seven are tokens: 34 pairs of width 4 and 4, and no padding read."""
    call = built("vllm::unified_attention", "bf16[8,4] bf16[8,4] bf16[8,4] layer")
    plain, summed = work(call), work(replace(call, step=SUMS))
    assert (plain.flop, plain.bytes) == (None, 8 * 4 * 2 * 2)
    assert (summed.flop, summed.bytes) == (2 * 34 * 8, 7 * 4 * 2 * 2)
    assert (summed.flop_exactness, summed.bytes_exactness) == ("upper_bound", "lower_bound")
    too_many = work(replace(call, step="execute_context_1(9)_generation_0(0)"))
    assert too_many.bytes == plain.bytes


@pytest.mark.parametrize(("start", "tokens"), [(0, 7), (900, 8)])
def test_the_annotation_around_a_call_counts(start: int, tokens: int) -> None:
    """One that ended before the call says nothing of it."""
    trace = Trace()
    shape = [8, 4]
    op = trace.op("vllm::unified_attention", start, start + 90, [shape] * 3, ["float"] * 3)
    trace.kernel(start + 10, start + 50, op_id=op)
    trace.annotations.append(
        {"name": SUMS, "on_device": False, "thread": 0, "start_ns": 0, "end_ns": 500}
    )
    assert shapes.work(trace.capture())["dram_bytes"].to_list() == [tokens * 4 * 4 * 2]
