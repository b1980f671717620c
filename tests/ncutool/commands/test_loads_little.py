"""A command loads what it needs, takes plain values as they are, writes rows as it makes them."""

from __future__ import annotations

import inspect
import io
import json
import os
import subprocess
import sys
from importlib import import_module
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ncutool.analysis.analyse import Analysis, read_and_analyse
from ncutool.commands import COMMANDS as ALL
from ncutool.commands import json_rows, kernels, main, running, writing
from ncutool.commands.kernels import select
from ncutool.commands.options import Format
from ncutool.text import launch_lines
from ncutool.text.tables import kernels_table
from ncutool.work.operators import plugins

SAMPLES = Path(__file__).resolve().parents[3] / "reports" / "samples"
TRACE = SAMPLES / "decoder-layer-synthetic" / "decoder-layer-synthetic.json.gz"


def loaded(*arguments: str) -> set[str]:
    """The modules in a process that has run a command."""
    code = (
        "import sys; from ncutool.commands import main; code = main(sys.argv[1:]);"
        "print(*sorted(sys.modules), file=sys.stderr); sys.exit(code)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("form", ["table", "csv", "jsonl"])
def test_kernels_loads_neither_advice_nor_charts(form: str) -> None:
    """Nor what checks the command line, draws tables in colours or plots."""
    heavy = {"altair", "jinja2", "pandas", "pyarrow", "pydantic", "rich.console", "tomllib"}
    found = loaded("kernels", str(TRACE), "--format", form)
    assert found & (heavy | {"ncutool.advice.advising", "ncutool.companions.join"}) == set()


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_what_reads_nothing_loads_no_reader(word: str) -> None:
    """Nor what bounds the memory of reading."""
    command = [sys.executable, "-X", "importtime", "-m", "ncutool", word]
    folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    # What keeps tests from the network is loaded at the start, and loads modules of its own.
    path = os.pathsep.join(one for one in folders if not (Path(one) / "sitecustomize.py").exists())
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    found = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "ncutool.commands" in found
    assert found & {"ncutool_parsers", "ncutool.commands.bounded", "polars", "typer"} == set()
    if word == "--help":  # what knows versions loads these itself
        assert found & {"dataclasses", "typing", "pathlib", "re"} == set()
    assert len([name for name in found if name.startswith("ncutool")]) <= 7


def ours(names: set[str]) -> set[str]:
    """Modules that Python itself does not bring."""
    return {name for name in names if name.partition(".")[0] not in sys.stdlib_module_names}


_MOST = {"llm": 155, "gemm": 160, "attention": 160, "devices": 155, "signals": 125}
"""Modules that an answer may load beside Python's own: a tenth more than it does. Loading is most
of what a plan takes."""
PLANS = {
    "llm": [
        *("plan", "llm", "--preset", "llama-3-70b", "--device", "h100-sxm", "--tp", "8"),
        *("--output-tokens", "500", "--price", "2", "--time-per-token", "20"),
    ],
    "gemm": ["plan", "gemm", "4096", "4096", "4096", "--device", "h100-sxm"],
    "attention": ["plan", "attention", "--heads", "32", "--seq", "1", "--head-dim", "128"],
    "devices": ["plan", "devices", "2xh100-sxm", "h200-sxm", "--preset", "llama-3-8b"],
    "signals": [
        *("plan", "signals", "--token-time-ms", "12", "--model-bytes", "16e9"),
        *("--device", "h100-sxm"),
    ],
}


@pytest.mark.parametrize("form", ["table", "json", "md"])
@pytest.mark.parametrize("name", PLANS)
def test_a_plan_loads_neither_tables_nor_charts(name: str, form: str) -> None:
    """Planning is arithmetic on a few numbers: it starts without polars, altair and what checks
    plain words of the command line."""
    found = loaded(*PLANS[name], "--format", form)
    assert found & {"polars", "altair", "jinja2", "pandas", "pyarrow", "pydantic"} == set()
    assert found & {"rich", "tomllib", "zipfile", "ncutool_parsers.capture"} == set()
    assert len(ours(found)) <= _MOST[name], sorted(ours(found))
    asked_for = {f"ncutool.planning.llm.{one}" for one in ("speculation", "pools", "usual.step")}
    assert found & asked_for == set()


def test_a_page_is_drawn_without_a_chart(tmp_path: Path) -> None:
    """What draws it once needs neither altair nor a browser's engine."""
    found = loaded("report", str(TRACE), "-o", str(tmp_path / "page.html"))
    assert found & {"altair", "vl_convert", "pandas", "pydantic"} == set()


def test_what_is_not_plainly_right_is_still_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """In the words of the parser."""
    assert main(["kernels", str(TRACE), "--format", "xml"]) == 2
    assert "xml" in capsys.readouterr().err
    assert main(["kernels", str(TRACE), "--top", "-1"]) == 2
    assert "--top" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "annotation", "found"),
    [
        ("csv", Format | None, Format.CSV),
        ("a/b", Path, Path("a/b")),
        ("a/b", Path | None, Path("a/b")),
        ("x", str | None, "x"),
        ("5", int | None, 5),
        ("0.25", float | None, 0.25),
    ],
    ids=["enum", "path", "path or none", "text", "whole number", "number"],
)
def test_a_plain_word(word: str, annotation: Any, found: object) -> None:
    """It is what the option's type makes of it."""
    assert running._plain(word, annotation) == found


@pytest.mark.parametrize(
    ("word", "annotation"),
    [("xml", Format), ("5_0", int | None), ("", Path), (None, str), ("x", str | int), ("x", None)],
    ids=["no such word", "number", "empty", "nothing", "two types", "no type"],
)
def test_what_takes_thought(word: object, annotation: Any) -> None:
    """It is left to the parser."""
    with pytest.raises(ValueError, match=r"takes thought|not a valid"):
        running._plain(word, annotation)


