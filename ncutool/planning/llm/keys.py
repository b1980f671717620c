"""Which names of a configuration may be passed over: everything else must be understood.

A name that no builder of the model asked for is harmless only if it stands in :data:`HARMLESS` or
fits :data:`HARMLESS_PATTERN`. Any other might change the arithmetic, so that the configuration is
refused rather than planned as another model.
"""

from __future__ import annotations

import re

from ncutool.base.user_files import shown
from ncutool.planning.llm.values import Values
from ncutool_parsers.errors import UsageError

_NAMES = {
    "what the file is, and what reads it": """
        architectures auto_map base_model chat_format dtype generation_config
        language_model_only library_name license model_name model_type name_or_path prefix
        processor_class revision tags thinking_mode tokenizer_class torch_dtype
        transformers_version unsloth_fixed unsloth_version
    """,
    "how it is run, not what is computed": """
        _attn_implementation attn_implementation attn_pdrop bf16 bos_token
        cache_implementation chunk_size chunk_size_feed_forward disable_ffn_model_parallel
        embd_pdrop eos_token ep_size flash_attn fp16 fp32 fsdp fused_add_norm fused_ops
        gradient_checkpointing gradient_checkpointing_kwargs initial_context_length
        is_decoder keep_in_fp32 low_cpu_mem_usage mamba_chunk_size mamba_dt_init_floor
        mamba_dt_max mamba_dt_min mask_init_value max_length max_sequence_length
        model_max_length n_ctx num_logits_to_keep original_max_position_embeddings
        output_attentions output_hidden_states output_router_logits pad_token pre_norm
        prenorm pretraining_tp rescale_every rescale_layer resid_pdrop residual_in_fp32
        return_dict scan_mlp_chunk_size sep_token seq_length summary_activation
        summary_first_dropout summary_proj_to_labels summary_type summary_use_proj
        tf_legacy_loss tie_encoder_decoder time_step_floor time_step_limit time_step_max
        time_step_min tokenizer_model_max_length torchscript use_bfloat16 use_cache
        use_dynamic_ntk use_flash_attention use_flash_attention_2 use_flash_attn
        use_fp32_residual use_kernels use_logn_attn use_mamba_kernels use_return_dict
        use_scan_mlp
    """,
    "scalars and functions applied to what the matrices give": """
        normalization_function use_routing_bias scale_attention moe_gate_act
        swiglu_alpha moe_norm_min rescale_prenorm_residual use_associative_scan use_mambapy
        norm_head norm_softmax
        activation activation_function alibi apply_residual_connection_post_layernorm
        attn_scale attn_temperature_tuning clip_qkv dim_model_base emb_scale embedding_scale
        floor_scale hidden_act hidden_act_fn hidden_activation interleaved_rope logit_scale
        logit_scaling logits_soft_cap mamba_hidden_act mlp_hidden_act mlp_hidden_activation
        moe_grouped_topk moe_n_group moe_router_activation_func
        moe_router_enable_expert_bias moe_router_topk_scaling_factor moe_softmax_after_topk
        moe_topk_group mscale mscale_all_dim mup_enabled n_group no_bias_attn
        no_rope_layer_interval no_rope_layers nope nope_layer_interval norm_after_router
        norm_topk_prob norm_type normalization_type normalize_router_weights
        num_expert_group num_limited_groups position_embedding_type query_pre_attn_scalar
        reorder_and_upcast_attn rope_interleave rope_interleaved routed_scaling_factor
        router_dtype router_use_sigmoid scale_attn_by_inverse_layer_idx scale_attn_weights
        scale_depth scale_emb score_func score_function scoring_func seq_aux ssm_act
        swiglu_limit topk_group topk_method use_mup use_nope use_post_norm_scale
        rotary_dim use_qk_norm_after_rope use_rope
    """,
    "the places of images, sounds and tools in a prompt": """
        boi_token eoi_token fullatt_block_indexes has_vision image_grid_pinpoints
        image_seq_length image_size img_processor mm_tokens_per_image mrope_section
        multimodal_projector_bias projector_hidden_act second_per_grid_ts spatial_merge_size
        temporal_patch_size tokens_per_second vision_feature_layer
        vision_feature_select_strategy
    """,
    "training only": """
        bias_update_rate capacity_factor drop_tokens expert_capacity first_token_drop
        gamma_u jitter_eps moe_dropout num_assistant_tokens router_jitter_noise
        use_moe_aux_loss
    """,
}
HARMLESS = frozenset(name for names in _NAMES.values() for name in names.split())
"""Names that say nothing about which numbers are multiplied."""
HARMLESS_PATTERN = (
    r"^_"  # what a library noted for itself
    r"|_token_ids?$|_tokens?_index$|_token_index$|_token_id_list$"
    r"|^(?:bos|eos|pad|sep|unk|cls|mask|bov|boi|eoi|im_start|im_end)_"
    r"|drop(?:out|path|_path)?(?:_rate|_prob|_p|_ratio)?$|_pdrop$|^hidden_dropout|^attention_dropout"
    r"|_eps(?:ilon)?$|^eps$"
    r"|initializer|_init(?:_|$)|^init_|^embedding_init"
    r"|^rope_|_rope_|rope_theta|^rotary|_theta$|rotary_(?:pct|emb_base|base|factor)$|_rotary_factor$"
    r"|_coef(?:ficient)?$|_loss(?:_|$)|^aux_|^z_loss|_loss_weight$"
    r"|soft_?cap"
    r"|^(?:embedding|residual|attention(?:_in|_out)?|attn|key|lm_head|logits?|ssm(?:_in|_out)?)"
    r"_multipliers?$|^mlp_multipliers$"  # scalars; one of another name may be of an inner size
    r"|_scaling$|_scaling_factor$|^logits_scal|_logits_scal"
    r"|^id2label$|^label2id$|^num_labels$|^problem_type$|^task_specific_params$|^finetuning_task$"
    r"|^(?:temperature|top_k|top_p|typical_p|do_sample|num_beams|num_beam_groups|diversity_penalty"
    r"|length_penalty|repetition_penalty|no_repeat_ngram_size|encoder_no_repeat_ngram_size"
    r"|bad_words_ids|min_length|max_new_tokens|early_stopping|forced_\w+|suppress_tokens"
    r"|begin_suppress_tokens|exponential_decay_length_penalty|remove_invalid_values"
    r"|num_return_sequences|output_scores|return_dict_in_generate|pruned_heads)$"
    r"|jitter"
    r"|^max_position_embeddings$|^n_positions$"
)
"""Endings and beginnings of names that say nothing about it either, unless they are of a size;
compiled when a configuration first has a name that is not listed."""
_SIZES = re.compile(r"(?:dim|dims|heads|layers|sizes?|rank|experts|width|depth|count|counts)$")
_SWITCH = re.compile(r"(?:use|enable|add|is|has)_")
_PARTS = re.compile(r"gate|glu|bias|norm|expert|moe")
"""A switch that is off adds nothing, unless it is of a part that layers usually have."""
_MEANINGS = {
    "is_encoder_decoder": "an encoder beside the decoder",
    "add_cross_attention": "attention to another sequence",
    "cross_attention_layers": "attention to images in some layers",
    "cross_attention_freq": "attention to another sequence",
}
FLAGS = (
    "describe the model with --layers, --hidden, --heads, --kv-heads, --head-dim, --intermediate, "
    "--vocab, --window, --experts, --experts-per-token, --shared-experts, --expert-intermediate, "
    "--dense-layers and --mla instead"
)


