"""The notebook in docs/ runs as it stands, and shows what its text says."""

from __future__ import annotations

import ast
import json
import shutil
from pathlib import Path
from typing import Any

import altair as alt
import polars as pl
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
NOTEBOOK = REPOSITORY / "docs" / "notebook.ipynb"
SAMPLE = Path("reports/samples/decoder-layer-synthetic/decoder-layer-synthetic.json.gz")


def cells(kind: str) -> list[str]:
    written = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in written["cells"] if cell["cell_type"] == kind]


def run_cell(source: str, names: dict[str, Any]) -> object:
    """What a notebook would show: the value of a last expression, else None."""
    tree = ast.parse(source)
    last = tree.body[-1]
    if isinstance(last, ast.Expr):
        exec(compile(ast.Module(tree.body[:-1], []), "cell", "exec"), names)
        return eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    exec(compile(tree, "cell", "exec"), names)
    return None


def test_every_cell_runs_and_shows_what_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run from a folder beside the samples, as in the repository, in the order of the cells."""
    sample = tmp_path / SAMPLE
    sample.parent.mkdir(parents=True)
    shutil.copy(REPOSITORY / SAMPLE, sample)
    folder = tmp_path / "docs"
    folder.mkdir()
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    shown = [run_cell(source, names) for source in cells("code")]
    analysis = names["analysis"]
    assert [type(value).__name__ for value in shown] == [
        "Analysis", "Findings", "DataFrame", "DataFrame", "VConcatChart", "Answer", "Plan",
        "NoneType",
    ]  # fmt: skip
    assert "synthetic" in repr(analysis)
    for value in (shown[0], shown[1], shown[5], shown[6]):
        assert value._repr_html_().startswith('<div style="max-width:960px')  # type: ignore[attr-defined]  # shown by name above
    assert isinstance(shown[2], pl.DataFrame)
    assert shown[2].height == len(analysis.findings) > 0
    assert names["time_by_bound"]["duration_ns"].sum() == analysis.coverage.duration_ns
    assert isinstance(shown[4], alt.VConcatChart)
    assert names["answer"].end_to_end.now_ns == analysis.window_ns
    written = {path.suffix: path.read_bytes()[:8] for path in folder.iterdir()}
    assert set(written) == {".html", ".md", ".svg", ".png", ".json"}
    assert written[".png"] == b"\x89PNG\r\n\x1a\n"
    assert written[".svg"].startswith(b"<svg xml")


def test_it_keeps_no_output() -> None:
    """Outputs would be out of date after the next change, and they are large."""
    written = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    code = [cell for cell in written["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert "synthetic" in cells("markdown")[0]
