"""Where ncutool means to differ from PyTorch's counter or from a run on the CPU: one table.

Each row runs the call, takes both figures and holds them to the relation that the row claims.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pytest
import torch

from ncutool.work.operators import NoModel, model
from torch_differential.differing import (
    HQ,
    SQ,
    aten,
    benchmark_flag,
    bias_gradient,
    efficient,
    efficient_backward,
    exactly,
    flash,
    flash_backward,
    four_bits,
    moved,
    on_cpu_only,
    packed,
    pairs,
    sdpa,
    sdpa_backward,
    slow_convolution,
    swapped,
    unknown_to_the_counter,
    weight_gradient,
)
from torch_differential.memory import distinct_bytes, observe
from torch_differential.recording import record


@dataclass(frozen=True)
class Difference:
    """A figure of ours that is not PyTorch's, or not in every case, on purpose."""

    what: str
    why: str
    figures: Callable[[], tuple[object, object]]
    """PyTorch's figure and ours."""
    holds: Callable[[Any, Any], bool]
    """Whether ours stands to PyTorch's as claimed."""


X = torch.arange(12.0).reshape(3, 4)
TABLE = torch.arange(40.0).reshape(10, 4)

DIFFERENCES = [
    *(
        Difference(
            f"causal SDPA forward, {name}",
            "the counter counts every pair; ours those on and below the diagonal from the first "
            "pair",
            sdpa(f"_scaled_dot_product_{name}_attention", *arguments),
            pairs(bottom_right=False),
        )
        for name, arguments in (
            ("flash", (0.0, True)),
            ("efficient", (None, True, 0.0, True)),
            ("cudnn", (None, True, 0.0, True)),
        )
    ),
    *(
        Difference(
            f"causal SDPA backward, {name}",
            "as forward",
            sdpa_backward(name),
            pairs(bottom_right=False),
        )
        for name in ("flash", "efficient", "cudnn")
    ),
    Difference(
        "causal _flash_attention_forward",
        "FlashAttention aligns the last query with the last key",
        flash(True),
        pairs(bottom_right=True),
    ),
    Difference(
        "causal _flash_attention_backward",
        "as forward",
        flash_backward(True),
        pairs(bottom_right=True),
    ),
    Difference(
        "window of _flash_attention_forward",
        "the counter ignores the window",
        flash(False, window_size_left=2, window_size_right=1),
        pairs(bottom_right=True, left=2, right=1),
    ),
    Difference(
        "window of _flash_attention_backward",
        "the counter ignores the window",
        flash_backward(False, window_size_left=2, window_size_right=1),
        pairs(bottom_right=True, left=2, right=1),
    ),
    *(
        Difference(
            f"_efficient_attention_{way} with custom_mask_type {kind}",
            "1 is causal from the first pair, 2 from the last",
            make(kind),
            pairs(bottom_right=kind == 2),
        )
        for way, make in (("forward", efficient), ("backward", efficient_backward))
        for kind in (1, 2)
    ),
    *(
        Difference(
            f"window of _efficient_attention_{way}",
            "which pairs it admits is not documented: no figure rather than a guess",
            make(1, window_size=3),
            lambda theirs, ours: theirs > 0 and ours is None,
        )
        for way, make in (("forward", efficient), ("backward", efficient_backward))
    ),
    *(
        Difference(
            f"{name} in [B,S,H,D]",
            "the counter takes heads for rows and rows for heads",
            swapped(name, *rest),
            lambda theirs, ours: ours * HQ == theirs * SQ,
        )
        for name, rest in (
            ("_flash_attention_forward", (None, None, SQ, SQ, 0.0, False, False)),
            ("_efficient_attention_forward", (None, None, None, SQ, SQ, 0.0, 0, True)),
        )
    ),
    Difference(
        "packed sequences of unequal length",
        "their ends lie in memory, which the counter reads and no trace holds",
        packed([3, 7, 5], False),
        lambda theirs, ours: theirs > 0 and ours is None,
    ),
    Difference(
        "packed causal sequences that all have the maximum length",
        "known from the number of tokens; the counter ignores the mask",
        packed([4, 4, 4], True),
        lambda theirs, ours: ours == theirs * Fraction(10, 16),
    ),
    *(
        Difference(
            f"weight gradient of a convolution in 3 groups{', transposed' * transposed}",
            "the counter transposes the shapes as if there were one group: 3 times too many",
            weight_gradient(3, transposed),
            lambda theirs, ours: theirs == 3 * ours,
        )
        for transposed in (False, True)
    ),
    Difference(
        "bias gradient of a convolution alone",
        "the counter leaves it out; ours is one addition an element of the gradient",
        bias_gradient,
        exactly(2 * 4 * 6 * 5),
    ),
    Difference(
        "cudnn_convolution with benchmark=True",
        "the counter takes the flag for `transposed` and counts at the input's positions",
        benchmark_flag,
        lambda theirs, ours: theirs * 9 == ours * 64,
    ),
    Difference(
        "_slow_conv2d_forward",
        "the counter raises: the operator has no `transposed`; ours is what `convolution` counts",
        lambda: (None, slow_convolution()),
        lambda theirs, ours: theirs is None and ours[0] == ours[1],
    ),
    Difference(
        "_scaled_mm of FP4",
        "two values are packed in an element, so K counts twice",
        four_bits,
        lambda theirs, ours: ours == 2 * theirs,
    ),
    *(
        Difference(
            f"{operator}",
            "the counter does not know the operator",
            unknown_to_the_counter(operator, *arguments),
            exactly(flop),
        )
        for operator, arguments, flop in (
            (aten.mv.default, (X, torch.ones(4)), 24),
            (aten.dot.default, (torch.ones(4), torch.ones(4)), 8),
            (aten.addmv.default, (torch.ones(3), X, torch.ones(4)), 24),
            (aten.addr.default, (X, torch.ones(3), torch.ones(4)), 24),
            (aten.addmm_.default, (torch.ones(3, 2), X, torch.ones(4, 2)), 48),
            (aten.baddbmm_.default, (torch.ones(1, 3, 2), X[None], torch.ones(1, 4, 2)), 48),
            (aten._int_mm.default, (X.to(torch.int8), torch.ones(4, 2, dtype=torch.int8)), 48),
            (aten.add.Tensor, (X, X), 12),
        )
    ),
    Difference(
        "_scaled_dot_product_flash_attention_for_cpu",
        "neither counts it: no kernel of a GPU comes from it",
        on_cpu_only,
        lambda theirs, ours: theirs == 0 and isinstance(ours, NoModel),
    ),
    Difference(
        "one tensor passed twice",
        "a trace holds no addresses: x·x reads x once, ours counts both arguments",
        lambda: moved(aten.mul.Tensor, X, X),
        lambda theirs, ours: (theirs.read, ours.bytes_read) == (48, 96),
    ),
    Difference(
        "a 0-dim tensor",
        "it mostly is a Python number among the kernel's arguments: ours does not count it",
        lambda: moved(aten.mul.Tensor, X, torch.tensor(2.0)),
        lambda theirs, ours: (theirs.read, theirs.read_0_dim, ours.bytes_read) == (52, 4, 48),
    ),
    Difference(
        "views that overlap in memory",
        "shared elements count once; where strides mesh in no regular way ours is an upper bound",
        lambda: moved(aten.neg.default, torch.ones(40).as_strided((3, 3, 3), (2, 3, 7))),
        lambda theirs, ours: theirs.read < ours.bytes_read <= 27 * 4,
    ),
    Difference(
        "embedding that looks up one row again and again",
        "which rows is not recorded: ours counts a row for each index, at most the whole table",
        lambda: (
            distinct_bytes([TABLE[3]]) + 5 * 8,
            record(aten.embedding.default, TABLE, torch.full((5,), 3)).work().bytes_read,
        ),
        lambda theirs, ours: theirs == 16 + 40 and ours == 5 * 16 + 40,
    ),
    Difference(
        "embedding of more indices than rows",
        "as above: never more than the table",
        lambda: (
            distinct_bytes([TABLE]) + 50 * 8,
            record(aten.embedding.default, TABLE, torch.arange(50) % 10).work().bytes_read,
        ),
        lambda theirs, ours: theirs == ours == 40 * 4 + 50 * 8,
    ),
    Difference(
        "indexing by tensors",
        "a trace records no shapes of the optional list of indices: no figure",
        lambda: (
            observe(aten.index.Tensor, TABLE, [torch.tensor([1, 2])]).written,
            model(record(aten.index.Tensor, TABLE, [torch.tensor([1, 2])]).call()),
        ),
        lambda theirs, ours: theirs == 32 and isinstance(ours, NoModel),
    ),
    Difference(
        "batch norm in training",
        "compulsory traffic reads the input once; kernels read large planes twice, so ours is the "
        "least of 2 to 3 passes",
        lambda: moved(
            aten.native_batch_norm.default,
            torch.arange(240.0).reshape(4, 3, 20),
            None,
            None,
            None,
            None,
            True,
            0.1,
            1e-5,
        ),
        lambda theirs, ours: theirs.read == ours.bytes_read == 960 and ours.bytes_written == 984,
    ),
]


@pytest.mark.parametrize("one", DIFFERENCES, ids=lambda one: one.what)
def test_a_difference_is_the_one_claimed(one: Difference) -> None:
    """Both figures stand in the relation the table gives as the reason."""
    theirs, ours = one.figures()
    assert one.holds(theirs, ours), (one.why, theirs, ours)
