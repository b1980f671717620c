"""Every family against counts that the transformers library gave, and configurations gone wrong."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest

from ncutool.planning import llm
from ncutool.planning.llm import families, keys
from ncutool_parsers.errors import NcutoolError, UsageError

_SIZES = {
    "hidden_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 96,
    "vocab_size": 100,
}
_ROWS = json.loads((Path(__file__).parent / "families.json").read_text(encoding="utf-8"))
TINY: dict[str, tuple[dict[str, Any], int, int]] = {
    kind: (row["sizes"], row["parameters"], row["buffers"]) for kind, row in _ROWS.items()
}
"""``model_type`` to sizes, the number of parameters of the model that transformers 5.24 makes of
them (on no device, tied ones once), and how many more the checkpoint has, which transformers keeps
as buffers: the biases that correct experts' scores."""


@pytest.mark.parametrize("kind", TINY)
def test_parameters_are_those_of_transformers(kind: str) -> None:
    """Counted by another program from its own layers, to the digit."""
    sizes, counted, buffers = TINY[kind]
    model = llm.from_config({"model_type": kind, **sizes}, name=kind)
    assert model.parameters == counted + buffers
    assert 0 < model.active_parameters <= model.parameters
    plan = llm.plan(model, "H100 SXM", context_tokens=64)
    assert plan.decode.floor_ns > 0
    assert plan.memory.kv_bytes_per_sequence is not None


@pytest.mark.parametrize(
    ("kind", "windows"),
    [
        ("gemma2", {(None, None): 2, (8, None): 2}),
        ("gemma3_text", {(8, None): 4}),
        ("cohere2", {(None, None): 1, (8, None): 3}),
        ("exaone4", {(None, None): 1, (8, None): 3}),
        ("olmo3", {(None, None): 1, (8, None): 3}),
        ("llama4_text", {(None, None): 1, (None, 8): 3}),
        ("mistral", {(8, None): 4}),
        ("gpt_oss", {(None, None): 2, (8, None): 2}),
        ("jamba", {(None, None): 1}),
        ("mamba2", {}),
        ("qwen3_next", {(None, None): 1}),
        ("granitemoehybrid", {(None, None): 1}),
        ("falcon_h1", {(None, None): 4}),
        ("lfm2", {(None, None): 1}),
    ],
)
def test_which_layers_keep_a_cache(
    kind: str, windows: dict[tuple[int | None, int | None], int]
) -> None:
    """Layers by window and chunk; those that keep a state of fixed size have none."""
    model = llm.from_config({"model_type": kind, **TINY[kind][0]}, name=kind)
    assert {(one.window, one.chunk): one.layers for one in model.caches} == windows


def test_states_do_not_grow_with_the_context() -> None:
    """Mamba-2: 8 heads of 16 with 16 states, and three columns of 128 + 64 for the convolution."""
    model = llm.from_config({"model_type": "mamba2", **TINY["mamba2"][0]}, name="x")
    assert [(one.layers, one.values) for one in model.states] == [(2, 8 * 16 * 16), (2, 3 * 192)]
    plans = [llm.plan(model, "H100 SXM", context_tokens=n) for n in (10, 1000)]
    assert {plan.memory.kv_bytes_per_sequence for plan in plans} == {2 * 2 * (2048 + 576)}
    assert plans[0].decode.kv_bytes == 2 * 2 * 2 * (2048 + 576)  # read and written
    assert plans[0].equal_context_tokens is None


def test_sparse_attention_reads_what_it_chose_and_all_of_the_index() -> None:
    """DeepSeek-V3.2: 20 latent values a token kept, at most 16 tokens read; 8 bytes of index."""
    model = llm.from_config({"model_type": "deepseek_v32", **TINY["deepseek_v32"][0]}, name="x")
    plan = llm.plan(model, "H100 SXM", context_tokens=1000)
    assert plan.memory.kv_bytes_per_sequence == 4 * (20 * 2 + 8) * 1000
    assert plan.decode.kv_bytes == 4 * (20 * 2 * 16 + 8 * 1000)


def test_chunks_begin_afresh() -> None:
    """Llama 4 in chunks of 8: the ninth token meets itself alone, the sixteenth eight."""
    model = llm.from_config({"model_type": "llama4_text", **TINY["llama4_text"][0]}, name="x")
    chunked = next(one for one in model.caches if one.chunk)
    assert [chunked.attended(n) for n in (1, 8, 9, 16, 17)] == [1, 8, 1, 8, 1]
    assert [chunked.kept(n) for n in (1, 8, 9)] == [1, 8, 8]
    assert chunked.pairs(20, 20) == 36 + 36 + 10
    assert chunked.pairs(4, 20) == 10


