"""Caches that engines write, and rotations by positions."""

from __future__ import annotations

from operator_rows import Row, each

# 3 rows of 2 heads of width 4; BF16 into a cache of bytes
_KEYS = "bf16[3,2,4] bf16[3,2,4]"
_CACHES = "uint8[9,16,2,4] uint8[9,16,2,4]"
CACHES: tuple[Row, ...] = (
    *each(
        "_C_cache_ops::reshape_and_cache _C_cache_ops::reshape_and_cache_flash",
        f"{_KEYS} {_CACHES} int64[3] fp8 fp32[] fp32[]",
        0,
        2 * 48 + 24 + 2 * 24,
    ),
    # one row of the three is padding without a slot
    (
        "_C_cache_ops::reshape_and_cache_flash",
        f"{_KEYS} {_CACHES} int64[2] fp8 1.0 1.0",
        0,
        2 * 32 + 16 + 2 * 16,
    ),
    (
        "_C_cache_ops::concat_and_cache_mla",
        "bf16[3,32] bf16[3,8] bf16[9,16,40] int64[3] auto fp32[1]",
        0,
        192 + 48 + 24 + 192 + 48,
    ),
    (
        "_C_cache_ops::indexer_k_quant_and_cache",
        "bf16[3,16] uint8[9,16,20] int64[3] 16 ue8m0",
        3 * 48,
        96 + 24 + 48,
    ),
    (
        "sglang::store_cache",
        "bf16[3,8] bf16[3,8] bf16[99,8] bf16[99,8] int64[3] 16 0",
        0,
        4 * 48 + 24,
    ),
    (
        "sgl_kernel::store_kv_cache",
        "bf16[99,8] bf16[99,8] int64[3] bf16[3,8] bf16[3,8]",
        0,
        4 * 48 + 24,
    ),
)

# 3 tokens, 2 heads of q and 1 of k, 8 values each, all rotated: 72 values by 3 operations
_QK = "bf16[3,2,8] bf16[3,1,8]"
_ROPE, _ROPED = 3 * 72, 2 * 144
ROTATIONS: tuple[Row, ...] = (
    *each(
        "_C::rotary_embedding sgl_kernel::rotary_embedding"
        " trtllm::flashinfer_apply_rope_with_cos_sin_cache_inplace",
        "int64[3] bf16[3,16] bf16[3,8] 8 bf16[99,8] True",
        _ROPE,
        24 + _ROPED + 48,
    ),
    # half of each head is rotated, and no keys are
    (
        "_C::rotary_embedding",
        "int64[3] bf16[3,16] - 8 bf16[99,4] True 0 False",
        3 * 24,
        24 + 2 * 48 + 24,
    ),
    (
        "flashinfer::apply_rope",
        f"{_QK} {_QK} int32[2] int32[1] 8 False 1.0 10000.0",
        _ROPE,
        _ROPED + 8 + 4,
    ),
    (
        "flashinfer::apply_llama31_rope",
        f"{_QK} {_QK} int32[2] int32[1] 8 False 8.0 500000.0 1.0 4.0 8192.0",
        _ROPE,
        _ROPED + 8 + 4,
    ),
    (
        "flashinfer::apply_rope_pos_ids",
        f"{_QK} {_QK} int32[3] 8 False 1.0 10000.0",
        _ROPE,
        _ROPED + 12,
    ),
    (
        "flashinfer::apply_rope_pos_ids",
        f"{_QK} {_QK} int32[3] 4 False 1.0 10000.0",
        _ROPE // 2,
        _ROPED + 12,
    ),
    (
        "flashinfer::apply_llama31_rope_pos_ids",
        f"{_QK} {_QK} int32[3] 8 False 8.0 500000.0 1.0 4.0 8192.0",
        _ROPE,
        _ROPED + 12,
    ),
    (
        "flashinfer::apply_rope_pos_ids_cos_sin_cache",
        f"{_QK} {_QK} fp32[99,8] int32[3] False",
        _ROPE,
        _ROPED + 12 + 96,
    ),
    # heads of q and k in one tensor with one of v, normalised by 5 operations more
    *(
        (
            "_C::fused_qk_norm_rope",
            f"bf16[3,32] 2 1 1 8 1e-06 bf16[8] bf16[8] bf16[99,8] True int64[3]{more}",
            (5 + 3) * 72,
            _ROPED + 32 + 24 + 48,
        )
        for more in ("", " -1")
    ),
)
