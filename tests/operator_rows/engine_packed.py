"""Products of engines with weights packed in words, and mixtures of experts.

As in `engine_products`: a[2,32] by 16 columns is 2·2·32·16 = 2,048 operations.
"""

from __future__ import annotations

from operator_rows import Row, each

_FLOP = 2 * 2 * 32 * 16
_A, _OUT, _A4 = "fp8[2,32]", "bf16[2,16]", "uint8[2,16]"

# weights of 4 bits, 8 a word of 32: 512 in 64 words, 256 bytes; 2 groups along K
PACKED_PRODUCTS: tuple[Row, ...] = (
    (
        "_C::awq_gemm",
        "fp16[2,32] int32[32,2] fp16[2,16] int32[2,2] 8",
        _FLOP,
        128 + 256 + 64 + 16 + 64,
    ),
    (
        "_C::gptq_gemm",
        "fp16[2,32] int32[4,16] int32[2,2] fp16[2,16] int32[32] True False 4",
        _FLOP,
        128 + 256 + 16 + 64 + 128 + 64,
    ),
    (
        "sgl_kernel::gptq_gemm",
        "fp16[2,32] int32[4,16] int32[2,2] fp16[2,16] int32[32] True 4",
        _FLOP,
        128 + 256 + 16 + 64 + 128 + 64,
    ),
    (
        "_C::machete_mm",
        "bf16[2,32] int32[4,16] 1125899906909960 - bf16[2,16] - 16 - - -",
        _FLOP,
        128 + 256 + 64 + 64,
    ),
    *(
        (
            name,
            "bf16[2,32] - int32[2,32] bf16[2,16] - - - - int32[99] 1 2 16 32 True False True False",
            _FLOP,
            128 + 256 + 64 + 64,
        )
        for name in ("_C::gptq_marlin_gemm", "sgl_kernel::gptq_marlin_gemm")
    ),
    (
        "_C::gptq_marlin_gemm",
        "bf16[2,32] - int32[2,32] bf16[16] bf16[2,16] - - - - int32[99] 1 2 16 32 True False True"
        " False",
        _FLOP,
        128 + 256 + 32 + 64 + 64,
    ),
    (
        "_C::gptq_marlin_gemm",
        "bf16[2,32] int32[2,32] bf16[2,16] int32[0] int32[0] int32[0] int32[99] 1 2 16 32 True"
        " False True",
        _FLOP,
        128 + 256 + 64 + 64,
    ),
    (
        "_C::marlin_gemm",
        "bf16[2,32] - int32[2,32] - bf16[2,16] - - - - - int32[99] 1 2 16 32 True False True False",
        _FLOP,
        128 + 256 + 64 + 64,
    ),
    (
        "_C::allspark_w8a16_gemm",
        "bf16[2,32] uint8[32,16] bf16[1,16] - 16 -1 132 90 0 False True",
        _FLOP,
        128 + 512 + 32 + 64,
    ),
    # 18 bytes hold 32 weights of type Q4_0
    *each(
        "_C::ggml_mul_mat_a8 _C::ggml_mul_mat_vec_a8",
        "uint8[16,18] fp16[2,32] 2 16",
        _FLOP,
        288 + 128 + 64,
    ),
    (
        "sgl_kernel::qserve_w4a8_per_chn_gemm",
        "int8[2,32] int8[16,16] fp16[16] fp16[2] fp16[16] fp16[2] fp16[2,16]",
        _FLOP,
        64 + 256 + 32 + 4 + 32 + 4 + 64,
    ),
    (
        "sgl_kernel::qserve_w4a8_per_group_gemm",
        "int8[2,32] int8[16,16] int8[1,16] int8[1,16] fp16[16] fp16[2] fp16[2,16]",
        _FLOP,
        64 + 256 + 16 + 16 + 32 + 4 + 64,
    ),
    ("bitsandbytes::int8_linear_matmul", "int8[2,32] int8[16,32]", _FLOP, 64 + 512 + 128),
    (
        "bitsandbytes::int8_linear_matmul",
        "int8[2,32] int8[16,32] int32[2,16]",
        _FLOP,
        64 + 512 + 128,
    ),
    (
        "bitsandbytes::int8_scaled_mm",
        "int8[2,32] int8[16,32] fp32[2] fp32[16] - -",
        _FLOP,
        64 + 512 + 8 + 64 + 64,
    ),
    (
        "bitsandbytes::gemv_4bit",
        "bf16[1,32] uint8[256,1] [16,32] fp32[8] fp32[16] 64",
        _FLOP // 2,
        64 + 256 + 32 + 64 + 32,
    ),
    (
        "bitsandbytes::gemv_4bit",
        "bf16[1,32] uint8[256,1] [16,32] fp32[8] fp32[16] 64 bf16[1,16]",
        _FLOP // 2,
        64 + 256 + 32 + 64 + 32,
    ),
    (
        "bitsandbytes::gemm_4bit",
        "bf16[2,32] uint8[256,1] [16,32] fp32[8] 64 nf4 - - - -",
        _FLOP,
        128 + 256 + 32 + 64,
    ),
)

