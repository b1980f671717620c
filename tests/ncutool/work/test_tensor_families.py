"""Tensor counters of every compute capability, with the names NVIDIA's section collects on it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ncutool.work import counters, tensor_counters

CORES = {
    "gpu__time_duration.sum": 1_000_000.0,
    "sm__cycles_elapsed.avg.per_second": 1e9,
    "smsp__cycles_elapsed.avg.per_second": 1e9,
    "sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_elapsed": 40.0,
    "sm__inst_executed_pipe_fp16.avg.pct_of_peak_sustained_active": 0.0,
    **{
        f"smsp__sass_thread_inst_executed_op_{letter}{kind}_pred_on.sum.per_cycle_elapsed": 0.0
        for letter in "fd"
        for kind in ("add", "mul", "fma", "add2", "mul2", "fma2")
    },
}
"""A record of 1 ms at 1 GHz whose CUDA cores computed nothing."""
NARROW = ("bf16_dst_fp32", "fp16_dst_fp16", "fp16_dst_fp32", "tf32_dst_fp32")


def both(*stems: str) -> list[str]:
    """Dense and sparse counters."""
    return [f"{stem}_sparsity_{state}" for stem in stems for state in ("off", "on")]


def sources(*data: str, op: str = "") -> list[str]:
    """Names of data paths, of one instruction where it is named."""
    return [f"{op and f'op_{op}_'}src_{one}" for one in data]


AMPERE = [*both(*sources(*NARROW, "int8", "int4")), "src_fp64", "src_int1"]
SYNC = both(*sources(*NARROW, op="hmma"), "op_imma_src_int8")
BLACKWELL = [
    *SYNC,
    *both(*sources(*NARROW, op="utchmma"), "op_utcimma_src_int8"),
    *both(*sources("fp4_fp6_fp8_dst_fp16", "fp4_fp6_fp8_dst_fp32", op="utcqmma")),
    *both("op_utcomma_src_fp4_dst_fp32"),
    *sources(*NARROW, "int8", "fp4_dst_fp32", "fp4_fp6_fp8_dst_fp16", "fp4_fp6_fp8_dst_fp32"),
    "src_fp64",
]
CONSUMER = [
    *SYNC,
    *sources(*NARROW, "int8"),
    *both(*sources("fp8_dst_fp16", "fp8_dst_fp32", "fp4_fp6_dst_fp16")),
    *both(*sources("fp4_fp6_dst_fp32", "fp4_dst_fp32")),
    "src_fp64",
]
FAMILIES: dict[str, list[str]] = {
    "7.5": sources("fp16_bf16_tf32_dst_fp32", "fp16_dst_fp16", "int8", "int4", "int1"),
    "8.0": AMPERE,
    "8.6": AMPERE,
    "8.7": AMPERE,
    "8.9": [*AMPERE, *both("src_fp8")],
    "9.0": [
        *both(*sources("bf16_dst_fp32", "fp16", "tf32_dst_fp32", op="hgmma")),
        *both("op_igmma_src_int8"),
        "op_bgmma_src_int1",
        "op_bmma_src_int1",
        *SYNC,
        *sources("bf16_dst_fp32", "fp16", "tf32_dst_fp32", "int8", "int1"),
        *both("src_fp8"),
        "src_fp64",
    ],
    "10.0": BLACKWELL,
    "11.0": BLACKWELL,
    "10.3": [
        *SYNC,
        *both(*sources(*NARROW, op="utchmma")),
        *both(*sources("fp4_fp6_dst_fp16", "fp4_fp6_dst_fp32", op="utcqmma")),
        *both(*sources("fp8_dst_fp16", "fp8_dst_fp32", op="utcqmma")),
        *both("op_utcomma_src_fp4_dst_fp32"),
        *sources(*NARROW, "int8", "fp4_dst_fp32", "fp4_fp6_dst_fp16", "fp4_fp6_dst_fp32"),
        "src_fp64",
    ],
    "12.0": CONSUMER,
    "12.1": CONSUMER,
}


def work(capability: str, peaks: dict[str, float], **flop: float) -> dict[str, Any]:
    """The figures of a launch whose paths did ``flop``; paths peak at ``peaks`` per cycle."""
    assert not flop.keys() - set(FAMILIES[capability])
    metrics = dict(CORES)
    for name in FAMILIES[capability]:
        metrics[f"sm__ops_path_tensor_{name}.sum"] = flop.get(name, 0.0)
        metrics[f"sm__ops_path_tensor_{name}.sum.peak_sustained"] = peaks.get(name, 7.0)
    return counters.launch_work(metrics, capability, None, "k")


@pytest.mark.parametrize("capability", FAMILIES)
def test_idle(capability: str) -> None:
    """Every path counted and none used: the launch is known to have done no tensor work."""
    row = work(capability, {})
    assert (row["flop"], row["tensor_flop"], row["flop_source"]) == (0, 0, "counter")


@pytest.mark.parametrize("capability", FAMILIES)
def test_every_path_counts_once(capability: str) -> None:
    """Each path alone, or with the aggregate that covers it, gives its own operations once."""
    names = FAMILIES[capability]
    tops = [name for name in names if not name.startswith("op_") and "sparsity" not in name]
    for name in names:
        if name in tops and any(part != name and part.endswith(name) for part in names):
            continue  # of int1, whose parts know no sparsity
        if name in tops and any(part.endswith("_off") and name in part for part in names):
            continue  # an aggregate never has operations without its parts
        source = name.split("src_")[1].split("_sparsity_")[0]
        above = [t for t in tops if source == t[4:] or source.startswith(f"{t[4:]}_dst_")]
        assert len(above) <= 1
        row = work(capability, {name: 1000.0}, **dict.fromkeys([name, *above], 6e9))
        assert (row["flop"], row["tensor_flop"]) == (6e9, 6e9), name
        assert row["peak_flop_per_s"] == 1000.0 * 1e9, name


@pytest.mark.parametrize(
    ("capability", "path", "aggregate", "dtype", "roof"),
    [
        ("7.5", "src_fp16_bf16_tf32_dst_fp32", None, "fp16", "fp16_tensor"),
        ("7.5", "src_int4", None, "int4", "int4_tensor"),
        ("8.6", "src_tf32_dst_fp32_sparsity_off", None, "tf32", "tf32_tensor"),
        ("8.9", "src_fp8_sparsity_off", None, "fp8", "fp8_tensor"),
        ("9.0", "op_hgmma_src_fp16_sparsity_off", "src_fp16", "fp16", "fp16_tensor"),
        ("9.0", "op_igmma_src_int8_sparsity_off", "src_int8", "int8", "int8_tensor"),
        ("9.0", "src_fp8_sparsity_off", None, "fp8", "fp8_tensor"),
        ("9.0", "src_fp64", None, "fp64", "fp64_tensor"),
        (
            *("10.0", "op_utchmma_src_bf16_dst_fp32_sparsity_off", "src_bf16_dst_fp32"),
            *("bf16", "bf16_tensor"),
        ),
        (
            *("10.0", "op_utcqmma_src_fp4_fp6_fp8_dst_fp32_sparsity_off"),
            *("src_fp4_fp6_fp8_dst_fp32", "fp8", "fp8_tensor"),
        ),
        (
            *("11.0", "op_utcomma_src_fp4_dst_fp32_sparsity_off", "src_fp4_dst_fp32"),
            *("fp4", "fp4_tensor"),
        ),
        ("10.3", "op_utcqmma_src_fp8_dst_fp32_sparsity_off", None, "fp8", "fp8_tensor"),
        (
            *("10.3", "op_utcqmma_src_fp4_fp6_dst_fp32_sparsity_off"),
            *("src_fp4_fp6_dst_fp32", "fp6", "fp8_tensor"),
        ),
        ("12.0", "src_fp4_dst_fp32_sparsity_off", None, "fp4", "fp4_tensor"),
        ("12.1", "src_fp8_dst_fp32_sparsity_off", None, "fp8", "fp8_tensor"),
    ],
)
def test_types(capability: str, path: str, aggregate: str | None, dtype: str, roof: str) -> None:
    """The data type and roof of a path; its aggregate neither adds nor lends its sparse peak."""
    flop = dict.fromkeys([path, aggregate] if aggregate else [path], 4e9)
    row = work(
        capability, {path: 4096.0, aggregate or path: 4096.0 if not aggregate else 8192.0}, **flop
    )
    assert (row["flop"], row["dtype"], row["roof"]) == (4e9, dtype, roof)
    assert row["peak_flop_per_s"] == 4096.0 * 1e9


def test_one_counter_for_several_types() -> None:
    """Where one counter serves several types the remark names them, widest last."""
    path = "op_utcqmma_src_fp4_fp6_fp8_dst_fp32_sparsity_off"
    row = work("10.0", {}, **{path: 1e9, "src_fp4_fp6_fp8_dst_fp32": 1e9})
    assert row["remark"] == "one counter serves FP4, FP6 and FP8 sources"
    row = work("12.0", {}, src_fp4_fp6_dst_fp32_sparsity_off=1e9)
    assert row["remark"] == "one counter serves FP4 and FP6 sources"


def test_mixed_types_and_instructions_on_hopper() -> None:
    """Two types, each by its own instruction: the sum of the aggregates, the busiest one's roof."""
    row = work(
        "9.0",
        {"op_hgmma_src_bf16_dst_fp32_sparsity_off": 4096.0, "src_fp8_sparsity_off": 8192.0},
        src_bf16_dst_fp32=9e9,
        op_hgmma_src_bf16_dst_fp32_sparsity_off=8e9,
        op_hmma_src_bf16_dst_fp32_sparsity_off=1e9,
        src_fp8_sparsity_off=2e9,
    )
    assert (row["flop"], row["roof"]) == (11e9, "bf16_tensor")
    assert row["peak_flop_per_s"] == 4096e9
    assert "18 % fp8_tensor" in row["remark"]


