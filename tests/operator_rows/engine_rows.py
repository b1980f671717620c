"""Rows that engines move, experts that they choose, samples that they draw, and state-space
layers."""

from __future__ import annotations

from operator_rows import Row, each

MOVED_ROWS: tuple[Row, ...] = (
    ("_C_cache_ops::concat_mla_q", "bf16[3,2,16] bf16[3,2,8] bf16[3,2,24]", 0, 192 + 96 + 288),
    # the rotated part of one head serves both
    ("sgl_kernel::concat_mla_k", "bf16[3,2,24] bf16[3,2,16] bf16[3,1,8]", 0, 288 + 192 + 48),
    ("sgl_kernel::copy_to_gpu_no_ce", "int32[8] int32[8]", 0, 32 + 32),
    ("_C::permute_cols", "bf16[2,8] int32[8]", 0, 32 + 32 + 32),
    *each(
        "_C::gptq_marlin_repack sgl_kernel::gptq_marlin_repack",
        "int32[4,16] int32[32] 32 16 4",
        0,
        256 + 128 + 256,
    ),
    ("_C::gptq_marlin_repack", "int32[4,16] int32[32] 32 16 4 False", 0, 256 + 128 + 256),
    *each(
        "_C::awq_marlin_repack sgl_kernel::awq_marlin_repack",
        "int32[32,2] 32 16 4",
        0,
        256 + 256,
    ),
    *each("_C::gptq_shuffle sgl_kernel::gptq_shuffle", "int32[4,16] int32[32] 4", 0, 512 + 128),
    # 4 tokens take 2 of 8 experts: 5 operations for each of 32 gates
    *each(
        "_moe_C::topk_softmax aiter::topk_softmax",
        "fp32[4,2] int32[4,2] int32[4,2] bf16[4,8] True",
        160,
        64 + 3 * 32,
    ),
    ("_moe_C::topk_softmax", "fp32[4,2] int32[4,2] int32[4,2] bf16[4,8]", 160, 64 + 3 * 32),
    (
        "_moe_C::topk_softmax",
        "fp32[4,2] int32[4,2] int32[4,2] bf16[4,8] True fp32[8]",
        160,
        64 + 3 * 32 + 32,
    ),
    ("sgl_kernel::topk_softmax", "fp32[4,2] int32[4,2] bf16[4,8] True", 160, 64 + 2 * 32),
    ("sgl_kernel::topk_softmax", "fp32[4,2] int32[4,2] bf16[4,8] True 0.0 -", 160, 64 + 2 * 32),
    # sigmoid and bias for each gate; 4 tokens take 2 of 8
    (
        "sgl_kernel::moe_fused_gate",
        "fp32[4,8] fp32[8] 2 1 2 0 1.0 False",
        5 * 32,
        128 + 32 + 32 + 32,
    ),
    ("trtllm::noaux_tc_op", "fp32[4,8] fp32[4,8] 2 1 2 1.0", 0, 128 + 128 + 32 + 32),
    # 4 rows of 8, each the sum of 2
    *each("_moe_C::moe_sum aiter::moe_sum", "bf16[4,2,8] bf16[4,8]", 32, 128 + 64),
    (
        "_moe_C::moe_permute",
        "bf16[4,8] int32[4,2] int32[4,2] - 8 8 2 bf16[8,8] int64[9] int32[8] int32[8]",
        0,
        64 + 32 + 32 + 128 + 72 + 32 + 32,
    ),
    (
        "_moe_C::moe_permute",
        "bf16[4,8] int32[4,2] int32[4,2] - 8 8 2 - bf16[8,8] int64[9] int32[8] int32[8] int32[8]",
        0,
        64 + 32 + 32 + 128 + 72 + 32 + 32 + 32,
    ),
    # 64 values times a weight, added in pairs
    (
        "_moe_C::moe_unpermute",
        "bf16[8,8] fp32[4,2] int32[8] int64[9] 2 bf16[4,8]",
        2 * 64 - 32,
        128 + 32 + 32 + 72 + 64,
    ),
    *each(
        "_moe_C::shuffle_rows sgl_kernel::shuffle_rows",
        "bf16[4,8] int32[8] bf16[8,8]",
        0,
        64 + 32 + 128,
    ),
    (
        "sgl_kernel::apply_shuffle_mul_sum",
        "bf16[8,8] bf16[4,8] int32[8] fp32[8]",
        2 * 64 - 32,
        128 + 32 + 32 + 64,
    ),
    (
        "_moe_C::moe_align_block_size",
        "int32[4,2] 8 4 int32[32] int32[8] int32[1]",
        0,
        32 + 128 + 32 + 4,
    ),
    (
        "aiter::moe_align_block_size",
        "int32[4,2] 8 4 int32[32] int32[8] int32[8] int32[1]",
        0,
        32 + 128 + 32 + 32 + 4,
    ),
    (
        "sgl_kernel::moe_align_block_size",
        "int32[4,2] 8 4 int32[32] int32[8] int32[1] int32[9] True",
        0,
        32 + 128 + 32 + 4 + 72,
    ),
    (
        "_C::apply_repetition_penalties_",
        "fp32[2,8] bool[2,8] bool[2,8] fp32[2]",
        16,
        128 + 16 + 16 + 8,
    ),
    *each(
        "sgl_kernel::top_k_renorm_probs sgl_kernel::top_p_renorm_probs"
        " sgl_kernel::top_k_mask_logits",
        "fp32[2,8] fp32[2,8] - 5",
        None,
        64 + 64,
    ),
    *each(
        "sgl_kernel::min_p_sampling_from_probs sgl_kernel::top_p_sampling_from_probs",
        "fp32[2,8] int32[2] - fp32[2] 0.9 True -",
        None,
        64 + 8 + 8,
    ),
    (
        "sgl_kernel::top_k_top_p_sampling_from_probs",
        "fp32[2,8] int32[2] - int32[2] 5 fp32[2] 0.9 True -",
        None,
        64 + 8 + 8 + 8,
    ),
)

