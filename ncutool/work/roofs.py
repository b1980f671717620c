"""Which compute roof a launch is held against: its data type, and for fp32 its kernel's name.

Sixteen- and eight-bit products run on tensor cores; fp32 ones either as TF32 on tensor cores or
on the CUDA cores, and only the name of the kernel tells. Where it does not, there is no roof.
"""

from __future__ import annotations

import re

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
_VECTOR = re.compile(
    r"gemv|dot_kernel|reduce_1Block|depthwise|conv2d_grouped_direct|dot_product", re.IGNORECASE
)
_SIMT = re.compile(
    r"(volta|ampere|maxwell|turing|pascal|sm80_xmma|cudnn)_?\w*_(sgemm|scudnn)|^(volta|ampere)_sgemm"
    r"|scudnn|_sgemm|convolve_sgemm|simt|gemmSN|gemmk1|(dgrad|wgrad_alg\d)_engine<float"
    r"|winograd\w*<float"
)
_TF32 = re.compile(r"tf32|xf32|cutlass_\d+_tensorop_s1688gemm_\d", re.IGNORECASE)
_FP64_TENSOR = re.compile(r"tensorop_d|d884|_dmma|xmma_gemm_f64", re.IGNORECASE)
_FP64_SIMT = re.compile(r"simt_dgemm|volta_dgemm|maxwell_dgemm")
_NO_TF32 = ("6.", "7.")


def roof_of(
    family: str | None,
    dtype: str | None,
    kernel: str,
    *,
    compute_capability: str | None = None,
    vendor: str | None = None,
) -> tuple[str | None, str | None]:
    """The roof (one of :data:`ncutool.base.tables.ROOFS`) and a remark where the choice is open.

    Args:
        family: one of :data:`ncutool.base.tables.FAMILIES`.
        dtype: data type of the math; None where it is not recorded.
        kernel: full name of the kernel.
        compute_capability: e.g. ``9.0``.
        vendor: ``nvidia`` or ``amd``.
    """
    if family in ("collective", None):
        return None, None
    if family not in MATRIX_FAMILIES or _VECTOR.search(kernel):
        return _vector_roof(dtype), None
    if dtype in _TENSOR_OF:
        return _TENSOR_OF[dtype], None
    if dtype == "fp64":
        return _fp64_roof(kernel, compute_capability)
    if dtype not in ("fp32", None):
        return None, None
    return _fp32_roof(kernel, dtype, compute_capability, vendor)


def _vector_roof(dtype: str | None) -> str | None:
    if dtype == "fp64":
        return "fp64"
    return "fp32" if dtype in ("fp32", "fp16", "bf16", "fp8", "complex64") else None


def _fp64_roof(kernel: str, compute_capability: str | None) -> tuple[str | None, str | None]:
    if _FP64_TENSOR.search(kernel):
        return "fp64_tensor", None
    old = (compute_capability or "").startswith(_NO_TF32)
    if old or _FP64_SIMT.search(kernel):
        return "fp64", None
    return None, AMBIGUOUS_FP64


def _fp32_roof(
    kernel: str, dtype: str | None, compute_capability: str | None, vendor: str | None
) -> tuple[str | None, str | None]:
    if _TF32.search(kernel):
        return "tf32_tensor", None
    if vendor == "amd":
        if dtype is None:
            return None, None
        # from CDNA 3 on matrix cores do fp32 at the rate of the vector units, on CDNA 2 at twice it
        return (None, MATRIX_FP32) if compute_capability == "9.0" else ("fp32", None)
    if _SIMT.search(kernel):
        return "fp32", None
    if dtype is None:
        return None, None
    if (compute_capability or "").startswith(_NO_TF32):
        return "fp32", None
    return None, AMBIGUOUS
