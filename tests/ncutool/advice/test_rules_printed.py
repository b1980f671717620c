"""What NVIDIA's rules on fused instructions and divergent warps print, and what it is worth."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from analysis_factory import table

from ncutool.advice.kernels import reports
from ncutool.advice.view.finding import Finding
from ncutool_parsers.schema import RULES

FUSED = (
    "This kernel executes 10 fused and 20 non-fused FP64 instructions. By converting pairs, the "
    "achieved FP64 performance could be increased by up to 25% (relative to its current one)."
)
THREADS = "an average of 8.0 threads being active per cycle"


def advised(bound: str, rule: str, message: str, **changes: Any) -> list[Finding]:
    """Findings on a launch of 1 ms, of which the rule printed the message."""
    row = {
        "capture": "a.ncu-rep", "source": "ncu", "launch_id": 0, "category": "kernel",
        "kernel": "stencil", "kernel_full": "stencil(double*)", "duration_ns": 1_000_000,
        "flop_source": "counter", "bytes_source": "counter", "peak_source": "record",
        "sm_sol_pct": 80.0, "memory_sol_pct": 30.0, "bound": bound, "bound_reason": "by both",
        "dtype": "fp64",
    } | changes  # fmt: skip
    printed = {"launch_id": 0, "rule": rule, "section": None, "severity": "warning", "title": None,
               "message": message, "speedup_kind": None, "speedup_pct": None}  # fmt: skip
    return list(reports.advise(table([row]), RULES.conform(pl.DataFrame([printed]))).findings)


def test_a_rate_that_fusing_raises_by_a_quarter_saves_a_fifth() -> None:
    """1.25 times as fast takes 1 / 1.25 = 80 % of the time."""
    (finding,) = advised("compute", "FPInstructions", FUSED)
    assert finding.saving_high_ns == 200_000
    assert "raise its FP64 rate by up to 25 %" in finding.evidence[1]


def test_warps_of_which_a_quarter_works_could_do_it_in_a_quarter() -> None:
    """8 of 32 threads are active: three quarters of the time go at most."""
    (finding,) = advised("compute", "ThreadDivergence", f"Instructions run with {THREADS}.")
    assert finding.saving_high_ns == 750_000
    assert "8.0 of 32 threads" in finding.evidence[1]


@pytest.mark.parametrize(
    ("bound", "rule", "message", "changes"),
    [
        ("memory", "FPInstructions", FUSED, {}),
        ("compute", "FPInstructions", FUSED, {"dtype": "fp32"}),
        ("compute", "FPInstructions", "All instructions are fused.", {}),
        ("memory", "ThreadDivergence", THREADS, {}),
        ("compute", "ThreadDivergence", "All threads are active.", {}),
        ("compute", "ThreadDivergence", "average of 32.0 threads being active per cycle", {}),
    ],
)
def test_what_does_not_hold_the_launch_saves_nothing(
    bound: str, rule: str, message: str, changes: dict[str, Any]
) -> None:
    """Bound by memory, another data type, no figures printed, or nothing to gain."""
    assert advised(bound, rule, message, **changes) == []
