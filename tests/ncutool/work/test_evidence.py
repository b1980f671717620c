"""Which evidence a launch's operations rest on: the order, the label, and what each cannot say."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from ncutool.base import tables
from ncutool.work import counters, evidence, instructions
from ncutool.work.instructions import Executed

RATE = "smsp__sass_thread_inst_executed_op_{}_pred_on.sum.per_cycle_elapsed"
PIPE = "sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_elapsed"
HALF_PIPE = "sm__inst_executed_pipe_fp16.avg.pct_of_peak_sustained_active"
BY_TYPE = "sm__inst_executed_pipe_tensor_op_{}.avg.pct_of_peak_sustained_active"
BARE = {
    "gpu__time_duration.sum": 1_000_000.0,  # 1 ms
    "sm__cycles_elapsed.avg.per_second": 1e9,
    "smsp__cycles_elapsed.avg.per_second": 1e9,
    "device__attribute_multiprocessor_count": 100.0,
}
ZEROS = {RATE.format(f"{letter}{kind}"): 0.0 for letter in "fd" for kind in ("add", "mul", "fma")}
DETAILED = {**BARE, **ZEROS, PIPE: 40.0, HALF_PIPE: 0.0}
"""A record of a tensor kernel whose tensor operations were not counted."""
CYCLES = 1e9 * 100 * 1e-3
"""Multiprocessor cycles of the launch."""


def work(
    metrics: dict[str, float],
    *rows: tuple[str, int],
    capability: str = "8.0",
    kernel: str = "k",
    source: str = "sass",
    moves: bool | None = False,
) -> dict[str, Any]:
    """The figures of a launch that executed ``rows`` (opcode, warps), all threads on."""
    mix = instructions.mix(Executed(source, op, moves, n, 32 * n) for op, n in rows)
    return counters.launch_work(metrics, capability, None, kernel, mix=mix)


def test_sass_counts_tensor_work() -> None:
    """A matrix instruction's operations, its peak at the record's clock, and its instruction."""
    row = work(DETAILED, ("HMMA.16816.F32.BF16", 1000), ("EXIT", 9))
    assert (row["flop"], row["tensor_flop"], row["flop_source"]) == (4096e3, 4096e3, "sass")
    assert (row["dtype"], row["roof"]) == ("bf16", "bf16_tensor")
    assert row["peak_flop_per_s"] == 2048 * 100 * 1e9
    assert row["remark"] == (
        "tensor operations of 1000 HMMA.16816.F32.BF16; peak by the rate known for its compute "
        "capability, at the record's clock"
    )


def test_opcodes_count_tensor_work() -> None:
    """Opcodes with modifiers give the same figure under their own label."""
    row = work(DETAILED, ("IMMA.16832.S8.S8", 10), source="opcode_modifier", moves=None)
    assert (row["flop"], row["flop_source"], row["dtype"]) == (81920, "opcode", "int8")


def test_bare_opcodes_do_not() -> None:
    """Without its shape a matrix instruction's operations are unknown, and the reason says so."""
    row = work(DETAILED, ("HMMA", 10), source="opcode", moves=None)
    assert (row["flop"], row["flop_source"]) == (None, "none")
    assert row["missing_reason"].startswith(f"{evidence.NO_TENSOR_COUNTERS}: HMMA: ")


def test_counters_come_first() -> None:
    """What was counted keeps its label where instructions only exclude other work."""
    row = work({**DETAILED, RATE.format("ffma"): 3.2, PIPE: 4.0}, ("FFMA", 100_000))
    assert (row["flop"], row["flop_source"], row["tensor_flop"]) == (6.4e6, "counter", 0.0)
    assert "4 % active without any tensor instruction" in row["remark"]


def test_the_weakest_part_labels_the_sum() -> None:
    """Counted FP32 beside SASS tensor work: the sum rests on SASS, and says what is which."""
    metrics = {**DETAILED, RATE.format("ffma"): 3.2}
    row = work(metrics, ("FFMA", 100_000), ("HMMA.16816.F32", 1000))
    assert (row["flop"], row["flop_source"]) == (6.4e6 + 4.096e6, "sass")
    assert row["tensor_flop"] == 4.096e6


def test_instructions_stand_in_for_core_counters() -> None:
    """A report of SourceCounters alone gives FP32 and FP64 too, with peaks by known rates."""
    row = work(BARE, ("FFMA", 10), ("FADD", 1), ("DFMA", 1), ("EXIT", 1))
    assert (row["flop"], row["flop_source"]) == (32 * (20 + 1 + 2), "sass")
    assert (row["roof"], row["peak_flop_per_s"]) == ("fp32", 2 * 64 * 100 * 1e9)


def test_instructions_that_contradict_counters() -> None:
    """Where both exist and differ the instructions are not believed, and the remark says why."""
    row = work({**DETAILED, RATE.format("ffma"): 3.2}, ("FFMA", 50_000), ("HMMA.16816.F32", 9))
    assert row["flop"] is None
    assert "they give 3200000 FP32 operations, the counters 6400000" in row["remark"]


