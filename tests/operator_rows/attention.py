"""Attention, forward and backward."""

from __future__ import annotations

from operator_rows import Row

# Two samples, 4 heads of width 8, 3 queries and 5 keys. All pairs: 15. Causal: 1 + 2 + 3 from the
# first key, 3 + 4 + 5 up to the last. A pair costs 2·(8 + 8) operations forward, 2·5·8 backward.
_Q, _O, _LSE = "bf16[2,4,3,8]", "bf16[2,4,3,8]", "fp32[2,4,3]"
_KV, _KV_GROUPED = "bf16[2,4,5,8] bf16[2,4,5,8]", "bf16[2,2,5,8] bf16[2,2,5,8]"
_Q_ROWS, _KV_ROWS, _KV_ROWS_GROUPED = (
    "bf16[2,3,4,8]",
    "bf16[2,5,4,8] bf16[2,5,4,8]",
    "bf16[2,5,2,8] bf16[2,5,2,8]",
)
_MATRIX_BIAS = "bf16[2,4,3,5]"

ATTENTION: tuple[Row, ...] = (
    (
        "aten::_scaled_dot_product_flash_attention",
        f"{_Q} {_KV_GROUPED} 0. False False -",
        2 * 4 * 15 * 32,
        384 + 320 + 320 + 384,
    ),
    *(
        (
            f"aten::_scaled_dot_product_{library}_attention",
            f"{_Q} {_KV} {_MATRIX_BIAS} False 0. True{end}",
            2 * 4 * 6 * 32,
            384 + 640 + 640 + 240 + 384,
        )
        for library, end in (("efficient", " -"), ("cudnn", " False -"))
    ),
    # signatures of other releases: without a scale, without a bias
    (
        "aten::_scaled_dot_product_flash_attention",
        f"{_Q} {_KV_GROUPED} 0. True False",
        2 * 4 * 6 * 32,
        384 + 320 + 320 + 384,
    ),
    (
        "aten::_scaled_dot_product_efficient_attention",
        f"{_Q} {_KV} True True",
        2 * 4 * 6 * 32,
        384 + 640 + 640 + 384,
    ),
    (
        "aten::_scaled_dot_product_efficient_attention",
        f"{_Q} {_KV} True False 0.5",
        2 * 4 * 15 * 32,
        384 + 640 + 640 + 384,
    ),
    (
        "aten::_scaled_dot_product_cudnn_attention",
        f"{_Q} {_KV} 0. True False -",
        2 * 4 * 6 * 32,
        384 + 640 + 640 + 384,
    ),
    (
        "aten::_scaled_dot_product_fused_attention_overrideable",
        f"{_Q} {_KV} {_MATRIX_BIAS} 0. False False -",
        2 * 4 * 15 * 32,
        384 + 640 + 640 + 240 + 384,
    ),
    (
        "aten::_cudnn_attention_forward",
        f"{_Q} {_KV} {_MATRIX_BIAS} - - 3 5 False 0. True False -",
        2 * 4 * 6 * 32,
        384 + 640 + 640 + 240 + 384,
    ),
    (
        "aten::_flash_attention_forward",
        f"{_Q_ROWS} {_KV_ROWS_GROUPED} - - 3 5 0. True False -",
        2 * 4 * 12 * 32,
        384 + 320 + 320 + 384,
    ),
    # of 2026: pages of keys, and into how many parts they are split
    (
        "aten::_flash_attention_forward",
        f"{_Q_ROWS} {_KV_ROWS_GROUPED} - - 3 5 0. True False - -1 0 - - - 1",
        2 * 4 * 12 * 32,
        384 + 320 + 320 + 384,
    ),
    # windows: no key behind the query (12 pairs), the query's own alone (3), one before it too (6)
    *(
        (
            "aten::_flash_attention_forward",
            f"{_Q_ROWS} {_KV_ROWS_GROUPED} - - 3 5 0. {causal} False - {left} {right} - -",
            2 * 4 * pairs * 32,
            384 + 320 + 320 + 384,
        )
        for causal, left, right, pairs in (
            ("False", -1, 0, 12),
            ("False", 0, 0, 3),
            ("True", 0, -1, 3),
            ("True", 1, 0, 6),
            ("True", -1, 1, 12),
            ("False", 0, 1, 2 + 2 + 1),
        )
    ),
    # two packed sequences: known where queries and keys both fill all of them to the longest
    (
        "aten::_flash_attention_forward",
        "bf16[6,4,8] bf16[10,2,8] bf16[10,2,8] int32[3] int32[3] 3 5 0. True False -",
        2 * 4 * 12 * 32,
        384 + 320 + 320 + 384,
    ),
    (
        "aten::_flash_attention_forward",
        "bf16[6,4,8] bf16[9,2,8] bf16[9,2,8] int32[3] int32[3] 3 5 0. True False -",
        None,
        384 + 288 + 288 + 384,
    ),
    (
        "aten::_flash_attention_forward",
        "bf16[5,4,8] bf16[10,2,8] bf16[10,2,8] int32[3] int32[3] 3 5 0. True False -",
        None,
        320 + 320 + 320 + 320,
    ),
    (
        "aten::_efficient_attention_forward",
        f"{_Q_ROWS} {_KV_ROWS} - - - 3 5 0. 2 False - - -",
        2 * 4 * 12 * 32,
        384 + 640 + 640 + 384,
    ),
    # one length, the diagonal of the mask and the key lengths: as PyTorch 2.1 had them
    (
        "aten::_efficient_attention_forward",
        f"{_Q_ROWS} {_KV_ROWS} {_MATRIX_BIAS} - - 3 0. 1 False - - -",
        2 * 4 * 6 * 32,
        384 + 640 + 640 + 240 + 384,
    ),
    # two lengths and a diagonal: 2.3; a bias comes first since 2.1
    (
        "aten::_efficient_attention_forward",
        f"{_Q_ROWS} {_KV_ROWS} {_MATRIX_BIAS} - - 3 5 0. 0 False - - int32[2]",
        None,
        384 + 640 + 640 + 240 + 384,
    ),
    (
        "aten::_efficient_attention_forward",
        f"{_Q_ROWS} {_KV_ROWS} - - 3 True True",
        2 * 4 * 6 * 32,
        384 + 640 + 640 + 384,
    ),
    # reads gradient, q, k, v, result and logsumexp; writes the gradients of q, k and v
    (
        "aten::_scaled_dot_product_flash_attention_backward",
        f"{_O} {_Q} {_KV_GROUPED} {_O} {_LSE} - - 3 5 0. False int64[2] - -",
        2 * 4 * 15 * 80,
        384 + 384 + 640 + 384 + 96 + 384 + 640,
    ),
    (
        "aten::_flash_attention_backward",
        f"{_Q_ROWS} {_Q_ROWS} {_KV_ROWS_GROUPED} {_Q_ROWS} {_LSE} - - 3 5 0. True int64[2] - - - -",
        2 * 4 * 12 * 80,
        384 + 384 + 640 + 384 + 96 + 384 + 640,
    ),
    # packed sequences: which pairs there are is not known, what moves is
    (
        "aten::_flash_attention_backward",
        "bf16[6,4,8] bf16[6,4,8] bf16[10,2,8] bf16[10,2,8] bf16[6,4,8] fp32[4,6] int32[3] int32[3]"
        " 3 5 0. True int64[2] - -",
        None,
        384 + 384 + 640 + 384 + 96 + 384 + 640,
    ),
    # the bias is read too, and its gradient written where the mask asks for it
    (
        "aten::_scaled_dot_product_efficient_attention_backward",
        f"{_O} {_Q} {_KV} {_MATRIX_BIAS} {_O} {_LSE} - - 0. [True,True,True,True] True -",
        2 * 4 * 6 * 80,
        384 + 384 + 1280 + 384 + 96 + 240 + 384 + 1280 + 240,
    ),
    (
        "aten::_scaled_dot_product_cudnn_attention_backward",
        f"{_O} {_Q} {_KV} {_O} {_LSE} - - - - - 3 5 0. True -",
        2 * 4 * 6 * 80,
        384 + 384 + 1280 + 384 + 96 + 384 + 1280,
    ),
    (
        "aten::_cudnn_attention_backward",
        f"{_O} {_Q} {_KV} {_O} {_LSE} - - {_MATRIX_BIAS} - - 3 5 0. False -",
        2 * 4 * 15 * 80,
        384 + 384 + 1280 + 384 + 96 + 240 + 384 + 1280,
    ),
    (
        "aten::_efficient_attention_backward",
        f"{_Q_ROWS} {_Q_ROWS} {_KV_ROWS} - {_Q_ROWS} - - 3 5 {_LSE} 0. - - 0 False - -",
        2 * 4 * 15 * 80,
        384 + 384 + 1280 + 384 + 96 + 384 + 1280,
    ),
    # two packed sequences of 3 tokens: 2·(1 + 2 + 3) pairs, 6 rows of each pool
    (
        "aiter::mha_batch_prefill",
        "bf16[6,4,8] bf16[99,2,8] bf16[99,2,8] int32[3] int32[3] int32[6] 3 3 0. 1. 0. False True",
        4 * 12 * 32,
        384 + 192 + 192 + 384,
    ),
    # context lengths lie in device memory: queries and result alone are known
    (
        "vllm::unified_attention_with_output",
        "bf16[6,32] bf16[6,16] bf16[6,16] bf16[6,32] layer",
        None,
        384 + 384,
    ),
    ("vllm::unified_attention", "bf16[6,32] bf16[6,16] bf16[6,16] layer", None, 384 + 384),
    (
        "flash_attn::_flash_attn_forward",
        f"{_Q_ROWS} {_KV_ROWS_GROUPED} 0. 0.35 True -1 -1 0.0 - False",
        2 * 4 * 12 * 32,
        384 + 320 + 320 + 384,
    ),
)
