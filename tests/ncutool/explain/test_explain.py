"""Explanations: every printed formula gives the printed value, and every value is the table's."""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from arithmetic import evaluate

from ncutool.analysis.analyse import Analysis, analyse, read_and_analyse
from ncutool.analysis.request import Request
from ncutool.base.records import replace
from ncutool.commands import main
from ncutool.explain import Explainer, Explanation, Step, explain
from ncutool.explain.traced import expression_of, leaf, minimum, numeric, symbolic
from ncutool.roofline import bound, place
from ncutool.text.explanation import explanation_lines, explanation_markdown
from ncutool_parsers import schema
from ncutool_parsers.capture import Capture
from ncutool_parsers.errors import UsageError
from ncutool_parsers.formats import NCU_REPORT

REPOSITORY = Path(__file__).resolve().parents[3]
SAMPLE = REPOSITORY / "reports" / "samples" / "decoder-layer-synthetic"
TRACE = SAMPLE / "decoder-layer-synthetic.json.gz"
REPORT = SAMPLE / "decoder-layer-synthetic.ncu-rep"
CORPUS = REPOSITORY.parent / "shared" / "corpus"
CAPTURES = [
    path
    for path in sorted((CORPUS / "ncu").glob("*rep*"))
    + sorted((CORPUS / "torch").glob("*.json.gz"))
    if path.name != "a100-failed-collection.ncu-rep"  # holds nothing to analyse
]
SAMPLED = 40
EXPLAINED = (
    "duration_ns",
    "flop",
    "dram_bytes",
    "l2_bytes",
    "l1_bytes",
    "peak_flop_per_s",
    "peak_bytes_per_s",
    "achieved_flop_per_s",
    "achieved_bytes_per_s",
    "intensity_flop_per_byte",
    "ridge_point_flop_per_byte",
    "attainable_flop_per_s",
    "roofline_pct",
    "fp32_peak_pct",
    "fp64_peak_pct",
    "sm_sol_pct",
    "memory_sol_pct",
    "modelled_flop",
    "modelled_bytes",
)
"""Figures of the kernels table that an explanation must hold wherever the table knows them."""


@cache
def analysed(path: Path) -> Analysis:
    """One capture, read and analysed once for all tests."""
    return read_and_analyse(path)


@cache
def joined() -> Analysis:
    """The sample trace with the counters of the sample report."""
    return read_and_analyse(TRACE, Request(ncu=REPORT))


def assert_redone(analysis: Analysis, found: Explanation) -> None:
    """Every formula gives its value, every value is the table's, and none of the table's is
    left out; the bound is the one that the checks lead to."""
    row = analysis.kernels.row(by_predicate=pl.col("launch_id") == found.launch_id, named=True)
    steps = {step.name: step for step in found.steps}
    assert len(steps) == len(found.steps), "a figure is explained twice"
    for step in found.steps:
        if step.formula is not None:
            assert isinstance(step.value, int | float)
            slack = 1 if isinstance(step.value, int) else 1e-9
            again = evaluate(step.formula)
            assert math.isclose(again, step.value, rel_tol=1e-8, abs_tol=slack), step
        elif step.value not in (None, 0):
            assert step.inputs or step.name in ("duration_ns", *_PEAKS), step
        assert step.source
        if step.value is None:
            assert step.note, f"{step.name} is not known, without a reason"
        if step.name in row and step.value is not None:
            assert row[step.name] == pytest.approx(step.value, rel=1e-9), step.name
    for name in EXPLAINED:
        if row[name] is not None:
            assert name in steps, name
            assert steps[name].value is not None, name
    assert found.bound == row["bound"], [(check.text, check.holds) for check in found.checks]


_PEAKS = ("peak_flop_per_s", "peak_bytes_per_s")


def unlike(analysis: Analysis) -> list[int]:
    """The launches but those that differ from one before them in their times alone."""
    alike = ["kernel_full", "op", "signature", "grid_x", "grid_y", "bound", "flag", "flop_source",
             "bytes_source", "missing_reason"]  # fmt: skip
    found: list[int] = analysis.kernels.unique(alike, keep="first")["launch_id"].to_list()
    return found


def step(found: Explanation, name: str) -> Step:
    """One figure of an explanation."""
    return next(step for step in found.steps if step.name == name)


@pytest.mark.parametrize("path", [TRACE, REPORT], ids=lambda path: path.name)
def test_every_launch_of_the_samples_can_be_redone(path: Path) -> None:
    """All figures of all kinds of launches, by the arithmetic that is printed for them."""
    analysis = analysed(path)
    explainer = Explainer(analysis)
    for launch_id in unlike(analysis):
        assert_redone(analysis, explainer.explain(launch_id))


