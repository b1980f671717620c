"""``--against`` for each layout and way to serve that a trace can test, and what it cannot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from step_maker import FP8, StepMaker

from ncutool.commands import main
from ncutool.planning import llm
from ncutool.planning import observed as against
from ncutool.planning.llm.comparison import Comparison
from ncutool.planning.llm.described import described
from ncutool.planning.llm.model import Model
from ncutool.planning.llm.questions import Wanted
from ncutool.planning.llm.ways import Ways
from ncutool.text.against import against_sheet

BANDWIDTH = 3.35e12
SIZES = {
    "num_hidden_layers": 2,
    "hidden_size": 64,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 128,
    "vocab_size": 1000,
}
ATTENTION = 64 * 128 + 64 * 64
MLP = 64 * 256 + 128 * 64
HEAD = 64 * 1000
NORM_BYTES = 2 * (2 * 2 * 64 + 64)
CACHE_BYTES = 2 * 2 * 2 * 2 * 16  # of a token: keys and values, layers, heads of 16, bf16
DECODE = "execute_8_context_0(sq0sk0sqsq0sqsk0)_generation_8(sq8sk800sqsq8sqsk800)"
MIXED = "execute_23_context_1(sq16sk48sqsq256sqsk768)_generation_7(sq7sk700sqsq7sqsk700)"


def small(**changes: int) -> Model:
    """A model of two layers."""
    return described(SIZES | changes)


def layers(
    maker: StepMaker, rows: int, *, count: int = 2, mlp: tuple[int, int, int] | None = None
) -> None:
    """Layers of the small model; ``mlp`` are rows, inner size of gate and up together, of down."""
    shared, wide, inner = mlp or (rows, 256, 128)
    for _ in range(count):
        maker.product(rows, 64, 128)
        maker.attend()
        maker.product(rows, 64, 64)
        maker.product(shared, 64, wide)
        maker.launch("aten::silu", (shared, inner))
        maker.product(shared, inner, 64)


def held(maker: StepMaker, model: Model | None = None, **asked: Any) -> Comparison:
    """The small model, or another, on H100s against a trace."""
    said = {name: asked.pop(name) for name in ("phase", "context_tokens") if name in asked}
    groups = asked.get("data_parallel_attention", 1) * asked.get("pipeline_parallel", 1)
    plan = llm.plan(model or small(), "H100 SXM", batch=groups, **asked)
    return against.compare(plan, maker.observed(), against.Asked(**said))


def ns(moved: float) -> float:
    """Return the time of bytes at the bandwidth of an H100."""
    return 1e9 * moved / BANDWIDTH


def test_data_parallel_attention_is_told_by_rows_and_shapes() -> None:
    """Two groups: 8 rows of a device's own attend, 20 of both pass halves of what they share."""
    maker = StepMaker()
    layers(maker, 8, mlp=(20, 192, 96))
    maker.product(20, 64, 500)
    maker.annotate(DECODE, 10_000)
    found = held(maker, small(intermediate_size=192), data_parallel_attention=2)
    assert found.problems == ()
    assert (found.match.verdict, found.phase, found.rows) == ("same", "decode", 8)
    moved = 2 * (2 * ATTENTION + 2 * 64 * 3 * 192 / 2 + HEAD / 2) + NORM_BYTES + 800 * CACHE_BYTES
    assert found.floor_ns == pytest.approx(ns(moved))
    assert found.kv_bytes == 800 * CACHE_BYTES
    assert ("whether the groups have as much to do", "a trace is of one device") in [
        (one.what, one.why) for one in found.untested
    ]


def test_layers_that_a_group_keeps_to_itself_are_known_by_their_shapes() -> None:
    """Nothing is shared: how many rows other groups have is not known, and counts nothing."""
    maker = StepMaker()
    layers(maker, 8)
    maker.product(8, 64, 1000)
    maker.annotate(DECODE, 10_000)
    found = held(maker, data_parallel_attention=2)
    assert (found.match.verdict, found.problems) == ("same", ())
    assert any("other data-parallel groups are not recorded" in note for note in found.notes)
    assert "that there are 2 groups" in [one.what for one in found.untested]
    assert found.seen_weight_bytes == 2 * (2 * ATTENTION + 2 * MLP + HEAD)


