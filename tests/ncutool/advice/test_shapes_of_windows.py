"""Whole windows of the kinds met in practice: the right finding comes first, no trap is claimed."""

from __future__ import annotations

import pytest
from host_traces import A100, MI300X, MS, US, Program, drafted, of_kind, seen
from hypothesis import given
from trace_factory import Trace, kernels, traces, window

from ncutool import advice
from ncutool.advice.view.finding import Finding
from ncutool.devices.resolve import Device
from ncutool_parsers.capture import Capture, DeviceRecord

LOADER = "enumerate(DataLoader)#_SingleProcessDataLoaderIter.__next__"
AMD = (DeviceRecord(vendor="amd"),)


def advised(capture: Capture, device: Device = A100) -> tuple[Finding, ...]:
    """Findings as every output shows them."""
    return advice.advise(kernels(capture, device), capture, window(capture), device).findings


def test_a_small_network_that_waits_for_everything() -> None:
    """Loader 60 %, first allocations, lazy modules and pageable copies: the loader comes first."""
    program = Program()
    for step in range(6):
        program.load(66 * MS, LOADER)
        program.copy("HtoD", 6 * MS, 22_000_000)
        for index in range(20):
            if step == 0 and index < 10:
                program.call("cudaMalloc", 7 * MS)
            long = step == 0 and index in (11, 12, 13)
            program.launch(200 * US, host=15 * MS if long else 60 * US)
            if long:
                program.trace.calls[-1]["start_ns"] = program.host - 15 * MS + US
        program.synchronize()
    findings = advised(program.trace.capture())
    assert [one.kind for one in findings[:2]] == ["input", "allocator"]
    warm = of_kind(findings, "allocator")
    assert (warm.grade, warm.saving_low_ns) == ("certain", 0)
    assert of_kind(findings, "copy").saving_high_ns == pytest.approx(36 * MS, rel=0.01)
    assert not [one for one in findings if one.kind == "graph"]


def test_unexplained_waits_are_nobodys_saving() -> None:
    """Six waits of 64 ms on a full queue are 45 % of the window, and none of them is promised."""
    trace = Trace()
    clock = 0
    for step in range(6):
        for _ in range(78):
            trace.kernel(clock, 1 * MS, called=(-9 * MS, -8 * MS))
            clock += 1 * MS + 2 * US
        clock += 64 * MS if step < 5 else 0
    capture = trace.capture()
    view = window(capture)
    assert not view.trustworthy
    findings = advised(capture)
    of_window = [one for one in findings if one.per == "window"]
    assert sum(one.saving_high_ns for one in of_window) <= view.busy_ns
    assert not [one for one in findings if one.kind in ("graph", "sync", "input", "allocator")]


def test_a_recommender_with_graphs_pays_for_exchange_and_copies() -> None:
    """NCCL 251 ms of which 65 are exposed, 95 ms of copies into the graph's inputs."""
    trace = Trace()
    clock = 0
    for step in range(5):
        for index in range(10):
            host = -400 * MS + (step * 20 + index) * 100 * US
            number = trace.op("aten::copy_", host, host + 50 * US)
            trace.kernel(clock, 1_900 * US, category="memcpy", copy_kind="DtoD", op_id=number,
                         copy_bytes=50_000_000, copy_pageable=False,
                         called=(host + US, host + 9 * US))  # fmt: skip
            clock += 1_900 * US + 2 * US
        call = trace.call("cudaGraphLaunch", -200 * MS + step * MS, -200 * MS + step * MS + 9 * US)
        trace.kernel(clock, 37 * MS, call_id=call, graph_replay=True)
        trace.kernel(clock, 50 * MS, stream=20, called=(-100 * MS, -99 * MS),
                     kernel_full="ncclKernel_SendRecv(x)")  # fmt: skip
        clock += 50 * MS + 2 * US
    findings = advised(trace.capture())
    assert {one.kind for one in findings[:2]} == {"communication", "copy"}
    exchange, copied = of_kind(findings, "communication"), of_kind(findings, "copy")
    assert (exchange.saving_low_ns, exchange.saving_high_ns) == (0, 5 * 13 * MS)
    assert copied.title == "Write into the graph's input buffers instead of copying"
    assert copied.saving_high_ns == 50 * 1_900 * US


def test_a_small_encoder_is_starved_by_its_host() -> None:
    """3 µs of work every 40: a graph comes first, and kernels promise nothing now."""
    program = Program()
    for _ in range(10):
        for op in ("aten::addmm", "aten::add", "aten::native_layer_norm", "aten::gelu"):
            program.launch(3 * US, host=40 * US, op=op)
    findings = advised(program.trace.capture())
    assert findings[0].kind == "graph"
    assert findings[0].saving_high_pct > 85
    assert (
        sum(one.saving_low_ns for one in findings[1:])
        < 0.1 * window(program.trace.capture()).wall_ns
    )


@pytest.mark.parametrize("replayed", [True, False])
def test_launches_without_gaps_leave_nothing_to_the_host(replayed: bool) -> None:
    """A decode from a graph, and a diffusion pipeline whose host is ahead: gaps of 0 and 1 ns."""
    trace = Trace()
    call = trace.call("hipGraphLaunch", -3 * MS, -2 * MS)
    for index in range(2_000):
        more = (
            {"call_id": call, "graph_replay": True}
            if replayed
            else {"called": (-3 * MS + index * US, -3 * MS + index * US + 500)}
        )
        trace.kernel(index * 20 * US + index, 20 * US, **more)
    findings = advised(trace.capture(devices=AMD), MI300X)
    assert not [one for one in findings if one.kind in ("graph", "sync", "allocator", "input")]


def test_the_order_of_rows_changes_nothing() -> None:
    """The kernels table in reverse gives the same advice."""
    program = Program()
    for _ in range(3):
        program.load(5 * MS, LOADER)
        program.copy("HtoD", 2 * MS, 7_000_000)
        for _ in range(10):
            program.launch(100 * US)
        program.synchronize()
    capture = program.trace.capture()
    table = kernels(capture, A100)
    forwards = advice.advise(table, capture, window(capture), A100)
    backwards = advice.advise(table.reverse(), capture, window(capture), A100)
    assert forwards == backwards


@given(traces())
def test_every_draft_speaks_of_launches_of_the_window(trace: Trace) -> None:
    """Launches known, new durations between 0 and the present ones, waits within the window."""
    if not any(row["duration_ns"] for row in trace.launches):
        return
    view = seen(trace.capture())
    times = dict(view.kernels.select("launch_id", "duration_ns").iter_rows())
    for draft in drafted(view):
        new = zip(draft.launches, draft.best, draft.worst, strict=True)
        assert all(0 <= best <= worst <= times[one] for one, best, worst in new), draft.title
        assert len(set(draft.launches)) == len(draft.launches), draft.title
        assert {*draft.waits, *draft.idle_used, *draft.replayed} <= {*times}, draft.title
        assert 0 <= draft.wait_kept_share <= 1
