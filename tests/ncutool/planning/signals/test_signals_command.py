"""``ncutool plan signals`` from outside: forms, refusals, stdin, and how little it imports."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from signal_texts import dcgmi_dmon, smi_dmon

from ncutool.commands import main
from ncutool.planning.signals.thresholds import BY_NAME

DOCUMENT = Path(__file__).resolve().parents[4] / "docs" / "signals.md"
PAIR = ("--throughput", "8:1200", "--throughput", "16:2300")
TOKEN = ("--token-time-ms", "6.1", "--model-bytes", "16e9", "--device", "h100-sxm")


def run(capsysbinary: pytest.CaptureFixture[bytes], *arguments: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command."""
    code = main(["plan", "signals", *(str(argument) for argument in arguments)])
    out, err = capsysbinary.readouterr()
    return code, out.decode(), err.decode()


@pytest.fixture
def dmon(tmp_path: Path) -> Path:
    """Forty seconds of two busy GPUs."""
    path = tmp_path / "dmon.txt"
    path.write_text(smi_dmon([{"sm": 98, "mem": 40}] * 40, gpus=(0, 1)))
    return path


def test_the_table_says_why_gpu_util_says_nothing(
    capsysbinary: pytest.CaptureFixture[bytes], dmon: Path
) -> None:
    """With the numbers at hand: 98 % here, and what one thread block would read."""
    code, out, err = run(capsysbinary, dmon, "--device", "h100-sxm")
    flat = " ".join(out.split())
    assert (code, err) == (0, "")
    assert "GPU 1 of dmon.txt (nvidia-smi dmon): busy, confidence none" in flat
    assert "share of time in which at least one kernel ran, here 98.0 % (median)" in flat
    assert "one of 132 SMs (0.8 % of them)" in flat
    assert "idle sample 5 %" in flat


def test_json_holds_the_verdicts_and_their_boundaries(
    capsysbinary: pytest.CaptureFixture[bytes], dmon: Path
) -> None:
    """All sources at once, each verdict with figures, sources and what would tell more."""
    code, out, _ = run(capsysbinary, dmon, *PAIR, *TOKEN, "--format", "json")
    whole = json.loads(out)
    assert code == 0
    assert whole["schema"] == "ncutool/signals/1"
    assert [each["regime"] for each in whole["verdicts"]] == [
        "busy",
        "busy",
        "fixed_cost",
        "memory",
    ]
    assert whole["device"]["name"] == "H100 SXM 80GB"
    for each in whole["verdicts"]:
        assert each["thresholds"]
        assert all(boundary["source"] for boundary in each["thresholds"])
    assert whole["verdicts"][0]["distributions"][0]["median_pct"] == 98.0


