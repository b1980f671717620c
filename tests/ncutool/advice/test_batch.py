"""Products with few rows, names that tell of narrow tiles, and a batch that may grow as a whole."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trace_factory import BF16, H100, Step, Trace, kernels, run, traces, view, window

from ncutool.advice.batch import batch
from ncutool.advice.price import rank
from ncutool.advice.view.context import Context, context
from ncutool.advice.view.finding import Draft, Finding


def drafts(trace: Trace) -> tuple[Draft, ...]:
    """Every draft of a hand-made trace."""
    return batch.drafts(view(trace.capture()), frozenset()).drafts


def titles(trace: Trace) -> dict[str, str]:
    """Title and grade of every draft."""
    return {draft.title: draft.grade for draft in drafts(trace)}


DECODE: Step = ("aten::mm", [(32, 4096), (4096, 24576)], [BF16, BF16], 67_000)


def test_few_rows_read_weights() -> None:
    """[32,4096] × [4096,24576] moves 203 MB, nearly all weights; at 8 times the rows the time
    per row is 67 µs x t(256) / t(32) / 8, with 70 % and 85 % of the peaks and 2 µs a launch."""
    (draft,) = drafts(run([DECODE]))
    assert draft.title == "Give the matrix products of at most 32 rows more rows"
    arithmetic = 2 * 256 * 4096 * 24576 / (0.7 * 989e12)
    few, many = (
        (2 * 4096 * 24576 + 2 * rows * (4096 + 24576)) / (0.85 * 3.35e12) for rows in (32, 256)
    )
    longer = (max(arithmetic, many) + 2e-6) / (few + 2e-6)
    assert sum(draft.best) == round(67_000 * longer / 8)
    assert sum(draft.worst) == 67_000
    assert "203 MB, over 75 % of it weights, which takes 60.6 µs" in draft.evidence[0]
    assert "from 261 rows on arithmetic limits" in draft.evidence[1]


def test_the_best_shape_of_the_capture_sets_the_rate() -> None:
    """Three launches of 121 µs: half of the bandwidth, whatever the default says."""
    slow: Step = (*DECODE[:3], 121_200)
    (draft,) = [one for one in drafts(run([slow] * 3)) if "more rows" in one.title]
    assert "the best of these shapes reaches 50 % of the bandwidth peak" in draft.evidence[1]


@pytest.mark.parametrize("rows", [8192, 200])
def test_many_rows_do_not(rows: int) -> None:
    """Bound by arithmetic, or nearly: no room for half as many again."""
    wide: Step = ("aten::mm", [(rows, 4096), (4096, 4096)], [BF16, BF16], 400_000)
    assert titles(run([wide])) == {}


def test_training_multiplies_by_activations() -> None:
    """With a backward pass the second operand need not be weights."""
    trace = run([DECODE])
    trace.op("autograd::engine::evaluate_function: MmBackward0", 0, 10)
    assert titles(trace) == {}


def test_a_replayed_launch_is_known_by_its_signature() -> None:
    """Paired with a capture run, a replay has operator, shapes and work, but no operator call."""
    capture = run([DECODE]).capture()
    table = kernels(capture).with_columns(
        op_id=pl.lit(None, dtype=pl.Int64), graph_replay=pl.lit(value=True)
    )
    told = context(table, capture, window(capture), H100)
    (draft,) = batch.drafts(told, frozenset()).drafts
    (plain,) = drafts(run([DECODE]))
    assert (draft.title, draft.best, draft.launches) == (plain.title, plain.best, plain.launches)


def test_a_cache_bounds_the_batch() -> None:
    """The operator that fills the key-value cache shows its slots."""
    store: Step = (
        "sglang::store_cache",
        [(32, 1024), (32, 1024), (80_000, 1024), (80_000, 1024)],
        [BF16] * 4,
        5_000,
    )
    (draft,) = drafts(run([DECODE, store]))
    assert "slots for 80,000 tokens" in draft.evidence[-1]


def test_a_narrow_tile_in_a_name_is_only_possible() -> None:
    """Graph replays carry no shapes; the name of AMD's kernel tells its tile."""
    trace = Trace()
    trace.kernel(0, 40_000, kernel_full="Cijk_Alik_Bljk_BBS_BH_MT64x32x256_MI16x16x1")
    trace.kernel(41_000, 40_000, kernel_full="Cijk_Alik_Bljk_BBS_BH_MT256x128x64_MI16x16x1")
    (draft,) = drafts(trace)
    assert (draft.grade, draft.launches) == ("possible", (0,))
    assert "guess by name" in draft.evidence[0]


