"""Two batches, a token time, a benchmark: the worked figures, and what they cannot tell."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool.devices.table import load_devices
from ncutool.planning import llm
from ncutool.planning.signals import Benchmark, TokenTime, Verdict, classify
from ncutool.planning.signals.batches import classify_batches, fixed_pct
from ncutool.planning.signals.token_time import of_plan
from ncutool_parsers.errors import UsageError

H100 = next(device for device in load_devices() if device.name == "H100 SXM 80GB")


def figure(verdict: Verdict, name: str) -> float:
    """A figure of a verdict that is known."""
    (value,) = [each.value for each in verdict.figures if each.name == name]
    assert value is not None
    return value


def test_the_worked_batch_pair() -> None:
    """8:1200 and 16:2300: steps of 6.667 and 6.957 ms, 11/12 of the larger one fixed."""
    (verdict,) = classify_batches([(16, 2300), (8, 1200)])
    assert (verdict.regime, verdict.confidence) == ("fixed_cost", "medium")
    assert figure(verdict, "fixed_share_pct") == pytest.approx(100 * 11 / 12)
    assert figure(verdict, "step_small_ns") == pytest.approx(1e9 * 8 / 1200)
    assert figure(verdict, "step_large_ns") == pytest.approx(1e9 * 16 / 2300)
    assert figure(verdict, "added_per_item_ns") == pytest.approx(36_231.9, abs=0.1)
    assert any("cannot tell them apart" in note for note in verdict.notes)


@given(
    fixed=st.floats(0.001, 1e3),
    each=st.floats(1e-6, 1e3),
    batch=st.integers(1, 4096),
    times=st.integers(2, 64),
)
def test_the_fixed_share_is_that_of_the_model(
    fixed: float, each: float, batch: int, times: int
) -> None:
    """For any t(B) = a + b·B and any two batches (r - 1) / (k - 1) is a / t of the larger."""
    larger = times * batch
    gain = (larger / (fixed + each * larger)) / (batch / (fixed + each * batch))
    share = 100 * fixed / (fixed + each * larger)
    assert fixed_pct(times, gain) == pytest.approx(share, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("gain", "regime", "confidence"),
    [
        (2.0, "fixed_cost", "medium"),
        (1.9, "fixed_cost", "medium"),
        (1.81, "fixed_cost", "low"),
        (1.79, "between", "low"),
        (1.5, "between", "medium"),
        (1.21, "between", "low"),
        (1.19, "saturated", "low"),
        (1.1, "saturated", "medium"),
        (0.7, "saturated", "medium"),
        (2.05, "fixed_cost", "medium"),
        (2.5, "unknown", "none"),
    ],
)
def test_the_boundaries_for_a_doubling(gain: float, regime: str, confidence: str) -> None:
    """1.8 and 1.2 times, sure only where an error of 5 % stays on the same side."""
    (verdict,) = classify_batches([(8, 1000), (16, 1000 * gain)])
    assert (verdict.regime, verdict.confidence) == (regime, confidence)


def test_a_falling_throughput_may_be_that_of_one_sequence() -> None:
    """The usual mistake, tokens a second of one user, is named."""
    (verdict,) = classify_batches([(8, 100), (16, 60)])
    assert any("all sequences together" in note for note in verdict.notes)


def test_a_series_of_batches_tells_where_scaling_ends() -> None:
    """Each step from one batch to the next has a verdict of its own."""
    found = classify_batches([(1, 100), (4, 390), (16, 1500), (64, 2000), (128, 2050)])
    assert [verdict.regime for verdict in found] == [
        "fixed_cost",
        "fixed_cost",
        "saturated",
        "saturated",
    ]


@pytest.mark.parametrize(
    "points",
    [
        [(8, 1200)],
        [(8, 1200), (8, 1300)],
        [(0, 1200), (8, 1300)],
        [(8, -1), (16, 2)],
        [(8, math.nan), (16, 2)],
        [(math.inf, 1), (16, 2)],
    ],
)
def test_nonsense_batches_are_refused(points: list[tuple[float, float]]) -> None:
    """One batch, the same twice, nothing, less than nothing, no number."""
    with pytest.raises(UsageError):
        classify_batches(points)


def token(token_time: TokenTime, device: str | None = "H100 SXM 80GB") -> Verdict:
    """The verdict on a token time."""
    (verdict,) = classify(token_time=token_time, device=device).verdicts
    return verdict


def test_the_worked_token_time() -> None:
    """16 GB in 6.1 ms on an H100 SXM: 2.623 TB/s of 3.35, 78.3 %, a floor of 4.776 ms."""
    verdict = token(TokenTime(6.1e6, 16e9))
    assert (verdict.regime, verdict.confidence) == ("memory", "medium")
    assert figure(verdict, "achieved_bytes_per_s") == pytest.approx(2.62295e12, rel=1e-5)
    assert figure(verdict, "memory_pct") == pytest.approx(78.297, abs=0.001)
    assert figure(verdict, "floor_ns") == pytest.approx(4.77612e6, rel=1e-5)


def test_a_slow_token_of_bytes_alone_tells_nothing() -> None:
    """At 30 % arithmetic, a cache, launches may take the rest: none is claimed."""
    verdict = token(TokenTime(16e6, 16e9))
    assert (verdict.regime, verdict.confidence) == ("unknown", "none")
    assert any("cache" in note for note in verdict.notes)


def test_a_token_faster_than_its_bytes_cannot_be() -> None:
    """16 GB in 4 ms is 4 TB/s: an error or a cache, flagged and not clipped."""
    verdict = token(TokenTime(4e6, 16e9))
    assert (verdict.regime, verdict.confidence) == ("unknown", "none")
    assert "cannot be" in verdict.reason
    assert figure(verdict, "memory_pct") == pytest.approx(119.4, abs=0.1)


def test_a_token_of_a_planned_model() -> None:
    """Bytes and arithmetic are the plan's: memory at batch 1, compute at a large one."""
    plan = llm.plan("llama-3-8b", "H100 SXM", batch=1, context_tokens=8192)
    step = plan.decode
    near = token(of_plan(plan, 1.25 * step.floor_ns))
    assert (near.regime, near.confidence) == ("memory", "high")
    assert figure(near, "memory_pct") == pytest.approx(80)
    assert figure(near, "read_bytes") == pytest.approx(step.weight_bytes + (step.kv_bytes or 0))
    slow = token(of_plan(plan, 10 * step.floor_ns))
    assert (slow.regime, slow.confidence) == ("latency", "medium")
    large = llm.plan("llama-3-8b", "H100 SXM", batch=2048, context_tokens=16)
    crowded = token(of_plan(large, 1.3 * large.decode.floor_ns))
    assert crowded.regime == "compute"


