"""Communication counts with the time in which nothing else runs, and proves nothing alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from host_traces import A100, MI300X, MS, US, Program, drafted, found, of_kind, seen
from trace_factory import Trace

from ncutool.advice.host import communication
from ncutool.advice.view.ranks import rank_minima
from ncutool.analysis.analyse import read_and_analyse
from ncutool_parsers.capture import DeviceRecord

RING = {"kernel": "ncclDevKernel_AllReduce_Sum", "kernel_full": "ncclDevKernel_AllReduce_Sum(x)"}


def overlapped(
    exposed: int, hidden: int, *, count: int = 3, elements: int | None = 8_816_192
) -> Trace:
    """All-reduces that begin ``hidden`` ns before the backward pass ends, ``exposed`` behind it."""
    trace = Trace()
    compute = max(hidden, 1 * MS)
    clock = 0
    for step in range(count):
        trace.op("ConvolutionBackward0", step, step + 1)
        trace.kernel(clock, compute, called=(-9 * MS + step * US, -9 * MS + step * US + 500))
        clock += compute
        trace.kernel(
            clock - hidden, hidden + exposed, stream=20, called=(-5 * MS + step * US, -4 * MS),
            collective="allreduce", collective_dtype="BFloat16", collective_in_elements=elements,
            collective_out_elements=elements, collective_group_size=8, **RING,
        )  # fmt: skip
        clock += exposed
    return trace


def test_only_what_nothing_else_covers_is_claimed() -> None:
    """Three collectives of 10 ms, 4 of them behind the backward pass: at most 3 x 4, at least 0."""
    one = of_kind(found(overlapped(4 * MS, 6 * MS).capture()), "communication")
    assert (one.saving_low_ns, one.saving_high_ns) == (0, 12 * MS)
    assert one.duration_ns == 30 * MS
    assert "take 30.0 ms summed, and 12.0 ms" in one.evidence[0]
    assert "3 × all_reduce of 17.6 MB, 10.0 ms, 40.0 % of that alone" in one.evidence[1]
    assert "waiting for slower ranks" in (one.caveat or "")


def test_hidden_communication_is_not_claimed_by_its_sum() -> None:
    """An MoE chunk: 114 of 118 ms lie behind kernels; 4 % are exposed."""
    trace = Trace()
    trace.kernel(0, 114 * MS)
    for index in range(10):
        trace.kernel(index * 11 * MS + 7 * MS, 11 * MS + MS // 10, stream=30 + index,
                     kernel="dispatch", kernel_full="void dpsk::ep::dispatch<8>(int)")  # fmt: skip
    (draft,) = communication.drafts(seen(trace.capture()), frozenset()).drafts
    assert "111 ms summed, and 3.10 ms" in draft.evidence[0]
    assert "expert dispatch and combine" in draft.evidence[1]
    assert "two micro-batches" in draft.remedy
    one = of_kind(found(trace.capture()), "communication")
    assert one.saving_high_ns == 106 * MS + 11 * MS + MS // 10 - 114 * MS


def test_a_steady_rate_far_below_the_link_points_to_the_transport() -> None:
    """17.6 MB in 8.7 ms on an MI300X: 3.5 of 448 GB/s, the same in every step."""
    capture = overlapped(8_700 * US, 12 * US).capture(devices=(DeviceRecord(vendor="amd"),))
    (draft,) = communication.drafts(seen(capture, MI300X), frozenset()).drafts
    assert draft.title == "Speed up the transport of exposed communication"
    assert any("0.8 % of the 448 GB/s" in sentence for sentence in draft.evidence)
    assert "NCCL_P2P_DISABLE" in draft.remedy
    assert "rccl" in (draft.link or "")


def test_an_uneven_rate_is_not_blamed_on_the_transport() -> None:
    """One call of three takes twice as long as the others: it waited for somebody."""
    trace = overlapped(4 * MS, 1 * MS)
    trace.launches[-1]["duration_ns"] *= 3
    (draft,) = communication.drafts(seen(trace.capture(), A100), frozenset()).drafts
    assert draft.title == "Overlap or shorten exposed communication"
    assert any("most likely wait for other ranks" in sentence for sentence in draft.evidence)
    assert not any("points to the transport" in sentence for sentence in draft.evidence)


def test_small_messages_and_unknown_links_say_nothing_of_the_link() -> None:
    """Latency is no bandwidth; without a link's peak nothing is compared with it."""
    small = overlapped(1 * MS, 1 * US, elements=24).capture()
    (draft,) = communication.drafts(seen(small, A100), frozenset()).drafts
    assert any("latency or waiting" in sentence for sentence in draft.evidence)
    assert not any("links of" in sentence for sentence in draft.evidence)
    unknown = replace(A100, name="an unknown card", link_bytes_per_s={})
    (draft,) = communication.drafts(
        seen(overlapped(9 * MS, 1 * US).capture(), unknown), frozenset()
    ).drafts
    assert not any("links of" in sentence for sentence in draft.evidence)


def test_ranks_beyond_one_machine_are_not_held_against_its_links() -> None:
    """16 ranks meet over a network, whose rate no trace tells."""
    trace = overlapped(9 * MS, 1 * US)
    for row in trace.launches:
        row["collective_group_size"] = 16
    (draft,) = communication.drafts(seen(trace.capture(), A100), frozenset()).drafts
    assert not any("links of" in sentence for sentence in draft.evidence)


