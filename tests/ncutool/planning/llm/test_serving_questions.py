"""The most tokens a second of requests of one kind, against what has been published."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ncutool.planning import llm
from ncutool.planning.llm.serving import Serving, lengths, serve, summed
from ncutool.planning.llm.terms import decode_pass, prompt_pass, work

W4A4: dict[str, Any] = {"weights": "nvfp4", "activations": "nvfp4", "kv": "fp8"}
W8A8: dict[str, Any] = {"weights": "fp8", "activations": "fp8", "kv": "fp8"}
TENSORRT = "nvidia.github.io/TensorRT-LLM: performance overview"
PUBLISHED = [
    ("llama-3.1-70b", "B200", 2048, 128, W4A4, 1_339),
    ("llama-3.1-70b", "B200", 128, 128, W4A4, 11_147),
    ("llama-3.1-70b", "GB200", 128, 128, W4A4, 12_189),
    ("llama-3.1-70b", "H200 SXM", 128, 128, W8A8, 3_803),
    ("llama-3.1-405b", "B200", 2048, 128, W4A4 | {"tensor_parallel": 4}, 749),
    ("llama-3.1-405b", "B200", 128, 128, W4A4 | {"tensor_parallel": 4}, 6_281),
    ("deepseek-v3", "H200 SXM", 1024, 8192, {"data_parallel_attention": 8}, 9_744),
    ("deepseek-v3", "H200 SXM", 1024, 32_768, {"data_parallel_attention": 8}, 3_504),
]
"""Output tokens a second that NVIDIA published for TensorRT-LLM: model (of the shape that was
measured), device, prompt, answer, layout. Its caches are fp8 where the checkpoint's are."""


def served(name: str, device: str, prompt: int, output: int, asked: dict[str, Any]) -> Serving:
    """Serve requests with nearly all memory for weights and caches."""
    asked = {"batch": asked.get("data_parallel_attention", 1), **asked}
    plan = llm.plan(name, device, context_tokens=prompt, usable_share=1, contexts=(), **asked)
    found = serve(plan.setup, prompt, output, plan.memory.usable_bytes)
    assert found is not None
    return found


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: "-".join(map(str, row[:4])))
def test_the_most_is_no_less_than_what_was_measured(
    row: tuple[str, str, int, int, dict[str, Any], float], record_property: Any
) -> None:
    """Each published throughput is at most the planner's most; the ratio is printed."""
    *asked, measured = row
    found = served(*asked)  # type: ignore[arg-type] # the row's own order
    ratio = measured / found.output_tokens_per_s
    record_property("measured_share_of_the_most", ratio)
    print(
        f"{row[0]} on {row[1]}, {row[2]}/{row[3]}: {ratio:.1%} of {found.output_tokens_per_s:,.0f}"
    )
    assert 0.05 < ratio <= 1


def test_a_request_by_hand() -> None:
    """Two tokens in, three out: a prompt and two steps, and the weights three times for all."""
    plan = llm.plan(
        "llama-3-8b", "H100 SXM", prompt_tokens=2, output_tokens=3, price_per_hour=3.6, contexts=()
    )
    found = plan.serving
    assert found is not None
    kv, left = 131_072, plan.memory.usable_bytes - plan.memory.weight_bytes
    assert found.sequences == pytest.approx(left / (3 * kv))  # 2, 3 and 4 tokens are kept
    passes = [
        work(plan.setup, one) for one in (prompt_pass(2), decode_pass(1, 3), decode_pass(1, 4))
    ]
    compute = sum(one.compute_ns for one in passes)
    moved = (3 * passes[0].weight_bytes / found.sequences + (2 + 3 + 4) * kv) / 3.35e12
    assert found.request_ns == pytest.approx(max(compute, 1e9 * moved))
    assert found.resource == "compute"
    assert found.output_tokens_per_s == pytest.approx(3e9 / found.request_ns)
    assert found.cost_per_million_output_tokens == pytest.approx(1e3 / found.output_tokens_per_s)
    assert found.cost_per_million_tokens == pytest.approx(0.6e3 / found.output_tokens_per_s)


@pytest.mark.parametrize("name", ["gemma-3-27b", "gpt-oss-120b", "deepseek-v3", "llama-3-8b"])
@pytest.mark.parametrize(("first", "count"), [(100, 3000), (1000, 257), (1, 5000)])
def test_sums_over_few_lengths_are_the_least(name: str, first: int, count: int) -> None:
    """Windows bend the line: what stands for all lengths is no more than all, and within 1 %."""
    setup = llm.plan(name, "B200", batches=(1,), contexts=()).setup
    every = [float(first + index) for index in range(count)]
    values: tuple[Callable[[float], float], ...] = (
        lambda context: setup.kv_bytes(context) or 0.0,
        lambda context: work(setup, decode_pass(1, context)).memory_ns,
        lambda context: work(setup, decode_pass(1, context)).compute_ns,
    )
    for value in values:
        exact = sum(map(value, every))
        few = summed([value(one) for one in lengths(setup, first, count)], count)
        assert 0.99 * exact <= few <= exact * (1 + 1e-9)


def test_what_cannot_be_served_says_why() -> None:
    """Weights that do not fit, and a cache that is not known."""
    large = llm.plan("llama-3-70b", "H100 SXM", output_tokens=128)
    assert large.serving is None
    assert large.serving_reason is not None
    assert "does not hold the weights" in large.serving_reason
