"""The known model families: what each one's layers hold beyond the common frame.

Parameter counts follow the modelling files of the transformers library: which projections carry a
bias, which norms a layer has, which matrices are tied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from msgspec.structs import replace

from ncutool.planning.llm.families.decoder import Frame, decoder
from ncutool.planning.llm.families.draft import Named
from ncutool.planning.llm.families.latent import LatentFrame, latent
from ncutool.planning.llm.families.mixture import Mixing
from ncutool.planning.llm.model import Model
from ncutool.planning.llm.values import Values
from ncutool.planning.llm.windows import (
    Windows,
    chunks,
    every_layer,
    every_other,
    full_everywhere,
    last_of,
    only_if_used,
    past_the_first,
)

Builder = Callable[[Values, Named], Model]
Hybrid = Callable[[Values, Frame, Named], Model]


def _later(module: str, name: str) -> Any:
    """Return a function of a module of this package that is imported when it is first called: most
    plans are of a family that needs neither."""

    def called(*arguments: Any) -> Any:
        return getattr(import_module(f"{__name__}.{module}"), name)(*arguments)

    return called


def _of(frame: Frame, build: Hybrid = decoder) -> Builder:
    return lambda values, named: build(values, frame, named)


def _latent(frame: LatentFrame) -> Builder:
    return lambda values, named: latent(values, frame, named)


def _interleaved(values: Values, layers: int) -> set[int]:
    """Return the layers of a Llama 4 that have experts."""
    listed = values.numbers("moe_layers")
    if listed is not None:
        values.known("interleave_moe_layer_step")
        return {index for index in listed if 0 <= index < layers}
    name = "interleave_moe_layer_step"
    step = values.count(name) if values.given(name) else values.default(name, 1)
    return set(range(step - 1, layers, step))


def _ernie(values: Values, layers: int) -> set[int]:
    """Return the layers of an ERNIE 4.5 that have experts."""
    first = values.count("moe_layer_start_index", default=1, least=0)
    last = layers - 1
    if values.data.get("moe_layer_end_index") == -1:
        values.known("moe_layer_end_index")
    else:
        last = values.count("moe_layer_end_index", default=layers - 1, least=0)
    step = values.count("moe_layer_interval", default=1)
    return {index for index in range(layers) if first <= index <= last and not (index + 1) % step}


_NO_BIAS = {"query_bias": False, "output_bias": False}
_LLAMA = Frame(mlp_bias="mlp_bias", heads_fill=True)
_QWEN2 = Frame(
    heads_fill=True, query_bias=True, output_bias=False, windows=Windows(past_the_first, 4096)
)
_QWEN3 = Frame(head_norms="head", head_dim=128, windows=Windows(past_the_first, 4096))
_LING = Frame(
    query_bias="use_qkv_bias",
    output_bias="use_bias",
    head_norms="head",
    head_norms_if="use_qk_norm",
    mixing=Mixing(
        required=True,
        inner_is_dense=False,
        correction="moe_router_enable_expert_bias",
        shares=True,
        first=True,
    ),
)
_QWEN_MOE = Mixing(required=True, inner_is_dense=False, step=True)
_QWEN_SHARED = replace(_QWEN_MOE, shared_gate=True, shares=True)
_GEMMA3 = Frame(
    tied=True,
    head_dim=256,
    norms=4,
    head_norms="head",
    windows=Windows(last_of(6), 4096),
    defaults={"vocab_size": 262208, "num_attention_heads": 8, "num_key_value_heads": 4},
)
_MISTRAL = Frame(query_bias=False, output_bias=False, windows=Windows(every_layer, 4096))
_GATED_DELTA = replace(
    _QWEN3, gate_heads=("attn_output_gate", True), head_dim=256, windows=Windows(only_if_used)
)
_GATED_DELTA_MOE = replace(_GATED_DELTA, mixing=_QWEN_SHARED)
_GLM = Frame(query_bias=("attention_bias", True), output_bias=False, head_dim=128)
_DEEPSEEK3 = Mixing(required=True, inner_is_dense=False, correction=True, shares=True, first=True)
_LAYER_NORM = {"norm_vectors": 2, "gated": False}
_GRANITE = Frame(mlp_bias="mlp_bias", heads_fill=True)
_GRANITE_MOE = Mixing(required=True, own_size=False)
_MINIMAX = _of(
    Frame(query_bias=False, output_bias=False, mixing=Mixing()), _later("hybrid", "minimax")
)

FAMILIES: Mapping[str, Builder] = {
    "llama": _of(_LLAMA),
    "mistral": _of(_MISTRAL),
    "ministral": _of(replace(_MISTRAL, windows=Windows(None, 4096))),
    "ministral3": _of(replace(_MISTRAL, windows=Windows(every_layer))),
    "mixtral": _of(
        Frame(
            heads_fill=True,
            query_bias=False,
            output_bias=False,
            windows=Windows(every_layer),
            mixing=Mixing(own_size=False),
        )
    ),
    "qwen2": _of(_QWEN2),
    "qwen2_vl_text": _of(_QWEN2),
    "qwen2_5_vl_text": _of(_QWEN2),
    "qwen2_moe": _of(
        replace(
            _QWEN2,
            query_bias=("qkv_bias", True),
            mixing=_QWEN_SHARED,
        )
    ),
    "qwen3": _of(_QWEN3),
    "qwen3_vl_text": _of(_QWEN3),
    "qwen3_moe": _of(replace(_QWEN3, head_dim=None, mixing=_QWEN_MOE)),
    "qwen3_vl_moe_text": _of(replace(_QWEN3, head_dim=None, mixing=_QWEN_MOE)),
    "qwen3_next": _of(_GATED_DELTA_MOE, _later("hybrid", "gated_delta")),
    "qwen3_5_text": _of(_GATED_DELTA, _later("hybrid", "gated_delta")),
    "qwen3_5_moe_text": _of(_GATED_DELTA_MOE, _later("hybrid", "gated_delta")),
    "gemma": _of(Frame(tied=True, head_dim=256)),
    "gemma2": _of(Frame(tied=True, head_dim=256, norms=4, windows=Windows(every_other, 4096))),
    "gemma3_text": _of(_GEMMA3),
    "gpt_oss": _of(
        Frame(
            query_bias=("attention_bias", True),
            output_bias=("attention_bias", True),
            sinks=True,
            head_dim=64,
            windows=Windows(every_other, 128),
            mixing=Mixing(required=True, router_bias=True, expert_biases=True, own_size=False),
        )
    ),
    "deepseek_v2": _latent(LatentFrame(replace(_DEEPSEEK3, required=False, correction=False))),
    "deepseek_v3": _latent(LatentFrame(replace(_DEEPSEEK3, required=False))),
    "kimi_k2": _latent(LatentFrame(_DEEPSEEK3)),
    "deepseek_v32": _latent(LatentFrame(_DEEPSEEK3, indexed=True)),
    "glm_moe_dsa": _latent(LatentFrame(_DEEPSEEK3, indexed=True)),
    "glm4_moe_lite": _latent(LatentFrame(_DEEPSEEK3)),
    "glm": _of(_GLM),
    "glm4": _of(replace(_GLM, norms=4)),
    "glm4_moe": _of(
        Frame(
            output_bias=False,
            head_norms="head",
            head_norms_if="use_qk_norm",
            mixing=_DEEPSEEK3,
        )
    ),
    "minimax_m2": _of(
        Frame(
            query_bias=False,
            output_bias=False,
            head_norms="full",
            head_norms_if=("use_qk_norm", True),
            head_dim=128,
            windows=Windows(full_everywhere),
            understood=("shared_intermediate_size", "qk_norm_type"),
            mixing=Mixing(required=True, correction=True),
        )
    ),
    "minimax": _of(
        Frame(query_bias=False, output_bias=False, mixing=Mixing()), _later("hybrid", "minimax")
    ),
    "minimax_text_01": _MINIMAX,
    "minimax_m1": _of(
        Frame(query_bias=False, output_bias=False, mixing=Mixing()), _later("hybrid", "minimax")
    ),
    "llama4_text": _of(
        Frame(
            windows=Windows(chunks),
            understood=("use_qk_norm", "for_llm_compressor"),  # a norm without weights
            mixing=Mixing(
                required=True,
                dense="intermediate_size_mlp",
                always_shared=1,
                own_size=False,
                routed=_interleaved,
            ),
        )
    ),
    "phi3": _of(
        Frame(heads_fill=True, query_bias=False, output_bias=False, windows=Windows(every_layer))
    ),
    "phi": _of(
        Frame(
            heads_fill=True,
            query_bias=True,
            output_bias=True,
            mlp_bias=True,
            norms=1,
            head_bias=True,
            norm_vectors=2,
            gated=False,
        )
    ),
    "starcoder2": _of(
        Frame(
            heads_fill=True,
            query_bias=("use_bias", True),
            output_bias=("use_bias", True),
            mlp_bias=("use_bias", True),
            norm_vectors=2,
            gated=False,
            tied=True,
            windows=Windows(every_layer),
        )
    ),
    "stablelm": _of(
        Frame(heads_fill=True, query_bias="use_qkv_bias", output_bias=False, norm_vectors=2)
    ),
    "olmo": _of(Frame(heads_fill=True, norms=0, final_norm=False)),
    "olmo2": _of(Frame(heads_fill=True, head_norms="full")),
    "olmo3": _of(Frame(heads_fill=True, head_norms="full", windows=Windows(last_of(4), 4096))),
    "olmoe": _of(Frame(heads_fill=True, head_norms="full", mixing=Mixing(required=True))),
    "cohere": _of(
        Frame(heads_fill=True, norms=1, tied=True, head_norms="full", head_norms_if="use_qk_norm")
    ),
    "cohere2": _of(Frame(norms=1, tied=True, head_dim=128, windows=Windows(last_of(4), 4096))),
    "exaone4": _of(
        Frame(
            query_bias=False,
            output_bias=False,
            head_norms="head",
            windows=Windows(last_of(4), 4096),
        )
    ),
    "smollm3": _of(replace(_LLAMA, tied=True, windows=Windows(only_if_used))),
    "arcee": _of(Frame(mlp_bias="mlp_bias", gated=False)),
    "apertus": _of(
        Frame(heads_fill=True, mlp_bias="mlp_bias", gated=False, head_norms="head", extra=2)
    ),
    "seed_oss": _of(
        Frame(
            query_bias=("attention_bias", True),
            output_bias="attention_out_bias",
            mlp_bias="mlp_bias",
            head_dim=128,
        )
    ),
    "granite": _of(_GRANITE),
    "granitemoe": _of(Frame(heads_fill=True, mixing=_GRANITE_MOE)),
    "granitemoeshared": _of(Frame(heads_fill=True, mixing=replace(_GRANITE_MOE, shares=True))),
    "granitemoehybrid": _of(
        Frame(heads_fill=True, mixing=Mixing(required=False, own_size=False, shares=True)),
        _later("hybrid", "granite"),
    ),
    "ernie4_5": _of(
        Frame(
            query_bias="use_bias",
            output_bias="use_bias",
            mlp_bias="use_bias",
            tied=True,
            head_dim=128,
        )
    ),
    "ernie4_5_moe": _of(
        Frame(
            query_bias="use_bias",
            output_bias="use_bias",
            tied=True,
            mixing=Mixing(
                required=True, inner_is_dense=False, correction=True, shares=True, routed=_ernie
            ),
        )
    ),
    "bailing_moe": _of(_LING),
    "bailing_moe_v2": _of(_LING),
    "dots1": _of(
        Frame(head_norms="head", mixing=_DEEPSEEK3, windows=Windows(past_the_first, 4096))
    ),
    "hunyuan_v1_dense": _of(
        Frame(mlp_bias="mlp_bias", head_norms="head", head_norms_if=("use_qk_norm", True))
    ),
    "hunyuan_v1_moe": _of(
        Frame(
            head_norms="head",
            head_norms_if=("use_qk_norm", True),
            mixing=Mixing(required=True, shares=True, always_shared=1),
        )
    ),
    "nemotron": _of(Frame(mlp_bias="mlp_bias", gated=False, norm_vectors=2)),
    "lfm2": _of(
        Frame(heads_fill=True, query_bias=False, output_bias=False, tied=True, head_norms="head"),
        _later("hybrid", "lfm2"),
    ),
    "lfm2_moe": _of(
        Frame(
            heads_fill=True,
            query_bias=False,
            output_bias=False,
            tied=True,
            head_norms="head",
            mixing=Mixing(
                required=True,
                inner_is_dense=False,
                first=True,
                correction=("use_expert_bias", True),
            ),
        ),
        _later("hybrid", "lfm2"),
    ),
    "jamba": _of(
        Frame(
            heads_fill=True,
            query_bias=False,
            output_bias=False,
            mixing=Mixing(required=True, own_size=False, routed=_later("hybrid", "jamba_experts")),
        ),
        _later("hybrid", "jamba"),
    ),
    "bamba": _of(Frame(heads_fill=True, mlp_bias="mlp_bias"), _later("hybrid", "bamba")),
    "falcon_h1": _of(Frame(mlp_bias="mlp_bias"), _later("hybrid", "falcon_h1")),
    "nemotron_h": _of(Frame(mlp_bias="mlp_bias", gated=False), _later("hybrid", "nemotron_h")),
    "mamba": _of(Frame(tied=True), _later("hybrid", "mamba1")),
    "mamba2": _of(Frame(defaults={"vocab_size": 32768}), _later("hybrid", "mamba2")),
    "falcon": _later("older", "falcon"),
    "gpt2": _later("older", "gpt2"),
    "gpt_bigcode": _later("older", "gpt2"),
    "opt": _later("older", "opt"),
    "bloom": _later("older", "bloom"),
    "gpt_neox": _later("older", "gpt_neox"),
    "gptj": _later("older", "gptj"),
}
"""``model_type`` of a configuration to what builds its model."""

DECODERS: Mapping[str, str] = {
    "gemma3": "gemma3_text",
    "qwen2_vl": "qwen2",
    "qwen2_5_vl": "qwen2",
    "qwen3_vl": "qwen3_vl_text",
    "qwen3_vl_moe": "qwen3_vl_moe_text",
    "qwen3_5": "qwen3_5_text",
    "qwen3_5_moe": "qwen3_5_moe_text",
    "llama4": "llama4_text",
    "mistral3": "mistral",
}
"""``model_type`` of a configuration with several parts to that of its decoder, where the part does
not say it or the decoder's values stand outside."""

