"""The window of a trace, its idle time, and the cause of every gap."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trace_factory import Trace, traces, window

from ncutool.base.records import replace
from ncutool.timeline.causes import GAP_CAUSES
from ncutool.timeline.window import Timeline, build, exposed_ns
from ncutool_parsers import read


def pieces(timeline: Timeline) -> list[tuple[str, int]]:
    """Cause and length (ns) of every idle piece, in order."""
    return list(timeline.gaps.select("cause", "duration_ns").iter_rows())


def two_kernels(*, start: int, called: tuple[int, int], **more: Any) -> Trace:
    """A kernel of 10 µs launched at once, and one that starts at ``start``."""
    trace = Trace()
    trace.kernel(0, 10_000, called=(-5_000, -2_000))
    trace.kernel(start, 10_000, called=called, **more)
    return trace


def test_one_launch_is_its_own_window() -> None:
    """A single launch is busy throughout and leaves no gap."""
    timeline = window(two_kernels(start=10_000, called=(0, 5_000)).capture())
    assert (timeline.wall_ns, timeline.busy_ns, timeline.idle_ns) == (20_000, 20_000, 0)
    assert timeline.gaps.height == 0


def test_a_late_launch_is_split_by_what_its_thread_did() -> None:
    """A gap that starts with a synchronise is not all synchronise."""
    trace = two_kernels(start=100_000, called=(80_000, 90_000))
    trace.call("cudaStreamSynchronize", 5_000, 30_000)
    trace.call("cudaMemcpyAsync", 40_000, 45_000)
    assert pieces(window(trace.capture())) == [
        ("synchronize", 20_000),
        ("dispatch", 10_000),
        ("copy_call", 5_000),
        ("dispatch", 35_000),
        ("launch_call", 10_000),
        ("latency", 10_000),
    ]


def test_calls_of_another_thread_do_not_count() -> None:
    """Only the launching thread explains its own lateness."""
    trace = two_kernels(start=100_000, called=(90_000, 100_000))
    trace.call("cudaMalloc", 10_000, 90_000, thread=1)
    assert pieces(window(trace.capture())) == [("dispatch", 80_000), ("launch_call", 10_000)]


def test_allocation_comes_before_what_encloses_it() -> None:
    """Where calls overlap, the earlier cause in the list is charged."""
    trace = two_kernels(start=100_000, called=(90_000, 100_000))
    trace.call("cudaStreamSynchronize", 10_000, 90_000)
    trace.call("cudaFree", 20_000, 50_000)
    assert window(trace.capture()).idle_by_cause() == {
        "allocator": 30_000,
        "synchronize": 50_000,
        "launch_call": 10_000,
    }


@pytest.mark.parametrize(
    ("length", "cause"), [(1_000_001, "long_launch"), (1_000_000, "launch_call")]
)
def test_a_launch_call_over_a_millisecond_loads_a_module(length: int, cause: str) -> None:
    """The limit is 1 ms, exclusive."""
    trace = two_kernels(start=10_000 + length, called=(10_000, 10_000 + length))
    assert pieces(window(trace.capture())) == [(cause, length)]


@pytest.mark.parametrize(("wait", "cause"), [(100_000, "latency"), (100_001, "unexplained")])
def test_a_long_wait_after_the_launch_is_no_latency(wait: int, cause: str) -> None:
    """Above 100 µs it is a dependency or a hole, not launch latency."""
    timeline = window(two_kernels(start=20_000 + wait, called=(10_000, 20_000)).capture())
    assert pieces(timeline) == [("launch_call", 10_000), (cause, wait)]


def test_no_gap_of_a_queue_is_ordinary_above_50_microseconds() -> None:
    """Where kernels are missing throughout, the median gap is no measure of a normal one."""
    trace = Trace()
    for start in range(0, 800_000, 100_000):
        trace.kernel(start, 10_000, called=(-5_000, -2_000))
    assert window(trace.capture()).idle_by_cause() == {"unexplained": 7 * 90_000}


def handover(first: bool, gap: int, stream: int = 2) -> list[tuple[str, int]]:
    """Pieces of a gap between a collective, first or second, and a kernel of a full queue."""
    trace = Trace()
    names = ("ncclDevKernel_AllReduce()", "gemm()")
    for start, name, on in zip(
        (0, 10_000 + gap), names if first else names[::-1], (1, stream), strict=True
    ):
        trace.kernel(start, 10_000, called=(-5_000, -2_000), kernel_full=name, stream=on)
    for number in range(1, 6):
        trace.kernel(20_000 + gap + number * 5_000, 4_000, called=(-5_000, -2_000), stream=1)
    return pieces(window(trace.capture()))[:1]


@pytest.mark.parametrize("first", [True, False])
def test_a_collective_hands_over_to_another_stream(first: bool) -> None:
    """A queued gap beside a collective of another stream is a wait for or of communication."""
    assert handover(first, 30_000) == [("communication", 30_000)]
    assert handover(first, 30_000, stream=1) == [("unexplained", 30_000)]
    assert handover(first, 100_001) == [("unexplained", 100_001)]
    assert handover(first, 1_500) == [("queue", 1_500)]


@pytest.mark.parametrize(
    ("steps", "code"), [(range(1, 2), "first_iteration"), (range(1, 9), "allocation_recurs")]
)
def test_allocation_in_every_step_is_no_first_iteration(steps: range, code: str) -> None:
    """Waits for allocation are put down to a warm-up only where they end with it."""
    trace = Trace()
    trace.kernel(0, 10_000, called=(-5_000, -2_000))
    for step in range(1, 9):
        begin = step * 100_000
        if step in steps:
            trace.call("cudaFree", begin - 90_000, begin - 10_000)
        trace.kernel(begin, 10_000 if step + 1 in steps else 95_000,
                     called=(begin - 9_000, begin - 5_000))  # fmt: skip
    assert [notice.code for notice in window(trace.capture()).notices] == [code]


def test_a_silent_thread_waits_for_another_that_launches() -> None:
    """The thread of the backward pass was idle because the main thread loaded and allocated."""
    trace = Trace()
    trace.kernel(0, 10_000, called=(-5_000, -2_000), thread=0)
    trace.call("cudaMalloc", 20_000, 100_000, thread=0)
    trace.call("cudaMalloc", 20_000, 180_000, thread=2)
    trace.kernel(200_000, 10_000, called=(180_000, 195_000), thread=1)
    assert pieces(window(trace.capture())) == [
        ("dispatch", 10_000),
        ("allocator", 80_000),
        ("dispatch", 80_000),
        ("launch_call", 15_000),
        ("latency", 5_000),
    ]


def test_queued_gaps_are_ordinary_up_to_their_limit() -> None:
    """A gap of a full queue above 5 µs and four medians is unexplained."""
    trace = Trace()
    for start in (0, 11_000, 22_000, 33_000, 49_001):
        trace.kernel(start, 10_000, called=(-5_000, -2_000))
    assert pieces(window(trace.capture())) == [("queue", 1_000)] * 3 + [("unexplained", 6_001)]


def test_a_launch_without_a_call_is_unlinked() -> None:
    """Nothing is guessed of a gap before a launch that has no record."""
    trace = Trace()
    trace.kernel(0, 10_000)
    trace.kernel(50_000, 10_000)
    timeline = window(trace.capture())
    assert pieces(timeline) == [("unlinked", 40_000)]


def test_a_blocking_copy_is_launched_when_its_call_starts() -> None:
    """Its call ends after the copy, which would make every such copy late."""
    trace = two_kernels(
        start=60_000, called=(50_000, 80_000), call="hipMemcpyWithStream", category="memcpy",
        copy_kind="DtoH",
    )  # fmt: skip
    assert pieces(window(trace.capture())) == [("dispatch", 40_000), ("copy_call", 10_000)]


def test_later_kernels_of_a_graph_do_not_wait_for_its_launch_call() -> None:
    """A graph has launched all of its kernels once the first runs."""
    trace = Trace()
    call = trace.call("cudaGraphLaunch", -10_000, 900_000)
    trace.kernel(0, 10_000, call_id=call, graph_replay=True)
    trace.kernel(11_000, 10_000, call_id=call, graph_replay=True)
    assert pieces(window(trace.capture())) == [("queue", 1_000)]


def input_wait(**copy: Any) -> Trace:
    """A step, 20 ms without any operator or call, then a copy of the next batch."""
    trace = Trace()
    trace.op("aten::add", -6_000, 0)
    trace.kernel(0, 10_000, called=(-5_000, -2_000))
    op = trace.op("aten::copy_", 20_000_000, 20_200_000)
    columns = {"category": "memcpy", "copy_kind": "HtoD", "copy_bytes": 1 << 20, "op_id": op}
    trace.kernel(20_100_000, 50_000, called=(20_050_000, 20_060_000), call="cudaMemcpyAsync",
                 **(columns | copy))  # fmt: skip
    trace.kernel(20_160_000, 80_000_000, called=(20_150_000, 20_155_000))
    return trace


def test_a_silent_host_before_an_input_copy_waits_for_input() -> None:
    """Old traces do not annotate the data loader."""
    assert window(input_wait().capture()).idle_by_cause() == {
        "input_pipeline": 19_990_000,
        "copy_call": 10_000,
        "launch_call": 5_000,
        "dispatch": 50_000,
        "latency": 45_000,
    }


@pytest.mark.parametrize("copy", [{"copy_bytes": 8}, {"copy_kind": "DtoD"}, {"op_id": None}])
def test_other_copies_do_not_make_an_input_wait(copy: dict[str, Any]) -> None:
    """A scalar, a copy on the device or one of no tensor operator proves no input."""
    assert "input_pipeline" not in window(input_wait(**copy).capture()).idle_by_cause()


def test_an_annotated_loader_is_charged_first() -> None:
    """The data loader's annotation outranks what it calls."""
    trace = two_kernels(start=100_000, called=(90_000, 100_000))
    trace.call("cudaMalloc", 30_000, 40_000)
    trace.annotations.append(
        {"name": "enumerate(DataLoader)#_MultiProcessingDataLoaderIter.__next__",
         "on_device": False, "thread": 0, "start_ns": 20_000, "end_ns": 80_000}
    )  # fmt: skip
    assert window(trace.capture()).idle_by_cause()["input_pipeline"] == 60_000
    assert "allocator" not in window(trace.capture()).idle_by_cause()


