"""The terminal and Markdown."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import analysis_factory as factory
import jsonschema
import polars as pl
import pytest
from rich.cells import cell_len

from ncutool.analysis.analyse import Analysis
from ncutool.analysis.json_schema import of_report
from ncutool.analysis.request import Request
from ncutool.analysis.where_time_goes import Share
from ncutool.base import units
from ncutool.base.tables import FINDINGS
from ncutool.base.untrusted import printable
from ncutool.devices import resolve
from ncutool.text import sheet
from ncutool.text.comment import comment
from ncutool.text.devices import devices_table
from ncutool.text.json_output import report
from ncutool.text.markdown import (
    findings_markdown,
    kernels_markdown,
    markdown_table,
    summary_markdown,
)
from ncutool.text.shell import command
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
        {name: _listed(getattr(one, name)) for name in FINDINGS.polars_schema()}
        for one in analysis.findings
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
    """Coverage, shares, findings, the largest groups, how to go on, and the verdict last."""
    shown = summary_text(factory.trace(200), color=False, width=120, wrote="page: sample.html")
    for part in (
        "Test H100",
        "of launch time understood",
        "latency",
        "of wall",
        "1.0–2.0 ms",
        "8.9–17.8",
        "_flash_attention_forward",
        "1 more group: ncutool kernels sample.json.gz",
    ):
        assert part in shown
    lines = shown.splitlines()
    assert lines[-2:] == ["page: sample.html", "Elementwise work takes half of the time."]
    assert len(lines) <= 20


def test_notices_are_counted_and_shown_where_asked_for() -> None:
    """One line has their number; `-v` prints each of them whole."""
    notices = [Notice("truncated", "cut short", "error")]
    notices += [Notice(f"n{i}", f"warning {i}") for i in range(6)]
    analysis = factory.trace(notices=notices)
    shown = summary_text(analysis, color=False, width=100)
    assert "7 notices: -v" in shown
    assert "cut short" not in shown
    asked = summary_text(analysis, color=False, width=100, verbose=True)
    lines = [line for line in asked.splitlines() if line.startswith("!")]
    assert lines[0] == "! error: cut short"
    assert lines[-1] == "! warning: warning 5"
    assert "7 notices: above" in asked


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


def test_what_is_above_100_pct_is_flagged_wherever_it_stands() -> None:
    """In Markdown by launch and by group, and in the JSON of a report."""
    why = "131 % of the peak: another data type"
    rows = factory.torch_rows(4)
    rows[0] |= {"roofline_pct": 131.0, "flag": why}
    rows[1] |= {"missing_reason": "shapes are not recorded"}
    analysis = factory.analysis(rows)
    for shown in (kernels_markdown(analysis, analysis.kernels), summary_markdown(analysis)):
        assert f"\n\n! implausible: {why}\n" in shown
    assert "| 131.0 %! |" in kernels_markdown(analysis, analysis.kernels)
    groups = json.loads(report([analysis]))["reports"][0]["kernels"]
    assert why in [group["flag"] for group in groups]
    assert "shapes are not recorded" in [group["missing_reason"] for group in groups]
    assert "implausible" not in summary_markdown(factory.trace())


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


def test_summary_keeps_to_twenty_lines_and_ends_with_the_verdict() -> None:
    """Whatever there is to say, and however narrow the terminal: 80 columns hold all of it."""
    long = [
        factory.finding(number, title=f"Shorten what the warps of {'word_' * 16}wait for {number}")
        for number in range(1, 9)
    ]
    for analysis in (
        factory.trace(200, findings=long),
        factory.report(40, findings=long),
        factory.hostile(),
        factory.everything_null(40),
    ):
        shown = summary_text(analysis, color=False, width=80, wrote="page: sample.html")
        lines = shown.splitlines()
        assert len(lines) <= 20
        assert printable(analysis.headline).endswith(lines[-1])


def test_a_title_is_never_cut() -> None:
    """The share goes first, then the title runs on below."""
    title = "Give each device a larger batch: a step's communication does not grow with it"
    analysis = factory.trace(findings=[factory.finding(1, title=title)])
    narrow = summary_text(analysis, color=False, width=80)
    assert "of wall, %" not in narrow
    assert title in " ".join(narrow.split())
    wide = summary_text(analysis, color=False, width=140)
    assert "of wall, %" in wide
    assert title in wide


def test_commands_to_go_on_with_are_whole() -> None:
    """With the capture's path as given, quoted for a shell, and the options it was read with."""
    findings = [factory.finding(number) for number in range(1, 6)]
    analysis = factory.trace(200, findings=findings, name="my run; rm -rf x")
    asked = Request(assume_device="H200", whole_steps=True)
    analysis = factory.with_parts(analysis, request=asked)
    shown = summary_text(analysis, color=False, width=200)
    assert (
        "2 more findings: ncutool findings 'my run; rm -rf x.json.gz' --whole-steps "
        "--assume-device H200"
    ) in shown


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("run.json", "run.json"),
        ("-rf.json", "./-rf.json"),
        ("a b.json", "'a b.json'"),
        ("a'b.json", "'a'\"'\"'b.json'"),
        ("a\x1b[31m'.json", "$'a\\x1b[31m\\x27.json'"),
    ],
)
def test_a_path_is_one_word_of_a_shell(path: str, word: str) -> None:
    """What a terminal must not show is written as numbers."""
    analysis = factory.trace()
    capture = replace(analysis.capture, path=Path(path))
    analysis = factory.with_parts(analysis, capture=capture)
    assert command("kernels", analysis) == f"ncutool kernels {word}"


