"""The page of a sheet: whole, offline, the same each time, and safe against names."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ncutool.charts.devices import devices_roofline
from ncutool.commands import main
from ncutool.page.sheet import render_sheet, sheet_picture
from ncutool.planning import llm, planner
from ncutool.planning.llm.curve import named_curves
from ncutool.planning.llm.questions import Wanted
from ncutool.text.compared import model_sheet
from ncutool.text.planner import gemm_sheet
from ncutool.text.sheet import Grid, Sheet, sheet_markdown
from ncutool.text.sheet_terminal import sheet_text

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
    """No address in an attribute, and one script of its own, for light and dark."""
    sheet = gemm_sheet(planner.gemm(8, 8, 8))
    page = render_sheet(sheet, LINES, 100.0)
    assert re.findall(r"\b(?:src|href)=\"(?!#)", _without_scripts(page)) == []
    assert "default-src &#39;none&#39;" in page
    assert render_sheet(sheet, LINES, 100.0).count("<script") == 1
    assert "vega" not in page


def test_the_chart_has_a_roofline_for_each_device() -> None:
    """Corners at the ridge points, and marks at min(peak, intensity x bandwidth)."""
    spec = devices_roofline(LINES, 100.0).to_dict(validate=False)
    lines, _, marks = (spec["datasets"][layer["data"]["name"]] for layer in spec["layer"])
    assert [(row["device"], row["y"]) for row in marks] == [("one", 3.35e14), ("two", 1.48e14)]
    ridge = next(row for row in lines[1:] if row["device"] == "one")
    assert ridge["x"] == pytest.approx(989 / 3.35)
    assert ridge["y"] == pytest.approx(989e12)


def test_no_two_lines_look_alike() -> None:
    """Ten devices have more lines than there are colours: those that share one differ in dashes."""
    many = [(f"device {n}", 1e12 * (n + 1), 1e12) for n in range(16)]
    spec = devices_roofline(many, 100.0).to_dict(validate=False)
    looks = spec["layer"][0]["encoding"]
    ranges = [looks[channel]["scale"]["range"] for channel in ("color", "strokeDash")]
    drawn = [(color, tuple(dash)) for color, dash in zip(*ranges, strict=True)]
    assert len(set(drawn)) == 16
    marks = spec["datasets"][spec["layer"][2]["data"]["name"]]
    assert len({(row["color"], row["shape"]) for row in marks}) == 16


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


def test_a_comparison_of_deployments_is_drawn_in_one_chart() -> None:
    """A line and a name for each, with the table of round speeds beside it."""
    compared = planner.compare_model(
        ["h100-sxm", "h200-sxm", "b200"],
        "llama-3-70b",
        weights="fp8",
        tensor_parallel=2,
        context_tokens=4096,
    )
    sheet = model_sheet(compared)
    page = render_sheet(sheet, curves=compared.curves)
    assert "Throughput against the speed of each user" in page
    names = re.findall(r"<li><i [^>]*></i><b [^>]*>(.)</b> ([^<]*)</li>", page)
    assert names == [("●", "H100 SXM 80GB"), ("■", "H200 SXM 141GB"), ("◆", "B200 180GB")]
    assert page == render_sheet(sheet, curves=compared.curves)
    grid = sheet.grids[1]
    assert grid.headings == ("tok/s a user", "H100 SXM 80GB", "H200 SXM 141GB", "B200 180GB")
    assert grid.rows[0] == ("200", "–", "–", "404.2 (4)")
    assert grid.rows[-1] == ("50.0", "1,178 (47)", "2,258 (90)", "4,401 (176)")


def test_speeds_of_deployments_are_those_of_their_plans() -> None:
    """Each cell is the largest batch of that device's own plan; a slower device has none."""
    compared = planner.compare_model(["h100-sxm", "b200"], "llama-3-8b", context_tokens=8192)
    for row in compared.speeds:
        for name, found in zip(("h100-sxm", "b200"), row.found, strict=True):
            wanted = Wanted(time_per_token_ns=1e9 / row.tokens_per_s_per_sequence)
            plan = llm.plan("llama-3-8b", name, context_tokens=8192, wanted=wanted)
            assert plan.answers is not None
            assert plan.answers.largest_batch is not None
            assert plan.answers.largest_batch.batch == (None if found is None else found.batch)


@pytest.mark.parametrize(
    "words",
    [
        "gemm 8 8 8",
        "attention --heads 8 --seq 64 --head-dim 64",
        "devices h100-sxm t4 --intensity 10",
        "devices h100-sxm h200-sxm --preset llama-3-8b",
        "llm --preset llama-3-8b --device h100-sxm",
    ],
)
def test_every_plan_is_drawn_as_a_picture(
    words: str, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """-o NAME.svg and NAME.png write a picture; the SVG names its verdict and loads nothing."""
    for ending, start in ((".svg", b"<svg xmlns="), (".png", b"\x89PNG")):
        target = tmp_path / f"plan{ending}"
        assert main(["plan", *words.split(), "-o", str(target)]) == 0
        assert capsysbinary.readouterr().out.decode() == f"picture: {target}\n"
        assert target.read_bytes().startswith(start)
    drawn = (tmp_path / "plan.svg").read_text(encoding="utf-8")
    assert "aria-label=" in drawn
    assert not re.search(r"(?:href|src|url)[=(]", drawn)


def test_a_picture_of_nothing_is_refused(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A T4 has no bf16 roof, so that there is nothing to draw of a bf16 product."""
    target = tmp_path / "plan.svg"
    words = ["plan", "gemm", "8", "8", "8", "--device", "t4", "-o", str(target)]
    assert main(words) == 2
    assert "there is nothing to draw" in capsysbinary.readouterr().err.decode()
    assert not target.exists()


def test_hostile_names_of_devices_are_drawn_as_text() -> None:
    """Whatever a file of devices calls them, of whatever length, in the page and in the picture."""
    name = "</svg><script>alert(1)</script>\x1b[31m" + "x" * 10_000
    plan = llm.plan("llama-3-8b", "h100-sxm")
    curves = named_curves([(name, plan), (name, plan)])
    sheet = Sheet("s", (), (), ())
    page = render_sheet(sheet, curves=curves)
    assert "<script>alert" not in page
    assert len(page) < 120_000
    drawn = sheet_picture(sheet, [(name, 1e12, 1e12)], 1.0, curves)
    assert drawn is not None
    assert ElementTree.fromstring(drawn).findall(".//{http://www.w3.org/2000/svg}script") == []


def test_an_alarm_is_in_markdown_too() -> None:
    """What ends the matter is not for terminals alone."""
    assert "**ends | here**" not in sheet_markdown(Sheet("s", (), (), (), alarm="ends | here"))
    assert "**ends here**" in sheet_markdown(Sheet("s", (), (), (), alarm="ends here"))
