"""Runs made by hand, so that comparisons are tested without a capture or a reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from ncutool.diff.sides import SCHEMA, DeviceFacts, FindingFacts, Run, Settings, Side, Window

REPORT = Settings(
    "ncu", "Nsight Compute", "2025.2.1.0", figures_counted=True, launches_serialised=True
)
TRACE = Settings(
    "torch", "torch.profiler", has_timeline=True, records_operators=True, shapes=True
)  # fmt: skip
A100 = DeviceFacts("A100 40GB PCIe", "8.0", 108)
CLOCK = 1.3e9


def kernel(name: str, duration_ns: int = 100_000, **more: Any) -> dict[str, Any]:
    """A launch of a report: 256 blocks of 128, counted FLOPs and bytes."""
    row = {
        "category": "kernel", "kernel": name.partition("<")[0], "kernel_full": name, "device": 0,
        "grid_x": 256, "grid_y": 1, "grid_z": 1, "block_x": 128, "block_y": 1, "block_z": 1,
        "flop_source": "counter", "bytes_source": "counter", "flop": 1e9, "dram_bytes": 1e8,
        "bound": "memory", "sm_clock_hz": CLOCK, "memory_clock_hz": 8.7e8,
    }  # fmt: skip
    return row | {"duration_ns": duration_ns} | more


def call(
    op: str, shapes: str, name: str, duration_ns: int = 100_000, **more: Any
) -> dict[str, Any]:
    """A launch of a trace: an operator on shapes; ``call`` is which call of it."""
    family = "gemm" if op in ("mm", "addmm", "bmm") else "elementwise"
    row = {
        "category": "kernel", "kernel": name.partition("<")[0], "kernel_full": name, "device": 0,
        "stream": 7, "op": f"aten::{op}", "signature": shapes, "family": family, "dtype": "bf16",
        "flop_source": "shape", "bytes_source": "shape", "flop": 1e9, "dram_bytes": 1e6,
        "bound": "compute" if family == "gemm" else "memory",
    }  # fmt: skip
    return row | {"duration_ns": duration_ns} | more


def report(rows: Sequence[dict[str, Any]], **more: Any) -> Run:
    """A report of these launches in this order."""
    return _run([row | {"launch_id": at} for at, row in enumerate(rows)], REPORT, None, **more)


def trace(rows: Sequence[dict[str, Any]], *, idle_ns: int = 1_000, **more: Any) -> Run:
    """A trace of these launches one after another, so long idle after each."""
    clock, made = 0, []
    for at, row in enumerate(rows):
        made.append({"op_id": at} | row | {"launch_id": at, "start_ns": clock})
        clock += row["duration_ns"] + idle_ns
    busy = sum(row["duration_ns"] for row in rows)
    window = Window(clock, busy, {"dispatch": clock - busy})
    return _run(made, TRACE, window, **more)


def _run(rows: list[dict[str, Any]], settings: Settings, window: Window | None, **more: Any) -> Run:
    frame = pl.DataFrame(
        {name: [row.get(name) for row in rows] for name in SCHEMA}, schema=SCHEMA, strict=False
    )
    fields: dict[str, Any] = {"name": "made", "device": A100, "settings": settings}
    return Run(launches=frame, window=window, **(fields | more))


def set_otherwise(run: Run, **settings: Any) -> Run:
    """The same run with other settings of the profiler."""
    return replace(run, settings=replace(run.settings, **settings))


def side(*runs: Run) -> Side:
    """A side of these runs."""
    return Side(runs)


def finding(rule: str, launches: Sequence[int], low_ns: int, high_ns: int) -> FindingFacts:
    """A finding on these launches."""
    return FindingFacts(
        rule, rule.partition("-")[0], "window", rule, tuple(launches), low_ns, high_ns
    )
