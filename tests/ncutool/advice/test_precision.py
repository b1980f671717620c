"""FP32 products that tensor cores would do, weights cast at every call, weights in 8 bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl
import pytest
from trace_factory import BF16, FORWARD, H100, Shape, Step, Trace, kernels, run, window

from ncutool.advice.kernels import precision, weights
from ncutool.advice.kernels.precision import fp32_simt
from ncutool.advice.view.context import Context, context
from ncutool.advice.view.finding import Draft
from ncutool.devices.resolve import Device

PEAKS = {**H100.peak_flop_per_s, "tf32_tensor": 494.7e12, "fp8_tensor": 1978.9e12}
TF32_DEVICE = replace(H100, vendor="nvidia", peak_flop_per_s=PEAKS)
VOLTA = replace(
    H100,
    vendor="nvidia",
    compute_capability="7.0",
    peak_flop_per_s={"fp32": 15.7e12, "fp16_tensor": 125e12},
)
SQUARE = [(8192, 8192), (8192, 8192)]
FLOP = 2 * 8192**3
SIMT = "ampere_sgemm_128x64_tn"


def view(trace: Trace, device: Device | None = TF32_DEVICE) -> Context:
    """What advice sees of a trace on ``device``."""
    capture = trace.capture()
    return context(kernels(capture, device), capture, window(capture), device)


def products(*names: str, duration: int = 20_000_000, dims: Sequence[Shape] = SQUARE) -> Trace:
    """Square FP32 products of 1.1 TFLOP, one for each kernel name."""
    trace = Trace()
    for place, name in enumerate(names):
        op = trace.op("aten::mm", -9_000_000 + 900 * place, -8_999_200 + 900 * place,
                      dims, ["float", "float"])  # fmt: skip
        trace.kernel(place * (duration + 1_000), duration, op_id=op, kernel=name, kernel_full=name,
                     called=(-8_999_900 + 900 * place, -8_999_500 + 900 * place))  # fmt: skip
    return trace


def only(trace: Trace, device: Device | None = TF32_DEVICE) -> Draft:
    """The one draft of a trace."""
    (draft,) = precision.drafts(view(trace, device), frozenset()).drafts
    return draft


def test_simt_products_move_to_tf32_at_half_to_all_of_its_peak() -> None:
    """1.0995 TFLOP at 494.7 TFLOP/s: 2.22 ms, twice that at worst; now 20 ms."""
    draft = only(products(SIMT))
    assert draft.title == "Run FP32 matrix products on the tensor cores (TF32)"
    assert draft.grade == "likely"
    assert draft.best == (round(FLOP / 494.7e12 * 1e9),)
    assert draft.worst == (round(2 * FLOP / 494.7e12 * 1e9),)
    assert draft.code == "torch.set_float32_matmul_precision('high')"
    assert "82.2 % of the FP32 peak" in draft.evidence[1]


def test_tf32_in_use_leaves_fallbacks_to_tuning() -> None:
    """Where one product runs as TF32 it is allowed: the others fall back for another reason."""
    tf32 = "cutlass_80_tensorop_s1688gemm_128x128_nn_align4"
    assert precision.drafts(view(products(SIMT, tf32)), frozenset()).drafts == ()


@pytest.mark.parametrize(
    "name",
    ["ampere_fp16_s16816gemm_128x128", "gemv2T_kernel_sgemm", "splitKreduce_sgemm", "sm80_tf32"],
)
def test_other_kernels_are_not_simt_products(name: str) -> None:
    """Tensor cores, matrix times vector and helper kernels gain nothing from TF32."""
    assert fp32_simt(view(products(name)), "gemm") == []


def test_products_bound_by_bytes_are_left_out() -> None:
    """[8192,1024] × [1024,4] reads 34 MB for 67 MFLOP: arithmetic does not hold it."""
    assert (
        precision.drafts(view(products(SIMT, dims=[(8192, 1024), (1024, 4)])), frozenset()).drafts
        == ()
    )


def test_never_slower_than_now() -> None:
    """A product that already runs as fast as TF32 would gives nothing."""
    assert precision.drafts(view(products(SIMT, duration=2_000_000)), frozenset()).drafts == ()


def test_zero_durations_give_nothing() -> None:
    """A coarse clock records 0: no rate, no saving."""
    assert precision.drafts(view(products(SIMT, duration=0)), frozenset()).drafts == ()


def test_without_tf32_autocast_to_fp16() -> None:
    """Volta has FP16 tensor cores only; FP16 moves half the bytes."""
    draft = only(products("volta_sgemm_128x64_nn", duration=80_000_000), VOLTA)
    assert draft.title.endswith("(FP16 autocast)")
    assert draft.code == "with torch.autocast('cuda', dtype=torch.float16):"
    assert draft.best == (round(FLOP / 125e12 * 1e9),)


def test_a_device_without_tensor_cores_or_an_unknown_one_gets_no_advice() -> None:
    """No peak, no price."""
    pascal = replace(H100, peak_flop_per_s={"fp32": 10e12})
    assert precision.drafts(view(products(SIMT), pascal), frozenset()).drafts == ()
    assert precision.drafts(view(products(SIMT), None), frozenset()).drafts == ()


def test_without_shapes_only_the_ratio_of_the_peaks_bounds_it() -> None:
    """No FLOPs: at best 66.9 / 494.7 of the time, at worst all of it, and only possible."""
    trace = Trace()
    op = trace.op("aten::mm", -900, -100)
    trace.kernel(0, 1_000_000, kernel=SIMT, kernel_full=SIMT, op_id=op, called=(-800, -200))
    draft = only(trace)
    assert (draft.grade, draft.worst) == ("possible", (1_000_000,))
    assert draft.best == (round(1_000_000 * 66.9 / 494.7),)


def test_weight_casts_go_and_activation_casts_stay() -> None:
    """Bias and weight have the shapes of the product's operands, the activation has not."""
    draft = only(run(FORWARD))
    assert (draft.grade, draft.launches, draft.removed) == ("certain", (0, 1), (0, 1))
    assert draft.best == draft.worst == (0, 0)
    assert "1 × [512]" in draft.evidence[0]


