"""Redaction from outside: nothing private in any output of any command in any form."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import analysis_factory
import polars as pl
import pytest
from planted import ALWAYS, NAMES, planted_reports, report, trace

from ncutool.analysis.request import Redact, Request
from ncutool.commands import COMMANDS as ALL
from ncutool.commands import main
from ncutool.text import shell

__all__ = ["planted_reports"]

Runner = Callable[..., tuple[int, str]]
FORMS = ("table", "json", "csv", "md")
"""Of the others, jsonl has the rows of csv, and parquet is asked for once."""
COMMANDS: tuple[tuple[str, ...], ...] = (
    *(("findings", "A", "--format", form) for form in FORMS),
    *(("kernels", "A", "--format", form) for form in FORMS),
    *(("kernels", "A", "--table", "inside", "--format", form) for form in FORMS),
    *(("explain", "A", "longest", "--format", form) for form in ("table", "json", "md")),
    *(("explain", "A", "device", "--format", form) for form in ("table", "json")),
    *(("whatif", "A", "--on", "A100 80GB SXM", "--format", form) for form in FORMS),
    ("whatif", "A", "--on", "A100 80GB SXM", "--on", "H200 SXM", "-o", "compared.html"),
    *(("report", "A", "-v", "-o", f"out.{form}") for form in ("html", "md", "svg", "json")),
    ("report", "A"),
    ("kernels", "A", "--format", "parquet"),
    *(("diff", "A", "B", "--format", form) for form in FORMS),
    *(("diff", "A", "B", "-o", f"out.{form}") for form in ("md", "html", "svg", "json")),
    ("diff", "A", "B", "--fail-over", "3%", "--kernel", "KERNEL", "--min-roofline", "60%"),
    ("diff", "A", "kept"),
    ("baseline", "save", "of-main", "A"),
    *(("diagnose", "A", "--format", form) for form in ("table", "json")),
    *(("next-capture", "A", "--format", form) for form in ("table", "json", "md")),
    ("batch", "A", "B", "-j", "1", "-o", "made", "--page"),
    *(
        ("query", "SET", "--table", table, "--format", form)
        for table, form in (
            *(("captures", "csv"), ("launches", "json"), ("inside", "csv")),
            *(("findings", "csv"),),
            *(
                ("errors", "json"),
                ("launches", "table"),
                ("findings", "jsonl"),
                ("gaps", "parquet"),
            ),
        )
    ),
    ("query", "SET", "SELECT * FROM captures JOIN launches USING (capture_id)", "-f", "json"),
    ("fleet", "SET", "-o", "f.html", "--by", "name", "--order-by", "bytes", "--pages", "RANKS"),
    *(("trends", "SET", "--by", "name", "--order-by", "bytes", "--format", form) for form in FORMS),
    *(("job", "RANKS", "--format", form) for form in FORMS),
    *(("job", "SET", "--format", form) for form in FORMS),
    ("job", "RANKS", "-o", "job.html"),
)
WITHOUT_REDACT = (("baseline", "list"), ("baseline", "show", "kept"))
"""Commands that show what was kept: redacted where it was kept so."""
OF_NO_CAPTURE = ("plan", "devices", "schema")
"""They read nothing that others wrote."""
OF_TRACES = {"next-capture"}
"""A report says by `findings` what it lacks."""
BY_OTHERS = ("mcp",)
"""It answers with what other commands say (tests/ncutool/commands/test_mcp.py)."""


@pytest.fixture
def run(
    capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Runner:
    """Run a command in an empty folder: exit code, and all that it wrote anywhere."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def one(*arguments: object) -> tuple[int, str]:
        before = {path for path in folder.rglob("*") if path.is_file()}
        code = main([str(argument) for argument in arguments])
        out, err = capsysbinary.readouterr()
        new = [path for path in sorted(folder.rglob("*")) if path.is_file() and path not in before]
        return code, "\n".join([_text(out), _text(err), *_files(new, folder)])

    return one


def _files(paths: list[Path], folder: Path) -> Iterator[str]:
    for path in paths:
        yield str(path.relative_to(folder))
        yield _text(path.read_bytes())
        path.unlink()


def _text(data: bytes) -> str:
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    if data[:4] == b"PAR1":
        return str(pl.read_parquet(io.BytesIO(data)).to_dicts())
    return data.decode("utf-8", "replace")


