"""The page of an archive: whole, bounded, inert, and readable in every empty state."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import polars as pl
import pytest
from analysis_factory import HOSTILE_NAME
from job_factory import capture_row
from trend_factory import archive

from ncutool.archive.fleet import Fleet, fleet
from ncutool.archive.tables import CAPTURES, ERRORS, FINDING_ROWS, LAUNCHES
from ncutool.archive.trends import trends
from ncutool.page.fleet import MAX_DATA_BYTES, headline, render_fleet


def table(of: Any, rows: list[dict[str, Any]], *more: str) -> pl.LazyFrame:
    """Rows of a table of a dataset; ``more`` are its columns of metadata."""
    if not rows:
        return of.empty().lazy()  # type: ignore[no-any-return]  # a table of the schema
    frame = pl.DataFrame(rows, infer_schema_length=None)
    own = frame.select(more)
    return of.conform(frame.drop(more)).with_columns(own).lazy()  # type: ignore[no-any-return]


def made(
    captures: list[dict[str, Any]],
    launches: list[dict[str, Any]] | None = None,
    findings: list[dict[str, Any]] | None = None,
    errors: list[dict[str, Any]] | None = None,
    metadata: tuple[str, ...] = (),
) -> Fleet:
    """An archive of these rows."""
    return fleet(
        {
            "captures": table(CAPTURES, captures, *metadata),
            "launches": table(LAUNCHES, launches or []),
            "findings": table(FINDING_ROWS, findings or []),
            "errors": table(ERRORS, errors or []),
        }
    )


def capture(number: int, **more: Any) -> dict[str, Any]:
    """One capture in which there is something to do."""
    return capture_row(
        None, None, capture_id=f"{number:032x}", path=f"night/{number}.json.gz",
        name=f"{number}.json.gz", answer="something_to_do", wall_ns=1_000_000, busy_ns=400_000,
        headline=f"Up to {number % 90} % of this window may go: launch from graphs",
        saving_low_ns=1_000, saving_high_ns=number % 1000 * 900, launch_ns=400_000,
        roofline_pct=31.25,
    ) | more  # fmt: skip


def launch(number: int, kernel: str, ns: int, **more: Any) -> dict[str, Any]:
    """One launch of a capture."""
    return {"capture_id": f"{number:032x}", "launch_id": 0, "kernel": kernel, "kernel_full": kernel,
            "duration_ns": ns, "bound": "memory", "part": "on_roofline", "roofline_pct": 40.0,
            "capture": "c", "source": "torch", "category": "kernel", "flop_source": "none",
            "bytes_source": "none", "peak_source": "none", "bound_reason": ""} | more  # fmt: skip


def finding(number: int, rule: str, ns: int, **more: Any) -> dict[str, Any]:
    """One finding of a capture."""
    return {"capture_id": f"{number:032x}", "id": "f1", "rule": rule, "kind": "fuse",
            "per": "window", "title": f"Do {rule}", "saving_low_ns": ns // 2,
            "saving_high_ns": ns} | more  # fmt: skip


def error(number: int, kind: str = "damaged", **more: Any) -> dict[str, Any]:
    """One file that failed."""
    return {"path": f"bad/{number}.json", "name": f"{number}.json", "bytes": 10, "kind": kind,
            "message": "is cut short; record again", "analysis_version": "0"} | more  # fmt: skip


def data_of(page: str) -> dict[str, Any]:
    """What the script of a page reads."""
    found = re.search(r'id="fleet-data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    read: dict[str, Any] = json.loads(found[1])
    return read


def test_what_costs_most_and_what_recurs() -> None:
    """Sums over captures by kernel and device, and by rule; only savings of the window add up."""
    one = made(
        [capture(1), capture(2, device="Test A100"), capture(3)],
        [launch(1, "gemm", 100), launch(2, "gemm", 70), launch(3, "gemm", 30, roofline_pct=80.0),
         launch(3, "norm", 20, part="unknown", roofline_pct=None)],
        [finding(1, "fuse", 50), finding(3, "fuse", 30), finding(2, "batch", 99, per="sample")],
    )  # fmt: skip
    columns = ("kernel", "device", "time_ns", "launches", "captures", "roofline_pct")
    assert one.kernels.select(columns).rows() == [
        ("gemm", "Test H100", 130, 2, 2, pytest.approx((100 * 40 + 30 * 80) / 130)),
        ("gemm", "Test A100", 70, 1, 1, 40.0),
        ("norm", "Test H100", 20, 1, 1, None),
    ]
    savings = ("rule", "captures", "saving_low_ns", "saving_high_ns", "where_ns")
    assert one.findings.select(savings).rows() == [
        ("fuse", 2, 40, 80, [50, 30]),
        ("batch", 1, 0, 0, [0]),
    ]
    page = render_fleet(one, name="runs")
    assert "3 captures: all have something to do" in page
    assert "Do fuse" in page


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (made([]), "No capture has been analysed yet"),
        (made([], errors=[error(1), error(2)]), "None of 2 files could be analysed"),
        (made([capture(1)]), "1 capture: it has something to do"),
        (
            made([capture(n, answer="nothing_worth_doing", saving_high_ns=0) for n in (1, 2)]),
            "2 captures, and in none of them something to do",
        ),
    ],
    ids=["empty", "all failed", "one capture", "no findings"],
)
def test_empty_states(one: Fleet, words: str) -> None:
    """Each says what there is and what to do."""
    page = render_fleet(one, name="runs", why_no_trends="There is no trend.")
    assert f"<h1>{words}" in page
    assert page.count("<section") >= 4
    assert "There is no trend." in page


def test_ten_thousand_captures_stay_a_small_page() -> None:
    """Every capture can be found, or it is said how many cannot; sums are over all."""
    captures = [
        capture(n, path=f"cluster-{n % 7}/nightly/2026-11-{n % 28:02}/rank{n}.json.gz",
                commit=f"{n * 7919 % 99991:x}", device=f"Test device {n % 5}",
                answer="could_not_look" if n % 50 == 1 else "nothing_worth_doing" if n % 50 == 2
                else "something_to_do")
        for n in range(10_000)
    ]  # fmt: skip
    findings = [finding(n, f"rule-{n % 60}", n) for n in range(10_000)]
    errors = [error(n, "damaged" if n % 2 else "not_a_capture") for n in range(3_000)]
    launches = [launch(n, f"kernel_{n % 900}", n) for n in range(10_000)]
    one = made(captures, launches, findings, errors, metadata=("commit",))
    page = render_fleet(one, name="runs")
    assert len(page.encode()) < 1_500_000
    data = data_of(page)
    assert len(json.dumps(data["rows"])) < 1.2 * MAX_DATA_BYTES
    listed = len(data["rows"])
    assert listed >= 9_000
    answers = {data["answers"][row[5]] for row in data["rows"]}
    assert len(answers) == 3
    assert (f"{listed:,} of 10,000 captures are listed" in page) == (listed < 10_000)
    assert "10,000 captures" in page
    assert "3,000 files could not be analysed" in page
    assert "60 of 3,000 files" in page


def test_hostile_texts_stay_text() -> None:
    """Names, paths, metadata and messages of any kind and length."""
    huge = "x" * 1_000_000
    captures = [
        capture(1, path=HOSTILE_NAME, device=HOSTILE_NAME, headline=HOSTILE_NAME, tag=HOSTILE_NAME),
        capture(2, path=huge, device=huge, headline=huge[:90], tag=huge),
        capture(3, path="\u202etxt.nosj", tag="</script>"),
        capture(4, path="\ud800"[:0] + "plain", tag=None),
    ]
    one = made(
        captures,
        [launch(1, HOSTILE_NAME, 10), launch(2, huge, 10)],
        [finding(1, "r", 5, title=HOSTILE_NAME), finding(2, huge, 5, title=huge)],
        [error(1, path=HOSTILE_NAME, message=HOSTILE_NAME), error(2, path=huge, message=huge)],
        metadata=("tag",),
    )
    page = render_fleet(one, name=HOSTILE_NAME)
    assert len(page) < 200_000
    assert "<img" not in page
    assert page.count("</script>") == 2
    assert "\u202e" not in page
    assert "\x1b" not in page
    assert len(data_of(page)["rows"]) == 4


def test_pages_of_captures_are_linked_where_they_are() -> None:
    """Relative, for the row and for the finding."""
    there = f"{1:032x}"
    one = made([capture(1), capture(2)], findings=[finding(1, "fuse", 5), finding(2, "fuse", 4)])
    page = render_fleet(one, name="runs", pages=[there, "0" * 31 + "9"])
    assert page.count(f'href="pages/{there}.html"') == 2
    assert f"pages/{2:032x}" not in page
    data = data_of(page)
    assert [row[2] for row in data["rows"]] == ["0" * 10, there]
    asked = "ncutool fleet runs --pages CAPTURES --where 'capture_id~^ID'"
    assert data["command"] == asked
    assert "put the folder that holds the captures in place of CAPTURES" in page
    both = render_fleet(one, name="runs", pages=[there, f"{2:032x}"])
    assert "in place of CAPTURES" not in both


def test_a_name_that_hides_something_is_in_no_command() -> None:
    """What is copied into a terminal is what is seen."""
    for name in ("a\u202eb", "x" * 500, "a\x1b[2Jb"):
        page = render_fleet(made([capture(1)]), name=name)
        command = data_of(page)["command"]
        assert command == "ncutool fleet DATASET --pages CAPTURES --where 'capture_id~^ID'"
    page = render_fleet(made([capture(1)]), name="my runs; rm -rf")
    assert data_of(page)["command"].startswith("ncutool fleet 'my runs; rm -rf' --pages")


def test_the_surest_savings_come_first_and_keep_their_verdicts() -> None:
    """By what is sure of a capture's own window, then by what may be; equal verdicts are one."""
    rows = [
        capture(1, wall_ns=1_000, saving_low_ns=0, saving_high_ns=950, headline="up to 95 %"),
        capture(2, wall_ns=10_000, saving_low_ns=4_000, saving_high_ns=5_000, headline="40 %"),
        capture(3, wall_ns=1_000, saving_low_ns=400, saving_high_ns=900, headline="40 %"),
        capture(4, answer="could_not_look", saving_low_ns=None, saving_high_ns=None, wall_ns=None,
                launch_ns=None, headline="?"),
    ]  # fmt: skip
    page = render_fleet(made(rows), name="runs")
    data = data_of(page)
    unknown = page[page.index("4.json.gz") :].partition("</tr>")[0]
    assert re.findall(r"<td[^>]*>([^<]*)</td>", unknown)[-4:] == ["–", "–", "–", "31.3 %"]
    assert [row[1] for row in data["rows"]] == [f"{n}.json.gz" for n in (3, 2, 1, 4)]
    assert sorted(data["headlines"]) == ["40 %", "?", "up to 95 %"]
    assert [data["headlines"][row[3]] for row in data["rows"]] == [
        "40 %",
        "40 %",
        "up to 95 %",
        "?",
    ]


