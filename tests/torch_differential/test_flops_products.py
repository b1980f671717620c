"""Matrix products and convolutions: operations as FlopCounterMode, memory as real runs."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, reject
from hypothesis import strategies as st

from torch_differential.arguments import FLOATS, tensors
from torch_differential.comparison import REFUSED, agree, unmet
from torch_differential.flops import counted, formula
from torch_differential.recording import record

aten = torch.ops.aten
SIZE = st.integers(1, 6)


@given(data=st.data())
def test_products_count_and_move_what_pytorch_does(data: st.DataObject) -> None:
    """mm, addmm, bmm, baddbmm and `out=`: any layout, expanded batches and biases, beta 0."""
    batch, m, n, k = (data.draw(SIZE) for _ in range(4))
    dtype = data.draw(st.sampled_from(FLOATS))
    a, b = data.draw(tensors((m, k), dtype)), data.draw(tensors((k, n), dtype))
    c, d = data.draw(tensors((batch, m, k), dtype)), data.draw(tensors((batch, k, n), dtype))
    bias = data.draw(tensors(data.draw(st.sampled_from([(n,), (1, n), (m, n), (m, 1)])), dtype))
    addend = data.draw(tensors(data.draw(st.sampled_from([(n,), (batch, m, n)])), dtype))
    beta = data.draw(st.sampled_from([0, 1, 0.5]))
    but_for: dict[str, Any] = {"not_read": ("self",)} if beta == 0 else {}
    into = data.draw(tensors((m, n), dtype, ("plain", "transposed", "stepped")))
    for operator, operands, settings in (
        (aten.mm.default, (a, b), {}),
        (aten.mm.out, (a, b), {"out": into}),
        (aten.addmm.default, (bias, a, b), {"beta": beta}),
        (aten.addmm.out, (bias, a, b), {"beta": beta, "out": into}),
        (aten.bmm.default, (c, d), {}),
        (aten.baddbmm.default, (addend, c, d), {"beta": beta}),
    ):
        found = agree(operator, *operands, **settings, **(but_for if "beta" in settings else {}))
        assert found.flop == counted(operator, *operands, **settings)


@given(data=st.data())
def test_composite_products_count_as_what_they_run(data: st.DataObject) -> None:
    """linear and matmul, whose operands PyTorch folds, broadcasts and transposes."""
    dtype = data.draw(st.sampled_from(FLOATS))
    m, n, k = (data.draw(SIZE) for _ in range(3))
    lead = tuple(data.draw(st.lists(st.integers(1, 3), max_size=2)))
    x = data.draw(tensors((*lead, m, k), dtype))
    weight = data.draw(tensors((n, k), dtype))
    bias = data.draw(st.sampled_from([None, torch.ones(n, dtype=dtype)]))
    assert agree(aten.linear.default, x, weight, bias).flop == counted(
        aten.linear.default, x, weight, bias
    )
    other = data.draw(tensors((*data.draw(st.sampled_from([(), lead])), k, n), dtype))
    assert agree(aten.matmul.default, x, other).flop == counted(aten.matmul.default, x, other)


@given(m=SIZE, n=SIZE, k=SIZE, transposed=st.booleans())
def test_vector_products_move_what_a_real_run_addresses(
    m: int, n: int, k: int, transposed: bool
) -> None:
    """mv, addmv, dot, addr and _int_mm, which the counter does not know."""
    a = torch.ones(k, m).t() if transposed else torch.ones(m, k)
    x, y = torch.ones(k), torch.ones(m)
    assert agree(aten.mv.default, a, x).flop == 2 * m * k
    assert agree(aten.addmv.default, y, a, x).flop == 2 * m * k
    assert agree(aten.addmv.default, y, a, x, beta=0, not_read=("self",)).flop == 2 * m * k
    assert agree(aten.dot.default, x, x.clone()).flop == 2 * k
    assert agree(aten.addr.default, torch.ones(m, k), y, x).flop == 2 * m * k
    left, right = (torch.ones(s, dtype=torch.int8) for s in ((m, k), (k, n)))
    assert agree(aten._int_mm.default, left, right).flop == 2 * m * n * k


@given(
    m=st.integers(1, 4),
    n=st.integers(1, 3),
    k=st.integers(1, 3),
    result=st.sampled_from([None, torch.float32, torch.bfloat16]),
)
def test_scaled_products(m: int, n: int, k: int, result: torch.dtype | None) -> None:
    """FP8 operands with one scale each, the result's type given or left to PyTorch."""
    a = torch.ones(16 * m, 16 * k).to(torch.float8_e4m3fn)
    b = torch.ones(16 * n, 16 * k).to(torch.float8_e4m3fn).t()
    scales = torch.ones(1), torch.ones(1)
    found = agree(aten._scaled_mm.default, a, b, *scales, out_dtype=result)
    assert found.flop == counted(aten._scaled_mm.default, a, b, *scales, out_dtype=result)


