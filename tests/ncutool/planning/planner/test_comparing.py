"""Devices side by side: attainable rates, prices, crossovers, and a capture's launches."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ncutool.analysis.analyse import read_and_analyse
from ncutool.devices.resolve import Device, resolve
from ncutool.planning import llm, planner
from ncutool.planning.planner.comparison_record import comparison_rows
from ncutool_parsers.errors import UsageError

PAIR = ("H100 SXM", "H200 SXM")


@pytest.mark.parametrize(("intensity", "expected"), [(1.0, 3.35), (295.2, 989.0), (600.0, 989.0)])
def test_attainable_on_an_h100(intensity: float, expected: float) -> None:
    """3.35, 989 and 989 TFLOP/s at intensities of 1, 295.2 and 600."""
    found = planner.compare_intensity(PAIR, intensity).devices[0]
    assert found.attainable_flop_per_s == pytest.approx(1e12 * expected, rel=5e-4)


def test_memory_bound_gain_of_an_h200() -> None:
    """4.8 / 3.35 = 1.433 at intensity 1, nothing at 600."""
    assert planner.compare_intensity(PAIR, 1.0).devices[1].ratio_to_first == pytest.approx(
        1.4328, abs=1e-4
    )
    assert planner.compare_intensity(PAIR, 600.0).devices[1].ratio_to_first == 1


@pytest.mark.parametrize(
    ("name", "ridge"),
    [
        ("V100 SXM2 32GB", None), ("A100 40GB SXM", 200.6), ("A100 80GB SXM", 153.0),
        ("A100 80GB PCIe", 161.2), ("L4", 403), ("L40S", 419), ("RTX 4090", 164),
        ("H100 PCIe", 371), ("H100 SXM", 295.3), ("H100 NVL", 212.2), ("H200 SXM", 206),
        ("H20", 37), ("B200", 293), ("MI300X", 247), ("MI355X", 315),
    ],
)  # fmt: skip
def test_ridge_points(name: str, ridge: float | None) -> None:
    """Dense bf16 ridges of the cards; a card without bf16 has none."""
    found = planner.compare_intensity([name, "T4"], 1.0).devices[0]
    if ridge is None:
        assert found.ridge_point_flop_per_byte is None
        assert "no peak for bf16" in (found.missing_reason or "")
    else:
        assert found.ridge_point_flop_per_byte == pytest.approx(ridge, abs=0.51)


def test_a_ridge_of_fp16_is_that_of_older_cards() -> None:
    """V100 139 and T4 203 FLOP/byte."""
    found = planner.compare_intensity(["V100 SXM2 32GB", "T4"], 1.0, dtype="fp16").devices
    assert [round(each.ridge_point_flop_per_byte or 0) for each in found] == [139, 203]


def test_prices_buy_and_leads_change() -> None:
    """3600 / 2 · 3.35 TFLOP for 1; an H20 (4.0 TB/s, 148) leads an H100 until 4.0·x = … 247.35:
    no: until the H20's peak over the H100's bandwidth, 148 / 3.35 = 44.2 FLOP/byte."""
    found = planner.compare_intensity(["H100 SXM", "H20"], 1.0, prices={"h100-sxm": 2.0})
    assert found.devices[0].flop_per_price == pytest.approx(3.35e12 * 3600 / 2)
    assert found.devices[1].flop_per_price is None
    peak = found.devices[1].peak_flop_per_s
    assert peak is not None
    assert found.devices[1].crossover_flop_per_byte == pytest.approx(peak / 3.35e12)
    at = found.devices[1].crossover_flop_per_byte or 0.0
    below, above = (
        planner.compare_intensity(["H100 SXM", "H20"], factor * at).devices[1].ratio_to_first
        for factor in (0.99, 1.01)
    )
    assert below is not None
    assert above is not None
    assert below > 1 > above


def test_a_price_moves_where_the_lead_changes() -> None:
    """At 1.4 times the price an H200 still leads by bandwidth (1.433), until its peak over the
    price meets the H100's line: 989.4 / 1.4 / 3.35 = 211.0 FLOP/byte."""
    found = planner.compare_intensity(PAIR, 1.0, prices={"h100-sxm": 2.0, "h200-sxm": 2.8})
    assert found.devices[1].crossover_flop_per_byte == pytest.approx(989.4 / 1.4 / 3.35)
    assert found.devices[1].flop_per_price_ratio_to_first == pytest.approx(4.8 / 3.35 / 1.4)


def _model(first: str, second: str, prices: dict[str, float], **options: Any) -> Any:
    from ncutool.planning.llm.described import counted

    sizes = options.pop("sizes", {})
    return planner.compare_model([first, second], counted(8e9, sizes), prices=prices, **options)


