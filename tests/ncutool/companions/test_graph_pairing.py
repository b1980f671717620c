"""Graph replays paired with the run that captured them: exact sequences, or nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch_factory
from hypothesis import given, settings
from hypothesis import strategies as st

from ncutool.analysis import analyse
from ncutool.analysis.request import Request
from ncutool.companions import graph_pairing
from ncutool.companions.graph_sequences import AMBIGUOUS, EXTRA, NO_FIT, NOTHING
from ncutool.work import shapes
from ncutool_parsers.capture import Capture
from ncutool_parsers.errors import EmptyError, UsageError
from ncutool_parsers.formats import NCU_REPORT, TORCH_TRACE
from ncutool_parsers.schema import CALLS, LAUNCHES, OPS, SIGNATURES

BF16 = "c10::BFloat16"


@dataclass(frozen=True)
class Made:
    """A launch of the capture run: the kernel, and rows of the product that launched it."""

    kernel: str
    m: int | None = None


LAYER = [Made("norm", 8), Made("gemm_a", 16), Made("gemm_b", 32), Made("add", 8)]


def replay_of(names: list[str], replays: int = 1) -> Capture:
    """A trace of graph replays of these kernels, 10 µs each."""
    rows = [
        {
            "launch_id": replay * len(names) + place, "category": "kernel", "kernel": name,
            "kernel_full": name, "start_ns": (replay * len(names) + place) * 11_000,
            "duration_ns": 10_000, "call_id": replay, "graph_replay": True,
        }
        for replay in range(replays)
        for place, name in enumerate(names)
    ]  # fmt: skip
    calls = [
        {"call_id": n, "name": "cudaGraphLaunch", "thread": 0, "start_ns": n, "end_ns": n + 1}
        for n in range(replays)
    ]
    return Capture(
        path=Path("replay.json"), format=TORCH_TRACE,
        launches=LAUNCHES.conform(pl.DataFrame(rows)), calls=CALLS.conform(pl.DataFrame(calls)),
    )  # fmt: skip


def run_of(captures: list[list[Made]], *, named: bool = True, marked: bool = True) -> Capture:
    """A capture run: launch calls inside operators, one stream capture after another."""
    ops: list[dict[str, Any]] = []
    calls: list[dict[str, Any]] = []
    signatures: dict[int, int] = {}
    clock = 0

    def call(name: str, kernel: str | None = None) -> None:
        row = {"call_id": len(calls), "name": name, "thread": 0, "kernel": kernel}
        calls.append(row | {"start_ns": clock + 100, "end_ns": clock + 200})

    for launches in captures:
        if marked:
            call("cudaStreamBeginCapture")
        for made in launches:
            clock += 1_000
            if made.m is not None:
                number = signatures.setdefault(made.m, len(signatures))
                op = {"op_id": len(ops), "signature_id": number, "thread": 0}
                ops.append(op | {"start_ns": clock, "end_ns": clock + 900})
            call("cudaLaunchKernel", made.kernel if named else None)
        clock += 1_000
        if marked:
            call("cudaStreamEndCapture")
        clock += 1_000
    rows = [
        {
            "signature_id": number, "op": "aten::mm", "input_dims": json.dumps([[m, 64], [64, 64]]),
            "input_types": json.dumps([BF16, BF16]),
        }
        for m, number in signatures.items()
    ]  # fmt: skip
    return Capture(
        path=Path("run.json"), format=TORCH_TRACE, launches=LAUNCHES.empty(),
        ops=OPS.conform(pl.DataFrame(ops)) if ops else OPS.empty(),
        calls=CALLS.conform(pl.DataFrame(calls, infer_schema_length=None)),
        signatures=SIGNATURES.conform(pl.DataFrame(rows)) if rows else SIGNATURES.empty(),
        shapes_recorded=True,
    )  # fmt: skip


def paired(trace: Capture, run: Capture) -> pl.DataFrame:
    """The work table of the trace after pairing."""
    work, _, _ = graph_pairing.pair(trace, shapes.work(trace), run)
    return work


def flop(made: Made) -> float:
    """FLOPs of its product."""
    return 2.0 * (made.m or 0) * 64 * 64


def names(launches: list[Made]) -> list[str]:
    """Their kernels."""
    return [made.kernel for made in launches]


def test_equal_sequences_are_paired_launch_by_launch() -> None:
    """Every replay takes operator, shapes, FLOPs and bytes; the source stays the shapes."""
    work = paired(replay_of(names(LAYER * 2), replays=3), run_of([LAYER * 2]))
    assert work["flop"].to_list() == [flop(made) for made in LAYER] * 6
    assert work["flop_source"].unique().to_list() == ["shape"]
    assert work["remark"].str.contains("capture run").all()
    assert work["signature"][1] == "[16,64] × [64,64]"


def test_without_names_equal_numbers_are_paired_in_order() -> None:
    """CUDA records no kernel at a captured launch: the count and steady operators decide."""
    work = paired(replay_of(names(LAYER)), run_of([LAYER], named=False))
    assert work["flop"].to_list() == [flop(made) for made in LAYER]
    short = paired(replay_of(names(LAYER[:3])), run_of([LAYER], named=False))
    assert short["missing_reason"].str.contains(NO_FIT, literal=True).all()


def test_a_replay_within_a_longer_run_is_found() -> None:
    """Launches before and behind the graph's own belong to no replayed kernel."""
    run = run_of([[Made("warm", 1), *LAYER, Made("check", 2)]])
    assert paired(replay_of(names(LAYER)), run)["flop"].to_list() == [flop(m) for m in LAYER]


