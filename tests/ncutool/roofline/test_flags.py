"""Figures above 100 % of a peak: each says the cause that its evidence speaks for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool.base import tables
from ncutool.devices.resolve import Device
from ncutool.roofline import place as roofline
from ncutool_parsers.capture import Capture
from ncutool_parsers.formats import TORCH_TRACE
from ncutool_parsers.schema import LAUNCHES

DEVICE = Device(
    name="toy",
    compute_capability="9.0",
    sm_count=100,
    memory_bytes=10**10,
    peak_bytes_per_s=1e12,
    peak_flop_per_s={"bf16_tensor": 100e12, "fp32": 10e12},
    sparse_peak_flop_per_s={"bf16_tensor": 200e12},
    l2_bytes=10**6,
)


def place(
    rows: list[dict[str, Any]], device: Device | None = DEVICE, clock_step_ns: int = 1
) -> pl.DataFrame:
    """The kernels table of a trace's launches, work and launch in one dictionary each."""
    names = set(LAUNCHES.polars_schema().names())
    launches, work = [], []
    for index, row in enumerate(rows):
        base = {"launch_id": index, "category": "kernel", "kernel": "k", "kernel_full": "k()"}
        launches.append({**base, **{k: v for k, v in row.items() if k in names}})
        figures = {k: v for k, v in row.items() if k not in names}
        sources = {"flop_source": "shape", "bytes_source": "shape"}
        work.append({"launch_id": index, **sources, **figures})
    capture = Capture(
        path=Path("toy.json"),
        format=TORCH_TRACE,
        launches=LAUNCHES.conform(pl.from_dicts(launches, infer_schema_length=None)),
        clock_step_ns=clock_step_ns,
    )
    table = tables.WORK.conform(pl.from_dicts(work, infer_schema_length=None))
    return roofline.place(capture, table, device)


def compute(pct: float, **more: Any) -> dict[str, Any]:
    """A product of 1 ms at so many per cent of the BF16 tensor peak."""
    return {
        "duration_ns": 1_000_000,
        "flop": pct * 1e9,
        "dram_bytes": 1e6,
        "roof": "bf16_tensor",
        **more,
    }


def memory(pct: float, **more: Any) -> dict[str, Any]:
    """A copy by a kernel of 1 ms at so many per cent of the bandwidth, ten caches large."""
    return {
        "duration_ns": 1_000_000,
        "flop": 0.0,
        "dram_bytes": pct * 1e7,
        "roof": "fp32",
        **more,
    }


def flag(row: dict[str, Any], **more: Any) -> str | None:
    """The flag of one launch among nineteen that are well below their peaks."""
    table = place([row, *[compute(50)] * 9, *[memory(50)] * 10], **more)
    assert table["flag"][1:].null_count() == 19
    found: str | None = table["flag"][0]
    return found


@pytest.mark.parametrize(
    ("row", "cause"),
    [
        (compute(100), None),
        (memory(100), None),
        (compute(107), "107.0 % of the bf16_tensor peak: within 10 %, as clocks above"),
        (compute(180), "180.0 % of the bf16_tensor peak: 2:4 sparse operations"),
        (compute(250), "250.0 % of the bf16_tensor peak: another data type"),
        (memory(120), "120.0 % of DRAM bandwidth: the byte model counts too much"),
        (
            memory(120, duration_ns=500, dram_bytes=6e5),
            "120.0 % of DRAM bandwidth: its data fit in the last-level cache",
        ),
        (
            memory(120, duration_ns=2_000, dram_bytes=2.4e6),
            "120.0 % of DRAM bandwidth: part of its data may stay in the last-level cache: 1.0 MB",
        ),
        (memory(120, bytes_source="joined"), "120.0 % of DRAM bandwidth: ncu counted it with cold"),
    ],
)
def test_each_cause_by_its_evidence(row: dict[str, Any], cause: str | None) -> None:
    """Boost within 10 %, sparsity within the sparse peak, cache by size, cold counters."""
    found = flag(row)
    assert found is None if cause is None else str(found).startswith(cause)


def test_a_coarse_clock_is_the_cause_where_it_can_be() -> None:
    """3 µs in whole µs may be nearly 4: 130 % may be 97.5 %; 180 % cannot, nor can 100 µs."""
    short = compute(130, duration_ns=3_000, flop=130e9 * 0.003)
    assert "steps of 1000 ns and gives it 3 of them, so that it may be as low as 97.5 %" in str(
        flag(short, clock_step_ns=1000)
    )
    assert "steps" not in str(flag(short))
    worse = compute(180, duration_ns=3_000, flop=180e9 * 0.003)
    assert "steps" not in str(flag(worse, clock_step_ns=1000))
    longer = compute(130, duration_ns=100_000, flop=13e9)
    assert "steps" not in str(flag(longer, clock_step_ns=1000))


def test_many_launches_above_a_peak_speak_against_the_device() -> None:
    """Where a fifth of all launches exceeds a peak by over 10 %, the peak is wrong."""
    table = place([*[compute(150)] * 4, *[compute(50)] * 6])
    assert table["flag"].null_count() == 6
    assert table["flag"].drop_nulls().str.contains("4 of the 10 launches .* wrong device").all()
    table = place([*[memory(150)] * 4, *[memory(50)] * 6])
    assert table["flag"].drop_nulls().str.contains("4 of the 10 launches .* wrong device").all()
    few = place([*[compute(150)] * 4, *[compute(50)] * 36])
    assert not few["flag"].drop_nulls().str.contains("launches held").any()


def test_a_measured_rate_that_is_exceeded_is_no_wrong_device() -> None:
    """Rates given with --ceilings are what something reached, not what is possible."""
    measured = replace(DEVICE, measured=("dram", "bf16_tensor"))
    for row in (compute(130), memory(130)):
        assert "measured rate that was given is no limit" in str(flag(row, device=measured))


@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {
                "duration_ns": st.one_of(st.none(), st.integers(0, 3_000)),
                "flop": st.one_of(st.none(), st.just(0.0), st.floats(0, 1e18)),
                "dram_bytes": st.one_of(st.none(), st.just(0.0), st.floats(0, 1e15)),
                "roof": st.sampled_from([None, "fp32", "bf16_tensor", "fp64"]),
                "bytes_source": st.sampled_from(["shape", "joined"]),
            }
        ),
        min_size=1,
        max_size=8,
    ),
    clock_step_ns=st.sampled_from([1, 1000]),
    with_device=st.booleans(),
)
def test_no_duration_never_divides_and_never_flags(
    rows: list[dict[str, Any]], clock_step_ns: int, with_device: bool
) -> None:
    """No NaN or infinity in any figure or sentence; no rate, share or flag without a time."""
    table = place(rows, DEVICE if with_device else None, clock_step_ns)
    for name, kind in table.schema.items():
        if kind == pl.Float64:
            assert table[name].drop_nulls().is_finite().all(), name
        elif kind == pl.String:
            assert not table[name].str.contains(r"\b(inf|NaN|nan)\b").any(), name
    without = table.filter(pl.col("duration_ns").fill_null(0) == 0)
    for name in ("achieved_flop_per_s", "achieved_bytes_per_s", "roofline_pct", "flag"):
        assert without[name].count() == 0
    over = table.filter(pl.col("roofline_pct") > 100.05)
    assert over["flag"].null_count() == 0
