"""The data types a product or an attention is planned in, and the roofs their arithmetic meets."""

from __future__ import annotations

from msgspec import Struct

from ncutool.base.checks import check_name


class MathType(Struct, frozen=True):
    """What operands are stored as and what their products are held against."""

    name: str
    element: str
    """Data type of the operand tensors (names of :mod:`ncutool.work.operators.tensor`)."""
    roofs: tuple[str, ...]
    """Roofs (:data:`ncutool.base.roofs.ROOFS`), the first a device has wins; never one of another
    type: a device without them has no floor for it."""
    result: str
    """Data type of the result where none is asked for."""
    packed: int = 1
    """Values in one stored element along K."""
    scaled: int = 0
    """Values that share a one-byte scale along K; 0 where no scales are counted."""


_TYPES = (
    MathType("fp64", "fp64", ("fp64_tensor", "fp64"), "fp64"),
    MathType("fp32", "fp32", ("fp32",), "fp32"),
    MathType("tf32", "fp32", ("tf32_tensor",), "fp32"),
    MathType("fp16", "fp16", ("fp16_tensor", "fp16"), "fp16"),
    MathType("bf16", "bf16", ("bf16_tensor",), "bf16"),
    MathType("fp8", "fp8", ("fp8_tensor",), "bf16"),
    MathType("int8", "int8", ("int8_tensor",), "int32"),
    MathType("fp4", "fp4", ("fp4_tensor",), "bf16", packed=2),
    MathType("mxfp8", "fp8", ("fp8_tensor",), "bf16", scaled=32),
    MathType("mxfp4", "fp4", ("fp4_tensor",), "bf16", packed=2, scaled=32),
    MathType("nvfp4", "fp4", ("fp4_tensor",), "bf16", packed=2, scaled=16),
)
MATH_TYPES: dict[str, MathType] = {each.name: each for each in _TYPES}
RESULT_TYPES = ("fp64", "fp32", "fp16", "bf16", "fp8", "int32", "int8")
ATTENTION_TYPES = ("fp32", "tf32", "fp16", "bf16", "fp8")
CACHE_TYPES = ("fp32", "fp16", "bf16", "fp8")


def math_type(name: str, allowed: tuple[str, ...] = tuple(MATH_TYPES)) -> MathType:
    """Return the type named ``name``.

    Raises:
        UsageError: there is none, or it is not one of ``allowed``.
    """
    return MATH_TYPES[check_name("data type", name, allowed)]