"""What would describe a model that is not known."""


def refuse(values: Values, why: str) -> UsageError:
    """Return the refusal of a configuration, with the options that would describe its model."""
    return values.fail(f"{why}; {FLAGS}")


def check_keys(values: Values) -> None:
    """Raise a UsageError for a value that nothing here understands and that may change the
    arithmetic."""
    for name, meaning in _MEANINGS.items():
        if values.data.get(name):
            raise refuse(values, f"{name} is {shown(values.data[name])}: {meaning} is not planned")
    foreign = [
        name
        for name, value in values.data.items()
        if value is not None
        and name not in values.used
        and name not in _MEANINGS
        and not is_harmless(name)
        and not (value is False and _SWITCH.match(name) and not _PARTS.search(name))
    ]
    if foreign:
        kind = values.text("model_type")
        listed = ", ".join(f"{name} {shown(values.data[name])}" for name in foreign[:3])
        more = f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""
        raise refuse(
            values,
            f"{listed}{more}: not known of {kind}, and may change what is computed",
        )


def is_harmless(name: str) -> bool:
    """Return whether a value of this name changes neither weights nor arithmetic, whatever it
    is."""
    if name in HARMLESS:
        return True
    return re.search(HARMLESS_PATTERN, name) is not None and _SIZES.search(name) is None
