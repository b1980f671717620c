"""Normalisations, activations and quantisation of engines.

x[2,8] has 16 elements: 32 bytes in BF16, 16 in FP8, 8 packed in FP4. A weight of 8 has 16 bytes, a
scale a row 2·4, a scale for 4 elements 4·4, one scale 4.
"""

from __future__ import annotations

from operator_rows import Row, each

_X, _OUT, _Q, _W = "bf16[2,8]", "bf16[2,8]", "fp8[2,8]", "bf16[8]"
_ROWS, _GROUPS, _ONE = "fp32[2,1]", "fp32[2,2]", "fp32[1]"
_WIDE, _HALF = "bf16[2,16]", "bf16[2,8]"


# 16 elements; square, sum, mean's product, scale and weight: 5 each
NORMS: tuple[Row, ...] = (
    *each("_C::rms_norm aiter::rms_norm_cu", f"{_OUT} {_X} {_W} 1e-06", 80, 32 + 16 + 32),
    *each(
        "sgl_kernel::rmsnorm aiter::rmsnorm flashinfer::rmsnorm",
        f"{_OUT} {_X} {_W} 1e-06 True",
        80,
        32 + 16 + 32,
    ),
    # Gemma's weight is one less than its factor: an addition more
    *each(
        "sgl_kernel::gemma_rmsnorm flashinfer::gemma_rmsnorm",
        f"{_OUT} {_X} {_W} 1e-06 True",
        96,
        32 + 16 + 32,
    ),
    ("_C::rms_norm_weightless", f"{_OUT} {_X} 1e-06", 64, 32 + 32),
    ("trtllm::flashinfer_rmsnorm", f"{_X} {_W} 1e-06", 80, 32 + 16 + 32),
    ("vllm::rocm_aiter_rms_norm", f"{_X} {_W} 1e-06", 80, 32 + 16 + 32),
    ("vllm::rocm_aiter_rmsnorm2d_fwd_with_add", f"{_X} {_X} {_W} 1e-06", 96, 64 + 16 + 64),
    ("trtllm::flashinfer_gemma_rmsnorm", f"{_X} {_W} 1e-06", 96, 32 + 16 + 32),
    *each("aiter::rms_norm aiter::rmsnorm2d_fwd", f"{_X} {_W} 1e-06 0", 80, 32 + 16 + 32),
    # with the residual: both are read, both overwritten, an addition more
    *each(
        "_C::fused_add_rms_norm aiter::fused_add_rms_norm_cu trtllm::flashinfer_fused_add_rmsnorm",
        f"{_X} {_X} {_W} 1e-06",
        96,
        64 + 16 + 64,
    ),
    *each(
        "sgl_kernel::fused_add_rmsnorm flashinfer::fused_add_rmsnorm",
        f"{_X} {_X} {_W} 1e-06 True",
        96,
        64 + 16 + 64,
    ),
    *each(
        "sgl_kernel::gemma_fused_add_rmsnorm flashinfer::gemma_fused_add_rmsnorm",
        f"{_X} {_X} {_W} 1e-06 True",
        112,
        64 + 16 + 64,
    ),
    ("trtllm::flashinfer_gemma_fused_add_rmsnorm", f"{_X} {_X} {_W} 1e-06", 112, 64 + 16 + 64),
    ("_C::fused_add_rms_norm_weightless", f"{_X} {_X} 1e-06", 80, 64 + 64),
    ("aiter::add_rmsnorm", f"{_OUT} {_X} {_X} {_X} {_W} 1e-06 False", 96, 64 + 16 + 64),
    (
        "aiter::rmsnorm2d_fwd_with_add",
        f"{_OUT} {_X} {_X} {_X} {_W} 1e-06 False 0",
        96,
        64 + 16 + 64,
    ),
    # into FP8: a multiplication more by a given scale, three operations with one that is sought
    ("_C::rms_norm_static_fp8_quant", f"{_Q} {_X} {_W} {_ONE} 1e-06", 96, 32 + 16 + 4 + 16),
    *each(
        "_C::fused_add_rms_norm_static_fp8_quant trtllm::flashinfer_fused_add_rmsnorm_quant",
        f"{_Q} {_X} {_X} {_W} {_ONE} 1e-06",
        112,
        64 + 16 + 4 + 16 + 32,
    ),
    (
        "_C::rms_norm_dynamic_per_token_quant",
        f"{_Q} {_X} {_W} {_ROWS} 1e-06 - -",
        128,
        32 + 16 + 16 + 8,
    ),
    (
        "_C::rms_norm_dynamic_per_token_quant",
        f"{_Q} {_X} {_W} {_ROWS} 1e-06 - {_X}",
        144,
        64 + 16 + 16 + 8 + 32,
    ),
    (
        "_C::rms_norm_per_block_quant",
        f"{_Q} {_X} {_W} {_GROUPS} 1e-06 - - 4 False",
        128,
        32 + 16 + 16 + 16,
    ),
    ("flashinfer::rmsnorm_quant", f"{_Q} {_X} {_W} 0.5 1e-06 True", 96, 32 + 16 + 16),
    ("flashinfer::rmsnorm_quant", f"{_Q} {_X} {_W} {_ONE} 1e-06 True", 96, 32 + 16 + 4 + 16),
    (
        "flashinfer::fused_add_rmsnorm_quant",
        f"{_Q} {_X} {_X} {_W} 0.5 1e-06 True",
        112,
        64 + 16 + 16 + 32,
    ),
    ("aiter::rmsnorm_quant", f"{_Q} {_X} {_ROWS} {_W} 1e-06 0 False", 128, 32 + 16 + 16 + 8),
    (
        "aiter::add_rmsnorm_quant",
        f"{_Q} {_X} {_X} {_X} {_ROWS} {_W} 1e-06 0 False False",
        144,
        64 + 16 + 16 + 32 + 8,
    ),
    ("flashinfer::layernorm", f"{_X} {_W} {_W} 1e-06", 128, 32 + 32 + 32),
    ("tex_ts::layernorm_fwd_inf_ts", f"{_X} {_W} {_W} 1e-05 0 False", 128, 32 + 32 + 32),
    ("tex_ts::rmsnorm_fwd_inf_ts", f"{_X} {_W} 1e-05 0 False", 80, 32 + 16 + 32),
    (
        "tex_ts::layernorm_fwd_fp8_inf_ts",
        f"{_X} {_W} {_W} 1e-05 fp32[3] fp32[1,3] fp32[3] 0 6 0 False",
        176,
        32 + 32 + 16,
    ),
    (
        "tex_ts::rmsnorm_fwd_fp8_inf_ts",
        f"{_X} {_W} 1e-05 fp32[3] fp32[1,3] fp32[3] 0 6 0 False",
        128,
        32 + 16 + 16,
    ),
    *each(
        "aiter::layernorm2d_fwd_ck aiter::layer_norm_ck",
        f"{_X} {_W} {_W} 1e-05 -",
        128,
        32 + 32 + 32,
    ),
    (
        "aiter::layernorm2d_fwd_with_add_ck",
        f"{_OUT} {_X} {_X} {_X} {_W} {_W} 1e-05 -",
        144,
        64 + 32 + 64,
    ),
)