# 2 rows spread over 3 groups; which are empty, and so not read, depends on the routing
_GROUPS = "fp32[2,1] fp32[3,1]"
_SORTED = "int32[8] fp32[8] int32[4] int32[1]"
EXPERTS: tuple[Row, ...] = (
    (
        "_C::cutlass_moe_mm",
        f"{_OUT} {_A} fp8[3,32,16] {_GROUPS} int32[4] int32[3,3] int64[3] int64[3] int64[3]"
        " True True",
        _FLOP,
        None,
    ),
    (
        "_C::cutlass_blockwise_scaled_grouped_mm",
        f"{_OUT} {_A} fp8[3,16,32] {_GROUPS} int32[3,3] int32[4]",
        _FLOP,
        None,
    ),
    (
        "_C::cutlass_fp4_group_mm",
        f"{_OUT} {_A4} uint8[3,16,16] fp8[2,2] fp8[3,16,2] fp32[3] int32[3,3] int32[4] int32[4]",
        _FLOP,
        None,
    ),
    (
        "sgl_kernel::cutlass_fp4_group_mm",
        f"{_OUT} {_A4} uint8[3,16,16] fp8[2,2] fp8[3,16,2] fp32[3] int64[3] int64[3] int32[3,3]"
        " int32[4] int32[4]",
        _FLOP,
        None,
    ),
    (
        "_C::cutlass_mxfp4_group_mm",
        f"{_OUT} {_A4} uint8[3,16,16] uint8[2,1] uint8[3,16,1] int32[3,3] int32[4] int32[4]",
        _FLOP,
        None,
    ),
    (
        "_C::cutlass_mxfp8_grouped_mm",
        f"{_A} fp8[3,16,32] uint8[2,1] uint8[3,16,1] {_OUT} int32[3,3] int32[4] int32[4]",
        _FLOP,
        None,
    ),
    (
        "sgl_kernel::fp8_blockwise_scaled_grouped_mm",
        f"{_OUT} int64[3] int64[3] int64[3] int64[3] int64[3] {_A} fp8[3,32,16] {_GROUPS} int64[3]"
        " int64[3] int64[3] int32[3,5] int32[3,5] int32[3,3] int32[4] uint8[99]",
        _FLOP,
        None,
    ),
    (
        "sgl_kernel::cutlass_w4a8_moe_mm",
        f"{_OUT} {_A} int8[3,16,16] fp32[1] bf16[3,1,16] int32[4] int32[3,3] int64[3,3] int64[3,3]"
        " int64[3,3] int64[3,3] 128 2",
        _FLOP,
        None,
    ),
    # 2 tokens take 2 experts each
    (
        "sgl_kernel::moe_wna16_marlin_gemm",
        "bf16[2,32] - int32[3,2,32] bf16[3,2,16] - - - int32[99] int32[8] int32[8] int32[1]"
        " fp32[2,2] 8 2 False False 1 2 16 32 True False True False",
        2 * _FLOP,
        None,
    ),
    (
        "_moe_C::moe_wna16_marlin_gemm",
        "bf16[2,32] - int32[3,2,32] - bf16[3,2,16] - - - - - int32[99] int32[8] int32[8] int32[1]"
        " fp32[2,2] 8 2 False 1 2 16 32 True False True False -1 -1 -1",
        2 * _FLOP,
        None,
    ),
    *(
        (name, "bf16[3,4] bf16[2,10,4] bf16[2,4,5] fp32[3,2] int32[3,2]", 6 * (80 + 40), None)
        for name in ("sglang::inplace_fused_experts", "sglang::outplace_fused_experts")
    ),
    # 2 tokens, 2 experts each, of 16 columns; weights of 4 bits, two a byte
    (
        "_moe_C::moe_wna16_gemm",
        "bf16[2,32] bf16[2,2,16] uint8[3,16,16] bf16[3,16,2] - fp32[2,2] int32[8] int32[8] int32[1]"
        " 2 8 64 64 4",
        2 * _FLOP,
        None,
    ),
    # [32] × [32,20], then [10] × [10,32], for 2 tokens of 2 experts; one gate: [32] × [32,10]
    (
        "aiter::fmoe",
        f"bf16[2,32] bf16[2,32] bf16[3,10,32] bf16[3,32,10] {_SORTED} 2 0",
        2 * 4 * 32 * (10 + 10),
        None,
    ),
    *each(
        "aiter::fmoe_g1u1 aiter::fmoe_g1u1_tkw1",
        f"bf16[2,32] fp8[2,32] fp8[3,20,32] fp8[3,32,10] {_SORTED} 2 fp32[2,1] fp32[3,20]"
        " fp32[3,32] - 0",
        2 * 4 * 32 * (20 + 10),
        None,
    ),
    (
        "aiter::fmoe_int8_g1u0",
        f"bf16[2,32] int8[2,32] int8[3,10,32] int8[3,32,10] {_SORTED} 2 fp32[2,1] fp32[3,10]"
        " fp32[3,32] fp32[3,10] 0",
        2 * 4 * 32 * (10 + 10),
        None,
    ),
    (
        "aiter::fmoe_g1u1_a16",
        f"bf16[2,32] bf16[2,32] int8[3,20,32] int8[3,32,10] {_SORTED} 2 fp32[3,20] fp32[3,32]"
        " fp32[3,32] fp32[3,10] 0",
        2 * 4 * 32 * (20 + 10),
        None,
    ),
    (
        "aiter::fmoe_fp8_blockscale_g1u1",
        f"bf16[2,32] fp8[2,32] fp8[3,20,32] fp8[3,32,10] {_SORTED} 2 fp32[2,1] fp32[3,1] fp32[3,1]"
        " 128 128 - 0",
        2 * 4 * 32 * (20 + 10),
        None,
    ),
    (
        "aiter::ck_moe_stage1",
        "bf16[2,32] bf16[3,20,32] bf16[3,32,10] int32[8] int32[4] int32[1] bf16[2,2,10] 2 name - -"
        " 32 -",
        2 * 4 * 32 * 20,
        None,
    ),
    (
        "aiter::ck_moe_stage2",
        "bf16[2,2,10] bf16[3,20,32] bf16[3,32,10] int32[8] int32[4] int32[1] bf16[2,32] 2 name - -"
        " 32 -",
        2 * 4 * 32 * 10,
        None,
    ),
)
