"""Configurations to models: published counts, windows, experts, and files that are no good."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool.planning import llm
from ncutool.planning.llm import config, experts
from ncutool.planning.llm.model import Experts
from ncutool_parsers.errors import NcutoolError, UnreadableError, UsageError

LLAMA: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 128,
    "vocab_size": 100,
}


@pytest.mark.parametrize("name", llm.preset_names())
def test_presets_hold_as_many_parameters_as_were_published(name: str) -> None:
    """The layers of a configuration add up to the checkpoint's count, to the digit."""
    model = llm.preset(name)
    assert model.published_parameters in (None, model.parameters)
    assert model.source.startswith("https://huggingface.co/")
    assert 0 < model.active_parameters <= model.parameters


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("deepseek-v3", 36.6),
        ("gpt-oss-120b", 5.13),
        ("gpt-oss-20b", 3.61),
        ("deepseek-v2-lite", 2.4),
    ],
)
def test_parameters_a_token_needs(name: str, billions: float) -> None:
    """What the publishers of mixtures call activated, the head counted and the table not."""
    active = llm.preset(name).active_parameters / 1e9
    assert active == pytest.approx(billions, abs=0.06)


@pytest.mark.parametrize(
    ("name", "each_token"),
    [
        ("llama-2-7b", 524_288),
        ("llama-3-8b", 131_072),
        ("llama-3-70b", 327_680),
        ("llama-3.1-405b", 516_096),
        ("mixtral-8x7b", 131_072),
        ("qwen2.5-7b", 57_344),
        ("qwen3-30b-a3b", 98_304),
        ("deepseek-v3", 70_272),
        ("gpt-oss-120b", 73_728),
        ("gemma-3-27b", 507_904),
        ("falcon-7b", 8_192),
    ],
)
def test_cache_a_token_in_bf16(name: str, each_token: int) -> None:
    """2 × layers × key-value heads × head size × 2 bytes; DeepSeek (512 + 64) × 61 × 2."""
    model = llm.preset(name)
    assert sum(cache.layers * cache.values_per_token * 2 for cache in model.caches) == each_token


@pytest.mark.parametrize(
    ("name", "windows"),
    [
        ("llama-3-8b", {None: 32}),
        ("mistral-7b", {4096: 32}),
        ("gpt-oss-20b", {None: 12, 128: 12}),
        ("gemma-2-9b", {None: 21, 4096: 21}),
        ("gemma-3-1b", {None: 4, 512: 22}),
        ("gemma-3-27b", {None: 10, 1024: 52}),
        ("qwen2.5-7b", {None: 28}),
    ],
)
def test_windows(name: str, windows: dict[int | None, int]) -> None:
    """How many layers look at how much, family by family."""
    assert {c.window: c.layers for c in llm.preset(name).caches} == windows


def test_a_windowed_cache_stops_growing() -> None:
    """Mistral keeps 4,096 tokens a layer at most, so that no context weighs as much as it does."""
    plans = [llm.plan("mistral-7b", "H100 SXM", context_tokens=n) for n in (4096, 32768)]
    kept = {plan.memory.kv_bytes_per_sequence for plan in plans}
    assert kept == {4096 * 131_072}
    assert plans[0].equal_context_tokens is None
    mixed = llm.plan("gpt-oss-20b", "H100 SXM", context_tokens=8192)
    assert mixed.memory.kv_bytes_per_sequence == 12 * 2048 * (8192 + 128)
    assert mixed.equal_context_tokens is not None
    assert mixed.equal_context_tokens * 12 * 2048 == pytest.approx(
        mixed.memory.weight_bytes, rel=0.001
    )


def test_layer_types_win_over_the_family_pattern() -> None:
    """A list of layers says itself which have a window; it must list all of them."""
    data = {**LLAMA, "model_type": "gpt_oss", "sliding_window": 8, "num_local_experts": 4}
    data |= {"num_experts_per_tok": 2, "layer_types": ["full_attention", "full_attention"]}
    assert {c.window for c in llm.from_config(data, name="x").caches} == {None}
    for wrong in (["full_attention"], ["full_attention", "linear_attention"], [1, 2], "full"):
        with pytest.raises(UsageError, match="layer_types"):
            llm.from_config({**data, "layer_types": wrong}, name="x")


