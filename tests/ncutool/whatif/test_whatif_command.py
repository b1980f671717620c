"""``ncutool whatif`` from outside: forms, exit codes, streams."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import polars as pl
import pytest

from ncutool.commands import main
from ncutool.whatif.record import COLUMNS

pytestmark = pytest.mark.usefixtures("one_reading")
SAMPLE = Path(__file__).resolve().parents[3] / "reports" / "samples" / "decoder-layer-synthetic"
TRACE = SAMPLE / f"{SAMPLE.name}.json.gz"
REPORT = SAMPLE / f"{SAMPLE.name}.ncu-rep"

Capture = pytest.CaptureFixture[bytes]


def run(capsysbinary: Capture, *arguments: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one whatif."""
    code = main(["whatif", *(str(argument) for argument in arguments)])
    out, err = capsysbinary.readouterr()
    return code, out.decode(), err.decode()


def test_the_table_says_ends_kernels_and_what_stays(capsysbinary: Capture) -> None:
    """End to end and kernel time with bounds, a line a group, what would not change."""
    code, out, _ = run(capsysbinary, TRACE, "--on", "h200", "--top", 5)
    assert code == 0
    assert out.startswith("what if on H200 SXM 141GB")
    assert "end to end" in out
    assert "kernel time" in out
    assert "Kernels, 5 of " in out
    assert "What would not change, or is only bounded" in out
    assert "whether all of the program fits is not known" in " ".join(out.split())


def test_json_is_one_object_with_a_schema(capsysbinary: Capture) -> None:
    """Facts of the capture, the question, both sums, and the rows."""
    code, out, _ = run(capsysbinary, TRACE, "--batch-scale", 2, "--format", "json")
    found = json.loads(out)
    assert code == 0
    assert found["schema"] == "ncutool/whatif/1"
    assert found["asked"]["batch_scale"] == 2
    assert found["capture"]["name"] == TRACE.name
    assert found["kernel_time"]["low_ns"] <= found["kernel_time"]["high_ns"]
    assert found["end_to_end"]["now_ns"] == found["capture"]["window_ns"]
    assert set(found["whatif"][0]) == set(COLUMNS)
    assert sum(row["now_ns"] for row in found["whatif"]) == found["kernel_time"]["now_ns"]
    assert "/" not in found["capture"]["name"]


def test_rows_alone_in_csv_and_parquet(capsysbinary: Capture, tmp_path: Path) -> None:
    """The same rows in both, all of them where --top says nothing."""
    target = tmp_path / "rows.parquet"
    assert run(capsysbinary, TRACE, "--weights", "int4", "-o", target)[0] == 0
    stored = pl.read_parquet(target)
    code, out, _ = run(capsysbinary, TRACE, "--weights", "int4", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert tuple(stored.columns) == COLUMNS
    assert [int(row["low_ns"]) for row in rows] == stored["low_ns"].to_list()


def test_markdown_names_the_findings(capsysbinary: Capture) -> None:
    """What was carried out stands with its range."""
    code, out, _ = run(capsysbinary, TRACE, "--fuse", "fuse-1", "--graph", "--format", "md")
    assert code == 0
    assert out.startswith("## what if carried out: ")
    assert "| fuse-1 |" in out
    assert "| graph-1 |" in out


def test_rows_are_chosen_and_sums_are_not(capsysbinary: Capture) -> None:
    """--kernel limits the rows alone."""
    asked = (TRACE, "--on", "h200", "--format", "json")
    every = json.loads(run(capsysbinary, *asked)[1])
    some = json.loads(run(capsysbinary, *asked, "--kernel", "flash")[1])
    assert some["kernel_time"] == every["kernel_time"]
    assert 0 < len(some["whatif"]) < len(every["whatif"])


def test_a_report_says_why_there_is_no_window(capsysbinary: Capture) -> None:
    """Null with a reason, never 0."""
    code, out, _ = run(capsysbinary, REPORT, "--on", "h200", "--format", "json")
    found = json.loads(out)
    assert code == 0
    assert found["end_to_end"] is None
    assert "no timeline" in found["end_to_end_reason"]
    assert "end to end" in run(capsysbinary, REPORT, "--on", "h200")[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([TRACE], "nothing asked"),
        ([TRACE, "--batch-scale", "-1"], "must be above 0"),
        ([TRACE, "--fuse", "fuse-77"], "no finding fuse-77 here; there are"),
        ([TRACE, "--fuse", ","], "nothing asked"),
        ([TRACE, "--weights", "fp2"], "known are fp8"),
        ([TRACE, "--on", "nothing-like-it"], "no device named"),
        ([REPORT, "--graph"], "only --on can be asked"),
        (["--on", "h200"], "no capture given"),
    ],
)
def test_wrong_usage_is_one_line_and_2(
    capsysbinary: Capture, arguments: list[object], said: str
) -> None:
    """No traceback, nothing on stdout."""
    code, out, err = run(capsysbinary, *arguments)
    assert code == 2
    assert out == ""
    assert said in err
    assert len(err.strip().splitlines()) == 1


def test_what_cannot_be_said_is_1(capsysbinary: Capture) -> None:
    """The capture's fault or the device's, with the reason."""
    code, out, err = run(capsysbinary, TRACE, "--batch-scale", 100_000)
    assert (code, out) == (1, "")
    assert "does not fit" in err
