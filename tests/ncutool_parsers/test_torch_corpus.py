"""Every real trace beside the checkout against figures counted independently of this reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ncutool_parsers import read, schema
from ncutool_parsers.capture import Capture

_CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
_FILE = _CORPUS / "expected" / "traces.jsonl"
EXPECTED: list[dict[str, Any]] = (
    [json.loads(line) for line in _FILE.read_text().splitlines()] if _FILE.is_file() else []
)
SLOW_PATH: set[str] = set()
"""Traces that are not strict JSON: none, so the fast path reads them all."""


@pytest.fixture(scope="module")
def captures(corpus: Path) -> dict[str, Capture]:
    """Each trace, read once."""
    return {row["trace"]: read(corpus / "torch" / row["trace"]) for row in EXPECTED}


def _kernels(capture: Capture) -> pl.DataFrame:
    ops = capture.ops.join(capture.signatures, on="signature_id").select("op_id", "op")
    return capture.launches.filter(pl.col("category") == "kernel").join(ops, "op_id", "left")


def _busy_ns(kernels: pl.DataFrame) -> int:
    """Length of the union of the kernels' intervals."""
    busy = 0
    reached: int | None = None
    for start, duration in kernels.select("start_ns", "duration_ns").iter_rows():
        begin = start if reached is None else max(start, reached)
        reached = max(start + duration, begin)
        busy += reached - begin
    return busy


def _total_ns(rows: pl.DataFrame) -> int:
    return int(rows["duration_ns"].sum())


def _share_pct(kernels: pl.DataFrame, chosen: pl.Expr) -> float:
    return 100 * _total_ns(kernels.filter(chosen)) / _total_ns(kernels)


def test_every_trace_is_checked(corpus: Path) -> None:
    """The expectations cover all traces there are."""
    traces = {path.name for path in (corpus / "torch").glob("*.json.gz")}
    assert traces == {row["trace"] for row in EXPECTED}


@pytest.mark.parametrize("row", EXPECTED, ids=lambda row: str(row["trace"]))
def test_launches_times_and_links(row: dict[str, Any], captures: dict[str, Capture]) -> None:
    """Launches, summed and busy time, shares linked and replayed, and time per matmul operator."""
    kernels = _kernels(captures[row["trace"]])
    assert len(kernels) == row["launches"]
    assert _total_ns(kernels) / 1e3 == pytest.approx(row["kernel_us"], abs=0.5)
    assert _busy_ns(kernels) / 1e3 == pytest.approx(row["busy_us"], abs=0.5)
    linked = _share_pct(kernels, pl.col("op_id").is_not_null())
    assert linked == pytest.approx(row["linked_pct"], abs=0.05)
    replayed = _share_pct(kernels, pl.col("graph_replay"))
    assert replayed == pytest.approx(row["graph_pct"], abs=0.05)
    for op, expected in row["matmul"].items():
        mine = kernels.filter(pl.col("op") == op)
        assert mine["op_id"].n_unique() == expected["calls"]
        assert _total_ns(mine) / 1e3 == pytest.approx(expected["kernel_us"], abs=0.5)


@pytest.mark.parametrize("row", EXPECTED, ids=lambda row: str(row["trace"]))
def test_tables_hold_together(row: dict[str, Any], captures: dict[str, Capture]) -> None:
    """Types as the schema says, ids that point at rows, times in order, parents around children."""
    capture = captures[row["trace"]]
    launches, ops = capture.launches, capture.ops
    assert launches.schema == schema.LAUNCHES.polars_schema()
    assert launches["launch_id"].to_list() == list(range(len(launches)))
    assert launches["start_ns"][0] == 0
    assert launches["start_ns"].is_sorted()
    for column, table in (("op_id", ops), ("call_id", capture.calls)):
        assert launches[column].drop_nulls().is_between(0, len(table) - 1).all()
    assert ops["signature_id"].is_between(0, len(capture.signatures) - 1).all()
    nested = ops.join(ops, left_on="parent_id", right_on="op_id", suffix="_parent")
    assert (nested["start_ns"] >= nested["start_ns_parent"]).all()
    assert (nested["end_ns"] <= nested["end_ns_parent"]).all()
    assert (nested["thread"] == nested["thread_parent"]).all()
    assert capture.complete
    slow = "slow_path" in [notice.code for notice in capture.notices]
    assert slow == (row["trace"] in SLOW_PATH)


def test_eras_are_told_apart(captures: dict[str, Capture]) -> None:
    """Clock, devices, shapes and ranks of traces from 2020 to 2026."""
    old = captures["v100-resnet50-2020-list.json.gz"]
    assert (old.clock_step_ns, old.devices, old.shapes_recorded) == (1000, (), True)
    noshapes = captures["a100-resnet-ddp-noshapes.json.gz"]
    assert not noshapes.shapes_recorded
    assert noshapes.launches["collective"].drop_nulls().len() == 21
    assert (noshapes.rank, noshapes.world_size) == (0, 2)
    b300 = captures["b300-sglang-deepseek-r1-decode-graph.json.gz"]
    assert [device.compute_capability for device in b300.devices] == ["10.3"]
    assert b300.clock_step_ns == 1
    mi250 = captures["mi250-mlp-train.json.gz"]
    assert [(device.name, device.vendor) for device in mi250.devices] == [
        ("AMD Radeon Graphics", "amd")
    ]
    assert mi250.launches["copy_kind"].drop_nulls().to_list() == ["HtoD", "HtoD"]
