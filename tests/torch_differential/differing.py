"""Calls whose figures differ from PyTorch's on purpose: each gives PyTorch's figure and ours."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
import torch

from ncutool.work.operators import Work, model
from torch_differential.flops import counted, formula
from torch_differential.memory import Traffic, observe
from torch_differential.recording import record

aten = torch.ops.aten

B, HQ, HK, SQ, SK, D = 2, 6, 3, 5, 7, 8
HALF = torch.float16


def meta(*shape: int, dtype: torch.dtype = HALF) -> torch.Tensor:
    """A tensor without memory."""
    return torch.empty(shape, dtype=dtype, device="meta")


def flop(operator: Any, *args: Any, **kwargs: Any) -> int | None:
    return record(operator, *args, may_fail=True, **kwargs).work().flop


def both(operator: Any, *args: Any, **kwargs: Any) -> tuple[int, int | None]:
    return counted(operator, *args, **kwargs), flop(operator, *args, **kwargs)


def pairs(
    *, bottom_right: bool, left: int | None = None, right: int | None = 0
) -> Callable[[Any, Any], bool]:
    """Ours is the share of PyTorch's figure that a mask, written out, admits."""
    offset = SK - SQ if bottom_right else 0
    admitted = sum(
        (left is None or key >= query + offset - left)
        and (right is None or key <= query + offset + right)
        for query in range(SQ)
        for key in range(SK)
    )
    share = Fraction(admitted, SQ * SK)
    return lambda theirs, ours: share < 1 and ours == theirs * share


def bhsd() -> tuple[torch.Tensor, ...]:
    """q, k, v, output, logsumexp, random state in [B,H,S,D]."""
    q, k = meta(B, HQ, SQ, D), meta(B, HK, SK, D)
    return q, k, k, q, meta(B, HQ, SQ, dtype=torch.float32), meta(2, dtype=torch.int64)


def bshd() -> tuple[torch.Tensor, ...]:
    """The same in [B,S,H,D], one head each so that PyTorch's swapped sizes fit."""
    q, k = meta(B, SQ, HQ, D), meta(B, SK, HQ, D)
    return q, k, k, q, meta(B, HQ, SQ, dtype=torch.float32), meta(2, dtype=torch.int64)


def dense() -> int:
    """Operations of full attention in [B,S,H,D], as PyTorch counts them in [B,H,S,D]."""
    q, k = meta(B, HQ, SQ, D), meta(B, HQ, SK, D)
    return counted(aten._scaled_dot_product_flash_attention.default, q, k, k)


def sdpa(name: str, *arguments: Any) -> Callable[[], tuple[object, object]]:
    q, k, v, *_ = bhsd()
    return lambda: both(getattr(aten, name).default, q, k, v, *arguments)


def sdpa_backward(name: str) -> Callable[[], tuple[object, object]]:
    q, k, v, out, kept, state = bhsd()
    lengths = (None, None, SQ, SK, 0.0, True)
    rest = {
        "flash": (out, kept, *lengths, state, state),
        "efficient": (None, out, kept, state, state, 0.0, [True, True, True, False], True),
        "cudnn": (out, kept, state, state, None, *lengths),
    }[name]
    operator = getattr(aten, f"_scaled_dot_product_{name}_attention_backward").default
    return lambda: both(operator, out, q, k, v, *rest)


def flash(causal: bool, **window: int) -> Callable[[], tuple[object, object]]:
    q, k, v, *_ = bshd()
    operator = aten._flash_attention_forward.default
    rest = (None, None, SQ, SK, 0.0, causal, False)
    return lambda: (dense(), flop(operator, q, k, v, *rest, **window))


