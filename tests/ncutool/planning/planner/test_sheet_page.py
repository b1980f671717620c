"""The page of a sheet: whole, offline, the same each time, and safe against names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ncutool.charts.devices import devices_roofline
from ncutool.commands import main
from ncutool.page.sheet import render_sheet
from ncutool.planning import planner
from ncutool.text.planner import gemm_sheet
from ncutool.text.sheet import Grid, Sheet, sheet_markdown, sheet_text

LINES = [("one", 989e12, 3.35e12), ("two", 148e12, 4.0e12)]


def _without_scripts(page: str) -> str:
    return page.partition("<script")[0]  # they come last


def test_the_page_holds_every_cell() -> None:
    """Facts, tables and notes of the sheet, each cell of each row."""
    sheet = gemm_sheet(planner.gemm(256, 4096, 4096, devices=["h100-sxm"]))
    page = render_sheet(sheet, LINES, 100.0)
    cells = re.findall(r"<td[^>]*>(.*?)</td>", _without_scripts(page))
    rows = [row for grid in sheet.grids for row in grid.rows]
    assert cells == [cell.replace("<", "&lt;") for row in rows for cell in row]
    assert all(figure in page for _, figure, _ in sheet.facts)
    assert page == render_sheet(sheet, LINES, 100.0)


def test_the_page_loads_nothing() -> None:
    """No address in an attribute, and without a chart no script at all."""
    sheet = gemm_sheet(planner.gemm(8, 8, 8))
    page = render_sheet(sheet, LINES, 100.0)
    assert re.findall(r"\b(?:src|href)=\"(?!#)", _without_scripts(page)) == []
    assert "default-src &#39;none&#39;" in page
    assert "<script" not in render_sheet(sheet)


def test_the_chart_has_a_roofline_for_each_device() -> None:
    """Corners at the ridge points, and marks at min(peak, intensity x bandwidth)."""
    spec = devices_roofline(LINES, 100.0).to_dict(validate=False)
    lines, _, marks = (spec["datasets"][layer["data"]["name"]] for layer in spec["layer"])
    assert [(row["device"], row["y"]) for row in marks] == [("one", 3.35e14), ("two", 1.48e14)]
    ridge = next(row for row in lines[1:] if row["device"] == "one")
    assert ridge["x"] == pytest.approx(989 / 3.35)
    assert ridge["y"] == pytest.approx(989e12)


def test_hostile_names_stay_text() -> None:
    """A device of a user's file may be called anything."""
    name = "</script><img src=x onerror=1>|`\x1b[31m"
    grid = Grid(name, ("device",), ((name,),), frozenset(("device",)))
    sheet = Sheet(name, ((name, name, name),), (grid,), (name,))
    page = render_sheet(sheet, [(name, 1e12, 1e12)], 1.0)
    assert "<img" not in _without_scripts(page)
    assert "</script><img" not in page
    assert "\x1b" not in sheet_text(sheet, color=False)
    assert "<img" not in sheet_markdown(sheet)
    assert not any(line.startswith("| </") for line in sheet_markdown(sheet).splitlines())


def test_a_command_writes_the_page(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """`-o NAME.html` writes it and says where; a file of somebody else is not overwritten."""
    target = tmp_path / "gemm.html"
    assert main(["plan", "gemm", "8", "8", "8", "-o", str(target)]) == 0
    assert capsysbinary.readouterr().out.decode() == f"page: {target}\n"
    assert target.read_text(encoding="utf-8").startswith("<!doctype html>")
    target.write_text("notes", encoding="utf-8")
    assert main(["plan", "gemm", "8", "8", "8", "-o", str(target)]) == 1
    assert target.read_text(encoding="utf-8") == "notes"
