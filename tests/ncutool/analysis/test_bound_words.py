"""The memory level and the pipe stand with the bound wherever it is told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import polars as pl
import pytest

from ncutool.analysis import display_names, state
from ncutool.analysis.judged import Judged
from ncutool.analysis.where_time_goes import Share, Shares
from ncutool.base import tables
from ncutool.roofline.coverage import cover


@pytest.mark.parametrize(
    ("bound", "level", "words"),
    [
        ("memory", "l1", "memory: L1"),
        ("memory", "dram", "memory: DRAM"),
        ("compute", "fma", "compute: fma"),
        ("memory", None, "memory"),
        ("balanced", "issue", "balanced"),
        ("below_memory_roof", None, "below memory"),
        ("latency", None, "latency"),
    ],
)
def test_few_words(bound: str, level: str | None, words: str) -> None:
    """A level is named where the bound is that of a limit."""
    assert display_names.short_bound({"bound": bound, "limiting_level": level}) == words


def test_the_part_of_a_level_is_named_where_it_is_known() -> None:
    row = {"bound": "memory", "limiting_level": "l1", "limiting_detail": "shared"}
    assert display_names.short_bound(row) == "memory: shared memory"


def told(*levels: tuple[str | None, int]) -> str:
    """What is said of memory-bound launches of these levels and durations."""
    kernels = tables.KERNELS.conform(
        pl.DataFrame(
            [
                {"launch_id": number, "duration_ns": duration, "bound": "memory",
                 "limiting_level": level, "capture": "a", "source": "ncu", "category": "kernel",
                 "kernel": "k", "kernel_full": "k", "flop_source": "none", "bytes_source": "none",
                 "peak_source": "record", "bound_reason": ""}
                for number, (level, duration) in enumerate(levels)
            ],
            schema_overrides={"limiting_level": pl.String},
        )
    )  # fmt: skip
    whole = int(kernels["duration_ns"].sum())
    shares = Shares(whole, of_wall=False, parts=(Share("memory", whole, 100.0),), overlap_ns=0)
    judged = SimpleNamespace(
        figures=kernels, coverage=cover(kernels), timeline=None, shares=shares, device_kinds=()
    )
    return state.write(cast("Judged", judged))


def test_the_state_names_the_level_that_holds_most_of_the_time() -> None:
    """All of it, most of it, and none that holds the most."""
    assert "launch time is memory-bound, by L2." in told(("l2", 1000))
    assert "memory-bound, most of it by L2." in told(("l2", 900), ("dram", 100))
    assert "launch time is memory-bound." in told(("l2", 500), ("dram", 500))
    assert "launch time is memory-bound." in told(("l2", 400), (None, 600))
