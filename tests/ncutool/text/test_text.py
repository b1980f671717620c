"""The terminal and Markdown."""

from __future__ import annotations

import sys

import analysis_factory as factory
import polars as pl
import pytest
from rich.cells import cell_len

from ncutool.analysis.analyse import Analysis
from ncutool.analysis.where_time_goes import Share
from ncutool.base import units
from ncutool.base.tables import FINDINGS
from ncutool.devices import resolve
from ncutool.text import sheet
from ncutool.text.devices import devices_table
from ncutool.text.markdown import (
    findings_markdown,
    kernels_markdown,
    markdown_table,
    summary_markdown,
)
from ncutool.text.tables import findings_table, kernels_table
from ncutool.text.terminal import _cells, summary_text
from ncutool_parsers.capture import Notice

FACTORIES = [
    factory.trace,
    factory.report,
    lambda: factory.report(counters=False),
    factory.unknown_device,
    factory.everything_null,
    factory.zero_durations,
    factory.hostile,
]


def _findings(analysis: Analysis) -> pl.DataFrame:
    rows = [
        {name: _listed(value) for name, value in vars(one).items()} for one in analysis.findings
    ]
    return FINDINGS.conform(pl.DataFrame(rows)) if rows else FINDINGS.empty()


def _listed(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("make", FACTORIES)
@pytest.mark.parametrize("width", [80, 120])
def test_summary_fits_its_terminal(make: object, width: int) -> None:
    """No line is wider than the terminal, none carries a control character."""
    assert callable(make)
    shown = summary_text(make(), color=False, width=width)
    for line in shown.splitlines():
        assert cell_len(line) <= width
        assert all(char.isprintable() for char in line)


def test_summary_says_what_an_engineer_asks() -> None:
    """Verdict, device, peaks, coverage, shares, findings and the largest groups, in 30 lines."""
    shown = summary_text(factory.trace(200), color=False, width=120)
    for part in (
        "Elementwise work takes half of the time.",
        "Test H100",
        "989 TFLOP/s BF16 tensor dense, 3.35 TB/s; ridge 295 FLOP/byte",
        "is understood",
        "latency-bound",
        "of wall time",
        "1.0–2.0 ms",
        "8.9–17.8 %",
        "_flash_attention_forward",
    ):
        assert part in shown
    assert len(shown.splitlines()) <= 30


def test_summary_shows_three_notices_and_counts_the_rest() -> None:
    """The gravest come first in an analysis already."""
    notices = [Notice("truncated", "cut short", "error")]
    notices += [Notice(f"n{i}", f"warning {i}") for i in range(6)]
    shown = summary_text(factory.trace(notices=notices), color=False, width=100)
    lines = [line for line in shown.splitlines() if line.startswith("!")]
    assert lines[0] == "! cut short"
    assert lines[-1] == "! 4 more notices on the page"


def test_summary_of_nothing_says_so() -> None:
    """Without durations and findings there are sentences, not empty tables."""
    shown = summary_text(factory.everything_null(), color=False, width=100)
    assert "No launch carries a duration" in shown
    assert "Nothing can be ranked" in shown


def test_colour_is_only_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Piped output has no escapes; a terminal has; NO_COLOR and no-color win."""
    assert "\x1b[" not in summary_text(factory.trace(), color=True, width=100)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in summary_text(factory.trace(), color=True, width=100)
    assert "\x1b[" not in summary_text(factory.trace(), color=False, width=100)
    monkeypatch.setenv("NO_COLOR", "1")
    colours = ("\x1b[3", "\x1b[9", "\x1b[1;3")
    shown = summary_text(factory.trace(), color=True, width=100)
    assert not any(start in shown for start in colours)


def test_bar_cells_sum_to_the_width() -> None:
    """Rounding neither lengthens nor shortens the bar."""
    parts = [Share("memory", 1, 33.3), Share("compute", 1, 33.3), Share("idle", 1, 33.4)]
    assert sum(_cells(parts, 100).values()) == 100
    assert sum(_cells(parts, 7).values()) == 7


def test_kernels_table_never_cuts_a_number() -> None:
    """Names give way to figures, at any width."""
    analysis = factory.trace(20)
    for width in (60, 100, 160):
        shown = kernels_table(analysis, analysis.kernels.head(5), color=False, width=width)
        first = next(line for line in shown.splitlines() if line.lstrip().startswith("0 "))
        row = analysis.kernels.row(0, named=True)
        assert units.time(row["duration_ns"]) in first
        assert " 693 " in first
        assert "5 launches of 20" in shown


def test_kernels_table_flags_what_is_above_100_pct() -> None:
    """A figure above its peak is marked and the likely cause is said."""
    rows = factory.torch_rows(4)
    rows[0] |= {"roofline_pct": 131.0, "flag": "131 % of the peak: another data type"}
    analysis = factory.analysis(rows)
    shown = kernels_table(analysis, analysis.kernels, color=False, width=140)
    assert "131!" in shown
    assert "! implausible: 131 % of the peak: another data type" in shown


def test_findings_table_gives_evidence_and_remedy() -> None:
    """Saving, title, grade, evidence and what to do; a sentence where there is none."""
    analysis = factory.trace()
    shown = findings_table(analysis, _findings(analysis), color=False, width=120)
    assert "1.0–2.0 ms (29.8–59.5 %)" in shown
    assert "certain" in shown
    assert "Nine launches" in shown
    assert "Do: `torch.compile` the decoder layer." in shown
    empty = findings_table(analysis, FINDINGS.empty(), color=False, width=120)
    assert empty.startswith("None of 2 findings is among those that were asked for.")


def test_devices_table_fits_a_hundred_columns() -> None:
    """Every known device on one line; peaks in TFLOP/s, an absent one a dash."""
    frame = resolve.to_frame(resolve.load_devices())
    shown = devices_table(frame, color=False, width=100).splitlines()
    assert max(len(line) for line in shown) <= 100
    assert len(shown) == 1 + frame.height + 2  # heading, devices, two lines of notes
    h100 = next(line for line in shown if line.startswith("H100 SXM 80GB"))
    assert "3.35 TB/s" in h100
    assert h100.split()[-5:] == ["495", "989", "1979", "1979", "–"]
    assert not [line for line in shown[1:-2] if "…" in line[27:]], "no figure is cut"


@pytest.mark.parametrize("make", FACTORIES)
def test_markdown_tables_keep_their_columns(make: object) -> None:
    """No name adds a cell, a row or HTML to a table."""
    assert callable(make)
    analysis = make()
    shown = kernels_markdown(analysis, analysis.kernels.head(5))
    rows = [line for line in shown.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + min(5, analysis.kernels.height)
    for row in rows:
        assert row.replace("\\|", "").count("|") == 9
        assert "<" not in row


def test_findings_markdown_keeps_code_and_nothing_else() -> None:
    """Backticks of a remedy are code; a hostile title is text."""
    analysis = factory.trace()
    shown = findings_markdown(analysis, _findings(analysis))
    assert "Do: `torch.compile` the decoder layer." in shown
    hostile = factory.hostile()
    shown = findings_markdown(hostile, _findings(hostile))
    assert "<img" not in shown
    empty = findings_markdown(analysis, FINDINGS.empty())
    assert "None of 2 findings is among those that were asked for." in empty


def test_summary_markdown_holds_the_whole_verdict() -> None:
    """Headline, time, findings and groups for a pull request."""
    shown = summary_markdown(factory.trace(200))
    assert shown.startswith("## Elementwise work takes half of the time.")
    assert "| latency-bound |" in shown
    assert "1. **1.0–2.0 ms (8.9–17.8 %)** fuse" in shown
    assert "| mm |" in shown


def test_markdown_table_scales_and_escapes_any_frame() -> None:
    """Numbers in their units to the right, text inert."""
    frame = pl.DataFrame({"name": ["a|b"], "duration_ns": [1500], "share_pct": [None]})
    shown = markdown_table(frame.with_columns(pl.col("share_pct").cast(pl.Float64)))
    assert shown.splitlines() == [
        "| name | duration_ns | share_pct |",
        "| --- | ---: | ---: |",
        "| a\\|b | 1.50 µs | – |",
    ]
    assert sheet.table(["a"], [["1"]], "r") == "| a |\n| ---: |\n| 1 |\n"
