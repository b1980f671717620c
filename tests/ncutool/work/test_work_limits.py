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
