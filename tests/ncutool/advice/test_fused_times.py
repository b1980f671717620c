"""What each known pattern takes once it is one kernel: the tensors it must move, and no others."""

from __future__ import annotations

import pytest
from trace_factory import BF16, Step, run, view

from ncutool.advice.fuse import fuse

X = (16, 512, 1024)
ROW = (16, 512, 1)
HEADS = (16, 16, 512, 64)
HALF = (16, 16, 512, 32)
WIDE = (8192, 4096)
IMAGE = (64, 64, 64, 64)
MB = 2 * 16 * 512 * 1024
"""A tensor of 8.4 million BF16 elements, as X and HEADS; WIDE is four of them, IMAGE two."""


def one(name: str, *shapes: tuple[int, ...], dtype: str = BF16) -> Step:
    """One call of 60 µs on tensors of one type."""
    return f"aten::{name}", list(shapes), [dtype] * len(shapes), 60_000


LAYER_NORM = [
    one("mean", X), one("sub", X, ROW), one("pow", X), one("mean", X), one("add", ROW),
    one("rsqrt", ROW), one("mul", X, ROW), one("mul", X, (1024,)), one("add", X, (1024,)),
]  # fmt: skip
RMS_NORM = [
    one("mul", X, X), one("mean", X), one("add", ROW), one("sqrt", ROW), one("div", X, ROW),
    one("mul", X, (1024,)),
]  # fmt: skip
HALVES = [
    one("mul", HALF, HALF), one("mul", HALF, HALF), one("sub", HALF, HALF),
    one("mul", HALF, HALF), one("mul", HALF, HALF), one("add", HALF, HALF),
    ("aten::cat", [HEADS], [BF16], 60_000),
]  # fmt: skip
INTERLEAVED = [
    one("mul", HEADS, HEADS), one("neg", HALF), ("aten::stack", [HEADS], [BF16], 60_000),
    one("mul", HEADS, HEADS), one("add", HEADS, HEADS),
]  # fmt: skip
COMPLEX = [
    ("aten::copy_", [HEADS, HEADS], ["float", BF16], 60_000),
    one("mul", HALF, (512, 32), dtype="c10::complex<float>"),
    ("aten::copy_", [HEADS, HEADS], [BF16, "float"], 60_000),
]
TANH = [
    one("mul", X), one("pow", X), one("mul", X), one("add", X, X), one("mul", X),
    one("tanh", X), one("add", X), one("mul", X, X),
]  # fmt: skip
GATED = [one("gelu", WIDE), one("mm", (8192, 1024), (1024, 4096)), one("mul", WIDE, WIDE)]
GATED_NORM = [one("native_layer_norm", X, (1024,), (1024,)), one("sigmoid", X), one("mul", X, X)]


@pytest.mark.parametrize(
    ("words", "steps", "best", "worst"),
    [
        # the input is read and the result written
        ("LayerNorm written out", LAYER_NORM, 2, 2),
        ("RMSNorm", RMS_NORM, 2, 2),
        ("GELU written out", TANH, 2, 2),
        ("rotary embedding", HALVES, 2, 2),
        ("rotary embedding", INTERLEAVED, 2, 2),
        ("rotary embedding", COMPLEX, 2, 2),
        # gate and up are read: 3 × 4
        ("SwiGLU", GATED, 12, 12),
        # at worst norm and gate stay apart
        ("normalisation and the activation after it", GATED_NORM, 2, 4),
    ],
)
def test_a_fused_kernel_moves_what_it_must(
    words: str, steps: list[Step], best: int, worst: int
) -> None:
    """At the bandwidth peak at best, and at 60 % of it at worst."""
    drafts = fuse.drafts(view(run(steps).capture()), frozenset()).drafts
    (draft,) = [draft for draft in drafts if words in draft.title]
    assert sum(draft.best) == round(best * MB / 3.35e12 * 1e9)
    assert sum(draft.worst) == round(worst * MB / (0.6 * 3.35e12) * 1e9)


@pytest.mark.parametrize(("residual", "best"), [(False, 0), (True, round(2 * MB / 3.35e12 * 1e9))])
def test_relu_after_batch_norm_costs_nothing_of_its_own(residual: bool, best: int) -> None:
    """But the read of a residual, where one is added; at worst both stay as they are."""
    channel = (64,)
    norm: Step = (
        "aten::cudnn_batch_norm", [IMAGE, *[channel] * 4], [BF16, *["float"] * 4], 60_000,
    )  # fmt: skip
    steps = [norm, *([one("add_", IMAGE, IMAGE)] if residual else []), one("relu_", IMAGE)]
    drafts = fuse.drafts(view(run(steps).capture()), frozenset()).drafts
    (draft,) = [draft for draft in drafts if "batch norm" in draft.title]
    assert sum(draft.best) == best
    assert sum(draft.worst) == 60_000 * (len(steps) - 1)