@pytest.mark.parametrize("path", [TRACE, REPORT], ids=lambda path: path.name)
def test_launches_explained_together_read_as_each_alone(path: Path) -> None:
    """A page explains many at once, from tables searched once."""
    analysis = analysed(path)
    ids = unlike(analysis)
    together, alone = Explainer(analysis, ids), Explainer(analysis)
    assert len(ids) > 5
    for launch_id in ids:
        assert together.explain(launch_id) == alone.explain(launch_id)


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_launches_of_real_captures_can_be_redone(path: Path) -> None:
    """Forty launches of each, drawn at random, and one of each source of figures."""
    analysis = analysed(path)
    ids = analysis.kernels["launch_id"].to_list()
    drawn = random.Random(path.name).sample(ids, min(SAMPLED, len(ids)))
    kinds = analysis.kernels.unique(["flop_source", "bytes_source", "bound"])["launch_id"].to_list()
    explainer = Explainer(analysis)
    for launch_id in {*drawn, *kinds}:
        assert_redone(analysis, explainer.explain(launch_id))


def test_joined_figures_can_be_redone_from_the_report() -> None:
    """Measured figures show the report's counters, modelled ones stand beside them."""
    analysis = joined()
    measured = analysis.kernels.filter(pl.col("flop_source") == "joined")
    assert measured.height > 10
    explainer = Explainer(analysis)
    for launch_id in unlike(analysis):
        assert_redone(analysis, explainer.explain(launch_id))
    found = explain(analysis, "aten::addmm")
    assert "of decoder-layer-synthetic.ncu-rep" in step(found, "flop").source
    assert "2 × 4096 × 6144 × 2048" in str(step(found, "modelled_flop").formula)


def test_replays_paired_with_their_capture_run_can_be_redone(corpus: Path) -> None:
    """A replayed kernel shows the shapes that the capture run recorded for its operator."""
    stem = "mi300x-sglang-qwen3-8b"
    analysis = read_and_analyse(
        corpus / "torch" / f"{stem}-decode-graph.json.gz",
        Request(capture_trace=corpus / "torch" / f"{stem}-capture.json.gz"),
    )
    explainer = Explainer(analysis)
    for launch_id in analysis.kernels["launch_id"].head(SAMPLED):
        assert_redone(analysis, explainer.explain(launch_id))
    paired = analysis.kernels.filter(
        pl.col("graph_replay") & (pl.col("flop") > 0) & (pl.col("family") == "gemm")
    )
    found = explainer.explain(int(paired["launch_id"][0]))
    assert str(step(found, "flop").formula).startswith("2 × ")


DAMAGES: dict[str, Callable[[Capture], Capture]] = {
    "no durations": lambda one: _launches(one, duration_ns=pl.lit(None, dtype=pl.Int64)),
    "zero durations": lambda one: _launches(one, duration_ns=pl.lit(0, dtype=pl.Int64)),
    "hostile names": lambda one: _launches(one, kernel_full=pl.lit("\x1b]0;owned\x07<b>`x`|")),
    "no links": lambda one: _launches(one, op_id=pl.lit(None, dtype=pl.Int64)),
    "no shapes": lambda one: replace(
        one,
        signatures=one.signatures.with_columns(input_dims=pl.lit(None, dtype=pl.String)),
        shapes_recorded=False,
    ),
    "no metrics": lambda one: replace(one, metrics=one.metrics.clear()),
    "half of the metrics": lambda one: replace(one, metrics=one.metrics.gather_every(2)),
    "no device": lambda one: replace(one, devices=()),
}


def _launches(capture: Capture, **columns: pl.Expr) -> Capture:
    return replace(capture, launches=capture.launches.with_columns(**columns))


@pytest.mark.parametrize("path", [TRACE, REPORT], ids=lambda path: path.name)
@pytest.mark.parametrize("damage", DAMAGES)
def test_what_a_capture_lacks_is_said(damage: str, path: Path) -> None:
    """Nulls, zero durations, lost tables, hostile names: never a guess, never a division, and no
    text that a terminal obeys."""
    analysis = analyse(DAMAGES[damage](analysed(path).capture))
    explainer = Explainer(analysis)
    for launch_id in analysis.kernels["launch_id"].head(SAMPLED):
        found = explainer.explain(launch_id)
        assert_redone(analysis, found)
        for shown in (
            explanation_lines(found, color=False, width=100),
            explanation_markdown(found),
        ):
            assert "\x1b" not in shown
            assert "\x07" not in shown
            assert not re.search(r"\b(nan|inf)\b", shown)