def test_extra_kernels_of_the_replay_stay_without() -> None:
    """A kernel that the run never launched has no operator, and the rest is still paired."""
    work = paired(replay_of([*names(LAYER[:2]), "memset_node", *names(LAYER[2:])]), run_of([LAYER]))
    assert work["flop"].to_list() == [flop(LAYER[0]), flop(LAYER[1]), None, *map(flop, LAYER[2:])]
    assert EXTRA in work["missing_reason"][2]


def test_captures_of_other_shapes_make_it_ambiguous() -> None:
    """Two batch sizes with the same kernels: nothing says which was replayed."""
    other = [replace(made, m=2 * (made.m or 1)) for made in LAYER]
    work = paired(replay_of(names(LAYER)), run_of([LAYER, other]))
    assert work["flop"].null_count() == len(LAYER)
    assert work["missing_reason"].str.contains(AMBIGUOUS, literal=True).all()


def test_captures_of_equal_shapes_are_not_ambiguous() -> None:
    """A warm-up run and the capture itself agree on every operator and shape."""
    work = paired(replay_of(names(LAYER)), run_of([LAYER, LAYER]))
    assert work["flop"].to_list() == [flop(made) for made in LAYER]


def test_another_sequence_is_not_paired() -> None:
    """The same kernels in another order are another graph."""
    work = paired(replay_of(names(LAYER[::-1])), run_of([LAYER]))
    assert work["flop"].null_count() == len(LAYER)
    assert work["missing_reason"].str.contains(NO_FIT, literal=True).all()
    assert work["flop_source"].unique().to_list() == ["none"]


def test_grids_that_differ_are_another_graph() -> None:
    """Where both sides record the grid of a kernel, a wrong batch size shows."""
    trace, run = replay_of(names(LAYER)), run_of([LAYER], marked=False)
    geometry = {f"{what}_{axis}": 1 for what in ("grid", "block") for axis in "xyz"}
    ran = [
        {"launch_id": n, "category": "kernel", "kernel": made.kernel, "kernel_full": made.kernel,
         "call_id": n, "start_ns": n, "duration_ns": 1, "graph_replay": False} | geometry
        for n, made in enumerate(LAYER)
    ]  # fmt: skip
    run = replace(run, launches=LAUNCHES.conform(pl.DataFrame(ran)))
    same = replace(trace, launches=trace.launches.with_columns(**{k: pl.lit(1) for k in geometry}))
    assert paired(same, run)["flop"].null_count() == 0
    wider = replace(same, launches=same.launches.with_columns(grid_x=pl.lit(2)))
    assert paired(wider, run)["flop"].null_count() == len(LAYER)


def test_a_run_without_launches_and_a_trace_without_replays_are_said() -> None:
    """Neither gives figures, and both say why."""
    trace = replay_of(names(LAYER))
    work, _, notices = graph_pairing.pair(trace, shapes.work(trace), run_of([[]]))
    assert work["missing_reason"].str.contains(NOTHING, literal=True).all()
    assert [notice.code for notice in notices] == ["graph_paired", "graph_unpaired"]
    eager = replace(trace, launches=trace.launches.with_columns(graph_replay=pl.lit(False)))
    _, summary, notices = graph_pairing.pair(eager, shapes.work(eager), run_of([LAYER]))
    assert (summary.launches, summary.pct) == (0, None)
    assert [notice.code for notice in notices] == ["capture_trace_unused"]


def test_only_traces_are_paired() -> None:
    """A report captures no graph."""
    trace = replay_of(names(LAYER))
    with pytest.raises(UsageError, match="is no trace"):
        graph_pairing.check_sources(trace, replace(trace, format=NCU_REPORT))


