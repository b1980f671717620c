"""What could not be looked at in a trace: launches without figures, and idle time without a reason.

Of reports see ``test_reports``.
"""

from __future__ import annotations

from typing import Any

import analysis_factory as factory
import polars as pl
import pytest
from trace_factory import H100, Trace, kernels, run, window

from ncutool.advice import advise
from ncutool.advice.kernels import unseen
from ncutool.advice.view.finding import CouldNotLook
from ncutool.base.records import replace
from ncutool.timeline.causes import GAP_CAUSES
from ncutool.timeline.window import Timeline
from ncutool_parsers.capture import Capture


def row(launch_id: int, **changes: Any) -> dict[str, Any]:
    """A launch of 1 ms near its memory roof."""
    return {
        "capture": "a.json", "source": "torch", "launch_id": launch_id, "category": "kernel",
        "kernel": "softmax", "kernel_full": "softmax<float>", "duration_ns": 1_000_000,
        "flop_source": "shape", "bytes_source": "shape", "peak_source": "device_table",
        "bound": "memory", "bound_reason": "80 % of DRAM bandwidth",
    } | changes  # fmt: skip


def capture(**changes: Any) -> Capture:
    """A small trace."""
    trace = Trace()
    trace.kernel(0, 1_000_000, called=(-900, -800))
    return replace(trace.capture(), **changes)


def unknown(rows: list[dict[str, Any]], **changes: Any) -> tuple[CouldNotLook, ...]:
    """What could not be looked at in a trace of these launches without idle time."""
    return unseen.of_trace(factory.table(rows), None, capture(**changes))


def test_launches_near_their_roofs_were_looked_at() -> None:
    """Nothing is left out where every launch has its figures."""
    assert unknown([row(0), row(1)]) == ()
    assert unseen.looked_at_in_trace(factory.table([row(0), row(1)]))[0].endswith(
        "(100 % of launch time)"
    )


@pytest.mark.parametrize(
    ("changes", "recorded", "collect"),
    [
        ({}, False, "record with `record_shapes=True`, or join an Nsight Compute report"),
        ({}, True, "join an Nsight Compute report"),
        ({"graph_replay": True}, True, "pass the trace that captured the graph"),
        ({"peak_source": "none"}, True, "name the device (`--assume-device NAME`"),
    ],
)
def test_launches_without_figures(changes: dict[str, Any], recorded: bool, collect: str) -> None:
    """Why they have none, and what would give them some."""
    rows = [row(0), row(1, bound="unknown", missing_reason="no operator is known", **changes)]
    (one,) = unknown(rows, shapes_recorded=recorded)
    assert (one.launches, one.pct, one.reason) == ((1,), 50.0, "no operator is known")
    assert one.collect.startswith(collect)


@pytest.mark.parametrize("bound", ["below_memory_roof", "below_compute_roof", "latency"])
def test_modelled_shares_do_not_say_why(bound: str) -> None:
    """Far below its roof with no finding on it: only counters would tell what holds it."""
    launch = row(1, bound=bound, kernel="gemm")
    (one,) = unknown([row(0), launch])
    assert one.launches == (1,)
    assert "does not record what keeps launches so far below" in one.reason
    told = factory.finding(launches=(1,))
    assert unseen.of_trace(factory.table([row(0), launch]), None, capture(), [told]) == ()


def test_helpers_of_an_operator_with_figures_are_understood() -> None:
    """Their work is counted on the main kernel."""
    main = row(0, op_id=7, dram_bytes=1e6, flop=1e6, intensity_flop_per_byte=1.0)
    helper = row(1, op_id=7, bound="unknown", missing_reason="helper kernel")
    assert unknown([main, helper]) == ()
    assert len(unknown([main, helper | {"op_id": 8}])) == 1


def test_short_launches_are_explained_by_their_shortness() -> None:
    """A latency-bound launch below 20 µs is short of work: that needs no counters."""
    assert unknown([row(i, bound="latency", duration_ns=19_999) for i in range(3)]) == ()


def with_idle(cause: str) -> Timeline:
    """A window of which half is idle for one cause."""
    built = window(capture())
    gaps = pl.DataFrame({"duration_ns": [built.wall_ns], "cause": [cause]})
    return replace(built, end_ns=built.end_ns + built.wall_ns, gaps=gaps)


@pytest.mark.parametrize("cause", GAP_CAUSES)
def test_idle_time_without_a_reason(cause: str) -> None:
    """Half of the window idle: told of the four causes that say nothing of what would end them."""
    found = unseen.of_trace(factory.table([row(0)]), with_idle(cause), capture())
    unclear = cause in ("unexplained", "ops_missing", "silent_host", "inside_operator")
    assert [one.pct for one in found] == ([50.0] if unclear else [])
    assert all(one.what.startswith("idle time") and one.launches == () for one in found)


def test_nothing_is_advised_on_a_file_of_several_processes() -> None:
    """Gradients cleared one by one are a finding in a trace of one process, not in one of two."""
    alone = run([("aten::fill_", [(64 + n, 64)], ["float"], 3_000) for n in range(20)]).capture()
    table, device = kernels(alone), H100
    assert advise(table, alone, window(alone), device).findings
    merged = replace(alone, processes=2)
    advice = advise(table, merged, window(merged), device)
    assert (advice.findings, advice.answer) == ((), "could_not_look")
    (one,) = advice.could_not_look
    assert (one.what, one.collect) == (
        "the launches of 2 processes",
        "the trace that each process wrote, one by one",
    )
    assert not window(merged).trustworthy