def before_folding(shown: str) -> list[str]:
    """The lines of a comment that GitHub shows at once."""
    return shown.split("<details>")[0].rstrip().splitlines()


def test_a_comment_is_short_and_whole() -> None:
    """Verdict, coverage, the first three findings, and five kernels folded away."""
    findings = [factory.finding(number, title=f"Fuse pair {number}") for number in range(1, 6)]
    shown = comment(factory.trace(200, findings=findings))
    lines = before_folding(shown)
    assert len(lines) <= 15
    assert lines[0] == "### Elementwise work takes half of the time."
    assert "of launch time understood" in shown
    assert (
        "| 3 | **1.0–2.0 ms** | 8.9–17.8 % | **Fuse pair 3**: `torch.compile` the decoder" in shown
    )
    assert "Fuse pair 4" not in shown
    assert "2 more findings: `ncutool findings`" in lines
    assert "<details><summary>The 5 of 6 kernels with most time</summary>\n\n| kernel |" in shown
    assert shown.count("<details>") == shown.count("</details>") == 1


@pytest.mark.parametrize("make", FACTORIES)
def test_a_comment_is_well_formed(make: object) -> None:
    """At most fifteen lines at once; every table has as many cells in each row as in its head."""
    assert callable(make)
    shown = comment(make())
    assert len(before_folding(shown)) <= 15
    cells = 0
    for line in shown.splitlines():
        count = len(re.findall(r"(?<!\\)\|", line))
        cells = cells or count
        if not line.startswith("|"):
            cells = 0
            continue
        assert count == cells, line
    assert shown.count("<details>") == shown.count("</details>")


def test_a_comment_notifies_nobody() -> None:
    """Names and numbers that GitHub would link or send a mail for."""
    title = "Ask @someone about #12 <img src=x onerror=alert(1)> </details>"
    shown = comment(factory.trace(findings=[factory.finding(title=title)]))
    assert "@<!-- -->someone" in shown
    assert "#<!-- -->12" in shown
    assert "<img" not in shown
    assert shown.count("</details>") == 1
    assert "[click](" not in comment(factory.hostile())


def test_a_report_in_json_fits_its_schema() -> None:
    """Each capture with its verdict, findings and longest groups."""
    analyses = [factory.trace(), factory.report(), factory.everything_null(), factory.hostile()]
    made = json.loads(report(analyses))
    jsonschema.validate(made, of_report())
    first, second = made["reports"][:2]
    assert first["verdict"]["headline"] == "Elementwise work takes half of the time."
    assert first["findings"][0]["action"] == "fuse residual add and norm"
    assert first["findings"][0]["todo"] == "`torch.compile` the decoder layer."
    assert first["kernels"][0]["launches"] == 12
    assert second["findings"] == []
