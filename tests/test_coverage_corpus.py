"""How much of each real trace has FLOPs and bytes, and that the document says where it does not."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from ncutool.analysis.analyse import Analysis, read_and_analyse

REPOSITORY = Path(__file__).resolve().parents[1]
TRACES = sorted((REPOSITORY.parent / "shared" / "corpus" / "torch").glob("*.json.gz"))
DOCUMENT = REPOSITORY / "docs" / "coverage.md"
ENOUGH = 95.0

pytestmark = pytest.mark.skipif(
    not TRACES, reason="the corpus of real captures is not beside this checkout"
)


@cache
def analysed(path: Path) -> Analysis:
    """One trace, analysed once for all tests."""
    return read_and_analyse(path)


def replays(analysis: Analysis) -> bool:
    """Whether a graph replay is among its launches."""
    return bool(analysis.kernels["graph_replay"].fill_null(False).any())


def shares(analysis: Analysis) -> tuple[float, float]:
    """Per cent of launch time with FLOPs, and with bytes, or of a class that has none.

    A kernel counts with its operator: one of several kernels may carry the operator's work.
    """
    kernels = analysis.kernels
    nothing = pl.col("bound").is_in(["copy", "communication"])
    kernel = pl.col("category") == "kernel"
    of_operator = pl.col("op_id").is_not_null() & kernel
    total = int(kernels["duration_ns"].sum())
    found = []
    for figure in ("flop", "dram_bytes"):
        own = pl.col(figure).is_not_null()
        known = own | ((own & kernel).any().over("op_id") & of_operator)
        time = int(kernels.filter(known | nothing)["duration_ns"].sum())
        found.append(100 * time / total)
    return found[0], found[1]


@cache
def documented() -> dict[str, tuple[float, float]]:
    """The shares of the document's table, by trace."""
    text = DOCUMENT.read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\w.-]+) \| ([\d.]+) % \| ([\d.]+) % \|", text, re.MULTILINE)
    return {name: (float(flop), float(size)) for name, flop, size in rows}


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.name.removesuffix(".json.gz"))
def test_work_is_known_for_95_per_cent_or_the_document_says_why_not(path: Path) -> None:
    """With shapes and without replays: enough is known, or exactly what the document admits."""
    analysis = analysed(path)
    name = path.name.removesuffix(".json.gz")
    if not analysis.capture.shapes_recorded or replays(analysis):
        assert name not in documented()
        return
    flop, size = shares(analysis)
    if name in documented():
        assert min(flop, size) < ENOUGH
        assert (flop, size) == pytest.approx(documented()[name], abs=0.05)
    else:
        assert min(flop, size) >= ENOUGH


def test_the_document_counts_its_traces() -> None:
    """The numbers of its first sentence are those of the traces."""
    with_shapes = [path for path in TRACES if analysed(path).capture.shapes_recorded]
    eager = [path for path in with_shapes if not replays(analysed(path))]
    enough = [path for path in eager if min(shares(analysed(path))) >= ENOUGH]
    text = " ".join(DOCUMENT.read_text(encoding="utf-8").split())
    told = (
        f"Of the {len(TRACES)} traces {len(with_shapes)} record shapes, and {len(eager)} of those "
        f"replay no graph. Of the {len(eager)}, {len(enough)} reach 95 %"
    )
    assert told in text
