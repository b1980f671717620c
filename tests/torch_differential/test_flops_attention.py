"""Fused attention: operations against FlopCounterMode, results against the meta kernels.

The CPU has no kernel for these operators. They run on the meta device, which computes shapes and
data types only; the profiler records the calls and the counter counts them all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from hypothesis import given
from hypothesis import strategies as st

from torch_differential.flops import counted
from torch_differential.recording import claimed, described, record

aten = torch.ops.aten


@dataclass(frozen=True)
class Attention:
    """Sizes of one attention, and its tensors on the meta device."""

    batch: int
    query_heads: int
    heads: int
    queries: int
    keys: int
    width: int
    v_width: int
    dtype: torch.dtype

    def empty(self, *shape: int, dtype: torch.dtype | None = None) -> torch.Tensor:
        """A tensor without memory."""
        return torch.empty(shape, dtype=dtype or self.dtype, device="meta")

    def qkvo(self, *, heads_first: bool = True) -> tuple[torch.Tensor, ...]:
        """Queries, keys, values and output, in [B,H,S,D] or in [B,S,H,D]."""
        shapes = (
            (self.query_heads, self.queries, self.width),
            (self.heads, self.keys, self.width),
            (self.heads, self.keys, self.v_width),
            (self.query_heads, self.queries, self.v_width),
        )
        made = (self.empty(self.batch, *shape) for shape in shapes)
        return tuple(item if heads_first else item.transpose(1, 2).contiguous() for item in made)

    @property
    def logsumexp(self) -> torch.Tensor:
        """What the forward pass keeps for the backward pass."""
        return self.empty(self.batch, self.query_heads, self.queries, dtype=torch.float32)

    @property
    def seed(self) -> torch.Tensor:
        """State of the random numbers."""
        return self.empty(2, dtype=torch.int64)


@st.composite
def attentions(draw: st.DrawFn, *, grouped: bool = True) -> Attention:
    """Any sizes; fewer key-value heads than query heads where ``grouped``."""
    heads = draw(st.integers(1, 3))
    size = st.integers(1, 9)
    return Attention(
        batch=draw(st.integers(1, 3)),
        query_heads=heads * (draw(st.integers(1, 3)) if grouped else 1),
        heads=heads,
        queries=draw(size),
        keys=draw(size),
        width=8 * draw(st.integers(1, 3)),
        v_width=8 * draw(st.integers(1, 3)),
        dtype=draw(st.sampled_from([torch.float16, torch.bfloat16])),
    )


def forward_calls(one: Attention, causal: bool) -> list[tuple[Any, tuple[Any, ...]]]:
    """The `_scaled_dot_product_*` operators, in [B,H,S,D]."""
    q, k, v, _ = one.qkvo()
    return [
        (aten._scaled_dot_product_flash_attention.default, (q, k, v, 0.0, causal)),
        (aten._scaled_dot_product_efficient_attention.default, (q, k, v, None, True, 0.0, causal)),
        (aten._scaled_dot_product_cudnn_attention.default, (q, k, v, None, True, 0.0, causal)),
    ]


def backward_calls(one: Attention, causal: bool) -> list[tuple[Any, tuple[Any, ...]]]:
    """Their gradients."""
    q, k, v, out = one.qkvo()
    saved = (out, q, k, v)
    state = (one.seed, one.seed)
    lengths = (None, None, one.queries, one.keys, 0.0, causal)
    efficient = (None, out, one.logsumexp, *state, 0.0, [True, True, True, False], causal)
    return [
        (
            aten._scaled_dot_product_flash_attention_backward.default,
            (*saved, out, one.logsumexp, *lengths, *state),
        ),
        (aten._scaled_dot_product_efficient_attention_backward.default, (*saved, *efficient)),
        (
            aten._scaled_dot_product_cudnn_attention_backward.default,
            (*saved, out, one.logsumexp, *state, None, *lengths),
        ),
    ]


@given(attentions(), st.booleans())
def test_full_attention_counts_as_pytorch_does(one: Attention, backward: bool) -> None:
    """Query heads in groups, keys unlike queries, values of another width."""
    for operator, arguments in (backward_calls if backward else forward_calls)(one, False):
        assert record(operator, *arguments, may_fail=True).work().flop == counted(
            operator, *arguments
        ), operator


@given(attentions(grouped=False))
def test_attention_results_are_those_of_the_meta_kernels(one: Attention) -> None:
    """The output and the three gradients; what is kept for the backward pass is not listed."""
    square = Attention(**{**vars_of(one), "v_width": one.width})
    for operator, arguments in forward_calls(square, True):
        seen = record(operator, *arguments)
        assert claimed(seen.work().outputs) == described(seen.result)[:1]
    for operator, arguments in backward_calls(square, True):
        seen = record(operator, *arguments)
        assert claimed(seen.work().outputs) == described(seen.result)[:3]


def vars_of(one: Attention) -> dict[str, Any]:
    """The fields of an attention by name."""
    return {name: getattr(one, name) for name in one.__dataclass_fields__}


@given(attentions())
def test_bytes_are_those_of_every_tensor_passed_and_made(one: Attention) -> None:
    """Each tensor once; but not the logsumexp that the forward pass also writes (4 bytes a query
    and head), nor the random state."""
    q, k, v, out = (item.numel() * item.element_size() for item in one.qkvo())
    kept = one.logsumexp.numel() * 4
    for operator, arguments in forward_calls(one, True):
        found = record(operator, *arguments, may_fail=True).work()
        assert (found.bytes_read, found.bytes_written) == (q + k + v, out)
    for operator, arguments in backward_calls(one, True):
        found = record(operator, *arguments, may_fail=True).work()
        assert (found.bytes_read, found.bytes_written) == (q + k + v + 2 * out + kept, q + k + v)


@given(attentions(grouped=False), st.booleans())
def test_a_bias_is_read_and_its_gradient_written(one: Attention, wanted: bool) -> None:
    """The efficient operators with an attention bias of [B,H,Sq,Sk]."""
    q, k, v, out = one.qkvo()
    bias = one.empty(one.batch, one.heads, one.queries, one.keys)
    size = bias.numel() * bias.element_size()
    forward = aten._scaled_dot_product_efficient_attention.default
    backward = aten._scaled_dot_product_efficient_attention_backward.default
    plain = record(forward, q, k, v, None, True, may_fail=True).work()
    biased = record(forward, q, k, v, bias, True, may_fail=True).work()
    assert (biased.bytes or 0) - (plain.bytes or 0) == size
    rest = (out, one.logsumexp, one.seed, one.seed, 0.0, [True, True, True, wanted])
    plain = record(backward, out, q, k, v, None, *rest, may_fail=True).work()
    biased = record(backward, out, q, k, v, bias, *rest, may_fail=True).work()
    assert (biased.bytes_read or 0) - (plain.bytes_read or 0) == size
    assert (biased.bytes_written or 0) - (plain.bytes_written or 0) == (size if wanted else 0)
