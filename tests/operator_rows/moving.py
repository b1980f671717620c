"""Look-ups, copies, optimizer steps, and the operators of recommenders."""

from __future__ import annotations

from operator_rows import Row

_OPTIMIZERS = (
    "sgd", "adagrad", "rowwise_adagrad", "rowwise_weighted_adagrad", "adam", "lamb",
    "lars_sgd", "partial_rowwise_adam", "partial_rowwise_lamb", "none",
)  # fmt: skip
# five indices and three offsets are known of a pooled look-up, and the gradient of its backward
_SPLIT_LOOKUP = (
    "fp32[0] fp32[100] fp32[0] fp32[0,0] int32[2] int64[2] int32[3] 8 4 int64[3] 7"
    " int64[5] int64[3]"
)
_DENSE_LOOKUP = "fp32[100] int64[2] int32[3] 8 4 int64[3] 7 int64[5] int64[3]"
_POOLED = "torch::autograd::CppNode<fbgemm_gpu::PermutePooledEmbsFunction<{}> >".format(
    "&fbgemm_gpu::permute_pooled_embs_gpu"
)

# A table of 10 rows of 4; 3 rows are looked up: 12 elements of 2 bytes, 3 indices of 8.
LOOKUPS: tuple[Row, ...] = (
    ("aten::embedding", "bf16[10,4] int64[3] -1 False False", 0, 24 + 24 + 24),
    ("aten::embedding_dense_backward", "bf16[3,4] int64[3] 10 -1 False", 12, 24 + 24 + 80),
    ("aten::index_select", "bf16[10,4] 0 int64[3]", 0, 24 + 24 + 24),
    ("aten::gather", "bf16[10,4] 0 int64[3,4] False", 0, 24 + 96 + 24),
    ("aten::take", "bf16[10] int64[3]", 0, 6 + 24 + 6),
    ("aten::_index_put_impl_", "bf16[10,4] - bf16[3,4] True False", 12, 24 + 24 + 24),
    ("aten::index_put_", "bf16[10,4] - bf16[3,4] False", 0, 24 + 24),
    # out of place the whole tensor is copied; adding reads what it adds to
    ("aten::scatter", "bf16[10,4] 0 int64[3,4] bf16[3,4]", 0, 96 + 24 + 80 + 80),
    ("aten::scatter_", "bf16[10,4] 0 int64[3,4] bf16[3,4]", 0, 96 + 24 + 24),
    ("aten::scatter_add", "bf16[10,4] 0 int64[3,4] bf16[3,4]", 12, 96 + 24 + 80 + 80),
    ("aten::scatter_add_", "bf16[10,4] 0 int64[3,4] bf16[3,4]", 12, 96 + 24 + 24 + 24),
    ("aten::index_add", "bf16[10,4] 0 int64[3] bf16[3,4] 1", 12, 24 + 24 + 80 + 80),
    ("aten::index_add_", "bf16[10,4] 0 int64[3] bf16[3,4] 1", 12, 24 + 24 + 24 + 24),
    ("aten::index_copy", "bf16[10,4] 0 int64[3] bf16[3,4]", 0, 24 + 24 + 80 + 80),
    ("aten::index_copy_", "bf16[10,4] 0 int64[3] bf16[3,4]", 0, 24 + 24 + 24),
    ("aten::topk", "bf16[2,5] 2 1 True True", 0, 20 + 8 + 32),
    ("aten::sort", "bf16[2,5] 1 False", 0, 20 + 20 + 80),
    (
        "sglang::store_cache",
        "bf16[3,4] bf16[3,4] bf16[10,4] bf16[10,4] int64[3] 8 0",
        0,
        24 + 24 + 24 + 24 + 24,
    ),
    (
        "_C_cache_ops::reshape_and_cache_flash",
        "bf16[3,2,4] bf16[3,2,4] fp8[9,16,2,4] fp8[9,16,2,4] int64[3] auto fp32[] fp32[]",
        0,
        48 + 48 + 24 + 24 + 24,
    ),
    # five look-ups of rows of 4 are added up in two bags: 20 additions
    (
        "aten::_embedding_bag",
        "bf16[10,4] int64[5] int64[2] False 0 False - False -1",
        20,
        40 + 40 + 16 + 16,
    ),
    (
        "aten::_embedding_bag_forward_only",
        "bf16[10,4] int64[5] int64[3] False 0 False bf16[5] True -1",
        40,
        40 + 40 + 24 + 10 + 16,
    ),
    (
        "aten::_embedding_bag_dense_backward",
        "bf16[2,4] int32[5] int64[5] int64[2] int64[2] 10 False 0 - -1",
        20,
        16 + 20 + 40 + 80,
    ),
    *(
        (name, "bf16[2,6] int64[4] int64[3] int64[4] int64[3]", 0, 24 + 32 + 24 + 32 + 24)
        for name in ("fbgemm::permute_pooled_embs", "fbgemm::permute_pooled_embs_auto_grad")
    ),
    (_POOLED, "bf16[2,6]", 0, 24 + 24),
    (
        "fbgemm::recat_embedding_grad_output_mixed_D_batch",
        "bf16[2,6] int64[3] int64[4]",
        0,
        24 + 24 + 32 + 24,
    ),
    ("fbgemm::bounds_check_indices", "int64[2] int64[5] int64[3] 0 int64[1]", 0, 16 + 40 + 24),
    ("fbgemm::asynchronous_complete_cumsum", "int64[4]", 0, 32 + 40),
    ("fbgemm::permute_sparse_features", "int32[3] int32[3,2] int64[9] -", 0, None),
    ("fbgemm::permute_2D_sparse_data", "int32[3] int32[3,2] int64[9] - -", 0, None),
    ("fbgemm::permute_1D_sparse_data", "int32[3] int32[3] int64[9] - -", 0, None),
    ("fbgemm::dense_embedding_codegen_lookup_function", _DENSE_LOOKUP, None, 40 + 24),
    ("torch::autograd::CppNode<SplitLookupFunction_Dense_Op>", "fp32[2,8]", None, 64),
    *(
        (f"fbgemm::split_embedding_codegen_lookup_{name}_function", _SPLIT_LOOKUP, None, 40 + 24)
        for name in _OPTIMIZERS
    ),
    *(
        (f"torch::autograd::CppNode<SplitLookupFunction_{name}_Op>", "fp32[2,8]", None, 64)
        for name in _OPTIMIZERS
    ),
)