_FOREIGN: dict[str, Any] = {
    "num_experts": 8,
    "n_routed_experts": 64,
    "kv_lora_rank": 512,
    "attention_chunk_size": 4096,
    "full_attention_interval": 4,
    "n_shared_experts": 1,
    "moe_intermediate_size": 512,
    "cross_attention_layers": [1],
    "mamba_d_state": 64,
    "first_k_dense_replace": 2,
    "hidden_size_per_layer_input": 256,
    "altup_num_inputs": 4,
    "q_lora_rank": 1536,
    "index_topk": 2048,
    "is_encoder_decoder": True,
    "num_kv_shared_layers": 10,
    "zero_expert_num": 4,
    "attn_output_gate": True,
    "cla_share_factor": 2,
    "qk_layernorm": True,
    "audio_config": {"hidden_size": 8},
    "architectures": ["BloomForCausalLM"],
    "something_new": 3,
}
"""Values that make another model, of families that do not have them."""


_AGREEING = ("attn_output_gate", "num_experts", "n_shared_experts")
"""Of these, what some families have, and may have as it is there."""


def _mutated(rng: random.Random) -> tuple[str, str, dict[str, Any], dict[str, Any]]:
    kind = rng.choice(list(TINY))
    whole: dict[str, Any] = {"model_type": kind, **TINY[kind][0]}
    changed = copy.deepcopy(whole)
    # A truth value left out is the family's default: nothing could tell that it was there.
    name = rng.choice(
        [
            each
            for each, value in changed.items()
            if each != "model_type" and value not in (True, None)
        ]
    )
    how = rng.choice(["drop", "rename", "null", "text", "negative", "add"])
    if how == "drop":
        del changed[name]
    elif how == "rename":
        changed[f"{name}_of_layers"] = changed.pop(name)
    elif how in ("null", "text", "negative"):
        changed[name] = {"null": None, "text": "banana", "negative": -3}[how]
    else:
        name = rng.choice([each for each in _FOREIGN if each not in whole])
        changed[name] = _FOREIGN[name]
    return how, name, whole, changed


def test_no_mutated_configuration_is_another_model_in_silence() -> None:
    """Of 500 configurations with one value gone, renamed, of a wrong kind or foreign, each is
    refused, or is the same model, or says what it took in place of what it misses."""
    rng = random.Random(20)
    seen: dict[str, int] = {}
    for _ in range(500):
        how, name, whole, changed = _mutated(rng)
        before = llm.from_config(whole, name="x")
        try:
            after = llm.from_config(changed, name="x")
        except NcutoolError:
            seen[how] = seen.get(how, 0) + 1
            continue
        same = (after.matrices, after.caches, after.states, after.parameters) == (
            before.matrices, before.caches, before.states, before.parameters,
        )  # fmt: skip
        if (how, name) == ("null", "sliding_window"):
            continue  # which says that there is none
        told = [note for note in after.notes if note not in before.notes]
        assert same or any("not in the configuration" in note for note in told), (how, name, whole)
        if how == "add":
            assert keys.is_harmless(name) or name in _AGREEING, (name, whole)
    assert set(seen) == {"drop", "rename", "null", "text", "negative", "add"}
    assert sum(seen.values()) > 350


def test_two_names_of_one_number_must_agree() -> None:
    """Experts are named under several keys; two of them that differ are refused."""
    sizes = {**TINY["deepseek_v3"][0]}
    del sizes["n_routed_experts"]
    del sizes["n_shared_experts"]
    named = {"num_routed_experts": 8, "num_shared_experts": 1}
    model = llm.from_config({"model_type": "deepseek_v3", **sizes, **named}, name="x")
    assert model == llm.from_config(
        {"model_type": "deepseek_v3", **TINY["deepseek_v3"][0]}, name="x"
    )
    both = {**named, "n_routed_experts": 16}
    with pytest.raises(UsageError, match="two names of one number"):
        llm.from_config({"model_type": "deepseek_v3", **sizes, **both}, name="x")


def test_what_is_not_known_names_the_options_that_would_describe_it() -> None:
    """The refusal of a family or of a value ends with what to do."""
    for data in ({"model_type": "novel"}, {"model_type": "llama", **_SIZES, "novel_size": 3}):
        with pytest.raises(UsageError, match="--experts-per-token"):
            llm.from_config(data, name="x")


def test_harmless_names_are_a_list_and_a_pattern() -> None:
    """Tokens, dropout and scalars are passed over; sizes are not."""
    for name in ("bos_token_id", "attention_dropout", "rope_theta", "rms_norm_eps", "hidden_act"):
        assert keys.is_harmless(name)
    for name in ("num_experts", "hidden_sizes", "block_configs", "kv_heads", "layer_sharing"):
        assert not keys.is_harmless(name)
    assert not set(families.FAMILIES) & set(families.REFUSED)
