"""The roofline, the bound and the coverage of hand-made launches, with literal expectations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool.base import tables
from ncutool.devices.resolve import Device
from ncutool.roofline import place as roofline
from ncutool.roofline.coverage import cover
from ncutool_parsers.capture import Capture
from ncutool_parsers.formats import NCU_REPORT, TORCH_TRACE, Format
from ncutool_parsers.schema import LAUNCHES

DEVICE = Device(
    name="toy",
    compute_capability="9.0",
    sm_count=100,
    memory_bytes=10**10,
    peak_bytes_per_s=1e12,
    peak_flop_per_s={"bf16_tensor": 100e12, "fp32": 10e12},
    l2_bytes=10**6,
)


def place(
    rows: list[dict[str, Any]], device: Device | None = DEVICE, form: Format = TORCH_TRACE
) -> pl.DataFrame:
    """The kernels table of launches given as one dictionary each, work and launch mixed."""
    launch_names = set(LAUNCHES.polars_schema().names())
    launches, work = [], []
    for index, row in enumerate(rows):
        base = {"launch_id": index, "category": "kernel", "kernel": "k", "kernel_full": "k()"}
        launches.append({**base, **{k: v for k, v in row.items() if k in launch_names}})
        figures = {k: v for k, v in row.items() if k not in launch_names}
        work.append(
            {"launch_id": index, "flop_source": "shape", "bytes_source": "shape", **figures}
        )
    capture = Capture(
        path=Path("toy.json"),
        format=form,
        launches=LAUNCHES.conform(pl.from_dicts(launches, infer_schema_length=None)),
    )
    table = tables.WORK.conform(pl.from_dicts(work, infer_schema_length=None))
    return roofline.place(capture, table, device)


def one(row: dict[str, Any], **options: Any) -> dict[str, Any]:
    """The only row of the kernels table of one launch."""
    return place([row], **options).row(0, named=True)


def test_compute_bound_gemm_sits_right_of_the_ridge_point() -> None:
    """100 µs, 8 GFLOP, 10 MB: 80 TFLOP/s of 100, intensity 800 against a ridge of 100."""
    row = one({"duration_ns": 100_000, "flop": 8e9, "dram_bytes": 1e7, "roof": "bf16_tensor"})
    expected = {
        "peak_source": "device_table",
        "achieved_flop_per_s": 80e12,
        "achieved_bytes_per_s": 100e9,
        "intensity_flop_per_byte": 800.0,
        "ridge_point_flop_per_byte": 100.0,
        "attainable_flop_per_s": 100e12,
        "roofline_pct": 80.0,
        "roof_side": "compute",
        "bound": "compute",
        "flag": None,
    }
    assert {name: row[name] for name in expected} == pytest.approx(expected)


def test_memory_side_is_held_against_bandwidth() -> None:
    """Intensity 1 on a ridge of 10: attainable is 1 TFLOP/s, reached to 70 %."""
    row = one({"duration_ns": 100_000, "flop": 7e7, "dram_bytes": 7e7, "roof": "fp32"})
    assert row["attainable_flop_per_s"] == pytest.approx(1e12)
    assert row["roofline_pct"] == pytest.approx(70)
    assert (row["roof_side"], row["bound"]) == ("memory", "memory")


def test_a_copy_kernel_without_flops_is_held_against_bandwidth_alone() -> None:
    """A known 0 FLOPs gives a share of bandwidth, not an unknown."""
    row = one({"duration_ns": 100_000, "flop": 0.0, "dram_bytes": 9e7, "roof": "fp32"})
    assert row["roofline_pct"] == pytest.approx(90)
    assert (row["intensity_flop_per_byte"], row["roof_side"]) == (0.0, "memory")
    assert row["attainable_flop_per_s"] is None


@pytest.mark.parametrize(
    ("row", "bound"),
    [
        ({"flop": 1e6, "dram_bytes": 1e6, "roof": "fp32"}, "below_memory_roof"),
        ({"flop": 1e4, "dram_bytes": 1e4, "roof": "fp32", "duration_ns": 5_000}, "latency"),
        (
            {"flop": 1e4, "dram_bytes": 1e4, "roof": "fp32", "duration_ns": 5_001},
            "below_memory_roof",
        ),
        ({"flop": 1e6, "dram_bytes": 1e6, "roof": "fp32", "grid_x": 99}, "small_grid"),
        (
            {
                "flop": 1e6,
                "dram_bytes": 1e6,
                "roof": "fp32",
                "grid_x": 99,
                "flop_exactness": "lower_bound",
            },
            "unknown",
        ),
        ({"flop": 1e6, "dram_bytes": 1e6, "roof": "fp32", "grid_x": 100}, "below_memory_roof"),
        (
            {"flop": 5e9, "dram_bytes": 1e6, "roof": "bf16_tensor", "grid_x": 9},
            "below_compute_roof",
        ),
        ({"flop": 0.0, "dram_bytes": 1e6, "roof": None}, "below_memory_roof"),
        ({"flop": 0.0, "dram_bytes": 1e6, "bytes_exactness": "lower_bound"}, "unknown"),
        ({"flop": 0.0, "dram_bytes": 7e7, "bytes_exactness": "lower_bound"}, "memory"),
        ({"flop": 7e9, "dram_bytes": 6.5e7, "roof": "bf16_tensor"}, "balanced"),
        ({"flop": None, "dram_bytes": 7e7}, "memory"),
        ({"flop": None, "dram_bytes": 5e7}, "unknown"),
        ({"flop": 1e9, "dram_bytes": None, "roof": "fp32"}, "unknown"),
        ({"flop": None, "dram_bytes": None, "family": "collective"}, "communication"),
        ({"category": "memcpy", "dram_bytes": 7e7}, "copy"),
    ],
)
def test_bound_by_modelled_work(row: dict[str, Any], bound: str) -> None:
    """NVIDIA's 60 % and 10-point thresholds on a trace's modelled shares; below 60 % they prove
    no latency."""
    shape = {"grid_x": 1000, "grid_y": 1, "grid_z": 1}
    assert one({"duration_ns": 100_000, **shape, **row})["bound"] == bound


FIGURES = st.one_of(st.none(), st.floats(min_value=0, max_value=1e18))


@given(
    duration=st.integers(50_000, 10**10),
    flop=FIGURES,
    dram_bytes=FIGURES,
    roof=st.sampled_from([None, "fp32", "bf16_tensor", "fp64"]),
    grid=st.one_of(st.none(), st.integers(1, 1000)),
)
def test_no_modelled_launch_of_50_us_is_latency_bound(
    duration: int, flop: float | None, dram_bytes: float | None, roof: str | None, grid: int | None
) -> None:
    """Only counters prove latency of a launch far above the time of launching."""
    row = one(
        {"duration_ns": duration, "flop": flop, "dram_bytes": dram_bytes, "roof": roof,
         "grid_x": grid, "grid_y": 1, "grid_z": 1}
    )  # fmt: skip
    assert row["bound"] != "latency"


def test_the_reason_says_what_is_not_known() -> None:
    """A product at 2,860 FLOP/byte and 40 % of its peak is not held by latency."""
    row = one(
        {"duration_ns": 6_800_000, "flop": 0.4 * 6.8e-3 * 100e12, "dram_bytes": 9.51e7,
         "roof": "bf16_tensor"}
    )  # fmt: skip
    assert row["bound"] == "below_compute_roof"
    assert row["bound_reason"] == (
        "below 60 % of its compute roof, and what holds it there is not recorded: 40.0 % of the "
        "bf16_tensor roof and 1.4 % of DRAM bandwidth, from modelled work"
    )


@pytest.mark.parametrize(
    ("compute", "memory", "waves", "bound"),
    [
        (59.9, 59.9, 2.0, "latency"),
        (59.9, 59.9, 0.5, "small_grid"),
        (70.0, 60.0, 2.0, "compute"),
        (60.0, 70.0, 2.0, "memory"),
        (69.9, 60.0, 2.0, "balanced"),
        (90.0, 20.0, 2.0, "compute"),
        (85.0, 95.0, 2.0, "memory"),
    ],
)
def test_bound_by_speed_of_light(compute: float, memory: float, waves: float, bound: str) -> None:
    """A report's recorded percentages decide, whatever its FLOPs."""
    row = {"duration_ns": 9, "sm_sol_pct": compute, "memory_sol_pct": memory, "waves": waves}
    assert one(row, form=NCU_REPORT, device=None)["bound"] == bound


