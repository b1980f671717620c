"""Matrix products and convolutions."""

from __future__ import annotations

from operator_rows import Row

# [2,3] × [3,4]: 2·2·3·4 = 48 operations; 6, 12 and 8 elements.
MATRIX_PRODUCTS: tuple[Row, ...] = (
    ("aten::mm", "bf16[2,3] bf16[3,4]", 48, 12 + 24 + 16),
    ("aten::addmm", "bf16[4] bf16[2,3] bf16[3,4] 1 1", 48, 8 + 12 + 24 + 16),
    ("aten::addmm", "bf16[4] bf16[2,3] bf16[3,4] 0 1", 48, 12 + 24 + 16),
    ("aten::addmm_", "bf16[2,4] bf16[2,3] bf16[3,4] 1 1", 48, 16 + 12 + 24 + 16),
    ("aten::_addmm_activation", "bf16[4] bf16[2,3] bf16[3,4] 1 1 False", 48, 8 + 12 + 24 + 16),
    ("aten::bmm", "bf16[5,2,3] bf16[5,3,4]", 240, 60 + 120 + 80),
    ("aten::baddbmm", "bf16[5,2,4] bf16[5,2,3] bf16[5,3,4] 1 1", 240, 80 + 60 + 120 + 80),
    ("aten::baddbmm", "bf16[5,2,4] bf16[5,2,3] bf16[5,3,4] 0 1", 240, 60 + 120 + 80),
    ("aten::baddbmm_", "bf16[5,2,4] bf16[5,2,3] bf16[5,3,4] 1 1", 240, 80 + 60 + 120 + 80),
    ("aten::linear", "bf16[2,3] bf16[4,3] bf16[4]", 48, 12 + 24 + 8 + 16),
    ("aten::matmul", "bf16[5,2,3] bf16[3,4]", 240, 60 + 24 + 80),
    ("aten::mv", "bf16[2,3] bf16[3]", 12, 12 + 6 + 4),
    ("aten::addmv", "bf16[2] bf16[2,3] bf16[3] 1 1", 12, 4 + 12 + 6 + 4),
    ("aten::addmv", "bf16[2] bf16[2,3] bf16[3] 0 1", 12, 12 + 6 + 4),
    ("aten::addmv_", "bf16[2] bf16[2,3] bf16[3] 1 1", 12, 4 + 12 + 6 + 4),
    ("aten::dot", "bf16[3] bf16[3]", 6, 6 + 6 + 2),
    ("aten::vdot", "bf16[3] bf16[3]", 6, 6 + 6 + 2),
    ("aten::_int_mm", "int8[2,3] int8[3,4]", 48, 6 + 12 + 32),
    ("aten::_scaled_mm", "fp8[2,3] fp8[3,4] fp32[] fp32[] - - 15 False", 48, 6 + 12 + 16),
    # a product of rank 1: one multiplication an element, and an addition where there is a base
    ("aten::addr", "bf16[2,3] bf16[2] bf16[3] 1 1", 12, 12 + 4 + 6 + 12),
    ("aten::ger", "bf16[2] bf16[3]", 6, 4 + 6 + 12),
    # 4 rows in two groups: 2·4·3·5, however they fall; which groups are empty is not recorded
    ("aten::_grouped_mm", "bf16[4,3] bf16[2,3,5] int32[2]", 120, None),
    ("aten::_scaled_grouped_mm", "fp8[4,3] fp8[2,3,5] fp32[4] fp32[2,5] int32[2]", 120, None),
    ("aiter::gemm_a16w16", "bf16[2,3] bf16[4,3]", 48, 12 + 24 + 16),
    ("aiter::hipb_mm", "bf16[2,3] bf16[3,4] 0", 48, 12 + 24 + 16),
    (
        "_C::cutlass_scaled_mm",
        "bf16[2,4] fp8[2,3] fp8[3,4] fp32[2,1] fp32[1,4] -",
        48,
        6 + 12 + 8 + 16 + 16,
    ),
    (
        "sgl_kernel::fp8_scaled_mm",
        "fp8[2,3] fp8[3,4] fp32[2,1] fp32[4] 15 -",
        48,
        6 + 12 + 8 + 16 + 16,
    ),
    (
        "fbgemm::f8f8bf16_rowwise",
        "fp8[2,3] fp8[4,3] fp32[2] fp32[4] -",
        48,
        6 + 12 + 8 + 16 + 16,
    ),
    # M = 2, K = 16, N = 4: 64 weights of 4 bits in 8 words of 32, 2 groups of 8 along K
    (
        "aten::_weight_int4pack_mm",
        "bf16[2,16] int32[1,1,8] 8 bf16[2,4,2]",
        2 * 2 * 16 * 4,
        64 + 32 + 32 + 16,
    ),
    # 3 tokens take 2 experts each: [4] × [4,10], then [5] × [5,4]
    *(
        (name, "bf16[3,4] bf16[2,10,4] bf16[2,4,5] fp32[3,2] int32[3,2]", 6 * (80 + 40), None)
        for name in ("vllm::inplace_fused_experts", "vllm::outplace_fused_experts")
    ),
    # the tokens, what says where they go, and the results: 6 × 4, 6 × 2, 6 × 4
    ("vllm::moe_forward", "bf16[6,4] bf16[6,2] layer", None, 48 + 24 + 48),
)

