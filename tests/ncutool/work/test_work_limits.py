"""Which tensor counters a record must hold before its operations are known."""

from __future__ import annotations

import pytest

from ncutool.work import counters, instructions, rates
from ncutool.work.operators import NoModel, model, parse_call

PATH = "sm__ops_path_tensor_src_{}.sum"
IDLE_CORES = {
    "gpu__time_duration.sum": 1_000_000.0,
    "sm__cycles_elapsed.avg.per_second": 1e9,
    "smsp__cycles_elapsed.avg.per_second": 1e9,
    "sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_elapsed": 40.0,
    "sm__inst_executed_pipe_fp16.avg.pct_of_peak_sustained_active": 0.0,
    **{
        f"smsp__sass_thread_inst_executed_op_{letter}{kind}_pred_on.sum": 0.0
        for letter in "fd"
        for kind in ("add", "mul", "fma", "add2", "mul2", "fma2")
    },
}
"""A record of 1 ms whose tensor pipe was active and whose CUDA cores computed nothing."""


@pytest.mark.parametrize(
    ("capability", "types", "known"),
    [
        # FP64 runs on the tensor cores of Ampere and Hopper; on Blackwell's it does not
        ("8.0", "fp16 int8 bf16 tf32 fp64", True),
        ("8.0", "fp16 int8 bf16 tf32", False),
        ("9.0", "fp16 int8 bf16 tf32 fp64 fp8", True),
        ("9.0", "fp16 int8 bf16 tf32 fp8", False),
        ("10.0", "fp16 int8 bf16 tf32 fp8 fp4", True),
        ("12.0", "fp16 int8 bf16 tf32 fp8 fp4", True),
        # FP8 came with 8.9 and FP4 with 10.0
        ("8.6", "fp16 int8 bf16 tf32 fp64", True),
        ("8.9", "fp16 int8 bf16 tf32 fp64", False),
        ("10.0", "fp16 int8 bf16 tf32 fp4", False),
        ("10.0", "fp16 int8 bf16 tf32 fp8", False),
        # Turing's have no BF16, TF32 or FP64
        ("7.5", "fp16 int8", True),
        ("7.5", "fp16", False),
    ],
)
def test_no_tensor_work_is_a_fact_only_where_every_type_is_counted(
    capability: str, types: str, known: bool
) -> None:
    """Counters of all types at 0 are 0 operations; with one type missing they are unknown."""
    counted = {PATH.format(name): 0.0 for name in types.split()}
    row = counters.launch_work({**IDLE_CORES, **counted}, capability, None, "k")
    assert row["flop"] == (0 if known else None)


TIMED = {"gpu__time_duration.sum": 1_000_000.0}


@pytest.mark.parametrize(
    ("metrics", "column", "value"),
    [
        # DRAM: read and written, both at once, a rate over 1 ms
        ({"dram__bytes_read.sum": 300.0, "dram__bytes_write.sum": 40.0}, "dram_bytes", 340),
        ({"dram__bytes.sum": 500.0}, "dram_bytes", 500),
        ({"dram__bytes.sum.per_second": 5e9}, "dram_bytes", 5e6),
        # L2: bytes, or sectors of 32
        ({"lts__t_bytes.sum": 77.0}, "l2_bytes", 77),
        ({"lts__t_sectors.sum": 3.0}, "l2_bytes", 96),
        ({"lts__t_bytes.sum": 77.0, "lts__t_sectors.sum": 3.0}, "l2_bytes", 77),
        # L1: write-backs of 128 bytes under the name that Ampere has for them
        ({"l1tex__lsu_writeback_active_mem_lg.sum": 5.0}, "l1_bytes", 640),
        ({"l1tex__lsu_writeback_active_mem_lgds.sum": 5.0}, "l1_bytes", None),
    ],
)
def test_bytes_of_each_level(metrics: dict[str, float], column: str, value: float | None) -> None:
    """By the counters that a record of compute capability 8.0 may hold."""
    assert counters.launch_work({**TIMED, **metrics}, "8.0", None, "k")[column] == value


def test_operations_by_rate() -> None:
    """A tensor path per second, or per cycle and clock: 2e12 operations a second over 1 ms."""
    counted = {PATH.format(name): 0.0 for name in ["fp16", "int8", "tf32", "fp64"]}
    second = {f"{PATH.format('bf16')}.per_second": 2e12}
    cycle = {f"{PATH.format('bf16')}.per_cycle_elapsed": 2000.0}
    for rate in (second, cycle):
        row = counters.launch_work({**IDLE_CORES, **counted, **rate}, "8.0", None, "k")
        assert (row["flop"], row["dtype"]) == (2e9, "bf16")


