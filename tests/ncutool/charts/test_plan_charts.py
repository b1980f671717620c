"""The pictures of a plan: marks under the roofs, throughput against the speed of each user."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ncutool.charts.plan_roofline import PlanSubject, plan_roofline
from ncutool.charts.user_speed import user_speed
from ncutool.page.plan_pictures import seen
from ncutool.planning import llm
from ncutool.planning.llm.curve import at_speeds, curve, curve_batches, named_curves
from ncutool.planning.llm.described import counted
from ncutool.planning.llm.roof_marks import LAYERS, WHOLE, decode_marks, prefill_marks, roofs
from ncutool.planning.llm.step import decode_step

FP8 = llm.plan(
    "llama-3-70b", "h100-sxm", weights="fp8", tensor_parallel=8, context_tokens=2048, batch=32
)
MIXTURE = llm.plan("gpt-oss-120b", "b200", tensor_parallel=2, context_tokens=8192)


def layer(chart: Any, name: str) -> list[dict[str, Any]]:
    """Return the rows of a layer of a chart, as its specification has them."""
    layers = chart.to_dict(validate=False)["vconcat"][0]["layer"]
    rows: list[dict[str, Any]] = next(one for one in layers if one.get("name") == name)["data"][
        "values"
    ]
    return rows


def test_both_roofs_are_drawn_with_their_own_ridges() -> None:
    """FP8 at 1,978.9 TFLOP/s from 590.7 FLOP/byte, BF16 at 989.4 from 295.3; memory up to both."""
    subject = seen(FP8).subject
    lines = layer(plan_roofline(subject), "lines")
    ends: dict[str, list[tuple[float, float]]] = {}
    for row in lines:
        ends.setdefault(row["about"], []).append((row["x"], row["y"]))
    assert ends["roof|fp8_tensor"][0] == pytest.approx((590.716, 1.9789e15), rel=1e-4)
    assert ends["roof|bf16_tensor"][0] == pytest.approx((295.343, 9.894e14), rel=1e-4)
    assert ends["roof|memory"][1] == pytest.approx((590.716, 1.9789e15), rel=1e-4)
    (left, low), _ = ends["roof|memory"]
    assert low == pytest.approx(left * 3.35e12)
    assert [(one.name, one.is_used) for one in roofs(FP8)] == [
        ("fp8_tensor", True),
        ("bf16_tensor", True),
    ]


def test_a_roof_that_the_plan_does_not_meet_is_thin() -> None:
    """A bf16 model on a B200: the narrower types' roofs are there, and not among those in use."""
    plan = llm.plan("llama-3-8b", "b200")
    assert [(one.name, one.is_used) for one in roofs(plan)] == [
        ("fp4_tensor", False),
        ("fp8_tensor", False),
        ("bf16_tensor", True),
    ]
    lines = layer(plan_roofline(seen(plan).subject), "lines")
    assert {row["about"] for row in lines} == {
        "roof|memory",
        "lower|fp4_tensor",
        "lower|fp8_tensor",
        "roof|bf16_tensor",
        "ridge|ridge of bf16_tensor",
    }


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(["llama-3-8b", "gpt-oss-20b", "deepseek-v3", "gemma-3-27b"]),
    st.sampled_from(["h100-sxm", "b200", "mi300x", "l4"]),
    st.sampled_from(["native", "bf16", "fp8", "int4"]),
    st.integers(1, 5000),
    st.integers(1, 100_000),
)
def test_no_mark_lies_above_a_roof(
    model: str, device: str, weights: str, batch: int, context: int
) -> None:
    """Each mark is at most its intensity times the bandwidth, and the highest roof in use."""
    plan = llm.plan(
        model, device, weights=weights, batch=batch, context_tokens=context, batches=(),
        contexts=(),
    )  # fmt: skip
    highest = max(one.peak_flop_per_s for one in roofs(plan) if one.is_used)
    for mark in (*decode_marks(plan, (batch,)), *prefill_marks(plan)):
        fed = mark.intensity_flop_per_byte * plan.peak_bytes_per_s
        assert mark.flop_per_s <= min(highest, fed) * (1 + 1e-9)
        assert mark.bound == "compute" or mark.flop_per_s == pytest.approx(fed)


def test_marks_agree_with_the_sweep() -> None:
    """The whole step's mark is the sweep's intensity, and reaches its FLOPs in its time."""
    step = decode_step(FP8.setup, 64, FP8.context_tokens, FP8.memory.usable_bytes)
    marks = {mark.kind: mark for mark in decode_marks(FP8, (64,))}
    assert marks[WHOLE].intensity_flop_per_byte == pytest.approx(step.intensity_flop_per_byte)
    assert step.attention_flop is not None
    flop = step.matrix_flop + step.attention_flop
    local_ns = max(step.memory_ns, step.compute_ns)
    assert marks[WHOLE].flop_per_s == pytest.approx(1e9 * flop / local_ns)
    assert marks[LAYERS].intensity_flop_per_byte == pytest.approx(
        step.matrix_intensity_flop_per_byte, rel=1e-3
    )


