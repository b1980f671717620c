"""What a dataset keeps of one capture, where the capture says little."""

from __future__ import annotations

import json
from typing import Any

import analysis_factory as factory
import pytest

from ncutool.advice.view.finding import Advice, CouldNotLook
from ncutool.analysis.analyse import Analysis
from ncutool.archive.rows import rows_of
from ncutool.archive.source import Input
from ncutool.text.json_output import report

UNSEEN = CouldNotLook("3 launches of kernel", "no duration was collected", (0, 1, 2), 0, None, (),
                      "`ncu --set full`")  # fmt: skip


def unknown() -> Analysis:
    """Launches of which only the name is known."""
    return factory.with_parts(factory.everything_null(), advice=Advice(could_not_look=(UNSEEN,)))


def row(analysis: Analysis) -> dict[str, Any]:
    """Return the row of the table of captures."""
    source = Input("run/one.json", "/run/one.json", 100)
    found: dict[str, Any] = rows_of(analysis, source, "0" * 32, "1")["captures"].to_dicts()[0]
    return found


def test_what_has_no_duration_takes_no_time_that_is_known() -> None:
    """Launches without a duration sum to nothing that is known, and save nothing that is."""
    one = row(unknown())
    assert one["launches"] == 3
    assert one["answer"] == "could_not_look"
    names = ("launch_ns", "flop", "dram_bytes", "understood_pct", "saving_low_ns", "saving_high_ns")
    assert {name: one[name] for name in names} == dict.fromkeys(names)


def test_a_capture_that_was_looked_at_has_its_sums() -> None:
    """Durations add up, and what all findings save is said."""
    analysis = factory.trace(60)
    one = row(analysis)
    assert one["launch_ns"] == analysis.kernels["duration_ns"].sum() > 0
    assert one["saving_high_ns"] == analysis.advice.all_high_ns


@pytest.mark.parametrize(
    ("make", "known"),
    [(unknown, False), (factory.report, True)],
    ids=["null", "report"],
)
def test_json_says_no_saving_where_it_could_not_look(make: Any, known: bool) -> None:
    """Zero is an answer, and null is none."""
    (one,) = json.loads(report([make()]))["reports"]
    savings = (one["advice"]["all_low_ns"], one["advice"]["all_high_ns"])
    assert (savings != (None, None)) is known
