"""Busy, idle and causes of each device by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from trace_factory import H100, Trace, kernels, traces, window

from ncutool import advice
from ncutool.analysis.analyse import analyse
from ncutool.analysis.where_time_goes import where_the_time_goes
from ncutool.base.records import replace
from ncutool.timeline.replay import prepare
from ncutool.timeline.window import build
from ncutool_parsers.capture import Capture

US = 1_000


def alternating() -> Trace:
    """Two GPUs take turns with kernels of 200.125 µs on stream 7, called well ahead."""
    trace = Trace()
    for index in range(6):
        host = -20 * US + index * 11 * US
        trace.kernel(index * 200_625, 200_125, device=index % 2, called=(host, host + 3 * US))
    return trace


def test_idle_time_is_that_of_each_device() -> None:
    """Each is busy half of the time, though one of both always is."""
    timeline = window(alternating().capture())
    assert timeline.wall_ns == 1_203_250
    assert [(part.name, part.busy_ns, part.idle_ns) for part in timeline.devices] == [
        ("device 0", 600_375, 602_875),
        ("device 1", 600_375, 602_875),
    ]
    assert (timeline.busy_ns, timeline.idle_ns) == (600_375, 602_875)
    assert sum(timeline.idle_by_cause().values()) == timeline.idle_ns
    assert timeline.devices[0].idle_by_cause == {"finished": 200_625, "other_device": 402_250}
    assert timeline.trustworthy


def test_the_headline_and_the_shares_are_of_each_device() -> None:
    """Never of the union, in which nothing idles."""
    analysis = analyse(alternating().capture())
    assert "Each of 2 GPUs waits 50.1 % of the time" in analysis.state
    parts = {part.kind: part.ns for part in where_the_time_goes(analysis).parts}
    assert parts["idle"] == 602_875
    assert sum(parts.values()) == 1_203_250


def test_streams_of_one_number_on_two_devices_are_two() -> None:
    """Half as long, kernels that overlap across devices end no earlier for one another."""
    trace = Trace()
    for device in (0, 1):
        for index in range(5):
            trace.kernel(index * 100 * US, 90 * US, device=device,
                         called=(-30 * US + index * US, -29 * US + index * US))  # fmt: skip
    trace.launches.sort(key=lambda row: row["start_ns"])
    for number, row in enumerate(trace.launches):
        row["launch_id"] = number
    capture = trace.capture()
    replay = prepare(capture, window(capture))
    changes = replay.unchanged()
    assert replay.wall_ns(changes) == 490 * US
    half = replace(changes, duration=changes.duration // 2)
    assert replay.wall_ns(half) == 5 * 45 * US + 4 * 10 * US


def starved(device: int, trace: Trace) -> None:
    """Twenty kernels of 10 µs, each called just before it starts."""
    for index in range(20):
        start = index * 50 * US
        trace.kernel(start, 10 * US, device=device, thread=device,
                     called=(start - 6 * US, start - US))  # fmt: skip


def test_findings_on_the_host_are_of_each_device_and_never_add_up() -> None:
    """Both starve at the same time: what one graph saves, the other does not save again."""
    trace = Trace()
    starved(0, trace)
    starved(1, trace)
    capture = trace.capture()
    findings = advice.advise(kernels(capture), capture, window(capture), H100).findings
    graphs = [finding for finding in findings if finding.kind == "graph"]
    assert [finding.title for finding in graphs] == [
        "Launch from CUDA graphs instead of call by call (device 0)",
        "Launch from CUDA graphs instead of call by call (device 1)",
    ]
    assert [finding.alone_high_ns for finding in graphs] == [760 * US] * 2
    assert sum(finding.saving_high_ns for finding in graphs) == 760 * US


def test_processes_that_use_one_ordinal_have_a_device_each() -> None:
    """Ordinal 0 of two processes need not be one GPU."""
    trace = Trace()
    for index, process in enumerate((0, 1, 0, 1)):
        trace.kernel(index * 50 * US, 10 * US, process=process, called=(-9 * US, -8 * US))
    parts = window(trace.capture(processes=2)).devices
    assert [part.name for part in parts] == ["device 0 of process 0", "device 0 of process 1"]


def on_devices(trace: Trace, chosen: list[int], ordinals: dict[int, int]) -> Capture:
    """The trace with its launches spread over devices of the given ordinals."""
    rows = [
        row | {"device": ordinals[chosen[index % len(chosen)]]}
        for index, row in enumerate(trace.launches)
    ]
    return replace(trace, launches=rows).capture()


@settings(max_examples=60, deadline=None)
@given(traces(), st.lists(st.integers(0, 2), min_size=1, max_size=6), st.permutations([0, 1, 2]))
def test_ordinals_are_only_labels(trace: Trace, chosen: list[int], order: list[int]) -> None:
    """Other ordinals change neither busy nor idle time, no cause and no replay."""
    one = on_devices(trace, chosen, {0: 0, 1: 1, 2: 2})
    other = on_devices(trace, chosen, dict(enumerate(order)))
    first, second = build(one), build(other)
    assert first is not None
    assert second is not None
    assert first.gaps.equals(second.gaps)
    assert (first.busy_ns, first.notices) == (second.busy_ns, second.notices)
    assert [part.busy_ns for part in first.devices] == [part.busy_ns for part in second.devices]
    replays: list[Any] = [prepare(one, first), prepare(other, second)]
    halves = [run.run(replace(run.unchanged(), duration=run.duration // 2))[0] for run in replays]
    assert np.array_equal(*halves)


@settings(max_examples=60, deadline=None)
@given(traces(), st.lists(st.integers(0, 2), min_size=1, max_size=6))
def test_idle_pieces_partition_the_idle_time_of_each_device(
    trace: Trace, chosen: list[int]
) -> None:
    """And the means add up to the window."""
    timeline = build(on_devices(trace, chosen, {0: 0, 1: 1, 2: 2}))
    assert timeline is not None
    for part in timeline.devices:
        gaps = part.gaps
        ends = gaps["start_ns"] + gaps["duration_ns"]
        assert int(gaps["duration_ns"].sum()) == part.idle_ns
        assert (gaps["start_ns"][1:] >= ends[:-1]).all()
        assert part.busy_ns + part.idle_ns == timeline.wall_ns
    assert sum(timeline.idle_by_cause().values()) == timeline.idle_ns
    assert timeline.gaps.filter(pl.col("duration_ns") <= 0).is_empty()


def two_ranks() -> Trace:
    """Two processes with a GPU each; the first waits for nothing that the other does."""
    trace = Trace()
    for process in (0, 1):
        for index in range(4):
            start = index * 5_000_000 if process == 0 else index * 100 * US
            trace.kernel(start, 80 * US, device=process, process=process, thread=process,
                         called=(start - 9 * US, start - 5 * US))  # fmt: skip
    for start in range(300 * US, 15_000_000, 50 * US):
        trace.call("cudaMalloc", start, start + 50 * US, thread=1)
    return trace


def test_other_processes_explain_nothing() -> None:
    """What the thread of another rank did is no cause of this one's silence."""
    parts = window(two_ranks().capture(processes=2)).devices
    assert parts[0].idle_by_cause.keys() == {"silent_host", "launch_call", "latency"}
    assert parts[0].idle_by_cause["silent_host"] > 14_000_000


