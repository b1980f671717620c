"""A page's numbers agree: one partition of the time in rows, headline, card, chart and JSON."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from ncutool import charts
from ncutool.analysis.analyse import Analysis, read_and_analyse
from ncutool.analysis.display_names import PARTS
from ncutool.analysis.document import Document
from ncutool.base import tables, units
from ncutool.page.cards import understood
from ncutool.roofline.partition import UNDERSTOOD
from ncutool.text.json_output import facts
from ncutool.text.terminal import summary_text
from ncutool_parsers.errors import CaptureError

SHARED = Path(__file__).resolve().parents[2] / "shared" / "corpus"
SUFFIXES = (".json", ".json.gz", ".ncu-rep")
CAPTURES = sorted(
    str(path.relative_to(SHARED))
    for folder in ("torch", "ncu", "field_cases")
    for path in (SHARED / folder).glob("*")
    if path.name.endswith(SUFFIXES)
)


@pytest.fixture(scope="module", params=CAPTURES or ["none"])
def analysis(request: pytest.FixtureRequest, corpus: Path) -> Analysis:
    """The analysis of each capture of the corpus in turn."""
    try:
        return read_and_analyse(corpus / request.param)
    except CaptureError:
        pytest.skip("this capture cannot be read")


def test_every_output_divides_the_time_alike(analysis: Analysis) -> None:
    """The parts of the rows sum to the launch time; every output gives the same shares of it."""
    rows = dict(analysis.kernels.group_by("part").agg(pl.col("duration_ns").sum()).iter_rows())
    coverage = analysis.coverage
    assert set(rows) <= set(tables.PARTS)
    assert sum(rows.values()) == coverage.duration_ns
    assert {part.part: part.duration_ns for part in coverage.partition} == rows
    told = json.loads(json.dumps(facts(analysis)["coverage"]))
    assert {part["part"]: part["duration_ns"] for part in told["partition"]} == rows
    if not coverage.duration_ns:
        return
    share = 100 * sum(rows.get(part, 0) for part in UNDERSTOOD) / coverage.duration_ns
    assert coverage.understood_pct == pytest.approx(share)
    missing = sum(gap.duration_ns for gap in coverage.missing)
    assert missing == coverage.duration_ns - sum(rows.get(part, 0) for part in UNDERSTOOD)
    document = Document(analysis)
    card = understood(document.coverage)
    assert sum(piece.pct for piece in card.pieces) == pytest.approx(100)
    for part in tables.PARTS:
        pieces = sum(piece.pct for piece in card.pieces if piece.name == PARTS[part])
        assert pieces == pytest.approx(100 * rows.get(part, 0) / coverage.duration_ns)
    chart = charts.not_on_roofline(coverage)
    line = summary_text(analysis, color=False, width=2000, verbose=True)
    for part, duration in rows.items():
        written = f"{PARTS[part]} {units.percent(100 * duration / coverage.duration_ns)}"
        assert not duration or written in line, part
        assert not duration or part == "on_roofline" or written in chart, part
    if share < 100:
        assert f"{units.percent(share)} of launch time is understood" in analysis.state


def test_the_window_is_divided_once(analysis: Analysis) -> None:
    """Bounds and idle time sum to the window; idle time by cause sums to the idle time."""
    if not analysis.shares.parts:
        pytest.skip("this capture has no times")
    shares = analysis.shares
    assert sum(part.ns for part in shares.parts) == shares.base_ns == analysis.window_ns
    assert all(0 <= part.pct <= 100 for part in shares.parts)
    timeline = analysis.timeline
    if timeline is None:
        return
    idle = next((part.ns for part in shares.parts if part.kind == "idle"), 0)
    assert idle == timeline.idle_ns == sum(timeline.idle_by_cause().values())
    assert timeline.busy_ns + timeline.idle_ns == timeline.wall_ns


def test_no_modelled_launch_of_50_us_is_latency_bound(analysis: Analysis) -> None:
    """Only counters tell that a launch waits on latency, or that it is as short as launches are."""
    if analysis.capture.traits.figures_counted:
        pytest.skip("a report counts its figures")
    long = (pl.col("bound") == "latency") & (pl.col("duration_ns") >= 50_000)
    assert analysis.kernels.filter(long).is_empty()
