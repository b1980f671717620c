"""FLOPs, bytes and peaks from counters: literal records whose every figure is worked by hand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ncutool.base import tables
from ncutool.base.nvidia import PEAK_LIMIT
from ncutool.work import counter_notices, counters, evidence
from ncutool_parsers.capture import Capture
from ncutool_parsers.interface import ReadOptions
from ncutool_parsers.ncu_report_file import NcuReportReader
from report_writer import ReportLaunch, device_attributes, write_report

NAN = float("nan")
RATE = "smsp__sass_thread_inst_executed_op_{}_pred_on.sum.per_cycle_elapsed"
PEAK = "sm__sass_thread_inst_executed_op_{}_pred_on.sum.peak_sustained"
PATH = "sm__ops_path_tensor_{}.sum"
PIPE = "sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_elapsed"
HALF_PIPE = "sm__inst_executed_pipe_fp16.avg.pct_of_peak_sustained_active"
SM = "sm__throughput.avg.pct_of_peak_sustained_elapsed"
MEMORY = "gpu__compute_memory_throughput.avg.pct_of_peak_sustained_elapsed"
TIMED = {"gpu__time_duration.sum": 1_000_000.0}  # 1 ms
CLOCKS = {
    **TIMED,
    "sm__cycles_elapsed.avg.per_second": 1e9,
    "smsp__cycles_elapsed.avg.per_second": 1e9,
}
ZEROS = {RATE.format(f"{letter}{kind}"): 0.0 for letter in "fd" for kind in ("add", "mul", "fma")}
PEAKS = {PEAK.format("ffma"): 6912.0, PEAK.format("dfma"): 3456.0, PEAK.format("hfma"): 13824.0}
IDLE = {PIPE: 0.0, HALF_PIPE: 0.0}
CORES = {**CLOCKS, **ZEROS, **PEAKS, **IDLE}
"""A full record of an A100 at 1 GHz, 1 ms long, that computed nothing."""
AMPERE_PATHS = {
    PATH.format(f"src_{data}_sparsity_{state}"): 0.0
    for data in ("bf16_dst_fp32", "fp16_dst_fp16", "fp16_dst_fp32", "tf32_dst_fp32", "int8")
    for state in ("on", "off")
} | {PATH.format("src_fp64"): 0.0}
HOPPER = {
    **CLOCKS,
    **ZEROS,
    **PEAKS,
    PIPE: 40.0,
    "sm__inst_executed_pipe_fma_type_fp16.avg.pct_of_peak_sustained_active": 0.0,
    **{PATH.format(f"src_{data}"): 0.0 for data in ("bf16_dst_fp32", "fp16", "tf32_dst_fp32")},
    **{PATH.format(f"src_{data}"): 0.0 for data in ("int8", "int1", "fp64")},
    **{PATH.format(f"src_fp8_sparsity_{state}"): 0.0 for state in ("on", "off")},
}


def work(metrics: dict[str, float], capability: str = "8.0", kernel: str = "k") -> dict[str, Any]:
    """The figures of one launch."""
    return counters.launch_work(metrics, capability, None, kernel)


def test_single_precision() -> None:
    """(FADD + FMUL + 2 FFMA) per cycle x clock x time, against 2 FFMA per cycle x clock."""
    rates = {RATE.format("fadd"): 10.0, RATE.format("fmul"): 20.0, RATE.format("ffma"): 35.0}
    row = work({**CORES, **rates})
    assert row["flop"] == (10 + 20 + 2 * 35) * 1e9 * 1e-3
    assert (row["dtype"], row["roof"], row["flop_source"]) == ("fp32", "fp32", "counter")
    assert row["peak_flop_per_s"] == 2 * 6912 * 1e9
    assert row["fp32_peak_pct"] == pytest.approx(100 * 100 / 13824)
    assert (row["fp64_peak_pct"], row["fp32_to_fp64"], row["remark"]) == (0.0, 2.0, None)


def test_double_precision_takes_the_roof() -> None:
    """The roof is the type with most work relative to its peak, not the one with most work."""
    rates = {RATE.format("fadd"): 100.0, RATE.format("dfma"): 45.0}
    row = work({**CORES, **rates, PEAK.format("dfma"): 108.0})
    assert (row["roof"], row["flop"]) == ("fp64", 190e6)
    assert row["peak_flop_per_s"] == 2 * 108 * 1e9
    assert row["remark"] == "of these operations 53 % fp32"


def test_plain_counts_win_over_rates() -> None:
    """A launch's own count needs no clock; a missing part still leaves the sum unknown."""
    counts = {name.removesuffix(".per_cycle_elapsed"): 0.0 for name in ZEROS}
    counts["smsp__sass_thread_inst_executed_op_ffma_pred_on.sum"] = 500.0
    row = work({**TIMED, **IDLE, **counts})
    assert row["flop"] == 1000
    del counts["smsp__sass_thread_inst_executed_op_dadd_pred_on.sum"]
    row = work({**TIMED, **IDLE, **counts})
    assert (row["flop"], row["missing_reason"].split(";")[0]) == (
        None,
        "no FP64 counters in the report",
    )