def starved(count: int = 20, busy: int = 10_000, period: int = 60_000) -> Trace:
    """Launches that the host makes one by one, far apart."""
    trace = Trace()
    for number in range(count):
        at = number * period
        op = trace.op(
            "aten::convolution", at, at + 50_000, [(4, 3, 8, 8), (8, 3, 3, 3)], [BF16] * 2
        )
        trace.kernel(at + 52_000, busy, called=(at + 40_000, at + 50_000), op_id=op)
    return trace


def test_a_host_that_sets_the_pace_leaves_room() -> None:
    """10 µs of work every 60 µs: about six times the batch in the same time."""
    (draft,) = drafts(starved())
    assert draft.title == "Grow the batch up to about 5 times: the host sets the pace"
    assert draft.best == draft.worst
    assert "It is 4 now" in draft.evidence[0]
    assert "The saving is per sample" in draft.evidence[1]


def test_waits_for_input_leave_no_room_for_more_input() -> None:
    """The device idles as long, but for the data loader: more samples would wait as well."""
    trace = starved(period=12_000)
    trace.annotations.append(
        {"name": "enumerate(DataLoader)", "start_ns": 240_000, "end_ns": 2_000_000, "thread": 0,
         "on_device": False}
    )  # fmt: skip
    op = trace.op("aten::add", 2_000_000, 2_001_000)
    trace.kernel(2_002_000, 10_000, called=(2_000_100, 2_000_900), op_id=op)
    assert not any(title.startswith("Grow") for title in titles(trace))


def data_parallel(collective: str | None, exposed: int = 400_000) -> Trace:
    """A product at 1 % of its roof and a collective that nothing hides."""
    trace = Trace()
    trace.op("autograd::engine::evaluate_function: ConvolutionBackward0", 0, 10)
    trace.op("DistributedDataParallel.forward", 0, 10)
    dims = [(10, 64, 56, 56), (64, 64, 3, 3)]
    convolution: Step = ("aten::convolution", dims, [BF16] * 2, 100_000)
    product: Step = ("aten::mm", [(512, 512), (512, 512)], [BF16] * 2, 100_000)
    run([convolution, product], trace=trace)
    trace.kernel(202_000, exposed, kernel="ncclDevKernel_Generic", stream=9,
                 kernel_full="ncclDevKernel_Generic(x)", collective=collective)  # fmt: skip
    return trace


def test_a_larger_batch_shares_the_reduction_of_gradients() -> None:
    """Eight times the samples leave an eighth of it for each."""
    (draft,) = drafts(data_parallel("allreduce"))
    assert draft.title.startswith("Give each device a larger batch")
    assert (sum(draft.best), sum(draft.worst)) == (50_000, 400_000)
    assert "10 samples" in draft.evidence[0]


@pytest.mark.parametrize("collective", ["all_to_allv", None])
def test_exchanges_that_grow_with_the_batch_are_not_shared(collective: str | None) -> None:
    """Activations grow with the batch; an unnamed collective alone proves nothing."""
    assert titles(data_parallel(collective)) == {}


def ranked(view_of: Context) -> tuple[Finding, ...]:
    """Batching's findings alone."""
    return rank.ranked(view_of, batch.drafts(view_of, frozenset()).drafts).findings


@settings(max_examples=60, deadline=None)
@given(traces())
def test_findings_stay_within_what_there_is(trace: Trace) -> None:
    """Low <= high <= window for any trace, and zero-length launches give none on their own."""
    seen = view(trace.capture())
    for draft in batch.drafts(seen, frozenset()).drafts:
        durations = dict(seen.kernels.select("launch_id", "duration_ns").iter_rows())
        now = [durations[one] for one in draft.launches]
        assert all(0 <= a <= b <= c for a, b, c in zip(draft.best, draft.worst, now, strict=True))
    assert all(0 <= one.saving_low_ns <= one.saving_high_ns <= seen.wall_ns for one in ranked(seen))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 6), st.integers(1, 128), st.integers(0, 200_000))
def test_removing_a_findings_launches_removes_it(count: int, rows: int, duration: int) -> None:
    """What is left of a trace of products and additions has nothing to say of products."""
    product: Step = ("aten::mm", [(rows, 4096), (4096, 8192)], [BF16, BF16], duration)
    addition: Step = ("aten::add", [(rows, 4096)] * 2, [BF16] * 2, 5_000)
    capture = run([*[product] * count, addition, addition]).capture()
    found = batch.drafts(view(capture), frozenset()).drafts
    gone = {launch for draft in found for launch in draft.launches}
    assert duration or not gone
    left = capture.launches.filter(~pl.col("launch_id").is_in(sorted(gone)))
    assert batch.drafts(view(replace(capture, launches=left)), frozenset()).drafts == ()
