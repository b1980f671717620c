"""The notebook API, with polars and pandas alike."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

import ncutool
from ncutool.analysis.dataframes import as_polars, to_pandas
from ncutool.base import tables
from ncutool_parsers.errors import UsageError

SAMPLES = Path(__file__).resolve().parents[2] / "reports" / "samples"
TRACE = next(iter(sorted(SAMPLES.glob("*/*.json.gz"))))


@pytest.fixture(scope="module")
def analysis() -> ncutool.analysis.analyse.Analysis:
    """The shipped trace, analysed."""
    return ncutool.load(TRACE)


def test_pandas_is_taken_wherever_polars_is(analysis: ncutool.analysis.analyse.Analysis) -> None:
    """A table that went through pandas gives the same coverage and the same chart."""
    frame = analysis.to_pandas()
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == tables.KERNELS.polars_schema().names()
    assert ncutool.coverage_of(frame) == ncutool.coverage_of(analysis.kernels) == analysis.coverage
    by_polars = ncutool.roofline_chart(analysis.kernels).to_dict()
    assert ncutool.roofline_chart(frame).to_dict() == by_polars
    # An analysis also knows the best rates that its capture reached: one line in the key is theirs.
    assert _marks(ncutool.roofline_chart(analysis).to_dict()) == _marks(by_polars)


def test_pandas_keeps_whole_numbers_and_unknowns() -> None:
    """An unknown is missing in pandas too, and makes no fraction of a whole number."""
    table = pl.DataFrame(
        {
            "launch_id": [0, 1],
            "op_id": [2**60 + 1, None],
            "flop": [1.5, None],
            "graph_replay": [True, None],
            "op": ["aten::mm", None],
            "shapes": [[[1, 2]], None],
        }
    )
    frame = to_pandas(table)
    assert frame.dtypes.astype(str).to_list() == [
        "int64", "Int64", "float64", "boolean", "str", "object",
    ]  # fmt: skip
    assert frame["op_id"].to_list() == [2**60 + 1, pd.NA]
    assert frame.isna().sum(axis=1).to_list() == [0, 5]
    back = as_polars(frame, tables.KERNELS).select(table.columns)
    assert back.equals(table)


def test_pandas_needs_no_pyarrow() -> None:
    """Neither way between the two imports the 170 MB of pyarrow."""
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "import ncutool\n"
        f"analysis = ncutool.load({str(TRACE)!r})\n"
        "assert ncutool.coverage_of(analysis.to_pandas()) == analysis.coverage"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def _marks(chart: dict[str, Any]) -> list[dict[str, Any]]:
    """The points of the plane, as a chart carries them."""
    layers = chart["vconcat"][0]["layer"]
    (marks,) = [
        layer["data"]["values"] for layer in layers if layer["data"].get("name") == "groups"
    ]
    assert marks
    return list(marks)


def test_findings_are_a_table(analysis: ncutool.analysis.analyse.Analysis) -> None:
    """One row a finding, in rank order, to the published columns."""
    table = ncutool.findings(analysis)
    assert table.schema == tables.FINDINGS.polars_schema()
    assert table["id"].to_list() == [finding.id for finding in analysis.findings]


def test_page_is_html(analysis: ncutool.analysis.analyse.Analysis) -> None:
    """The page as text, for whoever serves it."""
    assert ncutool.page_html(analysis).startswith("<!doctype html>")


def test_a_table_without_work_has_no_roofline() -> None:
    """Said as such instead of an empty picture."""
    with pytest.raises(UsageError, match="no roofline"):
        ncutool.roofline_chart(tables.KERNELS.empty())


def test_what_is_no_table_is_refused() -> None:
    """A list of rows, or a table with foreign columns."""
    with pytest.raises(TypeError, match="polars or pandas"):
        ncutool.coverage_of([{"duration_ns": 1}])  # type: ignore[arg-type]  # the point
    with pytest.raises(ValueError, match="no column foreign"):
        ncutool.coverage_of(pl.DataFrame({"foreign": [1]}))