def test_constants_are_told_by_their_text() -> None:
    """HFMA2 whose multiplicands are both zero sets constants; real ones beside it count."""
    metrics = {**DETAILED, PIPE: 3.0, HALF_PIPE: 20.0, RATE.format("ffma"): 3.2}
    rows = [
        Executed("sass", "FFMA", False, 100_000, 3_200_000),
        Executed("sass", "HFMA2.MMA", True, 10, 320),
        Executed("sass", "HFMA2.MMA", False, 1, 32),
    ]
    row = counters.launch_work(metrics, "8.0", None, "k", mix=instructions.mix(rows))
    assert (row["flop"], row["flop_source"]) == (6.4e6 + 128, "sass")
    assert "1280 FP16 operations left out" in row["remark"]
    assert "upper bound: halves count as packed" in row["remark"]


def test_constants_without_text() -> None:
    """By opcode alone an idle half pipe excludes them; a busy one leaves an upper bound."""
    rows = (("FFMA", 100_000), ("HFMA2.MMA", 10))
    metrics = {**DETAILED, PIPE: 3.0, RATE.format("ffma"): 3.2}
    found = work(metrics, *rows, source="opcode_modifier", moves=None)
    assert (found["flop"], found["flop_source"]) == (6.4e6, "counter")
    busy = work({**metrics, HALF_PIPE: 9.0}, *rows, source="opcode_modifier", moves=None)
    assert (busy["flop"], busy["flop_source"]) == (6.4e6 + 1280, "opcode")
    assert "1280 FP16 operations are an upper bound" in busy["remark"]


def test_packed_single_precision_not_collected() -> None:
    """The sections of 2025 omit FFMA2: a lower bound by counters, the whole by instructions."""
    metrics = {**DETAILED, RATE.format("ffma"): 3.2, PIPE: 0.0}
    row = work(metrics, capability="10.0")
    assert (row["flop"], row["flop_source"]) == (6.4e6, "counter")
    assert "lower bound: packed FP32" in row["remark"]
    row = work(metrics, ("FFMA", 100_000), ("FFMA2", 10), capability="10.0")
    assert (row["flop"], row["flop_source"]) == (6.4e6 + 4 * 320, "sass")


@pytest.mark.parametrize(
    ("pct", "flop"), [(50.0, 0.5 * 4096 * CYCLES), (25.0, None)], ids=["agrees", "does not"]
)
def test_warp_group_instructions(pct: float, flop: float | None) -> None:
    """The unproven rule of wgmma is believed only where the tensor pipe says the same."""
    warps = round(0.5 * 4096 * CYCLES / (2 * 64 * 256 * 16 / 4))
    row = work({**DETAILED, PIPE: pct}, ("HGMMA.64x256x16.F32.BF16", warps), capability="9.0")
    assert row["flop"] == (None if flop is None else pytest.approx(flop, rel=1e-3))
    if flop is None:
        assert "HGMMA.64x256x16.F32.BF16 is to be counted is not proven" in row["missing_reason"]
    else:
        assert "an estimate that agrees with the tensor pipe's activity" in row["remark"]
        assert row["peak_flop_per_s"] == 4096 * 100 * 1e9


def test_mma_sync_on_hopper() -> None:
    """Its own roof is two thirds of wgmma's."""
    row = work(DETAILED, ("HMMA.16816.F32.BF16", 1000), capability="9.0")
    assert row["peak_flop_per_s"] == pytest.approx(4096 * 2 / 3 * 100 * 1e9)
    assert "67 %" in row["remark"]


def test_tcgen05_is_unknown() -> None:
    """A tcgen05 instruction has its shape in a descriptor: null, with that reason."""
    row = work(DETAILED, ("UTCHMMA", 1000), capability="10.0")
    assert (row["flop"], row["flop_source"]) == (None, "none")
    assert "descriptor" in row["missing_reason"]


@pytest.mark.parametrize(
    ("pct", "rate"), [(40.0, 1024), (80.0, 512), (55.0, None)], ids=["pro", "GeForce", "neither"]
)
def test_rates_that_differ_by_card(pct: float, rate: int | None) -> None:
    """FP32 sums run at half rate on some cards of 8.6 and 8.9: the pipe's share tells which."""
    warps = round(0.4 * 1024 * CYCLES / 4096)
    row = work({**DETAILED, PIPE: pct}, ("HMMA.16816.F32", warps), capability="8.6")
    assert row["flop"] == 4096 * warps
    assert row["peak_flop_per_s"] == (None if rate is None else rate * 100 * 1e9)
    narrow = work({**DETAILED, PIPE: pct}, ("HMMA.16816.F16", warps), capability="8.9")
    assert narrow["peak_flop_per_s"] == 1024 * 100 * 1e9


GEMM = "ampere_bf16_s16816gemm_bf16_128x64_ldg8_f2f_stages_32x6_tn"