def test_decoders_of_multimodal_models_are_planned_alone() -> None:
    """What stands in text_config is the model; shared values are taken from outside."""
    tower = {"hidden_size": 8, "num_hidden_layers": 1, "intermediate_size": 16, "image_size": 28}
    outer = {"model_type": "gemma3", "torch_dtype": "float16", "vision_config": tower}
    inner = {**LLAMA, "model_type": "gemma3_text", "head_dim": 16}
    model = llm.from_config({**outer, "text_config": inner}, name="x")
    assert model.trained_type == "fp16"
    assert model.hidden_size == 64
    block = 4 * (8 * 8 + 8) + 2 * 8 * 16 + 16 + 8 + 4 * 8
    tables = 4 * 8 + 3 * 14 * 14 * 8 + 8
    assert [one.parameters for one in model.held] == [block + tables + 2 * 8 + 8 * 64 + 8]
    alone = llm.from_config(inner, name="x")
    assert model.parameters - alone.parameters == model.held[0].parameters
    plan = llm.plan(model, "H100 SXM")
    assert plan.decode.weight_bytes == llm.plan(alone, "H100 SXM").decode.weight_bytes
    assert any("encoder of images" in note for note in plan.notes)


def test_shared_experts_are_read_by_every_token() -> None:
    """DeepSeek-V3's shared expert is dense weight; 8 of 256 routed ones are read at batch 1."""
    plan = llm.plan("deepseek-v3", "H200 SXM", tensor_parallel=8, batches=(1, 256))
    one, many = plan.batches
    assert one.experts_touched == pytest.approx(8)
    assert many.experts_touched is not None
    assert 255.8 < many.experts_touched < 256
    alone = llm.plan("deepseek-v3", "B300", batches=(1,)).batches[0]
    model = plan.model
    wide = 129_280 * 7168 + 58 * 7168 * 256 + model.other_parameters  # head, router, norms: bf16
    assert alone.weight_bytes == pytest.approx(model.active_parameters + wide, rel=1e-12)
    assert one.weight_bytes * 8 > alone.weight_bytes  # down-projections are held eight times
    assert plan.model.experts == Experts(256, 8, 58, 1)


@given(st.integers(1, 300), st.integers(1, 16), st.integers(1, 5000))
def test_touched_experts_lie_between_their_bounds(count: int, chosen: int, tokens: int) -> None:
    """Alike is the fewest, no two alike the most, uniform routing in between."""
    mixture = Experts(count, min(chosen, count), 1)
    touched = experts.expected(mixture, tokens)
    slack = 1e-9 * count
    assert experts.fewest(mixture) - slack <= touched
    assert touched <= experts.most(mixture, tokens) + slack


def test_floors_of_a_mixture_lie_between_their_bounds() -> None:
    """The expected floor is never outside what alike and unlike tokens give."""
    plan = llm.plan("qwen3-30b-a3b", "H100 SXM")
    for step in plan.batches:
        assert step.floor_ns <= step.expected.ns * (1 + 1e-12)
        assert step.expected.ns <= step.worst.ns * (1 + 1e-12)
    wide = plan.batches[6]
    assert wide.batch == 64
    assert wide.experts_touched == pytest.approx(128 * (1 - (1 - 8 / 128) ** 64))
    assert wide.worst.experts_touched == 128
    turning = plan.crossover
    assert turning.fewest_experts is not None
    assert turning.weights_only is not None
    assert turning.most_experts is not None
    assert turning.fewest_experts <= turning.weights_only <= turning.most_experts * (1 + 1e-6)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"hidden_size": -1}, "hidden_size must be from 1"),
        ({"hidden_size": 10**12}, "hidden_size must be from 1"),
        ({"hidden_size": "64"}, "must be a whole number"),
        ({"hidden_size": True}, "must be a whole number"),
        ({"hidden_size": 66}, "does not divide among 4 heads"),
        ({"num_key_value_heads": 3}, "do not divide among 3"),
        ({"vocab_size": None}, "vocab_size is missing"),
        ({"model_type": "mamba3"}, "'mamba3' is not known"),
        ({"model_type": "t5"}, "an encoder with a decoder"),
        ({"num_local_experts": 8}, "num_local_experts 8: not known of llama"),
        ({"sliding_window": 4096}, "sliding_window 4096: not known of llama"),
        ({"is_encoder_decoder": True}, "is not planned"),
        ({"cross_attention_layers": [1]}, "attention to images"),
        ({"model_type": 3}, "model_type must be a text"),
        ({"tie_word_embeddings": "yes"}, "must be true or false"),
        ({"quantization_config": []}, "must be an object"),
        ({"text_config": [1]}, "must be an object"),
        ({"vision_config": {"hidden_size": 9}}, "how many weights the image encoder"),
    ],
)
def test_wrong_values_are_named(change: dict[str, object], said: str) -> None:
    """Every error says which value is wrong and how."""
    with pytest.raises(UsageError, match=said):
        llm.from_config({**LLAMA, **change}, name="x")