# 16 results from 32 inputs; SiLU and the product 5, GELU by erf 6, by tanh 10
ACTIVATIONS: tuple[Row, ...] = (
    *each(
        "_C::silu_and_mul _C::mul_and_silu sgl_kernel::silu_and_mul aiter::silu_and_mul",
        f"{_HALF} {_WIDE}",
        80,
        64 + 32,
    ),
    ("flashinfer::silu_and_mul", f"{_HALF} {_WIDE} True", 80, 64 + 32),
    ("trtllm::flashinfer_silu_and_mul", _WIDE, 80, 64 + 32),
    *each(
        "_C::gelu_and_mul sgl_kernel::gelu_and_mul aiter::gelu_and_mul",
        f"{_HALF} {_WIDE}",
        96,
        64 + 32,
    ),
    ("flashinfer::gelu_and_mul", f"{_HALF} {_WIDE} True", 96, 64 + 32),
    *each(
        "_C::gelu_tanh_and_mul sgl_kernel::gelu_tanh_and_mul aiter::gelu_tanh_and_mul",
        f"{_HALF} {_WIDE}",
        160,
        64 + 32,
    ),
    ("flashinfer::gelu_tanh_and_mul", f"{_HALF} {_WIDE} True", 160, 64 + 32),
    ("trtllm::flashinfer_gelu_tanh_and_mul", _WIDE, 160, 64 + 32),
    ("_C::fatrelu_and_mul", f"{_HALF} {_WIDE} 0.5", 32, 64 + 32),
    # clamp one, clamp other twice, sigmoid of a multiple 5, and three products with an addition
    ("_C::swigluoai_and_mul", f"{_HALF} {_WIDE} 1.702 7.0", 176, 64 + 32),
    ("_C::silu_and_mul_with_clamp", f"{_HALF} {_WIDE} 7.0", 128, 64 + 32),
    *each("_C::gelu_new _C::gelu_fast aiter::gelu_fast", f"{_OUT} {_X}", 144, 32 + 32),
    ("_C::gelu_quick", f"{_OUT} {_X}", 64, 32 + 32),
    ("_C::silu_and_mul_quant", f"fp8[2,8] {_WIDE} {_ONE}", 96, 64 + 4 + 16),
    ("aiter::scaled_silu_and_mul", f"fp8[2,8] {_WIDE} {_ONE}", 96, 64 + 4 + 16),
    (
        "_C::silu_and_mul_per_block_quant",
        f"fp8[2,8] {_WIDE} {_GROUPS} 4 - False",
        128,
        64 + 16 + 16,
    ),
    # 16 values packed in 8 bytes
    ("_C::silu_and_mul_nvfp4_quant", f"uint8[2,4] int32[2,1] {_WIDE} {_ONE}", 128, 64 + 8 + 8 + 4),
    (
        "_C::persistent_masked_m_silu_mul_quant",
        "bf16[2,2,16] int32[2] fp8[2,2,8] fp32[2,2,1] False",
        8 * 32,
        128 + 8 + 32 + 16,
    ),
)

