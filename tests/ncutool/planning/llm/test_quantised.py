"""Quantised checkpoints of every kind: what is narrow, how many bytes it takes, what it meets."""

from __future__ import annotations

from typing import Any

import pytest

from ncutool.planning import llm
from ncutool_parsers.errors import UsageError

LLAMA: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 128,
    "vocab_size": 100,
}
MIXTURE: dict[str, Any] = {
    **LLAMA,
    "model_type": "qwen3_moe",
    "num_experts": 8,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 32,
    "decoder_sparse_step": 1,
    "mlp_only_layers": [0],
}


def group(weights: dict[str, Any], inputs: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    """One scheme of compressed-tensors."""
    one = {"targets": ["Linear"], "weights": weights, "input_activations": inputs}
    return {"quant_method": "compressed-tensors", "config_groups": {"group_0": one}, **more}


_FP8 = {"num_bits": 8, "type": "float", "strategy": "channel"}
_IN8 = {"num_bits": 8, "type": "float"}
_INT8 = {"num_bits": 8, "type": "int"}
_INT4 = {"num_bits": 4, "type": "int", "strategy": "group", "group_size": 32, "symmetric": True}
_NVFP4 = {"num_bits": 4, "type": "float", "strategy": "tensor_group", "group_size": 16}
_CASES: list[tuple[dict[str, Any], str, float, str, str]] = [
    ({"quant_method": "fp8", "weight_block_size": [128, 128]}, "fp8", 1, "fp8", "bf16"),
    ({"quant_method": "fbgemm_fp8", "activation_scale_ub": 1200.0}, "fp8", 1, "fp8", "bf16"),
    ({"quant_method": "awq", "bits": 4, "group_size": 128}, "int4", 4.15625 / 8, "bf16", "bf16"),
    ({"quant_method": "awq", "bits": 4, "group_size": 64}, "int4", 4.3125 / 8, "bf16", "bf16"),
    ({"quant_method": "gptq", "bits": 8, "group_size": -1}, "int8", 1, "bf16", "bf16"),
    ({"quant_method": "gptq", "bits": 3, "group_size": 128}, "int4", 3.1484375 / 8, "bf16", "bf16"),
    ({"load_in_4bit": True, "quant_method": "bitsandbytes"}, "int4", 4.5 / 8, "bf16", "bf16"),
    (
        {
            "load_in_4bit": True,
            "quant_method": "bitsandbytes",
            "bnb_4bit_use_double_quant": True,
        },
        "int4",
        (4 + 8.125 / 64) / 8,
        "bf16",
        "bf16",
    ),
    ({"load_in_8bit": True, "quant_method": "bitsandbytes"}, "int8", 1, "int8", "bf16"),
    (group(_FP8, {"num_bits": 8, "type": "float"}), "fp8", 1, "fp8", "bf16"),
    (group(_FP8, None), "fp8", 1, "bf16", "bf16"),
    (
        group(_FP8, _IN8, kv_cache_scheme=_IN8),
        "fp8", 1, "fp8", "fp8",
    ),
    (group(_INT4, None), "int4", 4.5 / 8, "bf16", "bf16"),
    (group(_NVFP4, {"num_bits": 4, "type": "float"}), "nvfp4", 4.5 / 8, "nvfp4", "bf16"),
    (group(_INT8, _INT8), "int8", 1, "int8", "bf16"),
    (
        {"quant_method": "modelopt", "quant_algo": "NVFP4", "kv_cache_quant_algo": "FP8"},
        "nvfp4", 4.5 / 8, "nvfp4", "fp8",
    ),
    ({"quant_method": "modelopt", "quant_algo": "FP8"}, "fp8", 1, "fp8", "bf16"),
    ({"quant_method": "modelopt", "quant_algo": "W4A8_AWQ"}, "int4", 4.125 / 8, "fp8", "bf16"),
    (
        {
            "quant_method": "quark",
            "global_quant_config": {
                "weight": {"dtype": "fp4", "group_size": 32},
                "input_tensors": {"dtype": "fp4"},
            },
        },
        "mxfp4", 4.25 / 8, "mxfp4", "bf16",
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", _CASES, ids=[str(index) for index in range(len(_CASES))])
def test_what_a_checkpoint_says(case: tuple[dict[str, Any], str, float, str, str]) -> None:
    """Type and bytes of the layers' matrices with their scales, of their inputs and of the cache;
    the head stays as trained. A B200 has the arithmetic of all of these but int4."""
    given, name, size, inputs, cache = case
    model = llm.from_config({**LLAMA, "quantization_config": given}, name="x")
    plan = llm.plan(model, "B200")
    stored = {part: (kind, each) for part, kind, each in plan.types.stored}
    assert stored["attention"] == stored["mlp"]
    assert stored["mlp"][0] == name
    assert stored["mlp"][1] == pytest.approx(size)
    assert stored["head"] == ("bf16", 2)
    assert (plan.types.activations, plan.types.kv) == (inputs, cache)
    assert llm.plan(model, "B200", weights="bf16").types.kv == "bf16"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"quant_method": "exl2", "bits": 2}, "exl2"),
        ({"quant_method": "gptq", "bits": 4, "dynamic": {"x": {"bits": 8}}}, "dynamic"),
        ({"quant_method": "gptq", "bits": 5}, "5 bits"),
        ({"quant_method": "modelopt", "quant_algo": "MIXED_PRECISION"}, "MIXED_PRECISION"),
        (group(_FP8, None, sparsity_config={"format": "sparse-24-bitmask"}), "sparse"),
        (group({"num_bits": 6, "type": "float"}, None), "6 bits"),
        ({"quant_method": "compressed-tensors"}, "config_groups"),
        (group(_FP8, None, kv_cache_scheme={"num_bits": 3}), "a cache"),
        ({}, "None"),
    ],
    ids=str,
)
def test_what_is_not_understood_is_refused_until_a_type_is_said(
    given: dict[str, Any], why: str
) -> None:
    """No guess: the plan asks for --weights, and is made with it."""
    model = llm.from_config({**LLAMA, "quantization_config": given}, name="x")
    with pytest.raises(UsageError, match=why):
        llm.plan(model, "B200")
    assert llm.plan(model, "B200", weights="fp8").types.stored[0][1] == "fp8"


