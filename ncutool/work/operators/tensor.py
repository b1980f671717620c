"""Tensors as a trace records them: shape, data type, strides, and the bytes behind them."""

from __future__ import annotations

from functools import reduce
from math import prod

from msgspec import Struct

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
    "c10::complex<c10::Half>": "complex32",
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
    8: "complex32",
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
    "complex32": 4,
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


class Tensor(Struct, frozen=True):
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
        return _distinct(self.shape, self.strides)

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


def _distinct(shape: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """Distinct values of Σ i·stride with 0 <= i < size.

    From the smallest stride up, places either lie apart (count times size) or, on an unbroken
    run of multiples of one step, prolong it. Where they overlap in neither way the figure is
    the lesser of all elements and all places spanned, and may be too high.
    """
    pairs = sorted((abs(s), n) for n, s in zip(shape, strides, strict=True) if s and n > 1)
    count, reach, run = 1, 0, True  # places, distance from first to last, whether unbroken
    step = pairs[0][0] if pairs else 1
    for stride, size in pairs:
        further = reach + (size - 1) * stride
        unbroken = run and stride % step == 0
        if unbroken and stride <= reach + step:
            count = further // step + 1
        elif stride > reach:
            count, run = count * size, False
        else:
            count, run = min(count * size, further + 1), False
        reach = further
    return count


class TensorList(Struct, frozen=True):
    """A list of tensors. A trace records its shapes (not always) but never its data type."""

    tensors: tuple[Tensor, ...] | None
    """None where the shapes are not recorded."""


class Scalar(Struct, frozen=True):
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


def promote(tensors: tuple[Tensor, ...], numbers: tuple[object, ...] = ()) -> str | None:
    """Return the data type of an operation on tensors and Python numbers by PyTorch's promotion.

    A 0-dim tensor does not promote a dimensioned tensor of the same category. Of a higher
    category it does, in its own type; but a trace records a Python number as a 0-dim tensor of
    type double, long or complex double, which stands for the default type of its category: a
    true 0-dim tensor of these types, which is rare, is taken for a number.
    None where a data type that decides is not recorded.
    """
    shaped = [tensor.dtype for tensor in tensors if tensor.shape]
    single = [tensor.dtype for tensor in tensors if not tensor.shape]
    written = [_number_dtype(number) for number in numbers]
    if any(dtype is None for dtype in shaped or single):
        return None
    alone = not shaped
    true = [dtype for dtype in single if dtype and (alone or dtype not in _NUMBER)]
    wrapped = [] if alone else [_NUMBER[dtype] for dtype in single if dtype in _NUMBER]
    parts = (shaped, true, [*wrapped, *written])
    kinds = [
        reduce(_wider, known) for part in parts if (known := [dtype for dtype in part if dtype])
    ]
    return reduce(_preferred, kinds) if kinds else None


_NUMBER = {"int64": "int64", "fp64": "fp32", "complex128": "complex64"}
"""Type a Python number is recorded with -> type it stands for."""
_COMPLEX = {"fp16": "complex32", "bf16": "complex64", "fp32": "complex64", "fp64": "complex128"}
"""Floating-point type -> the complex type made of it."""
REAL = {"complex32": "fp16", "complex64": "fp32", "complex128": "fp64"}
"""Complex type -> the type of its two parts."""


def _preferred(higher: str, lower: str) -> str:
    """Return the type of ``higher`` unless ``lower`` is of a higher category."""
    if _CATEGORY[category(lower)] <= _CATEGORY[category(higher)]:
        return higher
    return _COMPLEX[higher] if higher in _COMPLEX else _wider(higher, lower)


def _number_dtype(number: object) -> str | None:
    """Return the type that a Python number promotes to; None for what is no number."""
    if isinstance(number, bool):
        return "bool"
    if isinstance(number, int):
        return "int64"
    if isinstance(number, str) and number.endswith("j"):
        return "complex64"  # the profiler writes `1.+2.j`
    return "fp32" if isinstance(number, float) else None


def _wider(a: str, b: str) -> str:
    """Return the type that holds both."""
    low, high = sorted((a, b), key=lambda dtype: (_CATEGORY[category(dtype)], ITEMSIZE[dtype]))
    if category(high) == "complex":
        part = low if category(low) == "float" else REAL.get(low, REAL[high])
        return _COMPLEX.get(_wider(part, REAL[high]), high)
    if {a, b} == {"fp16", "bf16"}:
        return "fp32"
    if {a, b} == {"int8", "uint8"}:
        return "int16"
    return high


def broadcast(*shapes: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the common shape, right-aligned, sizes of 1 stretched; None where they do not fit."""
    result: list[int] = []
    for position in range(1, max((len(shape) for shape in shapes), default=0) + 1):
        sizes = {shape[-position] for shape in shapes if len(shape) >= position} - {1}
        if len(sizes) > 1:
            return None
        result.append(sizes.pop() if sizes else 1)
    return tuple(reversed(result))
