"""One document, four outputs: each has every section, with the same figures."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from typing import Any, NamedTuple

import analysis_factory as factory
import polars as pl
import pytest

from ncutool import findings, page
from ncutool.advice.view.finding import Declined
from ncutool.analysis import display_names
from ncutool.analysis.analyse import Analysis
from ncutool.analysis.document import SECTIONS, Document
from ncutool.base import units
from ncutool.base.records import replace
from ncutool.companions.summary import Join
from ncutool.devices.ceilings import Ceiling
from ncutool.roofline.coverage import MissingWork
from ncutool.text import json_output
from ncutool.text.markdown import summary_markdown
from ncutool.text.terminal import summary_text
from ncutool_parsers.capture import Notice

NOTICES = (Notice("bad", "an error", "error"), Notice("warn", "a warning", "warning"),
           Notice("info", "a remark", "info"))  # fmt: skip


class Figure(NamedTuple):
    """What an output must show."""

    shown: str
    """As people read it; on the page, in Markdown, and on the terminal unless it is long."""
    raw: object
    """As JSON has it."""
    long: bool = False
    """The terminal's summary leaves it to the page."""
    on_page: tuple[str, ...] = ()
    """How the page may say it instead: in few words, or in the unit of its column."""


def trace() -> Analysis:
    """A trace with something in every section: also counters of a report on its launches."""
    rows = [
        row
        | ({"flop_source": "joined", "bytes_source": "joined", "modelled_bytes": 1.2e8,
            "bytes_measured_over_modelled": 0.875, "flop_measured_over_modelled": 1.25,
            "flag": "measured FLOPs are 1.25 × the modelled"} if row.get("op") else {})
        for row in factory.torch_rows(60)
    ]  # fmt: skip
    pairs = [factory.finding(number, title=f"Fuse pair {number}") for number in (1, 2)]
    analysis = factory.analysis(rows, findings=pairs, notices=NOTICES)
    join = Join("r.ncu-rep", 51, 20, 81.5, 82.5, (MissingWork("not in it", 77_000, 6.5, 9),), 0, ())
    declined = Declined("Merge gate and up", "They take as many waves.", (1, 2), 500_000)
    return factory.with_parts(
        analysis,
        work=replace(analysis.work, join=join),
        ceilings=(Ceiling("dram", 3.35e12, 3.01e12, 89.9, "capture", 7, "the best of 7"),),
        advice=replace(
            analysis.advice, declined=(declined,), all_low_ns=600_000, all_high_ns=1_700_000
        ),
    )


def report() -> Analysis:
    """A report: no timeline, no findings."""
    return factory.report(notices=NOTICES)


def _verdict(document: Document) -> list[Figure]:
    verdict = document.verdict
    return [
        Figure(verdict.capture, verdict.capture),
        Figure(verdict.about, document.analysis.capture.source),
        Figure(verdict.headline, verdict.headline),
        Figure(verdict.time, document.analysis.window_ns),
        Figure(verdict.state, verdict.state, long=True),
    ]


def _device(document: Document) -> list[Figure]:
    device = document.device
    figures = [
        Figure(device.name, document.analysis.resolution.device.name),  # type: ignore[union-attr]
        Figure(device.how, device.how),
        Figure(device.peaks, document.analysis.kernels["peak_flop_per_s"].max()),
    ]
    reached = [Figure(device.reached, device.ceilings[0].ceiling_per_s)] if device.reached else []
    return figures + reached


def _coverage(document: Document) -> list[Figure]:
    section = document.coverage
    figures = [
        Figure(units.percent(section.shares.understood_pct), section.shares.understood_pct),
        *(Figure(units.percent(part.pct), part.pct) for part in section.shares.partition),
        *(Figure(display_names.PARTS[part.part], part.part) for part in section.shares.partition),
    ]
    for reason in section.missing.rows:
        figures += [Figure(reason.name, reason.name)]
        figures += [Figure(units.percent(float(reason.values[2] or 0)), reason.values[2])]
    sources = (*section.flop_sources.rows, *section.bytes_sources.rows)
    column = {written: name for name, written in display_names.SOURCES.items()}
    return figures + [Figure(source.name, column[source.name], long=True) for source in sources]


