"""Our FLOPs and bytes of real calls against another tool's, and a reason for each difference.

The other tool's per-operator reports lie beside its traces. Agreement is required wherever it is
right; every difference over 1 % is listed here with the reason, by operator and figure, and the
set of differences must be exactly this list: a model that drifts fails, and so does a reason that
no longer holds.
"""

from __future__ import annotations

import ast
import csv
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from ncutool.work.operators import NoModel, model, parse_call

REFERENCE = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "torch_reference"
SUMMARIES = sorted(REFERENCE.glob("*/unified_perf_summary.csv"))
TOLERANCE = 0.01

pytestmark = pytest.mark.skipif(
    not SUMMARIES, reason="the other tool's reports are not beside this checkout"
)

INTEGERS = "arithmetic on integers has no FLOPs; theirs counts one an element"
COPIES = "a copy has no FLOPs; theirs counts one an element"
ELEMENT = "our convention counts each step (sigmoid and silu 4), theirs one an element"
NORMS = "a convention: ours 8 an element forward (RMS 5), 14 backward (RMS 10); theirs 5 (4), 9 (8)"
BATCH_NORM = "theirs takes the backward of a batch norm for an inference of 4 an element"
WRAPPER = "launches nothing itself: counted once, on the native operator inside (theirs on both)"
CAUSAL = "a causal mask admits n(n+1)/2 pairs; theirs takes n²/2"
ZERO_DIM = "a 0-dim tensor neither promotes the result nor costs bytes; theirs promotes and counts"
EXPANDED = "an expanded source (stride 0) is read once; theirs counts every element"
ONE_RESULT = "theirs takes every reduction for one result; ours computes its shape"
PAIRWISE = "min(a, b) of two tensors is elementwise; theirs takes it for a reduction to one result"
WIDENED = "a sum of int32 is int64; theirs keeps int32"
STATISTICS = "mean and rstd have one value a row; theirs counts them as wide as the row"
BATCH_GRADIENT = "the backward reads the gradient and x and writes one; theirs leaves one out"
ROTARY = "ours counts the positions and the rows of the cosine cache too"
PAGED = "the context lengths lie in device memory: no figure, where theirs reads an annotation"
TRITON_FLOP = "ours is a lower bound, one operation an operator of the name; theirs has a table"
TRITON_BYTES = (
    "ours is a lower bound: each pointer once and at most what the kernel visits; theirs counts "
    "whole buffers, in-place ones twice, and leaves out those of another type than the first"
)

EXPLAINED: dict[tuple[str, str], str] = {
    ("aten::add", "flop"): INTEGERS,
    ("aten::add_", "flop"): INTEGERS,
    ("aten::mul", "flop"): INTEGERS,
    ("aten::neg", "flop"): INTEGERS,
    ("aten::cumsum", "flop"): INTEGERS,
    ("aten::max", "flop"): "comparisons are no FLOPs; theirs counts one an element",
    ("aten::min", "flop"): INTEGERS,
    ("aten::copy_", "flop"): COPIES,
    ("aten::upsample_nearest1d", "flop"): COPIES,
    ("aten::silu", "flop"): ELEMENT,
    ("aten::sigmoid", "flop"): ELEMENT,
    ("aten::sum", "flop"): ONE_RESULT,
    ("aten::_scaled_dot_product_flash_attention", "flop"): CAUSAL,
    ("aten::_fused_rms_norm", "flop"): NORMS,
    ("aten::_fused_rms_norm_backward", "flop"): NORMS,
    ("aten::native_layer_norm_backward", "flop"): NORMS,
    ("aten::native_batch_norm_backward", "flop"): NORMS,
    ("aten::native_group_norm_backward", "flop"): NORMS,
    ("aten::miopen_batch_norm_backward", "flop"): BATCH_NORM,
    ("aiter::rmsnorm", "flop"): NORMS,
    ("aiter::add_rmsnorm", "flop"): NORMS,
    ("aiter::_groupnorm_run", "flop"): NORMS,
    **{
        (f"aten::{name}", figure): WRAPPER
        for name in ("layer_norm", "batch_norm", "group_norm", "instance_norm")
        for figure in ("flop", "bytes")
    },
    ("sglang_profiler::attention_paged_attention_ragged", "flop"): PAGED,
    ("sglang_profiler::attention_paged_attention_ragged", "bytes"): PAGED,
    ("aten::add_", "bytes"): ZERO_DIM,
    ("aten::mul", "bytes"): ZERO_DIM,
    ("aten::copy_", "bytes"): EXPANDED,
    ("aten::cumsum", "bytes"): WIDENED,
    ("aten::mean", "bytes"): ONE_RESULT,
    ("aten::sum", "bytes"): ONE_RESULT,
    ("aten::min", "bytes"): PAIRWISE,
    ("aten::native_layer_norm_backward", "bytes"): STATISTICS,
    ("aten::miopen_batch_norm_backward", "bytes"): BATCH_GRADIENT,
    ("sgl_kernel::rotary_embedding", "bytes"): ROTARY,
    ("triton kernels", "flop"): TRITON_FLOP,
    ("triton kernels", "bytes"): TRITON_BYTES,
}
"""(operator, figure) -> why ours differs from theirs by more than 1 % in some call."""