@pytest.mark.parametrize("word", ["0", "-1", "٣", "1e3", "0x1", "1" * 16])
def test_a_number_that_takes_thought(word: str) -> None:
    """One below the least, and what Python reads as a number and people do not write."""
    with pytest.raises(ValueError, match="takes thought"):
        running._plain(word, int | None, 1)


def test_no_option_has_a_largest_number() -> None:
    """Plain numbers are held against the least alone."""
    names = [f"{one.name.replace('-', '_')}" for one in ALL if not one.commands]
    names += [f"{one.name}.{each.name}".replace("-", "_") for one in ALL for each in one.commands]
    assert len(names) > 20
    for name in names:
        run = import_module(f"ncutool.commands.{name}").run
        annotations = inspect.signature(run, eval_str=True).parameters.values()
        infos = [getattr(one.annotation, "__metadata__", (None,))[0] for one in annotations]
        assert all(getattr(info, "max", None) is None for info in infos), name


def test_a_number_of_rows_loads_nothing_that_checks_words() -> None:
    """`--top 3` is right at first sight."""
    assert "pydantic" not in loaded("kernels", str(TRACE), "--top", "3")


def test_several_plain_words() -> None:
    """An option that may be repeated takes each as it is."""
    assert running._plain_list(["a", "b"], list[Path]) == [Path("a"), Path("b")]
    assert running._plain_list((), list[Path] | None) == []


FRAME = pl.DataFrame(
    {
        "number": [1, None, 3, 4],
        "text": ["a,b", "=1", None, "é\n"],
        "list": [[1.0, 2.5], None, [], [1e300]],
    }
)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4])
def test_parts_make_up_the_whole(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows written in parts are the same bytes as written at once."""
    frame = FRAME.head(count)

    def envelope(rows: str) -> str:
        return f'{{"none": [], "rows": {rows}}}'

    def written(form: Format) -> bytes:
        return writing.rows(frame, form, envelope, str, str)

    monkeypatch.setattr(json_rows, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(writing, "_CSV_ROWS_AT_ONCE", 2)
    assert written(Format.JSON).decode() == envelope(frame.write_json()) + "\n"
    assert json.loads(written(Format.JSON))["none"] == []
    assert written(Format.JSONL).decode() == frame.write_ndjson()
    told = pl.read_csv(io.BytesIO(written(Format.CSV)), schema_overrides={"list": pl.String})
    assert told.height == count
    assert told["list"].to_list() == ["1.0; 2.5", None, "", "1e+300"][:count]
    assert told["text"].to_list() == ["a,b", "'=1", None, "é "][:count]


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_rows_are_placed_as_they_are_written(
    form: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A form of rows alone never holds the whole table, and is as if it had."""
    analysis = read_and_analyse(TRACE)
    expected = b"".join(writing.row_parts(analysis.kernels, Format(form), str, str, str))
    asked: list[int] = []
    rows = Analysis.rows

    def counted(self: Analysis, launches: pl.Series) -> pl.DataFrame:
        asked.append(launches.len())
        assert "kernels" not in self.__dict__
        return rows(self, launches)

    monkeypatch.setattr(Analysis, "rows", counted)
    monkeypatch.setattr(kernels, "_AT_ONCE", 7)
    assert main(["kernels", str(TRACE), "--format", form]) == 0
    assert capfd.readouterr().out.encode() == expected
    assert asked == [7] * (analysis.kernels.height // 7) + [analysis.kernels.height % 7]


def test_lines_for_a_pipe_are_those_of_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    """To the letter, so that nobody need know which of them drew a table."""
    monkeypatch.delenv("COLUMNS", raising=False)
    analysis = read_and_analyse(TRACE)
    frame = select(analysis.kernels, None, 40, by_duration=True)
    plain = launch_lines.plain_table(analysis, frame)
    assert plain == kernels_table(analysis, frame, color=False)
    assert plain is not None
    assert plain.splitlines()[0].split()[:2] == ["launch", "kernel"]


@pytest.mark.parametrize("cell", ["語", "a" * 200, "\N{COMBINING ACUTE ACCENT}"])
def test_rich_is_asked_where_the_width_takes_thought(cell: str) -> None:
    """Characters of other widths, and a table that is wider than the terminal."""
    row = ["1", cell, *["x"] * 8]
    assert launch_lines.launch_lines([row], ["end"], 120) is None
    assert launch_lines.launch_lines([], ["end"], 120) is None


def test_a_package_with_operators_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever packages may lie that a look into folders does not see, the answer is yes."""
    # Other tests import packages that add finders of their own, which also means yes.
    monkeypatch.setattr(sys, "meta_path", [PathFinder])
    assert not plugins.may_bring([str(tmp_path), str(tmp_path / "absent")])
    (tmp_path / "other-1.dist-info").mkdir()
    (tmp_path / "other-1.dist-info" / "entry_points.txt").write_text("[console_scripts]\n")
    assert not plugins.may_bring([str(tmp_path)])
    (tmp_path / "mine-1.dist-info").mkdir()
    (tmp_path / "mine-1.dist-info" / "entry_points.txt").write_text("[ncutool.operators]\na = b\n")
    assert plugins.may_bring([str(tmp_path)])
    archive = tmp_path / "packages.zip"
    archive.write_bytes(b"PK")
    assert plugins.may_bring([str(archive)])

    class OtherFinder:
        def find_distributions(self, context: object) -> list[object]:
            return [context]

    monkeypatch.setattr(sys, "meta_path", [PathFinder, OtherFinder()])
    assert plugins.may_bring([])