@pytest.mark.parametrize(
    ("capability", "fast", "name"),
    [("9.0", "hgmma", "wgmma"), ("10.0", "utchmma", "tcgen05")],
)
def test_mma_sync_has_a_lower_roof(capability: str, fast: str, name: str) -> None:
    """mma.sync work is held against its own peak, and the remark says what reaches more."""
    path = "op_{}_src_bf16_dst_fp32_sparsity_off"
    peaks = {path.format("hmma"): 2000.0, path.format(fast): 4000.0}
    row = work(capability, peaks, **{path.format("hmma"): 1e9, "src_bf16_dst_fp32": 1e9})
    assert row["peak_flop_per_s"] == 2000e9
    assert row["remark"] == (
        f"mma.sync instructions: their roof is 50 % of what this device's {name} reaches"
    )


def test_sparse_work_has_the_sparse_roof() -> None:
    """2:4 sparse operations, as NVIDIA counts them, against the sparse path's peak."""
    path = "op_hgmma_src_bf16_dst_fp32_sparsity_{}"
    peaks = {path.format("on"): 8192.0, path.format("off"): 4096.0}
    row = work("9.0", peaks, **{path.format("on"): 1e9, "src_bf16_dst_fp32": 1e9})
    assert row["peak_flop_per_s"] == 8192e9
    assert "2:4 sparse" in row["remark"]


@pytest.mark.parametrize("capability", [*FAMILIES, "7.0"])
def test_a_missing_type_leaves_work_unknown(capability: str) -> None:
    """Without the counters of one main type, or on 7.0 of any, active cores hide operations."""
    metrics = dict(CORES)
    for name in FAMILIES.get(capability, []):
        if "fp16" not in name:
            metrics[f"sm__ops_path_tensor_{name}.sum"] = 0.0
    row = counters.launch_work(metrics, capability, None, "k")
    assert (row["flop"], row["flop_source"]) == (None, "none")


def test_wanted_reads_every_path() -> None:
    """The names of all families are among the metrics that are read."""
    wanted = re.compile("|".join(tensor_counters.WANTED))
    for names in FAMILIES.values():
        for name in names:
            assert wanted.fullmatch(f"sm__ops_path_tensor_{name}.sum"), name