def test_markdown_has_tables_of_even_rows(
    capsysbinary: pytest.CaptureFixture[bytes], dmon: Path
) -> None:
    """Every row of a table has as many cells as its heading."""
    _, out, _ = run(capsysbinary, dmon, *PAIR, "--format", "md")
    for block in re.findall(r"(?:^\|.*\|$\n?)+", out, re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(widths) == 1
    assert out.startswith("## Regime: ")


def test_samples_come_from_stdin(
    capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`dcgmi dmon ... | ncutool plan signals -`."""
    text = dcgmi_dmon([{"GRACT": 1, "SMACT": 1, "TENSO": 0.1, "DRAMA": 0.8}] * 20)
    stdin = io.TextIOWrapper(io.BytesIO(text.encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    code, out, _ = run(capsysbinary, "-")
    assert code == 0
    assert "GPU 0 of stdin (dcgmi dmon): memory" in " ".join(out.split())


def test_a_model_in_place_of_bytes(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """--preset brings weights, cache and arithmetic of ncutool plan llm."""
    arguments = ("--token-time-ms", "6.1", "--preset", "llama-3-8b", "--device", "h100-sxm")
    code, out, _ = run(capsysbinary, *arguments, "--format", "json")
    (verdict,) = json.loads(out)["verdicts"]
    assert (code, verdict["regime"], verdict["confidence"]) == (0, "memory", "high")
    figures = {figure["name"]: figure["value"] for figure in verdict["figures"]}
    assert figures["memory_pct"] == pytest.approx(76.1, abs=0.1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "no signal given"),
        (("--throughput", "8:1200"), "give two"),
        (("--throughput", "8", "--throughput", "16:2"), "not '8'"),
        (("--throughput", "a:b", "--throughput", "16:2"), "not 'a:b'"),
        (("--throughput", "8:0", "--throughput", "16:2"), "above 0"),
        (("--throughput", "8:nan", "--throughput", "16:2"), "takes a batch and its rate"),
        (("--token-time-ms", "6"), "needs one of"),
        (("--token-time-ms", "0", "--model-bytes", "1e9"), "above 0"),
        (("--token-time-ms", "-6", "--model-bytes", "1e9"), "above 0"),
        (("--token-time-ms", "6", "--model-bytes", "inf"), "--model-bytes takes bytes"),
        (("--model-bytes", "1e9"), "needs --token-time-ms"),
        (("--preset", "llama-3-8b"), "needs --token-time-ms"),
        (("--token-time-ms", "6", "--preset", "llama-3-8b"), "needs --device"),
        (("--token-time-ms", "6", "--preset", "none", "--device", "h100-sxm"), "none"),
        ((*TOKEN[:4], "--preset", "llama-3-8b"), "--model-bytes and --preset"),
        (("--flop", "1e12"), "need --seconds"),
        (("--seconds", "1"), "time alone"),
        (("--seconds", "0", "--flop", "1e12"), "above 0"),
        (("--seconds", "1", "--flop", "1e12", "--dtype", "fp7"), "fp7"),
        ((*PAIR, "--device", "h100"), "several devices"),
        ((*PAIR, "--device", "nothing"), "no device named"),
        ((*PAIR, "--format", "csv"), "not csv"),
        (("-", "-"), "read once"),
    ],
)
def test_nonsense_is_one_line_and_exit_2(
    capsysbinary: pytest.CaptureFixture[bytes], arguments: tuple[str, ...], said: str
) -> None:
    """It says what is wrong, and nothing goes to stdout."""
    code, out, err = run(capsysbinary, *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("content", [b"", b"hello\n", b"\0\1\2", b'{"a": 1}', b"# gpu sm\n"])
def test_a_file_that_is_none_is_one_line_and_exit_1(
    capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path, content: bytes
) -> None:
    """Which file, what is wrong, what to give."""
    path = tmp_path / "some.txt"
    path.write_bytes(content)
    for wrong in (path, tmp_path / "absent.txt", tmp_path):
        code, out, err = run(capsysbinary, wrong)
        assert (code, out) == (1, "")
        assert len(err.splitlines()) == 1
        assert wrong.name in err


def test_a_name_with_control_characters_is_shown_without(
    capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> None:
    """A file's name is text of whoever wrote it: no escape reaches the terminal."""
    path = tmp_path / "a\x1b[31m|b.txt"
    path.write_text(smi_dmon([{"sm": 50}] * 12))
    for form in ("table", "md"):
        _, out, _ = run(capsysbinary, path, "--format", form)
        assert "\x1b" not in out
    _, out, _ = run(capsysbinary, path, "--format", "json")
    assert "\x1b" not in out
    assert json.loads(out)["verdicts"][0]["subject"].startswith("GPU 0 of a")


def test_a_result_is_written_once(
    capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path, dmon: Path
) -> None:
    """-o tells the form by its ending and does not overwrite."""
    target = tmp_path / "said.json"
    assert run(capsysbinary, dmon, "-o", target)[0] == 0
    assert json.loads(target.read_text())["schema"] == "ncutool/signals/1"
    assert run(capsysbinary, dmon, "-o", target)[0] == 1


def test_it_starts_without_the_heavy_libraries(dmon: Path) -> None:
    """Samples, batches and a token time need no data frames, no charts and no model."""
    shown = subprocess.run(
        [
            sys.executable,
            "-X",
            "importtime",
            "-m",
            "ncutool",
            "plan",
            "signals",
            str(dmon),
            *PAIR,
            *TOKEN,
        ],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "COLUMNS": "100"},
        timeout=120,
        check=False,
    )
    assert shown.returncode == 0
    imported = set(re.findall(r"\|\s+([\w.]+)$", shown.stderr, re.MULTILINE))
    assert "ncutool.planning.signals" in imported
    heavy = {
        "polars",
        "pandas",
        "altair",
        "numpy",
        "pyarrow",
        "ncutool.planning.llm",
        "ncutool.planning.planner",
    }
    assert imported & heavy == set()


def test_the_document_lists_every_boundary() -> None:
    """docs/signals.md has each boundary with its value, meaning and source, and no other."""
    text = DOCUMENT.read_text(encoding="utf-8")
    table = text.split("<!-- table: boundaries -->\n")[1].split("<!-- end -->")[0]
    rows = [
        f"| {name.replace('_', ' ')} | {limit:g} {limit.unit} | {limit.meaning} | {limit.source} |"
        for name, limit in BY_NAME.items()
    ]
    assert table.splitlines()[2:] == rows


def test_the_commands_of_the_document_run(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Those without a file give what the document says of them."""
    text = DOCUMENT.read_text(encoding="utf-8")
    lines = re.findall(r"^ncutool plan signals (--.*)$", text, re.MULTILINE)
    regimes = []
    for line in lines:
        code, out, err = run(capsysbinary, *line.split(), "--format", "json")
        assert (code, err) == (0, "")
        regimes += [verdict["regime"] for verdict in json.loads(out)["verdicts"]]
    assert regimes == ["fixed_cost", "memory", "memory", "latency"]
    for figure in ("91.7 %", "2.62 TB/s", "78.3 %", "30.3 %", "22.4 %", "52.7 %"):
        assert figure in text