def test_a_report_never_takes_a_peak_from_the_device_table() -> None:
    """ncu locks clocks: the table's boost peaks do not belong to its durations."""
    row = one(
        {"duration_ns": 1000, "flop": 1e6, "dram_bytes": 1e6, "roof": "fp32"}, form=NCU_REPORT
    )
    assert row["peak_flop_per_s"] is None
    assert row["peak_source"] == "none"
    assert row["roofline_pct"] is None


def test_above_a_peak_is_flagged_and_never_clipped() -> None:
    """In cache, beyond the cache, and above the compute roof: three causes, three sentences."""
    rows = place(
        [
            {"duration_ns": 500, "flop": 0.0, "dram_bytes": 1e6, "roof": "fp32"},
            {"duration_ns": 5000, "flop": 0.0, "dram_bytes": 1e7, "roof": "fp32"},
            {"duration_ns": 1000, "flop": 3e8, "dram_bytes": 1e3, "roof": "bf16_tensor"},
        ]
    )
    assert rows["roofline_pct"].to_list() == pytest.approx([200, 200, 300])
    assert rows["bound"].to_list() == ["cache", "memory", "compute"]
    flags = rows["flag"].to_list()
    assert "last-level cache" in flags[0]
    assert "byte model" in flags[1]
    assert "300.0 % of the bf16_tensor peak" in flags[2]