def test_no_command_is_forgotten() -> None:
    """Every command of the command line is tried below, or said to read nothing of others."""
    tried = {command[0] for command in COMMANDS}
    assert tried | {*OF_NO_CAPTURE, *BY_OTHERS} == {one.name for one in ALL}
    (baseline,) = (one for one in ALL if one.name == "baseline")
    kept = {command[1] for command in (*COMMANDS, *WITHOUT_REDACT) if command[0] == "baseline"}
    assert kept == {one.name for one in baseline.commands}


def places(
    run: Runner, tmp_path: Path, kind: str, after: str = "zorbanek-after_4712.1717171719"
) -> dict[str, Path]:
    """What the commands ask of: two captures, a dataset, a folder of ranks."""
    make, ending = (trace, ".pt.trace.json") if kind == "trace" else (report, ".ncu-rep")
    folder, ranks = tmp_path / "zorbanek" / "runs", tmp_path / "zorbanek" / "ranks"
    folder.mkdir(parents=True)
    ranks.mkdir()
    for rank in range(2):
        trace(ranks, 1.0 + rank, f"zorbanek-r{rank}_47{rank}.171717.pt.trace.json", rank, 2)
    found = {
        "A": make(folder),
        "B": make(folder, 1.5, f"{after}{ending}"),
        "SET": tmp_path / "set",
        "RANKS": ranks,
        "FOLDER": folder,
    }
    assert run("batch", folder, ranks, "-j", "1", "-o", found["SET"])[0] in (0, 1)
    assert run("baseline", "save", "kept", found["B"], "--dir", tmp_path / "kept")[0] == 0
    return found


@pytest.mark.usefixtures("planted_reports")
@pytest.mark.parametrize("mode", Redact)
@pytest.mark.parametrize("kind", ["trace", "report"])
def test_no_output_shows_anything_private(
    run: Runner, tmp_path: Path, kind: str, mode: Redact
) -> None:
    """Strings stand in every text of both formats; none comes out in any form."""
    files = places(run, tmp_path, kind)
    private = [*ALWAYS, *(NAMES if mode is Redact.NAMES else ())]
    ran = set()
    for command in COMMANDS:
        words = [str(files.get(word, word)) for word in command]
        words = ["ostracell" if word == "KERNEL" else word for word in words]
        more = ["--dir", str(tmp_path / "kept")] if "kept" in words else []
        code, shown = run(*words, *more, f"--redact={mode.value}")
        if code == 2 and "Traceback" not in shown:
            continue  # a form that the command has not
        ran.add(command[0])
        assert code in (0, 1, 3, 4), shown[:500]
        assert "this is a bug" not in shown, (command, shown[:500])
        assert len(shown) > 20
        found = [word for word in private if word in shown.lower()]
        assert not found, (command, found, _around(shown, found[0]))
    assert ran == {command[0] for command in COMMANDS} - (OF_TRACES if kind == "report" else set())


UNASKED = (
    "zorbanek", "quillfeather", "brimstoke", "vexlund", "10.42.17.99", "fe80::a1b2", "kettlebrax",
    "snorrigard", "hexavont", "tallowmere", "draknoss", "ulvhammer", "yttermoor", "grolmund",
    "home/plasmorth",
)  # fmt: skip
"""Never shown unless asked for: hosts, persons, paths of a machine, addresses, secrets."""


@pytest.mark.usefixtures("planted_reports")
@pytest.mark.parametrize("kind", ["trace", "report"])
def test_nothing_of_machines_and_persons_is_shown_unasked(
    run: Runner, tmp_path: Path, kind: str
) -> None:
    """Without any option too; the host stands in the name that the profiler gives a file."""
    # A report's file is not named after a host by any tool.
    after = "after" if kind == "report" else "zorbanek-after_4712.1717171719"
    files = places(run, tmp_path, kind, after)
    for command in (*COMMANDS, *WITHOUT_REDACT):
        if kind == "report" and command[0] == "batch":
            continue  # its workers read no planted report, and an error names the file as typed
        words = [str(files.get(word, word)) for word in command]
        more = ["--dir", str(tmp_path / "kept")] if "kept" in words else []
        code, shown = run(*words, *more)
        if code == 2 and "Traceback" not in shown:
            continue  # a form that the command has not
        assert code in (0, 1, 3, 4), shown[:500]
        assert "this is a bug" not in shown, (command, shown[:500])
        found = [word for word in UNASKED if word in shown.lower()]
        assert not found, (command, found, _around(shown, found[0]))


def test_the_page_is_named_without_the_host(run: Runner, tmp_path: Path) -> None:
    """The profiler's own names tell the host; a page of one does not."""
    named = trace(tmp_path)
    assert run("report", named, "--force")[0] == 0
    code, shown = run("report", named)
    assert code == 0
    assert "host_4711.1717171717.pt.trace.html" in shown


