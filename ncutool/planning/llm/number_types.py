"""How many bytes a stored number takes, scales and all, and which roof its arithmetic meets."""

from __future__ import annotations

from msgspec import Struct

from ncutool.base.checks import check_name
from ncutool_parsers.errors import UsageError


class NumberType(Struct, frozen=True):
    """A data type as weights, cache or activations are stored in it."""

    name: str
    value_bits: int
    scale_bits_per_value: float
    """Scales and zero points, shared by a group of values."""
    storage: str
    """What is counted, and what is left out as too small to show."""
    roofs: tuple[str, ...]
    """Roofs (:data:`ncutool.base.roofs.ROOFS`) its arithmetic may meet: the first that a device
    has wins."""
    is_stored_only: bool = False
    """Whether it is a way to store weights that no arithmetic works on directly."""

    @property
    def bytes_per_value(self) -> float:
        """Mean size of a value with its share of the scales."""
        return (self.value_bits + self.scale_bits_per_value) / 8


_HALF = ("bf16_tensor", "fp16_tensor", "fp16", "fp32")
_TYPES = (
    NumberType("fp32", 32, 0, "4 bytes", ("tf32_tensor", "fp32")),
    NumberType("bf16", 16, 0, "2 bytes", _HALF),
    NumberType("fp16", 16, 0, "2 bytes", ("fp16_tensor", *_HALF[2:])),
    NumberType(
        "fp8",
        8,
        0,
        "1 byte; a 4-byte scale a tensor, or for each 128 × 128 block (0.02 %), is not counted",
        ("fp8_tensor", *_HALF),
    ),
    NumberType(
        "int8",
        8,
        0,
        "1 byte; a 2-byte scale a channel of 1,024 values or more (under 0.2 %) is not counted",
        ("int8_tensor", *_HALF),
    ),
    NumberType(
        "int4",
        4,
        20 / 128,
        "4 bits, and for each 128 values a 16-bit scale and a 4-bit zero point: 0.5195 bytes",
        ("int4_tensor", "int8_tensor", *_HALF),
    ),
    NumberType(
        "mxfp4",
        4,
        8 / 32,
        "4 bits, and for each 32 values an 8-bit scale (OCP Microscaling): 0.53125 bytes",
        ("fp4_tensor", "fp8_tensor", *_HALF),
    ),
    NumberType(
        "nvfp4",
        4,
        8 / 16,
        "4 bits, and for each 16 values an 8-bit scale: 0.5625 bytes",
        ("fp4_tensor", "fp8_tensor", *_HALF),
    ),
)
NUMBER_TYPES: dict[str, NumberType] = {each.name: each for each in _TYPES}
CACHE_TYPES = ("fp32", "bf16", "fp16", "fp8", "int8", "int4", "nvfp4")
"""Types a key-value cache is kept in."""
ACTIVATION_TYPES = ("fp32", "bf16", "fp16", "fp8", "int8", "int4", "mxfp4", "nvfp4")
_INTEGERS = ("int8", "int4")


def grouped(
    name: str, bits: int, group: int | None, scale_bits: float, *, weight_only: bool
) -> NumberType:
    """Return the type of a checkpoint that shares ``scale_bits`` among ``group`` values.

    Args:
        name: of the :data:`NUMBER_TYPES` whose arithmetic it does.
        group: values that share scales; None is a whole channel or matrix, too many to count.
        weight_only: whether inputs stay as trained.
    """
    shared = 0.0 if group is None else scale_bits / group
    of = "a channel or more" if group is None else f"{group} values"
    kept = f"{(bits + shared) / 8:.4g}"
    storage = f"{bits} bits, and for each {of} {scale_bits:.4g} bits of scales: {kept} bytes"
    if group is None:
        storage = f"{bits} bits; scales of a channel or more are too few to count"
    known = NUMBER_TYPES[name]
    if not weight_only and (bits, shared) == (known.value_bits, known.scale_bits_per_value):
        return known
    return NumberType(name, bits, shared, storage, known.roofs, weight_only)


def number_type(name: str, role: str, allowed: tuple[str, ...] | None = None) -> NumberType:
    """Return the type named ``name``.

    Raises:
        UsageError: there is none, or it is not one of ``allowed``; ``role`` says what it was for.
    """
    return NUMBER_TYPES[check_name(f"{role} type", name, allowed or NUMBER_TYPES)]


def math_type(stored: NumberType, activations: NumberType) -> NumberType:
    """Return the type two operands meet in: narrower weights are widened to the activations' type.

    Raises:
        UsageError: integer activations against weights that are none.
    """
    if activations.name in _INTEGERS and stored.name not in _INTEGERS:
        raise UsageError(
            f"{activations.name} activations go with int8 or int4 weights, not {stored.name}"
        )
    return activations if stored.value_bits <= activations.value_bits else stored
