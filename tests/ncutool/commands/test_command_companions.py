"""--ncu, --trace and --capture-trace from outside, in every order that makes sense."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import jsonschema
import pytest

import ncutool
from ncutool.analysis.json_schema import of_output
from ncutool.analysis.request import Request
from ncutool.commands import main
from ncutool.commands.companions import sort_out
from ncutool_parsers.errors import UsageError

pytestmark = pytest.mark.usefixtures("one_reading")
FOLDER = Path(__file__).resolve().parents[3] / "reports" / "samples" / "decoder-layer-synthetic"
TRACE = FOLDER / "decoder-layer-synthetic.json.gz"
REPORT = FOLDER / "decoder-layer-synthetic.ncu-rep"

ORDERS = [
    [str(TRACE), "--ncu", str(REPORT)],
    ["--ncu", str(REPORT), str(TRACE)],
    ["--trace", str(TRACE), "--ncu", str(REPORT)],
    ["--ncu", str(REPORT), "--trace", str(TRACE)],
    [str(REPORT), "--trace", str(TRACE)],
]


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_any_order_joins_the_same_two_files(
    order: list[str], capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """The trace is the capture and the report its companion, however they are given."""
    assert main(["kernels", *order, "--format", "json"]) == 0
    found = json.loads(capsysbinary.readouterr().out)
    jsonschema.validate(found, of_output("kernels"))
    assert found["capture"]["name"] == TRACE.name
    assert found["join"]["report"] == REPORT.name
    assert found["join"]["measured_launches"] == 75


def test_a_page_shows_measured_against_modelled(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """The page of a join has a section of its own; a page without one has not."""
    page = tmp_path / "page.html"
    assert main(["report", str(TRACE), "--ncu", str(REPORT), "-o", str(page), "-v"]) == 0
    assert "Measured against modelled" in page.read_text(encoding="utf-8")
    assert b"have counters from 75 launches" in capsysbinary.readouterr().out
    assert main(["report", str(TRACE), "-o", str(page), "--force"]) == 0
    assert "Measured against modelled" not in page.read_text(encoding="utf-8")


def test_findings_take_the_same_options(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Findings rest on measured work where there is any."""
    assert main(["findings", str(TRACE), "--ncu", str(REPORT), "--format", "json"]) == 0
    assert json.loads(capsysbinary.readouterr().out)["join"]["report"] == REPORT.name


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["report"], "no capture given"),
        (["kernels"], "no capture given"),
        (["findings", "--ncu", str(REPORT)], "give the trace too"),
        (["report", str(TRACE), str(TRACE), "--ncu", str(REPORT)], "goes with one trace"),
        (["kernels", str(REPORT), "--ncu", str(REPORT)], "is no trace"),
        (["kernels", str(TRACE), "--ncu", str(TRACE)], "is no ncu report"),
        (["kernels", str(TRACE), "--capture-trace", str(REPORT)], "is no trace"),
        (["kernels", str(TRACE), "--trace", str(TRACE)], "two captures given"),
        (["findings", str(REPORT), "--whole-steps"], "only a trace has steps"),
        (["findings", str(REPORT), "--rank-trace", str(TRACE)], "over their traces"),
        (["findings", str(TRACE), "--rank-trace", str(REPORT)], "over their traces"),
    ],
)
def test_files_that_do_not_go_together_are_wrong_usage(
    arguments: list[str], says: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """One line says what is wrong, and the exit code is 2."""
    assert main(arguments) == 2
    error = capsysbinary.readouterr().err.decode()
    assert says in error
    assert "Traceback" not in error


def test_a_capture_run_without_a_graph_is_said(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """A trace that replays no graph has no use for one, and the figures stay."""
    assert main(["kernels", str(TRACE), "--capture-trace", str(TRACE), "--top", "1"]) == 0
    assert b"the trace replays no graph" in capsysbinary.readouterr().err


def test_ranks_without_collectives_are_not_compared(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Nothing is paired, nothing is claimed, and it is said."""
    other = tmp_path / "rank1.json"
    text = gzip.decompress(TRACE.read_bytes()).decode()
    other.write_text(text.replace('"dur": 4.', '"dur": 5.'), encoding="utf-8")
    assert main(["findings", str(TRACE), "--rank-trace", str(other), "--top", "1"]) == 0
    assert b"The ranks ran different collectives, or none" in capsysbinary.readouterr().err


def test_the_same_trace_is_no_other_rank(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """It is left out, and said: a rank never counts twice."""
    assert main(["findings", str(TRACE), "--rank-trace", str(TRACE), "--top", "1"]) == 0
    said = capsysbinary.readouterr().err
    assert b"holds the same launches as decoder-layer-synthetic.json.gz" in said


def test_two_ranks_tell_waiting_from_transfer(
    corpus: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Rank 1 waits 5.58 ms of its 11.34 for rank 0, which hardly waits at all."""
    first, second = (
        str(corpus / "torch" / f"v100-dlrm-8rank-rank{rank}.json.gz") for rank in (0, 1)
    )
    found = {}
    for one, other in ((first, second), (second, first)):
        assert main(["findings", one, "--rank-trace", other, "--format", "jsonl"]) == 0
        lines = capsysbinary.readouterr().out.decode().splitlines()
        (found[one],) = [row for row in map(json.loads, lines) if row["kind"] == "communication"]
    assert found[second]["title"] == "Balance the ranks: this one waits for the others"
    assert 5_300_000 < found[second]["alone_high_ns"] <= 5_582_000
    assert found[first]["title"] == "Overlap or shorten exposed communication"
    assert any("this rank waits 44.0 µs" in sentence for sentence in found[first]["evidence"])


def test_whole_steps_cut_what_was_launched_before(
    corpus: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """The tail of the step before the recording goes, and the window says so."""
    trace = str(corpus / "torch" / "h100-qwen1.5-0.5b-prefill.json.gz")
    windows = []
    for more in ([], ["--whole-steps"]):
        assert main(["findings", trace, "--format", "json", *more]) == 0
        windows.append(json.loads(capsysbinary.readouterr().out)["timeline"])
    assert windows[0]["wall_ns"] - windows[1]["wall_ns"] == pytest.approx(14_760_000, rel=0.01)
    assert windows[1]["trimmed"][0].startswith("Cut 14,760 µs off the start")


def test_a_companion_without_a_capture_is_refused() -> None:
    """The message names the option that was given."""
    with pytest.raises(UsageError, match="--capture-trace"):
        sort_out([], None, Request(capture_trace=TRACE))


def test_notebooks_join_too() -> None:
    """`load` takes the same companions."""
    analysis = ncutool.load(TRACE, ncu=REPORT)
    assert analysis.join is not None
    assert analysis.join.launches == 424
