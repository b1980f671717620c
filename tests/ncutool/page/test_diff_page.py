"""The page and the picture of a comparison: what they say, in which order, and of which size."""

from __future__ import annotations

import re
from html import unescape
from xml.etree import ElementTree

import pytest
from diff_cases import CASES, HOSTILE, fused, itself, moved, repeats
from diff_factory import call, kernel, report, side, trace

from ncutool import diff
from ncutool.charts.palette import LIGHT
from ncutool.diff.gate import Rules, check
from ncutool.diff.wording import headline
from ncutool.page.diff_card import diff_card
from ncutool.page.diff_lanes import lanes
from ncutool.page.diff_page import render_diff
from ncutool.page.diff_parts import bars, waterfall
from ncutool.page.diff_rows import kernels
from ncutool.page.moves import moves


def sections(page: str) -> list[str]:
    """The headings of a page in their order, without what stands beside them."""
    return [re.sub(r"<.*", "", one).strip() for one in re.findall(r"<h2[^>]*>([^<]*)", page)]


@pytest.mark.parametrize("name", CASES)
def test_every_page_says_the_verdict_and_loads_nothing(name: str) -> None:
    """Title, heading and terminal say the same in at most 90 characters; nothing is fetched."""
    answer = CASES[name]()
    page = render_diff(answer)
    said = headline(answer).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert len(headline(answer)) <= 90
    assert f"<title>{said} · ncutool</title>" in page
    assert f"<h1>{said}</h1>" in page
    assert "default-src 'none'; script-src 'sha256-" in unescape(page)
    assert re.findall(r'(?:src|href)="(?!#)[^"]*"', page) == []
    assert render_diff(answer) == page


def test_sections_stand_in_order() -> None:
    """Same work and how sure before any time, then where it went, and how it was run last."""
    assert sections(render_diff(moved())) == [
        "Same work?", "How sure?", "Where the time went", "Where the change is",
        "Launch by launch", "Roofline", "Findings", "Kernels", "How it was run",
        "What was not measured",
    ]  # fmt: skip


def test_other_work_shows_no_speed() -> None:
    """Refused: the figures, and nothing that compares times; forced: rates and places."""
    refused = render_diff(CASES["other work"]())
    assert sections(refused) == [
        "Same work?", "How sure?", "How it was run", "What was not measured",
    ]  # fmt: skip
    assert "no speed verdict" in refused
    assert "wall time: 1.00 ms before, 3.00 ms after, not compared." in refused
    forced = render_diff(CASES["other work, forced"]())
    assert sections(forced) == [
        "Same work?", "How sure?", "By rate", "Roofline", "Kernels", "How it was run",
        "What was not measured",
    ]  # fmt: skip
    assert "Compared by --force though unlike" in forced
    assert "v-faster" not in forced.partition("</style>")[2]


def test_the_bars_share_one_axis_and_what_is_gone_is_hatched() -> None:
    """11.82 ms before, 9.08 ms after: the rest of the axis is what was saved."""
    drawn = bars(moved())
    assert drawn is not None
    before, after = drawn.bars
    assert (before.total, after.total) == ("11.8 ms", "9.08 ms")
    assert sum(one.pct for one in before.segments) == pytest.approx(100)
    assert sum(one.pct for one in after.segments) + after.gone_pct == pytest.approx(100)
    assert after.change == "−2.74 ms, −23.2 %"
    assert [(key.kind, key.times) for key in drawn.keys] == [
        ("memory", "5.62 → 9.07 ms"), ("compute", "6.19 → 0 ms"), ("small_grid", "11.0 → 12.4 µs"),
    ]  # fmt: skip


