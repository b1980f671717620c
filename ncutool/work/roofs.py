"""Which compute roof a launch is held against: its data type, and for fp32 its kernel's name.

Sixteen- and eight-bit products run on tensor cores; fp32 ones either as TF32 on tensor cores or
on the CUDA cores, and only the name of the kernel tells. Where it does not, there is no roof.
"""

from __future__ import annotations

from ncutool.work.kernel_facts import KernelFacts, facts_of

MATRIX_FAMILIES = ("gemm", "convolution", "attention")
AMBIGUOUS = "fp32 or tf32: kernel name does not say"
AMBIGUOUS_FP64 = "fp64 on tensor or CUDA cores: kernel name does not say"
MATRIX_FP32 = "fp32 on vector or matrix cores, whose rates differ: no roof taken"

_TENSOR_OF = {
    "bf16": "bf16_tensor",
    "fp16": "fp16_tensor",
    "fp8": "fp8_tensor",
    "fp4": "fp4_tensor",
    "int8": "int8_tensor",
    "uint8": "int8_tensor",
}
_NO_TF32 = ("6.", "7.")


def roof_of(
    family: str | None,
    dtype: str | None,
    kernel: str,
    *,
    compute_capability: str | None = None,
    vendor: str | None = None,
) -> tuple[str | None, str | None]:
    """Return the roof, of :data:`ncutool.base.roofs.ROOFS`, and a remark where the choice is open.

    Args:
        family: one of :data:`ncutool.base.tables.FAMILIES`.
        dtype: data type of the math; None where it is not recorded.
        kernel: full name of the kernel.
        compute_capability: e.g. ``9.0``.
        vendor: ``nvidia`` or ``amd``.
    """
    if family in ("collective", None):
        return None, None
    if family not in MATRIX_FAMILIES:
        return _vector_roof(dtype), None
    facts = facts_of(kernel)
    # Attention is products of matrices, whatever words its kernel's name shares with others.
    if family != "attention" and facts.product == "vector":
        return _vector_roof(dtype), None
    if dtype in _TENSOR_OF:
        return _TENSOR_OF[dtype], None
    if dtype == "fp64":
        return _fp64_roof(facts, compute_capability)
    if dtype not in ("fp32", None):
        return None, None
    return _fp32_roof(facts, dtype, compute_capability, vendor)


def _vector_roof(dtype: str | None) -> str | None:
    if dtype == "fp64":
        return "fp64"
    return "fp32" if dtype in ("fp32", "fp16", "bf16", "fp8", "complex64") else None


def _fp64_roof(facts: KernelFacts, compute_capability: str | None) -> tuple[str | None, str | None]:
    if facts.dtype == "fp64" and facts.units is not None:
        return ("fp64_tensor" if facts.units == "tensor" else "fp64"), None
    if (compute_capability or "").startswith(_NO_TF32):
        return "fp64", None
    return None, AMBIGUOUS_FP64


def _fp32_roof(
    facts: KernelFacts, dtype: str | None, compute_capability: str | None, vendor: str | None
) -> tuple[str | None, str | None]:
    if facts.dtype == "tf32":
        return "tf32_tensor", None
    if vendor == "amd":
        if dtype is None:
            return None, None
        # from CDNA 3 on matrix cores do fp32 at the rate of the vector units, on CDNA 2 at twice it
        return (None, MATRIX_FP32) if compute_capability == "9.0" else ("fp32", None)
    if facts.fp32_simt:
        return "fp32", None
    if dtype is None:
        return None, None
    if (compute_capability or "").startswith(_NO_TF32):
        return "fp32", None
    return None, AMBIGUOUS
