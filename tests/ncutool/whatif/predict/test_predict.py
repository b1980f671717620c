"""Kernel time at other shapes: intervals, alignment, and the line they rest on."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from analysis_factory import H100
from hypothesis import given
from hypothesis import strategies as st
from operator_calls import call

from ncutool.devices.reachable import KIND_SHARES
from ncutool.devices.table import Device
from ncutool.whatif import predict
from ncutool.whatif.predict import rates
from ncutool.whatif.predict.interval import Interval, Prediction, by_family, linear, total
from ncutool.work.operators import OpCall

FLOOR_NS = 5_000.0
CACHED = replace(H100, l2_bytes=50_000_000)
"""The same device, whose cache is known: a larger tensor comes from DRAM."""


def add(rows: int) -> OpCall:
    """An fp32 addition of two tensors of 1024 columns."""
    return call("aten::add", ([rows, 1024], "fp32"), ([rows, 1024], "fp32"), "1")


def product(rows: int) -> OpCall:
    """A bf16 product with a square weight."""
    return call("aten::mm", ([rows, 4096], "bf16"), ([4096, 4096], "bf16"))


def run_of(one: OpCall, share: float, family: str = "elementwise", kind: str = "") -> predict.Run:
    """A run whose time is the floor and its roofline time over ``share``."""
    roof = "bf16_tensor" if family == "gemm" else "fp32"
    demand = rates.demand(one)
    assert demand is not None
    time = FLOOR_NS + demand.time_ns(H100, roof) / share
    return predict.Run(one.name, one, family, kind or family, roof, 1, round(time))


def base_of(*runs: predict.Run) -> predict.Base:
    """A capture of these runs whose launches without work all take the floor."""
    floor = (FLOOR_NS, FLOOR_NS)
    return predict.Base(H100, runs, {"elementwise": floor, "gemm": floor}, floor)


def wanted(one: OpCall) -> predict.Wanted:
    return predict.Wanted(one.name, one)


def one_interval(run: predict.Run, new: OpCall, device: Device = H100) -> Interval:
    base = replace(base_of(run), device=device)
    (found,) = predict.predict(base, [wanted(new)])
    return found.interval


@given(st.integers(1, 300_000), st.integers(1, 300_000), st.floats(0.46, 0.94))
def test_the_interval_holds_a_kernel_that_keeps_its_line(
    before: int, after: int, share: float
) -> None:
    """Whatever the sizes, a kernel of a usual share of its roof lies inside, also in the cache."""
    interval = one_interval(run_of(add(before), share), add(after))
    assert run_of(add(after), share).duration_ns in interval


@given(st.integers(1, 100_000), st.integers(1, 100_000), st.integers(0, 10_000_000))
def test_an_interval_is_one_whatever_was_measured(before: int, after: int, time_ns: int) -> None:
    """No time, zero and implausible ones included, gives a negative or inverted interval, or one
    that ends below what the device's peaks and caches allow."""
    run = predict.Run("aten::add", add(before), "elementwise", "vectorized", "fp32", 1, time_ns)
    interval = one_interval(run, add(after))
    demand = rates.demand(add(after))
    assert demand is not None
    assert interval.high_ns >= demand.time_ns(H100, "fp32", rates.CACHE_SPEEDUP) > 0


def test_the_same_shapes_take_the_same_time() -> None:
    """Without a change only the repetition between captures is left."""
    run = run_of(add(50_000), 0.8)
    interval = one_interval(run, add(50_000))
    assert interval.low_ns == pytest.approx(run.duration_ns * (1 - rates.REPEAT), rel=1e-6)
    assert interval.high_ns == pytest.approx(run.duration_ns * (1 + rates.REPEAT), rel=1e-6)


def test_a_slow_kernel_is_believed_over_its_family() -> None:
    """One that was measured at 5 % of its roof stays that slow, where its family never is."""
    run = run_of(add(100_000), 0.05)
    interval = one_interval(run, add(200_000))
    assert run_of(add(200_000), 0.05).duration_ns in interval
    assert run_of(add(200_000), 0.45).duration_ns not in interval


def test_a_launch_without_work_says_nothing_of_the_rate() -> None:
    """From a tiny tensor only the usual shares bound a large one: no slope is read from noise."""
    tiny = run_of(add(1), 0.5)
    noisy = predict.Run(tiny.op, tiny.call, "elementwise", "elementwise", "fp32", 1, 9_000)
    demand = rates.demand(add(100_000))
    assert demand is not None
    work = demand.time_ns(H100, "fp32")
    least, most = KIND_SHARES["elementwise"]
    interval = one_interval(noisy, add(100_000), CACHED)
    assert interval.low_ns >= work / most * (1 - rates.REPEAT)
    assert interval.high_ns <= (9_000 + work / least) * (1 + rates.REPEAT)


def test_leaving_the_cache_may_cost_three_times() -> None:
    """Data at cache speed before and from DRAM after is inside; it was faster than DRAM allows."""
    run = run_of(add(1_500), 2.0)  # 18 MB, within the cache of 50 MB
    interval = one_interval(run, add(50_000), CACHED)
    assert run_of(add(50_000), 0.8).duration_ns in interval
    assert run_of(add(50_000), 2.0).duration_ns not in interval


