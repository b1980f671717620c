"""Attention of engines, and what moves beside it.

Two samples, 4 heads of width 8 over 2 of keys and values, 3 queries and 5 keys, as in `attention`:
15 pairs, 12 of them causal up to the last key. A pair costs 2·(8 + 8) forward, 2·5·8 backward.
"""

from __future__ import annotations

from operator_rows import Row

_Q, _KV, _LSE = "bf16[2,3,4,8]", "bf16[2,5,2,8] bf16[2,5,2,8]", "fp32[2,4,3]"
_PACKED = "bf16[6,4,8] bf16[10,2,8] bf16[10,2,8]"
_ENDS = "int32[3] int32[3]"
_ALL, _CAUSAL = 2 * 4 * 15, 2 * 4 * 12
_MOVED = 384 + 320 + 320 + 384
_GRADIENTS = 384 + 384 + 640 + 384 + 96 + 384 + 640
_FA3 = "- - - -"  # k_new, v_new, qv, out


def _each(names: str, arguments: str, flop: int | None, size: int | None) -> tuple[Row, ...]:
    """The same row for several operators."""
    return tuple((name, arguments, flop, size) for name in names.split())


def _fa3(q: str, ends: str, longest: str, causal: str, chunk: str = "0 ") -> str:
    """FlashAttention 3's arguments; ``ends`` are cu_seqlens_q and cu_seqlens_k."""
    return (
        f"{q} {_FA3} {ends} - - - {longest} - - - - - - - - - 0.35 {causal} -1 -1 {chunk}0.0 False"
        " - 1 - 0"
    )


FLASH: tuple[Row, ...] = (
    *_each(
        "flash_attn::_flash_attn_forward flashattn::_flash_attn_forward",
        f"{_Q} {_KV} 0. 0.35 True -1 -1 0.0 - False",
        _CAUSAL * 32,
        _MOVED,
    ),
    (
        "aiter::_flash_attn_forward",
        f"{_Q} {_KV} 0. 0.35 False -1 -1 - True False",
        _ALL * 32,
        _MOVED,
    ),
    # a window of one key before the query and none after: 2 pairs each
    (
        "flash_attn::_flash_attn_forward",
        f"{_Q} {_KV} 0. 0.35 True 1 0 0.0 - False",
        2 * 4 * 6 * 32,
        _MOVED,
    ),
    # the record ends before the mask
    ("flash_attn::_flash_attn_forward", f"{_Q} {_KV}", None, _MOVED),
    # two packed sequences that fill 3 queries and 5 keys each
    *_each(
        "flash_attn::_flash_attn_varlen_forward flashattn::_flash_attn_varlen_forward",
        f"{_PACKED} {_ENDS} 3 5 0. 0.35 True -1 -1 0.0 - False - - -",
        _CAUSAL * 32,
        _MOVED,
    ),
    (
        "flash_attn::_flash_attn_varlen_forward",
        f"{_PACKED} {_ENDS} 3 5 0. 0.35 True -1 -1 0.0 - False - - - False",
        _CAUSAL * 32,
        _MOVED,
    ),
    # sequences of other lengths than the longest
    (
        "flash_attn::_flash_attn_varlen_forward",
        f"{_PACKED} {_ENDS} 4 5 0. 0.35 True -1 -1 0.0 - False - - -",
        None,
        _MOVED,
    ),
    # keys and values in pages: queries and result alone
    (
        "flash_attn::_flash_attn_varlen_forward",
        f"bf16[6,4,8] bf16[99,16,2,8] bf16[99,16,2,8] {_ENDS} 3 5 0. 0.35 True -1 -1 0.0 - False"
        " int32[2,9] - int32[2]",
        None,
        384 + 384,
    ),
    *_each(
        "flash_attn::_flash_attn_backward flashattn::_flash_attn_backward",
        f"{_Q} {_Q} {_KV} {_Q} {_LSE} {_Q} {_KV} 0. 0.35 True -1 -1 0.0 - False -",
        _CAUSAL * 80,
        _GRADIENTS,
    ),
    *_each(
        "flash_attn::_flash_attn_varlen_backward flashattn::_flash_attn_varlen_backward",
        f"bf16[6,4,8] {_PACKED} bf16[6,4,8] fp32[4,6] - - - {_ENDS} 3 5 0. 0.35 True -1 -1 0.0 -"
        " False -",
        _CAUSAL * 80,
        _GRADIENTS,
    ),
    *_each(
        "flash_attn_3::fwd flash_attn_3::_flash_attn_forward",
        _fa3(f"{_Q} {_KV}", "- -", "- -", "True"),
        _CAUSAL * 32,
        _MOVED,
    ),
    (
        "flash_attn_3::fwd",
        _fa3(_PACKED, _ENDS, "3 5", "False"),
        _ALL * 32,
        _MOVED,
    ),
    # FP8 queries, keys and values give a BF16 result
    (
        "flash_attn_3::fwd",
        _fa3("fp8[2,3,4,8] fp8[2,5,2,8] fp8[2,5,2,8]", "- -", "- -", "False"),
        _ALL * 32,
        192 + 160 + 160 + 384,
    ),
    ("flash_attn_3::fwd", f"{_Q} {_KV}", None, 384 + 384),
    (
        "sgl_kernel::fwd",
        _fa3(f"{_Q} {_KV}", "- -", "- -", "True", chunk=""),
        _CAUSAL * 32,
        _MOVED,
    ),
    (
        "flash_attn_3::bwd",
        f"{_Q} {_Q} {_KV} {_Q} {_LSE} {_Q} {_KV} - - - - - - 0.35 True -1 -1 0.0 False 0",
        _CAUSAL * 80,
        _GRADIENTS,
    ),
    (
        "flash_attn_3::_flash_attn_backward",
        f"{_Q} {_Q} {_KV} {_Q} {_LSE} - - - - - - {_Q} {_KV} 0.35 False -1 -1 0.0 False 0",
        _ALL * 80,
        _GRADIENTS,
    ),
    (
        "_vllm_fa2_C::varlen_fwd",
        f"{_PACKED} bf16[6,4,8] {_ENDS} - - - - 3 5 0.0 0.35 False True -1 -1 0.0 False -",
        _CAUSAL * 32,
        _MOVED,
    ),
    *_each(
        "aiter::mha_fwd aiter::wrapper_mha_fwd",
        f"{_Q} {_KV} 0. 0.35 True -1 -1 True False - - - -",
        _CAUSAL * 32,
        _MOVED,
    ),
    *_each(
        "aiter::fmha_v3_fwd aiter::wrapper_fmha_v3_fwd",
        f"{_Q} {_KV} 0. 0.35 True -1 -1 True False 1 - - - -",
        _CAUSAL * 32,
        _MOVED,
    ),
    *_each(
        "aiter::mha_varlen_fwd aiter::wrapper_mha_varlen_fwd",
        f"{_PACKED} {_ENDS} 3 5 0. 0.35 False True -1 -1 True False - - - -",
        _CAUSAL * 32,
        _MOVED,
    ),
    *_each(
        "aiter::mha_bwd aiter::wrapper_mha_bwd",
        f"{_Q} {_Q} {_KV} {_Q} {_LSE} 0. 0.35 True -1 -1 False - - - - - -",
        _CAUSAL * 80,
        _GRADIENTS,
    ),
    (
        "aiter::_flash_attn_backward",
        f"{_Q} {_Q} {_KV} {_Q} {_LSE} {_Q} {_KV} 0. 0.35 True -1 -1 - False -",
        _CAUSAL * 80,
        _GRADIENTS,
    ),
    # the mask is a function
    ("aten::flex_attention", "bf16[2,4,3,8] bf16[2,2,5,8] bf16[2,2,5,8]", None, _MOVED),
)

