"""Published models: parameters to the digit, from configurations as they are published."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ncutool.planning import llm
from ncutool_parsers.errors import UsageError

PARAMETERS = {
    "awq4": 70_553_706_496,
    "cohere2": 111_057_580_032,
    "ct-fp8": 70_553_706_496,
    "deepseek-v2": 235_741_434_880,
    "deepseek-v3.2": 671_877_944_064,
    "exaone4": 32_003_216_384,
    "fbgemm": 70_553_706_496,
    "gemma-3-4b": 4_300_079_472,
    "gpt2": 124_439_808,
    "gptoss-layertypes": 116_829_156_672,
    "jamba": 51_570_323_328,
    "kimi-k2": 1_026_408_232_448,
    "llama-4-scout": 108_641_793_536,
    "llama-nokv": 6_738_415_616,
    "mamba2": 7_285_403_648,
    "mistral-small-3.1": 24_011_361_280,
    "mixtral-8x22b": 140_630_071_296,
    "modelopt-fp4": 70_553_706_496,
    "newdtype": 8_030_261_248,
    "opt": 6_658_473_984,
    "phi-3-mini": 3_821_079_552,
    "qwen2-swa": 7_615_616_512,
    "qwen2.5-vl": 8_292_166_656,
    "qwen3-coder-480b": 480_154_875_392,
    "qwen3-next": 79_674_391_296,
    "smollm3": 3_075_098_624,
}
REFUSED = {
    "granitemoehybrid": "layer_types is missing",
    "mixtral_min": "the number of experts is missing",
    "mllama": "attend to images",
    "t5": "an encoder with a decoder",
}


def test_every_file_is_right_or_refused(corpus: Path) -> None:
    """Parameters as published, multi-token prediction aside; else the reason."""
    folder = corpus / "model_configs"
    files = {path.stem: path for path in folder.glob("*.json")}
    assert set(files) == {*PARAMETERS, *REFUSED}
    for name, count in PARAMETERS.items():
        model = llm.read_config(files[name])
        assert (name, model.parameters) == (name, count)
        assert llm.plan(model, "B300").decode.floor_ns > 0
    for name, why in REFUSED.items():
        with pytest.raises(UsageError, match=why):
            llm.read_config(files[name])


RECENT = json.loads((Path(__file__).parent / "recent.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", RECENT)
def test_families_of_2025(name: str) -> None:
    """Sizes as they were published, with the parameters that their publishers state."""
    row = RECENT[name]
    model = llm.from_config(row["config"], name=name)
    assert model.parameters == row["parameters"]
    assert llm.plan(model, "B300").decode.floor_ns > 0


def test_deepseek_v3_under_other_names_of_its_experts(tmp_path: Path) -> None:
    """671 B parameters and 70,272 bytes a token, from keys as InferSim has them."""
    data = {
        "model_type": "deepseek_v3",
        "hidden_size": 7168,
        "num_hidden_layers": 61,
        "num_attention_heads": 128,
        "num_key_value_heads": 128,
        "q_lora_rank": 1536,
        "kv_lora_rank": 512,
        "qk_nope_head_dim": 128,
        "qk_rope_head_dim": 64,
        "v_head_dim": 128,
        "intermediate_size": 18432,
        "moe_intermediate_size": 2048,
        "num_routed_experts": 256,
        "num_shared_experts": 1,
        "num_experts_per_tok": 8,
        "first_k_dense_replace": 3,
        "vocab_size": 129280,
    }
    path = tmp_path / "deepseek_v3_config.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    model = llm.read_config(path)
    assert model.parameters == 671_026_419_200
    plan = llm.plan(model, "H200 SXM", tensor_parallel=8)
    assert plan.memory.kv_bytes_per_token_all_devices == 70_272
    assert model.matrices == llm.from_config({**data, "n_routed_experts": 256}, name="x").matrices


@pytest.mark.parametrize(
    ("name", "device", "devices", "context", "first"),
    [
        ("llama-3-70b", "H100 SXM", 8, 2048, "memory"),
        ("gemma-3-27b", "H100 SXM", 2, 2048, "memory"),
        ("mixtral-8x7b", "H100 SXM", 2, 2048, "memory"),
        ("gpt-oss-120b", "H200 SXM", 8, 2048, "memory"),
    ],
)
def test_verdicts_are_those_of_the_sweep(
    name: str, device: str, devices: int, context: int, first: str
) -> None:
    """What comes first is what the largest batch that fits is bound by, attention included."""
    plan = llm.plan(name, device, tensor_parallel=devices, context_tokens=context)
    most = plan.memory.most_sequences
    assert most
    swept = llm.plan(
        name, device, tensor_parallel=devices, context_tokens=context,
        batches=(*(2**power for power in range(12)), most),
    ).batches  # fmt: skip
    binding = [step.batch for step in swept if step.fits and step.bound == "compute"]
    assert plan.crossover.first == ("compute" if binding else "memory") == first
