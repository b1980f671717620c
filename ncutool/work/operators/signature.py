"""A row of `signatures` (JSON text exactly as in the trace) becomes an :class:`OpCall`."""

from __future__ import annotations

from functools import lru_cache
from math import prod

from ncutool.base.recorded import json_list
from ncutool.work.operators.call import OpCall
from ncutool.work.operators.tensor import DTYPES, Argument, Scalar, Tensor, TensorList

_MAX_ELEMENTS = 2**62
"""A tensor past this is damaged text, not a tensor."""
_MAX_RANK = 64
_LARGEST_INTEGER = 2**63
_LARGEST_NUMBER = 1e300
_NOT_TENSORS = frozenset(
    ("Scalar", "ScalarList", "GenericList", "Int", "Bool", "Double", "String", "Device", "None")
)


def parse_call(
    name: str,
    input_dims: str | None,
    input_types: str | None = None,
    input_strides: str | None = None,
    concrete_inputs: str | None = None,
    *,
    parent: OpCall | None = None,
    list_element_bytes: int | None = None,
    output_shape: tuple[int, ...] | None = None,
    backend: str | None = None,
    operand_dtype: str | None = None,
) -> OpCall:
    """Return the call. Text that does not parse counts as not recorded; nothing is raised for it.

    Both eras are read: since 2021 `Input type` says which argument is a tensor; before, an
    argument with dimensions is one, and its data type is ``operand_dtype``: what the name of the
    kernel proves for all of them, or None.
    """
    dims, types, strides, values = (
        _recorded(text) or [] for text in (input_dims, input_types, input_strides, concrete_inputs)
    )
    untyped = None if types else operand_dtype
    inputs = tuple(
        _argument(
            _at(dims, i), _at(types, i), _at(strides, i), _at(values, i), bool(types), untyped
        )
        for i in range(len(dims))
    )
    return OpCall(name, inputs, parent, list_element_bytes, output_shape, backend)


_recorded = lru_cache(maxsize=4096)(json_list)
"""Calls of many sizes share their types, strides and concrete values."""


def _argument(
    dims: object, kind: object, strides: object, value: object, typed: bool, untyped: str | None
) -> Argument:
    name = kind if isinstance(kind, str) else ""
    nested = isinstance(dims, list) and list in map(type, dims)
    if name == "TensorList" or nested:
        return _tensor_list(dims, strides)
    shape = _sizes(dims)
    if name in _NOT_TENSORS or shape is None:
        return Scalar(_value(value), name)
    if name in DTYPES:
        return Tensor(shape, DTYPES[name], _strides(strides, shape))
    if shape:
        return Tensor(shape, untyped, _strides(strides, shape))
    return Scalar(_value(value), name if typed else "")


def _tensor_list(dims: object, strides: object) -> TensorList:
    items = dims if isinstance(dims, list) else []
    steps = strides if isinstance(strides, list) else []
    tensors: list[Tensor] = []
    for index, item in enumerate(items):
        shape = _sizes(item)
        if shape is None:
            return TensorList(None)
        tensors.append(Tensor(shape, None, _strides(_at(steps, index), shape)))
    return TensorList(tuple(tensors) if tensors else None)


def _sizes(dims: object) -> tuple[int, ...] | None:
    if not isinstance(dims, list) or len(dims) > _MAX_RANK or not _whole_numbers(dims):
        return None
    sizes: tuple[int, ...] = tuple(dims)
    if sizes and (min(sizes) < 0 or max(sizes) > _MAX_ELEMENTS or prod(sizes) > _MAX_ELEMENTS):
        return None
    return sizes


def _strides(strides: object, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    if not isinstance(strides, list) or len(strides) != len(shape) or not _whole_numbers(strides):
        return None
    return tuple(strides)


def _whole_numbers(items: list[object]) -> bool:
    """Whether all parts of a parsed list are integers, which truth values are not."""
    return set(map(type, items)) <= {int}


def _value(text: object) -> bool | int | float | str | tuple[int | float | bool, ...] | None:
    """Return a concrete value from the profiler's text: `True`, `-1`, `0.`, `[1, 1]`, ``."""
    if not isinstance(text, str):
        return _bounded(text) if isinstance(text, bool | int | float) else None
    stripped = text.strip()
    if not stripped or stripped == "None":
        return None
    if stripped.startswith("[") and stripped.endswith("]"):
        parts = [part.strip() for part in stripped[1:-1].split(",") if part.strip()]
        items = [_atom(part) for part in parts]
        return tuple(item for item in items if item is not None and not isinstance(item, str))
    return _atom(stripped)


def _atom(text: str) -> bool | int | float | str | None:
    if text in ("True", "False", "true", "false"):
        return text in ("True", "true")
    if len(text) > 40:
        return text
    try:
        return _bounded(int(text))
    except ValueError:
        pass
    try:
        return _bounded(float(text))
    except ValueError:
        return text


def _bounded(number: float) -> float | None:
    """Return a number, None for one that no argument of an operator is."""
    most = _LARGEST_INTEGER if isinstance(number, int) else _LARGEST_NUMBER
    return number if abs(number) <= most else None  # NaN is no number at all


def _at(items: list[object], index: int) -> object:
    return items[index] if index < len(items) else None
