"""The oracles of fuzz/: each one speaks up when what it holds is broken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch_factory

import fuzz_judge
import fuzz_oracles as oracles
from ncutool.commands import main


@pytest.fixture
def document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """What `findings --format json` says of a small trace."""
    trace = torch_factory.write(tmp_path / "small.json", torch_factory.small())
    assert main(["findings", str(trace), "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_sane_document_is_let_pass(document: Any) -> None:
    assert oracles.findings(json.dumps(document)) is None


def test_shares_that_do_not_sum_up_are_found(document: Any) -> None:
    document["time"]["parts"][0]["pct"] += 1
    assert "shares of time" in (oracles.findings(json.dumps(document)) or "")


def test_savings_past_the_window_are_found(document: Any) -> None:
    finding = document["findings"][0]
    finding["saving_high_ns"] = finding["alone_high_ns"] = document["time"]["base_ns"] * 2
    assert "in a window of" in (oracles.findings(json.dumps(document)) or "")


def test_savings_out_of_order_are_found(document: Any) -> None:
    document["findings"][0]["saving_low_ns"] = 1 + document["findings"][0]["saving_high_ns"]
    assert "saving from" in (oracles.findings(json.dumps(document)) or "")


def test_a_negative_time_is_found(document: Any) -> None:
    document["timeline"]["idle_ns"] = -5
    assert oracles.findings(json.dumps(document)) == "idle_ns is negative: -5"


def test_a_document_past_its_schema_is_found(document: Any) -> None:
    del document["notices"]
    assert "schema of findings" in (oracles.findings(json.dumps(document)) or "")


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"a": 1e999}', '{"a": "\\ud800"', "{"])
def test_what_is_no_json_is_found(text: str) -> None:
    assert oracles.any_json(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "<div><p>a</div>",
        '<script type="application/json">{"a": 1}</script>',
        '<img src="data:image/png;base64,AA">',
    ],
)
def test_a_sane_page_is_let_pass(text: str) -> None:
    assert oracles.page(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "<div>",
        "<div></span>",
        '<script type="application/json">{"a": }</script>',
        '<b onclick="x()">a</b>',
        '<a href=" JavaScript:x()">a</a>',
        '<img src="http://a">',
    ],
)
def test_a_broken_or_hostile_page_is_found(text: str) -> None:
    assert oracles.page(text) is not None


@pytest.mark.parametrize("text", ["a\x1b[31m", "a\u202eb", "a\x9bb", "takes nan %"])
def test_text_that_steers_a_terminal_or_has_no_figure_is_found(text: str) -> None:
    assert oracles.text(text) is not None


@pytest.mark.parametrize("text", ["a,b\n1\n", "a\n=1+1\n", "a\nnan\n", "a\n-x\n"])
def test_tables_that_do_not_hold_are_found(text: str) -> None:
    assert oracles.csv_rows(text) is not None


def test_a_table_of_numbers_is_let_pass() -> None:
    assert oracles.csv_rows("a,b\n-1.5,x\n") is None


def test_a_kernel_may_be_called_nan_and_its_time_may_not() -> None:
    assert oracles.csv_rows("kernel,duration_ns\nnan,3\n") is None
    assert oracles.csv_rows("kernel,duration_ns\nk,nan\n") is not None


def test_a_picture_must_be_xml() -> None:
    assert oracles.svg("<svg/>") is None
    assert oracles.svg("<svg>&</svg>") is not None


def test_problems_of_one_kind_are_told_by_what_they_share() -> None:
    assert fuzz_judge.kind_of("shares sum to 104.2 %") == fuzz_judge.kind_of("shares sum to 7 %")


def test_a_plan_below_nothing_is_found() -> None:
    assert oracles.plan('{"decode": {"memory_ns": 1.5}}') is None
    assert oracles.plan('{"decode": {"memory_ns": -1.5}}') == "memory_ns of a plan is negative"


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ({"captures": [{"kernels": 3}], "errors": []}, None),
        ({"captures": [], "errors": [{"kind": "damaged", "message": "a: is cut"}]}, None),
        ({"captures": [], "errors": []}, "0 captures and 0 errors of one file"),
        ({"captures": [], "errors": [{"kind": "bug", "message": "x"}]}, "an archive's error"),
        ({"captures": [{"duration_ns": -1}], "errors": []}, "duration_ns is negative"),
    ],
)
def test_a_file_is_in_an_archive_once_or_why_it_is_not(held: Any, said: str | None) -> None:
    found = oracles.archived(json.dumps(held))
    assert found is None if said is None else found is not None and found.startswith(said)


def test_an_answer_has_a_bounded_size() -> None:
    assert oracles.answer('{"a": 1}') is None
    assert oracles.answer(json.dumps("x" * 70_000)) is not None


ROW = {"flop": 2e9, "duration_ns": 1_000, "achieved_flop_per_s": 2e15, "peak_flop_per_s": 1e15}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({**ROW, "flag": "twice the peak"}, None),
        (ROW, "achieved_flop_per_s of 2.0 times the peak without a flag"),
        ({**ROW, "flop": 1e9, "flag": "a"}, "achieved_flop_per_s is not work over time"),
        ({"roofline_pct": 300.0}, "300.0 % of the roof without a flag"),
    ],
)
def test_a_launch_past_its_peak_is_flagged(row: dict[str, Any], said: str | None) -> None:
    found = oracles._launches({"kernels": [row]})
    assert found is None if said is None else found is not None and found.startswith(said)
