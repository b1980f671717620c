"""A launch's tensor work under several names: no choice of counters gives another figure."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool.work import counters

DONE = 2.0 * 4096**3
"""Operations of a product of 4096 x 4096 matrices."""
PATH = "sm__ops_path_tensor_{}.sum"
SECONDS = 60e-6
HERTZ = 1.7e9
PIPE = "sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_elapsed"
TIMED = {
    "gpu__time_duration.sum": SECONDS * 1e9,
    "sm__cycles_elapsed.avg.per_second": HERTZ,
    "smsp__cycles_elapsed.avg.per_second": HERTZ,
    PIPE: 70.0,
    "sm__inst_executed_pipe_fp16.avg.pct_of_peak_sustained_active": 0.0,
    **{
        f"smsp__sass_thread_inst_executed_op_{letter}{kind}_pred_on.sum.per_cycle_elapsed": 0.0
        for letter in "fd"
        for kind in ("add", "mul", "fma", "add2", "mul2", "fma2")
    },
}
DENSE, SPARSE = "_sparsity_off", "_sparsity_on"
IDLE = {
    "9.0": [
        *("src_fp16", "src_tf32_dst_fp32", "src_int8", "src_fp64"),
        *("src_fp8_sparsity_off", "src_fp8_sparsity_on"),
    ],
    "10.0": [
        *("src_bf16_dst_fp32", "src_fp16_dst_fp16", "src_fp16_dst_fp32", "src_tf32_dst_fp32"),
        *("src_int8", "src_fp4_dst_fp32"),
    ],
    "10.3": [
        *("src_bf16_dst_fp32", "src_fp16_dst_fp16", "src_fp16_dst_fp32", "src_tf32_dst_fp32"),
        *("src_int8", "src_fp4_dst_fp32", "src_fp4_fp6_dst_fp32"),
    ],
    "12.0": [
        *("src_bf16_dst_fp32", "src_fp16_dst_fp16", "src_fp16_dst_fp32", "src_tf32_dst_fp32"),
        *("src_int8", "src_fp4_dst_fp32_sparsity_off", "src_fp4_dst_fp32_sparsity_on"),
    ],
}
"""Counters of what the launch did not use."""
VARIANTS = {
    "9.0": {
        "src_bf16_dst_fp32": 1.0,
        **{f"op_hgmma_src_bf16_dst_fp32{end}": 1.0 for end in ("", DENSE, DENSE + "_realtime")},
        **{f"op_hgmma_src_bf16_dst_fp32{SPARSE}{end}": 0.0 for end in ("", "_realtime")},
        **{f"op_hmma_src_bf16_dst_fp32{end}": 0.0 for end in ("", DENSE, SPARSE, "_realtime")},
    },
    "10.0": {
        "src_fp4_fp6_fp8_dst_fp32": 1.0,
        "src_fp4_fp6_fp8_dst_fp16": 0.0,
        **{f"op_utcqmma_src_fp4_fp6_fp8_dst_fp32{end}": 1.0
           for end in ("", DENSE, "_realtime", DENSE + "_realtime")},
        f"op_utcqmma_src_fp4_fp6_fp8_dst_fp32{SPARSE}": 0.0,
        f"op_utcqmma_src_fp4_fp6_fp8_dst_fp16{DENSE}": 0.0,
    },
    "10.3": {
        **{f"op_utcqmma_src_fp8_dst_fp32{end}": 1.0
           for end in ("", DENSE, "_realtime", DENSE + "_realtime")},
        f"op_utcqmma_src_fp8_dst_fp32{SPARSE}": 0.0,
        f"op_utcqmma_src_fp8_dst_fp16{DENSE}": 0.0,
        f"op_utcqmma_src_fp8_dst_fp16{SPARSE}": 0.0,
    },
    "12.0": {
        f"src_fp8_dst_fp32{DENSE}": 1.0,
        f"src_fp8_dst_fp32{SPARSE}": 0.0,
        "src_fp8_dst_fp32_realtime": 1.0,
        f"src_fp8_dst_fp16{DENSE}": 0.0,
        f"src_fp8_dst_fp16{SPARSE}": 0.0,
    },
}  # fmt: skip
"""Names under which its work is counted, or that would count its sparse part, and what share."""
FORMS = {
    "": DONE,
    ".per_second": DONE / SECONDS,
    ".per_cycle_elapsed": DONE / SECONDS / HERTZ,
}


def row(capability: str, chosen: dict[str, float], form: str = "") -> dict[str, Any]:
    """The figures of the launch by the chosen counters of its own work."""
    metrics = {**TIMED, **{PATH.format(name): 0.0 for name in IDLE[capability]}}
    for name, share in chosen.items():
        metrics[PATH.format(name) + form] = share * FORMS[form]
    return counters.launch_work(metrics, capability, None, "k")


@given(st.data(), st.sampled_from(sorted(VARIANTS)), st.sampled_from(sorted(FORMS)))
def test_any_choice_of_variants(data: st.DataObject, capability: str, form: str) -> None:
    """Every subset gives the true operations or none."""
    names = data.draw(st.sets(st.sampled_from(sorted(VARIANTS[capability]))))
    chosen = {name: VARIANTS[capability][name] for name in names}
    assert row(capability, chosen, form)["flop"] in (None, DONE)


@pytest.mark.parametrize("capability", VARIANTS)
def test_all_variants(capability: str) -> None:
    """All together are no contradiction, but the same work said several times."""
    figures = row(capability, VARIANTS[capability])
    assert (figures["flop"], figures["tensor_flop"]) == (DONE, DONE)


@pytest.mark.parametrize("realtime", [False, True])
@pytest.mark.parametrize("whole", [False, True])
def test_the_roof_is_the_dense_one(whole: bool, realtime: bool) -> None:
    """A counter of all work has the peak of sparse work, which dense work is not held against."""
    stem = "op_utcqmma_src_fp8_dst_fp32"
    metrics = {**TIMED, **{PATH.format(name): 0.0 for name in IDLE["10.3"]}}
    metrics |= {PATH.format(stem + DENSE): DONE, PATH.format(stem + SPARSE): 0.0}
    metrics |= {PATH.format(stem + DENSE) + ".peak_sustained": 1000.0}
    for on, name in ((whole, stem), (realtime, f"{stem}_realtime")):
        if on:
            metrics |= {PATH.format(name): DONE, PATH.format(name) + ".peak_sustained": 2000.0}
    figures = counters.launch_work(metrics, "10.3", None, "k")
    assert figures["peak_flop_per_s"] == 1000.0 * HERTZ
    assert figures["roof"] == "fp8_tensor"


@pytest.mark.parametrize(("dense", "sparse"), list(product((0.0, 0.5, 1.0), repeat=2)))
def test_parts_that_do_not_make_up_their_whole(dense: float, sparse: float) -> None:
    """Dense and sparse work must add up to what the counter of both says."""
    stem = "op_utcqmma_src_fp8_dst_fp32"
    figures = row("10.3", {stem: 1.0, stem + DENSE: dense, stem + SPARSE: sparse})
    assert figures["flop"] == (DONE if dense + sparse == 1.0 else None)


def test_a_variant_that_counts_more_is_a_contradiction() -> None:
    """Another measurement of the same work that found more leaves the figure unknown."""
    stem = "op_utcqmma_src_fp8_dst_fp32"
    figures = row("10.3", {stem: 0.0, f"{stem}_realtime": 1.0})
    assert figures["flop"] is None


def test_an_instruction_that_was_not_counted() -> None:
    """Without the aggregate, work by mma.sync may stand beside that by wgmma."""
    only = {
        f"op_hgmma_src_bf16_dst_fp32{end}": share for end, share in ((DENSE, 1.0), (SPARSE, 0.0))
    }
    assert row("9.0", only)["flop"] is None
    both = only | {f"op_hmma_src_bf16_dst_fp32{end}": 0.0 for end in (DENSE, SPARSE)}
    assert row("9.0", both)["flop"] == DONE


def test_sums_of_another_type_make_a_lower_bound() -> None:
    """Where products summed as FP16 have no counter, the figure says that it is a lower bound."""
    figures = row("10.3", {"op_utcqmma_src_fp8_dst_fp32": 1.0})
    assert (figures["flop"], figures["flop_exactness"]) == (DONE, "lower_bound")
    assert "FP8 with FP16 sums" in figures["remark"]
