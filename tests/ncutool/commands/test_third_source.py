"""A third source goes through every command and output: nothing asks for a format's name."""

from __future__ import annotations

import ast
import json
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

import jsonschema
import pytest
from toy_reader import SKETCH, TALLY, toy_readers, write
from typer.models import ArgumentInfo

from ncutool.analysis.json_schema import of_output
from ncutool.commands import COMMANDS, main
from ncutool.commands.options import Format as Form
from ncutool_parsers.formats import Format

__all__ = ["toy_readers"]

PACKAGE = Path(__file__).resolve().parents[3] / "ncutool"
MORE = {"explain": ["longest"], "whatif": ["--on", "A100 80GB SXM"]}
"""What a command needs besides a capture."""
REFUSED = {("whatif", "sketch"): "join an Nsight Compute report, which counts them"}
"""What cannot be answered, and the way out that is told."""
NOT_ITS_OWN = ("record_shapes", "the report's own", "Nsight Compute runs", "torch.profiler trace ")


def run_of(command: str) -> Any:
    """The function behind a command; None for a group of commands."""
    return getattr(import_module(f"ncutool.commands.{command.replace('-', '_')}"), "run", None)


def takes_a_capture(command: str) -> bool:
    """Whether a command's own argument is a capture."""
    run = run_of(command)
    hints = get_type_hints(run, include_extras=True) if run else {}
    return any(
        isinstance(extra, ArgumentInfo) and (extra.metavar or "").startswith("CAPTURE")
        for hint in hints.values()
        for extra in getattr(hint, "__metadata__", ())
    )


TAKING = [command.name for command in COMMANDS if takes_a_capture(command.name)]


def test_commands_are_found() -> None:
    """The commands that take a capture are told by their arguments."""
    assert {"report", "kernels", "explain", "whatif"} <= set(TAKING)
    assert "schema" not in TAKING


WITHOUT_MARKDOWN = {"diagnose"}
"""Commands whose answer is for programs, or a few lines on a terminal."""