_FEED = ("gate", "up", "down")


@pytest.mark.parametrize(
    ("ignored", "narrow"),
    [
        (["lm_head"], {"attention", "mlp", "experts"}),
        (["re:.*self_attn.*"], {"mlp", "experts"}),
        (["model.layers.*.self_attn*", "lm_head"], {"mlp", "experts"}),
        (["re:.*mlp.gate$", "re:.*experts.*"], {"attention", "mlp"}),
        ([f"model.layers.0.mlp.{one}_proj" for one in _FEED], {"attention", "experts"}),
    ],
    ids=["head", "expression", "glob", "experts", "names"],
)  # fmt: skip
def test_what_stays_as_trained(ignored: list[str], narrow: set[str]) -> None:
    """Names, globs and regular expressions; layer 0 is the one dense layer of four."""
    given = group(_FP8, {"num_bits": 8, "type": "float"}, ignore=ignored)
    model = llm.from_config({**MIXTURE, "quantization_config": given}, name="x")
    kinds = {(one.part, one.stored.name if one.stored else "bf16") for one in model.matrices}
    assert {part for part, kind in kinds if kind == "fp8"} == narrow
    plain = llm.from_config(MIXTURE, name="x")
    assert model.parameters == plain.parameters
    assert model.active_parameters == plain.active_parameters


_KEPT = ("0", "3.mlp", "3.self_attn")


def test_some_layers_may_stay_as_trained() -> None:
    """Of four layers the first and the last keep 16 bits: half of the weights in each type."""
    given = {
        "quant_method": "fp8",
        "modules_to_not_convert": [f"model.layers.{each}" for each in _KEPT],
    }
    model = llm.from_config({**LLAMA, "quantization_config": given}, name="x")
    sizes: dict[str, int] = {}
    for one in model.matrices:
        if one.part in ("attention", "mlp"):
            kind = one.stored.name if one.stored else "bf16"
            sizes[kind] = sizes.get(kind, 0) + one.copies * one.values
    assert sizes["fp8"] == sizes["bf16"]
    plan = llm.plan(model, "H100 SXM")
    assert (
        plan.decode.matrix_flop
        == llm.plan(llm.from_config(LLAMA, name="x"), "T4").decode.matrix_flop
    )


def test_experts_alone_are_narrow_in_gpt_oss() -> None:
    """mxfp4 experts, everything else as trained; on an H100 their arithmetic is 16-bit."""
    for device, roof in (("H100 SXM", "bf16_tensor"), ("B200", "fp4_tensor")):
        plan = llm.plan("gpt-oss-20b", device)
        stored = {part: name for part, name, _ in plan.types.stored}
        assert stored["experts"] == "mxfp4"
        assert set(stored.values()) == {"mxfp4", "bf16"}
        assert plan.types.roof == roof


def test_a_narrow_cache_is_attended_to_in_its_type() -> None:
    """Queries are narrowed to an fp8 cache unless wider activations are asked for."""
    roofs = {
        activations: llm.plan("llama-3-8b", "H100 SXM", kv="fp8", activations=activations)
        for activations in (None, "bf16")
    }
    assert roofs[None].types.attention_roof == "fp8_tensor"
    assert roofs["bf16"].types.attention_roof == "bf16_tensor"
