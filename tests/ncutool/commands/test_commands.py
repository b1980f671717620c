"""The command line from outside: exit codes, streams, outputs that appear whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import jsonschema
import polars as pl
import pytest

from ncutool.analysis.json_schema import of_output, of_report
from ncutool.commands import COMMANDS, Command, main

pytestmark = pytest.mark.usefixtures("one_reading")
RUNNABLE = [
    " ".join(filter(None, (group.name, command.name)))
    for group in (Command("", "", tuple(one for one in COMMANDS if not one.commands)), *COMMANDS)
    for command in group.commands
]
"""Every command by its words: `report`, `plan gemm`."""
SAMPLES = Path(__file__).resolve().parents[3] / "reports" / "samples"


def sample(pattern: str) -> Path:
    """The shipped sample capture whose name ends so."""
    return next(iter(sorted(SAMPLES.glob(f"*/{pattern}"))))


@pytest.fixture
def trace() -> Path:
    """The shipped trace."""
    return sample("*.json.gz")


@pytest.fixture
def report() -> Path:
    """The shipped report."""
    return sample("*.ncu-rep")


def run(capsysbinary: pytest.CaptureFixture[bytes], *arguments: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command."""
    code = main([str(argument) for argument in arguments])
    out, err = capsysbinary.readouterr()
    return code, out.decode(), err.decode()


def test_help_lists_every_command_and_imports_no_table_library() -> None:
    """`--help` answers at once: no polars, pandas, numpy, altair or typer behind it."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "ncutool", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    for command in COMMANDS:
        assert f"  {command.name} " in done.stdout
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    heavy = {"polars", "pandas", "altair", "numpy", "typer", "rich", "msgspec", "ncu_report"}
    assert not imported & heavy


@pytest.mark.parametrize("command", RUNNABLE)
def test_every_command_has_help(command: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Each command explains itself and its options, `ncutool help` likewise."""
    code, out, _ = run(capsysbinary, *command.split(), "--help")
    assert code == 0
    assert f"Usage: ncutool {command}" in out
    assert "--debug" in out
    assert "``" not in out
    assert run(capsysbinary, "help", *command.split())[1] == out