@pytest.mark.usefixtures("toy_readers")
@pytest.mark.parametrize("form", [SKETCH, TALLY], ids=lambda form: form.noun)
@pytest.mark.parametrize("command", TAKING)
def test_every_command_takes_it_in_every_form(
    command: str, form: Format, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """No error, and no output says of it what only a report or a torch trace has."""
    capture = write(tmp_path / "capture.toy", form)
    arguments = [command, str(capture), *MORE.get(command, [])]
    forms = [each.value for each in Form] if "form" in run_of(command).__annotations__ else []
    outputs = [["--format", form] for form in forms] or [["-o", str(tmp_path / "page.html")]]
    done = []
    for output in outputs:
        code = main([*arguments, *output])
        out, err = capsysbinary.readouterr()
        text = f"{out.decode(errors='replace')}{err.decode()}"
        if why := REFUSED.get((command, form.noun)):
            assert (code, why in text) == (1, True)
            continue
        if code == 2 and f"not {output[1]}" in text:
            continue  # a command that gives no rows refuses the forms of rows
        assert code == 0, text
        done.append(output[1])
        if output[0] == "-o":
            text += Path(output[1]).read_text(encoding="utf-8").partition("<script>")[0]
            assert f"From a {form.noun}:" in text
            assert f"Toy {form.noun} · 4 launches" in text
        assert not [words for words in NOT_ITS_OWN if words in text]
    if (command, form.noun) not in REFUSED:
        least = {"table", "json"} | ({"md"} if command not in WITHOUT_MARKDOWN else set())
        assert least <= set(done) or done == [str(tmp_path / "page.html")]


def rows(
    command: str, table: str, capture: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> dict[str, Any]:
    """The JSON of a command, which fits its schema."""
    assert main([command, str(capture), "--format", "json"]) == 0
    found: dict[str, Any] = json.loads(capsysbinary.readouterr().out)
    jsonschema.validate(found, of_output(table))
    return found


@pytest.mark.usefixtures("toy_readers")
def test_a_timeline_without_shapes(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Wall and idle time are known, work is not, and peaks are the device table's."""
    found = rows("kernels", "kernels", write(tmp_path / "a.toy", SKETCH), capsysbinary)
    assert found["capture"]["source"] == "toy-sketch"
    assert found["capture"]["device"] == "H100 SXM 80GB"
    # 1000 to 134000 ns, of which 20 + 40 + 20 + 44 µs are busy
    assert (found["timeline"]["wall_ns"], found["timeline"]["idle_ns"]) == (133_000, 9_000)
    first = found["kernels"][0]
    assert (first["flop"], first["dram_bytes"], first["bound"]) == (None, None, "unknown")
    assert first["missing_reason"] == "no launch record (the trace holds no runtime calls)"
    assert (first["peak_bytes_per_s"], first["peak_source"]) == (3.35e12, "device_table")


@pytest.mark.usefixtures("toy_readers")
def test_counters_without_a_timeline_or_peaks(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Bytes are counted and held against the device table, whose peaks nothing replaces."""
    found = rows("kernels", "kernels", write(tmp_path / "a.toy", TALLY), capsysbinary)
    assert (found["capture"]["source"], found["timeline"]) == ("toy-tally", None)
    assert found["capture"]["window_ns"] == 124_000
    first = found["kernels"][0]
    assert (first["dram_bytes"], first["bytes_source"], first["start_ns"]) == (6e7, "counter", None)
    assert (first["peak_bytes_per_s"], first["peak_source"]) == (3.35e12, "device_table")
    assert first["achieved_bytes_per_s"] == pytest.approx(3e12)
    # 2 TFLOP/s for 20 µs; 40 MFLOP over 60 MB
    assert (first["flop"], first["flop_source"]) == (4e7, "counter")
    assert (first["roof"], first["intensity_flop_per_byte"]) == ("fp32", 4e7 / 6e7)


@pytest.mark.usefixtures("toy_readers")
def test_launches_that_only_their_grid_tells_apart(tmp_path: Path) -> None:
    """Without operators a kernel's launches of two grids are two groups."""
    from ncutool.analysis.analyse import read_and_analyse
    from ncutool.analysis.groups import detail, grouped

    analysis = read_and_analyse(write(tmp_path / "a.toy", SKETCH))
    groups, _ = grouped(analysis.kernels)
    named = {(row["kernel"], detail(row)) for row in groups.iter_rows(named=True)}
    assert named == {
        ("copy_bytes", "1,056 blocks of 256"),
        ("multiply", "132 blocks of 384"),
        ("multiply", "264 blocks of 384"),
    }


def asks_for_a_format(node: ast.AST) -> bool:
    """Whether code compares with the key of a format, looks it up, or asks for its reader."""
    if isinstance(node, ast.alias):
        return node.name in ("NcuReportReader", "TorchTraceReader", "NCU_REPORT", "TORCH_TRACE")
    inside = ast.walk(node) if isinstance(node, ast.Compare | ast.Call | ast.MatchValue) else ()
    keys = ("ncu", "torch")
    return any(isinstance(each, ast.Constant) and each.value in keys for each in inside) or (
        isinstance(node, ast.Constant) and node.value == "torch"
    )


def test_nothing_asks_for_the_name_of_a_format() -> None:
    """What a capture is, is a trait: no module of ncutool knows the formats there are."""
    asking = [
        f"{path.relative_to(PACKAGE)}:{getattr(node, 'lineno', '')}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if asks_for_a_format(node)
    ]
    assert asking == []


@pytest.mark.parametrize(
    "code",
    ['s == "ncu"', 's in ("x", "torch")', 'c.is_in(["ncu"])', "WORDS = {'ncu': 1, 'torch': 2}",
     "match s:\n case 'ncu': pass", "from ncutool_parsers.torch_trace import TorchTraceReader"],
)  # fmt: skip
def test_asking_for_a_format_is_found(code: str) -> None:
    """Each way to compare with a name that the code once held."""
    assert any(asks_for_a_format(node) for node in ast.walk(ast.parse(code)))


def captures_of(command: str) -> list[Any]:
    """What the arguments of a command that name captures or traces may be."""
    hints = get_type_hints(run_of(command), include_extras=True)
    return [
        hint
        for hint in hints.values()
        for extra in getattr(hint, "__metadata__", ())
        if isinstance(extra, ArgumentInfo)
        and (extra.metavar or "").strip("[]").startswith(("CAPTURE", "TRACE", "BEFORE"))
    ]


ASKING = [
    command.name for command in COMMANDS if run_of(command.name) and captures_of(command.name)
]


@pytest.mark.parametrize("command", ASKING)
def test_captures_are_taken_from_where_they_lie(command: str) -> None:
    """A URL or a member of an archive wherever a file may be named: text, where typer reads it."""
    assert {"diff", "job", "next-capture", "report"} <= set(ASKING)
    assert not [hint for hint in captures_of(command) if "Path" in repr(hint)]