def test_zero_is_a_fact_only_where_all_is_counted() -> None:
    """No operations on any pipe: 0 FLOP and no roof; without counters: unknown."""
    row = work({**CORES})
    assert (row["flop"], row["flop_source"], row["roof"], row["dtype"]) == (
        0,
        "counter",
        None,
        None,
    )
    row = work({**TIMED, SM: 5.0, MEMORY: 5.0})
    assert (row["flop"], row["flop_source"]) == (None, "none")
    assert evidence.NO_FLOP_COUNTERS in row["missing_reason"]


def test_packed_single_precision() -> None:
    """From compute capability 10.0 FADD2 and FMUL2 are two operations, FFMA2 four."""
    packed = {RATE.format("fadd2"): 1.0, RATE.format("fmul2"): 1.0, RATE.format("ffma2"): 1.0}
    assert work({**CORES, **packed}, "10.0")["flop"] == (2 + 2 + 4) * 1e6
    assert work({**CORES, **packed}, "9.0")["flop"] == 0


def test_half_precision() -> None:
    """2 (HADD + HMUL) + 4 HFMA, an upper bound, where the half pipe really worked."""
    rates = {RATE.format("hadd"): 1.0, RATE.format("hmul"): 2.0, RATE.format("hfma"): 3.0}
    row = work({**CORES, HALF_PIPE: 9.0, **rates})
    assert (row["flop"], row["roof"]) == ((2 * 3 + 4 * 3) * 1e6, "fp16")
    assert row["peak_flop_per_s"] == 4 * 13824 * 1e9
    assert row["flop_exactness"] == "upper_bound"


def test_half_precision_constants() -> None:
    """HFMA2.MMA beside an idle half pipe sets constants: no work, and a remark with the amount."""
    metrics = {**CORES, **AMPERE_PATHS, PIPE: 3.0, RATE.format("ffma"): 50.0}
    row = work({**metrics, RATE.format("hfma"): 5.0})
    assert row["flop"] == 100e6
    assert row["flop_exactness"] == "estimate"
    assert "20000000 FP16 operations left out" in row["remark"]


def test_half_precision_not_counted() -> None:
    """Where the half pipe worked and its operations were not counted the sum is unknown."""
    row = work({**CORES, HALF_PIPE: 28.0, RATE.format("ffma"): 50.0})
    assert row["flop"] is None
    assert "half-precision" in row["missing_reason"]
    without = {name: value for name, value in CORES.items() if name != HALF_PIPE}
    assert work({**without, RATE.format("ffma"): 50.0})["flop_exactness"] == "lower_bound"


