"""``ncutool plan gemm``, ``attention`` and ``devices`` from outside, and devices compared."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from ncutool.commands import main

GEMM = ("plan", "gemm", "8944", "1024", "1024", "--bias")
ATTENTION = (
    "plan",
    "attention",
    "--heads",
    "32",
    "--kv-heads",
    "8",
    "--seq",
    "4096",
    "--head-dim",
    "128",
)
PAIR = ("plan", "devices", "h100-sxm", "h200-sxm")
MODEL = (*PAIR, "--preset", "llama-3-8b", "--batch", "16")
ASKED = {
    "gemm": GEMM,
    "attention": ATTENTION,
    "intensity": (*PAIR, "--intensity", "1"),
    "model": (*MODEL, "--price", "h100-sxm=2", "--price", "h200-sxm=2.8"),
}


def whatif(capture: object) -> tuple[object, ...]:
    """The question that compares the same two devices for a capture."""
    return ("whatif", capture, "--on", "h100-sxm", "--on", "h200-sxm")


def run(capsysbinary: pytest.CaptureFixture[bytes], *arguments: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command."""
    code = main([str(argument) for argument in arguments])
    out, err = capsysbinary.readouterr()
    return code, out.decode(), err.decode()


@pytest.mark.parametrize("name", ASKED)
def test_forms_agree(capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path, name: str) -> None:
    """JSON has the whole; CSV, JSON lines and Parquet hold a row a device with its figures."""
    _, out, _ = run(capsysbinary, *ASKED[name], "--format", "json")
    whole = json.loads(out)
    assert whole["schema"].startswith("ncutool/")
    _, out, _ = run(capsysbinary, *ASKED[name], "--format", "jsonl")
    lines = [json.loads(line) for line in out.splitlines()]
    assert len(lines) == len(whole["devices"])
    _, out, _ = run(capsysbinary, *ASKED[name], "--format", "csv")
    cells = list(csv.DictReader(io.StringIO(out)))
    assert [row["device"] for row in cells] == [row["device"] for row in lines]
    target = tmp_path / "rows.parquet"
    assert run(capsysbinary, *ASKED[name], "-o", target)[0] == 0
    assert pl.read_parquet(target)["device"].to_list() == [row["device"] for row in lines]


@pytest.mark.parametrize("name", ASKED)
def test_markdown_tables_are_even(capsysbinary: pytest.CaptureFixture[bytes], name: str) -> None:
    """Each table's rows have as many cells as its headings."""
    _, out, _ = run(capsysbinary, *ASKED[name], "--format", "md")
    blocks = [block.splitlines() for block in out.split("\n\n") if block.startswith("|")]
    assert blocks
    for block in blocks:
        assert len({line.count("|") for line in block}) == 1


@pytest.mark.parametrize("name", ASKED)
def test_no_table_is_cut(capsysbinary: pytest.CaptureFixture[bytes], name: str) -> None:
    """Figures stand whole in the 120 columns of a pipe."""
    _, out, _ = run(capsysbinary, *ASKED[name])
    assert "…" not in out
    assert max(len(line) for line in out.splitlines()) <= 120