def test_pipe_estimate() -> None:
    """Nothing counted, but a library's name gives the type: pipe share x dense rate x cycles."""
    row = work({**BARE, PIPE: 40.0}, kernel=GEMM)
    assert (row["flop"], row["flop_source"]) == (0.4 * 2048 * CYCLES, "pipe")
    assert (row["tensor_flop"], row["roof"]) == (row["flop"], "bf16_tensor")
    assert row["peak_flop_per_s"] == 2048 * 100 * 1e9
    assert row["remark"].startswith("estimate: tensor pipe 40 % active at the dense bf16 rate")
    beside = work({**DETAILED, RATE.format("ffma"): 3.2}, kernel=GEMM)
    assert (beside["flop"], beside["flop_source"]) == (0.4 * 2048 * CYCLES + 6.4e6, "pipe")


@pytest.mark.parametrize(
    ("metrics", "capability", "kernel"),
    [
        ({PIPE: 40.0}, "8.0", "matmul_kernel"),
        ({PIPE: 40.0}, "8.6", GEMM),
        ({PIPE: 40.0}, "10.0", GEMM),
        ({PIPE: 4.0}, "8.0", GEMM),
        ({PIPE: 40.0}, "9.0", GEMM),
        ({PIPE: 40.0, BY_TYPE.format("imma"): 9.0}, "8.0", GEMM),
        ({PIPE: 40.0, BY_TYPE.format("imma"): 9.0, BY_TYPE.format("hmma"): 9.0}, "8.0", GEMM),
        ({PIPE: 40.0}, "8.0", "gemm_bf16_tf32"),
    ],
    ids=[
        *("no type", "two rates", "no rate", "may be constants", "not wgmma"),
        *("another type", "two types", "two names"),
    ],
)
def test_no_pipe_estimate(metrics: dict[str, float], capability: str, kernel: str) -> None:
    """Where type or rate is not certain, a factor of two, there is no estimate."""
    row = work({**BARE, **metrics}, capability=capability, kernel=kernel)
    assert (row["flop"], row["flop_source"]) == (None, "none")
    assert evidence.NO_FLOP_COUNTERS in row["missing_reason"]


@pytest.mark.parametrize(
    ("kernel", "capability", "rate"),
    [
        ("ampere_fp16_s16816gemm_fp16_64x64_sliced1x2_ldg8_f2f_stages_64x5_tn", "8.0", 2048),
        ("sm80_xmma_gemm_f16f16_f16f32_f32_tn_n_tilesize128x128x32", "8.0", 2048),
        ("sm80_xmma_gemm_bf16bf16_bf16f32_f32_tn_n_tilesize32x32x64", "8.0", 2048),
        ("cutlass_80_tensorop_s1688gemm_128x256_16x3_nt_align4", "8.0", 1024),
        ("turing_fp16_s1688gemm_fp16_128x64_ldg8_f2f_tn", "7.5", 1024),
        ("turing_h1688gemm_128x128_ldg8_stages_32x1_nn", "7.5", 1024),
        ("ampere_i16832gemm_int8_128x128_ldg16_stages_64x3_tn", "8.0", 4096),
        ("cutlass_80_tensorop_d884gemm_64x64_16x4_nn_align1", "8.0", 128),
    ],
)
def test_types_by_library_names(kernel: str, capability: str, rate: int) -> None:
    """Names of library kernels as they are seen, and the rate of the type that they say."""
    row = work({**BARE, PIPE: 50.0}, capability=capability, kernel=kernel)
    assert row["flop"] == 0.5 * rate * CYCLES


def test_estimates_are_no_measurement() -> None:
    """What stands in for a model's figures leaves pipe estimates out, with that reason."""
    rows = [
        {"launch_id": 0, **work({**BARE, PIPE: 40.0}, kernel=GEMM)},
        {"launch_id": 1, **work(DETAILED, ("HMMA.16816.F32.BF16", 1000))},
    ]
    table = counters.measured(tables.WORK.conform(pl.from_dicts(rows, infer_schema_length=None)))
    assert table["flop"].to_list() == [None, 4096e3]
    assert table["flop_source"].to_list() == ["none", "sass"]
    assert table["missing_reason"][0].startswith("only estimated from the tensor pipe; no DRAM")


def test_work_without_a_duration() -> None:
    """Instructions are counts: they need no time."""
    row = work({}, ("FFMA", 10))
    assert (row["flop"], row["flop_source"]) == (640, "sass")
    assert work({})["missing_reason"].startswith(evidence.NO_DURATION)


def test_integer_operations() -> None:
    """The counter where it was collected, else by opcode; never in ``flop``."""
    counted = {"smsp__sass_thread_inst_executed_op_integer_pred_on.sum": 77.0}
    rows = (("IMAD", 10), ("FFMA", 100_000))
    metrics = {**DETAILED, PIPE: 0.0, RATE.format("ffma"): 3.2}
    assert work({**metrics, **counted}, *rows)["int_op"] == 77
    row = work(metrics, *rows)
    assert (row["int_op"], row["flop"]) == (320, 6.4e6)
    assert work(metrics)["int_op"] is None