def test_files_named_on_the_command_line_are_not_shown(run: Runner, tmp_path: Path) -> None:
    """Ceilings, devices of one's own, and commands to paste."""
    (tmp_path / "zorbanek").mkdir()
    rates = tmp_path / "zorbanek" / "hexavont.json"
    rates.write_text('{"bytes_per_s": 3.0e12}')
    devices = tmp_path / "zorbanek" / "mirkwaldt.toml"
    devices.write_text(
        '[[device]]\nname = "NVIDIA H100 80GB HBM3"\ncompute_capability = "9.0"\nsm_count = 132\n'
        "memory_bytes = 80_000_000_000\nl2_bytes = 52428800\npeak_bytes_per_s = 3.35e12\n"
        'source = "https://example.org"\n'
        "[device.peak_flop_per_s]\nfp32 = 6.69e13\n"
    )
    files = ("--ceilings", rates, "--device-file", devices, "--redact")
    for command in (("report", "-v"), ("kernels",), ("explain", "longest"), ("findings",)):
        words = [command[0], trace(tmp_path / "zorbanek"), *command[1:], *files]
        code, shown = run(*words)
        assert code == 0, shown
        assert not [word for word in ("zorbanek", "hexavont", "mirkwaldt") if word in shown]


def test_a_command_to_paste_names_no_file(tmp_path: Path) -> None:
    """Its words are the same but for the files."""
    request = Request(ncu=Path("/home/zorbanek/x.ncu-rep"), redact=Redact.NAMES)
    whole = replace(analysis_factory.trace(), request=request)
    assert "zorbanek" not in shell.command("kernels", whole)
    assert shell.command("kernels", whole).endswith(".ncu-rep --redact names")


def _around(text: str, word: str) -> str:
    at = text.lower().find(word)
    return text[max(0, at - 100) : at + 100]


def test_what_is_planted_is_shown_without_redaction(run: Runner, tmp_path: Path) -> None:
    """Else the tests above could not fail."""
    capture = trace(tmp_path)
    assert set(UNASKED) <= {
        word for word in UNASKED if word in (str(capture) + capture.read_text())
    }
    shown = run("kernels", capture, "--format", "json")[1] + run("report", capture)[1]
    seen = {word for word in [*ALWAYS, *NAMES] if word in shown.lower()}
    assert {"plasmorth", "wendigoth", "rivenmaw", "dunmirr"} <= seen


def test_figures_and_pseudonyms_are_stable(run: Runner, tmp_path: Path) -> None:
    """The same launches, times and matches; the same names in every run and on both sides."""
    before, after = trace(tmp_path), trace(tmp_path, 1.5, "after.json")
    plain = json.loads(run("diff", before, after, "--format", "json")[1])
    hidden = [
        json.loads(run("diff", before, after, "--format", "json", "--redact", "names")[1])
        for _ in range(2)
    ]
    assert hidden[0] == hidden[1]
    figures = ("kind", "before_ns", "after_ns", "verdict", "launch_ids_before", "launch_ids_after")
    assert [[row[name] for name in figures] for row in hidden[0]["diff"]] == [
        [row[name] for name in figures] for row in plain["diff"]
    ]
    worst = hidden[0]["diff"][0]
    assert worst["kernel_before"] == worst["kernel_after"]
    assert worst["kernel_before"].startswith("kernel_")
    assert worst["verdict"] == "slower"


def test_another_key_gives_other_pseudonyms(
    run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key comes from the environment."""
    capture = trace(tmp_path)
    shown = []
    for key in ("one", "other", "one"):
        monkeypatch.setenv("NCUTOOL_REDACT_KEY", key)
        shown.append(run("kernels", capture, "--format", "csv", "--redact", "names")[1])
    assert shown[0] == shown[2] != shown[1]


def test_asking_for_both_is_wrong(run: Runner, tmp_path: Path) -> None:
    """To show private data and to take it out."""
    code, said = run("report", trace(tmp_path), "--redact", "--show-private")
    assert code == 2
    assert "--redact and --show-private ask for the contrary" in said


def test_the_value_may_be_left_out(run: Runner, tmp_path: Path) -> None:
    """`--redact CAPTURE` is a capture, `--redact names CAPTURE` a value and a capture."""
    capture = trace(tmp_path)
    for words in (["--redact", capture], ["--redact", "names", capture]):
        code, shown = run("kernels", *words, "--format", "csv")
        assert code == 0
        assert ("rivenmaw" in shown) == (len(words) == 2)
        assert "zorbanek" not in shown
    assert run("kernels", capture, "--redact=all")[0] == 2