def test_another_number_of_groups_is_refused() -> None:
    """Halves are no quarters."""
    maker = StepMaker()
    layers(maker, 8, mlp=(16, 192, 96))
    maker.product(16, 64, 500)
    maker.annotate(DECODE, 10_000)
    found = held(maker, small(intermediate_size=192), data_parallel_attention=4)
    assert found.match.verdict == "differs"
    assert found.problems
    assert found.floor_ns is None


@pytest.mark.parametrize("has_head", [False, True])
def test_a_stage_of_a_pipeline_is_told_by_its_products(has_head: bool) -> None:
    """Two of four layers, with the head where the device is the last."""
    maker = StepMaker()
    layers(maker, 8)
    if has_head:
        maker.product(8, 64, 1000)
    maker.annotate(DECODE, 10_000)
    found = held(maker, small(num_hidden_layers=4), pipeline_parallel=2)
    assert found.problems == ()
    assert found.match.stage is not None
    assert (found.match.stage.layers, found.match.stage.has_head) == (2, has_head)
    assert found.match.verdict == "same"
    norms = (
        2 * (4 * 2 * 64 + 64) // 4 * 2
    )  # half of the vectors of four layers, and half of the last
    head = HEAD if has_head else 0
    moved = 2 * (2 * ATTENTION + 2 * MLP + head) + norms + 800 * CACHE_BYTES
    assert found.floor_ns == pytest.approx(ns(moved), rel=1e-4)
    assert any("a stage of 2 of 4 layers" in note for note in found.notes)
    assert any(one.what.startswith("the other 1 of 2 stages") for one in found.untested)


def test_layers_that_are_no_stage_are_refused() -> None:
    """Three of eight layers are no half."""
    maker = StepMaker()
    layers(maker, 8, count=3)
    maker.annotate(DECODE, 10_000)
    found = held(maker, small(num_hidden_layers=8), pipeline_parallel=2)
    assert found.match.verdict == "differs"


MIXTURE = {
    "num_local_experts": 8,
    "num_experts_per_tok": 2,
    "intermediate_size": 32,
}


def mixture_trace(experts: int) -> StepMaker:
    """A step whose operators of experts were given the weights of so many."""
    maker = StepMaker()
    for _ in range(2):
        maker.product(8, 64, 128)
        maker.attend()
        maker.product(8, 64, 64)
        maker.product(8, 64, 8)
        maker.launch("serving::fused_experts", (8, 64), (experts, 64, 64), (experts, 64, 32))
    maker.product(8, 64, 1000)
    maker.annotate(DECODE, 10_000)
    return maker


def test_placed_experts_are_told_by_their_weights() -> None:
    """Four of eight experts lie on each of two devices; all eight would be another layout."""
    model = described(SIZES | MIXTURE)
    plan = llm.plan(model, "H100 SXM", tensor_parallel=2, expert_parallel=2)
    right, wrong = (
        against.compare(plan, _half(mixture).observed(), against.Asked()) for mixture in (4, 8)
    )
    assert right.problems == ()
    assert not any("experts are placed" in one.what for one in right.untested)
    assert wrong.problems == (
        "the capture's experts are [8,64,64], 8 on a device, and the plan places 4 of 8 on one "
        "(--expert-parallel)",
    )


def _half(experts: int) -> StepMaker:
    """The same step on one of two devices that share its attention."""
    maker = StepMaker()
    for _ in range(2):
        maker.product(8, 64, 64)
        maker.attend()
        maker.product(8, 32, 64)
        maker.product(8, 64, 8)
        maker.launch("serving::fused_experts", (8, 64), (experts, 64, 64), (experts, 64, 32))
    maker.product(8, 64, 500)
    maker.annotate(DECODE, 10_000)
    return maker