def test_a_product_may_fill_the_device_better_as_it_grows() -> None:
    """From 30 % of its roof to 60 % at sixteen times the rows is inside."""
    run = run_of(product(512), 0.30, "gemm")
    assert run_of(product(8_192), 0.60, "gemm").duration_ns in one_interval(run, product(8_192))


def test_calls_without_shapes_change_as_others_do() -> None:
    """What has no shapes is bounded by nine of ten others, and says so."""
    runs = [run_of(add(50_000), 0.8) for _ in range(9)]
    opaque = predict.Run("fused_kernel", None, "other", "other", None, 1, 10_000)
    calls = [*(wanted(add(100_000)) for _ in range(9)), predict.Wanted("fused_kernel", None)]
    found = predict.predict(base_of(*runs, opaque), calls)[-1]
    assert found.interval.low_ns > 10_000
    assert found.interval.high_ns < 30_000
    assert "no shapes" in found.reason


def test_an_operator_without_counterpart_is_bounded_by_its_bytes() -> None:
    """A call that the capture does not have gets floors and the shares of any kernel."""
    (found,) = predict.predict(base_of(run_of(product(8), 0.5, "gemm")), [wanted(add(1_000))])
    assert "no counterpart" in found.reason
    assert found.interval.low_ns >= FLOOR_NS


def test_bytes_of_arguments_stand_in_where_there_is_no_model() -> None:
    """A call without a model has the bytes of its tensors, marked as guessed."""
    demand = rates.demand(call("custom::op", ([10, 10], "fp32"), ([5], "int64")))
    assert demand == rates.Demand(0.0, 440.0, modelled=False)
    assert rates.demand(call("custom::op", "1")) is None


def test_alignment_skips_what_only_one_side_has() -> None:
    """Operators that are missing or added shift nothing."""
    before = ["a", "b", "sync", "c", "d", "b"]
    after = ["a", "b", "c", "new", "d", "b"]
    assert predict.align(before, after) == [0, 1, 3, None, 4, 5]
    assert predict.align([], ["a"]) == [None]
    assert predict.align(["a"], []) == []


@given(st.lists(st.sampled_from("abc"), max_size=30), st.lists(st.sampled_from("abc"), max_size=30))
def test_alignment_matches_equal_names_in_order(before: list[str], after: list[str]) -> None:
    """Matches are of equal names, rise, and are complete for equal sequences."""
    found = predict.align(before, after)
    kept = [(place, name) for place, name in zip(found, after, strict=True) if place is not None]
    assert all(before[place] == name for place, name in kept)
    assert all(left < right for (left, _), (right, _) in itertools.pairwise(kept))
    assert predict.align(before, before) == list(range(len(before)))


def prediction(family: str, low: float, high: float) -> Prediction:
    return Prediction("op", family, Interval(low, high), "")


def test_errors_of_one_family_add_and_of_two_partly_cancel() -> None:
    """Two halves of 10 ns in one family are 20; in two families √(½·200 + ½·400) = 17.32."""
    alike = [prediction("gemm", 90, 110), prediction("gemm", 90, 110)]
    assert total(alike) == linear(alike) == Interval(180, 220)
    apart = [prediction("gemm", 90, 110), prediction("copy", 90, 110)]
    assert linear(apart) == Interval(180, 220)
    assert total(apart).low_ns == pytest.approx(200 - 300**0.5)
    assert total(apart).high_ns == pytest.approx(200 + 300**0.5)
    assert by_family(apart)["copy"] == Interval(90, 110)
    assert total([]) == Interval(0, 0)


def test_no_inverted_or_negative_interval_exists() -> None:
    """Low above high, or below 0, is a mistake in the caller."""
    for low, high in ((2.0, 1.0), (-1.0, 1.0)):
        with pytest.raises(ValueError, match="no interval"):
            Interval(low, high)
    assert Interval(0, 5).ratio is None
    assert Interval(2, 5).ratio == 2.5


def test_kernel_names_tell_how_memory_is_walked() -> None:
    """PyTorch's names of elementwise kernels; other families keep their own kind."""
    kinds = {
        "void at::native::vectorized_elementwise_kernel<4, at::native::GeluCUDAKernelImpl>": (
            "vectorized"
        ),
        "void at::native::unrolled_elementwise_kernel<at::native::direct_copy_kernel_cuda>": (
            "unrolled"
        ),
        "void at::native::elementwise_kernel<128, 4, at::native::MulFunctor<float>>": "strided",
        "void at::native::(anonymous namespace)::CatArrayBatchedCopy<float>": "concatenation",
        "Memcpy DtoD (Device -> Device)": "memcpy",
        "silu_and_mul_kernel": "elementwise",
    }
    assert {name: rates.kind_of("elementwise", name) for name in kinds} == kinds
    assert rates.kind_of("gemm", "vectorized_elementwise_kernel") == "gemm"


def test_rates_drift_in_proportion_and_back() -> None:
    """Nothing at the same size, all of it from 1.5 times on, and the reciprocal when shrinking."""
    assert rates.drift("gemm", 1.0) == (1.0, 1.0)
    assert rates.drift("gemm", 4.0) == pytest.approx(rates.DRIFT["gemm"])
    assert rates.drift("gemm", 0.25) == pytest.approx((1 / 2.2, 1 / 0.75))
    assert rates.drift("copy", 1.5**0.5) == pytest.approx((0.8**0.5, 1.25**0.5))
