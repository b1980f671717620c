"""Which launches are variants of one kernel."""

from __future__ import annotations

from typing import Any

import pytest
from analysis_factory import table

from ncutool.advice.kernels import reports
from ncutool.inside import variants


def row(launch_id: int, kernel: str, **changes: Any) -> dict[str, Any]:
    """A product of 1024 x 1024 x 1024 in a thread an element."""
    return {
        "capture": "a.ncu-rep", "source": "ncu", "launch_id": launch_id, "category": "kernel",
        "kernel": kernel, "kernel_full": kernel, "duration_ns": 1_000 * (launch_id + 1),
        "flop_source": "counter", "bytes_source": "counter", "peak_source": "record",
        "bound": "memory", "bound_reason": "by both", "limiting_level": "dram", "dtype": "fp32",
        "dram_bytes": 1e9, "flop": 2.0 * 1024**3, "stream": 7, "memory_sol_pct": 90.0,
        "sm_sol_pct": 10.0, "grid_x": 4_096, "grid_y": 1, "grid_z": 1, "block_x": 256,
        "block_y": 1, "block_z": 1,
    } | changes  # fmt: skip


@pytest.mark.parametrize(
    ("other", "alike"),
    [
        ({}, True),
        ({"flop": 2.01 * 1024**3}, True),
        ({"flop": 2.2 * 1024**3}, False),
        ({"dtype": "fp64"}, False),
        ({"flop": None}, False),
        ({"kernel_full": "naive"}, False),
    ],
)
def test_different_code_of_the_same_work(other: dict[str, Any], alike: bool) -> None:
    assert variants.are(row(0, "naive"), row(1, "tiled", **other)) == alike


def test_few_operations_a_thread_need_a_name_that_begins_alike() -> None:
    """An addition and a multiplication do as many, and are not one kernel."""
    few = {"flop": 1_048_576.0}
    assert not variants.are(row(0, "add", **few), row(1, "multiply", **few))
    assert variants.are(row(0, "silu_kernel", **few), row(1, "silu_kernel_vector", **few))


def test_the_fastest_comes_first_and_each_code_once() -> None:
    rows = [row(2, "naive"), row(1, "tiled"), row(4, "tiled"), row(0, "other", flop=1e6)]
    (group,) = variants.groups(rows)
    assert [(one["kernel"], one["launch_id"]) for one in group] == [("tiled", 1), ("naive", 2)]


def test_variants_are_never_fused_with_one_another() -> None:
    """The same two neighbours are, where they do unlike work."""
    alike = [row(0, "silu_kernel"), row(1, "silu_kernel_vector")]
    unlike = [alike[0], {**alike[1], "flop": 1e9}]
    rules = [[one.rule for one in reports.advise(table(rows)).findings] for rows in (alike, unlike)]
    assert rules == [[], ["fuse-neighbours"]]