def test_the_floor_of_a_mixture_reads_the_fewest_experts() -> None:
    """All tokens alike read 2 of 8 experts; a uniform choice and no two alike stand beside."""
    found = held(mixture_trace(8), described(SIZES | MIXTURE))
    assert found.problems == ()
    dense = 2 * (2 * ATTENTION + 2 * 64 * 8 + HEAD) + NORM_BYTES + 800 * CACHE_BYTES
    expert = 2 * 2 * 3 * 64 * 32  # of one expert in both layers
    touched = 8 * (1 - (1 - 2 / 8) ** 8)
    assert found.floor_ns == pytest.approx(ns(dense + 2 * expert))
    assert found.expected_floor_ns == pytest.approx(ns(dense + touched * expert))
    assert found.worst_floor_ns == pytest.approx(ns(dense + 8 * expert))
    part = next(one for one in found.parts if one.name == "experts")
    assert part.floor_ns == pytest.approx(ns(2 * expert))


def quantised(types: list[str]) -> StepMaker:
    """A decode step whose products take these types of inputs and weights, the head in bf16."""
    maker = StepMaker()
    for _ in range(2):
        for inputs, outputs in ((64, 128), (64, 64), (64, 256), (128, 64)):
            maker.product(8, inputs, outputs, types)
        maker.attend()
    maker.product(8, 64, 1000)
    maker.annotate(DECODE, 10_000)
    return maker


def test_types_of_weights_and_inputs_are_tested() -> None:
    """W8A8 is told from W8A16, and both from bf16, by what the operators were given."""
    both, weights = quantised([FP8, FP8]), quantised(["c10::BFloat16", FP8])
    assert held(both, weights="fp8").problems == ()
    assert held(weights, weights="fp8", activations="bf16").problems == ()
    assert held(weights, weights="fp8").problems[0] == (
        "inputs of [64,128] are bf16 in the capture and fp8 in the plan (--activations bf16)"
    )
    assert "have 1 bytes a value in the capture and 2 in the plan" in held(both).problems[0]
    floor = held(both, weights="fp8").floor_ns
    moved = 2 * (ATTENTION + MLP) + 2 * HEAD + NORM_BYTES + 800 * CACHE_BYTES
    assert floor == pytest.approx(ns(moved))


def test_types_that_are_not_recorded_are_said_to_be_untested() -> None:
    """A trace without shapes tells neither the types nor the division."""
    maker = StepMaker()
    for _ in range(2):
        maker.launch("serving::layer", kernel="gemm_kernel")
        maker.attend()
    maker.annotate("step[DECODE bs=8]", 10_000)
    found = held(maker)
    assert found.match.verdict == "unknown"
    assert "weights in native, activations in bf16" in [one.what for one in found.untested]


def test_a_chunk_beside_decode_steps_is_held_against_both() -> None:
    """23 rows read the weights once; 16 queries meet 48 keys, 7 decoded sequences 700."""
    maker = StepMaker()
    layers(maker, 23)
    maker.product(8, 64, 1000)
    maker.annotate(MIXED, 10_000)
    found = held(maker)
    assert (found.phase, found.rows, found.problems) == ("mixed", 23, ())
    weights = 2 * (2 * ATTENTION + 2 * MLP + HEAD)
    assert found.kv_bytes == (700 + 16) * CACHE_BYTES
    moved = weights + NORM_BYTES + (700 + 16) * CACHE_BYTES
    assert found.floor_ns == pytest.approx(ns(moved))
    assert found.floor is not None
    pairs = 768 - (256 - 16) / 2
    products = 2 * 23 * 2 * (ATTENTION + MLP) + 2 * 8 * HEAD
    attention = 2 * 2 * 4 * 32 * (pairs + 700)
    assert found.floor.flop == products + attention


def test_a_mixed_step_without_lengths_says_so() -> None:
    """Numbers of tokens alone do not tell what was attended to; --context and --prompt do."""
    maker = StepMaker()
    layers(maker, 23)
    maker.product(8, 64, 1000)
    maker.annotate("execute_context_1(16)_generation_7(7)", 10_000)
    found = held(maker)
    assert (found.phase, found.kv_bytes) == ("mixed", None)
    assert any("leaves the attention out" in note for note in found.notes)
    plan = llm.plan(small(), "H100 SXM")
    told = against.compare(plan, maker.observed(), against.Asked(None, None, 100, 48))
    assert told.kv_bytes == (7 * 100 + 16) * CACHE_BYTES


