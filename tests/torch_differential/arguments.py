"""Draws tensors of any layout, and whole argument lists from an operator's schema."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import strategies as st

from torch_differential.memory import fill

FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)
COMPLEX = (torch.complex64, torch.complex128)
EVERY = (*FLOATS, *INTEGERS, *COMPLEX, torch.bool)
OVERRUN = ("aten::tril", "aten::triu")
"""Operators of PyTorch 2.13 that write past the end of an `out=` of four or more dimensions whose
batches are permuted: they are given contiguous memory only."""
LAYOUTS = ("plain", "transposed", "stepped", "offset", "expanded")

Shape = tuple[int, ...]


def shapes(low: int = 0, high: int = 4, largest: int = 5) -> st.SearchStrategy[Shape]:
    """Shapes of ``low`` to ``high`` dimensions, sizes of 1 among them."""
    return st.lists(st.integers(1, largest), min_size=low, max_size=high).map(tuple)


@st.composite
def tensors(
    draw: st.DrawFn,
    shape: Shape,
    dtype: torch.dtype,
    layouts: tuple[str, ...] = LAYOUTS,
) -> torch.Tensor:
    """A tensor of this shape in contiguous, permuted, strided, offset or expanded memory."""
    layout = draw(st.sampled_from(layouts)) if shape else "plain"
    seed = draw(st.integers(0, 9))
    if layout == "transposed":
        order = draw(st.permutations(range(len(shape))))
        inner = _filled(tuple(shape[axis] for axis in order), dtype, seed)
        return inner.permute(*(order.index(axis) for axis in range(len(shape))))
    if layout == "stepped":
        axis = draw(st.integers(0, len(shape) - 1))
        wide = (*shape[:axis], 2 * shape[axis], *shape[axis + 1 :])
        index = [slice(None)] * len(shape)
        index[axis] = slice(None, None, 2)
        return _filled(wide, dtype, seed)[tuple(index)]
    if layout == "offset":
        wide = (*shape[:-1], shape[-1] + 3)
        return _filled(wide, dtype, seed)[..., 2 : 2 + shape[-1]]
    if layout == "expanded":
        kept = tuple(size if draw(st.booleans()) else 1 for size in shape)
        return _filled(kept, dtype, seed).expand(shape)
    return _filled(shape, dtype, seed)


def _filled(shape: Shape, dtype: torch.dtype, seed: int) -> torch.Tensor:
    tensor = torch.empty(shape, dtype=dtype)
    fill(tensor, seed)
    return tensor


@st.composite
def narrowed(draw: st.DrawFn, shape: Shape) -> Shape:
    """A shape that broadcasts to ``shape``: leading dimensions dropped, others made 1."""
    kept = shape[draw(st.integers(0, len(shape))) :]
    return tuple(size if draw(st.booleans()) else 1 for size in kept)


_NUMBERS = st.sampled_from([2, 3, 0.5, 2.5, -1, True])


@st.composite
def pointwise(
    draw: st.DrawFn, overload: Any, dtypes: tuple[torch.dtype, ...], same_dtype: bool
) -> tuple[list[Any], dict[str, Any]]:
    """Arguments of an elementwise overload: tensors that broadcast, numbers of any kind.

    What it writes into has the broadcast shape, in memory without expanded dimensions.
    """
    shape = draw(shapes())
    first = draw(st.sampled_from(dtypes))
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for argument in overload._schema.arguments:
        kind = str(argument.type)
        if argument.is_out or argument.is_write:
            overrun = argument.is_out and overload._schema.name in OVERRUN
            layouts = ("plain",) if overrun else LAYOUTS[:-1]
            value: Any = draw(tensors(shape, first, layouts))
        elif kind in ("Tensor", "Optional[Tensor]"):
            dtype = first if same_dtype else draw(st.sampled_from(dtypes))
            full = same_dtype or not any(isinstance(item, torch.Tensor) for item in positional)
            value = draw(tensors(shape if full else draw(narrowed(shape)), dtype))
        elif kind == "number":
            value = draw(_NUMBERS)
        elif argument.has_default_value():
            continue
        else:
            value = _plain(draw, kind)
        if argument.kwarg_only:
            named[argument.name] = value
        else:
            positional.append(value)
    return positional, named


def _plain(draw: st.DrawFn, kind: str) -> Any:
    if kind == "float":
        return draw(st.sampled_from([0.5, 1.5]))
    if kind == "bool":
        return draw(st.booleans())
    return 1 if kind == "int" else None
