"""Attention of engines, and what moves beside it.

Two samples, 4 heads of width 8 over 2 of keys and values, 3 queries and 5 keys, as in `attention`:
15 pairs, 12 of them causal up to the last key. A pair costs 2·(8 + 8) forward, 2·5·8 backward.
"""

from __future__ import annotations

from operator_rows import Row, each

_Q, _KV, _LSE = "bf16[2,3,4,8]", "bf16[2,5,2,8] bf16[2,5,2,8]", "fp32[2,4,3]"
_PACKED = "bf16[6,4,8] bf16[10,2,8] bf16[10,2,8]"
_ENDS = "int32[3] int32[3]"
_ALL, _CAUSAL = 2 * 4 * 15, 2 * 4 * 12
_MOVED = 384 + 320 + 320 + 384
_GRADIENTS = 384 + 384 + 640 + 384 + 96 + 384 + 640
_FA3 = "- - - -"  # k_new, v_new, qv, out


def _fa3(q: str, ends: str, longest: str, causal: str, chunk: str = "0 ") -> str:
    """FlashAttention 3's arguments; ``ends`` are cu_seqlens_q and cu_seqlens_k."""
    return (
        f"{q} {_FA3} {ends} - - - {longest} - - - - - - - - - 0.35 {causal} -1 -1 {chunk}0.0 False"
        " - 1 - 0"
    )


FLASH: tuple[Row, ...] = (
    *each(
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
    # [B,H,S,D], under a mask that is a function of the program
    *each(
        "flex_attention aten::flex_attention",
        "bf16[2,4,3,8] bf16[2,2,5,8] bf16[2,2,5,8] - -",
        None,
        384 + 320 + 320 + 384,
    ),
    # the record ends before the mask
    ("flash_attn::_flash_attn_forward", f"{_Q} {_KV}", None, _MOVED),
    # two packed sequences that fill 3 queries and 5 keys each
    *each(
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
    *each(
        "flash_attn::_flash_attn_backward flashattn::_flash_attn_backward",
        f"{_Q} {_Q} {_KV} {_Q} {_LSE} {_Q} {_KV} 0. 0.35 True -1 -1 0.0 - False -",
        _CAUSAL * 80,
        _GRADIENTS,
    ),
    *each(
        "flash_attn::_flash_attn_varlen_backward flashattn::_flash_attn_varlen_backward",
        f"bf16[6,4,8] {_PACKED} bf16[6,4,8] fp32[4,6] - - - {_ENDS} 3 5 0. 0.35 True -1 -1 0.0 -"
        " False -",
        _CAUSAL * 80,
        _GRADIENTS,
    ),
    *each(
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
    *each(
        "aiter::mha_fwd aiter::wrapper_mha_fwd",
        f"{_Q} {_KV} 0. 0.35 True -1 -1 True False - - - -",
        _CAUSAL * 32,
        _MOVED,
    ),
    *each(
        "aiter::fmha_v3_fwd aiter::wrapper_fmha_v3_fwd",
        f"{_Q} {_KV} 0. 0.35 True -1 -1 True False 1 - - - -",
        _CAUSAL * 32,
        _MOVED,
    ),
    *each(
        "aiter::mha_varlen_fwd aiter::wrapper_mha_varlen_fwd",
        f"{_PACKED} {_ENDS} 3 5 0. 0.35 False True -1 -1 True False - - - -",
        _CAUSAL * 32,
        _MOVED,
    ),
    *each(
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
    # heads of 40 values, of which 32 are those of the cache
    (
        "_flashmla_C::dense_decode_fwd",
        "bf16[2,1,4,40] bf16[99,16,1,40] 32 int32[2] int32[2,9] 0.1 True - - -",
        None,
        640 + 512,
    ),
    # 8 queries of a head and sample, 16 keys picked for each: 2·(40 + 32) operations
    (
        "_flashmla_C::sparse_decode_fwd",
        "bf16[2,1,4,40] uint8[99,16,1,40] int32[2,1,16] - - - - - - - 32 0.1 -",
        8 * 16 * 2 * 72,
        640 + 128 + 512,
    ),
    *(
        (
            "_flashmla_C::sparse_prefill_fwd",
            f"bf16[2,4,40] bf16[99,1,40] int32[2,1,16] 0.1 32{more}",
            8 * 16 * 2 * 72,
            640 + 128 + 512,
        )
        for more in ("", " - - -")
    ),
    (
        "vllm::unified_mla_attention_with_output",
        "bf16[6,4,12] bf16[6,32] bf16[6,1,8] bf16[6,32] layer - -",
        None,
        576 + 384 + 96 + 384,
    ),
    *each(
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