_GROUPED = f"{_X} {_Q} {_GROUPS} 4 1e-10 -448.0 448.0"
QUANTISATION: tuple[Row, ...] = (
    ("_C::static_scaled_fp8_quant", f"{_Q} {_X} {_ONE}", 16, 32 + 4 + 16),
    ("_C::static_scaled_fp8_quant", f"{_Q} {_X} {_ONE} -", 16, 32 + 4 + 16),
    ("aiter::static_per_tensor_quant", f"{_Q} {_X} {_ONE}", 16, 32 + 4 + 16),
    ("_C::dynamic_scaled_fp8_quant", f"{_Q} {_X} {_ONE}", 48, 32 + 16 + 4),
    ("aiter::dynamic_per_tensor_quant", f"{_Q} {_X} {_ONE}", 48, 32 + 16 + 4),
    ("_C::dynamic_per_token_scaled_fp8_quant", f"{_Q} {_X} {_ROWS} -", 48, 32 + 16 + 8),
    ("_C::static_scaled_int8_quant", f"int8[2,8] {_X} {_ONE} -", 16, 32 + 4 + 16),
    ("_C::dynamic_scaled_int8_quant", f"int8[2,8] {_X} {_ROWS} int32[2,1]", 48, 32 + 16 + 8 + 8),
    ("aiter::dynamic_per_token_scaled_quant", f"{_Q} {_X} {_ROWS} -", 48, 32 + 16 + 8),
    ("aiter::dynamic_per_token_scaled_quant", f"{_Q} {_X} {_ROWS} - False - 1", 48, 32 + 16 + 8),
    (
        "aiter::dynamic_per_group_scaled_quant_fp4",
        f"uint8[2,4] {_X} uint8[2,1] 32 True",
        48,
        32 + 8 + 2,
    ),
    ("aiter::smoothquant_fwd", f"int8[2,8] {_X} fp32[8] fp32[2]", 64, 32 + 32 + 16 + 8),
    ("_C::per_token_group_fp8_quant", f"{_GROUPED} False", 48, 32 + 16 + 16),
    ("_C::per_token_group_fp8_quant", f"{_GROUPED} False False False", 48, 32 + 16 + 16),
    ("_C::per_token_group_fp8_quant_packed", _GROUPED, 48, 32 + 16 + 16),
    *each(
        "_C::per_token_group_quant_int8 sgl_kernel::sgl_per_token_group_quant_int8",
        f"{_X} int8[2,8] {_GROUPS} 4 1e-10 -128.0 127.0",
        48,
        32 + 16 + 16,
    ),
    *each(
        "sgl_kernel::sgl_per_token_group_quant_fp8 sgl_kernel::sgl_per_token_group_quant_8bit",
        f"{_GROUPED} False",
        48,
        32 + 16 + 16,
    ),
    (
        "sgl_kernel::sgl_per_token_group_quant_8bit_v2",
        f"{_GROUPED} False False -",
        48,
        32 + 16 + 16,
    ),
    ("sgl_kernel::sgl_per_tensor_quant_fp8", f"{_X} {_Q} {_ONE} False", 48, 32 + 16 + 4),
    ("sgl_kernel::sgl_per_token_quant_fp8", f"{_X} {_Q} {_ROWS}", 48, 32 + 16 + 8),
    # FP4: two values a byte, a scale of one byte for 16
    *each(
        "_C::scaled_fp4_quant sgl_kernel::scaled_fp4_quant",
        "uint8[2,16] bf16[2,32] int32[2,1] fp32[1]",
        192,
        128 + 32 + 8 + 4,
    ),
    ("_C::scaled_fp4_quant", "bf16[2,32] fp32[1] True", 192, 128 + 4 + 32 + 4),
    (
        "_C::scaled_fp4_quant",
        "bf16[2,32] fp32[1] True uint8[2,16] uint8[2,2]",
        192,
        128 + 4 + 32 + 4,
    ),
    *each(
        "_C::scaled_fp4_experts_quant sgl_kernel::scaled_fp4_experts_quant",
        "uint8[2,16] int32[2,1] bf16[2,32] fp32[3] int32[4] int32[4]",
        192,
        128 + 12 + 16 + 16 + 32 + 8,
    ),
    (
        "_C::silu_and_mul_scaled_fp4_experts_quant",
        "uint8[2,8] int32[2,1] bf16[2,32] fp32[3] int32[4] int32[4]",
        256,
        128 + 12 + 16 + 16 + 16 + 8,
    ),
    (
        "_C::mxfp4_experts_quant",
        "uint8[2,16] int32[2,1] bf16[2,32] int32[4] int32[4] 3",
        192,
        128 + 16 + 16 + 32 + 8,
    ),
    ("vllm::triton_per_token_group_quant_fp8", f"{_X} 4", 48, 32 + 16 + 16),
    ("trtllm::fp8_quantize_1x128", "bf16[2,256]", 1536, 1024 + 512 + 16),
    ("trtllm::fp8_quantize_1x128", "bf16[2,256] False", 1536, 1024 + 512 + 16),
    ("trtllm::fp4_quantize", "bf16[2,32] fp32[1] 16 False True", 192, 128 + 4 + 32 + 4),
    ("trtllm::mxfp8_quantize", "bf16[2,64] True 32", 384, 256 + 128 + 4),
    ("tensorrt_llm::quantize_e4m3_per_tensor", _X, 48, 32 + 16),
    ("tensorrt_llm::static_quantize_e4m3_per_tensor", f"{_X} {_ONE}", 16, 32 + 4 + 16),
    ("tex_ts::cast_to_fp8_ts", f"{_X} fp32[3] fp32[1,3] fp32[3] 0 6", 48, 32 + 16),
    (
        "tex_ts::cast_to_fp8_noalloc_ts",
        f"{_X} fp32[3] uint8[2,8] fp32[1,3] fp32[3] 0 6",
        48,
        32 + 16,
    ),
    ("bitsandbytes::int8_vectorwise_quant", f"{_X} 0.0", 48, 32 + 16 + 8),
    (
        "bitsandbytes::dequantize_blockwise",
        "uint8[64] fp32[1] fp32[256] 64 15",
        64,
        64 + 1028 + 128,
    ),
    # 2 by 3 words hold 2 by 24 weights of 4 bits; subtract a zero, times a scale
    *each(
        "_C::awq_dequantize",
        "int32[2,3] fp16[1,24] int32[1,3] 0 0 0",
        96,
        24 + 48 + 12 + 96,
    ),
    ("sgl_kernel::awq_dequantize", "int32[2,3] fp16[1,24] int32[1,3]", 96, 24 + 48 + 12 + 96),
    ("_C_cache_ops::convert_fp8", f"uint8[2,8] {_X} 1.0 fp8", 16, 32 + 16),
)