def test_what_devices_send_each_other_is_in_the_floor() -> None:
    """Two devices sum each of four blocks: half of 8 rows of 64 values each, at 450 GB/s."""
    maker = StepMaker()
    for _ in range(2):
        maker.product(8, 64, 64)
        maker.attend()
        maker.product(8, 32, 64)
        maker.launch("nccl:all_reduce", kernel="ncclDevKernel_AllReduce_Sum_bf16_RING_LL")
        maker.product(8, 64, 128)
        maker.product(8, 64, 64)
        maker.launch("nccl:all_reduce", kernel="ncclDevKernel_AllReduce_Sum_bf16_RING_LL")
    maker.product(8, 64, 500)
    maker.annotate(DECODE, 10_000)
    found = held(maker, tensor_parallel=2)
    assert found.problems == ()
    sent = found.plan.setup.device.link_peak_bytes_per_s
    assert sent == 450e9
    assert found.link_ns is not None
    row = next(one for one in found.parts if one.name == "communication")
    assert row.floor_ns == found.link_ns
    assert found.link_ns <= 1e9 * 4 * 8 * 64 * 2 / 450e9


def test_a_floor_above_the_measured_time_is_a_contradiction() -> None:
    """A billion tokens of cache cannot be read in 130 µs: said first, and in every form."""
    maker = StepMaker()
    layers(maker, 8)
    maker.product(8, 64, 1000)
    name = DECODE.replace("sk800", "sk1000000000")
    maker.annotate(name, 10_000)
    found = held(maker)
    assert found.problems == ()
    assert found.contradiction is not None
    assert found.contradiction.measured_ns == found.step_busy_ns == 130_000
    assert found.contradiction.floor_ns == found.floor_ns
    sheet = against_sheet(found)
    assert sheet.alarm.startswith("CONTRADICTION: the device works 130 µs in a step, less than")
    assert sheet.headline.endswith("takes less than its floor: a contradiction")


def test_ways_to_serve_that_a_step_cannot_test_are_named() -> None:
    """Requests without end, speculation and divided devices lie in no single step."""
    maker = StepMaker()
    layers(maker, 8)
    maker.product(8, 64, 1000)
    maker.annotate(DECODE, 10_000)
    found = held(
        maker,
        output_tokens=100,
        prompt_tokens=100,
        wanted=Wanted(1e9, 1e9, 1.0),
        ways=Ways(chunk_tokens=16),
    )
    told = {one.what: one.why for one in found.untested}
    assert told["chunks beside decode steps"] == "no step of this trace has both"
    assert told["the largest batch under a time per token"] == "a trace shows one batch"
    assert told["how many prompts may be read in a time"] == "a trace shows one number of them"
    assert told["the smallest deployment"] == "a trace is of one deployment"
    assert told["requests without end (--output-tokens)"] == "a trace has some steps of them"
    assert told["the prefill"] == "the steps of this trace are of decode"


@pytest.mark.parametrize(
    "name",
    [
        "mi300x-xdit-sd3.5-compile",
        "v100-dlrm-8rank-rank0",
        "a100-switch-transformer",
        "b300-sglang-deepseek-r1-decode-graph",
    ],
)
def test_real_traces_of_other_models_are_refused(
    corpus: Path, name: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A language model is not what ran: nothing is compared, whatever the layout."""
    path = str(corpus / "torch" / f"{name}.json.gz")
    layouts = (["--tp", "8"], ["--data-parallel-attention", "8", "--ep", "8"])
    for layout in layouts:
        words = ["plan", "llm", "--preset", "deepseek-v3", *layout, "--against", path]
        assert main([*words, "--format", "json"]) == 1
        told = json.loads(capsysbinary.readouterr().out)
        assert told["compared"] is False
        assert told["match"]["problems"]


def test_a_layout_on_the_command_line_needs_no_batch(
    corpus: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Each group has what the trace shows of one; gpt-oss in eight groups is not what ran."""
    path = str(corpus / "torch" / "b200-vllm-moe-prefill-8rank.json.gz")
    words = ["plan", "llm", "--preset", "gpt-oss-120b", "--data-parallel-attention", "8"]
    assert main([*words, "--against", path, "--format", "json"]) == 1
    told = json.loads(capsysbinary.readouterr().out)
    assert told["match"]["verdict"] == "differs"
    assert told["match"]["presets_with_these_shapes"] == ["--preset gpt-oss-120b --tp 8"]