def test_busy_is_the_union_of_all_streams() -> None:
    """Launches side by side count once, and cover each other's gaps."""
    trace = Trace()
    trace.kernel(0, 10_000, stream=1)
    trace.kernel(5_000, 20_000, stream=2)
    trace.kernel(20_000, 10_000, stream=1)
    timeline = window(trace.capture())
    assert (timeline.wall_ns, timeline.busy_ns) == (30_000, 30_000)


def stray(hole: int) -> Trace:
    """One launch, then a hole after the next launch call, then a step of 1 ms."""
    trace = Trace()
    trace.kernel(0, 4_000, called=(-9_000, -5_000))
    for start in range(hole, hole + 1_000_000, 100_000):
        trace.kernel(start, 100_000, called=(5_000, 9_000))
    return trace


def test_a_stray_first_launch_is_trimmed() -> None:
    """A hole with nothing recorded ends the window, and the report says so."""
    timeline = window(stray(460_000_000).capture())
    assert (timeline.start_ns, timeline.wall_ns) == (460_000_000, 1_000_000)
    assert timeline.trimmed == (
        "Cut 460,000 µs off the start: 459,991 µs with nothing recorded and 1 launch of 4 µs "
        "beyond.",
    )
    assert timeline.gaps.height == 0


def test_a_hole_of_ten_milliseconds_is_no_reason_to_trim() -> None:
    """Only longer ones end the window; a shorter one makes it untrustworthy."""
    timeline = window(stray(10_000_000).capture())
    assert timeline.start_ns == 0
    assert not timeline.trustworthy
    assert "not trustworthy" in timeline.notices[-1].text


