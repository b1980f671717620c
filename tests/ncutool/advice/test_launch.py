"""Graphs pay for gaps of dispatch and latency, and for nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from trace_factory import H100, Trace, kernels, view, window

from ncutool import advice
from ncutool.advice.host import launch
from ncutool.advice.view.finding import Finding
from ncutool.base import units
from ncutool_parsers.capture import Capture, DeviceRecord


def eager(count: int = 20, period: int = 50_000, length: int = 10_000, **more: Any) -> Trace:
    """Launches of 10 µs every 50 µs, each called just before it starts."""
    trace = Trace()
    for index in range(count):
        start = index * period
        trace.kernel(start, length, called=(start - 6_000, start - 1_000), **more)
    return trace


def found(capture: Capture) -> dict[str, Finding]:
    """Findings by id."""
    findings = advice.advise(kernels(capture), capture, window(capture), H100).findings
    return {finding.id: finding for finding in findings}


def test_a_starved_device_pays_every_late_gap() -> None:
    """19 gaps of 40 µs; at least all but 1.5 µs of each."""
    finding = found(eager().capture())["graph-1"]
    assert finding.saving_high_ns == 19 * 40_000
    assert finding.saving_low_ns == 19 * (40_000 - 1_500)
    assert finding.saving_high_pct == 100 * 19 * 40_000 / (19 * 50_000 + 10_000)
    assert finding.grade == "likely"
    assert "760 µs (79.2 % of the window)" in finding.evidence[0]
    assert "no synchronisation" in finding.remedy


def test_python_stacks_halve_the_low_end_and_are_said() -> None:
    """The profiler slowed the host by an unknown factor."""
    finding = found(eager().capture(python_events=500))["graph-1"]
    assert finding.saving_high_ns == 19 * 40_000
    assert finding.saving_low_ns <= finding.saving_high_ns // 2
    assert any("500 Python stack events" in sentence for sentence in finding.evidence)


def test_waits_for_input_are_not_paid_by_a_graph() -> None:
    """A gap of the data loader stays, and is named as not counted."""
    trace = eager()
    trace.annotations.append(
        {"name": "enumerate(DataLoader)", "on_device": False, "thread": 0,
         "start_ns": 10_000, "end_ns": 44_000}
    )  # fmt: skip
    finding = found(trace.capture())["graph-1"]
    assert finding.saving_high_ns == 19 * 40_000 - 34_000
    assert "34.0 µs input pipeline" in finding.evidence[1]


def test_a_first_iteration_gets_no_graph() -> None:
    """Where allocation and module loading dominate, a warm step may look different."""
    trace = eager()
    trace.kernel(9_000_000, 10_000, called=(8_990_000, 8_999_000))
    trace.call("cudaMalloc", 970_000, 8_900_000)
    capture = trace.capture()
    assert not [name for name in found(capture) if name.startswith("graph")]
    assert "first iteration" in window(capture).notices[0].text


def test_a_full_queue_has_nothing_for_a_graph() -> None:
    """Gaps of 1 µs with the host far ahead are no dispatch."""
    trace = Trace()
    for index in range(20):
        trace.kernel(index * 11_000, 10_000, called=(-900_000 + index * 5_000, -899_000))
    assert found(trace.capture()) == {}


def test_a_graph_is_not_advised_to_a_graph() -> None:
    """Launches that one call replays already."""
    trace = Trace()
    call = trace.call("cudaGraphLaunch", -10_000, -5_000)
    for index in range(20):
        trace.kernel(index * 14_000, 10_000, call_id=call, graph_replay=True)
    assert found(trace.capture()) == {}


def test_a_larger_batch_is_named_as_the_alternative() -> None:
    """It uses the same idle time, so the ledger leaves it nothing."""
    findings = found(eager().capture())
    batch = findings["batch-1"]
    assert batch.title == "Grow the batch up to about 4 times: the host sets the pace"
    assert (batch.saving_low_ns, batch.saving_high_ns) == (0, 0)
    assert batch.overlaps == ("graph-1",)
    assert any("already counted in graph-1" in sentence for sentence in batch.evidence)


def stepped(shapes: tuple[int, ...], names: tuple[str, ...] = ("aten::mm",)) -> Trace:
    """One annotated step of ten starved launches for each row count."""
    trace = Trace()
    for step, rows in enumerate(shapes):
        begin = step * 600_000
        trace.annotations.append(
            {"name": f"ProfilerStep#{step}", "on_device": False, "thread": 0,
             "start_ns": begin - 9_000, "end_ns": begin + 590_000}
        )  # fmt: skip
        for index in range(10):
            start = begin + index * 50_000
            name = names[index % len(names)]
            dims, types = [[rows, 64], [64, 64]], ["float", "float"]
            op = trace.op(name, start - 8_000, start, dims, types)
            trace.kernel(start, 10_000, called=(start - 6_000, start - 1_000), op_id=op)
    return trace


def test_steps_that_repeat_are_told_from_steps_that_do_not() -> None:
    """A graph needs the same operators with the same shapes."""
    same = found(stepped((8, 8, 8)).capture(shapes_recorded=True))["graph-1"]
    assert "All 3 annotated steps launch the same operators with the same shapes." in same.evidence
    some = found(stepped((8, 8, 16)).capture(shapes_recorded=True))["graph-1"]
    assert any(sentence.startswith("2 of 3 annotated steps") for sentence in some.evidence)
    none = found(stepped((8, 16, 24)).capture(shapes_recorded=True))["graph-1"]
    assert any("all differ" in sentence for sentence in none.evidence)
    one = found(stepped((8,)).capture())["graph-1"]
    assert any("does not show" in sentence for sentence in one.evidence)


def test_what_stands_against_a_graph_is_listed() -> None:
    """A copy from the host and an allocation in the window; or nothing."""
    clean = found(eager().capture())["graph-1"]
    assert any("Nothing in the window stands against it" in text for text in clean.evidence)
    trace = eager()
    trace.launches[5] |= {"category": "memcpy", "copy_kind": "HtoD", "copy_bytes": 8}
    trace.call("cudaMalloc", 100_000, 101_000)
    finding = found(trace.capture())["graph-1"]
    assert any("1 copy from or to the host, 1 allocation call" in text for text in finding.evidence)


def test_the_gap_before_a_copy_from_the_host_goes_only_at_best() -> None:
    """It stays outside the graph, and hides only where the host gets ahead."""
    trace = eager()
    trace.launches[5] |= {"category": "memcpy", "copy_kind": "HtoD", "copy_bytes": 8}
    finding = found(trace.capture())["graph-1"]
    assert finding.saving_high_ns >= 19 * 40_000 - 6_000
    assert finding.saving_low_ns <= 18 * (40_000 - 1_500)


REMEDIES = [
    (("vllm::moe_forward",), "enforce_eager=False"),
    (("sgl_kernel::rmsnorm",), "--cuda-graph-max-bs"),
    (("CompiledFunction", "aten::mm"), "compiled already"),
    (("aten::mm",), '`torch.compile(mode="reduce-overhead")` or'),
]


@pytest.mark.parametrize(("names", "words"), REMEDIES)
def test_the_remedy_fits_the_program(names: tuple[str, ...], words: str) -> None:
    """What serves the model, and whether it is compiled, is told by operators."""
    finding = found(stepped((8, 8), names).capture())["graph-1"]
    assert words in finding.remedy
    assert (finding.link or "").startswith("https://")


def test_an_optimizer_must_be_capturable() -> None:
    """Its step is annotated."""
    trace = stepped((8, 8))
    trace.annotations.append(
        {"name": "Optimizer.step#Adam.step", "on_device": False, "thread": 0,
         "start_ns": 0, "end_ns": 9_000}
    )  # fmt: skip
    assert "capturable=True" in found(trace.capture())["graph-1"].remedy


def test_devices_of_amd_replay_hip_graphs() -> None:
    """By the vendor that the trace names."""
    finding = found(eager().capture(devices=(DeviceRecord(vendor="amd"),)))["graph-1"]
    assert "HIP graphs" in finding.title


def test_idle_time_that_no_graph_removes_is_declined() -> None:
    """A first iteration: the allocator is named with its time, and no graph is advised."""
    trace = eager()
    trace.kernel(9_000_000, 10_000, called=(8_990_000, 8_999_000))
    trace.call("cudaMalloc", 970_000, 8_900_000)
    (one,) = launch.drafts(view(trace.capture()), frozenset()).declined
    assert one.what == "Launch from graphs"
    assert "7.93 ms allocator" in one.why
    assert launch.drafts(view(eager().capture()), frozenset()).declined == ()


def beside_a_graph(names: tuple[str, ...] = ("aten::add",)) -> Trace:
    """Ten steps: four starved launches each, then a graph that replays ten kernels."""
    trace = Trace()
    for step in range(10):
        begin = step * 400_000
        for index in range(4):
            start = begin + index * 50_000
            op = trace.op(names[index % len(names)], start - 8_000, start)
            trace.kernel(start, 10_000, called=(start - 6_000, start - 1_000), op_id=op)
        call = trace.call("cudaGraphLaunch", begin + 160_000, begin + 170_000)
        for index in range(10):
            start = begin + 175_000 + index * 11_000
            trace.kernel(start, 10_000, call_id=call, graph_replay=True)
    return trace


@pytest.mark.parametrize("names", [("aten::add",), ("vllm::moe_forward",), ("sgl_kernel::f",)])
def test_beside_a_graph_the_title_says_what_is_left(names: tuple[str, ...]) -> None:
    """Graphs are on already: neither a switch that turns them on nor a compiler is named."""
    capture = beside_a_graph(names).capture()
    finding = found(capture)["graph-1"]
    assert finding.title == "Capture the 40 launches left outside the graph"
    assert finding.code is None
    assert "enforce_eager" not in finding.remedy
    assert "Graphs are replayed already" in finding.remedy


def test_the_parts_of_the_sentence_add_up_to_its_sum() -> None:
    """Waits for replayed launches are in neither."""
    capture = beside_a_graph().capture()
    first = found(capture)["graph-1"].evidence[0]
    eager_ids = [row for row in range(140) if row % 14 < 4]
    late = view(capture).idle.of("dispatch", "launch_call", "copy_call", "latency")
    mine = late.where(np.isin(late.following, eager_ids))
    assert late.total > mine.total
    assert f"The device waits {units.time(mine.total)}" in first
    parts = [mine.of(cause).total for cause in ("dispatch", "launch_call", "latency")]
    assert sum(parts) == mine.total
    assert all(units.time(part) in first for part in parts)


def test_little_dispatch_beside_much_other_waiting_is_no_finding() -> None:
    """1 % of the window, of which the host is silent most of the rest."""
    trace = Trace()
    for index in range(20):
        start = index * 5_000_000
        trace.op("aten::add", start - 9_000, start + 40_000)
        trace.kernel(start, 10_000, called=(start - 6_000, start - 1_000))
    assert not [name for name in found(trace.capture()) if name.startswith("graph")]
