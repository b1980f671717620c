"""Calls whose shapes or settings do not make the operator that they name: no figure is given.

A row is the operator's name, its arguments and words of the reason.
"""

from __future__ import annotations

FIT = "do not fit together"
SIGNATURE = "is not a signature of it that is known"
SHAPES = "no shapes recorded"
LENGTHS = "sequence lengths are not recorded"
PADDING = "padding and stride of the convolution not recorded"

REFUSED: tuple[tuple[str, str, str], ...] = (
    # matrix products: ranks, inner sizes, batches
    ("aten::mm", "bf16[2,3,1] bf16[3,4]", FIT),
    ("aten::mm", "bf16[2,3] bf16[3,4,1]", FIT),
    ("aten::mm", "bf16[2,3] bf16[4,3]", FIT),
    ("aten::addmm", "bf16[4] bf16[2,3] bf16[4,3] 1 1", FIT),
    ("aten::addmm", "bf16[4] bf16[2,3,1] bf16[3,4] 1 1", FIT),
    ("aten::addmm", "bf16[4] bf16[2,3] bf16[3,4,1] 1 1", FIT),
    ("aten::bmm", "bf16[5,2,3] bf16[6,3,4]", FIT),
    ("aten::bmm", "bf16[5,2,3] bf16[5,4,3]", FIT),
    ("aten::bmm", "bf16[5,2,3] bf16[5,3,4,1]", FIT),
    ("aten::linear", "bf16[2,3] bf16[4,5] -", FIT),
    ("aten::linear", "bf16[2,3] bf16[1,4,3] -", FIT),
    ("aten::matmul", "bf16[2,3] bf16[4,5]", FIT),
    ("aten::matmul", "bf16[2,2,3] bf16[3,3,4]", FIT),
    ("aten::mv", "bf16[2,3] bf16[4]", FIT),
    ("aten::mv", "bf16[2,3] bf16[3,1]", FIT),
    ("aten::mv", "bf16[2,3,1] bf16[3]", FIT),
    ("aten::dot", "bf16[3] bf16[4]", FIT),
    ("aten::dot", "bf16[3,1] bf16[3,1]", FIT),
    ("aten::_int_mm", "int8[2,3] int8[4,3]", FIT),
    ("aten::_int_mm", "int8[2,3,1] int8[3,4]", FIT),
    ("aten::_int_mm", "int8[2,3] int8[3,4,1]", FIT),
    ("aten::_scaled_mm", "fp8[2,3] fp8[4,3] fp32[] fp32[] - - 15 False", FIT),
    ("aten::_scaled_mm", "fp8[2,3,1] fp8[3,4] fp32[] fp32[] - - 15 False", FIT),
    ("aten::_scaled_mm", "fp8[2,3] fp8[3,4,1] fp32[] fp32[] - - 15 False", FIT),
    ("aten::addr", "bf16[2,3] bf16[2,1] bf16[3] 1 1", FIT),
    ("aten::addr", "bf16[2,3] bf16[2] bf16[3,1] 1 1", FIT),
    ("aten::_grouped_mm", "bf16[4,3] bf16[2,5,5] int32[2]", FIT),
    ("aten::_grouped_mm", "bf16[4,3,1] bf16[2,3,5] int32[2]", FIT),
    ("aiter::gemm_a16w16", "bf16[2,3] bf16[4,5]", FIT),
    ("aiter::gemm_a16w16", "bf16[2,3,1] bf16[4,3]", FIT),
    ("aiter::gemm_a16w16", "bf16[2,3] bf16[4,3,1]", FIT),
    ("aiter::gemm_a16w16", "fp32[2,3] fp32[4,3]", "no model for aiter::gemm_a16w16"),
    ("aiter::hipb_mm", "bf16[2,3] fp16[4,3]", "no model for aiter::hipb_mm"),
    ("_C::cutlass_scaled_mm", "bf16[2,5] fp8[2,3] fp8[3,4] fp32[] fp32[] -", FIT),
    ("_C::cutlass_scaled_mm", "bf16[2,4] fp8[2,3] fp8[4,4] fp32[] fp32[] -", FIT),
    ("sgl_kernel::fp8_scaled_mm", "fp8[2,3] fp8[4,3] fp32[2,1] fp32[4] 15 -", FIT),
    ("fbgemm::f8f8bf16_rowwise", "fp8[2,3] fp8[4,5] fp32[2] fp32[4] -", FIT),
    ("fbgemm::f8f8bf16_rowwise", "fp8[1,2,3] fp8[4,2] fp32[2] fp32[4] -", FIT),
    ("aten::_weight_int4pack_mm", "bf16[2,16] int32[1,1,8] - bf16[2,4,2]", FIT),
    ("aten::_weight_int4pack_mm", "bf16[1,2,16] int32[1,1,8] 8 bf16[2,4,2]", FIT),
    ("aten::_weight_int4pack_mm", "bf16[2,16] int32[1,1,8] 4 bf16[2,4,2]", FIT),
    ("aten::_weight_int4pack_mm", "bf16[2,16] int32[1,1,9] 8 bf16[2,4,2]", FIT),
    ("aten::_scaled_grouped_mm", "fp8[4,3] fp8[2,5,5] fp32[4] fp32[2,5] int32[2]", FIT),
    ("aten::_scaled_grouped_mm", "fp8[1,4,3] fp8[2,4,5] fp32[4] fp32[2,5] int32[2]", FIT),
    # mixtures of experts: widths, inner sizes, tokens; experts on other devices
    (
        "vllm::inplace_fused_experts",
        "bf16[3,6] bf16[2,10,4] bf16[2,4,5] fp32[3,2] int32[3,2]",
        FIT,
    ),
    (
        "vllm::inplace_fused_experts",
        "bf16[3,4] bf16[2,10,4] bf16[3,4,5] fp32[3,2] int32[3,2]",
        FIT,
    ),
    (
        "vllm::inplace_fused_experts",
        "bf16[3,4] bf16[2,10,4] bf16[2,4,5] fp32[3,2] int32[4,2]",
        FIT,
    ),
    (
        "vllm::inplace_fused_experts",
        "bf16[3,4] bf16[2,9,4] bf16[2,4,5] fp32[3,2] int32[3,2]",
        FIT,
    ),
    (
        "vllm::outplace_fused_experts",
        "bf16[3,4] bf16[2,10,4] bf16[2,4,5] fp32[3,2] int32[3,2] int32[2]",
        "how many tokens go to this device's experts",
    ),
    # attention: ranks, batches, widths, heads
    (
        "aten::_scaled_dot_product_flash_attention",
        "bf16[2,4,3,8] bf16[2,4,5,8] bf16[2,4,5,8,1] 0. False False -",
        FIT,
    ),
    (
        "aten::_scaled_dot_product_flash_attention",
        "bf16[2,4,3,8] bf16[1,4,5,8] bf16[2,4,5,8] 0. False False -",
        FIT,
    ),
    (
        "aten::_scaled_dot_product_flash_attention",
        "bf16[2,4,3,8] bf16[2,4,5,8] bf16[2,4,6,8] 0. False False -",
        FIT,
    ),
    (
        "aten::_scaled_dot_product_flash_attention",
        "bf16[2,4,3,8] bf16[2,4,5,9] bf16[2,4,5,8] 0. False False -",
        FIT,
    ),
    (
        "aten::_scaled_dot_product_flash_attention",
        "bf16[2,4,3,8] bf16[2,3,5,8] bf16[2,3,5,8] 0. False False -",
        FIT,
    ),
    (
        "aten::_scaled_dot_product_flash_attention",
        "bf16[2,4,3,8] bf16[2,0,5,8] bf16[2,0,5,8] 0. False False -",
        FIT,
    ),
    (
        "aten::_flash_attention_forward",
        "bf16[6,4,8] bf16[6,4,8] bf16[2,3,4,8] int32[3] int32[3] 3 3 0. True False -",
        FIT,
    ),
    (
        "aten::_flash_attention_forward",
        "bf16[2,3,4,8] bf16[2,5,4,8] bf16[2,5,4,8] - - 3 5 0. True False - -1 -1 int32[2] -",
        LENGTHS,
    ),
    # paged: lengths are known only where causal queries fill every sequence to the longest
    (
        "aiter::mha_batch_prefill",
        "bf16[6,4,8] bf16[9,2,8] bf16[9,2,8] int32[3] int32[3] int32[6] 3 4 0. 1. 0. False True",
        LENGTHS,
    ),
    (
        "aiter::mha_batch_prefill",
        "bf16[5,4,8] bf16[9,2,8] bf16[9,2,8] int32[3] int32[3] int32[6] 3 3 0. 1. 0. False True",
        LENGTHS,
    ),
    (
        "aiter::mha_batch_prefill",
        "bf16[6,4,8] bf16[9,2,8] bf16[9,2,8] int32[3] int32[3] int32[6] 3 3 0. 1. 0. False False",
        LENGTHS,
    ),
    (
        "aiter::mha_batch_prefill",
        "bf16[6,4,8] bf16[9,1,2,8] bf16[9,2,8] int32[3] int32[3] int32[6] 3 3 0. 1. 0. False True",
        FIT,
    ),
    ("vllm::unified_attention_with_output", "bf16[6,32] bf16[6,16] bf16[6,16] bf16[6,31]", FIT),
    (
        "flash_attn::_flash_attn_forward",
        "bf16[2,3,4,8] bf16[2,5,3,8] bf16[2,5,3,8] 0. 0.35 True -1 -1 0.0 - False",
        FIT,
    ),
    (
        "flash_attn::_flash_attn_forward",
        "bf16[2,3,4,8] bf16[2,5,2,9] bf16[2,5,2,8] 0. 0.35 True -1 -1 0.0 - False",
        FIT,
    ),
    (
        "flash_attn::_flash_attn_forward",
        "bf16[2,3,4,8] bf16[2,5,2,8] bf16[2,6,2,8] 0. 0.35 True -1 -1 0.0 - False",
        FIT,
    ),
    # convolutions: ranks, strides, filters larger than what they slide over, settings unknown
    ("aten::conv2d", "bf16[2,3,5,5] bf16[4,3,3] - [1,1] [1,1] [1,1] 1", FIT),
    ("aten::conv2d", "bf16[2,3,5,5] bf16[4,3,3,3] - [1,0] [1,1] [1,1] 1", FIT),
    ("aten::conv2d", "bf16[2,3,5,5] bf16[4,3,3,3] - [1,1,1] [1,1] [1,1] 1", FIT),
    ("aten::conv2d", "bf16[2,3,5,5] bf16[4,3,9,9] - [1,1] [0,0] [1,1] 1", FIT),
    ("aten::conv2d", "bf16[2,3,5,5] bf16[4,3,3,3] -", PADDING),
    ("aten::_slow_conv2d_forward", "bf16[2,3,5,5] bf16[4,3,3,3] [3,3] -", SIGNATURE),
    ("aten::convolution", "bf16[2,3,5,5] bf16[4,3,3,3] - [1,1] [1,1] [1,1]", SIGNATURE),
    (
        "aten::convolution_backward",
        "bf16[2,4,3,3] bf16[2,3,5,5] bf16[4,3,3,3] [4] [2,2] [1,1] [1,1] False [0,0] 1",
        "which gradients were computed is not recorded",
    ),
    (
        "aten::convolution_backward",
        "bf16[2,4,3,3] bf16[2,3,5,5] bf16[4,3,3,3] [4] [2,2] [1,1] [1,1] - [0,0] 1"
        " [True,True,True]",
        PADDING,
    ),
    (
        "aten::convolution_backward",
        "bf16[2,4,3,3] bf16[2,3,5,5] bf16[4,3,3] [4] [2,2] [1,1] [1,1] False [0,0] 1"
        " [True,True,True]",
        FIT,
    ),
    # reductions and pooling
    ("aten::sum", "fp32[2,3] [2] False -", "reduced dimensions lie outside the shape"),
    ("aten::sum", "fp32[2,3] [-3] False -", "reduced dimensions lie outside the shape"),
    ("aten::avg_pool2d", "fp32[1,2,4,4] - [2,2] [0,0] False", "kernel size and stride"),
    ("aten::avg_pool2d", "fp32[1,2,4,4] [2,2] [0,2] [0,0] False", FIT),
    ("aten::avg_pool2d", "fp32[4,4] [2,2] [2,2] [0,0] False", FIT),
    ("aten::_adaptive_avg_pool2d", "fp32[1,2,4,4] -", "output size of the pooling"),
    ("aten::_adaptive_avg_pool2d", "fp32[4,4] [2,2]", "output size of the pooling"),
    # look-ups
    ("aten::embedding_dense_backward", "bf16[3,4] int64[3] - -1 False", "size of the embedding"),
    ("aten::embedding_dense_backward", "bf16[3,4] int64[3] -1 -1 False", "size of the embedding"),
    ("aten::index_select", "bf16[10,4] - int64[3]", "dimension of aten::index_select"),
    ("aten::index_select", "bf16[10,4] 2 int64[3]", FIT),
    ("aten::index_select", "bf16[10,4] -3 int64[3]", FIT),
    ("aten::index_put_", "bf16[10,4] - bf16[1] True", "index shapes are not recorded"),
    ("aten::topk", "bf16[2,5] - 1 True True", "size of the result"),
    ("aten::topk", "bf16[2,5] 2 - True True", "size of the result"),
    ("aten::topk", "bf16[2,5] 2 2 True True", "size of the result"),
    (
        "_C_cache_ops::reshape_and_cache_flash",
        "bf16[3,2,4] bf16[3,2,4] bf16[9,16,2,4] bf16[9,16,2,4] int64[4] auto fp32[] fp32[]",
        FIT,
    ),
    ("aten::_embedding_bag", "bf16[10,4] int64[5] int64[2] False - False - False", "mode of"),
    ("aten::_embedding_bag", "bf16[10,4] int64[5] int64[2] False 0 False - -", "mode of"),
    (
        "aten::_embedding_bag_dense_backward",
        "bf16[2,4] int64[5] int64[5] int64[2] int64[2] - False",
        SIGNATURE,
    ),
    # copies and lists
    ("aten::arange", "0 5 - int64[0]", "length of aten::arange"),
    ("aten::arange", "0 5 0 int64[0]", "length of aten::arange"),
    ("aten::arange", "0 5 1", "length of aten::arange"),
    ("aten::cat", "list2[[0],[0]] 0", SHAPES),
    ("aten::upsample_nearest2d", "bf16[1,2,3,3] - - -", "output size of"),
    ("aten::upsample_nearest2d", "bf16[1,2,3,3] [6] - -", "output size of"),
    ("aten::_foreach_add_", "bf16[2] 1", SHAPES),
    ("aten::_fused_adam_", "list4[[2]] list4[[2]] list4[[2]] - - list4[[]]", "data type of the"),
    # normalisations
    ("aten::native_layer_norm", "bf16[2,3] [4] bf16[4] bf16[4] 1e-05", "normalized shape of"),
    ("aten::native_layer_norm", "bf16[2,3] - - - 1e-05", "normalized shape of"),
    ("aten::_fused_rms_norm", "bf16[2,0] [0] - -", "normalized shape of"),
    ("_C::rms_norm", "bf16[2,3] bf16[3,3] bf16[3] 1e-06", FIT),
    ("_C::fused_add_rms_norm", "bf16[2,3] bf16[3,3] bf16[3] 1e-06", FIT),
    (
        "aiter::add_rmsnorm",
        "bf16[2,3] bf16[2,3] bf16[2,3] bf16[3,3] bf16[3] 1e-06",
        FIT,
    ),
    (
        "aten::native_batch_norm_backward",
        "bf16[2,3,5] bf16[2,3,6] fp32[3] fp32[3] fp32[3] fp32[3] fp32[3] True 1e-05",
        FIT,
    ),
    ("aten::native_group_norm", "bf16[2,4,3] bf16[4] bf16[4] 2 4 3 - 1e-05", "groups of"),
    # elementwise
    ("aten::add", "bf16[2,3] bf16[4] 1", FIT),
    ("aten::add_", "bf16[3] bf16[2,3] 1", FIT),
    ("aten::where", "bool[2,3] bf16[2,3]", SHAPES),
    ("aten::mse_loss", "fp32[2,3] fp32[2,3] -", "reduction of aten::mse_loss"),
    (
        "aten::binary_cross_entropy_with_logits",
        "fp32[2,3] fp32[2,3] - - -",
        "reduction of aten::binary_cross_entropy_with_logits",
    ),
    ("_C::silu_and_mul", "bf16[2,3] bf16[2,5]", FIT),
    ("_C::silu_and_mul", "bf16[2,3] bf16[3,6]", FIT),
    ("_C::static_scaled_fp8_quant", "fp8[2,3] bf16[3,3] fp32[1]", FIT),
    (
        "_C::rotary_embedding",
        "int64[2] bf16[2,8] bf16[2,4] - bf16[16,4] True",
        "the size of a head is not recorded",
    ),
    (
        "_C::rotary_embedding",
        "int64[2] bf16[2,8] bf16[2,4] 4 bf16[16,5] True",
        FIT,
    ),
    # embeddings of recommenders: the two lists must be where the schema has them
    (
        "fbgemm::dense_embedding_codegen_lookup_function",
        "fp32[100] int64[2] int32[3] 8 4 int64[3] 7 int64[5,1] int64[3] 0",
        FIT,
    ),
    (
        "fbgemm::dense_embedding_codegen_lookup_function",
        "fp32[100] int64[2] int32[3] 8 4 int64[3] 7 int64[5] - 0",
        SIGNATURE,
    ),
)
