"""Softmax, normalisations, reductions, pooling and losses."""

from __future__ import annotations

from operator_rows import Row

# [2,3]: 6 elements in 2 rows. Softmax 5 operations an element, layer, batch and group norm 8, RMS
# norm 5; backward 4, 14, 14, 14 and 10. Statistics of BF16 rows are kept in FP32.
NORMALIZATIONS: tuple[Row, ...] = (
    ("aten::_softmax", "fp16[2,3] -1 False", 30, 12 + 12),
    ("aten::_softmax", "fp16[2,3] -1 True", 30, 12 + 24),
    ("aten::_log_softmax", "fp16[2,3] -1 True", 30, 12 + 24),
    ("aten::softmax", "bf16[2,3] -1 -", 30, 12 + 12),
    ("aten::log_softmax", "bf16[2,3] -1 6", 30, 12 + 24),
    ("aten::_softmax_backward_data", "fp32[2,3] fp32[2,3] -1 15", 24, 24 + 24 + 12),
    ("aten::_softmax_backward_data", "fp32[2,3] fp32[2,3] -1 bf16[2,3]", 24, 24 + 24 + 12),
    ("aten::_log_softmax_backward_data", "fp32[2,3] fp32[2,3] -1 6", 24, 24 + 24 + 24),
    (
        "aten::native_layer_norm",
        "bf16[2,3] [3] bf16[3] bf16[3] 1e-05",
        48,
        12 + 6 + 6 + 12 + 8 + 8,
    ),
    (
        "aten::native_layer_norm_backward",
        "bf16[2,3] bf16[2,3] [3] fp32[2,1] fp32[2,1] bf16[3] bf16[3] [True,True,True]",
        84,
        12 + 12 + 8 + 8 + 6 + 12 + 6 + 6,
    ),
    ("aten::rms_norm", "bf16[2,3] [3] bf16[3] -", 30, 12 + 6 + 12),
    ("aten::_fused_rms_norm", "bf16[2,3] [3] bf16[3] -", 30, 12 + 6 + 12 + 8),
    (
        "aten::_fused_rms_norm_backward",
        "bf16[2,3] bf16[2,3] [3] fp32[2,1] bf16[3] [True,True]",
        60,
        12 + 12 + 8 + 6 + 12 + 6,
    ),
    ("_C::rms_norm", "bf16[2,3] bf16[2,3] bf16[3] 1e-06", 30, 12 + 6 + 12),
    ("sgl_kernel::rmsnorm", "bf16[2,3] bf16[2,3] bf16[3] 1e-06 False", 30, 12 + 6 + 12),
    ("aiter::rmsnorm", "bf16[2,3] bf16[2,3] bf16[3] 1e-06", 30, 12 + 6 + 12),
    # an addition an element more; both inputs are read and both results written
    (
        "_C::fused_add_rms_norm",
        "bf16[2,3] bf16[2,3] bf16[3] 1e-06",
        36,
        12 + 12 + 6 + 12 + 12,
    ),
    (
        "sgl_kernel::fused_add_rmsnorm",
        "bf16[2,3] bf16[2,3] bf16[3] 1e-06 False",
        36,
        12 + 12 + 6 + 12 + 12,
    ),
    (
        "aiter::add_rmsnorm",
        "bf16[2,3] bf16[2,3] bf16[2,3] bf16[2,3] bf16[3] 1e-06",
        36,
        12 + 12 + 6 + 12 + 12,
    ),
    # [2,3,5]: 30 elements, 3 channels; four parameters of 12 bytes are read in either mode
    (
        "aten::native_batch_norm",
        "bf16[2,3,5] fp32[3] fp32[3] fp32[3] fp32[3] False 0.1 1e-05",
        120,
        60 + 48 + 60,
    ),
    *(
        (
            f"aten::{library}_batch_norm",
            "bf16[2,3,5] fp32[3] fp32[3] fp32[3] fp32[3] True 0.1 1e-05",
            240,
            60 + 48 + 60 + 24 + 24,
        )
        for library in ("native", "cudnn", "miopen")
    ),
    (
        "aten::native_batch_norm_backward",
        "bf16[2,3,5] bf16[2,3,5] fp32[3] fp32[3] fp32[3] fp32[3] fp32[3] True 1e-05"
        " [True,True,True]",
        420,
        60 + 60 + 12 + 12 + 12 + 60 + 12 + 12,
    ),
    *(
        (
            f"aten::{library}_batch_norm_backward",
            "bf16[2,3,5] bf16[2,3,5] fp32[3] fp32[3] fp32[3] fp32[3] fp32[3] 1e-05",
            420,
            60 + 60 + 12 + 12 + 12 + 60 + 12 + 12,
        )
        for library in ("cudnn", "miopen")
    ),
    # [2,4,3] in 2 groups: 24 elements, 4 statistics of each kind
    (
        "aten::native_group_norm",
        "bf16[2,4,3] bf16[4] bf16[4] 2 4 3 2 1e-05",
        192,
        48 + 8 + 8 + 48 + 16 + 16,
    ),
    (
        "aten::native_group_norm_backward",
        "bf16[2,4,3] bf16[2,4,3] fp32[2,2] fp32[2,2] bf16[4] 2 4 3 2 [True,True,True]",
        336,
        48 + 48 + 16 + 16 + 8 + 48 + 8 + 8,
    ),
    ("aiter::_groupnorm_run", "bf16[2,4,3] 2 bf16[4] bf16[4] 1e-05", 192, 48 + 8 + 8 + 48),
)