def test_gemm_tells_the_worked_figures(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """FLOPs, bytes, floor, share of a measured time, and every usual tile."""
    code, out, err = run(capsysbinary, *GEMM, "--device", "h100-sxm", "--time-us", "31.5")
    assert (code, err) == (0, "")
    figures = ("18,756,927,488", "38,733,824", "19.0 µs", "60.2 %", "295.3", "128 × 256")
    assert [each for each in figures if each not in out] == []


def test_attention_tells_the_conventions(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Exact, PyTorch's and FlashAttention's counts, fused and unfused traffic."""
    code, out, err = run(capsysbinary, *ATTENTION, "--causal", "--device", "h100-sxm")
    assert (code, err) == (0, "")
    for figure in (
        "137,472,507,904", "274,877,906,944", "137,438,953,472", "83,886,080 B",
        "4,378,853,376 B", "flop_counter", "FlashAttention",
    ):  # fmt: skip
        assert figure in out


def test_a_model_comparison_tells_its_crossover(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    """The ratio where memory binds, the batches that memory allows, and from which batch on."""
    code, out, err = run(capsysbinary, *ASKED["model"])
    assert (code, err) == (0, "")
    for figure in ("1.43×", "114", "at batch 1 to 114", "For the price"):
        assert figure in out


def test_a_device_without_the_type_is_said(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """fp8 on an A100: a dash and a reason."""
    _, out, _ = run(
        capsysbinary, "plan", "gemm", "8", "8", "8", "--dtype", "fp8", "--device", "a100-80gb"
    )
    assert "A100 80GB SXM has no peak for fp8 products" in out


def test_a_capture_is_compared(capsysbinary: pytest.CaptureFixture[bytes], corpus: Path) -> None:
    """Launches without figures with their share, and what of it was kept."""
    path = corpus / "torch" / "h100-qwen1.5-0.5b-prefill.json.gz"
    code, out, err = run(capsysbinary, *whatif(path))
    assert (code, err) == (0, "")
    for figure in ("30.0 %", "45.6 ms", "kept, latency", "as measured"):
        assert figure in out
    _, out, _ = run(capsysbinary, *whatif(path), "-f", "json")
    assert json.loads(out)["workload"] == "capture"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("plan", "gemm", "-4", "4", "4"), "no argument of ncutool plan gemm is negative"),
        (("plan", "gemm", "4", "4", "-1.5"), "no argument of ncutool plan gemm is negative"),
        (("plan", "gemm", "0", "4", "4"), "M must be a whole number"),
        (("plan", "gemm", "4", "4", "4", "--products", "-2"), "the number of products must be"),
        (("plan", "gemm", "4", "4", "4", "--dtype", "fp7"), "no data type 'fp7'"),
        (("plan", "gemm", "4", "4", "4", "--device", "abacus"), "no device named 'abacus'"),
        (("plan", "gemm", "4", "4", "4", "--device", "h100"), "fits several devices"),
        (("plan", "gemm", "4", "4", "4", "--tile", "128"), "written like 128x64"),
        (("plan", "gemm", "4", "4", "4", "--time-us", "3"), "name it with --device"),
        (("plan", "gemm", "4", "4", "4", "--time-us", "-3", "--device", "t4"), "above 0"),
        ((*ATTENTION, "--kv-heads", "7"), "32 query heads do not divide among 7"),
        ((*ATTENTION, "--seq", "-1"), "the sequence must be"),
        ((*ATTENTION, "--dtype", "x"), "no data type 'x'"),
        (PAIR, "no workload given"),
        ((*PAIR, "--intensity", "-1"), "the intensity must be above 0"),
        ((*PAIR, "--intensity", "1", "--preset", "llama-3-8b"), "two workloads"),
        ((*PAIR, "--preset", "llama-3-8b", "--dtype", "fp8"), "--dtype goes with --intensity"),
        ((*PAIR, "--preset", "llama-9"), "no preset named"),
        ((*MODEL, "--price", "h100-sxm"), "--price takes NAME=PRICE"),
        ((*MODEL, "--price", "h100-sxm=x"), "--price takes NAME=PRICE"),
        ((*MODEL, "--price", "h100-sxm=-1"), "must be above 0"),
        ((*MODEL, "--price", "t4=1"), "not compared"),
        ((*MODEL, "--tp", "5"), "do not divide among 5"),
        (("plan", "devices", "h100-sxm", "--intensity", "1"), "two devices or more"),
        ((*whatif("nowhere.json"), "--price", "t4=1"), "not compared"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else None,
)
def test_nonsense_is_one_line_and_exit_2(
    capsysbinary: pytest.CaptureFixture[bytes], arguments: tuple[str, ...], said: str
) -> None:
    """What makes no sense is said in one line on stderr, with nothing on stdout."""
    code, out, err = run(capsysbinary, *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_a_missing_capture_is_exit_1(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """An input that cannot be read is no wrong usage."""
    code, out, err = run(capsysbinary, *whatif("nowhere.json"))
    assert (code, out) == (1, "")
    assert err.count("\n") == 1


def test_plans_import_no_table_and_no_chart_library() -> None:
    """Without a capture no polars, pandas, numpy or altair, and an answer within 0.3 s of work."""
    code = (
        "import sys; from ncutool.commands import main\n"
        f"for asked in {[*ASKED.values()]!r}:\n"
        "  for form in ('table', 'json', 'csv', 'md'):\n"
        "    assert main([*asked, '-f', form]) == 0\n"
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    loaded = set(done.stderr.split())
    assert "ncutool.planning.planner" in loaded
    assert loaded & {"polars", "pandas", "numpy", "altair", "pyarrow", "jinja2"} == set()
