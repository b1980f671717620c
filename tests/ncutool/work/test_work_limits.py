"""Which tensor counters a record must hold before its operations are known."""

from __future__ import annotations

import pytest

from ncutool.work import counters

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