def test_the_crossover_batch_by_hand() -> None:
    """8e9 parameters: an H200 at 1.4 times the price gives more tokens for it until its arithmetic
    binds. 2 · 16e9 / 3.35e12 > 2.8 · 16e9 · B / 989.4e12 ends at B = 210.96, so from 211 on the
    H100 does."""
    prices = {"h100-sxm": 2.0, "h200-sxm": 2.8}
    back = _model("H200 SXM", "H100 SXM", prices).devices[1]
    assert back.crossover_batch == 211
    there = _model("H100 SXM", "H200 SXM", prices).devices[1]
    assert there.ahead == ((1, 210),)
    assert there.tokens_per_price == pytest.approx(4.8e12 / 16e9 * 3600 / 2.8)


def test_no_crossover_is_said_as_none() -> None:
    """At 1.5 times the price an H200 is behind at every batch; at the same price ahead at once."""
    dear = _model("H100 SXM", "H200 SXM", {"h100-sxm": 2.0, "h200-sxm": 3.0}).devices[1]
    assert (dear.ahead, dear.crossover_batch) == ((), None)
    same = _model("H100 SXM", "H200 SXM", {"h100-sxm": 2.0, "h200-sxm": 2.0}).devices[1]
    assert same.crossover_batch == 1


def test_the_crossover_agrees_with_the_plans_themselves() -> None:
    """Every batch that both hold, by llm.plan: ahead exactly where the range says."""
    prices = {"h200-sxm": 2.8, "h100-sxm": 2.0}
    found = planner.compare_model(PAIR, "llama-3-8b", context_tokens=64, prices=prices)
    row = found.devices[1]
    assert row.shared_batch is not None
    batches = tuple(range(1, row.shared_batch + 1))
    steps = [
        llm.plan("llama-3-8b", name, context_tokens=64, batches=batches).batches for name in PAIR
    ]
    ahead = {
        one.batch
        for one, other in zip(*steps, strict=True)
        if 2.8 * other.floor_ns < 2.0 * one.floor_ns
    }
    assert ahead == {batch for low, high in row.ahead for batch in range(low, (high or 0) + 1)}
    assert 0 < len(ahead) < len(batches)


def test_the_most_that_memory_allows() -> None:
    """An H200 at 1.45 times the price is behind at each batch, but holds more sequences: from 122
    on it gives more for the price than an H100 at its 114."""
    prices = {"h100-sxm": 2.0, "h200-sxm": 2.9}
    found = planner.compare_model(PAIR, "llama-3-8b", batch=16, prices=prices)
    first, second = found.devices
    assert (first.most_sequences, second.shared_batch, second.ahead) == (114, 114, ())
    assert second.beats_best_batch is not None
    plans = [
        planner.compare_model(PAIR, "llama-3-8b", batch=batch, prices=prices).devices[1]
        for batch in (second.beats_best_batch - 1, second.beats_best_batch)
    ]
    best = first.best_tokens_per_price
    assert best is not None
    assert (plans[0].tokens_per_price or 0) <= best < (plans[1].tokens_per_price or 0)


def test_a_model_that_does_not_fit_gives_no_tokens() -> None:
    """70B on 80 GB: no tokens a second, no tokens for the price; two of them do it, at the price of
    two."""
    found = planner.compare_model(
        ["H100 SXM", "A100 80GB SXM"], "llama-3-70b", prices={"h100-sxm": 2.0}
    )
    assert [each.tokens_per_s for each in found.devices] == [None, None]
    assert found.devices[0].tokens_per_price is None
    assert found.devices[0].smallest_tensor_parallel == 2
    assert any("tensor parallelism 2 or more" in note for note in found.notes)
    two = planner.compare_model(
        ["H100 SXM", "A100 80GB SXM"],
        "llama-3-70b",
        prices={"h100-sxm": 2.0},
        tensor_parallel=2,
        context_tokens=1024,
    ).devices[0]
    assert two.price_per_hour == 4.0
    assert two.tokens_per_s is not None