# x[2,3,5,5], w[4,3,3,3], stride 2, padding 1: y[2,4,3,3], so 18 places and 108 weights.
_PLAIN = 2 * 108 * 18
_PLAIN_BYTES = 300 + 216 + 144
_BIAS = 8
# The same with a filter a channel: w[3,1,3,3], y[2,3,3,3].
_DEPTHWISE = 2 * 27 * 18
_DEPTHWISE_BYTES = 300 + 54 + 6 + 108
# Transposed, with one row and column more: w[3,4,3,3], y[2,4,10,10]; 50 places of x.
_TRANSPOSED = 2 * 108 * 50
_TRANSPOSED_BYTES = 300 + 216 + 1600
_X, _W = "bf16[2,3,5,5]", "bf16[4,3,3,3]"
_XW = f"{_X} {_W}"
_PADS, _STEPS, _ONES = "[1,1]", "[2,2]", "[1,1]"

CONVOLUTIONS: tuple[Row, ...] = (
    (
        "aten::cudnn_convolution",
        f"{_XW} {_PADS} {_STEPS} {_ONES} 1 False False True",
        _PLAIN,
        _PLAIN_BYTES,
    ),
    (
        "aten::miopen_convolution",
        f"{_XW} bf16[4] {_PADS} {_STEPS} {_ONES} 1 False False",
        _PLAIN,
        _PLAIN_BYTES + _BIAS,
    ),
    (
        "aten::mkldnn_convolution",
        f"{_XW} bf16[4] {_PADS} {_STEPS} {_ONES} 1",
        _PLAIN,
        _PLAIN_BYTES + _BIAS,
    ),
    (
        "aten::miopen_depthwise_convolution",
        f"{_X} bf16[3,1,3,3] bf16[3] {_PADS} {_STEPS} {_ONES} 3 False False",
        _DEPTHWISE,
        _DEPTHWISE_BYTES,
    ),
    (
        "aten::cudnn_convolution_relu",
        f"{_XW} bf16[4] {_STEPS} {_PADS} {_ONES} 1",
        _PLAIN,
        _PLAIN_BYTES + _BIAS,
    ),
    # the sum with a tensor like the result; a stride of 2 steps over three quarters of an input
    # that a filter of one place meets, here over 40 of 64 places and over 5 of 8
    (
        "aten::cudnn_convolution_add_relu",
        f"{_XW} bf16[2,4,3,3] 1. bf16[4] {_STEPS} {_PADS} {_ONES} 1",
        _PLAIN,
        _PLAIN_BYTES + _BIAS + 2 * 4 * 9 * 2,
    ),
    (
        "aten::cudnn_convolution",
        "bf16[2,3,8,8] bf16[4,3,1,1] [0,0] [2,2] [1,1] 1 False False True",
        2 * 2 * 16 * 12,
        2 * (2 * 3 * 16 + 12 + 2 * 4 * 16),
    ),
    (
        "aten::conv1d",
        "bf16[2,3,8] bf16[4,3,1] - [3] [0] [1] 1",
        2 * 2 * 3 * 12,
        2 * (2 * 3 * 3 + 12 + 2 * 4 * 3),
    ),
    (
        "aten::convolution_backward",
        "bf16[2,4,4,4] bf16[2,3,8,8] bf16[4,3,1,1] - [2,2] [0,0] [1,1] False [0,0] 1"
        " [True,True,False]",
        2 * 2 * 2 * 16 * 12,
        2 * (2 * 4 * 16 + 12 + 2 * 3 * 16 + 2 * 3 * 64 + 12),
    ),
    (
        "aten::miopen_convolution_relu",
        f"{_XW} bf16[4] {_STEPS} {_PADS} {_ONES} 1",
        _PLAIN,
        _PLAIN_BYTES + _BIAS,
    ),
    (
        "aten::_conv_depthwise2d",
        f"{_X} bf16[3,1,3,3] [3,3] bf16[3] {_STEPS} {_PADS} {_ONES}",
        _DEPTHWISE,
        _DEPTHWISE_BYTES,
    ),
    # 54 weights at 2·2·2 places
    (
        "aten::conv_depthwise3d",
        "bf16[1,2,4,4,4] bf16[2,1,3,3,3] [3,3,3] - [1,1,1] [0,0,0] [1,1,1]",
        2 * 54 * 8,
        256 + 108 + 32,
    ),
    *(
        (name, f"{_XW} [3,3] bf16[4] {_STEPS} {_PADS}", _PLAIN, _PLAIN_BYTES + _BIAS)
        for name in ("aten::_slow_conv2d_forward", "aten::thnn_conv2d_forward")
    ),
    (
        "aten::convolution",
        f"{_XW} bf16[4] {_STEPS} {_PADS} {_ONES} False [0,0] 1",
        _PLAIN,
        _PLAIN_BYTES + _BIAS,
    ),
    (
        "aten::_convolution",
        f"{_XW} - {_STEPS} {_PADS} {_ONES} False [0,0] 1 False False True True",
        _PLAIN,
        _PLAIN_BYTES,
    ),
    (
        "aten::convolution_overrideable",
        f"{_X} bf16[3,4,3,3] - {_STEPS} {_PADS} {_ONES} True [1,1] 1",
        _TRANSPOSED,
        _TRANSPOSED_BYTES,
    ),
    # 36 weights at 2·3 places
    (
        "aten::conv1d",
        "bf16[2,3,5] bf16[4,3,3] bf16[4] [2] [1] [1] 1",
        2 * 36 * 6,
        60 + 72 + 8 + 48,
    ),
    (
        "aten::conv2d",
        f"{_XW} bf16[4] {_STEPS} {_PADS} {_ONES} 1",
        _PLAIN,
        _PLAIN_BYTES + _BIAS,
    ),
    # 162 weights at 8 places
    (
        "aten::conv3d",
        "bf16[1,2,4,4,4] bf16[3,2,3,3,3] - [1,1,1] [0,0,0] [1,1,1] 1",
        2 * 162 * 8,
        256 + 324 + 48,
    ),
    # 36 weights at 2·5 places of x; (5 - 1)·2 - 2·1 + 3 + 1 = 10 results
    (
        "aten::conv_transpose1d",
        "bf16[2,3,5] bf16[3,4,3] bf16[4] [2] [1] [1] 1 [1]",
        2 * 36 * 10,
        60 + 72 + 8 + 160,
    ),
    (
        "aten::conv_transpose2d",
        f"{_X} bf16[3,4,3,3] bf16[4] {_STEPS} {_PADS} [1,1] 1 {_ONES}",
        _TRANSPOSED,
        _TRANSPOSED_BYTES + _BIAS,
    ),
    # 162 weights at 8 places of x; (2 - 1) + 3 = 4 results along each side
    (
        "aten::conv_transpose3d",
        "bf16[1,2,2,2,2] bf16[2,3,3,3,3] - [1,1,1] [0,0,0] [0,0,0] 1 [1,1,1]",
        2 * 162 * 8,
        32 + 324 + 384,
    ),
    (
        "aten::cudnn_convolution_transpose",
        f"{_X} bf16[3,4,3,3] {_PADS} [1,1] {_STEPS} {_ONES} 1 False False True",
        _TRANSPOSED,
        _TRANSPOSED_BYTES,
    ),
    (
        "aten::miopen_convolution_transpose",
        f"{_X} bf16[3,4,3,3] bf16[4] {_PADS} [1,1] {_STEPS} {_ONES} 1 False False",
        _TRANSPOSED,
        _TRANSPOSED_BYTES + _BIAS,
    ),
    # both gradients cost a forward pass each; reads gradient, w and x, writes those of x, w, bias
    (
        "aten::convolution_backward",
        f"bf16[2,4,3,3] {_XW} [4] {_STEPS} {_PADS} {_ONES} False [0,0] 1 [True,True,True]",
        2 * _PLAIN,
        144 + 216 + 300 + 300 + 216 + 8,
    ),
    *(
        (
            f"aten::{library}_convolution_backward_input",
            f"[2,3,5,5] bf16[2,4,3,3] {_W} {_PADS} {_STEPS} {_ONES} 1 False False",
            _PLAIN,
            144 + 216 + 300,
        )
        for library in ("cudnn", "miopen")
    ),
    *(
        (
            f"aten::{library}_convolution_backward_weight",
            f"[4,3,3,3] bf16[2,4,3,3] {_X} {_PADS} {_STEPS} {_ONES} 1 False False",
            _PLAIN,
            144 + 300 + 216,
        )
        for library in ("cudnn", "miopen")
    ),
)