@pytest.mark.parametrize("duration", [0, None])
def test_no_duration_gives_no_rate(duration: int | None) -> None:
    """A zero or missing duration never divides, and the reason is said."""
    row = one({"duration_ns": duration, "flop": 1e9, "dram_bytes": 1e6, "roof": "fp32"})
    assert row["achieved_flop_per_s"] is None
    assert row["roofline_pct"] is None
    assert row["bound"] == "unknown"
    assert "duration" in row["bound_reason"]


def test_unknown_device_gives_no_peak_and_says_so() -> None:
    """No guess where the device is unknown."""
    row = one({"duration_ns": 9, "flop": 1e9, "dram_bytes": 1e6, "roof": "fp32"}, device=None)
    assert row["peak_flop_per_s"] is None
    assert row["bound_reason"] == "the device's peaks are unknown"


def test_a_roof_that_the_device_lacks_stays_unknown() -> None:
    """fp8 on a device without fp8: no peak, and the sentence names it."""
    row = one({"duration_ns": 9000, "flop": 1e9, "dram_bytes": 1e6, "roof": "fp8_tensor"})
    assert row["peak_flop_per_s"] is None
    assert row["bound_reason"] == "no known fp8_tensor peak for this device"


@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {
                "duration_ns": st.one_of(st.none(), st.integers(0, 10**12)),
                "flop": FIGURES,
                "dram_bytes": FIGURES,
                "roof": st.sampled_from([None, "fp32", "bf16_tensor", "fp64"]),
                "category": st.sampled_from(["kernel", "memcpy"]),
                "sm_sol_pct": st.one_of(st.none(), st.floats(0, 100)),
                "memory_sol_pct": st.one_of(st.none(), st.floats(0, 100)),
            }
        ),
        min_size=1,
        max_size=5,
    ),
    with_device=st.booleans(),
)
def test_every_row_is_whole(rows: list[dict[str, Any]], with_device: bool) -> None:
    """Whatever is null, no NaN or infinity appears, and bound and reason are always said."""
    frame = place(rows, device=DEVICE if with_device else None)
    assert frame.schema == tables.KERNELS.polars_schema()
    assert frame["bound"].is_in(list(tables.BOUNDS)).all()
    assert frame["bound_reason"].null_count() == 0
    for name, dtype in frame.schema.items():
        if dtype == pl.Float64:
            assert frame[name].drop_nulls().is_finite().all(), name


