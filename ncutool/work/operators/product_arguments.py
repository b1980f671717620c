"""Arguments of PyTorch's matrix products, and the data type of what they give."""

from __future__ import annotations

from ncutool.work.operators.call import OpCall, UnmodelledError
from ncutool.work.operators.overloads import Arguments, read
from ncutool.work.operators.tensor import SCALAR_TYPES, Tensor

_TYPED = "ScalarType out_dtype"
_SCALED = "Scalar beta, Scalar alpha"


def _with_results(operands: str, factors: str = "", *, typed: bool = False) -> tuple[str, ...]:
    """Return the signatures of a product: plain, with `out`, and with `out_dtype` where ``typed``.

    The data type of the result stands before the factors, and moves them by one.
    """
    ends = [factors, f"{factors}, Tensor out" if factors else "Tensor out"]
    plain = [f"{operands}, {end}" if end else operands for end in ends]
    moved = [f"{operands}, {_TYPED}, {end}" if end else f"{operands}, {_TYPED}" for end in ends]
    return (*plain, *moved) if typed else tuple(plain)


SIGNATURES: dict[str, tuple[str, ...]] = {
    "mm": _with_results("Tensor self, Tensor mat2", typed=True),
    "bmm": _with_results("Tensor self, Tensor mat2", typed=True),
    "addmm": _with_results("Tensor self, Tensor mat1, Tensor mat2", _SCALED, typed=True),
    "_addmm_activation": _with_results(
        "Tensor self, Tensor mat1, Tensor mat2", f"{_SCALED}, bool use_gelu"
    ),
    "baddbmm": _with_results("Tensor self, Tensor mat1, Tensor mat2", _SCALED, typed=True),
    "linear": _with_results("Tensor self, Tensor mat2, Tensor? bias"),
    "matmul": _with_results("Tensor self, Tensor mat2"),
    "mv": _with_results("Tensor self, Tensor mat2"),
    "addmv": _with_results("Tensor self, Tensor mat1, Tensor mat2", _SCALED),
    "dot": _with_results("Tensor self, Tensor mat2"),
    "vdot": _with_results("Tensor self, Tensor mat2"),
    "_int_mm": _with_results("Tensor self, Tensor mat2"),
    "addr": _with_results("Tensor self, Tensor mat1, Tensor mat2", _SCALED),
    "ger": _with_results("Tensor self, Tensor mat2"),
    "_scaled_mm": (
        *_with_results(
            "Tensor self, Tensor mat2, Tensor scale_a, Tensor scale_b, Tensor? bias, "
            "Tensor? scale_result, ScalarType? out_dtype, bool use_fast_accum"
        ),
        # PyTorch 2.1 and 2.2, which give the largest element of the result too
        "Tensor self, Tensor mat2, Tensor? bias, ScalarType? out_dtype, Tensor? scale_a, "
        "Tensor? scale_b, Tensor? scale_result, bool use_fast_accum",
    ),
    "_grouped_mm": ("Tensor self, Tensor mat2, Tensor? offs, Tensor? bias, ScalarType? out_dtype",),
    "_scaled_grouped_mm": (
        "Tensor self, Tensor mat2, Tensor scale_a, Tensor scale_b, Tensor? offs, Tensor? bias, "
        "Tensor? scale_result, ScalarType? out_dtype, bool use_fast_accum",
    ),
}
"""Base name -> its signatures in PyTorch."""


def arguments_of(call: OpCall) -> Arguments:
    """Return the arguments of a product by their names."""
    return read(call, *SIGNATURES[call.base])


def mismatch(call: OpCall) -> UnmodelledError:
    """Return why shapes that do not multiply are refused."""
    return UnmodelledError(f"shapes of {call.name} do not fit together")


def no_type(call: OpCall) -> str:
    """Return why the bytes are unknown where the type of the result is."""
    return f"result data type of {call.base} not recorded"


def result_of(read_call: Arguments, shape: tuple[int, ...], dtype: str | None) -> Tensor:
    """Return the result, in the data type of an `out` tensor or of `out_dtype` where given."""
    given = read_call.optional("out")
    if given is not None and given.dtype:
        return Tensor(shape, given.dtype)
    if "out_dtype" in read_call and not read_call.is_absent("out_dtype"):
        code = read_call.integer("out_dtype")
        return Tensor(shape, None if code is None else SCALAR_TYPES.get(code))
    return Tensor(shape, dtype)
