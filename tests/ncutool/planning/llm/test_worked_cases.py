"""Cases worked by hand: the arithmetic of decode, caches and batches, literally."""

from __future__ import annotations

from typing import Any

import pytest

from ncutool.devices.table import Device
from ncutool.planning import llm
from ncutool.planning.llm.described import LATENT, counted, described
from ncutool.planning.llm.model import Experts
from ncutool.roofline.batching import Decode, Product, Rates
from ncutool_parsers.errors import UsageError

GQA8 = {"num_hidden_layers": 32, "num_key_value_heads": 8, "head_dim": 128}
"""The cache of an 8B model with eight key-value heads: 131,072 bytes a token in bf16."""


def device(peak_flop_per_s: float, peak_bytes_per_s: float) -> Device:
    """A card of two figures and 80 GB."""
    return Device("hand", "", None, 80 * 10**9, peak_bytes_per_s, {"bf16_tensor": peak_flop_per_s})


@pytest.mark.parametrize(
    ("card", "ridge"),
    [
        (device(989e12, 3.35e12), 295.2),
        (device(836e12, 3.9e12), 214.4),
        (device(312e12, 2.0e12), 156.0),
        ("H100 SXM", 295.3),
        ("A100 80GB SXM", 153.0),
        ("A100 80GB PCIe", 161.2),
        ("A100 40GB SXM", 200.6),
    ],
    ids=str,
)
def test_ridge_points(card: Device | str, ridge: float) -> None:
    """Dense peak over bandwidth, of the datasheet's round figures and of the table's rows."""
    plan = llm.plan(counted(8e9, {}), card)
    assert round(plan.ridge_point_flop_per_byte, 1) == ridge


@pytest.mark.parametrize(("intensity", "tera"), [(1.0, 3.35), (989 / 3.35, 989.0), (600.0, 989.0)])
def test_attainable(intensity: float, tera: float) -> None:
    """The roof at three intensities: on the slope, at the ridge, on the flat."""
    plan = llm.plan(counted(8e9, {}), device(989e12, 3.35e12))
    attainable = min(plan.peak_flop_per_s, intensity * plan.peak_bytes_per_s)
    assert attainable / 1e12 == pytest.approx(tera, rel=1e-12)


@pytest.mark.parametrize(
    ("parameters", "milliseconds", "rate"),
    [(8e9, 4.776, 209.4), (7e9, 4.179, 239.3), (8.03e9, 4.794, 208.6), (70e9, 41.791, 23.9)],
)
def test_decode_of_all_weights(parameters: float, milliseconds: float, rate: float) -> None:
    """bf16 weights once through 3.35 TB/s; no cache is known, so none is counted."""
    plan = llm.plan(counted(parameters, {}), "H100 SXM")
    assert round(plan.decode.floor_ns / 1e6, 3) == milliseconds
    assert round(plan.decode.tokens_per_s, 1) == rate
    assert plan.decode.floor_ns == plan.rule_of_thumb.ns
    assert plan.decode.kv_bytes is None


def test_a_model_that_does_not_fit_says_what_does() -> None:
    """70B in bf16 is 140 GB: bandwidth arithmetic is given, and two devices are asked for."""
    sizes = {"num_hidden_layers": 80, "num_attention_heads": 64, "num_key_value_heads": 8}
    plan = llm.plan(counted(70e9, {**sizes, "head_dim": 128}), "H100 SXM")
    assert not plan.memory.fits
    assert plan.memory.smallest_tensor_parallel == 2
    assert plan.memory.most_sequences == 0
    assert plan.notes[0].startswith("does not fit: tensor parallelism 2 or more")
    halved = llm.plan(counted(70e9, {**sizes, "head_dim": 128}), "H100 SXM", tensor_parallel=2)
    assert halved.memory.fits
    assert round(halved.rule_of_thumb.ns / 1e6, 1) == 20.9


def test_a_faster_memory_gains_no_more_than_its_bandwidth() -> None:
    """H100 to H200: 4.8 / 3.35 where memory binds, nothing where compute does."""
    model = counted(8e9, GQA8)
    first, second = (llm.plan(model, name) for name in ("H100 SXM", "H200 SXM"))
    assert round(first.decode.floor_ns / second.decode.floor_ns, 3) == 1.433
    assert first.prefill.floor_ns == second.prefill.floor_ns


@pytest.mark.parametrize(
    ("kv_heads", "each_token", "whole"),
    [(64, 2_621_440, 10_737_418_240), (8, 327_680, 1_342_177_280)],
)
def test_cache_of_llama_3_70b(kv_heads: int, each_token: int, whole: int) -> None:
    """At 4,096 tokens 10.74 GB with as many key-value heads as query heads, 1.342 GB with 8."""
    changes = {} if kv_heads == 8 else {"num_key_value_heads": kv_heads}
    plan = llm.plan(llm.preset("llama-3-70b", changes), "H200 SXM", context_tokens=4096)
    assert plan.memory.kv_bytes_per_token_all_devices == each_token
    assert plan.memory.kv_bytes_per_sequence == whole
    assert bool(changes) == any("not the published model" in note for note in plan.notes)