def test_what_could_not_be_looked_at_is_not_nothing_to_do() -> None:
    """The headline tells captures that say nothing from those that need nothing."""
    unseen = [capture(n, answer="could_not_look") for n in (1, 2)]
    nothing = capture(3, answer="nothing_worth_doing")
    said = "3 captures, and in none of them something to do; 2 captures could not be looked at"
    assert headline(made([*unseen, nothing])) == said
    assert headline(made([nothing])) == "1 capture, and in none of them something to do"


def test_trends_are_drawn() -> None:
    """A line a series, a mark a change, and the same in words."""
    captures, kernels = archive(40, changes={20: ("gemm", 1.3)})
    page = render_fleet(made([capture(1)]), name="runs", trends=trends(captures, kernels, "commit"))
    assert page.count('<path class="mark slower"') == 2
    assert page.count('<path class="level"') == 4
    assert re.search(r'aria-label="gemm: 40 points, \+2\d\.\d % from c\d+"', page)


def test_the_page_loads_nothing_and_is_the_same_each_time() -> None:
    """No address but links to pages beside it."""
    one = made([capture(1)])
    page = render_fleet(one, name="runs")
    assert page == render_fleet(one, name="runs")
    assert "http" not in re.sub(r'http-equiv="[^"]*"', "", page)
    assert "default-src 'none'" in html.unescape(page)
