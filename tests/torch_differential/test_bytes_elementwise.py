"""Elementwise operators: bytes, result shapes and data types against real runs on the CPU."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, reject
from hypothesis import strategies as st

from ncutool.work.operators.elementwise import RULES
from torch_differential.arguments import COMPLEX, EVERY, FLOATS, pointwise, shapes, tensors
from torch_differential.comparison import agree
from torch_differential.recording import DTYPE_NAMES

aten = torch.ops.aten

OWN_ARGUMENTS = ("clamp", "flip", "roll", "masked_fill")
"""Operators whose arguments no schema alone can give."""
ONE_FLOAT_TYPE = ("_backward", "binary_cross_entropy_with_logits")
"""Autograd gives these arguments of one floating-point type; they refuse or garble others."""


def _overloads(base: str) -> list[Any]:
    """Every form of an operator that takes a tensor: plain, with numbers, in place, `out=`."""
    packets = [getattr(aten, name, None) for name in (base, f"{base}_")]
    found = [getattr(packet, item) for packet in packets if packet for item in packet.overloads()]
    return [item for item in found if _is_modelled(item)]


def _is_modelled(overload: Any) -> bool:
    kinds = [str(argument.type) for argument in overload._schema.arguments]
    return (
        any("Tensor" in kind for kind in kinds)
        and "List[Tensor]" not in kinds
        and overload is not aten.where.default  # `where(condition)` is `nonzero`
    )


@pytest.mark.parametrize("base", sorted(set(RULES) - set(OWN_ARGUMENTS)))
@given(data=st.data())
def test_elementwise_operators_move_what_a_real_run_addresses(
    base: str, data: st.DataObject
) -> None:
    """In every form, layout, mix of data types and broadcast: bytes, result shape and type."""
    overload = data.draw(st.sampled_from(_overloads(base)))
    plain = base.endswith(ONE_FLOAT_TYPE)
    args, kwargs = data.draw(pointwise(overload, FLOATS if plain else EVERY, plain))
    if _hides_a_number(args):
        reject()  # test_a_0_dim_tensor_is_taken_for_a_number holds these
    agree(overload, *args, **kwargs)


def _hides_a_number(args: list[Any]) -> bool:
    """Whether a true 0-dim tensor of a type that a Python number is recorded with stands among
    tensors of a lower category."""
    given = [item for item in args if isinstance(item, torch.Tensor)]
    wide = [item for item in given if not item.dim()]
    return any(item.dtype in (torch.float64, torch.complex128) for item in wide) and len(given) > 1


@given(data=st.data())
def test_operators_with_arguments_of_their_own(data: st.DataObject) -> None:
    """clamp, flip, roll and masked_fill, out of place and in place where there is such a form."""
    shape = data.draw(shapes(low=1))
    x = data.draw(tensors(shape, data.draw(st.sampled_from(FLOATS))))
    plain = data.draw(tensors(shape, x.dtype, ("plain", "stepped", "transposed")))
    mask = data.draw(tensors(shape, torch.bool))
    low, high = data.draw(st.sampled_from([(0.5, None), (None, 2), (-1, 1.5)]))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    agree(aten.clamp.default, x, low, high)
    agree(aten.clamp_.default, plain, low, high)
    agree(aten.flip.default, x, [axis])
    agree(aten.roll.default, x, [2], [axis])
    agree(aten.masked_fill.Scalar, x, mask, 1.5)
    agree(aten.masked_fill.Tensor, x, mask, torch.tensor(1.5))
    agree(aten.masked_fill_.Scalar, plain, mask, 1.5)


@given(data=st.data())
def test_python_numbers_promote_as_pytorch_promotes_them(data: st.DataObject) -> None:
    """A number beside a tensor of any type, as `x + 2.5` records it."""
    dtype = data.draw(st.sampled_from(EVERY))
    x = data.draw(tensors(data.draw(shapes(low=1)), dtype))
    number = data.draw(st.sampled_from([2, 2.5, True, 1 + 2j]))
    operator = data.draw(st.sampled_from([aten.mul, aten.add, aten.div, aten.eq, aten.pow]))
    agree(operator.Tensor_Scalar if operator is aten.pow else operator.Tensor, x, number)


@pytest.mark.parametrize("wide", [torch.float64, torch.complex128])
def test_a_0_dim_tensor_is_taken_for_a_number(wide: torch.dtype) -> None:
    """A trace records `x * 2.5` and `x * torch.tensor(2.5, dtype=float64)` alike, though with
    an integer x the results differ: the far commoner number is assumed."""
    x, number = torch.arange(6), 2.5 if wide == torch.float64 else 2.5j
    as_number = agree(aten.mul.Tensor, x, number)
    as_tensor = aten.mul.Tensor(x, torch.tensor(number, dtype=wide))
    assert DTYPE_NAMES[as_tensor.dtype] != as_number.outputs[0].dtype
    assert as_number.outputs[0].dtype in ("fp32", "complex64")


@given(data=st.data())
def test_random_masks_and_losses(data: st.DataObject) -> None:
    """Dropout's two results, GELU both ways, and losses with each reduction."""
    dtype = data.draw(st.sampled_from(FLOATS))
    shape = data.draw(shapes(low=1))
    x, y = (data.draw(tensors(shape, dtype)) for _ in range(2))
    how = data.draw(st.sampled_from(["none", "tanh"]))
    kind = data.draw(st.integers(0, 2))
    agree(aten.native_dropout.default, x, 0.5, True)
    agree(aten.gelu.default, x, approximate=how)
    agree(aten.gelu_backward.default, x, y, approximate=how)
    agree(aten.mse_loss.default, x, y, kind)
    agree(aten.binary_cross_entropy_with_logits.default, x, y, None, None, kind)


@pytest.mark.parametrize("dtype", COMPLEX)
def test_the_length_of_a_complex_number_is_real(dtype: torch.dtype) -> None:
    """`abs` of n complex numbers writes n real ones."""
    assert agree(aten.abs.default, torch.ones(3, 5, dtype=dtype)).bytes_written == 15 * (
        dtype.itemsize // 2
    )