@pytest.mark.parametrize("capability", ["7.0", "7.5", "8.6", "8.9", "12.0"])
def test_active_tensor_pipe_without_counters(capability: str) -> None:
    """Any tensor activity that was not counted leaves the FLOPs unknown, never the FP32 part."""
    row = work({**CORES, RATE.format("ffma"): 50.0, PIPE: 0.4}, capability)
    assert (row["flop"], row["roof"]) == (None, None)
    assert evidence.NO_TENSOR_COUNTERS in row["missing_reason"]
    assert row["remark"] == "tensor pipe 0.4 % active"
    assert row["fp32_peak_pct"] == pytest.approx(100 * 50 / 6912)


@pytest.mark.parametrize("capability", ["8.0", "9.0"])
def test_constants_on_the_tensor_pipe(capability: str) -> None:
    """Where compilers set constants on the tensor pipe a little activity is a remark only."""
    busy = {**CORES, RATE.format("ffma"): 50.0}
    row = work({**busy, PIPE: 2.1}, capability)
    assert row["flop"] == 100e6
    assert "HFMA2.MMA" in row["remark"]


@pytest.mark.parametrize(
    ("metrics", "kernel"),
    [
        ({PIPE: 5.0}, "k"),
        (
            {
                PIPE: 2.9,
                "sm__inst_executed_pipe_tensor_op_imma.avg.pct_of_peak_sustained_active": 5,
            },
            "k",
        ),
        (
            {
                PIPE: 0.1,
                "sm__inst_executed_pipe_tensor_op_gmma.avg.pct_of_peak_sustained_active": 1,
            },
            "k",
        ),
        ({PIPE: 2.9}, "void flash_fwd_kernel<...>"),
        ({PIPE: 2.9}, "cutlass_80_tensorop_s1688gemm"),
        ({PIPE: 0.01, RATE.format("ffma"): 0.0}, "k"),
    ],
    ids=["5 %", "IMMA", "wgmma", "flash attention", "tensorop", "nothing else counted"],
)
def test_tensor_work_behind_a_low_percentage(metrics: dict[str, float], kernel: str) -> None:
    """Signs of real tensor work make the FLOPs unknown however low the percentage."""
    row = work({**CORES, RATE.format("ffma"): 50.0, **metrics}, "8.0", kernel)
    assert row["flop"] is None
    assert evidence.NO_TENSOR_COUNTERS in row["missing_reason"]


def test_unknown_tensor_pipe() -> None:
    """A report that says nothing of the tensor pipe cannot give the FLOPs of a device with one."""
    silent = {name: value for name, value in CORES.items() if name != PIPE}
    silent[RATE.format("ffma")] = 50.0
    assert work(silent, "8.0")["flop"] is None
    assert work(silent, "6.1")["flop"] == 100e6


def test_turing_tensor_work() -> None:
    """The one path that counts, at its own peak: an FMA is two operations."""
    path = "src_fp16_bf16_tf32_dst_fp32"
    tensor = {
        PATH.format(path): 137_438_953_472.0,
        PATH.format(path) + ".peak_sustained": 40_960.0,
        PATH.format("src_fp16_dst_fp16"): 0.0,
        PATH.format("src_int8"): 0.0,
    }
    row = work({**CORES, **tensor, PIPE: 6.0}, "7.5")
    assert (row["flop"], row["dtype"], row["roof"]) == (137_438_953_472, "fp16", "fp16_tensor")
    assert row["peak_flop_per_s"] == 40_960e9


def test_ampere_dense_and_sparse() -> None:
    """Dense and sparse paths of one type add up; the roof is that of the busier one."""
    off, on = (
        PATH.format("src_bf16_dst_fp32_sparsity_off"),
        PATH.format("src_bf16_dst_fp32_sparsity_on"),
    )
    peaks = {f"{off}.peak_sustained": 221_184.0, f"{on}.peak_sustained": 442_368.0}
    row = work({**CORES, **AMPERE_PATHS, **peaks, off: 3e9, on: 1e9})
    assert (row["flop"], row["roof"]) == (4e9, "bf16_tensor")
    assert row["peak_flop_per_s"] == 221_184e9
    row = work({**CORES, **AMPERE_PATHS, **peaks, off: 1e9, on: 3e9})
    assert row["peak_flop_per_s"] == 442_368e9
    assert "sparse" in row["remark"]