def test_an_input_wait_is_not_trimmed() -> None:
    """The host is known to wait there, so the time belongs to the window."""
    assert window(input_wait().capture()).trimmed == ()


def test_no_times_no_timeline() -> None:
    """Launches without a duration make no window."""
    trace = Trace()
    trace.kernel(0, None)
    assert build(trace.capture()) is None


@settings(max_examples=80, deadline=None)
@given(traces(), st.randoms(use_true_random=False))
def test_idle_pieces_partition_the_idle_time(trace: Trace, chance: Any) -> None:
    """Pieces are disjoint, have known causes, sum to the idle time, whatever the row order."""
    capture = trace.capture()
    timeline = build(capture)
    assert timeline is not None
    gaps = timeline.gaps
    starts, ends = gaps["start_ns"], gaps["start_ns"] + gaps["duration_ns"]
    assert int(gaps["duration_ns"].sum()) == timeline.idle_ns
    assert (gaps["duration_ns"] > 0).all()
    assert (starts[1:] >= ends[:-1]).all()
    assert set(gaps["cause"]) <= set(GAP_CAUSES)
    assert (starts >= timeline.start_ns).all()
    assert (ends <= timeline.end_ns).all()
    order = list(range(capture.launches.height))
    chance.shuffle(order)
    again = build(replace(capture, launches=capture.launches[order]))
    assert again is not None
    assert again.gaps.equals(gaps)


