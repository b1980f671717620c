"""A bound for all kernels of a call says nothing of each of them."""

from __future__ import annotations

import pytest
from trace_factory import BF16, Trace

from ncutool.work import shapes

MOE = ("vllm::moe_forward", [(6, 4), (6, 2)], [BF16, BF16])


@pytest.mark.parametrize("kernels", [1, 2])
def test_the_tokens_of_a_layer_of_experts_are_not_shared_out(kernels: int) -> None:
    """One kernel moves 120 bytes at least; of two nobody knows which moves what."""
    trace = Trace()
    op = trace.op(MOE[0], 0, 1000, MOE[1], MOE[2])
    for index in range(kernels):
        trace.kernel(100 + 1000 * index, 900, op_id=op, called=(10 + index, 11 + index))
    work = shapes.work(trace.capture(shapes_recorded=True))
    assert work["dram_bytes"].to_list() == ([120.0] if kernels == 1 else [None, None])
    assert work["flop"].null_count() == kernels
    assert work["remark"].null_count() == (0 if kernels == 1 else 2)
    assert set(work["missing_reason"]) == {
        "the experts' weights and how many a token takes are not recorded"
    }


def test_a_kernel_known_by_name_alone_has_family_and_type() -> None:
    """A product of an engine in a replayed graph: no figures, no roof, and what its name says."""
    trace = Trace()
    name = "fmhaSm100aKernel_QkvBfloat16OBfloat16"
    trace.kernel(0, 900, kernel=name, kernel_full=name, graph_replay=True)
    row = shapes.work(trace.capture()).row(0, named=True)
    assert (row["family"], row["dtype"], row["roof"]) == ("attention", "bf16", None)
    assert (row["flop"], row["dram_bytes"]) == (None, None)


def test_a_product_with_an_upper_bound_has_no_roof() -> None:
    """The annotated pairs bound the operations of paged attention from above."""
    trace = Trace()
    op = trace.op("vllm::unified_attention", 0, 90, [(8, 4)] * 3, [BF16] * 3)
    trace.kernel(100, 900, op_id=op, called=(10, 11))
    sums = "execute_7_context_2(sq6sk10sqsq20sqsk32)_generation_1(sq1sk9sqsq1sqsk9)"
    note = {"name": sums, "on_device": False, "thread": 0, "start_ns": 0, "end_ns": 95}
    trace.annotations.append(note)
    row = shapes.work(trace.capture()).row(0, named=True)
    assert (row["flop"], row["flop_exactness"], row["roof"]) == (544.0, "upper_bound", None)