def test_tensor_parallel_inference_is_not_told_of_buckets() -> None:
    """Without a backward pass there are no gradients to overlap."""
    program = Program()
    for _ in range(10):
        program.launch(100 * US, host=5 * US)
        program.launch(30 * US, host=5 * US, op="symm_mem::multimem_all_reduce_",
                       kernel_full="multimem_all_reduce_kernel")  # fmt: skip
    (draft,) = communication.drafts(seen(program.trace.capture()), frozenset()).drafts
    assert "bucket" not in draft.remedy
    assert "multimem all-reduce" in draft.remedy


@pytest.mark.parametrize(
    "name",
    [
        "ncclDevKernel_Generic(ncclDevComm*)",
        "rcclKernel_AllReduce",
        "void dpsk::ep::intranode::combine<8>(int)",
        "void deep_ep::internode_ll::dispatch<true, 7168>(void*)",
        "multimem_all_reduce_kernel",
        "void vllm::cross_device_reduce_1stage<__half, 8>(int)",
        "void flashinfer::trtllm_allreduce_fusion::allreduce_fusion_kernel_oneshot_lamport<1>(int)",
        "void tensorrt_llm::kernels::oneShotAllReduceKernel<8>(int)",
        "two_shot_all_reduce_kernel(void*)",
    ],
)
def test_libraries_that_communicate_are_known_by_their_kernels(name: str) -> None:
    """Not only NCCL."""
    trace = Trace()
    trace.kernel(0, 5 * MS, kernel_full=name)
    (draft,) = communication.drafts(seen(trace.capture()), frozenset()).drafts
    assert draft.launches == (0,)


def test_no_collectives_no_finding() -> None:
    """And none for collectives that took no time."""
    program = Program()
    for _ in range(10):
        program.launch(100 * US)
    assert not [
        one for one in drafted(seen(program.trace.capture())) if one.kind == "communication"
    ]
    program.trace.kernel(0, 0, **RING)
    assert not [
        one for one in drafted(seen(program.trace.capture())) if one.kind == "communication"
    ]


def table(times: list[int], names: list[str] | None = None) -> pl.DataFrame:
    """Collectives of one rank in order."""
    names = names or ["ncclDevKernel_A"] * len(times)
    return pl.DataFrame(
        {"launch_id": range(len(times)), "bound": "communication", "kernel_full": names,
         "start_ns": [1000 * i for i in range(len(times))], "duration_ns": times}
    )  # fmt: skip


def test_the_shortest_time_of_each_call_is_transfer_and_the_rest_waiting() -> None:
    """Two ranks, each waiting once for the other."""
    minima = rank_minima([table([10, 90, 30]), table([70, 20, 30])])
    assert minima is not None
    assert (minima.calls, minima.transfer_ns) == (3, 60)
    assert minima.total_ns == (130, 120)
    assert minima.waiting_ns == (70, 60)


def test_ranks_that_ran_different_collectives_are_not_paired() -> None:
    """A missing call, another order, a single rank, no collective at all."""
    assert rank_minima([table([1, 2]), table([1])]) is None
    assert rank_minima([table([1, 2], ["a", "b"]), table([1, 2], ["b", "a"])]) is None
    assert rank_minima([table([1, 2])]) is None
    assert rank_minima([table([]), table([])]) is None


def test_two_ranks_of_a_real_job_share_the_transfer(corpus: Path) -> None:
    """Eight collectives: 5,754 µs of transfer; rank 1 waits 5,582 µs, rank 0 only 44."""
    tables = [
        read_and_analyse(corpus / "torch" / f"v100-dlrm-8rank-rank{rank}.json.gz").kernels
        for rank in (0, 1)
    ]
    minima = rank_minima(tables)
    assert minima is not None
    assert (minima.calls, minima.transfer_ns) == (8, 5_754 * US)
    assert minima.waiting_ns == (44 * US, 5_582 * US)


@pytest.mark.parametrize(
    ("name", "exposed_us"),
    [
        ("mi300x-resnet-ddp-train", 55_288),
        ("a100-recommender-train", 86_554),
        ("v100-dlrm-8rank-rank0", 5_537),
    ],
)
def test_exposed_communication_of_real_traces(name: str, exposed_us: int, corpus: Path) -> None:
    """As worked out by hand, within a microsecond, with 0 at the low end."""
    result = read_and_analyse(corpus / "torch" / f"{name}.json.gz")
    assert result.resolution.device is not None
    one = of_kind(found(result.capture, result.resolution.device), "communication")
    assert one.alone_low_ns == 0
    assert one.alone_high_ns == pytest.approx(exposed_us * US, abs=US)


def test_communication_beside_kernels_is_declined() -> None:
    """Six of ten milliseconds a call are hidden: faster links end no step sooner there."""
    (one,) = communication.drafts(seen(overlapped(4 * MS, 6 * MS).capture()), frozenset()).declined
    assert one.duration_ns == 18 * MS
    assert "18.0 ms of 30.0 ms summed" in one.why
    assert communication.drafts(seen(overlapped(4 * MS, 0).capture()), frozenset()).declined == ()


def test_sizes_that_no_memory_moves_so_fast_are_not_believed() -> None:
    """2 to the power of 62 elements in 5 ms: neither a size nor a bandwidth is said."""
    trace = Trace()
    trace.kernel(0, 5 * MS, kernel_full="ncclDevKernel_AllReduce()", collective="allreduce",
                 collective_dtype="Float", collective_in_elements=2**62,
                 collective_out_elements=2**62, collective_group_size=8)  # fmt: skip
    (draft,) = communication.drafts(seen(trace.capture()), frozenset()).drafts
    assert "bandwidth" not in " ".join(draft.evidence)
    assert draft.evidence[1].startswith("By kind and size: 1 × all_reduce, 5.00 ms")