# 2 samples of 4 channels and 5 steps, a state of 3: 40 elements, each 7·3 + Δ·u 1, D 2, the bias 1,
# softplus 4, and the gate's SiLU and product 5
_SCAN = 40 * (7 * 3 + 1 + 2 + 1 + 4 + 5)
_U, _BC = "bf16[2,4,5]", "bf16[2,1,3,5] bf16[2,1,3,5]"
_SCANNED = f"{_U} {_U} fp32[4,3] {_BC} fp32[4] {_U} fp32[4] True"
_SCAN_BYTES = 3 * 80 + 48 + 2 * 60 + 2 * 16 + 80
STATE_SPACES: tuple[Row, ...] = (
    *(
        (
            "_C::selective_scan_fwd",
            f"{_SCANNED} - int32[2] bool[2] bf16[9,4,3] -1{more}",
            _SCAN,
            _SCAN_BYTES,
        )
        for more in ("", " 0 - - -", " 0 - - - - -")
    ),
    # packed: 5 steps of 2 sequences, without D, gate, bias and softplus
    (
        "_C::selective_scan_fwd",
        "bf16[4,5] bf16[4,5] fp32[4,3] bf16[1,3,5] bf16[1,3,5] - - - False int32[3] int32[2]"
        " bool[2] bf16[9,4,3] -1",
        20 * (7 * 3 + 1),
        2 * 40 + 48 + 2 * 30 + 12 + 40,
    ),
    (
        "mamba_ssm::selective_scan",
        f"{_U} {_U} fp32[4,3] {_BC} - - - False",
        40 * 22,
        2 * 80 + 48 + 120 + 80,
    ),
    # one sample of 5 steps in chunks of 4: 10 pairs and 1; 1 group, 2 heads of 8, a state of 3
    (
        "mamba_ssm::ssm_chunk_scan_combined_fwd",
        "bf16[1,5,2,8] fp32[1,5,2] fp32[2] bf16[1,5,1,3] bf16[1,5,1,3] 4 - - - - - - False -",
        2 * 11 * (3 + 16) + 4 * 5 * 2 * 8 * 3,
        160 + 40 + 8 + 30 + 30 + 160,
    ),
    # the functions that training records, with everything given and with as little as may be
    ("SelectiveScanFn", f"{_SCANNED} False", _SCAN, _SCAN_BYTES),
    (
        "SelectiveScanFn",
        "bf16[2,4,5] bf16[2,4,5] fp32[4,3] bf16[2,3,5] bf16[2,3,5] - - - False False",
        40 * 22,
        2 * 80 + 48 + 120 + 80,
    ),
    *(
        (
            "MambaChunkScanCombinedFn",
            f"bf16[1,5,2,8] fp32[1,5,2] fp32[2] bf16[1,5,1,3] bf16[1,5,1,3] 4 - - - - - {more}",
            2 * 11 * (3 + 16) + 4 * 5 * 2 * 8 * 3,
            160 + 40 + 8 + 30 + 30 + 160,
        )
        for more in ("False - False", "- False - False False")
    ),
    # 70 tokens of 2 heads, keys of 4, values of 8: chunks of 64 and 6 have 64·65/2 + 6·7/2 pairs;
    # the last states of one sample, 2 heads of 4·8, are fp32
    (
        "ChunkGatedDeltaRuleFunction",
        "bf16[1,70,2,4] bf16[1,70,2,4] bf16[1,70,2,8] fp32[1,70,2] bf16[1,70,2] 0.5 - True - False",
        2 * (2 * (2080 + 21) * (3 * 4 + 2 * 8) + 6 * 70 * 4 * 8),
        2 * 1120 + 2240 + 560 + 280 + 2240 + 256,
    ),
    # 3 sequences that start from states of 2 heads of the values over 1 of the keys
    (
        "ChunkGatedDeltaRuleFunction",
        "bf16[1,70,1,4] bf16[1,70,1,4] bf16[1,70,2,8] fp32[1,70,2] bf16[1,70,2] 0.5 fp32[3,2,4,8]"
        " True int64[4] True",
        2 * (2 * (2080 + 21) * (3 * 4 + 2 * 8) + 6 * 70 * 4 * 8),
        2 * 560 + 2240 + 560 + 280 + 768 + 32 + 2240 + 768,
    ),
    # which of two versions it is does not matter for the bytes
    (
        "ChunkGatedDeltaRuleFunction",
        "bf16[1,70,2,4] bf16[1,70,2,4] bf16[1,70,2,8] fp32[1,70,2] bf16[1,70,2] 0.5 - False - True",
        None,
        2 * 1120 + 2240 + 560 + 280 + 2240,
    ),
    # 4 taps: 8 operations an element, SiLU 4
    (
        "DaoAILab::_causal_conv1d_fwd_cpp",
        f"{_U} bf16[4,4] bf16[4] - - {_U} - True",
        40 * 12,
        80 + 32 + 8 + 80,
    ),
    (
        "DaoAILab::_causal_conv1d_update_cpp",
        "bf16[2,4] bf16[2,4,3] bf16[4,4] bf16[4] bf16[2,4] False - int32[2]",
        8 * 8,
        16 + 96 + 32 + 8 + 16 + 8,
    ),
    (
        "sgl_kernel::causal_conv1d_fwd",
        "bf16[4,5] bf16[4,4] bf16[4] bf16[9,4,3] int32[3] int32[2] bool[2] True -1",
        20 * 12,
        80 + 32 + 8 + 12 + 8 + 2,
    ),
    *each(
        "sgl_kernel::causal_conv1d_update trtllm::causal_conv1d_update",
        "bf16[2,4] bf16[9,4,3] bf16[4,4] - True - int32[2] -1",
        8 * 12,
        32 + 32 + 8,
    ),
    (
        "vllm::gdn_attention_core",
        "bf16[3,16] bf16[3,2] bf16[3,2] bf16[3,2,4] layer",
        None,
        96 + 12 + 12 + 48,
    ),
)
