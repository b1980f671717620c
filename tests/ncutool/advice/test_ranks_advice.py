"""Ranks of one job side by side: waiting for the others is told from transfer, on made traces."""

from __future__ import annotations

import pytest
from host_traces import MS, US
from trace_factory import H100, Trace, kernels, window

from ncutool import advice
from ncutool.advice.view.finding import Finding
from ncutool_parsers.capture import Capture


def rank_of(times_us: tuple[int, ...]) -> Capture:
    """Kernels of 1 ms, each before an all-reduce that takes so long on this rank."""
    trace, clock = Trace(), 0
    for step, time in enumerate(times_us):
        host = -9 * MS + step * 10 * US
        trace.kernel(clock, MS, called=(host, host + 500))
        trace.kernel(
            clock + MS, time * US, stream=20, called=(host + US, host + 2 * US),
            collective="allreduce", collective_dtype="BFloat16", collective_in_elements=64,
            collective_out_elements=64, collective_group_size=2,
            kernel="ncclDevKernel_AllReduce", kernel_full="ncclDevKernel_AllReduce(x)",
        )  # fmt: skip
        clock += MS + time * US
    return trace.capture()


def on_communication(*ranks_us: tuple[int, ...]) -> Finding:
    """The finding on communication of the first of these ranks."""
    captures = [rank_of(times) for times in ranks_us]
    tables = [kernels(one) for one in captures]
    given = advice.advise(tables[0], captures[0], window(captures[0]), H100, tables[1:])
    (finding,) = [one for one in given.findings if one.kind == "communication"]
    return finding


def test_a_rank_that_mostly_waits_keeps_the_shortest_time_of_each_call() -> None:
    """Of 900 + 800 + 100 µs the other rank shows that 100 + 100 + 100 would do."""
    finding = on_communication((900, 800, 100), (100, 100, 400))
    assert (finding.alone_low_ns, finding.alone_high_ns) == (0, 1_500 * US)
    said = " ".join(finding.evidence)
    assert "2 ranks, 3 collectives need 300 µs" in said
    assert "this rank waits 1.50 ms beyond that, the others 300 µs" in said


def test_a_rank_that_the_others_wait_for_is_told_so_and_promised_no_less_than_before() -> None:
    """The same job, seen from the other rank: it waits a third of its time at one call."""
    finding = on_communication((100, 100, 150), (900, 800, 100))
    assert finding.alone_high_ns == 350 * US
    assert "this rank waits 50.0 µs beyond that, the others 1.50 ms" in " ".join(finding.evidence)


@pytest.mark.parametrize(("longest", "balanced"), [(249, False), (251, True)])
def test_a_third_of_the_communication_is_much_waiting(longest: int, balanced: bool) -> None:
    """250 - 100 = 150 µs of waiting are a third of 450 µs in three calls; the promise then is that
    waiting, and else all of the time."""
    finding = on_communication((longest, 100, 100), (100, 100, 100))
    expected = longest - 100 if balanced else longest + 200
    assert finding.alone_high_ns == expected * US