def flash_backward(causal: bool, **window: int) -> Callable[[], tuple[object, object]]:
    q, k, v, out, kept, state = bshd()
    operator = aten._flash_attention_backward.default
    rest = (out, kept, None, None, SQ, SK, 0.0, causal, state, state)
    # 5 products of Sq·Sk·D against 2: the widths are equal here
    return lambda: (dense() * 5 // 2, flop(operator, out, q, k, v, *rest, **window))


def efficient(kind: int, **window: int) -> Callable[[], tuple[object, object]]:
    q, k, v, *_ = bshd()
    operator = aten._efficient_attention_forward.default
    rest = (None, None, None, SQ, SK, 0.0, kind, True)
    return lambda: (dense(), flop(operator, q, k, v, *rest, **window))


def efficient_backward(kind: int, **window: int) -> Callable[[], tuple[object, object]]:
    q, k, v, out, kept, state = bshd()
    operator = aten._efficient_attention_backward.default
    rest = (None, out, None, None, SQ, SK, kept, 0.0, state, state, kind, False)
    return lambda: (dense() * 5 // 2, flop(operator, out, q, k, v, *rest, **window))


def swapped(name: str, *rest: Any) -> Callable[[], tuple[object, object]]:
    """Both figures of a [B,S,H,D] operator with as many keys as queries, which PyTorch needs."""
    q = bshd()[0]
    return lambda: both(getattr(aten, name).default, q, q, q, *rest)


def packed(lengths: list[int], causal: bool) -> Callable[[], tuple[object, object]]:
    """Packed sequences whose ends lie in real memory: PyTorch reads them, a trace holds none."""
    ends = torch.tensor([0, *lengths]).cumsum(0).int()
    q = torch.ones(sum(lengths), HQ, D, dtype=HALF)
    arguments = (q, q, q, ends, ends, max(lengths), max(lengths), 0.0, causal, False)
    return lambda: (
        formula(aten._flash_attention_forward, *arguments),
        flop(aten._flash_attention_forward.default, *arguments),
    )


def weight_gradient(groups: int, transposed: bool) -> Callable[[], tuple[object, object]]:
    x, weight = torch.ones(2, 2 * groups, 6, 5), torch.ones(2 * groups, 2, 3, 3)
    settings = ([1, 1], [1, 1], [1, 1], transposed, [0, 0], groups)
    y = aten.convolution.default(x, weight, None, *settings)
    mask = [False, True, False]
    return lambda: both(
        aten.convolution_backward.default, torch.ones_like(y), x, weight, None, *settings, mask
    )


def bias_gradient() -> tuple[object, object]:
    """A convolution's bias gradient alone."""
    x, weight = torch.ones(2, 3, 6, 5), torch.ones(4, 3, 3, 3)
    settings = ([1, 1], [1, 1], [1, 1], False, [0, 0], 1)
    grad = torch.ones(2, 4, 6, 5)
    return both(
        aten.convolution_backward.default, grad, x, weight, [4], *settings, [False, False, True]
    )


def benchmark_flag() -> tuple[object, object]:
    """A strided cuDNN convolution whose flag `benchmark` is set."""
    x, weight = torch.ones(2, 4, 8, 8), torch.ones(4, 4, 3, 3)
    y = aten.convolution.default(x, weight, None, [2, 2], [0, 0], [1, 1], False, [0, 0], 1)
    arguments = (x, weight, [0, 0], [2, 2], [1, 1], 1, True, False, False)
    return (
        formula(aten.cudnn_convolution, *arguments, result=y),
        flop(aten.cudnn_convolution.default, *arguments),
    )


def slow_convolution() -> tuple[object, object]:
    """The operator that the counter stumbles over, and the one that does the same."""
    x, weight = torch.ones(2, 4, 5, 5), torch.ones(6, 4, 3, 3)
    arguments = (x, weight, [3, 3], None, [1, 1], [1, 1])
    with pytest.raises(TypeError, match="transposed"):
        counted(aten._slow_conv2d_forward.default, *arguments)
    right = counted(
        aten.convolution.default, x, weight, None, [1, 1], [1, 1], [1, 1], False, [0, 0], 1
    )
    return right, flop(aten._slow_conv2d_forward.default, *arguments)


def four_bits() -> tuple[object, object]:
    """A product of packed FP4 operands."""
    a = torch.empty(16, 32, dtype=torch.float4_e2m1fn_x2, device="meta")
    b = torch.empty(48, 32, dtype=torch.float4_e2m1fn_x2, device="meta").t()
    scale = meta(1, dtype=torch.float32)
    seen = record(
        aten._scaled_mm.default, a, b, scale, scale, out_dtype=torch.bfloat16, may_fail=True
    )
    return formula(aten._scaled_mm, a, b, scale, scale), seen.work().flop


def unknown_to_the_counter(operator: Any, *args: Any, **kwargs: Any) -> Any:
    return lambda: both(operator, *args, **kwargs)


def exactly(flop: int) -> Callable[[Any, Any], bool]:
    return lambda theirs, ours: theirs == 0 and ours == flop


def on_cpu_only() -> tuple[object, object]:
    """Attention's operator for CPUs."""
    q = torch.ones(2, 3, 4, 8)
    operator = aten._scaled_dot_product_flash_attention_for_cpu.default
    found = model(record(operator, q, q, q).call())
    return counted(operator, q, q, q), found


def moved(operator: Any, *args: Any, **kwargs: Any) -> tuple[Traffic, Work]:
    return observe(operator, *args, **kwargs), record(operator, *args, **kwargs).work()