@pytest.mark.parametrize(
    ("names", "intensity", "options", "said"),
    [
        (["H100 SXM"], 1.0, {}, "two devices or more"),
        (["H100 SXM", "h100-sxm"], 1.0, {}, "two devices or more"),
        ([], 1.0, {}, "two devices or more"),
        (["H100 SXM", "abacus"], 1.0, {}, "no device named"),
        (PAIR, 0.0, {}, "the intensity must be above 0"),
        (PAIR, float("nan"), {}, "the intensity must be above 0"),
        (PAIR, 1.0, {"dtype": "fp7"}, "no data type"),
        (PAIR, 1.0, {"prices": {"t4": 1.0}}, "not compared"),
        (PAIR, 1.0, {"prices": {"h100-sxm": 0.0}}, "must be above 0"),
        (PAIR, 1.0, {"prices": {"h100-sxm": float("inf")}}, "must be above 0"),
    ],
)
def test_nonsense_is_refused(
    names: list[str], intensity: float, options: dict[str, Any], said: str
) -> None:
    """What cannot be is said, naming the value."""
    with pytest.raises(UsageError, match=said):
        planner.compare_intensity(names, intensity, **options)


def _launch(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "launch_id": number, "capture": "c.json", "source": "torch", "kernel": "k",
        "roof": "bf16_tensor", "flop": 1e11, "dram_bytes": 1e6, "duration_ns": 200_000,
        "bound": "compute", "peak_flop_per_s": None, "peak_bytes_per_s": None, **changes,
    }  # fmt: skip