def test_context_where_the_cache_weighs_as_much_as_the_weights() -> None:
    """16 GB / 131,072 bytes a token."""
    assert llm.plan(counted(8e9, GQA8), "H100 SXM").equal_context_tokens == 122_070


def test_throughput_with_a_cache() -> None:
    """8.03e9 parameters in bf16 with 8,192 tokens each: the batch gains ever less."""
    model = counted(8.03e9, GQA8)
    plan = llm.plan(model, "H100 SXM", context_tokens=8192, batches=(1, 16, 64))
    assert [round(step.tokens_per_s, 1) for step in plan.batches] == [195.5, 1612.5, 2528.9]
    assert plan.cache_limit is not None
    assert round(plan.cache_limit.tokens_per_s, 1) == 3119.9
    assert round(plan.batches[-1].resident_bytes / 1e9, 1) == 84.8
    assert [step.fits for step in plan.batches] == [True, True, False]
    assert plan.memory.most_sequences == 57
    assert plan.crossover.first == "memory"


@pytest.mark.parametrize("batch", [1, 16, 64, 345, 4096])
def test_steps_are_those_of_the_batching_model(batch: int) -> None:
    """Where only a parameter count and a cache are known, both modules give the same time."""
    plan = llm.plan(counted(8e9, GQA8), "H100 SXM", batch=batch, context_tokens=512)
    decode = Decode(8e9, 16e9, context=512, cache_bytes=131_072)
    at = Rates(plan.peak_flop_per_s, plan.peak_bytes_per_s)
    assert plan.decode.floor_ns == pytest.approx(1e9 * decode.seconds(batch, at), rel=1e-12)


@pytest.mark.parametrize(
    ("weights", "activations", "crossing"),
    [
        ("bf16", "bf16", 295.3),
        ("fp8", "bf16", 147.7),
        ("fp8", "fp8", 295.4),
        ("int4", "bf16", 76.7),
        ("mxfp4", "bf16", 78.5),
    ],
)
def test_crossover_of_weights_alone(weights: str, activations: str, crossing: float) -> None:
    """ridge × bytes a weight / 2; narrower math raises the ridge in turn."""
    plan = llm.plan(counted(8e9, {}), "H100 SXM", weights=weights, activations=activations)
    assert plan.crossover.weights_only is not None
    assert round(plan.crossover.weights_only, 1) == crossing
    assert plan.crossover.with_activations is None


def test_crossover_with_activations_is_that_of_the_products() -> None:
    """One shape of matrix alone would cross where batching's product does; a mean of several
    lies between the extremes of theirs."""
    plan = llm.plan("llama-3-8b", "H100 SXM")
    at = Rates(plan.peak_flop_per_s, plan.peak_bytes_per_s)
    crossings = [
        Product(matrix.inputs, matrix.outputs, 2, 2).crossover(at) for matrix in plan.model.matrices
    ]
    found = plan.crossover.with_activations
    assert found is not None
    assert min(crossings) < found < max(crossings)
    assert round(Product(4096, 4096, 2, 2).crossover(at), 1) == 345.1
    assert round(Product(4096, 14336, 2, 2).crossover(at), 1) == 325.5


def test_quantised_weights_keep_the_head_as_trained() -> None:
    """Llama-3-8B in int4: 6.98e9 weights of 0.5195 bytes, two tables of 525e6 in bf16."""
    plan = llm.plan("llama-3-8b", "H100 SXM", weights="int4")
    tables = 2 * 128256 * 4096
    narrow = 8_030_261_248 - tables - 65 * 4096
    expected = narrow * (4 + 20 / 128) / 8 + 2 * (tables + 65 * 4096)
    assert plan.memory.weight_bytes == pytest.approx(expected, rel=1e-12)
    kept = {part: name for part, name, _ in plan.types.stored}
    assert kept == {"attention": "int4", "mlp": "int4", "head": "bf16"}


def test_attention_does_not_move_with_the_batch() -> None:
    """Heads a key-value head × 2 / bytes: 1 for multi-head, 4 and 8 for grouped-query in bf16."""
    for name, expected in (("llama-2-7b", 1), ("llama-3-8b", 4), ("llama-3-70b", 8)):
        plan = llm.plan(name, "B200")
        assert {step.attention_intensity_flop_per_byte for step in plan.batches} == {expected}
        moving = [step.matrix_intensity_flop_per_byte for step in plan.batches]
        assert moving == sorted(moving)
        assert len(set(moving)) == len(moving)


