"""Builds operator calls as a trace records them."""

from __future__ import annotations

import json
from typing import Any

from ncutool.work.operators import NoModel, OpCall, Work, model, parse_call

TYPES = {
    "bf16": "c10::BFloat16",
    "fp16": "c10::Half",
    "fp32": "float",
    "fp64": "double",
    "fp8": "c10::Float8_e4m3fn",
    "int64": "long int",
    "int32": "int",
    "int8": "signed char",
    "uint8": "unsigned char",
    "bool": "bool",
    "complex64": "c10::complex<float>",
}

Dims = list[Any]


def call(
    name: str,
    *arguments: tuple[Dims, str] | str | None,
    strides: list[Dims] | None = None,
    **context: Any,
) -> OpCall:
    """A call whose arguments are (shape, dtype) tensors, concrete values, or None for absent.

    A shape of shapes is a tensor list, whose data type is not recorded.
    """
    dims: list[Dims] = []
    types: list[str] = []
    values: list[str] = []
    for argument in arguments:
        if isinstance(argument, tuple):
            shape, dtype = argument
            nested = bool(shape) and isinstance(shape[0], list)
            dims.append(shape)
            types.append("TensorList" if nested else TYPES[dtype])
            values.append("")
        else:
            dims.append([])
            types.append("" if argument is None else "Scalar")
            values.append(argument or "")
    return parse_call(
        name,
        json.dumps(dims),
        json.dumps(types),
        None if strides is None else json.dumps(strides),
        json.dumps(values),
        **context,
    )


def work(built: OpCall) -> Work:
    """The call's work, which must be known."""
    found = model(built)
    assert isinstance(found, Work), found
    return found


def reason(built: OpCall) -> str:
    """Why the call's work is not known."""
    found = model(built)
    assert isinstance(found, NoModel), found
    return found.reason