def test_the_waterfall_leads_from_before_to_after() -> None:
    """Each step begins where the last ended; the worst comes first; regressions are bold."""
    found = waterfall(moved())
    assert found is not None
    assert [(step.name, step.way, step.amount, step.share, step.bold) for step in found.steps] == [
        ("before", "total", "11.8 ms", "", True),
        ("halo", "slower", "+1.40 µs", "+12.7 %", True),
        ("step", "faster", "−30.0 µs", "−0.5 %", False),
        ("tendencies", "faster", "−2.71 ms", "−43.8 %", False),
        ("after", "total", "9.08 ms", "−23.2 %", True),
    ]
    last = found.steps[-2]
    assert last.left == pytest.approx(found.steps[-1].left + found.steps[-1].wide, abs=1e-6)


def test_a_small_change_has_an_axis_that_says_where_it_begins() -> None:
    """2 % of change on an axis from 0 would be a hair."""
    found = waterfall(repeats())
    assert found is not None
    assert found.begins == "3.85 ms"
    assert f"the axis begins at {found.begins}" in render_diff(repeats())


def test_a_trace_adds_idle_time_and_overlap() -> None:
    """What kernels lost became idle time: both stand in the waterfall of wall time."""
    found = waterfall(fused())
    assert found is not None
    assert [(step.name, step.amount, step.share) for step in found.steps[1:-1]] == [
        ("norm [512,64]", "−300 µs", "−58.8 %"), ("idle time", "+90.0 µs", "+100.0 %"),
    ]  # fmt: skip
    one = trace([call("mm", "[1]", "k", 1_000_000), call("mm", "[2]", "l", 1_000_000)], idle_ns=0)
    rows = one.launches.with_columns(duration_ns=one.launches["duration_ns"] * 2)
    other = diff.Run(one.name, rows, one.device, one.settings, one.window)
    apart = waterfall(diff.compare(side(one), side(other)))
    assert apart is not None
    assert [step.name for step in apart.steps][-2] == "not told apart: launches that overlap"


def test_the_roofline_has_an_arrow_for_what_moved_alone() -> None:
    """One kernel left its place, one stayed; the third has no FLOPs and is counted."""
    found = moves(moved(), LIGHT, 640, 350)
    assert found is not None
    svg = ElementTree.fromstring(found.svg)
    hollow = [one for one in svg.iter() if one.get("stroke-dasharray")]
    assert len(hollow) == 1
    assert found.bounds == ("memory", "compute")
    assert "Not drawn: 1 group without FLOPs or bytes" in found.note
    assert found.share == "99.9 % of launch time after is on it"
    words = "".join(svg.itertext())
    assert "tendencies\u200256 → 81 %" in words
    assert "FP32 19.5 TFLOP/s" in words


def test_no_roofline_without_peaks() -> None:
    """Nothing is invented: the page says why there is none."""
    assert moves(itself(), LIGHT, 640, 350) is None
    assert "No roofline: no group has FLOPs, bytes and a device whose" in render_diff(itself())


def test_few_launches_are_drawn_and_joined_one_by_one() -> None:
    """Three a side, three bands between them; each names itself."""
    found = lanes(moved())
    assert found is not None
    assert [len(lane.launches) for lane in found.lanes] == [3, 3]
    assert len(found.joins) == 3
    assert not found.timed
    assert found.lanes[0].launches[1].title == "tendencies, 6.19 ms, compute"


def test_many_launches_are_columns_that_hold_their_time() -> None:
    """Ninety launches: every column's kinds fill no more than the column."""
    found = lanes(fused())
    assert found is not None
    assert found.timed
    heights: dict[str, float] = {}
    for _, path in found.lanes[0].areas:
        for column, high in re.findall(r"M(\d+) [\d.]+h1v-([\d.]+)h-1z", path):
            heights[column] = heights.get(column, 0.0) + float(high)
    assert max(heights.values()) <= 40.2


def test_launches_of_one_side_alone_are_hatched() -> None:
    """A kernel that is new after has no band and a kind of its own."""
    rows = [call("mm", "[1]", "k", 1_000_000), call("mm", "[2]", "l", 1_000_000)]
    more = [*rows, call("sort", "[7]", "radix", 500_000, flop=None)]
    found = lanes(diff.compare(side(trace(rows)), side(trace(more))))
    assert found is not None
    assert [one.kind for one in found.lanes[1].launches] == ["compute", "compute", "alone"]
    assert len(found.joins) == 2