def test_another_process_at_work_is_nothing_to_wait_for() -> None:
    """Queued work that starts late waits for a device of its own process, or is unexplained."""
    trace = Trace()
    for process, start in ((0, 0), (1, 10 * US), (0, 400 * US)):
        trace.kernel(start, 380 * US if process else 10 * US, device=process, process=process,
                     thread=process, called=(-9 * US, -5 * US))  # fmt: skip
    alone = window(trace.capture(processes=2)).devices[0].idle_by_cause
    assert alone == {"unexplained": 390 * US}
    for row in trace.launches:
        row["process"] = None
    together = window(trace.capture()).devices[0].idle_by_cause
    assert together == {"other_device": 390 * US}


def test_a_launch_right_behind_another_devices_may_have_waited_for_it() -> None:
    """Made 5 µs before the other device ended: an earlier call need not have started it earlier."""
    trace = Trace()
    for index in range(20):
        start = index * 100 * US
        trace.kernel(start, 100 * US, device=index % 2,
                     called=(start - 10 * US, start - 5 * US))  # fmt: skip
    capture = trace.capture()
    parts = window(capture).devices
    assert parts[0].idle_by_cause == {"finished": 100 * US, "other_device": 9 * 100 * US}
    assert parts[1].idle_by_cause == {"other_device": 10 * 100 * US}
    given_advice = advice.advise(kernels(capture), capture, window(capture), H100)
    assert not [one for one in given_advice.findings if one.kind == "graph"]