def test_more_experts_chosen_than_there_are() -> None:
    """A token cannot be sent to 9 of 8 experts."""
    data = {**LLAMA, "model_type": "mixtral", "num_local_experts": 8, "num_experts_per_tok": 9}
    with pytest.raises(UsageError, match="only 8 experts"):
        llm.from_config(data, name="x")


def test_files_that_are_no_configuration(tmp_path: Path) -> None:
    """Missing, a folder, too large, no JSON, too deep, no object: one error each, nothing run."""
    path = tmp_path / "config.json"
    with pytest.raises(UnreadableError, match="cannot be read"):
        llm.read_config(path)
    with pytest.raises(UnreadableError, match="cannot be read"):
        llm.read_config(tmp_path)
    for content, said in (
        (b"{" + b" " * config.MOST_BYTES, "larger than"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[1]", "no JSON object"),
        (b'{"hidden_size": ' + b"9" * 5000 + b"}", "not JSON|is not known"),
    ):
        path.write_bytes(content)
        with pytest.raises(NcutoolError, match=said):
            llm.read_config(path)


def test_a_file_gives_what_its_values_give(tmp_path: Path) -> None:
    """Read from disk and changed: the same model, named after its folder."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(LLAMA), encoding="utf-8")
    model = llm.read_config(folder / "config.json")
    assert model.name == "tiny"
    assert model.matrices == llm.from_config(LLAMA, name="tiny").matrices
    wider = llm.read_config(folder / "config.json", {"num_key_value_heads": 4})
    assert wider.kv_heads == 4
    assert wider.name == "tiny, changed"


@pytest.mark.parametrize(
    "name",
    [
        "ffn_multiplier",
        "ffn_dim_multiplier",
        "mlp_multiplier",
        "depth_multiplier",
        "qk_rope_head_dim",
        "rope_head_dim",
        "jitter_layers",
        "initializer_layers",
        "dropped_layers",
    ],
)
def test_a_name_that_may_be_of_a_size_is_no_scalar(name: str) -> None:
    """Though it begins or ends like one: it is refused by its name."""
    with pytest.raises(NcutoolError, match=name):
        llm.from_config({**LLAMA, name: 2}, name="x")


@pytest.mark.parametrize("name", ["embedding_multiplier", "residual_multiplier", "rope_theta"])
def test_scalars_are_passed_over(name: str) -> None:
    """They change no matrix."""
    assert llm.from_config({**LLAMA, name: 2.0}, name="x") == llm.from_config(LLAMA, name="x")


@given(
    st.dictionaries(
        st.sampled_from([*LLAMA, "layer_types", "text_config", "num_experts", "mlp_only_layers"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.none()),
    )
)
def test_any_values_give_a_model_or_one_error(change: dict[str, Any]) -> None:
    """No configuration makes the reader fail in another way than by its own error."""
    try:
        parameters = llm.from_config({**LLAMA, **change}, name="x").parameters
    except NcutoolError:
        return
    assert parameters > 0


def test_more_layers_than_any_model_has_are_refused() -> None:
    """Each is laid out by itself: a thousand million of them took all memory there was."""
    deep = llm.from_config({**LLAMA, "num_hidden_layers": 100_000}, name="deep")
    assert deep.layers == 100_000
    with pytest.raises(UsageError, match=r"num_hidden_layers must be from 1 to 100,000, not 1000"):
        llm.from_config({**LLAMA, "num_hidden_layers": 10**9}, name="deep")


def test_heads_past_counting_do_not_make_a_plan_wait() -> None:
    """Every number of devices up to that of heads was tried, which is a search without end."""
    wide = {"hidden_size": 10**9, "num_attention_heads": 10**9, "num_key_value_heads": 10**9}
    plan = llm.plan(llm.from_config({**LLAMA, **wide}, name="wide"), "h100-sxm")
    assert not plan.memory.fits
    assert plan.memory.smallest_tensor_parallel is None