_OVER_PAGES = "bf16[99,2,1,16,8] bf16[99,2,8,16] 2 0.35 int32[6,9] int32[6] 16 99 - auto"
OVER_CACHES: tuple[Row, ...] = (
    (
        "_C::paged_attention_v1",
        f"bf16[6,4,8] bf16[6,4,8] {_OVER_PAGES} fp32[] fp32[] 0 0 0 64 0",
        None,
        384 + 384,
    ),
    (
        "_C::paged_attention_v2",
        f"bf16[6,4,8] fp32[6,4,1] fp32[6,4,1] bf16[6,4,1,8] bf16[6,4,8] {_OVER_PAGES} fp32[] fp32[]"
        " 0 0 0 64 0",
        None,
        384 + 384,
    ),
    # 4 heads of 32 latent and 8 rotated values
    (
        "sgl_kernel::cutlass_mla_decode",
        "bf16[6,4,32] bf16[6,4,32] bf16[6,4,8] bf16[99,16,40] int32[6] int32[6,9] uint8[99] 0.1 1",
        None,
        1536 + 1536 + 384,
    ),
    (
        "_C::sm100_cutlass_mla_decode",
        "bf16[6,4,32] fp32[6,4] bf16[6,4,32] bf16[6,4,8] bf16[99,16,40] int32[6] int32[6,9]"
        " uint8[99] 0.1 1",
        None,
        1536 + 1536 + 384,
    ),
    (
        "vllm::unified_mla_attention_with_output",
        "bf16[6,4,12] bf16[6,32] bf16[6,1,8] bf16[6,32] layer - -",
        None,
        576 + 384 + 96 + 384,
    ),
    *_each(
        "sgl_kernel::merge_state sgl_kernel::merge_state_v2",
        "bf16[6,4,8] fp32[6,4] bf16[6,4,8] fp32[6,4] bf16[6,4,8] fp32[6,4]",
        3 * 192,
        3 * (384 + 96),
    ),
    (
        "flashinfer::merge_state",
        "bf16[6,4,8] fp32[6,4] bf16[6,4,8] fp32[6,4]",
        3 * 192,
        3 * (384 + 96),
    ),
    (
        "_C::merge_attn_states",
        "bf16[6,4,8] - bf16[6,4,8] fp32[4,6] bf16[6,4,8] fp32[4,6]",
        3 * 192,
        3 * 384 + 2 * 96,
    ),
    (
        "_C::merge_attn_states",
        "bf16[6,4,8] fp32[4,6] bf16[6,4,8] fp32[4,6] bf16[6,4,8] fp32[4,6] - -",
        3 * 192,
        3 * (384 + 96),
    ),
    # each of 2·4·8·8 values of the state: decay, product, addition, and the output's two
    (
        "sgl_kernel::lightning_attention_decode",
        "bf16[2,4,1,8] bf16[2,4,1,8] bf16[2,4,1,8] fp32[2,4,8,8] fp32[4] bf16[2,4,1,8]"
        " fp32[2,4,8,8]",
        5 * 512,
        3 * 128 + 2048 + 16 + 128 + 2048,
    ),
)

# 3 rows of 2 heads of width 4; BF16 into a cache of bytes
_KEYS = "bf16[3,2,4] bf16[3,2,4]"
_CACHES = "uint8[9,16,2,4] uint8[9,16,2,4]"
CACHES: tuple[Row, ...] = (
    *_each(
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
    *_each(
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