def hopper(op: str, flop: float, aggregate: float | None = None) -> dict[str, float]:
    """A Hopper record with ``flop`` bf16 operations by ``op``, counted twice as NVIDIA does."""
    level = PATH.format("op_{}_src_bf16_dst_fp32_sparsity_off")
    return {
        **HOPPER,
        PATH.format("src_bf16_dst_fp32"): flop if aggregate is None else aggregate,
        PATH.format("src_bf16_dst_fp32") + ".peak_sustained": 933_888.0,
        level.format("hgmma"): 0.0,
        level.format("hgmma") + ".peak_sustained": 466_944.0,
        level.format("hmma"): 0.0,
        level.format("hmma") + ".peak_sustained": 311_296.0,
        level.format(op): flop,
    }


def test_hopper_counts_once_against_the_dense_peak() -> None:
    """The aggregate covers the instruction level, and its own peak is that of sparse work."""
    row = work(hopper("hgmma", 2e9), "9.0")
    assert (row["flop"], row["roof"]) == (2e9, "bf16_tensor")
    assert row["peak_flop_per_s"] == 466_944e9
    assert row["remark"] is None


def test_hopper_mma_sync_has_a_lower_roof() -> None:
    """Kernels written for Ampere reach two thirds of a Hopper at most; the remark says so."""
    row = work(hopper("hmma", 2e9), "9.0")
    assert row["peak_flop_per_s"] == 311_296e9
    assert "67 %" in row["remark"]


def test_aggregate_alone_has_no_dense_peak() -> None:
    """Without the instruction level a sparse peak is the only one there: none is better."""
    metrics = {
        name: value for name, value in hopper("hgmma", 2e9).items() if "tensor_op_" not in name
    }
    row = work(metrics, "9.0")
    assert (row["flop"], row["roof"], row["peak_flop_per_s"]) == (2e9, "bf16_tensor", None)


def test_instruction_level_alone() -> None:
    """Parts without their aggregate are counted, where none of them is missing."""
    metrics = hopper("hgmma", 2e9)
    del metrics[PATH.format("src_bf16_dst_fp32")]
    assert work(metrics, "9.0")["flop"] is None, "sparse work may have been done besides"
    sparse = {PATH.format(f"op_{op}_src_bf16_dst_fp32_sparsity_on"): 0.0
              for op in ("hgmma", "hmma")}  # fmt: skip
    assert work({**metrics, **sparse}, "9.0")["flop"] == 2e9


def test_contradicting_tensor_counters() -> None:
    """Parts that exceed their aggregate are no basis for a figure."""
    row = work(hopper("hgmma", 2e9, aggregate=1e9), "9.0")
    assert row["flop"] is None
    assert "contradict" in row["missing_reason"]


def test_incomplete_tensor_counters() -> None:
    """Counters of one data type alone do not exclude the others."""
    row = work({**CORES, PIPE: 30.0, PATH.format("src_bf16_dst_fp32_sparsity_off"): 1e9})
    assert (row["flop"], row["missing_reason"].split(" (")[0]) == (
        None,
        "the tensor cores may have worked and were not counted",
    )


def test_integer_tensor_work_stands_alone() -> None:
    """Integer operations carry the launch where they dominate, and never mix with FLOPs."""
    path = PATH.format("src_int8_sparsity_off")
    peaks = {f"{path}.peak_sustained": 442_368.0}
    row = work({**CORES, **AMPERE_PATHS, **peaks, path: 9e9, RATE.format("fadd"): 10.0})
    assert (row["flop"], row["dtype"], row["roof"]) == (9e9, "int8", "int8_tensor")
    assert "10000000 floating-point ones apart" in row["remark"]
    row = work({**CORES, **AMPERE_PATHS, **peaks, path: 9e6, RATE.format("fadd"): 1000.0})
    assert (row["flop"], row["dtype"]) == (1e9, "fp32")
    assert "9000000 int8 tensor operations apart" in row["remark"]


