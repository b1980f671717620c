"""Done is only what positive evidence says: never what is estimated, flagged or not known."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from ncutool.base.tables import KERNELS
from ncutool.diagnose.ceiling import done, with_ceilings

MEMORY: dict[str, Any] = {
    "category": "kernel", "bound": "memory", "duration_ns": 1_000_000, "dram_bytes": 2.7e9,
    "peak_bytes_per_s": 3e12, "bytes_source": "shape", "bytes_exactness": "exact",
    "flop": 0.0, "flop_exactness": "exact", "roof_side": "memory", "roofline_pct": 90.0,
}  # fmt: skip
COMPUTE = {
    **MEMORY, "bound": "compute", "dram_bytes": 1e8, "roof_side": "compute", "roofline_pct": 92.0,
}  # fmt: skip


def reached(row: dict[str, Any]) -> tuple[bool | None, str | None, float | None]:
    table = pl.DataFrame([row], schema=KERNELS.polars_schema(), orient="row")
    made = with_ceilings(table).row(0, named=True)
    return made["reached"], made["ceiling"], made["ceiling_pct"]


def test_compulsory_bytes_at_bandwidth_are_done() -> None:
    assert reached(MEMORY) == (True, "compulsory_bytes", 90.0)


def test_a_compute_roof_is_done() -> None:
    assert reached(COMPUTE) == (True, "compute_roof", 92.0)


@pytest.mark.parametrize(
    ("base", "change", "expected"),
    [
        pytest.param(MEMORY, {"dram_bytes": 2.3e9}, False, id="77 % of bandwidth"),
        pytest.param(COMPUTE, {"roofline_pct": 89.0}, False, id="89 % of its roof"),
        pytest.param(MEMORY, {"bytes_exactness": "estimate"}, None, id="estimated bytes"),
        pytest.param(MEMORY, {"bytes_exactness": "lower_bound"}, None, id="at least so many bytes"),
        pytest.param(MEMORY, {"bytes_source": "counter"}, None, id="counted, compulsory unknown"),
        pytest.param(MEMORY, {"dram_bytes": 3.3e9}, None, id="beyond the peak"),
        pytest.param(MEMORY, {"flag": "implausible"}, None, id="flagged"),
        pytest.param(MEMORY, {"bound": "cache"}, None, id="from the cache"),
        pytest.param(MEMORY, {"peak_bytes_per_s": None}, None, id="unknown device"),
        pytest.param(MEMORY, {"hardware_bytes_per_s": 2e12}, None, id="impossible peak"),
        pytest.param(MEMORY, {"category": "memcpy"}, None, id="a copy"),
        pytest.param(COMPUTE, {"flop_exactness": "upper_bound"}, None, id="at most so many FLOPs"),
        pytest.param(COMPUTE, {"duration_ns": None}, None, id="no time"),
    ],
)
def test_what_is_not_known_is_not_done(
    base: dict[str, Any], change: dict[str, Any], expected: bool | None
) -> None:
    assert reached({**base, **change})[0] is expected


@pytest.mark.parametrize(
    ("ratio", "expected"), [(1.05, True), (1.2, False), (0.5, None), (None, None)]
)
def test_counted_bytes_are_held_against_the_compulsory(
    ratio: float | None, expected: bool | None
) -> None:
    joined = {**MEMORY, "bytes_source": "counter", "bytes_measured_over_modelled": ratio}
    assert reached(joined)[0] is expected


def test_a_group_is_done_where_most_of_its_time_is() -> None:
    assert done(90, 10, 100) is True
    assert done(89, 11, 100) is False
    assert done(50, 5, 100) is None
    assert done(0, 0, 0) is None