def test_without_a_compute_capability_tensor_work_is_unknown() -> None:
    """Which types such a device has cannot be told, so none can be called counted."""
    counted = {
        PATH.format(name): 0.0 for name in ["fp16", "int8", "bf16", "tf32", "fp64", "fp8", "fp4"]
    }
    assert counters.launch_work({**IDLE_CORES, **counted}, None, None, "k")["flop"] is None


@pytest.mark.parametrize(
    ("opcode", "operations"),
    [
        # 2·M·N·K of the shape in the name
        ("HMMA.1684.F32.TF32", 2 * 16 * 8 * 4),
        ("HMMA.1688.F32.BF16", 2 * 16 * 8 * 8),
        ("HMMA.16816.F32", 2 * 16 * 8 * 16),
        ("IMMA.16832.S8.S8", 2 * 16 * 8 * 32),
        ("IMMA.16864.S4.S4", 2 * 16 * 8 * 64),
        ("IMMA.8816.S8.S8", 2 * 8 * 8 * 16),
        ("IMMA.8832.S4.S4", 2 * 8 * 8 * 32),
        ("BMMA.88128.XOR.POPC", 2 * 8 * 8 * 128),
        ("BMMA.168128.AND.POPC", 2 * 16 * 8 * 128),
        ("BMMA.168256.AND.POPC", 2 * 16 * 8 * 256),
        ("DMMA.884", 2 * 8 * 8 * 4),
        # NVIDIA counts 512 for each of the four steps of a Volta instruction
        ("HMMA.884.F32.F32.STEP0", 512),
        # a warp group's instruction is counted by each of its four warps
        ("HGMMA.64x128x16.F32.BF16", 2 * 64 * 128 * 16 / 4),
    ],
)
def test_operations_of_a_matrix_instruction(opcode: str, operations: float) -> None:
    """Of one execution by one warp."""
    work = instructions.matrix_work(opcode, 1)
    assert isinstance(work, instructions.Matrix)
    assert work.flop == operations


@pytest.mark.parametrize(("wgmma", "remark"), [(2080.0, None), (2120.0, "94 %")])
def test_a_roof_is_lower_where_another_instruction_reaches_over_a_twentieth_more(
    wgmma: float, remark: str | None
) -> None:
    """mma.sync peaks at 2000 a cycle."""
    path = "sm__ops_path_tensor_op_{}_src_bf16_dst_fp32_sparsity_off.sum"
    counted = {PATH.format(name): 0.0 for name in ["fp16", "int8", "tf32", "fp64", "fp8"]}
    peaks = {
        f"{path.format('hmma')}.peak_sustained": 2000.0,
        f"{path.format('hgmma')}.peak_sustained": wgmma,
    }
    work = {path.format("hmma"): 1e9, path.format("hgmma"): 0.0, PATH.format("bf16_dst_fp32"): 1e9}
    row = counters.launch_work({**IDLE_CORES, **counted, **peaks, **work}, "9.0", None, "k")
    assert row["peak_flop_per_s"] == 2000e9
    assert row["remark"] is None if remark is None else f"their roof is {remark}" in row["remark"]


@pytest.mark.parametrize("dims", ["[[-1,16],[16,8]]", "[[4,16],[16,true]]", "[[4,1e3],[16,8]]"])
def test_sizes_that_are_no_sizes_are_not_recorded(dims: str) -> None:
    """One negative, true or broken size spoils its tensor, however sound the others are."""
    found = model(parse_call("aten::mm", dims, '["float","float"]'))
    assert isinstance(found, NoModel)
    assert found.reason == "no shapes recorded for aten::mm"


@pytest.mark.parametrize(
    ("capability", "fp32", "fp64"),
    [
        ("7.0", 64, 32),
        ("7.5", 64, 2),
        ("8.0", 64, 32),
        ("8.6", 128, 2),
        ("8.9", 128, 2),
        ("9.0", 128, None),  # 64 on an H100 and 2 on an H800
    ],
)
def test_rates_of_the_cuda_cores(capability: str, fp32: int, fp64: int | None) -> None:
    """Fused multiply-adds a cycle of each of 10 multiprocessors at 1 GHz, each two operations."""
    record = {
        "sm__cycles_elapsed.avg.per_second": 1e9,
        "device__attribute_multiprocessor_count": 10.0,
    }
    assert rates.core_peak(record, capability, "fp32") == 2 * fp32 * 1e10
    expected = None if fp64 is None else 2 * fp64 * 1e10
    assert rates.core_peak(record, capability, "fp64") == expected
