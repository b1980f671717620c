"""Real operations of one step of arithmetic, by the data type of its operands."""

from __future__ import annotations

from ncutool.work.operators.tensor import category


def is_complex(dtype: str | None) -> bool:
    """Whether ``dtype`` is of complex numbers."""
    return dtype is not None and category(dtype) == "complex"


def multiply_add(dtype: str | None) -> int:
    """Real operations of one multiply-add: of complex numbers 4 products and 4 sums."""
    return 8 if is_complex(dtype) else 2


def multiplication(dtype: str | None) -> int:
    """Real operations of one multiplication: of complex numbers 4 products and 2 sums."""
    return 6 if is_complex(dtype) else 1


def addition(dtype: str | None) -> int:
    """Real operations of one addition: of complex numbers one for each of the two parts."""
    return 2 if is_complex(dtype) else 1


def packed(dtype: str | None) -> int:
    """Values in one element: FP4 packs two in a byte."""
    return 2 if dtype == "fp4" else 1