def test_shared_layers_leave_communication_unknown() -> None:
    """With tensor parallelism the all-reduce is not in the floor, and that is said."""
    plan = llm.plan("llama-3-70b", "H100 SXM", tensor_parallel=4)
    verdict = token(of_plan(plan, 2 * plan.decode.floor_ns))
    assert any("communication" in note for note in verdict.notes)


def test_without_a_device_there_is_a_rate_and_no_regime() -> None:
    """Nothing to hold it against."""
    verdict = token(TokenTime(6.1e6, 16e9), device=None)
    assert (verdict.regime, verdict.confidence) == ("unknown", "none")
    (step,) = classify(benchmark=Benchmark(4e6, 1.2e12, 3e9)).verdicts
    assert (step.regime, figure(step, "intensity_flop_per_byte")) == ("unknown", 400)


def bench(step: Benchmark) -> Verdict:
    """The verdict on a benchmark on an H100 SXM."""
    (verdict,) = classify(benchmark=step, device=H100).verdicts
    return verdict


def test_the_worked_benchmark() -> None:
    """1.2 TFLOP and 3 GB in 4 ms: 300 TFLOP/s 30.3 %, 0.75 TB/s 22.4 %, ridge 295.3."""
    verdict = bench(Benchmark(4e6, 1.2e12, 3e9, "bf16"))
    assert (verdict.regime, verdict.confidence) == ("latency", "medium")
    assert figure(verdict, "achieved_flop_per_s") == pytest.approx(3e14)
    assert figure(verdict, "compute_pct") == pytest.approx(30.321, abs=0.001)
    assert figure(verdict, "memory_pct") == pytest.approx(22.388, abs=0.001)
    assert figure(verdict, "ridge_point_flop_per_byte") == pytest.approx(295.34, abs=0.01)
    assert figure(verdict, "roofline_pct") == pytest.approx(30.321, abs=0.001)
    assert any("compute side" in note for note in verdict.notes)