def test_a_prompt_has_a_mark_for_each_type_of_inputs() -> None:
    """The plan's own is filled, that with bf16 inputs hollow and on the roof of bf16."""
    own, other = prefill_marks(FP8)
    assert (own.activations, other.activations) == ("fp8", "bf16")
    assert other.flop_per_s == pytest.approx(989.4e12)
    assert own.flop_per_s > 1.9e15
    rows = layer(plan_roofline(seen(FP8).subject), "still")
    triangles = [row for row in rows if row["shape"] == "triangle-up"]
    assert [row["filling"] for row in triangles] == [1.0, 0.01]


def test_the_curve_ends_where_memory_does() -> None:
    """Doublings up to the first that does not fit, with the largest that fits between them."""
    points = curve(FP8)
    assert [point.batch for point in points] == [
        1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 813, 1024,
    ]  # fmt: skip
    assert [point.batch for point in points if not point.fits] == [1024]
    assert {point.batch: point.marks for point in points if point.marks} == {
        32: ("plan",),
        813: ("memory",),
    }
    end = points[10]
    assert end.tokens_per_s_per_device == pytest.approx(end.tokens_per_s / 8)
    assert end.tokens_per_s == pytest.approx(813 * end.tokens_per_s_per_sequence)
    assert decode_step(FP8.setup, 813, 2048, FP8.memory.usable_bytes).tokens_per_s == pytest.approx(
        end.tokens_per_s
    )


def test_the_first_compute_bound_batch_is_on_the_curve() -> None:
    """Where the whole step turns is a point of its own, and the one before is memory-bound."""
    plan = llm.plan("llama-3-8b", "H100 SXM", context_tokens=128)
    points = {point.batch: point for point in curve(plan)}
    assert points[438].marks == ("compute",)
    assert points[438].bound == "compute"
    assert points[256].bound == "memory"


def test_speeds_of_users_find_the_largest_batch() -> None:
    """At each round speed one sequence more would be slower than that, or not fit."""
    rows = at_speeds(FP8, curve(FP8))
    assert [row.tokens_per_s_per_sequence for row in rows] == [300.0, 200.0, 100.0, 70.0, 50.0]
    assert [row.batch for row in rows] == [27, 94, 294, 465, 693]
    for row in rows:
        more = decode_step(FP8.setup, row.batch + 1, 2048, FP8.memory.usable_bytes)
        slower = more.tokens_per_s_per_sequence < row.tokens_per_s_per_sequence
        assert slower if row.stopped_by == "time" else not more.fits


def test_a_model_that_does_not_fit_has_a_curve_of_hollow_marks() -> None:
    """Nothing is held; no speed has an answer."""
    plan = llm.plan("llama-3-70b", "H100 SXM")
    points = curve(plan)
    assert points
    assert not any(point.fits for point in points)
    assert at_speeds(plan, points) == ()
    assert {row["filling"] for row in layer(user_speed(named_curves([("x", plan)])), "trail")} == {
        0.01
    }


def test_a_model_without_a_cache_has_no_end() -> None:
    """Of a parameter count alone memory sets no limit that is known."""
    plan = llm.plan(counted(8e9, {}), "H100 SXM")
    points = curve(plan)
    assert points[-1].batch == 4096
    assert not any("memory" in point.marks for point in points)
    assert plan_roofline(seen(plan).subject).to_dict()["vconcat"]


def test_several_curves_are_told_apart() -> None:
    """Each has its line and its name, equal names are numbered, and the axis is of a device."""
    other = llm.plan("llama-3-70b", "h200-sxm", weights="fp8", context_tokens=2048)
    curves = named_curves([("a", FP8), ("b", other), ("a", FP8)])
    assert [one.name for one in curves] == ["a", "b", "a #2"]
    chart = user_speed(curves)
    lines = layer(chart, "lines")
    assert {row["about"] for row in lines if row["about"].startswith("held")} == {
        "held|a", "held|b", "held|a #2",
    }  # fmt: skip
    assert len({row["color"] for row in lines}) == 3
    spec = chart.to_dict()
    axis = spec["vconcat"][0]["layer"][0]["encoding"]["y"]["axis"]
    assert axis["title"] == "tok/s a device"


def test_a_mixture_has_a_thin_line_of_what_is_expected() -> None:
    """With experts chosen uniformly every batch but the first is slower than its floor."""
    (one,) = named_curves([("x", MIXTURE)])
    lines = layer(user_speed([one]), "lines")
    thin = [row for row in lines if row["about"] == "expected|x"]
    thick = [row for row in lines if row["about"] == "held|x"]
    assert [a["x"] <= b["x"] for a, b in zip(thin, thick, strict=True)] == [True] * len(thin)
    assert thin[-1]["x"] < thick[-1]["x"]


@pytest.mark.parametrize("plan", [FP8, MIXTURE], ids=["dense", "mixture"])
def test_the_charts_are_valid(plan: llm.Plan) -> None:
    """altair's own schema accepts both."""
    shown = seen(plan)
    assert plan_roofline(shown.subject, stops=curve_batches(plan)).to_dict()["vconcat"]
    assert user_speed([shown.curve], stops=curve_batches(plan)).to_dict()["vconcat"]


def test_large_marks_are_those_of_the_batches_asked_for() -> None:
    """A picture for a file shows one batch."""
    subject = seen(FP8).subject
    assert isinstance(subject, PlanSubject)
    rows = layer(plan_roofline(subject, stops=(32,)), "stops")
    assert [row["about"].partition("|")[0] for row in rows] == ["5", "5"]
    assert [row["shape"] for row in rows] == ["circle", "diamond"]