def uncounted(executed: list[tuple[object, ...]]) -> Analysis:
    """A report of one A100 product without counters of operations.

    Args:
        executed: rows of its instructions.
    """
    launch = {
        "launch_id": 0,
        "category": "kernel",
        "kernel": "ampere_bf16_s16816gemm_bf16_128x128",
        "kernel_full": "ampere_bf16_s16816gemm_bf16_128x128_ldg8_f2f_stages_32x1_nn",
        "compute_capability": "8.0",
        "duration_ns": 100_000,
    }
    metrics = {
        "gpu__time_duration.sum": 100_000.0,
        "sm__cycles_elapsed.avg.per_second": 1.4e9,
        "device__attribute_multiprocessor_count": 108.0,
        "sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_elapsed": 70.0,
    }
    capture = Capture(
        path=Path("made.ncu-rep"),
        format=NCU_REPORT,
        launches=schema.LAUNCHES.conform(pl.DataFrame([launch])),
        metrics=schema.METRICS.conform(
            pl.DataFrame([{"launch_id": 0, "metric": m, "value": v} for m, v in metrics.items()])
        ),
        instructions=pl.DataFrame(
            [(0, *row) for row in executed], schema.INSTRUCTIONS.polars_schema(), orient="row"
        ),
    )
    return analyse(capture)


@pytest.mark.parametrize("source", ["sass", "opcode", "pipe"])
def test_counts_without_counters_can_be_redone(source: str) -> None:
    """Work told by instructions, opcodes or the tensor pipe: the warps and threads of each."""
    name = "opcode_modifier" if source == "opcode" else source
    executed: list[tuple[object, ...]] = [
        (name, "HMMA.16816.F32.BF16", False, 1_000_000, 32_000_000),
        (name, "FFMA", False, 1_000, 31_000),
        (name, "FADD", False, 10, 320),
        (name, "IADD3", False, 7, 224),
    ]
    analysis = uncounted([] if source == "pipe" else executed)
    assert analysis.kernels["flop_source"].to_list() == [source]
    found = explain(analysis, 0)
    assert_redone(analysis, found)
    flop = step(found, "flop")
    if source == "pipe":
        assert flop.value == round(0.7 * 2048 * 108 * 1.4e9 * 100e-6)
        assert "estimate" in flop.source
    else:
        assert flop.value == 4096 * 1_000_000 + 2 * 31_000 + 320
        assert {one.name for one in flop.inputs} == {
            "HMMA.16816.F32.BF16 (warps)",
            "FFMA (threads)",
            "FADD (threads)",
        }


def test_a_product_shows_its_shapes_and_its_peaks_source() -> None:
    """2·M·N·K with its numbers, the recorded tensors, the device's row, and the thresholds."""
    found = explain(analysed(TRACE), "aten::addmm")
    assert step(found, "flop").formula == "2 × 4096 × 6144 × 2048"
    assert step(found, "bytes_written").formula == "4096 × 6144 × 2"
    assert "[4096,2048] bf16" in [one.value for one in step(found, "flop").inputs]
    assert "2·M·N·K" in step(found, "flop").source
    assert "H100 SXM" in step(found, "peak_flop_per_s").source
    assert [one.name for one in step(found, "peak_flop_per_s").inputs][:2] == [
        "device",
        "confidence",
    ]
    assert any("< 60 %" in check.text for check in found.checks)
    assert found.chosen == (
        "the median by duration of 2 launches of 'aten::addmm' on the shapes with the most time "
        "(10 launches in all)"
    )


