"""What the host does once, whatever the sizes, is left out of what scales."""

from __future__ import annotations

import pytest
from trace_factory import Trace, view, window

from ncutool.advice.price.ledger import Ledger
from ncutool.timeline.replay import prepare
from ncutool.whatif.answer import Bounds
from ncutool.whatif.ending import Ending, in_another_run, once, once_ns

MS = 1_000_000


def starved(first: str, length: int) -> Trace:
    """Thirty kernels of 10 µs every 50 µs; before the second, one call of ``length``."""
    trace = Trace()
    trace.kernel(0, 10_000, called=(-6_000, -1_000))
    trace.call(first, 11_000, 11_000 + length)
    for index in range(1, 30):
        start = 20_000 + length + index * 50_000
        trace.kernel(start, 10_000, called=(start - 6_000, start - 1_000))
    return trace


@pytest.mark.parametrize(
    ("call", "held"),
    [("cudaMalloc", 20 * MS), ("cuModuleLoadData", 20 * MS), ("cudaGraphInstantiate", 20 * MS),
     ("cudaStreamCreate", 20 * MS), ("cudaStreamSynchronize", 0), ("cudaMemcpyAsync", 0)],
)  # fmt: skip
def test_one_off_time_does_not_scale(call: str, held: int) -> None:
    """Another recording may differ by 30 % in all but that."""
    capture = starved(call, 20 * MS).capture()
    timeline = window(capture)
    assert once_ns(timeline) == held
    assert bool(once(timeline)) is bool(held)
    context = view(capture)
    ledger = Ledger(context, prepare(capture, timeline))
    wall = timeline.wall_ns
    before = Ending(Bounds(wall, wall, wall), wall, host_limited=True, reason="")
    frame = context.kernels.select("launch_id", low_ns="duration_ns", high_ns="duration_ns")
    after = in_another_run(before, ledger, frame, once_ns(timeline)).window
    assert after.high_ns == held + round((wall - held) * 1.3)
    assert after.low_ns == held + round((wall - held) / 1.3)


def test_allocation_in_every_step_is_no_one_off() -> None:
    """A warm step has it too."""
    trace = Trace()
    trace.kernel(0, 10_000, called=(-5_000, -2_000))
    for step in range(1, 9):
        begin = step * 100_000
        trace.call("cudaFree", begin - 90_000, begin - 10_000)
        trace.kernel(begin, 10_000, called=(begin - 9_000, begin - 5_000))
    assert once_ns(window(trace.capture())) == 0