def test_mixed_work_names_its_parts() -> None:
    """The roof is where the time goes; a tenth or more elsewhere is named."""
    path = PATH.format("src_bf16_dst_fp32_sparsity_off")
    peaks = {f"{path}.peak_sustained": 221_184.0}
    row = work({**CORES, **AMPERE_PATHS, **peaks, path: 8e9, RATE.format("fadd"): 2000.0})
    assert (row["flop"], row["roof"]) == (10e9, "fp32")
    assert row["remark"] == "of these operations 80 % bf16_tensor"


BASIC = {
    **TIMED,
    SM: 45.0,
    MEMORY: 50.0,
    "launch__waves_per_multiprocessor": 3.5,
    "dram__cycles_active.avg.pct_of_peak_sustained_elapsed": 25.0,
    "gpu__dram_throughput.avg.pct_of_peak_sustained_elapsed": 31.0,
    "dram__cycles_elapsed.avg.per_second": 1e9,
    "device__attribute_global_memory_bus_width": 5120.0,
}


def test_dram_bytes_of_a_basic_report() -> None:
    """Active cycles x 2 x bus x clock x time, not the coarser DRAM throughput; both estimates."""
    row = work(BASIC)
    assert row["peak_bytes_per_s"] == 2 * 640 * 1e9
    assert (row["dram_bytes"], row["bytes_source"]) == (0.25 * 1280e9 * 1e-3, "cycles")
    assert row["bytes_exactness"] == "estimate"
    assert "dram__cycles_active, an average over all DRAM instances" in row["remark"]
    del (metrics := dict(BASIC))["dram__cycles_active.avg.pct_of_peak_sustained_elapsed"]
    row = work(metrics)
    assert row["dram_bytes"] == pytest.approx(0.31 * 1280e6)
    assert row["bytes_exactness"] == "estimate"
    assert "gpu__dram_throughput" in row["remark"]


ACTIVE = "dram__cycles_active"
BUS = "device__attribute_global_memory_bus_width"


@pytest.mark.parametrize(
    ("bits", "capability", "instances", "moved", "exactness"),
    [
        (5120.0, "8.0", 40, 4000 * 32, "exact"),
        (7680.0, "10.0", 64, 4000 * 32, "exact"),  # four instances are switched off
        (8192.0, "10.3", 64, 4000 * 32, "exact"),
        (8192.0, "13.0", None, 4000 * 32, "exact"),  # so wide a bus is stacked memory's
        (352.0, "7.5", 12, 4000 * 8, "exact"),  # one is switched off
        (192.0, "7.5", 6, 4000 * 8, "exact"),
        (512.0, "12.0", None, 4000 * 8, "exact"),
        (None, "9.0", None, 4000 * 32, "exact"),
        (None, "8.9", None, 4000 * 8, "exact"),
        (None, "13.0", None, None, None),  # nothing tells the kind of memory
        (256.0, "8.7", None, 0.25 * 64e6, "estimate"),  # shares the host's memory
        (384.0, "8.0", None, 0.25 * 96e6, "estimate"),  # no such product
        (352.0, "7.5", 6, 0.25 * 88e6, "estimate"),  # more bus than instances
    ],
)
def test_dram_bytes_by_cycles(
    bits: float | None, capability: str, instances: int | None, moved: float, exactness: str
) -> None:
    """The summed active cycles of DRAM are bytes, once its kind is known; an average never is."""
    metrics = {**BASIC, BUS: bits, f"{ACTIVE}.sum": 4000.0}
    metrics[f"{ACTIVE}.avg"] = None if instances is None else 4000.0 / instances
    row = work({name: value for name, value in metrics.items() if value is not None}, capability)
    assert (row["dram_bytes"], row["bytes_exactness"]) == (moved, exactness)