# Three values into one take two additions, twice: 4. Indices are int64.
REDUCTIONS: tuple[Row, ...] = (
    ("aten::sum", "fp32[2,3] [1] False -", 4, 24 + 8),
    ("aten::nansum", "fp32[2,3] [1] False -", 4, 24 + 8),
    ("aten::mean", "fp32[2,3] [1] False -", 4 + 2, 24 + 8),
    ("aten::prod", "fp32[2,3] 1 False -", 4, 24 + 8),
    ("aten::amax", "fp32[2,3] [1] False", 4, 24 + 8),
    ("aten::amin", "fp32[2,3] [1] False", 4, 24 + 8),
    ("aten::logsumexp", "fp32[2,3] [1] False", 4, 24 + 8),
    ("aten::norm", "fp32[2,3] 2 [1] False", 12, 24 + 8),
    ("aten::linalg_vector_norm", "fp32[2,3] 2 [1] False -", 12, 24 + 8),
    ("aten::max", "fp32[2,3] 1 False", 0, 24 + 8 + 16),
    ("aten::min", "fp32[2,3] 1 False", 0, 24 + 8 + 16),
    ("aten::argmax", "fp32[2,3] 1 False", 0, 24 + 16),
    ("aten::argmin", "fp32[2,3] 1 False", 0, 24 + 16),
    ("aten::any", "bool[2,3] 1 False", 0, 6 + 2),
    ("aten::all", "bool[2,3] 1 False", 0, 6 + 2),
    ("aten::cumsum", "fp32[2,3] 1 -", 6, 24 + 24),
    ("aten::cumprod", "fp32[2,3] 1 7", 6, 24 + 48),
    # one value a row is read, negated and added up; loss and weight are written
    ("aten::nll_loss_forward", "fp32[2,5] int64[2] - 1 -100", 4, 8 + 16 + 4 + 4),
    ("aten::nll_loss_backward", "fp32[] fp32[2,5] int64[2] - 1 -100 fp32[]", 2, 16 + 40),
    # [4,4] in windows of 2 × 2 gives [2,2]
    (
        "aten::max_pool2d_with_indices",
        "fp32[1,2,4,4] [2,2] [2,2] [0,0] [1,1] False",
        0,
        128 + 32 + 64,
    ),
    (
        "aten::max_pool2d_with_indices_backward",
        "fp32[1,2,2,2] fp32[1,2,4,4] [2,2] [2,2] [0,0] [1,1] False int64[1,2,2,2]",
        8,
        32 + 64 + 128,
    ),
    ("aten::avg_pool2d", "fp32[1,2,4,4] [2,2] [2,2] [0,0] False True -", 32, 128 + 32),
    # one number holds for both dimensions
    ("aten::avg_pool2d", "fp32[1,2,4,4] [2] [2] [0] False True -", 32, 128 + 32),
    ("aten::_adaptive_avg_pool2d", "fp32[1,2,4,4] [2]", 32, 128 + 32),
    # a tensor without dimensions has a last one
    ("aten::mean", "fp32[] [-1] True -", 1, 4),
    # windows of one place at every third one: 2 × 2 of 16 places
    ("aten::avg_pool2d", "fp32[1,2,4,4] [1,1] [3,3] [0,0] False True -", 8, 32 + 32),
    (
        "aten::max_pool2d_with_indices",
        "fp32[1,2,4,4] [1,1] [3,3] [0,0] [1,1] False",
        0,
        32 + 32 + 64,
    ),
    ("aten::_adaptive_avg_pool2d", "fp32[1,2,4,4] [2,2]", 32, 128 + 32),
)