def test_latent_attention_is_near_the_ridge() -> None:
    """DeepSeek-V3: 128 heads × 2 (576 + 512) FLOPs against 576 values of two bytes: 241.8."""
    plan = llm.plan("deepseek-v3", "H200 SXM", tensor_parallel=8, kv="bf16")
    assert plan.memory.kv_bytes_per_token_all_devices == 61 * 576 * 2
    alone = llm.plan("deepseek-v3", "B300", kv="bf16")
    assert alone.decode.attention_intensity_flop_per_byte == pytest.approx(241.78, abs=0.01)
    held_whole = plan.decode.attention_intensity_flop_per_byte
    assert held_whole == pytest.approx(241.78 / 8, abs=0.01)


def test_published_checkpoints_weigh_what_their_publishers_state() -> None:
    """gpt-oss: 12.8 and 60.8 GiB with mxfp4 experts, the rest bf16."""
    for name, gibibytes in (("gpt-oss-20b", 12.8), ("gpt-oss-120b", 60.8)):
        plan = llm.plan(name, "H200 SXM")
        assert round(plan.memory.weight_bytes / 2**30, 1) == gibibytes


def test_sparse_peaks_are_named_as_such() -> None:
    """1,979 TFLOP/s is an H100's sparse bf16 and its dense fp8: it is not called sparse. A100's
    1,248 TFLOP/s of sparse int8 is its dense int4; its sparse 624 of bf16 is its dense int8."""
    for device_name, weights in (("H100 SXM", "bf16"), ("B200", "bf16"), ("A100 80GB SXM", "int8")):
        plan = llm.plan("llama-3-8b", device_name, weights=weights)
        told = next(note for note in plan.notes if "sparsity" in note)
        assert "FLOP/s" not in told
        assert "OP/s" not in told
    plan = llm.plan("llama-3-8b", "H100 SXM", weights="fp8")
    told = next(note for note in plan.notes if "sparsity" in note)
    assert "3.96 PFLOP/s" in told
    assert "1.98 PFLOP/s and 590.7" in told


def test_inputs_follow_narrow_weights_where_the_device_has_their_arithmetic() -> None:
    """W8A8 on the fp8 roof of an H100, W4A4 on the fp4 roof of a B200, 16-bit elsewhere."""
    for device_name, weights, inputs, roof in (
        ("H100 SXM", "fp8", "fp8", "fp8_tensor"),
        ("A100 80GB SXM", "fp8", "bf16", "bf16_tensor"),
        ("A100 80GB SXM", "int8", "int8", "int8_tensor"),
        ("H100 SXM", "nvfp4", "bf16", "bf16_tensor"),
        ("B200", "nvfp4", "nvfp4", "fp4_tensor"),
    ):
        plan = llm.plan("llama-3-70b", device_name, weights=weights)
        assert (plan.types.activations, plan.types.roof) == (inputs, roof)
        asked = llm.plan("llama-3-70b", device_name, weights=weights, activations="bf16")
        assert asked.types.roof == "bf16_tensor"
        if inputs != "bf16":
            (other,) = plan.other_activations
            assert other.activations == "bf16"
            assert other.prefill_ns == asked.prefill.floor_ns
            (back,) = asked.other_activations
            assert back.prefill_ns == plan.prefill.floor_ns < asked.prefill.floor_ns
    native = llm.plan("gpt-oss-120b", "B200")
    assert (native.types.activations, native.types.roof) == ("mxfp4", "fp4_tensor")


@pytest.mark.parametrize(
    ("device_name", "types", "said"),
    [
        ("A100 80GB SXM", {"weights": "fp8", "activations": "fp8"}, "no fp8 arithmetic"),
        ("T4", {}, "no bf16 arithmetic: it is held against fp16 tensor"),
        ("B100", {}, "peaks of B100: from memory or in conflict"),
        ("H100 SXM", {"weights": "int8", "activations": "int8"}, "3.96 POP/s"),
        ("H100 SXM", {"tensor_parallel": 2}, "all-reduce"),
        ("H100 SXM", {"tensor_parallel": 16}, "held more than once"),
        ("H100 SXM", {"context_tokens": 9000}, "past the 8,192"),
    ],
)
def test_what_to_know_is_said(device_name: str, types: dict[str, Any], said: str) -> None:
    """Roofs taken instead, doubtful peaks, caches held twice, contexts past the model's own."""
    notes = llm.plan("llama-3-8b", device_name, **types).notes
    assert any(said in note for note in notes)
    assert not any(said in note for note in llm.plan("llama-3-8b", "H100 SXM").notes)


