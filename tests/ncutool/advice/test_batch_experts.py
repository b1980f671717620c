"""Experts that all work on all tokens, and grids that leave multiprocessors idle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl
import pytest
from trace_factory import BF16, Step, Trace, run, view

from ncutool.advice.batch import batch
from ncutool.advice.view.finding import Draft
from ncutool_parsers.capture import Capture

TOKENS, WIDTH, INNER = 8192, 1024, 4096


def expert() -> list[Step]:
    """Out, activation function, back."""
    return [
        ("aten::addmm", [(INNER,), (TOKENS, WIDTH), (WIDTH, INNER)], [BF16] * 3, 400_000),
        ("aten::gelu", [(8, 1024, INNER)], [BF16], 50_000),
        ("aten::addmm", [(WIDTH,), (TOKENS, INNER), (INNER, WIDTH)], [BF16] * 3, 400_000),
    ]


def gated() -> list[Step]:
    """Gate and up, their product, back."""
    out, function, back = expert()
    half: tuple[int, ...] = (8, 1024, INNER)
    return [out, function, out, ("aten::mul", [half, half], [BF16] * 2, 50_000), back]


def layer(
    experts: int,
    *,
    gate: bool = True,
    listed: int | None = None,
    of: Callable[[], list[Step]] = expert,
) -> Capture:
    """A gate, so many experts over all tokens, and their results put together."""
    steps: list[Step] = [("aten::topk", [(8, 1024, experts)], [BF16], 2_000)] if gate else []
    for _ in range(experts):
        steps += of()
    trace = run(steps)
    at = trace.launches[-1]["start_ns"] + 500_000
    op = trace.op("aten::cat", -10_000, -9_000)
    trace.kernel(at, 90_000, called=(-9_900, -9_800), op_id=op)
    results = ",".join(["[8,1024,1024,1]"] * (experts if listed is None else listed))
    return with_arguments(trace.capture(), f"[[{results}],[]]")


def with_arguments(capture: Capture, results: str) -> Capture:
    """The arguments that the factory leaves out."""
    signatures = capture.signatures.with_columns(
        concrete_inputs=pl.when(pl.col("op") == "aten::topk").then(pl.lit('["","1","-1"]')),
        input_dims=pl.when(pl.col("op") == "aten::cat")
        .then(pl.lit(results))
        .when(pl.col("op") == "aten::topk")
        .then(pl.lit("[[8,1024,4],[],[]]"))
        .otherwise("input_dims"),
        input_types=pl.when(pl.col("op") == "aten::cat")
        .then(pl.lit('["TensorList","Scalar"]'))
        .otherwise("input_types"),
    )
    return replace(capture, signatures=signatures)


def routed(capture: Capture) -> list[Draft]:
    """Drafts of routing."""
    return [
        one
        for one in batch.drafts(view(capture), frozenset()).drafts
        if one.title.startswith("Run each")
    ]


def test_experts_over_all_tokens_do_work_for_nobody() -> None:
    """Four experts, one of them counts: a quarter is left at best, all of it at worst."""
    (draft,) = routed(layer(4))
    assert draft.grade == "likely"
    assert (sum(draft.best), sum(draft.worst)) == (4 * 850_000 // 4, 4 * 850_000)
    assert "each work on all 8,192 tokens" in draft.evidence[0]
    assert "k = 1" in draft.evidence[1]


def test_experts_may_have_a_gate_of_their_own() -> None:
    """SwiGLU: two products out, one back."""
    (draft,) = routed(layer(2, of=gated))
    assert (sum(draft.best), sum(draft.worst)) == (1_300_000, 2_600_000)


def test_without_a_gate_it_is_only_possible() -> None:
    """How many experts count is then a guess, which is said."""
    (draft,) = routed(layer(4, gate=False))
    assert draft.grade == "possible"
    assert "is not recorded" in draft.evidence[1]


@pytest.mark.parametrize("listed", [3, 5])
def test_results_must_be_put_together_one_of_each(listed: int) -> None:
    """Otherwise the equal layers are just layers."""
    assert routed(layer(4, listed=listed)) == []


def small(blocks: int, duration: int = 40_000, **more: str) -> Trace:
    """One slow addition with so many blocks."""
    trace = run([("aten::add", [(4096, 64)] * 2, [BF16] * 2, duration)])
    trace.launches[0] |= {"grid_x": blocks, "grid_y": 1, "grid_z": 1} | more
    return trace


def filled(trace: Trace) -> list[Draft]:
    """Drafts of small grids."""
    found = batch.drafts(view(trace.capture()), frozenset()).drafts
    return [draft for draft in found if draft.title.startswith("Fill the device")]


def test_a_small_grid_saves_what_idles_at_most() -> None:
    """33 blocks on 132 multiprocessors: a quarter of the time is left, none of it for sure."""
    (draft,) = filled(small(33))
    assert (draft.best, draft.worst) == ((10_000,), (40_000,))
    assert draft.grade == "possible"


@pytest.mark.parametrize(
    "trace",
    [
        small(132),
        small(33, duration=3_000),
        small(33, kernel_full="nvjet_tst_128x256_64x4_1x2_h_bz_coopA_TNT"),
        small(33, kernel_full="sm90_xmma_gemm_bf16bf16_bf16f32_f32_tn_n_tilesize128x128x64"),
        small(33, kernel_full="void flash_fwd_kernel<Flash_fwd_kernel_traits<64, 128>>"),
        small(24, kernel_full="ncclDevKernel_AllReduce_Sum_bf16_RING_LL"),
    ],
    ids=["full", "at the launch floor", "nvjet", "sm90", "attention", "communication"],
)
def test_few_blocks_on_purpose_are_none(trace: Trace) -> None:
    """Persistent kernels, communication, and launches that take no longer than launches do."""
    assert filled(trace) == []