def _time(document: Document) -> list[Figure]:
    section = document.time
    figures = [
        Figure(
            display_names.BOUNDS[part.kind],
            part.kind,
            on_page=(display_names.SHORT_BOUNDS[part.kind],),
        )
        for part in section.shares.parts
    ]
    figures += [Figure(units.percent(part.pct), part.pct) for part in section.shares.parts]
    for cause in section.idle.rows:
        figures.append(Figure(cause.name, cause.values[0], long=True))
        figures.append(Figure(units.time(int(cause.values[0] or 0)), cause.values[0], long=True))
    return figures


def _notices(document: Document) -> list[Figure]:
    return [Figure(notice.text, notice.text) for notice in document.notices]


def _findings(document: Document) -> list[Figure]:
    section = document.findings
    figures = [] if section.lines else [Figure(section.nothing, document.analysis.window_ns)]
    for line in section.lines:
        figures += [
            Figure(line.finding.title, line.finding.title),
            Figure(line.saving.amount, line.finding.alone_high_ns),
            Figure(line.saving.share.removesuffix(" %"), line.finding.alone_low_ns),
        ]
    advice = section.advice
    figures += [Figure(closing, advice.all_high_ns, long=True) for closing in section.closing]
    return figures + [
        Figure(sentence, declined.why, long=True)
        for sentence, declined in zip(section.declined, advice.declined, strict=True)
    ]


def _kernels(document: Document) -> list[Figure]:
    figures = []
    for row in document.kernels.groups.head(8).iter_rows(named=True):
        figures += [
            Figure(row["name"], row["kernel"]),
            Figure(units.count(row["launches"]), row["bound"]),
            Figure(
                units.time(row["duration_ns"]),
                row["first_launch_id"],
                on_page=tuple(units.significant(row["duration_ns"] / unit) for unit in (1e3, 1e6)),
            ),
            Figure(display_names.SHORT_BOUNDS[row["bound"]], row["bound"]),
        ]
    return figures


def _simple(document: Document) -> list[Figure]:
    figures = []
    for section in document.simple:
        figures += [Figure(section.title, section.title), Figure(section.note, section.note)]
        for table in section.tables:
            figures.append(Figure(table.title, table.title or section.title))
            for row in table.rows:
                figures.append(Figure(row.name, row.name))
                figures += [
                    Figure(units.quantity(name, value), value)
                    for (name, _), value in zip(table.columns, row.values, strict=True)
                ]
    return figures


FIGURES: dict[str, Callable[[Document], list[Figure]]] = {
    "verdict": _verdict,
    "device": _device,
    "coverage": _coverage,
    "time": _time,
    "notices": _notices,
    "findings": _findings,
    "kernels": _kernels,
    "simple": _simple,
}


def test_every_section_has_its_figures_here() -> None:
    """A new section of the document is not forgotten by this test."""
    assert tuple(FIGURES) == SECTIONS