class Convolution:
    """A drawn convolution of one to three dimensions."""

    def __init__(self, draw: st.DrawFn, *, transposed: bool | None = None) -> None:
        self.rank = draw(st.integers(1, 3))
        self.groups = draw(st.integers(1, 3))
        inner, outer = (self.groups * draw(st.integers(1, 2)) for _ in range(2))
        self.transposed = draw(st.booleans()) if transposed is None else transposed
        self.stride, self.dilation = self._each(draw, 1, 2), self._each(draw, 1, 2)
        self.padding = self._each(draw, 0, 2)
        self.output_padding = [0] * self.rank
        if self.transposed:
            self.output_padding = [
                draw(st.integers(0, max(pair) - 1))
                for pair in zip(self.stride, self.dilation, strict=True)
            ]
        dtype = draw(st.sampled_from([torch.float32, torch.float64, torch.bfloat16]))
        spatial, kernel = self._each(draw, 1, 6), self._each(draw, 1, 3)
        channels = (
            (inner, outer // self.groups)
            if self.transposed
            else (
                outer,
                inner // self.groups,
            )
        )
        self.x = draw(tensors((draw(st.integers(1, 2)), inner, *spatial), dtype))
        self.weight = draw(tensors((*channels, *kernel), dtype, ("plain",)))
        self.bias = draw(st.sampled_from([None, torch.ones(outer, dtype=dtype)]))
        try:
            self.result = aten.convolution.default(*self.arguments)
        except REFUSED:
            reject()

    def _each(self, draw: st.DrawFn, low: int, high: int) -> list[int]:
        return [draw(st.integers(low, high)) for _ in range(self.rank)]

    @property
    def settings(self) -> tuple[Any, ...]:
        """Arguments after the tensors in `convolution` and `convolution_backward`."""
        padding = (self.stride, self.padding, self.dilation)
        return (*padding, self.transposed, self.output_padding, self.groups)

    @property
    def arguments(self) -> tuple[Any, ...]:
        """Arguments of `convolution`."""
        return (self.x, self.weight, self.bias, *self.settings)

    def skipped(self, x: torch.Tensor) -> int:
        """Bytes of the input ``x`` that the filter never meets; a transposed one reads it whole."""
        if self.transposed:
            return 0
        ones = torch.ones(self.weight.shape, dtype=torch.float64)
        return unmet(x, lambda each: aten.convolution.default(each, ones, None, *self.settings))


@st.composite
def convolutions(draw: st.DrawFn, transposed: bool | None = None) -> Convolution:
    """Any convolution that PyTorch accepts."""
    return Convolution(draw, transposed=transposed)


@given(convolutions())
def test_convolutions(conv: Convolution) -> None:
    """Groups, stride, padding, dilation, transposed or not: operations, memory and result."""
    operator = aten.convolution.default
    skipped = conv.skipped(conv.x)
    found = agree(operator, *conv.arguments, skipped=skipped)
    assert found.flop == counted(operator, *conv.arguments)
    inner = (*conv.arguments, False, False, False, False)
    found = agree(aten._convolution.default, *inner, skipped=skipped)
    assert found.flop == counted(aten._convolution.default, *inner)
    overridden = record(aten.convolution_overrideable.default, *conv.arguments, may_fail=True)
    assert overridden.work().flop == formula(
        aten.convolution_overrideable, *conv.arguments, result=conv.result
    )


@given(convolutions())
def test_convolutions_by_rank(conv: Convolution) -> None:
    """conv1d to conv_transpose3d, whose settings stand in other places."""
    stem = "conv_transpose" if conv.transposed else "conv"
    packet = getattr(aten, f"{stem}{conv.rank}d")
    named = conv.transposed and conv.rank > 1
    operator = packet.input if named else packet.default
    before = (conv.x, conv.weight, conv.bias, conv.stride, conv.padding)
    after = (conv.groups, conv.dilation) if conv.transposed else (conv.dilation, conv.groups)
    middle = (conv.output_padding,) if conv.transposed else ()
    arguments = (*before, *middle, *after)
    found = agree(operator, *arguments, skipped=conv.skipped(conv.x))
    assert found.flop == counted(operator, *arguments)


@given(convolutions(), st.lists(st.booleans(), min_size=3, max_size=3))
def test_gradients_of_convolutions(conv: Convolution, mask: list[bool]) -> None:
    """Any of the three gradients. Only the weight's gradient in groups is counted otherwise, and
    a bias gradient alone: see `test_flops_differences`."""
    operator = aten.convolution_backward.default
    # in fp64, as oneDNN, which gives a weight gradient unasked, does not do fp64
    operands = [item.double() for item in (torch.ones_like(conv.result), conv.x, conv.weight)]
    arguments = (*operands, [conv.result.shape[1]], *conv.settings, mask)
    not_read = [] if mask[1] else ["input"]
    not_read += [] if mask[0] else ["weight"]
    if not any(mask):
        reject()
    skipped = conv.skipped(operands[1]) if mask[1] else 0
    found = agree(operator, *arguments, not_read=tuple(not_read), skipped=skipped)
    grouped = conv.groups > 1 and mask[1]
    if not grouped and mask[:2] != [False, False]:
        assert found.flop == counted(operator, *arguments)


@pytest.mark.parametrize("transposed", [False, True])
@given(data=st.data())
def test_library_convolutions(transposed: bool, data: st.DataObject) -> None:
    """cuDNN's, MIOpen's and oneDNN's operators name the same settings in an order of their own:
    the operations are those of `convolution`, which PyTorch counts."""
    conv = data.draw(convolutions(transposed))
    expected = counted(aten.convolution.default, *conv.arguments)
    pads = (conv.padding, conv.output_padding) if transposed else (conv.padding,)
    settings = (*pads, conv.stride, conv.dilation, conv.groups)
    flags = (False, True, False)
    cudnn = aten.cudnn_convolution_transpose if transposed else aten.cudnn_convolution
    miopen = aten.miopen_convolution_transpose if transposed else aten.miopen_convolution
    for operator, arguments in (
        (cudnn.default, (conv.x, conv.weight, *settings, *flags)),
        (miopen.default, (conv.x, conv.weight, conv.bias, *settings, *flags[:2])),
    ):
        found = record(operator, *arguments, may_fail=True).work()
        assert found.flop == expected
        assert found.outputs[0].shape == tuple(conv.result.shape)
    if not transposed:
        arguments = (conv.x, conv.weight, conv.bias, *settings)
        found = agree(aten.mkldnn_convolution.default, *arguments, skipped=conv.skipped(conv.x))
        assert found.flop == expected
        assert (
            formula(
                aten.cudnn_convolution, conv.x, conv.weight, *settings, *flags, result=conv.result
            )
            == expected
        )
