"""Products with few rows, products that share an input, and names that tell of narrow tiles."""

from __future__ import annotations

from trace_factory import BF16, Step, Trace, run, view

from ncutool.advice import batch


def titles(trace: Trace) -> dict[str, str]:
    """Title and grade of every draft."""
    return {draft.title: draft.grade for draft in batch.drafts(view(trace.capture()), set())}


DECODE: Step = ("aten::mm", [(32, 4096), (4096, 24576)], [BF16, BF16], 67_000)


def test_few_rows_read_weights() -> None:
    """[32,4096] × [4096,24576] moves 203 MB, nearly all of it weights."""
    (draft,) = batch.drafts(view(run([DECODE]).capture()), set())
    assert draft.title == "Give the matrix products of at most 32 rows more rows"
    assert (sum(draft.best), sum(draft.worst)) == (33_500, 67_000)
    assert "203 MB, over 75 % of it weights, which takes 60.6 µs" in draft.evidence[0]


def test_many_rows_do_not() -> None:
    """8192 rows are bound by arithmetic."""
    wide: Step = ("aten::mm", [(8192, 4096), (4096, 4096)], [BF16, BF16], 400_000)
    assert titles(run([wide])) == {}


def test_training_multiplies_by_activations() -> None:
    """With a backward pass the second operand need not be weights."""
    trace = run([DECODE])
    trace.op("autograd::engine::evaluate_function: MmBackward0", 0, 10)
    assert titles(trace) == {}


QKV: list[Step] = [
    ("aten::addmm", [(512,), (788, 768), (768, 512)], [BF16, BF16, BF16], 8_000),
    ("aten::addmm", [(512,), (788, 768), (768, 512)], [BF16, BF16, BF16], 8_000),
    ("aten::addmm", [(512,), (788, 768), (768, 512)], [BF16, BF16, BF16], 8_000),
]


def test_products_over_one_input_merge_into_fewer_waves() -> None:
    """Three grids of 84 blocks on 132 multiprocessors: three waves become two."""
    trace = run(QKV)
    for row in trace.launches:
        row |= {"grid_x": 84, "grid_y": 1, "grid_z": 1}
    (draft,) = batch.drafts(view(trace.capture()), set())
    assert draft.title == "Merge products that read the same input"
    assert (sum(draft.best), sum(draft.worst)) == (16_000, 24_000)
    assert draft.removed == (1, 2)
    assert draft.evidence[-1] == "Together they need 2 waves of blocks instead of 3."


def test_without_grids_only_the_launches_are_saved() -> None:
    """Kernel time stays as it is."""
    (draft,) = batch.drafts(view(run(QKV).capture()), set())
    assert draft.best == draft.worst == (8_000, 8_000, 8_000)


def test_a_second_layer_is_no_twin_of_the_first() -> None:
    """[788,768] → 512 then [788,512]: another input."""
    second: Step = ("aten::addmm", [(64,), (788, 512), (512, 64)], [BF16, BF16, BF16], 8_000)
    assert titles(run([QKV[0], second])) == {}


def test_a_narrow_tile_in_a_name_is_only_possible() -> None:
    """Graph replays carry no shapes; the name of AMD's kernel tells its tile."""
    trace = Trace()
    trace.kernel(0, 40_000, kernel_full="Cijk_Alik_Bljk_BBS_BH_MT64x32x256_MI16x16x1")
    trace.kernel(41_000, 40_000, kernel_full="Cijk_Alik_Bljk_BBS_BH_MT256x128x64_MI16x16x1")
    (draft,) = batch.drafts(view(trace.capture()), set())
    assert (draft.grade, draft.launches) == ("possible", (0,))
    assert "guess by name" in draft.evidence[0]
