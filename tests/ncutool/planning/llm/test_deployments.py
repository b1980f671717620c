"""Models on several devices: what each holds, reads and must send, worked by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ncutool.devices.resolve import Device, resolve
from ncutool.planning import llm
from ncutool_parsers.errors import UsageError

WIDE: dict[str, Any] = {"data_parallel_attention": 128, "expert_parallel": 128}


def row(name: str) -> Device:
    """A row of the device table."""
    found = resolve(None, name).device
    assert found is not None
    return found


def test_all_reduce_of_tensor_parallelism() -> None:
    """Two sums in each of 80 layers; 7/8 of 64 rows of 8,192 16-bit values come from others."""
    step = llm.plan("llama-3-70b", "H100 SXM", tensor_parallel=8, batch=64).decode
    assert step.link_bytes == 160 * 7 / 8 * 64 * 8192 * 2 == 146_800_640
    assert step.link_ns == pytest.approx(1e9 * 146_800_640 / 450e9)
    assert step.in_turn_ns == pytest.approx(step.floor_ns + (step.link_ns or 0))
    assert step.floor_bound == "memory"


def test_narrow_inputs_are_sent_as_they_are() -> None:
    """What layers take in fp8 may be sent in fp8: half of the bytes."""
    wide, narrow = (
        llm.plan("llama-3-70b", "H100 SXM", tensor_parallel=8, weights="fp8", activations=kind)
        for kind in ("bf16", "fp8")
    )
    assert narrow.decode.link_bytes == wide.decode.link_bytes / 2


def test_slow_links_bind() -> None:
    """A long prompt on cards that reach each other through PCIe alone waits for the links."""
    card = replace(row("H100 SXM"), link_bytes_per_s={"pcie": 32e9})
    prompt = llm.plan("llama-3-70b", card, tensor_parallel=8, prompt_tokens=4096).prefill
    assert prompt.bound == prompt.limit_resource == "link"
    assert prompt.limit == "all-reduce"
    assert prompt.floor_ns == pytest.approx(1e9 * 160 * 7 / 8 * 4096 * 8192 * 2 / 32e9)


def test_unknown_links_are_null_and_said() -> None:
    """Without a figure for the links no time is given, and the floor is that of the devices."""
    card = replace(row("H100 SXM"), link_bytes_per_s={})
    plan = llm.plan("llama-3-70b", card, tensor_parallel=8)
    assert plan.decode.link_ns is None
    assert plan.decode.in_turn_ns is None
    assert plan.decode.expected.link_ns is None
    assert any("its links' bandwidth is not known" in note for note in plan.notes)
    alone = llm.plan("llama-3-8b", card)
    assert alone.decode.link_ns == 0
    assert alone.decode.link_bytes == 0


def test_data_parallel_attention_keeps_latent_caches_once() -> None:
    """Eight devices hold a latent cache eight times with tensor parallelism, else once."""
    asked: dict[str, Any] = {"batch": 64, "context_tokens": 2048}
    copied = llm.plan("deepseek-v3", "H200 SXM", tensor_parallel=8, **asked).memory
    once = llm.plan("deepseek-v3", "H200 SXM", data_parallel_attention=8, **asked).memory
    assert copied.kv_bytes == 64 * 2048 * 70_272
    assert once.kv_bytes == 8 * 2048 * 70_272
    assert (copied.most_sequences, once.most_sequences) == (355, 8 * 291)


def test_attention_is_held_by_each_group_and_experts_by_all() -> None:
    """Of DeepSeek-V3 on 128 groups: attention whole, two experts of each of 58 layers."""
    plan = llm.plan("deepseek-v3", "H800 SXM", batch=16_384, batches=(16_384,), **WIDE)
    setup = plan.setup
    parts: dict[str, float] = {}
    for matrix in setup.model.matrices:
        held = matrix.copies * matrix.values / setup.divided(matrix)
        parts[matrix.part] = parts.get(matrix.part, 0) + held
    assert parts["experts"] == 58 * 2 * 3 * 7168 * 2048
    attention = 7168 * 1536 + 1536 * 128 * 192 + 7168 * 576 + 512 * 128 * 256 + 128 * 128 * 7168
    assert parts["attention"] == 61 * attention
    assert plan.memory.devices == 128
    assert plan.decode.link_ns == 0  # each token may choose experts of its own device
    met = 128 * (1 - _left_out(256, 2, 8))
    rows = 58 * 7168 * 2 * 128 * met * 127 / 128
    assert plan.decode.expected.link_ns == pytest.approx(1e9 * rows / 200e9)


def _left_out(count: int, held: int, chosen: int) -> float:
    """Return how likely none of ``chosen`` distinct experts is among the ``held``."""
    share = 1.0
    for index in range(chosen):
        share *= (count - held - index) / (count - index)
    return share


def test_experts_divided_among_groups_need_every_token() -> None:
    """Without expert parallelism each of 8 devices receives the other seven groups' rows."""
    plan = llm.plan("deepseek-v3", "H200 SXM", data_parallel_attention=8, batch=64)
    assert plan.decode.link_bytes == 58 * 7168 * 7 * 8