def test_coverage_counts_time_and_says_why_the_rest_is_missing() -> None:
    """Of 100 µs: 40 have bytes, 10 are a copy, 30 have no bytes, 20 have nothing."""
    kernels = place(
        [
            {"duration_ns": 40_000, "flop": 0.0, "dram_bytes": 1e6},
            {"duration_ns": 10_000, "category": "memcpy", "dram_bytes": 1e6},
            {"duration_ns": 30_000, "flop": 1.0, "missing_reason": "no data types recorded"},
            {"duration_ns": 20_000, "missing_reason": "no model for x"},
        ]
    )
    coverage = cover(kernels)
    assert (coverage.flop_pct, coverage.bytes_pct, coverage.understood_pct) == (70, 50, 50)
    assert [(m.reason, m.duration_ns, m.pct, m.launches) for m in coverage.missing] == [
        ("FLOPs are known, bytes are not", 30_000, 30.0, 1),
        ("no model for x", 20_000, 20.0, 1),
    ]
    assert [(part.part, part.duration_ns, part.launches) for part in coverage.partition] == [
        ("bytes_only", 40_000, 1),
        ("flops_only", 30_000, 1),
        ("copy", 10_000, 1),
        ("no_figures", 20_000, 1),
    ]
    assert [gap.reason for gap in coverage.without_figures] == ["no model for x"]


def test_communication_is_not_understood() -> None:
    """A collective has no work to be held against a roof, even where it states its bytes."""
    kernels = place(
        [
            {"duration_ns": 60_000, "flop": 1e9, "dram_bytes": 1e6},
            {"duration_ns": 40_000, "family": "collective", "dram_bytes": 1e6},
        ]
    )
    coverage = cover(kernels)
    assert coverage.understood_pct == 60
    assert [(part.part, part.pct) for part in coverage.partition] == [
        ("on_roofline", 60.0),
        ("communication", 40.0),
    ]
    assert [gap.reason for gap in coverage.missing] == ["communication between devices"]


def test_a_copy_between_memories_is_not_held_against_dram() -> None:
    """The link limits it: it shows its rate and no share of the DRAM's bandwidth."""
    given = {"duration_ns": 1_000_000, "category": "memcpy", "flop": 0.0, "dram_bytes": 25e6}
    kernels = place([given | {"copy_kind": kind} for kind in ("HtoD", "DtoH", "PtoP", "DtoD")])
    assert kernels["achieved_bytes_per_s"].to_list() == [25e9] * 4
    assert kernels["roofline_pct"].is_null().to_list() == [True, True, True, False]
    assert kernels["part"].to_list() == ["copy"] * 4


def test_helper_kernels_are_understood_with_their_operator() -> None:
    """A split-K reduction carries no work of its own; its GEMM's figures cover its time."""
    kernels = place(
        [
            {"duration_ns": 40_000, "op_id": 7, "flop": 1e9, "dram_bytes": 1e6},
            {"duration_ns": 10_000, "op_id": 7, "missing_reason": "helper kernel"},
            {"duration_ns": 50_000, "op_id": None, "missing_reason": "no model for x"},
        ]
    )
    coverage = cover(kernels)
    assert (coverage.flop_pct, coverage.understood_pct) == (50, 50)
    assert [m.reason for m in coverage.missing] == ["no model for x"]


def test_a_memset_does_not_speak_for_the_kernels_of_its_operator() -> None:
    """An operator without a model that clears a buffer first stays unknown."""
    kernels = place(
        [
            {"duration_ns": 10_000, "op_id": 7, "category": "memset", "flop": 0.0, "dram_bytes": 1},
            {"duration_ns": 90_000, "op_id": 7, "missing_reason": "no model for x"},
        ]
    )
    coverage = cover(kernels)
    assert (coverage.flop_pct, coverage.bytes_pct, coverage.understood_pct) == (10, 10, 10)
    assert [m.reason for m in coverage.missing] == ["no model for x"]


def test_coverage_of_no_time_is_unknown_not_zero() -> None:
    """All durations 0: a share of nothing is not known."""
    assert cover(place([{"duration_ns": 0}])).understood_pct is None