ALWAYS_EQUAL = {
    "aten::mm",
    "aten::addmm",
    "aten::bmm",
    "aten::convolution",
    "aten::div",
    "aten::pow",
    "aten::rsqrt",
    "aiter::gemm_a16w16",
    "aiter::mha_batch_prefill",
    "sgl_kernel::silu_and_mul",
    "sglang::store_cache",
}
"""Operators on which both tools agree in every call, FLOPs and bytes."""


Figures = dict[str, tuple[float | None, float | None]]
"""``flop`` and ``bytes``, each ours and theirs."""


def _json(text: str) -> str:
    """A column of arguments, Python literals in the report, as the trace writes it."""
    return json.dumps(ast.literal_eval(text) if text else [])


def _number(text: str, scale: float) -> float | None:
    if not text or text == "nan":
        return None
    return float(text) * scale


def _differs(ours: float | None, theirs: float | None) -> bool:
    if theirs is None:
        return False
    if ours is None:
        return True
    return abs(ours - theirs) > TOLERANCE * max(abs(ours), abs(theirs))


@cache
def _rows() -> tuple[tuple[str, Figures], ...]:
    """Operator and figures of every call that theirs models, read once."""
    return tuple(_each_row())


def _each_row() -> Iterator[tuple[str, Figures]]:
    """Operator and its two figures, ours and theirs, of every call that theirs models."""
    for path in SUMMARIES:
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                if row["has_perf_model"] != "True":
                    continue
                names = ("Input Dims", "Input type", "Input Strides", "Concrete Inputs")
                found = model(parse_call(row["name"], *(_json(row[name]) for name in names)))
                flop = None if isinstance(found, NoModel) else found.flop
                size = None if isinstance(found, NoModel) else found.bytes
                family = "triton kernels" if row["name"].startswith("triton_") else row["name"]
                yield (
                    family,
                    {
                        "flop": (flop, _number(row["GFLOPS"], 1e9)),
                        "bytes": (size, _number(row["Data Moved (MB)"], 2**20)),
                    },
                )


@cache
def compared() -> tuple[tuple[str, str, bool], ...]:
    """(operator, figure, whether it differs) of every figure that the other tool gives."""
    return tuple(
        (name, figure, _differs(*pair))
        for name, figures in _rows()
        for figure, pair in figures.items()
        if pair[1] is not None
    )


def test_the_differences_are_exactly_those_explained() -> None:
    """No difference without a reason, and no reason without a difference."""
    found = {(name, figure) for name, figure, differs in compared() if differs}
    assert found == set(EXPLAINED)


RATIOS: dict[tuple[str, str], set[float]] = {
    ("aten::silu", "flop"): {4.0},
    ("aten::sigmoid", "flop"): {4.0},
    ("aten::_fused_rms_norm", "flop"): {1.249, 1.25},
    ("aten::_fused_rms_norm_backward", "flop"): {1.25},
    ("aten::native_layer_norm_backward", "flop"): {1.556},
    ("aten::native_batch_norm_backward", "flop"): {1.556},
    ("aten::native_group_norm_backward", "flop"): {1.556},
    ("aten::miopen_batch_norm_backward", "flop"): {3.497, 3.5},
    ("aiter::rmsnorm", "flop"): {1.245, 1.25},
    ("aiter::add_rmsnorm", "flop"): {1.2},
    ("aiter::_groupnorm_run", "flop"): {1.6},
    ("aten::_scaled_dot_product_flash_attention", "flop"): {1.013},
    ("aten::sum", "flop"): {0.875},
    ("aten::miopen_batch_norm_backward", "bytes"): {1.5, 1.502},
    ("aten::cumsum", "bytes"): {1.5},
    ("aten::min", "bytes"): {3.0},
    ("sgl_kernel::rotary_embedding", "bytes"): {1.013},
}
"""Ours over theirs where they differ, to four digits; where not listed: our 0, None, or several."""


@pytest.mark.parametrize("key", sorted(EXPLAINED), ids=lambda key: f"{key[0]} {key[1]}")
def test_differences_have_the_size_their_reason_gives(key: tuple[str, str]) -> None:
    """A convention gives a fixed ratio, integers and copies a 0, an unknown None."""
    pairs = [
        figures[key[1]]
        for name, figures in _rows()
        if name == key[0] and _differs(*figures[key[1]])
    ]
    ours = {own for own, _ in pairs}
    if key in RATIOS:
        ratios = {float(f"{(own or 0) / theirs:.4g}") for own, theirs in pairs if theirs}
        assert ratios <= RATIOS[key]
    elif EXPLAINED[key] in (WRAPPER, PAGED):
        assert ours == {None}
    elif key[1] == "flop" and key[0] != "triton kernels":
        assert ours == {0}
    else:
        assert None not in ours


@pytest.mark.parametrize("name", sorted(ALWAYS_EQUAL))
def test_both_tools_agree_where_the_work_is_no_convention(name: str) -> None:
    """Products, convolutions, exact attention and plain elementwise operators: within 1 %."""
    mine = [differs for each, _, differs in compared() if each == name]
    assert mine
    assert not any(mine)


def test_most_figures_agree() -> None:
    """Of all bytes that the other tool gives, nine in ten agree beside compiled kernels."""
    sizes = [
        differs
        for name, figure, differs in compared()
        if figure == "bytes"
        and name != "triton kernels"
        and EXPLAINED.get((name, figure)) != WRAPPER
    ]
    assert len(sizes) > 200
    assert sum(sizes) < len(sizes) / 10
