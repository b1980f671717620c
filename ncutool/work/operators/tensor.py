"""Tensors as a trace records them: shape, data type, strides, and the bytes behind them."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

DTYPES: dict[str, str] = {
    "double": "fp64",
    "float": "fp32",
    "c10::Half": "fp16",
    "c10::BFloat16": "bf16",
    "c10::bfloat16": "bf16",
    "c10::Float8_e4m3fn": "fp8",
    "c10::Float8_e4m3fnuz": "fp8",
    "c10::Float8_e5m2": "fp8",
    "c10::Float8_e5m2fnuz": "fp8",
    "c10::Float8_e8m0fnu": "e8m0",
    "c10::Float4_e2m1fn_x2": "fp4",
    "c10::complex<float>": "complex64",
    "c10::complex<double>": "complex128",
    "long int": "int64",
    "long": "int64",
    "long long": "int64",
    "unsigned long": "uint64",
    "int": "int32",
    "unsigned int": "uint32",
    "short int": "int16",
    "short": "int16",
    "unsigned short": "uint16",
    "signed char": "int8",
    "unsigned char": "uint8",
    "bool": "bool",
    "c10::qint8": "int8",
    "c10::quint8": "uint8",
}
"""`Input type` of a tensor as Kineto writes it -> our name. Case matters: `Int`, `Bool` and
`Double` are Python scalars in the 2021 exports, not tensors."""

COLLECTIVE_DTYPES: dict[str, str] = {
    "Double": "fp64",
    "Float": "fp32",
    "Half": "fp16",
    "BFloat16": "bf16",
    "Float8_e4m3fn": "fp8",
    "Float8_e4m3fnuz": "fp8",
    "Float8_e5m2": "fp8",
    "Long": "int64",
    "Int": "int32",
    "Short": "int16",
    "Char": "int8",
    "Byte": "uint8",
    "Bool": "bool",
}
"""NCCL metadata spells the data types as torch does in Python, without `c10::`."""

SCALAR_TYPES: dict[int, str] = {
    0: "uint8",
    1: "int8",
    2: "int16",
    3: "int32",
    4: "int64",
    5: "fp16",
    6: "fp32",
    7: "fp64",
    9: "complex64",
    10: "complex128",
    11: "bool",
    15: "bf16",
    23: "fp8",
    24: "fp8",
    25: "fp8",
    26: "fp8",
}
"""c10::ScalarType as `Concrete Inputs` writes a `dtype=` argument."""

ITEMSIZE: dict[str, int] = {
    "fp64": 8,
    "fp32": 4,
    "tf32": 4,
    "fp16": 2,
    "bf16": 2,
    "fp8": 1,
    "e8m0": 1,
    "fp4": 1,  # two values packed in one element of one byte
    "complex64": 8,
    "complex128": 16,
    "int64": 8,
    "uint64": 8,
    "int32": 4,
    "uint32": 4,
    "int16": 2,
    "uint16": 2,
    "int8": 1,
    "uint8": 1,
    "bool": 1,
}
"""Bytes of one element."""

_CATEGORY = {"bool": 0, "int": 1, "float": 2, "complex": 3}


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor argument or result. ``dtype`` and ``strides`` are None where not recorded."""

    shape: tuple[int, ...]
    dtype: str | None = None
    strides: tuple[int, ...] | None = None
    """In elements; 0 where a dimension was expanded."""
    element_bytes: int | None = None
    """Size of an element where only that is known (list arguments record no data type)."""

    @property
    def itemsize(self) -> int | None:
        """Bytes of one element, or None where neither data type nor size is known."""
        if self.dtype is not None:
            return ITEMSIZE.get(self.dtype)
        return self.element_bytes

    @property
    def numel(self) -> int:
        """Elements as indexed, expanded ones counted each time."""
        return prod(self.shape)

    @property
    def stored(self) -> int:
        """Distinct elements in memory: an expanded dimension counts once, windows overlap."""
        if self.strides is None or self.numel == 0:
            return self.numel
        pairs = list(zip(self.shape, self.strides, strict=True))
        span = 1 + sum((size - 1) * abs(stride) for size, stride in pairs)
        return min(prod(size for size, stride in pairs if stride != 0), span)

    @property
    def read_bytes(self) -> int | None:
        """Bytes to read it once; 0 for a 0-dim tensor, which mostly wraps a Python number."""
        if not self.shape:
            return 0
        return None if self.itemsize is None else self.stored * self.itemsize

    @property
    def write_bytes(self) -> int | None:
        """Bytes to write every element once."""
        return None if self.itemsize is None else self.numel * self.itemsize


@dataclass(frozen=True, slots=True)
class TensorList:
    """A list of tensors. A trace records its shapes (not always) but never its data type."""

    tensors: tuple[Tensor, ...] | None
    """None where the shapes are not recorded."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """Any other argument; ``value`` is None where it was absent or not recorded."""

    value: bool | int | float | str | tuple[int | float | bool, ...] | None = None
    kind: str = ""
    """`Input type` as recorded, `` for an absent argument."""


Argument = Tensor | TensorList | Scalar


def category(dtype: str) -> str:
    """`bool`, `int`, `float` or `complex`."""
    if dtype == "bool":
        return "bool"
    if dtype.startswith("complex"):
        return "complex"
    return "int" if dtype.startswith(("int", "uint")) else "float"


def is_floating(dtype: str | None) -> bool:
    """Whether arithmetic in ``dtype`` is floating point; an unrecorded type is taken for it."""
    return dtype is None or category(dtype) in ("float", "complex")


def promote(tensors: tuple[Tensor, ...], *, scalar_is_float: bool = False) -> str | None:
    """Data type of an operation over ``tensors`` by PyTorch's type promotion rules.

    A 0-dim tensor (often a wrapped Python number) does not promote a dimensioned tensor of the
    same category, and a Python float turns integers into the default type, fp32.
    None where a data type that decides is not recorded.
    """
    dimensioned = [tensor.dtype for tensor in tensors if tensor.shape]
    zero_dim = [tensor.dtype for tensor in tensors if not tensor.shape]
    deciding = dimensioned or zero_dim
    if not deciding or any(dtype is None for dtype in deciding):
        return None
    result = _widest([dtype for dtype in deciding if dtype is not None])
    others = [dtype for dtype in zero_dim if dtype is not None] if dimensioned else []
    wrapped = max((_CATEGORY[category(dtype)] for dtype in others), default=0)
    if scalar_is_float:
        wrapped = max(wrapped, _CATEGORY["float"])
    if wrapped <= _CATEGORY[category(result)]:
        return result
    return {1: "int64", 2: "fp32", 3: "complex64"}[wrapped]


def _widest(dtypes: list[str]) -> str:
    top = max(_CATEGORY[category(dtype)] for dtype in dtypes)
    candidates = {dtype for dtype in dtypes if _CATEGORY[category(dtype)] == top}
    if candidates == {"fp16", "bf16"}:
        return "fp32"
    if candidates == {"int8", "uint8"}:
        return "int16"
    return max(sorted(candidates), key=lambda dtype: ITEMSIZE[dtype])


def broadcast(*shapes: tuple[int, ...]) -> tuple[int, ...] | None:
    """The common shape, right-aligned, sizes of 1 stretched; None where they do not fit."""
    result: list[int] = []
    for position in range(1, max((len(shape) for shape in shapes), default=0) + 1):
        sizes = {shape[-position] for shape in shapes if len(shape) >= position} - {1}
        if len(sizes) > 1:
            return None
        result.append(sizes.pop() if sizes else 1)
    return tuple(reversed(result))
