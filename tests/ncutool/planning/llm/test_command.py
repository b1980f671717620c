"""``ncutool plan llm`` from outside: forms, refusals, and how little it imports."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from ncutool.commands import main
from ncutool.planning import llm

PLAIN = ("plan", "llm", "--preset", "llama-3-8b", "--device", "h100-sxm")


def run(capsysbinary: pytest.CaptureFixture[bytes], *arguments: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command."""
    code = main([str(argument) for argument in arguments])
    out, err = capsysbinary.readouterr()
    return code, out.decode(), err.decode()


def test_the_table_holds_the_worked_figures(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """8e9 parameters: 16 GB, 4.776 ms, 209.4 tok/s, ridge and B* 295.3; peaks said to be dense."""
    code, out, err = run(capsysbinary, "plan", "llm", "--params", "8e9", "--device", "h100-sxm")
    assert (code, err) == (0, "")
    for figure in ("16.00", "4.776 ms", "209.4 tok/s", "295.3", "sparsity"):
        assert figure in out


def test_forms_agree(capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> None:
    """JSON holds the whole plan; CSV, JSON lines and Parquet its batch sweep, row for row."""
    _, out, _ = run(capsysbinary, *PLAIN, "--format", "json")
    whole = json.loads(out)
    assert whole["schema"] == "ncutool/llm-plan/2"
    assert whole["model"]["parameters"] == 8_030_261_248
    _, out, _ = run(capsysbinary, *PLAIN, "--format", "jsonl")
    lines = [json.loads(line) for line in out.splitlines()]
    assert lines == whole["batches"]
    _, out, _ = run(capsysbinary, *PLAIN, "--format", "csv")
    cells = list(csv.DictReader(io.StringIO(out)))
    assert [float(row["floor_ns"]) for row in cells] == [row["floor_ns"] for row in lines]
    target = tmp_path / "sweep.parquet"
    assert run(capsysbinary, *PLAIN, "-o", target)[0] == 0
    assert pl.read_parquet(target)["tokens_per_s"].to_list() == [
        row["tokens_per_s"] for row in lines
    ]


def test_markdown_holds_both_sweeps(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Every row of both sweeps is a row of a table, with as many cells as headings."""
    _, out, _ = run(capsysbinary, *PLAIN, "--format", "md", "--batches", "1,7", "--contexts", "99")
    rows = [line for line in out.splitlines() if re.match(r"\| (1|7|99) \|", line)]
    assert len(rows) == 3
    assert {line.count("|") for line in rows} == {11}


def test_presets_are_listed_with_their_sources(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Every name, and where its figures were published."""
    code, out, _ = run(capsysbinary, "plan", "llm", "--presets", "--format", "json")
    assert code == 0
    told = json.loads(out)["presets"]
    assert [each["name"] for each in told] == list(llm.preset_names())
    assert all(each["source"].startswith("https://") for each in told)
    _, table, _ = run(capsysbinary, "plan", "llm", "--presets")
    assert all(name in table for name in llm.preset_names())


def test_a_configuration_file(capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> None:
    """A config.json is planned under its folder's name."""
    path = tmp_path / "config.json"
    path.write_text(
        json.dumps(
            {
                "model_type": "llama",
                "hidden_size": 64,
                "num_hidden_layers": 2,
                "num_attention_heads": 4,
                "intermediate_size": 128,
                "vocab_size": 100,
            }
        ),
        encoding="utf-8",
    )
    code, out, _ = run(
        capsysbinary, "plan", "llm", "--config", path, "--device", "t4", "-f", "json"
    )
    assert code == 0
    told = json.loads(out)
    assert told["model"]["attention"] == "multi-head, 4 heads of 16"
    assert told["device"]["roof"] == "fp16_tensor"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--preset", "llama-3-8b"), "no device given"),
        (("--device", "t4"), "no model given"),
        (("--preset", "llama-9", "--device", "t4"), "no preset named 'llama-9'"),
        (("--preset", "llama-3-8b", "--device", "h100"), "fits several devices"),
        (("--preset", "llama-3-8b", "--device", "abacus"), "no device named 'abacus'"),
        (("--preset", "llama-3-8b", "--params", "8e9", "--device", "t4"), "twice"),
        (("--params", "-8e9", "--device", "t4"), "--params must be from 1"),
        (("--params", "nan", "--device", "t4"), "--params takes a number"),
        (("--params", "0", "--device", "t4"), "--params must be from 1"),
        (("--layers", "-3", "--device", "t4"), "is missing too"),
        (("--layers", "2", "--hidden", "64", "--device", "t4"), "--heads"),
        ((*PLAIN[2:], "--tp", "5"), "do not divide among 5 devices"),
        ((*PLAIN[2:], "--kv-heads", "7"), "do not divide among 7"),
        ((*PLAIN[2:], "--weights", "fp7"), "no weight type 'fp7'"),
        ((*PLAIN[2:], "--kv", "x"), "no cache type 'x'"),
        ((*PLAIN[2:], "--batch", "-1"), "the batch must be"),
        ((*PLAIN[2:], "--context", "0"), "the context must be"),
        ((*PLAIN[2:], "--batches", "1,,x"), "--batches takes whole numbers"),
        ((*PLAIN[2:], "--batches", "0"), "must be a whole number from 1"),
        ((*PLAIN[2:], "--memory-share", "nan"), "--memory-share takes a share"),
        ((*PLAIN[2:], "--memory-share", "1.5"), "share of memory"),
        ((*PLAIN[2:], "--mla", "1,2,3,4"), "--mla describes a model by its sizes"),
        ((*PLAIN[2:], "--tied"), "--tied describes a model by its sizes"),
        ((*PLAIN[2:], "--expert-intermediate", "64"), "changes nothing"),
        (("--layers", "2", "--mla", "1,2", "--device", "t4"), "--mla takes 4 or 5 numbers"),
        ((*PLAIN[2:], "-o", "plan.pdf"), "its ending tells no format"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_nonsense_is_one_line_and_exit_2(
    capsysbinary: pytest.CaptureFixture[bytes], arguments: tuple[str, ...], said: str
) -> None:
    """What makes no sense is said in one line on stderr, with nothing on stdout."""
    code, out, err = run(capsysbinary, "plan", "llm", *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_a_plan_imports_no_table_and_no_chart_library() -> None:
    """Table, JSON, CSV and Markdown come without polars, pandas, numpy and altair."""
    code = (
        "import sys; from ncutool.commands import main\n"
        f"for form in ('table', 'json', 'csv', 'md'): assert main([*{PLAIN!r}, '-f', form]) == 0\n"
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    loaded = set(done.stderr.split())
    assert "ncutool.planning.llm" in loaded
    assert loaded & {"polars", "pandas", "numpy", "altair", "pyarrow", "jinja2"} == set()