@pytest.mark.parametrize("stages", [2, 4])
@pytest.mark.parametrize("name", ["llama-3-70b", "mixtral-8x7b"])
def test_a_pipeline_is_a_stage_with_its_part_of_the_batch(name: str, stages: int) -> None:
    """A step of B sequences in S stages takes as long as B / S sequences on one stage's devices."""
    piped = llm.plan(name, "H200 SXM", tensor_parallel=2, pipeline_parallel=stages, batch=64)
    alone = llm.plan(name, "H200 SXM", tensor_parallel=2, batch=64 // stages)
    for resource in ("memory_ns", "compute_ns"):
        first, second = (getattr(one.decode, resource) for one in (piped, alone))
        assert first == pytest.approx(second)
    assert piped.decode.expected.memory_ns == pytest.approx(alone.decode.expected.memory_ns)
    assert piped.memory.weight_bytes == pytest.approx(alone.memory.weight_bytes / stages)
    assert piped.memory.kv_bytes == pytest.approx(alone.memory.kv_bytes)
    assert piped.prefill.prompts == stages
    assert piped.decode.tokens_per_s == pytest.approx(stages * alone.decode.tokens_per_s)


def test_stages_hand_on_rows() -> None:
    """Each of 4 parts of 16 sequences crosses three borders, in halves of two devices."""
    model = llm.plan("llama-3-70b", "H200 SXM", pipeline_parallel=4, tensor_parallel=2, batch=64)
    reduced = 160 * 16 * 8192 * 2 / 2
    assert model.decode.link_bytes == reduced + 3 * 16 * 8192 * 2 / 2


@pytest.mark.parametrize(
    ("model", "asked", "said"),
    [
        ("deepseek-v3", {"data_parallel_attention": 8}, "say --batch 8 or more"),
        ("llama-3-8b", {"pipeline_parallel": 2, "batch": 2, "batches": (1, 4)}, "at least 2"),
        ("llama-3-8b", {"expert_parallel": 8}, "has no experts"),
        ("mixtral-8x7b", {"expert_parallel": 8}, "does not divide the 1 devices"),
        ("mixtral-8x7b", {"expert_parallel": 16, "tensor_parallel": 16}, "do not divide among 16"),
        ("llama-3-8b", {"pipeline_parallel": 64, "batch": 64}, "do not make 64 stages"),
        ("llama-3-8b", {"pipeline_parallel": 0}, "pipeline parallelism"),
    ],
    ids=str,
)
def test_what_makes_no_deployment_is_refused(model: str, asked: dict[str, Any], said: str) -> None:
    """Each refusal says what does not divide, or which option mends it."""
    with pytest.raises(UsageError, match=said):
        llm.plan(model, "H100 SXM", **asked)


def test_deepseek_on_128_devices_is_below_what_was_published() -> None:
    """DeepSeek's own decode profile on H800 (EP128, 4K prompts, 128 requests a device: README of
    deepseek-ai/profile-data) makes 2,324 tokens/s a device (README of InferSim)."""
    plan = llm.plan(
        "deepseek-v3", "H800 SXM", batch=16_384, context_tokens=4096, batches=(16_384,), **WIDE
    )
    most = plan.decode.expected.tokens_per_s / 128
    assert 2324 < plan.decode.expected.tokens_per_s / 128 <= plan.decode.tokens_per_s / 128
    assert round(most / 2324, 1) == 3.4
    assert plan.memory.fits