COPIES: tuple[Row, ...] = (
    ("aten::copy_", "fp32[2,3] bf16[2,3] False", 0, 12 + 24),
    ("aten::clone", "bf16[2,3] -", 0, 12 + 12),
    ("aten::contiguous", "bf16[2,3] 0", 0, 12 + 12),
    ("aten::_to_copy", "fp32[2,3] 15 - - - False -", 0, 24 + 12),
    ("aten::fill_", "bf16[2,3] 0.", 0, 12),
    ("aten::zero_", "bf16[2,3]", 0, 12),
    ("aten::normal_", "bf16[2,3] 0. 1. -", 0, 12),
    ("aten::uniform_", "bf16[2,3] 0. 1. -", 0, 12),
    ("aten::random_", "int64[2,3] 0 9 -", 0, 48),
    ("aten::bernoulli_", "bf16[2,3] 0.5 -", 0, 12),
    ("aten::exponential_", "bf16[2,3] 1. -", 0, 12),
    ("aten::arange", "2 9 3 int64[0]", 0, 24),  # 2, 5, 8
    ("aten::cat", "list2[[2,3],[4,3]] 0", 0, 36 + 36),
    ("aten::_cat", "list2[[2,3],[4,3]] 0", 0, 36 + 36),
    ("aten::stack", "list2[[2,3],[2,3]] 0", 0, 24 + 24),
    ("aten::_foreach_copy_", "list2[[2,3],[4]] list2[[2,3],[4]] False", 0, 20 + 20),
    ("aten::upsample_nearest1d", "bf16[1,2,3] [6] -", 0, 12 + 24),
    ("aten::upsample_nearest2d", "bf16[1,2,3,3] [6,6] - -", 0, 36 + 144),
    ("aten::upsample_nearest3d", "bf16[1,1,2,2,2] [4,4,4] - - -", 0, 16 + 128),
)

# Lists of 6 and 4 elements of 4 bytes: 10 elements, 40 bytes a list.
_A = "list4[[2,3],[4]]"
_STEPS = "list4[[],[]]"

OPTIMIZER_STEPS: tuple[Row, ...] = (
    *(
        (f"aten::_foreach_{name}", f"{_A} {_A}", 10, 40 + 40 + 40)
        for name in (
            "add", "add_", "sub", "sub_", "mul", "mul_", "div", "div_",
            "maximum", "maximum_", "minimum", "minimum_",
        )
    ),
    *(
        (f"aten::_foreach_{name}", f"{_A} 2.", 10, 40 + 40)
        for name in ("clamp_min", "clamp_min_", "clamp_max", "clamp_max_", "pow", "pow_")
    ),
    *(
        (f"aten::_foreach_{name}", _A, 10, 40 + 40)
        for name in (
            "sqrt", "sqrt_", "rsqrt", "rsqrt_", "neg", "neg_", "abs", "abs_",
            "reciprocal", "reciprocal_", "exp", "exp_", "log", "log_",
        )
    ),
    *(
        (f"aten::_foreach_{name}", f"{_A} {_A} {_A} 1", 30, 40 + 40 + 40 + 40)
        for name in ("addcmul", "addcmul_", "addcdiv", "addcdiv_")
    ),
    *(
        (f"aten::_foreach_{name}", f"{_A} {_A} 0.5", 30, 40 + 40 + 40)
        for name in ("lerp", "lerp_")
    ),
    ("aten::_foreach_norm", f"{_A} 2 -", 20, 40 + 8),
    ("aten::_foreach_zero_", _A, 0, 40),
    (
        "aten::_amp_foreach_non_finite_check_and_unscale_",
        f"{_A} fp32[] fp32[]",
        10,
        40 + 40,
    ),
    ("aten::_fused_adagrad_", f"{_A} {_A} {_A} {_STEPS}", 70, 120 + 80),
    ("aten::_fused_adam_", f"{_A} {_A} {_A} {_A} - {_STEPS}", 140, 160 + 120),
    ("aten::_fused_adamw_", f"{_A} {_A} {_A} {_A} {_A} {_STEPS}", 140, 200 + 160),
    ("aten::_fused_sgd_", f"{_A} {_A} {_A} 0. 0.9", 40, 120 + 80),
)  # fmt: skip
