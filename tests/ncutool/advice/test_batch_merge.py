"""Products over one input as one: waves, neighbours of the capture, and what gains nothing."""

from __future__ import annotations

import pytest
from trace_factory import BF16, Step, Trace, run, view

from ncutool.advice.batch import batch
from ncutool.advice.view import waves
from ncutool.advice.view.finding import Draft

HOPPER = "sm90_xmma_gemm_bf16bf16_bf16f32_f32_tn_n_tilesize128x128x64_warpgroupsize1x1x1"
AMPERE = (
    "void cutlass::Kernel2<cutlass_80_tensorop_bf16_s16816gemm_relu_bf16_128x64_64x6_tn_align8>"
)


def product(rows: int, inner: int, columns: int, duration: int, op: str = "aten::addmm") -> Step:
    """One product in bf16."""
    bias = [(columns,)] if op == "aten::addmm" else []
    return op, [*bias, (rows, inner), (inner, columns)], [BF16] * (len(bias) + 2), duration


def known(trace: Trace, name: str = HOPPER, shared: int = 231_424) -> Trace:
    """With names and resources that tell the tiles and blocks that run at once."""
    for row in trace.launches:
        row |= {"grid_x": 120, "grid_y": 1, "grid_z": 1, "block_x": 128, "block_y": 1, "block_z": 1,
                "registers_per_thread": 168, "shared_memory_bytes": shared}  # fmt: skip
        if "mm" in row["kernel"]:
            row["kernel_full"] = name
    return trace


def merged(trace: Trace) -> list[Draft]:
    """Drafts of merging."""
    return [
        draft
        for draft in batch.drafts(view(trace.capture()), frozenset()).drafts
        if draft.title.startswith("Merge")
    ]


def test_query_key_and_value_take_fewer_waves_as_one() -> None:
    """[8944,1024] × 3 × 1024 in tiles of 128 × 128 on 132 multiprocessors: 15 waves become 13."""
    (draft,) = merged(known(run([product(8944, 1024, 1024, 31_500)] * 3)))
    assert sum(draft.best) == 3 * 31_500 * 13 // 15
    assert sum(draft.worst) == 3 * 31_500
    assert draft.removed == (1, 2)
    assert draft.grade == "possible"
    assert "Together they need 13 waves of blocks instead of 15." in draft.evidence


def test_gate_and_up_gain_nothing_and_are_declined() -> None:
    """2 × [8944,1024] × 2816 with the activation between: 12 + 12 waves become 24."""
    half = (8944, 2816)
    steps = [
        product(8944, 1024, 2816, 83_700, "aten::mm"),
        ("aten::silu", [half], [BF16], 38_000),
        product(8944, 1024, 2816, 83_700, "aten::mm"),
        ("aten::mul", [half, half], [BF16] * 2, 51_000),
    ]
    trace = known(run(steps))
    assert merged(trace) == []
    (declined,) = batch.drafts(view(trace.capture()), frozenset()).declined
    assert "As one they take 24 waves of blocks, apart 24" in declined.why
    assert declined.launches == (0, 2)
    assert declined.duration_ns == 167_400


def test_a_wider_product_of_the_capture_places_the_merged_one() -> None:
    """768 columns take 8.3 µs and 3072 take 13.9: 2304 lie between 12.0 and 13.9."""
    steps = [product(788, 768, 768, 8_300)] * 3 + [product(788, 768, 3072, 13_900)]
    steps.insert(3, ("aten::gelu", [(788, 768)], [BF16], 2_000))
    (draft,) = merged(known(run(steps), AMPERE, 147_456))
    assert (sum(draft.best), sum(draft.worst)) == (8_300 + 5_600 * 1536 // 2304, 13_900)


def test_without_names_only_the_launches_are_saved() -> None:
    """Kernel time stays as it is."""
    (draft,) = merged(run([product(788, 768, 512, 8_000)] * 3))
    assert draft.best == draft.worst == (8_000, 8_000, 8_000)


def test_products_that_a_fusion_has_are_left_to_it() -> None:
    """A launch belongs to one finding."""
    capture = run([product(788, 768, 512, 8_000)] * 3).capture()
    assert batch.drafts(view(capture), frozenset({1})).drafts == ()


@pytest.mark.parametrize(
    "second",
    [product(788, 512, 64, 8_000), product(788, 512, 512, 8_000, "aten::_addmm_activation")],
)
def test_a_second_layer_is_no_twin_of_the_first(second: Step) -> None:
    """[788,768] → 512 then [788,512]: another input, whatever follows."""
    assert merged(run([product(788, 768, 512, 8_000), second])) == []


def test_layers_with_their_activation_inside_are_in_order() -> None:
    """Square layers that apply an activation function read one another."""
    layer = product(788, 512, 512, 8_000)
    fused: Step = ("aten::_addmm_activation", *layer[1:])
    assert merged(run([fused] * 3)) == []


def test_backward_products_share_nothing() -> None:
    """On a thread that runs a backward pass the equal shapes are gradients."""
    trace = run([product(788, 768, 512, 8_000)] * 3)
    start = min(row["start_ns"] for row in trace.ops)
    trace.op("autograd::engine::evaluate_function: AddmmBackward0", start - 10, 0)
    assert merged(trace) == []


def test_loops_of_small_products_become_one_launch() -> None:
    """Six grids of 20 blocks each leave five sixths of the device idle: one wave of 120."""
    trace = run([product(64, 64, 64, 6_000)] * 6)
    for row in trace.launches:
        row |= {"grid_x": 20, "grid_y": 1, "grid_z": 1}
    found = batch.drafts(view(trace.capture()), frozenset()).drafts
    (draft,) = [one for one in found if one.title.startswith("Run loops")]
    assert (sum(draft.best), sum(draft.worst)) == (6_000, 36_000)
    assert draft.removed == (1, 2, 3, 4, 5)


def test_zero_durations_give_nothing() -> None:
    """Nothing is told of launches below the clock's resolution."""
    assert (
        batch.drafts(view(run([product(788, 768, 512, 0)] * 3).capture()), frozenset()).drafts == ()
    )


@pytest.mark.parametrize(
    ("rows", "columns", "expected"),
    [(8944, 1024, 5), (8944, 3072, 13), (8944, 2816, 12), (1, 1, 1)],
)
def test_waves_by_tile(rows: int, columns: int, expected: int) -> None:
    """Tiles over blocks that run at once, rounded up."""
    assert waves.Tiling(128, 128, 132).waves(rows, columns) == expected
