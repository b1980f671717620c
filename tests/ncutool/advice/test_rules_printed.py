"""What fused instructions and divergent warps are worth, by a report's counters."""

from __future__ import annotations

from typing import Any

import pytest
from analysis_factory import table

from ncutool.advice.kernels import reports
from ncutool.advice.view.finding import Finding
from ncutool.work.inside import Inside

FUSED = Inside(unfused={"fp64": 0.25})
THREADS = Inside(threads_active=8.0)


def advised(bound: str, inside: Inside, **changes: Any) -> list[Finding]:
    """Findings on a launch of 1 ms with these counters; no rule printed anything."""
    row = {
        "capture": "a.ncu-rep", "source": "ncu", "launch_id": 0, "category": "kernel",
        "kernel": "stencil", "kernel_full": "stencil(double*)", "duration_ns": 1_000_000,
        "flop_source": "counter", "bytes_source": "counter", "peak_source": "record",
        "sm_sol_pct": 80.0, "memory_sol_pct": 20.0, "bound": bound, "bound_reason": "by both",
        "dtype": "fp64",
    } | changes  # fmt: skip
    return list(reports.advise(table([row]), None, {0: inside}).findings)


def test_a_rate_that_fusing_raises_by_a_quarter_saves_a_fifth() -> None:
    """1.25 times as fast takes 1 / 1.25 = 80 % of the time."""
    (finding,) = advised("compute", FUSED)
    assert finding.saving_high_ns == 200_000
    assert "raise its FP64 rate by up to 25.0 %" in finding.evidence[1]


def test_warps_of_which_a_quarter_works_could_do_it_in_a_quarter() -> None:
    """8 of 32 threads are active: three quarters of the time go at most."""
    (finding,) = advised("compute", THREADS)
    assert finding.saving_high_ns == 750_000
    assert "8.00 of 32 threads" in finding.evidence[1]


@pytest.mark.parametrize(
    ("bound", "inside", "changes"),
    [
        ("memory", FUSED, {}),
        ("compute", FUSED, {"dtype": "fp32"}),
        ("compute", Inside(unfused={"fp64": 0.0}), {}),
        ("memory", THREADS, {}),
        ("compute", Inside(), {}),
        ("compute", Inside(threads_active=32.0), {}),
    ],
)
def test_what_does_not_hold_the_launch_saves_nothing(
    bound: str, inside: Inside, changes: dict[str, Any]
) -> None:
    """Bound by memory, another data type, not counted, or nothing to gain."""
    assert advised(bound, inside, **changes) == []