@pytest.mark.parametrize("command", ["batch", "query"])
def test_examples_in_a_help_can_be_copied(
    command: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Each stands as it was written: on lines of its own, carried on by a backslash alone."""
    run_of = import_module(f"ncutool.commands.{command}").run
    _, out, _ = run(capsysbinary, command, "--help")
    lines = [line.strip() for line in str(run_of.__doc__).splitlines()]
    starts = [place for place, line in enumerate(lines) if line.startswith("ncutool ")]
    shown = [line.strip() for line in out.splitlines()]
    for place in starts:
        example = [lines[place]]
        while example[-1].endswith("\\"):
            example.append(lines[place + len(example)])
        at = shown.index(example[0])
        assert shown[at : at + len(example)] == example
    assert len(starts) == {"batch": 1, "query": 3}[command]


def test_a_group_lists_its_commands_without_typer() -> None:
    """`ncutool plan --help` names what can be planned, and answers at once."""
    code = (
        "import sys; from ncutool.commands import main; main(['plan', '--help'])\n"
        "assert not {'typer', 'polars'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    for name in ("llm", "gemm", "attention", "devices", "signals"):
        assert f"  {name}\n" in done.stdout


def test_wrong_usage_is_exit_code_2(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """An unknown command, option or format; no command at all; a bad pattern."""
    assert run(capsysbinary)[0] == 2
    assert run(capsysbinary, "plan")[0] == 2
    code, out, err = run(capsysbinary, "kernel", "x")
    assert (code, out) == (2, "")
    assert "did you mean 'kernels'" in err
    assert "ncutool report x.ncu-rep" in run(capsysbinary, "x.ncu-rep")[2]
    assert run(capsysbinary, "kernels", "x", "--nonsense")[0] == 2
    assert run(capsysbinary, "kernels", "x", "--format", "xlsx")[0] == 2
    assert run(capsysbinary, "kernels", "x", "--kernel", "(")[0] == 2
    assert run(capsysbinary, "kernels", "x", "-o", "rows.xlsx")[0] == 2
    assert run(capsysbinary, "report", "x", "-o", "page.pdf")[0] == 2


@pytest.mark.parametrize("command", ["report", "kernels", "findings"])
@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("absent.ncu-rep", None, "does not exist"),
        ("empty.json", b"", "empty"),
        ("notes.txt", b"nothing of ours here\n" * 40, "is text, not a capture"),
        ("pointer.ncu-rep", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "LFS"),
        ("object.json", b'{"a": 1}', "traceEvents"),
        ("none.json", b'{"traceEvents": []}', "no "),
        ("cut.ncu-rep", b"NVR\0\x10\0\0\0", "cut"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_1(
    command: str,
    name: str,
    content: bytes | None,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    """File, what is wrong, what to do: one line on stderr, nothing on stdout or on disk."""
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path(name).write_bytes(content)
    before = set(tmp_path.iterdir())
    code, out, err = run(capsysbinary, command, name)
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert name in err
    assert words in err
    assert "; " in err
    assert set(tmp_path.iterdir()) == before


def test_a_folder_is_no_capture(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """A folder is named as one."""
    code, _, err = run(capsysbinary, "kernels", tmp_path)
    assert code == 1
    assert "folder" in err


def test_json_conforms_to_the_published_schema(
    trace: Path, report: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Both formats, both tables; coverage and notices come with the rows."""
    for capture in (trace, report):
        for command, table in (("kernels", "kernels"), ("findings", "findings")):
            code, out, _ = run(capsysbinary, command, capture, "--format", "json")
            assert code == 0
            whole = json.loads(out)
            jsonschema.validate(whole, of_output(table))
            assert list(whole)[:3] == ["schema", "capture", "coverage"]


def test_report_writes_a_comment_or_json_by_the_ending(
    trace: Path, report: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """The same verdict in each; several captures stand one after another."""
    comment, document = tmp_path / "both.md", tmp_path / "both.json"
    code, out, _ = run(capsysbinary, "report", trace, report, "-o", comment)
    assert code == 0
    verdicts = [line for line in comment.read_text("utf-8").splitlines() if line.startswith("###")]
    assert len(verdicts) == 2
    assert out.splitlines()[-2] == f"comment: {comment}"
    assert run(capsysbinary, "report", trace, report, "-o", document)[0] == 0
    made = json.loads(document.read_text("utf-8"))
    jsonschema.validate(made, of_report())
    told = [one["verdict"]["headline"] for one in made["reports"]]
    assert [f"### {text}".replace("`", "") for text in told] == [
        line.replace("`", "").replace("\\", "") for line in verdicts
    ]
    assert " ".join(out.split()).endswith(told[-1])


def test_report_refuses_an_ending_that_it_cannot_write(
    trace: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """One line says which there are, and nothing is written."""
    code, _, error = run(capsysbinary, "report", trace, "-o", tmp_path / "x.pdf")
    assert code == 2
    assert "end the file's name in .html, .htm, .md, .json, .svg or .png" in error
    assert list(tmp_path.glob("x.pdf")) == []


def test_every_form_holds_the_same_launches(
    trace: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """JSON, JSONL, CSV and Parquet agree on the launches."""
    outputs = {
        ending: tmp_path / f"rows.{ending}" for ending in ("json", "jsonl", "csv", "parquet")
    }
    for output in outputs.values():
        assert run(capsysbinary, "kernels", trace, "-o", output)[0] == 0
    rows: dict[str, list[Any]] = {
        "json": json.loads(outputs["json"].read_text())["kernels"],
        "jsonl": [json.loads(line) for line in outputs["jsonl"].read_text().splitlines()],
        "csv": list(csv.DictReader(io.StringIO(outputs["csv"].read_text()))),
        "parquet": pl.read_parquet(outputs["parquet"]).to_dicts(),
    }
    kernels = {ending: [row["kernel_full"] for row in found] for ending, found in rows.items()}
    assert kernels["json"] == kernels["jsonl"] == kernels["parquet"] == kernels["csv"]
    assert rows["json"] == rows["jsonl"] == rows["parquet"]
    shapes = ["; ".join("×".join(map(str, s)) for s in row["shapes"] or ()) for row in rows["json"]]
    assert [row["shapes"] for row in rows["csv"]] == shapes


def test_top_and_kernel_choose_rows(
    trace: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """--top keeps the longest, --kernel those whose kernel or operator matches."""
    out = run(capsysbinary, "kernels", trace, "-f", "jsonl", "--top", "3")[1]
    durations = [json.loads(line)["duration_ns"] for line in out.splitlines()]
    everything = [
        json.loads(line)["duration_ns"]
        for line in run(capsysbinary, "kernels", trace, "-f", "jsonl")[1].splitlines()
    ]
    assert durations == sorted(everything, reverse=True)[:3]
    out = run(capsysbinary, "kernels", trace, "-f", "jsonl", "--kernel", "^aten::mul$")[1]
    assert {json.loads(line)["op"] for line in out.splitlines()} == {"aten::mul"}


def test_an_existing_output_needs_force(
    trace: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Never overwritten silently; with --force it is; a missing folder is said."""
    output = tmp_path / "page.html"
    output.write_text("mine")
    code, _, err = run(capsysbinary, "report", trace, "-o", output)
    assert (code, output.read_text()) == (1, "mine")
    assert "--force" in err
    code, out, _ = run(capsysbinary, "report", trace, "-o", output, "--force")
    assert code == 0
    assert f"page: {output}" in out
    assert output.read_text().startswith("<!doctype html>")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    assert run(capsysbinary, "report", trace, "-o", tmp_path / "no" / "page.html")[0] == 1


def test_report_names_the_page_after_the_capture(
    trace: Path,
    report: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    """Without -o: the first capture's stem in the current folder; several captures, one page."""
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(capsysbinary, "report", trace, report)
    stem = trace.name.removesuffix(".json.gz")
    assert code == 0
    assert [path.name for path in tmp_path.iterdir()] == [f"{stem}.html"]
    assert f"page: {stem}.html" in out


def test_a_cut_trace_is_read_as_far_as_it_is_whole(
    trace: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Exit 0, and page, JSON and stderr say first that it was cut."""
    cut = tmp_path / "cut.json.gz"
    content = trace.read_bytes()
    cut.write_bytes(content[: len(content) * 6 // 10])
    code, out, err = run(capsysbinary, "kernels", cut, "--format", "json")
    whole = json.loads(out)
    assert code == 0
    assert whole["capture"]["complete"] is False
    assert whole["notices"][0]["code"] == "truncated"
    assert "cut" in err.splitlines()[0]


def test_unknown_device_suggests_near_names(
    trace: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """--assume-device with a slip is wrong usage and names what was probably meant."""
    code, _, err = run(capsysbinary, "kernels", trace, "--assume-device", "H1000 SMX")
    assert code == 2
    assert "H100" in err


def test_debug_shows_the_traceback() -> None:
    """--debug lets the exception through."""
    done = subprocess.run(
        [sys.executable, "-m", "ncutool", "kernels", "absent.json", "--debug"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_a_reader_that_goes_away_is_no_error(trace: Path) -> None:
    """`ncutool kernels | head -1` ends quietly."""
    done = subprocess.run(
        f"'{sys.executable}' -m ncutool kernels '{trace}' -f jsonl | head -c 10",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    said = "This capture is synthetic: a program wrote it, and nothing in it was measured."
    assert done.stderr.strip() in ("", f"ncutool: {said}")


def test_devices_explain_says_how_a_device_is_found(
    trace: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Recorded fields, what fits, what was taken and where its peaks come from."""
    code, out, _ = run(capsysbinary, "explain", trace, "device")
    assert code == 0
    for told in ("as recorded", "compute capability", "taken:", "why:", "peaks:"):
        assert told in out
    code, out, _ = run(capsysbinary, "explain", trace, "device", "--format", "json")
    told_in_json = json.loads(out)
    assert told_in_json["schema"] == "ncutool/device-explanation/1"
    assert told_in_json["recorded"][0]["candidates"]


def test_devices_name_shows_one_device_whole(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    """Dense and sparse peaks, source and confidence of one device."""
    _, out, _ = run(capsysbinary, "devices", "h100sxm")
    for told in ("989 TFLOP/s", "1.98 PFLOP/s", "3.96 POP/s", "source", "confidence", "note"):
        assert told in out


def test_every_command_that_takes_a_device_takes_a_file_of_devices(
    trace: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A file's device is named by --assume-device, its peaks are used; a wrong file is exit 2."""
    file = tmp_path / "own.toml"
    row = 'name = "Moon"\nmemory_bytes = 1\npeak_bytes_per_s = 1e12\n'
    file.write_text(f"[[device]]\n{row}[device.peak_flop_per_s]\nfp32 = 1e12\n")
    options = ("--assume-device", "moon", "--device-file", file)
    code, out, _ = run(capsysbinary, "kernels", trace, *options, "--format", "json")
    assert code == 0
    result = json.loads(out)
    assert result["capture"]["device"] == "Moon"
    assert {row["peak_source"] for row in result["kernels"]} == {"device_file"}
    assert run(capsysbinary, "findings", trace, *options)[0] == 0
    assert run(capsysbinary, "devices", "moon", "--device-file", file)[0] == 0
    assert run(capsysbinary, "report", trace, *options, "-o", tmp_path / "p.html")[0] == 0
    file.write_text("x")
    assert run(capsysbinary, "findings", trace, *options)[0] == 2