def _kernels(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(
        list(rows),
        schema_overrides={"peak_flop_per_s": pl.Float64, "peak_bytes_per_s": pl.Float64},
        infer_schema_length=None,
    )


def _h100() -> Device:
    found = resolve(None, "H100 SXM").device
    assert found is not None
    return found


def test_a_captures_launches_are_summed() -> None:
    """As measured on its own device; compute-bound work as fast on an H200 and 3.171 times as long
    on an A100, and FLOPs for the price of that time."""
    rows = _kernels(_launch(0), _launch(1))
    names = ["H100 SXM", "H200 SXM", "A100 80GB SXM"]
    found = planner.compare_capture(names, rows, _h100(), prices={"a100-80gb-sxm": 1.0})
    assert [each.speedup_low for each in found.devices] == pytest.approx([1, 1, 312 / 989.4])
    assert found.devices[2].low_ns == found.devices[2].high_ns
    assert found.devices[2].flop_per_price_low == pytest.approx(
        2e11 * 3600 / (400_000e-9 * 989.4 / 312)
    )
    assert found.devices[1].attainable_flop_per_s == pytest.approx(989.4e12)
    assert found.without_figures_pct == 0
    assert f"{_h100().name}: as measured" in found.notes


def test_what_has_no_figures_is_said_with_its_share() -> None:
    """A quarter of the time without FLOPs; communication is no part of that share, and kept."""
    nothing = {"flop": None, "dram_bytes": None, "roof": None}
    rows = _kernels(
        _launch(0),
        _launch(1, **nothing, bound="unknown", duration_ns=100_000),
        _launch(
            2, flop=None, dram_bytes=None, roof=None, bound="communication", duration_ns=100_000
        ),
    )
    found = planner.compare_capture(PAIR, rows, _h100())
    assert found.without_figures_pct == 25
    second = found.devices[1]
    assert second.share_pct == {"compute": 50.0, "communication": 25.0, "unknown": 25.0}
    assert second.high_ns == 400_000
    assert second.low_ns == pytest.approx(300_000 + 100_000 * 3.35 / 4.8)
    assert any(note.startswith("communication is kept") for note in found.notes)


def test_a_device_without_the_type_has_no_total() -> None:
    """An A100 has no fp8: no time, no speed-up, no rate, and the share that is why."""
    rows = _kernels(_launch(0), _launch(1, roof="fp8_tensor", duration_ns=600_000))
    found = planner.compare_capture(["H100 SXM", "A100 80GB SXM"], rows, _h100()).devices[1]
    assert found.low_ns is found.speedup_high is found.attainable_flop_per_s is None
    assert "75.0 %" in (found.missing_reason or "")


def test_a_report_is_scaled_from_locked_and_from_full_clocks() -> None:
    """At half the clock of an H100: at its full one from half the time to all of it."""
    row = _launch(0, source="ncu", peak_flop_per_s=494.7e12, peak_bytes_per_s=3.35e12)
    found = planner.compare_capture(PAIR, _kernels(row), _h100()).devices[0]
    assert found.low_ns == pytest.approx(100_000)
    assert found.high_ns == pytest.approx(200_000)


def test_a_capture_without_times_is_refused() -> None:
    """Nothing can be rescaled."""
    rows = _kernels(_launch(0)).with_columns(duration_ns=pl.lit(None, dtype=pl.Int64))
    with pytest.raises(UsageError, match="records no times"):
        planner.compare_capture(PAIR, rows, _h100())


def test_rows_of_a_comparison_have_the_same_columns() -> None:
    """Shares are columns, null where a device has none of a kind."""
    rows = _kernels(_launch(0), _launch(1, roof="fp8_tensor"))
    found = comparison_rows(planner.compare_capture(["H100 SXM", "A100 80GB SXM"], rows, _h100()))
    assert found[0].keys() == found[1].keys()
    assert (found[0]["unsupported_pct"], found[1]["unsupported_pct"]) == (None, 50.0)


def test_a_real_trace(corpus: Path) -> None:
    """A prefill on an H100: as measured there; on an H200 never slower and at most 1.433 times
    as fast; slower with every older card."""
    analysis = read_and_analyse(corpus / "torch" / "h100-qwen1.5-0.5b-prefill.json.gz")
    own = analysis.resolution.device
    names = ["H100 SXM", "H200 SXM", "A100 80GB SXM", "L4"]
    found = planner.compare_capture(names, analysis.kernels, own)
    first, second, *others = found.devices
    assert first.speedup_low == first.speedup_high == 1
    assert second.speedup_low is not None
    assert second.speedup_high is not None
    assert 1 < second.speedup_low < second.speedup_high < 1.4329
    assert found.without_figures_pct == pytest.approx(30.0, abs=0.5)
    highs = [second.speedup_high, *(each.speedup_high or 0 for each in others)]
    assert all(one > other for one, other in pairwise(highs))


def test_devices_with_data_parallel_attention_begin_at_a_batch_for_each_group() -> None:
    """Sixteen devices each; no range begins below a sequence for each of their groups."""
    found = planner.compare_model(
        ["H100 SXM", "H200 SXM"], "deepseek-v3", data_parallel_attention=16, expert_parallel=16,
        batch=256, prices={"H100 SXM": 2.5, "H200 SXM": 3.0},
    )  # fmt: skip
    assert found.devices_each == 16
    assert found.devices[0].price_per_hour == 40.0
    assert found.devices[1].ahead[0][0] == 16


def test_sides_of_different_sizes() -> None:
    """Two H100s against one H200: each side with its own layout, tokens and price of all of it."""
    found = planner.compare_model(
        ["2xh100-sxm", "h200-sxm"], "llama-3-8b", batch=16, context_tokens=1000,
        prices={"h100-sxm": 2.0, "h200-sxm": 3.0},
    )  # fmt: skip
    two, one = found.devices
    alone = llm.plan(
        "llama-3-8b", "H100 SXM", tensor_parallel=2, batch=16, context_tokens=1000, batches=()
    )
    assert (two.devices, one.devices, found.devices_each) == (2, 1, None)
    assert two.label == "2 × H100 SXM 80GB"
    assert one.label == "1 × H200 SXM 141GB"
    assert two.layout == "tensor parallelism 2"
    assert two.floor_ns == alone.decode.floor_ns
    assert (two.price_per_hour, one.price_per_hour) == (4.0, 3.0)
    assert two.tokens_per_s is not None
    assert two.tokens_per_s_per_device == two.tokens_per_s / 2
    # 4 an hour for tokens_per_s: a million cost 4 · 1e6 / 3600 / tokens_per_s.
    assert two.output_cost_per_million_tokens == pytest.approx(4e6 / 3600 / two.tokens_per_s)
    assert two.best_tokens_per_s is not None
    best = two.best_output_cost_per_million_tokens
    assert best == pytest.approx(4e6 / 3600 / two.best_tokens_per_s)
    assert two.input_cost_per_million_tokens is not None
    assert best is not None
    assert 0 < two.input_cost_per_million_tokens < best  # prompts are cheaper than answers


def test_a_side_with_a_layout_of_its_own() -> None:
    """The same device twice, divided differently; a batch that leaves a stage idle is refused."""
    names = ["h100-sxm:tp=4", "h100-sxm:tp=2,pp=2"]
    found = planner.compare_model(names, "llama-3-70b", batch=8)
    assert [row.layout for row in found.devices] == [
        "tensor parallelism 4", "tensor parallelism 2, pipeline parallelism 2",
    ]  # fmt: skip
    assert found.devices_each == 4
    with pytest.raises(UsageError, match="leaves devices without a sequence"):
        planner.compare_model(names, "llama-3-70b", batch=1)
    with pytest.raises(UsageError, match="two devices or more"):
        planner.compare_model(["2xh100-sxm", "2 x H100 SXM"], "llama-3-8b")


def test_without_prices_there_are_no_costs() -> None:
    """Null, and not 0."""
    found = planner.compare_model(["2xh100-sxm", "h200-sxm"], "llama-3-8b").devices[0]
    assert found.input_cost_per_million_tokens is None
    assert found.output_cost_per_million_tokens is None