EXPECTED = {
    # trace: W, busy, and idle by cause in µs, worked out by hand with other programs
    "h100-qwen1.5-0.5b-prefill": (49_653, 45_647, {"unlinked": 728, "queue": 1_733}),
    "h100-vit-inference": (
        7_560, 1_225, {"dispatch": 5_229, "launch_call": 850, "latency": 247, "queue": 8},
    ),
    "b200-vllm-moe-prefill-8rank": (
        84_487, 11_597, {"dispatch": 63_435, "launch_call": 5_147, "copy_call": 2_101,
                         "latency": 2_069},
    ),
    "a100-switch-transformer": (
        764_201, 621_729, {"long_launch": 92_352, "allocator": 26_754, "dispatch": 11_957,
                           "launch_call": 3_635},
    ),
    "a100-recommender-train": (
        464_594, 388_587, {"dispatch": 51_856, "launch_call": 11_489, "queue": 8_101,
                           "latency": 2_629},
    ),
    "a100-particle-transformer-b004": (
        31_999, 5_276, {"dispatch": 21_793, "launch_call": 4_540},
    ),
    "mi300x-timesformer-inference": (121_267, 119_853, {}),
    "mi300x-sglang-qwen3-8b-decode-graph": (10_450, 9_769, {"unexplained": 282}),
    "v100-dlrm-8rank-rank0": (
        13_009, 6_590, {"dispatch": 4_957, "launch_call": 912, "latency": 325, "copy_call": 112},
    ),
    "v100-resnet50-2021": (996_477, 603_558, {"input_pipeline": 285_214}),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_real_traces_split_as_an_engineer_splits_them(name: str, corpus: Path) -> None:
    """Window, busy time and the causes of late gaps agree within a few per cent.

    The hand counted all of the host's time outside calls as dispatch, also a millisecond and more
    inside one operator or in code that calls none.
    """
    timeline = window(read(corpus / "torch" / f"{name}.json.gz"))
    wall, busy, causes = EXPECTED[name]
    assert timeline.wall_ns / 1e3 == pytest.approx(wall, abs=1)
    assert timeline.busy_ns / 1e3 == pytest.approx(busy, abs=1)
    found = timeline.idle_by_cause()
    found["dispatch"] = sum(
        found.get(cause, 0) for cause in ("dispatch", "inside_operator", "silent_host")
    )
    for cause, amount in causes.items():
        assert found[cause] / 1e3 == pytest.approx(amount, rel=0.04, abs=2), cause
    assert timeline.trustworthy


def test_late_gaps_of_a_prefill_are_not_its_idle_time(corpus: Path) -> None:
    """Of 4,006 µs idle only 1,545 are the host's; the rest is a full queue or unlinked."""
    timeline = window(read(corpus / "torch" / "h100-qwen1.5-0.5b-prefill.json.gz"))
    idle = timeline.idle_by_cause()
    host = timeline.idle_ns - idle["queue"] - idle["unlinked"]
    assert host / 1e3 == pytest.approx(1_545, abs=2)


def test_every_trace_has_pieces_that_sum_to_its_idle_time(corpus: Path) -> None:
    """No real trace breaks the partition."""
    for path in sorted((corpus / "torch").glob("*.json.gz")):
        timeline = window(read(path))
        assert int(timeline.gaps["duration_ns"].sum()) == timeline.idle_ns, path.name
        assert timeline.gaps["next_launch_id"].is_not_null().all(), path.name


def test_a_window_keeps_only_its_own_launches(corpus: Path) -> None:
    """The stray launch before a trimmed window is not counted in it."""
    capture = read(corpus / "torch" / "mi300x-sglang-qwen3-8b-decode-graph.json.gz")
    timeline = window(capture)
    inside = capture.launches.filter(timeline.within())
    assert inside.height == capture.launches.height - 1
    assert int(inside.select(pl.col("start_ns").min()).item()) == timeline.start_ns


def test_exposed_time_is_what_would_not_be_covered() -> None:
    """Only where nothing else runs does a launch count, overlap once, and only in the window."""
    trace = Trace()
    trace.kernel(0, 10_000, stream=1)
    trace.kernel(5_000, 10_000, stream=2, collective="allreduce")
    trace.kernel(12_000, 8_000, stream=3, collective="allgather")
    trace.kernel(18_000, 4_000, stream=1)
    capture = trace.capture()
    chosen = pl.col("collective").is_not_null()
    assert exposed_ns(capture.launches, window(capture), chosen) == 8_000
    part = replace(window(capture), start_ns=11_000, end_ns=14_000, busy_ns=3_000, devices=())
    assert exposed_ns(capture.launches, part, chosen) == 3_000
    assert exposed_ns(capture.launches, part, ~chosen) == 0
    assert exposed_ns(capture.launches, window(capture), pl.lit(value=False)) == 0


@settings(max_examples=40, deadline=None)
@given(traces(), st.integers(0, 4))
def test_exposed_time_and_the_rest_stay_within_busy(trace: Trace, chosen: int) -> None:
    """What one kind and its complement expose never exceeds busy time; all of it is busy."""
    capture = trace.capture()
    timeline = window(capture)
    which = pl.col("launch_id") % 5 <= chosen
    exposed = [exposed_ns(capture.launches, timeline, mask) for mask in (which, ~which)]
    assert min(exposed) >= 0
    assert sum(exposed) <= timeline.busy_ns
    everything = exposed_ns(capture.launches, timeline, pl.lit(value=True))
    assert everything == timeline.busy_ns