class _Visible(HTMLParser):
    """The text of a page without its scripts and styles."""

    def __init__(self, page_html: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.inside = ""
        self.feed(page_html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.inside = tag

    def handle_data(self, data: str) -> None:
        if self.inside not in ("script", "style"):
            self.parts.append(data)


def _plain(shown: str) -> str:
    """Text without white space, and without what Markdown escapes and marks."""
    return re.sub(r"[\s\\`]", "", html.unescape(shown))


OUTPUTS: dict[str, Callable[[Analysis], str]] = {
    "page": lambda analysis: "".join(_Visible(page.render([analysis])).parts),
    "terminal": lambda analysis: summary_text(analysis, color=False, width=120, verbose=True),
    "markdown": summary_markdown,
}


@cache
def _shown(output: str, make: Callable[[], Analysis]) -> str:
    return _plain(OUTPUTS[output](make()))


@pytest.mark.parametrize("make", [trace, report])
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("section", SECTIONS)
def test_each_output_has_each_section(
    section: str, output: str, make: Callable[[], Analysis]
) -> None:
    """The page, the terminal and Markdown show the same figures."""
    shown = _shown(output, make)
    figures = FIGURES[section](Document(make()))
    assert figures or (section, make) == ("simple", report)
    absent = [
        figure.shown
        for figure in figures
        if not (figure.long and output == "terminal")
        and not any(
            _plain(written) in shown
            for written in (figure.shown, *(figure.on_page if output == "page" else ()))
        )
    ]
    assert absent == []


def _leaves(value: object) -> set[object]:
    """Every key, text and number of a JSON value."""
    if isinstance(value, dict):
        return set(value).union(*map(_leaves, value.values()))
    if isinstance(value, list):
        return set().union(*map(_leaves, value))
    return {value}


def _json(analysis: Analysis) -> list[dict[str, Any]]:
    """Both JSON outputs of an analysis."""
    tables = {"kernels": analysis.kernels, "findings": findings(analysis)}
    return [
        json.loads(json_output.wrap(analysis, name, frame.write_json()))
        for name, frame in tables.items()
    ]


@pytest.mark.parametrize("make", [trace, report])
@pytest.mark.parametrize("section", SECTIONS)
def test_json_has_each_section_in_base_units(section: str, make: Callable[[], Analysis]) -> None:
    """What people read rounded is in JSON whole."""
    analysis = make()
    leaves = _leaves(_json(analysis))
    figures = FIGURES[section](Document(analysis))
    assert [figure for figure in figures if figure.raw not in leaves] == []


def test_json_has_every_launch_of_each_group() -> None:
    """Groups are the rows of the JSON, added up."""
    analysis = trace()
    section = Document(analysis).kernels
    rows = pl.DataFrame(_json(analysis)[0]["kernels"]).with_columns(section.membership)
    sums = rows.group_by("group").agg(pl.len().alias("launches"), pl.col("duration_ns").sum())
    assert sums.sort("group").rows() == section.groups.select(
        "group", "launches", "duration_ns"
    ).sort("group").rows()  # fmt: skip


def test_a_section_is_made_once() -> None:
    """Several outputs of one document share its sections."""
    document = Document(trace())
    assert document.kernels is document.kernels
    assert [section.key for section in document.simple] == ["measured"]


def test_coverage_lists_every_reason_and_source() -> None:
    """Why figures are missing and where the others come from, launches and time of each."""
    section = Document(factory.trace(100)).coverage
    (reason,) = section.missing.rows
    assert (reason.name, reason.values[0]) == ("launched before the recording began", 10)
    assert [(source.name, source.values[0]) for source in section.flop_sources.rows] == [
        ("operator shapes", 85),
        ("not known", 10),
        ("the kernel's own arguments", 5),
    ]
    assert Document(factory.report()).coverage.missing.rows == ()


def test_what_an_output_leaves_out_is_counted() -> None:
    """One row or several, and no sentence where all are shown."""
    table = Document(trace()).coverage.flop_sources
    assert table.rest(1) == "2 smaller rows not shown"
    assert table.rest(2) == "1 smaller row not shown"
    assert table.rest(3) == ""


def test_time_is_listed_in_the_order_of_bounds_and_idle_by_cause() -> None:
    """All outputs list alike; the causes sum to the idle time."""
    analysis = factory.trace(60)
    section = Document(analysis).time
    kinds = [part.kind for part in section.shares.parts]
    assert kinds == sorted(kinds, key=list(display_names.BOUNDS).index)
    assert analysis.timeline is not None
    assert sum(int(row.values[0] or 0) for row in section.idle.rows) == analysis.timeline.idle_ns
    lengths = [int(row.values[0] or 0) for row in section.idle.rows]
    assert lengths == sorted(lengths, reverse=True)
    assert Document(factory.report()).time.idle.rows == ()
