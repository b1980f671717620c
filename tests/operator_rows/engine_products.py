"""Products of engines: a[2,32] by 16 columns is 2·2·32·16 = 2,048 operations.

FP8: 64, 512 and 64 bytes of a, of b and of a BF16 result; FP4 packs two values a byte.
"""

from __future__ import annotations

from operator_rows import Row, each

_FLOP = 2 * 2 * 32 * 16
_A, _NK, _KN, _OUT = "fp8[2,32]", "fp8[16,32]", "fp8[32,16]", "bf16[2,16]"
_A4, _B4, _S4 = "uint8[2,16]", "uint8[16,16]", "fp8[2,2] fp8[16,2]"
_SCALES = "fp32[2,1] fp32[16,1]"
_FP8 = 64 + 512 + 8 + 64 + 64
_FP4 = 32 + 256 + 4 + 32 + 64


SCALED_PRODUCTS: tuple[Row, ...] = (
    ("_C::cutlass_scaled_mm", f"{_OUT} {_A} {_KN} {_SCALES} -", _FLOP, _FP8),
    ("_C::cutlass_scaled_mm", f"{_OUT} {_A} {_NK} {_SCALES} bf16[16]", _FLOP, _FP8 + 32),
    (
        "_C::cutlass_scaled_mm_azp",
        f"{_OUT} int8[2,32] int8[32,16] {_SCALES} int32[1,16] int32[2] bf16[16]",
        _FLOP,
        _FP8 + 64 + 8 + 32,
    ),
    *each(
        "_C::cutlass_scaled_fp4_mm sgl_kernel::cutlass_scaled_fp4_mm",
        f"{_OUT} {_A4} {_B4} {_S4} fp32[1]",
        _FLOP,
        _FP4 + 4,
    ),
    # 512 weights of 4 bits in 64 words
    (
        "_C::cutlass_w4a8_mm",
        f"{_A} int32[4,16] fp8[2,16] 16 fp32[16,1] fp32[2,1] 15 -",
        _FLOP,
        64 + 256 + 32 + 64 + 8 + 64,
    ),
    *each("sgl_kernel::fp8_scaled_mm", f"{_A} {_KN} {_SCALES} 15 -", _FLOP, _FP8),
    ("sgl_kernel::int8_scaled_mm", f"int8[2,32] int8[32,16] {_SCALES} 15 -", _FLOP, _FP8),
    ("sgl_kernel::fp8_blockwise_scaled_mm", f"{_A} {_KN} {_SCALES} 15", _FLOP, _FP8),
    (
        "sgl_kernel::bmm_fp8",
        "fp8[3,2,32] fp8[3,32,16] bf16[3,2,16] fp32[1] fp32[1] uint8[99] 0 0",
        3 * _FLOP,
        192 + 1536 + 8 + 192,
    ),
    *each(
        "_C::dsv3_fused_a_gemm sgl_kernel::dsv3_fused_a_gemm",
        f"{_OUT} bf16[2,32] bf16[32,16]",
        _FLOP,
        64 + 128 + 1024,
    ),
    ("sgl_kernel::dsv3_router_gemm", "fp32[2,16] bf16[2,32] bf16[16,32]", _FLOP, 128 + 128 + 1024),
    ("_C::fp32_router_gemm", "fp32[2,16] bf16[2,32] fp32[16,32]", _FLOP, 128 + 128 + 2048),
    *each(
        "vllm::w8a8_triton_block_scaled_mm_func vllm::w8a8_block_fp8_matmul_func"
        " vllm::padded_cutlass",
        f"{_A} {_NK} {_SCALES} [16,16] 15",
        _FLOP,
        _FP8,
    ),
    ("vllm::fp8_gemm_nt_op", f"{_A} fp32[2,1] {_NK} fp32[16,1] {_OUT} False", _FLOP, _FP8),
    *each(
        "sglang::deep_gemm_fp8_fp8_bf16_nt sglang::deep_gemm_mxfp8_fp8_bf16_nt",
        f"{_A} fp32[2,1] {_NK} fp32[16,1] {_OUT}",
        _FLOP,
        _FP8,
    ),
    (
        "vllm::flashinfer_fp8_blockscale_gemm",
        f"bf16[2,32] {_NK} fp32[1,1] 128 False",
        _FLOP,
        128 + 512 + 4 + 64,
    ),
    *each(
        "trtllm::fp8_block_scaling_gemm trtllm::fp8_block_scaling_gemm_impl",
        f"{_A} {_NK} {_SCALES}",
        _FLOP,
        _FP8,
    ),
    (
        "trtllm::fp8_block_scaling_bmm",
        "fp8[3,2,32] fp8[3,16,32] fp32[3,2] fp32[3,16] -",
        3 * _FLOP,
        192 + 1536 + 24 + 192 + 192,
    ),
    *each(
        "trtllm::fp4_gemm trtllm::fp4_bmm",
        f"{_A4} {_B4} {_S4} fp32[1] False 15",
        _FLOP,
        _FP4 + 4,
    ),
    *each(
        "trtllm::nvfp4_gemm trtllm::nvfp4_gemm_cublaslt",
        f"{_A4} {_B4} {_S4} fp32[1] 15 False",
        _FLOP,
        _FP4 + 4,
    ),
    ("trtllm::nvfp4_gemm", f"{_A4} {_B4} {_S4} fp32[1] False 15 False", _FLOP, _FP4 + 4),
    (
        "trtllm::cublas_fp4_scaled_mm",
        f"{_A4} {_B4} {_S4} fp32[1] fp32[1] -",
        _FLOP,
        _FP4 + 8,
    ),
    (
        "trtllm::mxfp8_mxfp8_gemm",
        f"{_A} uint8[2] {_NK} uint8[16] fp32[1] -",
        _FLOP,
        64 + 2 + 512 + 16 + 4 + 64,
    ),
    (
        "trtllm::flashinfer_mm_mxfp8",
        f"{_A} uint8[2] {_NK} uint8[16] 15",
        _FLOP,
        64 + 2 + 512 + 16 + 64,
    ),
    *each(
        "trtllm::cublas_scaled_mm trtllm::cuda_scaled_mm",
        f"{_A} {_KN} {_SCALES} - 15 0 -",
        _FLOP,
        _FP8,
    ),
    ("trtllm::cublas_scaled_mm", f"{_A} {_KN} {_SCALES} - 15", _FLOP, _FP8),
    ("trtllm::cublas_mm", "bf16[2,32] bf16[32,16] - -", _FLOP, 128 + 1024 + 64),
    ("trtllm::cublas_mm", "bf16[2,32] bf16[32,16] - 6 0 -", _FLOP, 128 + 1024 + 128),
    *each(
        "trtllm::dsv3_router_gemm_op trtllm::dsv3_fused_a_gemm_op",
        "bf16[2,32] bf16[32,16] - 6",
        _FLOP,
        128 + 1024 + 128,
    ),
    *each(
        "aiter::gemm_a8w8_bpreshuffle_ck aiter::gemm_a8w8_bpreshuffle_cktile",
        f"{_A} {_NK} {_SCALES} {_OUT} 0",
        _FLOP,
        _FP8,
    ),
    ("aiter::gemm_a8w8_ck", f"{_A} {_NK} {_SCALES} {_OUT} bf16[16] 0", _FLOP, _FP8 + 32),
    *each(
        "aiter::gemm_a8w8_blockscale_ck",
        f"{_A} {_NK} {_SCALES} {_OUT} 0 name",
        _FLOP,
        _FP8,
    ),
    *each(
        "aiter::gemm_a8w8_blockscale_cktile",
        f"{_A} {_NK} {_SCALES} {_OUT} False 0 name",
        _FLOP,
        _FP8,
    ),
    *each(
        "aiter::gemm_a8w8_blockscale_bpreshuffle_ck aiter::flatmm_a8w8_blockscale_asm"
        " aiter::gemm_a8w8_blockscale_bpreshuffle_cktile",
        f"{_A} {_NK} {_SCALES} {_OUT}",
        _FLOP,
        _FP8,
    ),
    *each(
        "aiter::gemm_a8w8 aiter::gemm_a8w8_bpreshuffle",
        f"{_A} {_NK} {_SCALES} - 15 -",
        _FLOP,
        _FP8,
    ),
    *each(
        "aiter::gemm_a8w8_blockscale aiter::gemm_a8w8_blockscale_bpreshuffle",
        f"{_A} {_NK} {_SCALES} 15",
        _FLOP,
        _FP8,
    ),
    ("aiter::gemm_a4w4_blockscale", f"{_A4} {_B4} uint8[2,1] uint8[16,1] {_OUT} 0", _FLOP, 370),
    (
        "aiter::gemm_a4w4_asm",
        f"{_A4} {_B4} uint8[2,1] uint8[16,1] {_OUT} name fp32[1,16] 1.0 0.0 True 0",
        _FLOP,
        32 + 256 + 2 + 16 + 64 + 64,
    ),
    # D[2,16] = B[2,32] · A[16,32] transposed; empty tensors cost nothing
    (
        "tex_ts::te_gemm_ts",
        f"uint8[16,32] fp32[3] 0 6 1 uint8[2,32] fp32[3] 0 6 0 {_OUT} fp32[0] 5 fp32[0] bf16[16] 5"
        " bf16[0] 0 uint8[99] 99 0 0",
        _FLOP,
        512 + 64 + 32 + 64,
    ),
    # the gradient of a weight is added to what is there: D is read too
    (
        "tex_ts::te_gemm_ts",
        "bf16[32,16] bf16[0] -1 5 0 bf16[32,2] bf16[0] -1 5 1 fp32[2,16] fp32[0] 3 fp32[0]"
        " bf16[0] 5 bf16[0] 1 uint8[99] 99 1 0",
        _FLOP,
        1024 + 128 + 128 + 128,
    ),
)
