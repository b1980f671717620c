"""Look-ups, copies, optimizer steps, and the operators of recommenders."""

from __future__ import annotations

from operator_rows import Row

_OPTIMIZERS = (
    "sgd", "adagrad", "rowwise_adagrad", "rowwise_weighted_adagrad", "adam", "lamb",
    "lars_sgd", "partial_rowwise_adam", "partial_rowwise_lamb", "none", "approx_sgd",
    "rowwise_adagrad_with_counter", "rowwise_adagrad_with_weight_decay",
    "approx_rowwise_adagrad", "approx_rowwise_adagrad_with_counter",
    "approx_rowwise_adagrad_with_weight_decay", "ensemble_rowwise_adagrad",
)  # fmt: skip
# Two tables of width 4, five indices and three offsets: one bag each, so a result of 1 × 8, of at
# least 2 bytes an element. Five rows of 4 are added up; of the backward pass the gradient is known.
_STORED = "fp32[100] fp32[0] fp32[0,0] int32[2] int64[2]"
_LISTS = "int64[5] int64[3]"
_SPLIT_LOOKUP = f"fp32[0] {_STORED} int32[3] 8 4 int64[3] 7 {_LISTS} 0"
_DENSE_LOOKUP = f"fp32[100] int64[2] int32[3] 8 4 int64[3] 7 {_LISTS} 0"
_LISTS_AND_RESULT = 40 + 24 + 16
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
    ("aten::nonzero", "bool[2,3]", 0, 6),
    ("aten::masked_select", "bf16[2,3] bool[2,3]", 0, 6),
    # where the shapes of the list are recorded: 3 × 2 rows of 4
    ("aten::index", "bf16[10,4] list8[[3,2]]", 0, 48 + 48),
    ("aten::index", "bf16[10,5,4] list8[[3,1],[2]]", 0, 48 + 48),
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
    # with the offsets that releases before 1.10 took
    (
        "aten::_embedding_bag_dense_backward",
        "bf16[2,4] int32[5] int64[2] int64[5] int64[2] int64[2] 10 False 0 -",
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
    # the permutation is read and lengths written; values only where their number is given
    ("fbgemm::permute_sparse_features", "int32[3] int32[3,2] int64[9] -", 0, 12 + 24),
    ("fbgemm::permute_2D_sparse_data", "int32[3] int32[3,2] int64[9] - -", 0, 12 + 24),
    ("fbgemm::permute_2D_sparse_data", "int32[3] int32[3,2] int64[9] fp32[9] 9", 0, 36 + 72 + 36),
    ("fbgemm::permute_1D_sparse_data", "int32[3] int32[3] int64[9] - -", 0, 12 + 12),
    ("fbgemm::dense_embedding_codegen_lookup_function", _DENSE_LOOKUP, 20, _LISTS_AND_RESULT),
    # a weight for each index: two operations, and its 20 bytes; a mean divides its 8 elements
    (
        "fbgemm::dense_embedding_codegen_lookup_function",
        f"{_DENSE_LOOKUP} fp32[5]",
        40,
        _LISTS_AND_RESULT + 20,
    ),
    (
        "fbgemm::dense_embedding_codegen_lookup_function",
        f"{_DENSE_LOOKUP.removesuffix('0')}1",
        28,
        _LISTS_AND_RESULT,
    ),
    # without pooling there is a row an index
    (
        "fbgemm::dense_embedding_codegen_lookup_function",
        f"{_DENSE_LOOKUP.removesuffix('0')}2",
        0,
        40 + 24 + 40,
    ),
    # tables of widths that differ, the widest 6: at most 30 additions
    (
        "fbgemm::dense_embedding_codegen_lookup_function",
        _DENSE_LOOKUP.replace("8 4", "8 6"),
        30,
        _LISTS_AND_RESULT,
    ),
    (
        "fbgemm::split_embedding_codegen_forward_unweighted_cuda",
        f"{_STORED} int32[3] 8 4 {_LISTS} 0 int32[0] 0 False",
        20,
        _LISTS_AND_RESULT,
    ),
    (
        "fbgemm::split_embedding_codegen_forward_weighted_cuda",
        f"{_STORED} int32[3] 8 4 {_LISTS} 0 fp32[5] int32[0] 0 False",
        40,
        _LISTS_AND_RESULT + 20,
    ),
    (
        "fbgemm::split_embedding_nobag_codegen_forward_unweighted_cuda",
        f"{_STORED} 4 {_LISTS} int32[0] 0 False",
        0,
        40 + 24 + 40,
    ),
    (
        "fbgemm::int_nbit_split_embedding_codegen_lookup_function",
        "uint8[100] uint8[0] int32[2] int64[2] uint8[2] int32[3] 8 0 0 4 0 0 int32[5] int32[3] 0",
        None,
        20 + 12 + 16,
    ),
    *(
        (
            f"fbgemm::split_embedding_backward_codegen_{name}_{kind}_exact_cuda",
            f"fp32[1,8] {_STORED} int32[3] 4 int64[3] 7 {_LISTS} 0",
            None,
            32 + 40 + 24,
        )
        for name in _OPTIMIZERS
        for kind in ("unweighted", "weighted")
    ),
    # 6 elements to a byte each, and back; by row with a scale: a comparison and a product
    ("fbgemm::FloatToHFP8Quantized", "fp32[2,3] 4 7 1.", 0, 24 + 6),
    ("fbgemm::HFP8QuantizedToFloat", "uint8[2,3] 4 7", 0, 6 + 24),
    ("fbgemm::FloatToBfloat16Quantized", "fp32[2,3]", 0, 24 + 12),
    ("fbgemm::Bfloat16QuantizedToFloat", "fp16[2,3]", 0, 12 + 24),
    ("fbgemm::FloatToFP8RowwiseQuantized", "fp32[2,3] True", 12, 24 + 6),
    ("fbgemm::FloatToFused8BitRowwiseQuantized", "fp32[2,3]", 12, 24 + 6),
    # at most 12 of a row's 20 bytes are no values; each has 2 bytes at least
    ("fbgemm::FP8RowwiseQuantizedToFloat", "uint8[2,20] True 0", 16, 40 + 32),
    ("fbgemm::Fused8BitRowwiseQuantizedToFloat", "uint8[2,20]", 16, 40 + 32),
    ("torch::autograd::CppNode<SplitLookupFunction_Dense_Op>", "fp32[2,8]", None, 64),
    *(
        (
            f"fbgemm::split_embedding_codegen_lookup_{name}_function",
            _SPLIT_LOOKUP,
            20,
            _LISTS_AND_RESULT,
        )
        for name in _OPTIMIZERS
    ),
    *(
        (
            f"torch::autograd::CppNode<Split{kind}LookupFunction_{name}_Op{form}>",
            "fp32[2,8]",
            None,
            64,
        )
        for name in _OPTIMIZERS
        for kind in ("", "NoBag")
        for form in ("", "_pt2")
    ),
    # the later form takes its tables as a list
    *(
        (
            f"fbgemm::split_embedding_codegen_lookup_{name}_function_pt2",
            f"fp32[0] list4[[100],[0]] int32[3] 8 4 int64[3] 7 {_LISTS} 0 fp32[5]",
            40,
            _LISTS_AND_RESULT + 20,
        )
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
    ("aten::bernoulli_", "bf16[2,3] bf16[2,3] -", 0, 12 + 12),
    ("aten::bernoulli_", "bf16[2,3] 0.5 -", 0, 12),
    ("aten::exponential_", "bf16[2,3] 1. -", 0, 12),
    ("aten::arange", "2 9 3 int64[0]", 0, 24),  # 2, 5, 8
    ("aten::cat", "list2[[2,3],[4,3]] 0", 0, 36 + 36),
    ("aten::_cat", "list2[[2,3],[4,3]] 0", 0, 36 + 36),
    ("aten::stack", "list2[[2,3],[2,3]] 0", 0, 24 + 24),
    ("aten::_foreach_copy_", "list2[[2,3],[4]] list2[[2,3],[4]] False", 0, 20 + 20),
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
    # the last list is what the results go to
    ("aten::_foreach_add", "list4[[2],[3]] list4[[2],[3]] 1 list4[[2],[3]]", 5, 40 + 20),
    ("aten::_foreach_sqrt", "list4[[2],[3]] list4[[2],[3]]", 5, 20 + 20),
    ("aten::_foreach_lerp", "list4[[2]] list4[[2]] 0.5 list4[[2]]", 6, 16 + 8),
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

# x[1,2,3], [1,2,2,3] or [1,1,2,2,2] twice as long each way; sums of 2, 4, 8 and 16 elements
RESIZES: tuple[Row, ...] = (
    *(
        row
        for name in ("upsample_nearest", "_upsample_nearest_exact")
        for row in (
            (f"aten::{name}1d", "bf16[1,2,3] [6] -", 0, 12 + 24),
            (f"aten::{name}2d", "bf16[1,2,2,3] [4,6] - -", 0, 24 + 96),
            (f"aten::{name}2d", "bf16[1,2,2,3] - [2.,2.]", 0, 24 + 96),
            (f"aten::{name}2d", "bf16[1,2,2,3] [1,2] - -", 0, 8 + 8),
            (f"aten::{name}3d", "bf16[1,1,2,2,2] [4,4,4] - - -", 0, 16 + 128),
            (f"aten::{name}1d_backward", "bf16[1,2,6] [6] [1,2,3] -", 12, 24 + 12),
            (f"aten::{name}2d_backward", "bf16[1,2,4,6] [4,6] [1,2,2,3] - -", 48, 96 + 24),
            (f"aten::{name}3d_backward", "bf16[1,1,4,4,4] [4,4,4] [1,1,2,2,2] - - -", 64, 144),
        )
    ),
    ("aten::upsample_linear1d", "bf16[1,2,3] [6] False -", 3 * 12, 12 + 24),
    ("aten::upsample_bilinear2d", "bf16[1,2,2,3] [4,6] False - -", 9 * 48, 24 + 96),
    ("aten::upsample_bilinear2d", "bf16[1,2,2,3] - True [2.,2.]", 9 * 48, 24 + 96),
    ("aten::upsample_bilinear2d", "bf16[1,2,9,9] [2,2] False - -", 9 * 8, 2 * 32 + 16),
    ("aten::upsample_trilinear3d", "bf16[1,1,2,2,2] [4,4,4] False - - -", 21 * 64, 16 + 128),
    ("aten::upsample_bicubic2d", "bf16[1,2,2,3] [4,6] False - -", 35 * 48, 24 + 96),
    ("aten::_upsample_bilinear2d_aa", "bf16[1,2,4,6] [2,3] False - -", 9 * 12, 96 + 24),
    ("aten::_upsample_bicubic2d_aa", "bf16[1,2,4,6] [2,3] False - -", 35 * 12, 96 + 24),
    ("aten::upsample_linear1d_backward", "bf16[1,2,6] [6] [1,2,3] False -", 4 * 12, 24 + 12),
    *(
        (f"aten::{name}_backward", "bf16[1,2,4,6] [4,6] [1,2,2,3] False - -", each * 48, 96 + 24)
        for name, each in (
            ("upsample_bilinear2d", 12),
            ("_upsample_bilinear2d_aa", 12),
            ("upsample_bicubic2d", 48),
            ("_upsample_bicubic2d_aa", 48),
        )
    ),
    (
        "aten::upsample_trilinear3d_backward",
        "bf16[1,1,4,4,4] [4,4,4] [1,1,2,2,2] False - - -",
        32 * 64,
        128 + 16,
    ),
)
