"""Slow kernels by cause: what they would take at reachable rates, and what is left alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from trace_factory import BF16, H100, Shape, Trace, kernels, traces, window

from ncutool.advice.kernels import tune
from ncutool.advice.view.context import Context, context
from ncutool.advice.view.finding import Draft
from ncutool.advice.view.shapes import is_narrow, sides
from ncutool.devices.resolve import Device
from ncutool_parsers.capture import Capture

HOPPER = replace(
    H100,
    vendor="nvidia",
    peak_flop_per_s={**H100.peak_flop_per_s, "tf32_tensor": 494.7e12},
    last_level_cache_bytes=52_000_000,
)
AMPERE = replace(HOPPER, compute_capability="8.0")


def one(
    op: str,
    dims: Sequence[Shape],
    duration: int,
    *,
    kernel: str = "kernel()",
    dtype: str = BF16,
    trace: Trace | None = None,
) -> Trace:
    """A trace with one more launch of ``op``."""
    trace = trace or Trace()
    place = len(trace.launches)
    host = -9_000_000 + 1_000 * place
    number = trace.op(op, host, host + 900, dims, [dtype] * len(dims))
    trace.kernel(place * 2_000_000, duration, op_id=number, kernel=kernel, kernel_full=kernel,
                 called=(host + 100, host + 200))  # fmt: skip
    return trace


def view(capture: Capture, device: Device | None = HOPPER) -> Context:
    """What advice sees of a capture on ``device``."""
    return context(kernels(capture, device), capture, window(capture), device)


def found(
    trace: Trace, device: Device | None = HOPPER, taken: frozenset[int] = frozenset()
) -> dict[str, Draft]:
    """Drafts of a trace by title."""
    return {
        draft.title: draft
        for draft in tune.drafts(view(trace.capture(), device), frozenset(taken)).drafts
    }


SQUARE = [(4096, 4096), (4096, 4096)]


def test_a_slow_product_gains_down_to_its_calibrated_roof() -> None:
    """137 GFLOP in 1 ms; at 70 % of 989 TFLOP/s they take 198.5 µs. The low end is now."""
    (draft,) = found(one("aten::mm", SQUARE, 1_000_000)).values()
    assert draft.title == "Tune slow matrix products"
    assert (draft.grade, draft.worst) == ("possible", (1_000_000,))
    assert draft.best == (round(2 * 4096**3 / (0.7 * 989e12) * 1e9),)
    assert "19.9 % of what is reachable" in draft.evidence[0]
    assert (
        "70.0 % of the bf16_tensor peak (not seen here; taken from H100 in BF16: 64 to 79 %)"
        in draft.evidence[1]
    )


@pytest.mark.parametrize("duration", [300_000, 200_000])
def test_a_product_near_its_roof_is_left_alone(duration: int) -> None:
    """Above 60 % of what is reachable nothing is said."""
    assert found(one("aten::mm", SQUARE, duration)) == {}


def test_short_taken_and_unmodelled_launches_are_left_alone() -> None:
    """Launching holds the short; the taken have better advice; nothing is known of the rest."""
    assert found(one("aten::mm", [(64, 64), (64, 64)], 7_000)) == {}
    assert found(one("aten::mm", SQUARE, 1_000_000), taken=frozenset({0})) == {}
    assert found(one("custom::op", SQUARE, 1_000_000)) == {}
    assert found(one("aten::mm", SQUARE, 1_000_000), device=None) == {}


def attention() -> Trace:
    """FlashAttention 2 over [16,16,559,64], not causal, in 113 µs."""
    trace = Trace()
    dims = [*[(16, 16, 559, 64)] * 3, *[()] * 3]
    types = [*[BF16] * 3, *["Scalar"] * 3]
    op = trace.op("aten::_scaled_dot_product_flash_attention", -900, -100, dims, types)
    trace.kernel(0, 113_000, op_id=op, kernel=FLASH, kernel_full=FLASH, called=(-800, -700))
    return trace


def with_flags(capture: Capture) -> Capture:
    """``capture`` with the flags of its attention recorded: no dropout, no causal mask."""
    flags = pl.lit('["", "", "", "0.", "False", "False"]').alias("concrete_inputs")
    return replace(capture, signatures=capture.signatures.with_columns(flags))


FLASH = "void pytorch_flash::flash_fwd_kernel<64, 128>(Params)"
OLD = "Use attention written for this GPU"


def test_old_attention_on_hopper() -> None:
    """20.5 GFLOP in 113 µs are 18 % of the peak: 40 % is what kernels for Hopper reach."""
    capture = with_flags(attention().capture())
    (draft,) = tune.drafts(view(capture), frozenset()).drafts
    assert draft.title == OLD
    assert draft.best == (round(4 * 16 * 16 * 559**2 * 64 / (0.4 * 989e12) * 1e9),)
    assert all(
        other.title != OLD for other in tune.drafts(view(capture, AMPERE), frozenset()).drafts
    )


def test_unlinked_attention_of_the_same_kernel_and_grid_is_counted() -> None:
    """Launches before the recording began have no operator, but the kernel is the same."""
    trace = attention()
    trace.kernel(200_000, 114_000, kernel=FLASH, kernel_full=FLASH)
    (draft,) = tune.drafts(view(with_flags(trace.capture())), frozenset()).drafts
    assert draft.launches == (0, 1)
    assert draft.best[0] == draft.best[1]


def test_unaligned_products_are_to_be_padded() -> None:
    """align1 in the name tells of operands that are no multiple of 16 bytes."""
    kernel = "cutlass_80_tensorop_bf16_s16816gemm_bf16_64x64_32x6_nn_align1"
    dims = [(4096, 4095), (4095, 4095)]
    assert list(found(one("aten::mm", dims, 2_000_000, kernel=kernel), AMPERE)) == [
        "Pad matrix products of odd sizes"
    ]


def test_simt_beside_tf32_is_a_fallback() -> None:
    """[98304,30] × [30,647] on the CUDA cores while another product runs as TF32."""
    tf32 = "cutlass_80_tensorop_s1688gemm_128x128_nn_align4"
    dims = [(98304, 30), (30, 647)]
    trace = one("aten::mm", dims, 900_000, kernel="ampere_sgemm_128x64_nn", dtype="float")
    assert found(trace, AMPERE) == {}  # alone it is a matter of precision, not of padding
    one("aten::mm", SQUARE, 400_000, kernel=tf32, dtype="float", trace=trace)
    draft = found(trace, AMPERE)["Pad matrix products of odd sizes"]
    size = 4 * (98304 * 30 + 30 * 647 + 98304 * 647)
    assert draft.launches == (0,)
    assert draft.best == (round(size / (0.85 * 3.35e12) * 1e9),)


def test_products_of_few_rows_go_to_the_bandwidth() -> None:
    """[32,4096] × [4096,24576] moves 203 MB: 71.3 µs at 85 % of the bandwidth."""
    draft = found(one("aten::mm", [(32, 4096), (4096, 24576)], 200_000))[
        "Tune matrix products of few rows to the bandwidth"
    ]
    size = 2 * (32 * 4096 + 4096 * 24576 + 32 * 24576)
    assert draft.best == (round(size / (0.85 * 3.35e12) * 1e9),)


def test_layout_changes_inside_convolutions_can_be_left_out() -> None:
    """Told by name and family: all of their time at best, half at worst."""
    dims = [(32, 64, 56, 56), (64, 64, 3, 3)]
    trace = Trace()
    number = trace.op("aten::cudnn_convolution", -900, -100, dims, [BF16] * 2)
    for place, kernel in enumerate(("cudnn::nchwToNhwcKernel<bf16>", "sm80_xmma_fprop_bf16")):
        trace.kernel(100_000 * place, 40_000, op_id=number, kernel=kernel, kernel_full=kernel,
                     called=(-800 + place, -700 + place))  # fmt: skip
    draft = found(trace)["Keep convolutions in channels_last: they change layouts"]
    assert (draft.grade, draft.launches) == ("likely", (0,))
    assert (draft.best, draft.worst) == ((0,), (20_000,))


def test_a_transposing_copy_below_half_of_the_bandwidth() -> None:
    """73.3 MB each way in 300 µs: 17 % of what is reachable."""
    dims = [(16, 559, 16, 256), (16, 559, 16, 256)]
    draft = found(one("aten::copy_", dims, 300_000))["Speed up or avoid slow copies"]
    assert draft.best == (round(2 * 2 * 16 * 559 * 16 * 256 / (0.85 * 3.35e12) * 1e9),)


def test_little_work_in_a_long_kernel_is_not_its_own_fault() -> None:
    """25 µs for 0.5 MB beside other streams: a neighbour slowed it, so nothing is said."""
    assert found(one("aten::mul", [(512, 256), (512, 256)], 25_000)) == {}


def test_short_launches_on_a_coarse_clock_have_no_rate() -> None:
    """Whole microseconds: 15 µs may be 14 or 16."""
    trace = one("aten::mul", [(1024, 1024), (1024, 1024)], 15_000)
    fine = view(trace.capture())
    assert tune.drafts(fine, frozenset()).drafts != ()
    assert tune.drafts(view(trace.capture(clock_step_ns=1_000)), frozenset()).drafts == ()


@given(traces())
@settings(max_examples=30, deadline=None)
def test_new_times_lie_between_nothing_and_now(trace: Trace) -> None:
    """Whatever the trace: 0 <= best <= worst <= now, and no launch twice."""
    capture = trace.capture()
    seen: list[int] = []
    durations = dict(capture.launches.select("launch_id", "duration_ns").iter_rows())
    for draft in tune.drafts(view(capture), frozenset()).drafts:
        seen += draft.launches
        for launch, best, worst in zip(draft.launches, draft.best, draft.worst, strict=True):
            assert 0 <= best <= worst <= durations[launch]
    assert len(seen) == len(set(seen))


def test_shapes_give_the_sides_of_products() -> None:
    """Only two full shapes count; few rows need a weight much larger than they are."""
    assert sides(((32, 4096), (4096, 24576), (7,))) == ((32, 4096), (4096, 24576))
    assert sides(((8, 1),)) is None
    assert sides(((8, 1), ())) is None
    assert sides(()) is None
    assert is_narrow(((32, 4096), (4096, 24576)))
    assert not is_narrow(((512, 4096), (4096, 24576)))
    assert not is_narrow(((32, 4096), (4096, 8)))


def test_products_near_their_roof_are_declined_with_the_share_they_reach() -> None:
    """210 µs at 70 % of the peak would be 198.5 µs: 94.5 %; slow or short ones are not counted."""
    trace = one("aten::mm", SQUARE, 210_000)
    one("aten::mm", SQUARE, 1_000_000, trace=trace)
    (refused,) = tune.drafts(view(trace.capture()), frozenset()).declined
    assert refused.launches == (0,)
    assert "94.5 % of what this device was seen to reach" in refused.why
    assert tune.drafts(view(trace.capture()), frozenset({0})).declined == ()
    assert tune.drafts(view(trace.capture(), None), frozenset()).declined == ()