def test_no_whole_number_of_sectors() -> None:
    """Active cycles that give half a sector speak against the formula: no exact figure."""
    row = work({**BASIC, BUS: 192.0, f"{ACTIVE}.sum": 4001.0}, "7.5")
    assert (row["dram_bytes"], row["bytes_exactness"]) == (4001 * 8, "estimate")
    assert "no whole number of sectors" in row["remark"]


@pytest.mark.parametrize(("hertz", "flagged"), [(7.0e9, False), (7.2e9, False), (7.3e9, True)])
def test_peak_beyond_hardware(hertz: float, flagged: bool) -> None:
    """A clock sampled too high gives more bandwidth than clock x bus of the device can be."""
    metrics = {**BASIC, BUS: 256.0, "device__attribute_memory_clock_rate": 7.0e6}
    row = work({**metrics, "dram__cycles_elapsed.avg.per_second": hertz}, "7.5")
    assert row["hardware_bytes_per_s"] == 448e9
    assert (row["peak_bytes_per_s"] > PEAK_LIMIT * row["hardware_bytes_per_s"]) is flagged


def test_dram_bytes_where_counted() -> None:
    """Counted bytes win over the rate, and the rate over cycles; the peak is the record's."""
    rate = {"dram__bytes.sum.per_second": 5e9, "dram__bytes.sum.peak_sustained": 1000.0}
    row = work({**BASIC, **rate})
    assert (row["dram_bytes"], row["bytes_source"]) == (5e6, "counter")
    assert row["peak_bytes_per_s"] == 1000 * 1e9
    counted = {"dram__bytes_read.sum": 300.0, "dram__bytes_write.sum": 40.0}
    assert work({**BASIC, **rate, **counted})["dram_bytes"] == 340
    sectors = {"dram__sectors_read.sum": 10.0, "dram__sectors_write.sum": 2.0}
    row = work({**BASIC, **rate, **sectors})
    assert (row["dram_bytes"], row["bytes_exactness"]) == (12 * 32, "exact")


@pytest.mark.parametrize(
    ("capability", "suffix"), [("7.0", ""), ("8.6", "_mem_lg"), ("9.0", "_mem_lgds")]
)
def test_cache_bytes(capability: str, suffix: str) -> None:
    """L2 is sectors of 32 bytes, L1 write-backs of 128, by the suffix that fits the device."""
    other = "_mem_lg" if suffix != "_mem_lg" else ""
    row = work(
        {
            **TIMED,
            "lts__t_sectors.sum": 3.0,
            f"l1tex__lsu_writeback_active{suffix}.sum": 5.0,
            f"l1tex__lsu_writeback_active{other}.sum": 99.0,
        },
        capability,
    )
    assert (row["l2_bytes"], row["l1_bytes"]) == (96, 640)


@pytest.mark.parametrize(
    ("metrics", "capability", "reason"),
    [
        ({**CORES}, "8.7", "no DRAM counter on this chip"),
        ({**CORES}, "8.0", "no DRAM counters in the report"),
        ({}, "8.0", "no duration in the report; no DRAM counters in the report"),
        ({"dram__bytes.sum.per_second": 1.0}, "8.0", "no duration in the report; no duration"),
    ],
)
def test_missing_reasons(metrics: dict[str, float], capability: str, reason: str) -> None:
    """Whatever is null says why."""
    assert work(metrics, capability)["missing_reason"].startswith(reason)


def test_failed_launch() -> None:
    """A launch whose collection failed has no figures and one reason."""
    row = counters.launch_work({}, "9.0", None, "k", failed=True)
    assert row["missing_reason"] == "its collection failed"
    figures = {key for key, value in row.items() if value is not None}
    assert figures == {"missing", "missing_reason", "flop_source", "bytes_source"}
    assert row["missing"] == ["failed"]


