"""Savings of captures whose launches take seconds and hours: never below 0, never above all."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trace_factory import FORWARD, H100, RMS_NORM, Step, Trace, kernels, run, view, window

from ncutool import advice
from ncutool.advice.view.finding import Advice
from ncutool_parsers.capture import Capture

HOUR = 3_600_000_000_000


def advised(capture: Capture) -> Advice:
    """What is advised of a capture on the test H100."""
    return advice.advise(kernels(capture), capture, window(capture), H100)


def scaled(trace: Trace, factor: int, spread: int) -> Capture:
    """The trace with every time ``factor`` as long, its launches on ``spread`` streams at once."""
    trace = dataclasses.replace(
        trace,
        launches=[
            row
            | {"start_ns": factor * (row["start_ns"] if spread == 1 else 10 * index)}
            | {"duration_ns": factor * row["duration_ns"], "stream": index % spread}
            for index, row in enumerate(trace.launches)
        ],
        calls=[_longer(row, factor) for row in trace.calls],
        ops=[_longer(row, factor) for row in trace.ops],
    )
    return trace.capture(shapes_recorded=True)


def _longer(row: dict[str, int], factor: int) -> dict[str, int]:
    return row | {"start_ns": factor * row["start_ns"], "end_ns": factor * row["end_ns"]}


def test_a_copy_of_five_seconds_is_worth_five_seconds() -> None:
    """From 3.04 s on, a product of two such times passes 64 bits."""
    trace = Trace()
    op = trace.op("aten::copy_", -40_000, 5_000_000_000)
    trace.kernel(0, 5_000_000_000, called=(-30_000, 5_000_000_000), call="cudaMemcpyAsync",
                 category="memcpy", copy_kind="HtoD", copy_pageable=True, copy_bytes=20 * 10**9,
                 op_id=op)  # fmt: skip
    found = advised(trace.capture()).findings
    assert [(one.kind, one.alone_high_ns) for one in found] == [("copy", 5_000_000_000)]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(RMS_NORM + FORWARD), min_size=2, max_size=12),
    st.integers(1, 40_000_000),
    st.sampled_from([1, 1, 2, 4]),
)
def test_savings_lie_between_nothing_and_all(steps: list[Step], factor: int, spread: int) -> None:
    """Of the window together, of its launches and idle time each."""
    capture = scaled(run(steps), factor, spread)
    wall = window(capture).wall_ns
    given_advice = advised(capture)
    for one in given_advice.findings:
        assert 0 <= one.saving_low_ns <= one.saving_high_ns <= one.alone_high_ns <= wall
        assert 0 <= one.saving_low_pct <= one.saving_high_pct <= 100
        assert 0 <= one.alone_low_ns <= one.alone_high_ns
    of_window = [one for one in given_advice.findings if one.per == "window"]
    assert sum(one.saving_high_ns for one in of_window) <= wall
    assert 0 <= given_advice.small_high_ns <= wall
    assert 0 <= given_advice.all_low_ns <= given_advice.all_high_ns <= wall


def test_a_sum_over_streams_is_no_share_of_the_window() -> None:
    """Four streams work at once: 20 ms of launches in a window of 5 ms."""
    trace = Trace()
    for index in range(40):
        trace.kernel(index // 4 * 500_000, 500_000, stream=index % 4)
    seen = view(trace.capture())
    assert seen.summed(20_000_000) == "20.0 ms (100 % of the time of all launches)"
    assert seen.share(5_000_000) == "5.00 ms (100 % of the window)"


def test_a_sum_on_one_stream_is_a_share_of_the_window() -> None:
    """Nothing runs beside it."""
    trace = Trace()
    trace.kernel(0, 500_000)
    trace.kernel(600_000, 400_000)
    assert view(trace.capture()).summed(450_000) == "450 µs (45.0 % of the window)"


@pytest.mark.parametrize("blocks", [2**31, 2**62])
def test_grids_that_no_device_runs_save_nothing(blocks: int) -> None:
    """Their product passes 64 bits, and would look like a grid of none."""
    trace = Trace()
    for index in range(20):
        trace.kernel(index * 50_000, 40_000, grid_x=blocks, grid_y=blocks, grid_z=blocks,
                     called=(-900_000, -800_000))  # fmt: skip
    assert not [one for one in advised(trace.capture()).findings if one.kind == "batch"]