REFUSED: Mapping[str, str] = {
    "t5": "an encoder with a decoder",
    "mt5": "an encoder with a decoder",
    "umt5": "an encoder with a decoder",
    "longt5": "an encoder with a decoder",
    "switch_transformers": "an encoder with a decoder",
    "bart": "an encoder with a decoder",
    "mbart": "an encoder with a decoder",
    "pegasus": "an encoder with a decoder",
    "marian": "an encoder with a decoder",
    "m2m_100": "an encoder with a decoder",
    "whisper": "an encoder with a decoder",
    "t5gemma": "an encoder with a decoder",
    "bert": "an encoder, which decodes nothing",
    "roberta": "an encoder, which decodes nothing",
    "modernbert": "an encoder, which decodes nothing",
    "mllama": "a decoder some layers of which attend to images, whose number it does not say",
    "mllama_text_model": "a decoder some layers of which attend to images, whose number it does "
    "not say",
    "gemma3n": "a decoder with tables for each layer and several streams, which are not planned",
    "gemma3n_text": "a decoder with tables for each layer and several streams, which are not "
    "planned",
    "rwkv": "a recurrent network of another kind, which is not planned",
    "xlstm": "a recurrent network of another kind, which is not planned",
    "recurrent_gemma": "a recurrent network of another kind, which is not planned",
}
"""``model_type`` of what is known, and not planned; why."""
