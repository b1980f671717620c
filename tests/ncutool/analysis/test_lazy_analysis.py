"""A part of an analysis is computed when it is first asked for, once, and not before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from polars.testing import assert_frame_equal
from trace_factory import Trace

import ncutool.advice
from ncutool import page
from ncutool.advice.price import rank
from ncutool.analysis.analyse import analyse, read_and_analyse
from ncutool.analysis.groups import grouped
from ncutool.analysis.request import Request
from ncutool.commands import kernels, main
from ncutool.devices import ceilings
from ncutool.text import json_output
from ncutool_parsers.errors import UsageError

SAMPLES = Path(__file__).resolve().parents[3] / "reports" / "samples"
TRACE = SAMPLES / "decoder-layer-synthetic" / "decoder-layer-synthetic.json.gz"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was computed of advice, replay and ceilings, by name and in order."""
    computed: list[str] = []

    def counting(module: Any, name: str) -> None:
        computes = getattr(module, name)

        def counted(*arguments: Any, **named: Any) -> Any:
            computed.append(name)
            return computes(*arguments, **named)

        monkeypatch.setattr(module, name, counted)

    counting(ncutool.advice, "advise")
    counting(rank, "prepare")
    counting(ceilings, "calibrate")
    return computed


def test_a_page_writes_no_sentence_of_a_launch_that_it_does_not_show() -> None:
    """Nor does JSON: the table with all of them would be as large again as all figures."""
    analysis = read_and_analyse(TRACE)
    page.render([analysis])
    json_output.wrap(analysis, "kernels", "[]")
    assert "kernels" not in vars(analysis)


def test_groups_say_the_same_with_and_without_the_table() -> None:
    """The reason of the median launch, and the first flag of each group."""
    brief, whole = read_and_analyse(TRACE), read_and_analyse(TRACE)
    _ = whole.kernels
    assert_frame_equal(brief.grouped[0], whole.grouped[0])
    assert_frame_equal(whole.grouped[0], grouped(whole.kernels)[0])
    assert brief.grouped[0]["bound_reason"].null_count() == 0


def test_json_holds_the_same_rows_in_parts_of_any_size(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """And its head says what it says when the whole table is made first."""
    command = ["kernels", str(TRACE), "--format", "json"]
    assert main(command) == 0
    at_once = capsysbinary.readouterr().out
    monkeypatch.setattr(kernels, "_AT_ONCE", 7)
    assert main(command) == 0
    assert capsysbinary.readouterr().out == at_once
    rows = read_and_analyse(TRACE).kernels
    assert [row["bound_reason"] for row in json.loads(at_once)["kernels"]] == [
        *rows["bound_reason"]
    ]


@pytest.mark.parametrize("form", ["table", "md", "csv", "jsonl", "parquet"])
def test_kernels_computes_no_advice(
    form: str, calls: list[str], capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Rows of launches rest on neither findings, nor a replay, nor ceilings."""
    assert main(["kernels", str(TRACE), "--format", form]) == 0
    assert calls == []


def test_explain_computes_no_advice(
    calls: list[str], capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """One launch's figures rest on none of them either."""
    assert main(["explain", str(TRACE), "longest"]) == 0
    assert calls == []


def test_a_part_is_computed_once(calls: list[str]) -> None:
    """Advice, and the headline that rests on it, are kept."""
    analysis = read_and_analyse(TRACE)
    assert calls == []
    assert analysis.findings == analysis.advice.findings
    assert analysis.headline
    assert (calls.count("advise"), calls.count("prepare")) == (1, 1)
    assert analysis.kernels is analysis.kernels


def test_what_is_wrong_is_told_before_a_part_is_asked_for() -> None:
    """An unknown device is told by `analyse` itself."""
    with pytest.raises(UsageError, match="no device named"):
        analyse(Trace().capture(), Request(assume_device="Voodoo 2"))
