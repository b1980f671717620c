"""A capture run of other graphs, or of another batch size, is refused and not half used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch_factory as make

from ncutool.analysis import analyse
from ncutool.analysis.request import Request
from ncutool_parsers.errors import UnfitError

BF16 = "c10::BFloat16"


def _run(path: Path, rows: int, kernels: list[str]) -> Path:
    """A run that captured one elementwise operator a kernel, on a few rows."""
    dims = {"Input Dims": [[rows, 4096], [rows, 4096], []], "Input type": [BF16, BF16, "Scalar"]}
    events: list[Any] = [make.call(90.0, 1.0, 1, "cudaStreamBeginCapture")]
    for number, name in enumerate(kernels):
        at = 100.0 + 20 * number
        events.append(make.op("aten::add", at, 15.5, 50 + number, args=dims))
        args = {"correlation": 10 + number, "kernel": name}
        events.append(make.event("cuda_runtime", "hipLaunchKernel", at + 2, 5.0, args=args))
    events.append(make.call(900.0, 1.0, 3, "cudaStreamEndCapture"))
    return make.write(path / f"run{rows}.json", events)


def _replay(path: Path, rows: int, kernels: list[tuple[str, float]]) -> Path:
    """A replay of kernels on many rows, each thread with eight elements."""
    events: list[Any] = [make.call(100.0, 5.0, 9, "cudaGraphLaunch")]
    at = 130.5
    for name, duration in kernels:
        blocks = [rows * 4096 // 8 // 128, 1, 1]
        events.append(make.kernel(name, at, duration, 9, grid=blocks, block=[128, 1, 1]))
        at += duration + 1
    return make.write(path / f"replay{rows}.json", events)


def _read(trace: Path, run: Path) -> analyse.Analysis:
    return analyse.read_and_analyse(trace, Request(capture_trace=run))


def test_a_run_of_the_same_batch_size_fits(tmp_path: Path) -> None:
    """Eight thousand rows on both sides: the figures are those of the shapes."""
    trace = _replay(tmp_path, 8192, [("add", 60.5)])
    found = _read(trace, _run(tmp_path, 8192, ["add"]))
    assert found.kernels["dram_bytes"].to_list() == [3 * 8192 * 4096 * 2]


def test_a_run_of_fewer_rows_is_refused(tmp_path: Path) -> None:
    """The replay starts more threads than 32 rows have work for."""
    trace = _replay(tmp_path, 8192, [("add", 60.5)])
    with pytest.raises(UnfitError) as refused:
        _read(trace, _run(tmp_path, 32, ["add"]))
    assert "run32.json does not fit replay8192.json" in str(refused.value)
    assert "1 replayed kernel started far more threads" in str(refused.value)
    assert "4,194,304 threads for 786,432 bytes" in str(refused.value)


def test_a_run_that_matches_little_of_the_time_is_refused(tmp_path: Path) -> None:
    """One kernel of both programs, a twentieth of the replayed time, gives no figures."""
    trace = _replay(tmp_path, 32, [("gemm_8192", 95.0), ("add", 5.0)])
    with pytest.raises(UnfitError) as refused:
        _read(trace, _run(tmp_path, 32, ["add", "gemm_32"]))
    text = str(refused.value)
    assert "95.0 % of the replayed time (1 replayed kernel) has no match among its" in text


def test_a_run_that_misses_less_is_used(tmp_path: Path) -> None:
    """A node that the run did not launch as a kernel leaves the rest as it is."""
    trace = _replay(tmp_path, 32, [("add", 95.0), ("memset_node", 5.0)])
    found = _read(trace, _run(tmp_path, 32, ["add"]))
    assert found.kernels["dram_bytes"].to_list() == [3 * 32 * 4096 * 2, None]


def _rank(path: Path, name: str, rank: int | None, start: float) -> Path:
    info = {} if rank is None else {"distributedInfo": {"rank": rank, "world_size": 2}}
    events = [make.call(start, 5.0, 9), make.kernel("ncclDevKernel_AllReduce", start + 9, 50.5, 9)]
    path = path / name
    path.write_text(json.dumps({**info, "traceEvents": events}))
    return path


@pytest.mark.parametrize(
    ("rank", "start", "left", "told"),
    [
        (1, 100.0, 1, None),
        (0, 300.0, 0, "twin.json is of the rank of first.json (rank 0)"),
        (None, 100.0, 0, "twin.json holds the same launches as first.json"),
        (None, 300.0, 1, None),
    ],
)
def test_a_rank_given_twice_counts_once(
    tmp_path: Path, rank: int | None, start: float, left: int, told: str | None
) -> None:
    """Its recorded number, or the same launches at the same times, tell."""
    first = _rank(tmp_path, "first.json", 0, 100.0)
    twin = _rank(tmp_path, "twin.json", rank, start)
    found = analyse.read_and_analyse(first, Request(rank_trace=[twin]))
    assert len(found.companions.rank_trace) == left
    texts = [notice.text for notice in found.notices if notice.code == "rank_given_twice"]
    assert [text.partition(":")[0] for text in texts] == ([] if told is None else [told])


def test_one_other_rank_given_twice(tmp_path: Path) -> None:
    """The second time it is left out, and the first one still counts."""
    paths = [_rank(tmp_path, f"{rank}.json", rank, 100.0 + rank) for rank in (0, 1)]
    found = analyse.read_and_analyse(paths[0], Request(rank_trace=[paths[1], paths[1]]))
    assert [other.rank for other in found.companions.rank_trace] == [1]