@given(
    st.lists(st.sampled_from(LAYER), min_size=1, max_size=12),
    st.lists(st.sampled_from(LAYER), min_size=0, max_size=12),
)
@settings(max_examples=60, deadline=None)
def test_a_paired_kernel_has_the_work_of_a_launch_of_its_name(
    replayed: list[Made], recorded: list[Made]
) -> None:
    """Here each kernel has one shape, so any paired one must show it; all others say why not."""
    trace = replay_of(names(replayed))
    work = paired(trace, run_of([recorded]))
    for made, row in zip(replayed, work.iter_rows(named=True), strict=True):
        if row["flop"] is not None:
            assert row["flop"] == flop(made)
        else:
            assert row["flop_source"] == "none"
            assert row["missing_reason"]
    if replayed == recorded:
        assert work["flop"].null_count() == 0


def test_a_run_that_launched_nothing_on_the_device_is_read(tmp_path: Path) -> None:
    """CUDA runs no kernel while it captures: calls and operators are all that such a trace has."""
    dims = {"Input Dims": [[16, 64], [64, 64]], "Input type": [BF16, BF16]}
    recorded = [
        torch_factory.call(90.0, 1.0, 1, "cudaStreamBeginCapture"),
        torch_factory.op("aten::mm", 100.0, 50.0, 2, args=dims),
        torch_factory.call(120.0, 5.0, 7),
        torch_factory.call(200.0, 1.0, 3, "cudaStreamEndCapture"),
    ]
    replayed = [
        torch_factory.call(100.0, 5.0, 9, "cudaGraphLaunch"),
        torch_factory.kernel("gemm", 130.5, 10.25, 9, grid=[4, 2, 1], block=[128, 1, 1]),
    ]
    run = torch_factory.write(tmp_path / "run.json", recorded)
    trace = torch_factory.write(tmp_path / "trace.json", replayed)
    found = analyse.read_and_analyse(trace, Request(capture_trace=run))
    assert found.kernels["flop"].to_list() == [2.0 * 16 * 64 * 64]
    assert found.kernels["graph_replay"].to_list() == [True]
    with pytest.raises(EmptyError):
        analyse.read_and_analyse(run)


def test_a_real_decode_graph_has_the_shapes_of_its_capture_run(corpus: Path) -> None:
    """Qwen3-8B at batch 32 on MI300X: weights of 36 layers, each product's share of bandwidth as
    worked out by hand from the two captures."""
    found = analyse.read_and_analyse(
        corpus / "torch" / "mi300x-sglang-qwen3-8b-decode-graph.json.gz",
        Request(capture_trace=corpus / "torch" / "mi300x-sglang-qwen3-8b-capture.json.gz"),
    )
    assert found.pairing is not None
    assert (found.pairing.launches, found.pairing.pct) == (544, 100.0)
    products = found.kernels.filter(pl.col("op") == "aten::mm")
    by_shape = {
        name: (count, round(us, 1), round(pct))
        for name, count, us, pct in products.group_by("signature")
        .agg(
            pl.len(),
            pl.col("duration_ns").mean() / 1e3,
            (
                100 * pl.col("dram_bytes").sum() / (pl.col("duration_ns").sum() * 1e-9) / 5.3e12
            ).alias("pct"),
        )
        .iter_rows()
    }
    assert by_shape["[32,4096] × [4096,24576]"] == (36, 67.2, 57)
    assert by_shape["[32,12288] × [12288,4096]"] == (36, 40.6, 47)
    assert by_shape["[32,4096] × [4096,6144]"] == (36, 25.1, 38)
    assert by_shape["[32,4096] × [4096,4096]"] == (36, 16.7, 38)
    assert by_shape["[32,4096] × [4096,151936]"][:2] == (1, 396.8)
    layers = products.filter(~pl.col("signature").str.contains("151936"))
    sizes = (
        layers["signature"]
        .str.extract_all(r"\d+")
        .list.slice(2)
        .list.eval(pl.element().cast(pl.Int64))
    )
    weights = sum(2 * k * n for k, n in sizes.to_list())
    assert weights == pytest.approx(36 * 385.9e6, rel=1e-3)


def test_a_rocm_call_names_its_kernel(corpus: Path) -> None:
    """The capture run launches nothing, but its calls carry the names of the kernels."""
    from ncutool_parsers import read

    run = read(corpus / "torch" / "mi300x-sglang-qwen3-8b-capture.json.gz")
    assert run.calls["kernel"].is_not_null().sum() == 546
    assert run.calls.filter(pl.col("kernel").str.starts_with("Cijk_")).height == 145
