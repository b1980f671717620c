"""What is not advised, and why."""

from __future__ import annotations

from trace_factory import BF16, Step, Trace, run, view

from ncutool.advice.fuse import unfusable

FULL = (8192, 4096)


def one(name: str, *shapes: tuple[int, ...], ns: int = 60_000) -> Step:
    """One bf16 call."""
    return f"aten::{name}", list(shapes), [BF16] * len(shapes), ns


def what(trace: Trace, taken: frozenset[int] = frozenset()) -> dict[str, tuple[int, ...]]:
    """What is declined, and of which launches."""
    found = unfusable.drafts(view(trace.capture()), taken).declined
    return {each.what: each.launches for each in found}


def test_nothing_fuses_with_communication() -> None:
    """The calls around a collective, not the collective."""
    trace = run([one("exp", FULL)])
    clock = trace.launches[-1]["start_ns"] + 70_000
    trace.kernel(clock, 90_000, kernel_full="ncclDevKernel_AllReduce", collective="allreduce")
    run([one("neg", FULL)], trace=trace)
    assert what(trace)["Fuse the calls before and after communication with it"] == (0, 2)


def test_a_reduction_over_another_axis_needs_its_full_result() -> None:
    """Only what follows it is meant, and only where nothing else was advised of it."""
    shape = (32, 64, 56, 56)
    trace = run([one("native_batch_norm", shape, (64,), (64,)), one("neg", shape)])
    question = "Fuse what follows a sum or norm over another axis than the last"
    assert what(trace)[question] == (1,)
    assert question not in what(trace, frozenset({1}))


def test_products_take_only_some_calls_into_their_epilogue() -> None:
    """A residual after a product."""
    trace = run([one("mm", (8192, 64), (64, 4096)), one("add", FULL, FULL)])
    assert what(trace)["Let matrix products do the elementwise calls after them"] == (1,)


def test_launches_without_an_operator_cannot_be_placed() -> None:
    """Names and grids do not say what reads what; below 2 % of the window nothing is said."""
    trace = Trace()
    trace.kernel(0, 50_000)
    assert what(trace) == {"Fuse the launches without a recorded operator": (0,)}
    run([one("mm", FULL, (4096, 4096), ns=9_000_000)], trace=trace)
    assert what(trace) == {}