@pytest.mark.parametrize(
    ("step", "regime", "confidence"),
    [
        (Benchmark(1e9, 7e14, 1e11), "compute", "high"),
        (Benchmark(1e9, 1e13, 2.9e12), "memory", "high"),
        (Benchmark(1e9, 7e14, 2.3e12), "balanced", "high"),
        (Benchmark(1e9, 4.5e14, 1.5e12), "mixed", "low"),
        (Benchmark(1e9, 7e14), "compute", "medium"),
        (Benchmark(1e9, None, 2.9e12), "memory", "medium"),
        (Benchmark(1e9, 3e14), "unknown", "none"),
        (Benchmark(1e9, None, 1e12), "unknown", "none"),
        (Benchmark(1e9, 1.05e15, 1e11), "compute", "high"),
        (Benchmark(1e9, 1.5e15, 1e11), "unknown", "none"),
        (Benchmark(1e9, None, 4e12), "unknown", "none"),
        (Benchmark(5e3, 1e6, 2e7), "cache", "medium"),
    ],
)
def test_a_benchmark_by_its_shares(step: Benchmark, regime: str, confidence: str) -> None:
    """Either side, both, one alone, boost clocks, what cannot be, and what a cache served."""
    verdict = bench(step)
    assert (verdict.regime, verdict.confidence) == (regime, confidence)


def test_dense_peaks_hold_a_benchmark() -> None:
    """700 TFLOP/s in bf16 are 71 % of the dense 989, not 35 % of the sparse 1979."""
    assert figure(bench(Benchmark(1e9, 7e14)), "compute_pct") == pytest.approx(70.75, abs=0.01)
    assert figure(bench(Benchmark(1e9, 7e14, None, "fp8")), "compute_pct") == pytest.approx(
        35.37, abs=0.01
    )


@pytest.mark.parametrize(
    "step",
    [
        Benchmark(1e9),
        Benchmark(0, 1e12),
        Benchmark(-1, 1e12),
        Benchmark(math.nan, 1e12),
        Benchmark(1e9, -1e12),
        Benchmark(1e9, 1e12, math.inf),
        Benchmark(1e9, 1e12, 1e9, "fp7"),
        Benchmark(1e9, 1e12, 1e9, "fp4"),
    ],
)
def test_nonsense_benchmarks_are_refused(step: Benchmark) -> None:
    """No work, no time, no number, no such type, none on this device (FP4 on Hopper)."""
    with pytest.raises(UsageError):
        bench(step)


def test_no_signal_is_refused() -> None:
    """It says what could be given."""
    with pytest.raises(UsageError, match="nvidia-smi dmon"):
        classify()


def test_several_sources_stand_beside_each_other() -> None:
    """Each has its verdict; the surest heads the report, and a contradiction is said."""
    report = classify(
        batches=[(8, 1200), (16, 2300)],
        token_time=TokenTime(6.1e6, 16e9),
        benchmark=Benchmark(1e9, 7e14, 1e11),
        device=H100,
    )
    assert [verdict.kind for verdict in report.verdicts] == ["batches", "token time", "benchmark"]
    assert report.headline.startswith("compute (confidence high")
    assert any("another memory" in note for note in report.notes)