def test_rows_say_how_their_figures_come_about() -> None:
    """Matched how, each launch's time, each run, the interval, the clock, the source."""
    row = kernels(repeats()).rows[0]
    assert (row.name, row.verdict, row.bold) == ("work", "slower", True)
    about = dict(row.about)
    assert about["matched"] == "exact: same kernel, grid and block"
    assert about["figures from"] == "hardware counters"
    assert about["SM clock, as counted"] == "1.30 GHz → 1.30 GHz"
    assert about["interval over runs"].startswith("+7.")
    assert len(about["runs before"].split(", ")) == 5


def test_very_many_rows_are_left_out_and_counted() -> None:
    """Of two thousand the page holds three hundred, thirty seen at once; the rest is counted."""
    found = kernels(CASES["many"]())
    assert len(found.rows) == 300
    assert found.late == 270
    assert "1,700 groups that changed less not shown" in found.note
    assert len(render_diff(CASES["many"]())) < 400_000


def test_the_gate_and_accuracy_stand_there() -> None:
    """What was asked for and given."""
    answer = repeats()
    page = render_diff(answer, check(answer, Rules(fail_over=1.0)), accuracy="max error <1e-6")
    assert '<code>--fail-over 1%</code> <b class="o-regression">regression</b>' in page
    assert "<b>Accuracy, as given</b> max error &lt;1e-6" in page


def test_hostile_names_are_text() -> None:
    """No element, no attribute and no template comes from a name."""
    page = render_diff(CASES["hostile"]())
    assert "<img" not in page
    assert "<svg onload" not in page
    assert page.count("<script") == 1
    assert "{{ 7 * 7 }}" in page
    card = ElementTree.fromstring(diff_card(CASES["hostile"]()))
    assert HOSTILE[0] in "".join(card.itertext())


@pytest.mark.parametrize("name", CASES)
def test_every_picture_is_an_svg_of_its_size(name: str) -> None:
    """1200 x 630, the verdict as its title, the version in its corner; the same every time."""
    answer = CASES[name]()
    card = ElementTree.fromstring(diff_card(answer))
    assert (card.get("width"), card.get("height")) == ("1200", "630")
    assert card.get("aria-label") == headline(answer)
    words = " ".join(text for text in card.itertext() if text)
    assert "ncutool" in words
    assert f"n = {len(answer.before.runs)} + {len(answer.after.runs)}" in words
    assert diff_card(answer) == diff_card(answer)


def test_the_picture_names_what_moved_and_the_worst() -> None:
    """The kernel that changed most, with its figures, and the worst shape beside it."""
    words = " ".join(ElementTree.fromstring(diff_card(moved())).itertext())
    assert "Moved most: tendencies" in words
    assert "6.19 → 3.48 ms, 22.8 → 9.30 GFLOP, 55.5 → 80.7 % of its roof" in words
    assert "Worst shape: halo" in words
    assert "+12.7 %, inconclusive" in words
    assert "−2.74 ms, −23.2 %" in words


def test_a_refused_picture_says_so_instead_of_bars() -> None:
    """Figures of both sides, no bar, no roofline, no verdict."""
    words = " ".join(ElementTree.fromstring(diff_card(CASES["other work"]())).itertext())
    assert "not the same work" in words.replace("\u00a0", " ")
    assert "not compared" in words
    assert "No speed verdict: times of unlike captures do not compare." in words
    assert "Moved most" not in words
    assert "Roofline" not in words


def test_launches_that_take_no_time_are_drawn_nowhere() -> None:
    """Nothing is timed: no bar, no waterfall, no lane, and it is said."""
    untimed = diff.compare(side(report([kernel("k", 0)])), side(report([kernel("k", 0)])))
    assert (bars(untimed), waterfall(untimed), lanes(untimed)) == (None, None, None)
    assert "Nowhere: both sides are one recording." in render_diff(untimed)