def test_an_activation_of_the_weights_shape_is_no_weight() -> None:
    """[128,128] may be either: one cast alone proves nothing, of two the earlier is the weight."""
    cast: Step = ("aten::copy_", [(128, 128), (128, 128)], ["c10::Half", "float"], 9_000)
    product: Step = ("aten::mm", [(128, 128), (128, 128)], ["c10::Half"] * 2, 11_000)
    assert precision.drafts(view(run([cast, product])), frozenset()).drafts == ()
    assert only(run([cast, cast, product])).launches == (0,)


def test_a_scale_stretched_over_all_samples_is_a_parameter() -> None:
    """[8] as [1,1,1,8] times an activation; a tensor as large as the other operand is none."""
    cast: Step = ("aten::copy_", [(8,), (8,)], ["c10::Half", "float"], 6_000)
    scale: Step = ("aten::mul", [(4, 58, 16, 8), (1, 1, 1, 8)], ["c10::Half"] * 2, 8_000)
    equal: Step = ("aten::mul", [(8,), (8,)], ["c10::Half"] * 2, 8_000)
    assert only(run([cast, scale])).launches == (0,)
    assert precision.drafts(view(run([cast, equal])), frozenset()).drafts == ()


def test_training_casts_after_every_update() -> None:
    """With a backward pass the weights change, so nothing is said."""
    trace = run(FORWARD)
    trace.op("autograd::engine::evaluate_function: AddmmBackward0", 0, 10)
    assert precision.drafts(view(trace), frozenset()).drafts == ()


def test_eight_bit_weights_halve_what_reading_them_takes() -> None:
    """[32,4096] × [4096,24576]: 201 of 203 MB are weights, so 49.6 % goes at best."""
    decode: Step = ("aten::mm", [(32, 4096), (4096, 24576)], [BF16, BF16], 67_000)
    (draft,) = weights.drafts(view(run([decode])), frozenset()).drafts
    share = 2 * 4096 * 24576 / (2 * (4096 * 24576 + 32 * 4096 + 32 * 24576))
    assert (draft.grade, draft.worst) == ("possible", (67_000,))
    assert draft.best == (round(67_000 * (1 - share / 2)),)
    wide: Step = ("aten::mm", [(8192, 4096), (4096, 4096)], [BF16, BF16], 400_000)
    assert weights.drafts(view(run([wide])), frozenset()).drafts == ()
    assert weights.drafts(view(run([decode]), H100), frozenset()).drafts == ()


def test_a_narrow_tile_by_name_says_that_it_is_a_guess() -> None:
    """A graph's replays carry no shapes; AMD's names tell operands and tile."""
    trace = Trace()
    trace.kernel(0, 40_000, kernel_full="Cijk_Alik_Bljk_BBS_BH_Bias_MT64x32x256_MI16x16x1")
    trace.kernel(41_000, 40_000, kernel_full="Cijk_Alik_Bljk_BBS_BH_Bias_MT256x128x64_MI16x16x1")
    (draft,) = weights.drafts(view(trace), frozenset()).drafts
    assert (draft.launches, draft.best) == ((0,), (20_000,))
    assert "is a guess" in draft.evidence[1]


def test_amd_tells_fp32_by_recorded_types() -> None:
    """xF32 for products; MIOpen has none for convolutions, so these go to BF16 autocast."""
    peaks = {"fp32": 163.4e12, "tf32_tensor": 653.7e12, "bf16_tensor": 1307.4e12}
    amd = replace(H100, vendor="amd", compute_capability="9.4", peak_flop_per_s=peaks)
    trace = products("Cijk_Ailk_Bljk_SB_MT128x128x16")
    dims = [(256, 512, 56, 56), (512, 512, 1, 1), *[()] * 7]
    types = ["float", "float", *[""] * 7]
    number = trace.op("aten::miopen_convolution", -7_000_000, -6_999_000, dims, types)
    trace.kernel(20_100_000, 30_000_000, op_id=number, kernel="miopenSp3AsmConv",
                 kernel_full="miopenSp3AsmConv_v30", called=(-6_999_900, -6_999_500))  # fmt: skip
    capture = trace.capture()
    sizes = '["", "", "", "[0, 0]", "[1, 1]", "[1, 1]", "1", "False", "False"]'
    recorded = capture.signatures.with_columns(concrete_inputs=pl.lit(sizes))
    capture = replace(capture, signatures=recorded)
    seen = context(kernels(capture, amd), capture, window(capture), amd)
    titles = [draft.title for draft in precision.drafts(seen, frozenset()).drafts]
    assert titles[0] == "Run FP32 matrix products on the tensor cores (xF32)"
    assert titles[1:] == ["Run FP32 convolutions on the tensor cores (BF16 autocast)"]