@pytest.mark.parametrize(
    "wrong",
    [
        {"weights": "fp9"},
        {"kv": "mxfp4"},
        {"activations": "bf17"},
        {"activations": "int8"},
        {"tensor_parallel": 3},
        {"tensor_parallel": 0},
        {"batch": -1},
        {"batch": True},
        {"context_tokens": 0},
        {"prompt_tokens": -5},
        {"batches": (1, -2)},
        {"contexts": (10**12,)},
        {"usable_share": 0.0},
        {"usable_share": 1.5},
    ],
    ids=str,
)
def test_nonsense_is_refused(wrong: dict[str, object]) -> None:
    """Each wrong wish is one error that names it."""
    with pytest.raises(UsageError):
        llm.plan("llama-3-8b", "H100 SXM", **wrong)  # type: ignore[arg-type] # wrong on purpose


@pytest.mark.parametrize(
    "sizes", [{"num_hidden_layers": 32}, {"head_dim": 128}, {**GQA8, "vocab_size": 9}]
)
def test_half_a_cache_is_refused(sizes: dict[str, int]) -> None:
    """Sizes beside a parameter count describe the whole cache or nothing."""
    with pytest.raises(UsageError):
        counted(8e9, sizes)


def test_sizes_describe_the_same_model_as_its_preset() -> None:
    """A Llama by its sizes has the preset's parameters, cache and floor."""
    preset = llm.preset("llama-3-8b")
    same = described(
        {
            "num_hidden_layers": 32,
            "hidden_size": 4096,
            "num_attention_heads": 32,
            "num_key_value_heads": 8,
            "intermediate_size": 14336,
            "vocab_size": 128256,
        }
    )
    assert same.parameters == preset.parameters
    assert same.matrices == preset.matrices
    assert same.caches == preset.caches


def test_sizes_describe_latent_attention_and_shared_experts() -> None:
    """DeepSeek-V2-Lite's sizes with all layers routed differ from it by its one dense layer."""
    latent = dict(zip(LATENT, (512, 64, 128, 128), strict=False))
    sizes = {
        "num_hidden_layers": 27,
        "hidden_size": 2048,
        "num_attention_heads": 16,
        "vocab_size": 102400,
        "num_local_experts": 64,
        "num_experts_per_tok": 6,
        "n_shared_experts": 2,
        "moe_intermediate_size": 1408,
    }
    same = described({**sizes, **latent})
    preset = llm.preset("deepseek-v2-lite")
    assert same.caches == preset.caches
    routed = 3 * 2048 * 1408 * (64 + 2) + 2048 * 64
    assert same.parameters - preset.parameters == routed - 3 * 2048 * 10944
    with pytest.raises(UsageError, match="means nothing with --mla"):
        described({**sizes, **latent, "head_dim": 64})


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("deepseek-v3", {"num_key_value_heads": 8}),
        ("falcon-40b", {"num_key_value_heads": 4}),
        ("llama-3-8b", {"moe_intermediate_size": 512}),
        ("llama-3-8b", {"num_key_value_heads": 8}),
        ("qwen3-30b-a3b", {"intermediate_size": 512}),
    ],
)
def test_a_change_that_changes_nothing_is_refused(name: str, change: dict[str, int]) -> None:
    """A size the architecture does not have must not look as if it had been taken."""
    with pytest.raises(UsageError, match="changes nothing"):
        llm.preset(name, change)


def test_changes_that_go_together_are_taken() -> None:
    """A Llama with experts, each change meaning something only with the other."""
    model = llm.preset("llama-3-8b", {"num_local_experts": 8, "num_experts_per_tok": 2})
    assert model.experts == Experts(8, 2, 32)
    assert model.name == "llama-3-8b, changed"
    assert model.published_parameters is None


def test_attention_work_is_that_of_the_operator_models() -> None:
    """Causal pairs of a prompt of 4,096 on 32 heads, and one token of 8 sequences on 64 heads."""
    prompt = llm.plan("llama-3-8b", "H100 SXM", context_tokens=4096).prefill
    assert prompt.attention_flop == 32 * 137_472_507_904
    decode = llm.plan("llama-3-70b", "H100 SXM", batch=8, context_tokens=4096).decode
    assert decode.attention_flop == 80 * 1_073_741_824
    assert decode.kv_bytes == 80 * 2 * 8 * 4096 * 128 * 2 * 8


def test_a_window_bounds_the_pairs_of_a_prompt() -> None:
    """The first 4,096 tokens attend to all before them, each later one to 4,096."""
    found = llm.plan("mistral-7b", "H100 SXM", context_tokens=8192).prefill.attention_flop
    pairs = sum(min(token, 4096) for token in range(1, 8193))
    assert found == 32 * 2 * 32 * (128 + 128) * pairs