def test_a_threshold_changes_the_bound_and_its_explanation(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table, its sentence and the explanation read one threshold."""
    capture = analysed(TRACE).capture
    found = explain(analyse(capture), "longest")
    assert found.bound == "compute"
    monkeypatch.setattr(bound, "LOW_PCT", 95.0)
    analysis = analyse(capture)
    row = analysis.kernels.row(by_predicate=pl.col("launch_id") == found.launch_id, named=True)
    found = explain(analysis, found.launch_id)
    assert row["bound"] == found.bound == "below_compute_roof"
    assert row["bound_reason"].startswith("below 95 % of its compute roof, ")
    assert found.checks[2].text.endswith("are both < 95 %")
    assert found.checks[2].holds


def test_a_formula_changes_the_table_and_its_explanation(monkeypatch: pytest.MonkeyPatch) -> None:
    """The explanation has no formulas of its own for the launch's place on the roofline."""
    capture = analysed(TRACE).capture
    before = explain(analyse(capture), "longest")
    halved = tuple(
        replace(one, compute=lambda work, ns: work / (2 * ns / 1e9))
        if one.name == "achieved_flop_per_s"
        else one
        for one in place.FORMULAS
    )
    monkeypatch.setattr(place, "FORMULAS", halved)
    analysis = analyse(capture)
    after = explain(analysis, before.launch_id)
    assert_redone(analysis, after)
    rate = step(after, "achieved_flop_per_s")
    assert isinstance(rate.value, float)
    assert rate.value == pytest.approx(float(step(before, "achieved_flop_per_s").value or 0) / 2)
    assert rate.symbols == "flop ÷ (2 × duration_ns ÷ 1e9)"


def test_a_counted_figure_names_its_metrics() -> None:
    """A report's figure is printed with the metrics that it was made from."""
    found = explain(analysed(REPORT), "longest")
    size = step(found, "dram_bytes")
    assert size.symbols == "dram__bytes_read.sum + dram__bytes_write.sum"
    assert [one.where for one in size.inputs] == ["metric of the report"] * 2
    assert str(found.chosen).startswith("the longest of ")


def test_a_share_of_an_operator_is_shown_with_its_durations() -> None:
    """Where an operator launched several kernels, each one's part and the durations behind it."""
    kernels = analysed(TRACE).kernels
    shared = kernels.filter(pl.col("remark").str.contains("shared by duration"))
    found = explain(analysed(TRACE), int(shared["launch_id"][0]))
    whole, part = step(found, "operator_dram_bytes"), step(found, "dram_bytes")
    assert isinstance(whole.value, int)
    assert isinstance(part.value, int | float)
    assert 0 < part.value < whole.value
    assert any(one.name.startswith("duration_ns of launch") for one in part.inputs) or any(
        one.name.startswith("dram_bytes of launch") for one in part.inputs
    )


@pytest.mark.parametrize(
    ("launch", "said"),
    [
        ("99999", "no launch 99999: they are numbered from 0 to"),
        ("-1", "no launch -1"),
        ("aten::admm", "similar:"),
        ("no such name at all", "the most time is in"),
        ("a", "means several kernels:"),
        ("addmm(", "no launch of 'addmm('"),
    ],
)
def test_what_names_no_launch_is_wrong_usage(launch: str, said: str) -> None:
    """Unknown ids and names, and patterns that fit several kernels, list what could be meant."""
    with pytest.raises(UsageError, match="launch") as caught:
        explain(analysed(TRACE), launch)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_command_prints_text_json_and_markdown(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    """Three forms of one explanation; others are wrong usage."""
    assert main(["explain", str(TRACE), "aten::addmm"]) == 0
    shown = capsysbinary.readouterr().out.decode()
    assert "= 2 × 4096 × 6144 × 2048" in shown
    assert "bound" in shown
    assert main(["explain", str(TRACE), "longest", "--format", "json"]) == 0
    told = json.loads(capsysbinary.readouterr().out)
    assert told["schema"] == "ncutool/explanation/1"
    assert {"formula", "inputs", "source", "value"} <= set(told["steps"][0])
    assert main(["explain", str(TRACE), "0", "--format", "md"]) == 0
    assert capsysbinary.readouterr().out.decode().startswith("### launch 0")
    assert main(["explain", str(TRACE), "0", "--format", "csv"]) == 2
    assert main(["explain", str(TRACE), "nothing of this name"]) == 2
    assert b"the most time is in" in capsysbinary.readouterr().err


def test_text_fits_its_terminal() -> None:
    """No line is wider than asked for, long metric names aside."""
    shown = explanation_lines(explain(analysed(TRACE), 0), color=False, width=80)
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_traced_numbers_compute_as_plain_ones_do() -> None:
    """Sums, products, quotients, rounding: the value of plain numbers, and how it came about."""
    m, k = leaf(7, "m", "here"), leaf(2.5, "k", "here")
    for number, formula, names in (
        (2 * m * k, "2 × 7 × 2.5", "2 × m × k"),
        (sum([m, m, 0]), "2 × 7", "2 × m"),
        (m - (m - k), "7 − (7 − 2.5)", "m − (m − k)"),
        ((m + 1) / (m * k), "(7 + 1) ÷ (7 × 2.5)", "(m + 1) ÷ (m × k)"),
        (m // 2, "floor(7 ÷ 2)", "floor(m ÷ 2)"),
        (round(m / k), "round(7 ÷ 2.5)", "round(m ÷ k)"),
        (minimum(m, k), "min(7, 2.5)", "min(m, k)"),
        (m * 1 + 0, "7", "m"),
    ):
        assert numeric(expression_of(number)) == formula
        assert symbolic(expression_of(number)) == names
        assert evaluate(formula) == pytest.approx(number)


def test_a_sum_of_thousands_of_terms_stays_short() -> None:
    """Tensor lists may be long: equal terms count once, and the tail is one number."""
    total: Any = sum(leaf(n, f"n{n}", "here") * 2 for n in range(1, 5001))
    formula = numeric(expression_of(total))
    assert len(formula) < 400
    assert evaluate(formula) == 5000 * 5001