@pytest.fixture
def capture(tmp_path: Path) -> Capture:
    """A report of a basic, a full and a failed launch."""
    basic = {**device_attributes(), **BASIC, "device__attribute_multiprocessor_count": 108}
    full = {**device_attributes(), **CORES, RATE.format("ffma"): 50.0}
    failed = {**device_attributes(), "gpu__time_duration.sum": NAN, PEAK.format("ffma"): 0.0}
    path = write_report(
        tmp_path / "r.ncu-rep",
        [
            ReportLaunch("basic()", grid=(54, 1, 1), metrics=basic),
            ReportLaunch("full()", grid=(10_800, 1, 1), metrics=full),
            ReportLaunch("failed()", metrics=failed),
        ],
    )
    return NcuReportReader().read(path, ReadOptions(metrics=counters.WANTED))


def test_table(capture: Capture) -> None:
    """A report becomes the WORK table, one row a launch, in order."""
    table = counters.work(capture)
    assert table.schema == tables.WORK.polars_schema()
    columns = ["launch_id", "flop", "dram_bytes", "sol_class", "launch_rule", "missing_reason"]
    assert table.select(columns).rows() == [
        (0, None, 320e6, "Latency Issue", "Small Grid", evidence.NO_FLOP_COUNTERS),
        (1, 100e6, None, None, None, "no DRAM counters in the report"),
        (2, None, None, None, "Small Grid", "its collection failed"),
    ]


def test_wanted_reads_all_that_is_used(tmp_path: Path, capture: Capture) -> None:
    """Reading all metrics changes no figure: the pattern leaves out nothing."""
    assert isinstance(capture.path, Path)
    everything = NcuReportReader().read(capture.path, ReadOptions())
    assert everything.metrics.height > capture.metrics.height
    assert counters.work(everything).equals(counters.work(capture))


def test_wanted_leaves_most_out() -> None:
    """The pattern matches whole names of what is used, and not their neighbours."""
    wanted = re.compile(counters.WANTED)
    for name in (*HOPPER, *BASIC, *hopper("hmma", 1.0)):
        assert wanted.fullmatch(name), name
    for name in ("smsp__inst_executed.sum", f"breakdown:{SM}", "sm__throughput.max.pct"):
        assert not wanted.fullmatch(name), name


def test_notices(capture: Capture) -> None:
    """Missing FLOP counters and speeds of light are said once, with how to collect them."""
    table = counters.work(capture)
    found = {notice.code: notice.text for notice in counter_notices.notices(capture, table)}
    assert set(found) == {"no_flop_counters", "no_dram_counters", "no_speed_of_light"}
    assert found["no_dram_counters"].startswith("1 of 2 launches has no DRAM counters")
    assert found["no_flop_counters"].startswith("1 of 2 launches has no FLOP counters")


def test_notice_of_a_basic_report(capture: Capture) -> None:
    """A report of the basic set alone gets the one message that fits it."""
    table = counters.work(capture).filter(pl.col("launch_id") == 0)
    (notice,) = counter_notices.notices(capture, table)
    assert notice.text.startswith(
        "This report was collected with the basic set: no FLOP counters. Placement below uses "
        "SOL % and estimated DRAM bytes. For FLOPs re-run with `--set roofline` or add"
    )
    assert "`ncu --set basic --section SpeedOfLight_RooflineChart" in notice.text


def test_notice_of_tensor_work(capture: Capture) -> None:
    """Launches that may have used the tensor cores are counted in a notice of their own."""
    table = counters.work(capture).with_columns(
        missing=pl.lit(["tensor_counters"]), sm_sol_pct=pl.lit(1.0)
    )
    (notice,) = counter_notices.notices(capture, table)
    assert notice.code == "no_tensor_counters"
    assert notice.text.startswith("3 of 3 launches")
