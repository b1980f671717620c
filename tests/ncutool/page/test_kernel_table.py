"""The kernel table as data: columns, units, shapes of products, tags, and what is left out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import analysis_factory as factory
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool import page
from ncutool.analysis.analyse import read_and_analyse
from ncutool.analysis.document import Document
from ncutool.analysis.groups import grouped
from ncutool.explain import explain
from ncutool.page.columns import Unit, units_of
from ncutool.page.explained import explanations
from ncutool.page.kernels import FIRST_ROWS, KernelTable, kernel_table, product
from ncutool.page.launches import LONGEST, MOST_LAUNCHES, longest_launches, parts
from ncutool.page.packing import Texts, numbers, places

_DIGITS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"


def unpack(column: Any, rows: int) -> list[Any]:
    """Read a column as groups.js does."""
    if isinstance(column, int):
        return [column] * rows
    if isinstance(column, list):
        return column + [None] * (rows - len(column))
    if "s" in column:
        read = [column["of"][_DIGITS.index(digit)] for digit in column["s"]]
        return read + [None] * (rows - len(read))
    if "of" in column:
        return [column["of"][place] if place >= 0 else None for place in column["at"]]
    read = [None if v is None else v * 10.0 ** column["e"] for v in column["v"]]
    return read + [None] * (rows - len(read))


def made(analysis: Any) -> KernelTable:
    """The table of an analysis, with the tags of its findings."""
    return kernel_table(analysis, *grouped(analysis.kernels), Document(analysis).findings.lines)


def test_the_first_rows_are_text() -> None:
    """Without its script the page still shows where most of the time goes, a figure a cell."""
    table = made(factory.trace(300))
    assert len(table.rows) == min(FIRST_ROWS, table.groups)
    first = table.rows[0]
    assert (first.name, first.bar_pct, first.symbol) == (
        "_flash_attention_forward", 100, "triangle-up",
    )  # fmt: skip
    cells = {cell.column: (cell.text, cell.mark) for cell in first.cells}
    assert cells["launches"] == ("60", "")
    assert cells["intensity"] == ("139", "")
    assert cells["roof"][1] == "low"
    assert cells["dtype"] == ("bf16", "")
    assert cells["bound"] == ("latency", "")
    assert not any("%" in text or "/s" in text for text, _ in cells.values())


def test_every_group_and_its_launches_are_there() -> None:
    """Columns unpack to a value a group; launches are the longest of each, longest first."""
    analysis = factory.trace(300)
    groups, membership = grouped(analysis.kernels)
    data = kernel_table(analysis, groups, membership).data
    for column in [*data["groups"]["columns"].values(), *data["groups"]["texts"].values()]:
        assert len(unpack(column, groups.height)) == groups.height, column
    names = unpack(data["groups"]["texts"]["name"], groups.height)
    assert [data["groups"]["of"][place] for place in names] == groups["name"].to_list()
    launches = data["launches"]
    assert launches["counts"] == [min(LONGEST, count) for count in groups["launches"]]
    of_first = analysis.kernels.filter(membership == 0).sort(
        "duration_ns", "launch_id", descending=[True, False]
    )
    assert launches["columns"]["id"][:LONGEST] == of_first["launch_id"].head(LONGEST).to_list()


@pytest.mark.parametrize(
    ("operator", "shapes", "told"),
    [
        ("aten::mm", "[8944,1024] × [1024,2816]", "[8944,1024] × [1024,2816] → [8944,2816]"),
        ("aten::addmm", "[8,4] × [4,2]", "[8,4] × [4,2] → [8,2]"),
        ("aten::bmm", "[3,8,4] × [3,4,2]", "[3,8,4] × [3,4,2] → [3,8,2]"),
        ("aten::mm", "[8,4] × [5,2]", "[8,4] × [5,2]"),
        ("aten::bmm", "[3,8,4] × [2,4,2]", "[3,8,4] × [2,4,2]"),
        ("aten::mul", "[4,4] × [4,4]", "[4,4] × [4,4]"),
        ("aten::mm", "[8,4] × [4,2] × [2]", "[8,4] × [4,2] × [2]"),
        (None, None, None),
    ],
)
def test_products_tell_what_comes_out(
    operator: str | None, shapes: str | None, told: str | None
) -> None:
    """Only where the operator multiplies these very matrices; else the shapes stand alone."""
    assert product(operator, shapes) == told


def test_a_report_without_flops_shows_speeds_of_light() -> None:
    """Empty columns would say nothing; NVIDIA's two percentages do."""
    basic = made(factory.report(counters=False))
    ids = [column.id for column in basic.columns]
    assert ids[5:7] == ["compute", "memory"]
    assert "flops" not in ids
    full = {column.id: column.shown for column in made(factory.report()).columns}
    assert (full["roof"], full["compute"], full["intensity"]) == (True, False, False)


@pytest.mark.parametrize(
    ("longest_ns", "time", "each"),
    [
        (400, Unit(1, "ns"), Unit(1, "ns")),
        (40_000, Unit(1e3, "µs"), Unit(1e3, "µs")),
        (40_000_000, Unit(1e6, "ms"), Unit(1e3, "µs")),
        (40_000_000_000, Unit(1e6, "ms"), Unit(1e6, "ms")),
        (400_000_000_000, Unit(1e9, "s"), Unit(1e6, "ms")),
    ],
)
def test_units_follow_the_largest_figure(longest_ns: int, time: Unit, each: Unit) -> None:
    """A column has one unit, said in its heading, in which the largest figure reads well."""
    rows = [row | {"duration_ns": longest_ns} for row in factory.torch_rows(1)]
    chosen = units_of(grouped(factory.analysis(rows).kernels)[0])
    assert (chosen["time"], chosen["each"]) == (time, each)


def test_no_launches_make_an_empty_table() -> None:
    """An empty capture has its headings and no row."""
    table = made(factory.analysis([]))
    assert (table.rows, table.groups, table.total) == ((), 0, "–")
    assert [column.id for column in table.columns][:5] == [
        "name", "launches", "each", "time", "share",
    ]  # fmt: skip


def test_rows_carry_the_first_finding_that_concerns_them() -> None:
    """The finding that saves most is the row's tag; how many others there are is told."""
    findings = [factory.finding(1), factory.finding(2)]
    table = made(factory.trace(60, findings=findings))
    tagged = [row for row in table.rows if row.tag is not None]
    assert tagged
    assert all(row.tag is not None and row.tag.rank == 1 for row in tagged)
    assert {row.more_tags for row in tagged} == {1}


def test_a_finding_of_most_rows_tags_none() -> None:
    """What concerns nearly every row tells no row from another."""
    rows = factory.torch_rows(60)
    for number, row in enumerate(rows):
        row["kernel"] = f"kernel_{number % 12}"
    everywhere = factory.finding(1, launches=tuple(range(60)))
    assert all(row.tag is None for row in made(factory.analysis(rows, findings=[everywhere])).rows)


def test_annotations_divide_the_launches() -> None:
    """Numbered ones are steps, others ranges; each group's part has its own launches and time."""
    rows = factory.torch_rows(40)
    for number, row in enumerate(rows):
        row["nvtx"] = f"ProfilerStep#{number // 20}"
    analysis = factory.analysis(rows)
    groups, membership = grouped(analysis.kernels)
    (way,) = parts(analysis, membership, groups.height)
    assert way == "step"
    divided = parts(analysis, membership, groups.height)["step"]
    assert divided["names"] == ["ProfilerStep#0", "ProfilerStep#1"]
    launches = unpack(divided["launches"], len(divided["name"]))
    assert sum(launches) == 40
    assert sum(divided["duration_ns"]) == analysis.kernels["duration_ns"].sum()
    for number, row in enumerate(rows):
        row["nvtx"] = "forward" if number < 20 else None
    analysis = factory.analysis(rows)
    divided = parts(analysis, membership, groups.height)
    assert divided["range"]["names"] == ["forward", "in no range"]
    for row in rows:
        row["nvtx"] = "all of it"
    assert parts(factory.analysis(rows), membership, groups.height) == {}


def test_long_lists_of_launches_are_cut() -> None:
    """Ten thousand launches: the longest of each group are listed, the page stays small."""
    analysis = factory.trace(10_000)
    groups, membership = grouped(analysis.kernels)
    listed = longest_launches(analysis, membership, groups.height)
    assert len(listed["columns"]["id"]) == sum(listed["counts"]) <= MOST_LAUNCHES
    assert max(listed["counts"]) == LONGEST


def test_the_largest_groups_carry_their_arithmetic() -> None:
    """The median launch of each, every text once, figures as `ncutool explain` has them."""
    trace = next((Path(__file__).parents[3] / "reports" / "samples").glob("*/*.json.gz"))
    analysis = read_and_analyse(trace)
    _, membership = grouped(analysis.kernels)
    told = explanations(analysis, membership)
    assert len(told["of"]) == len(set(told["of"]))
    assert len(told["groups"]) > 10
    mine = analysis.kernels.filter(membership == 0).sort("duration_ns", "launch_id")
    launch, steps, checks = told["groups"]["0"]
    assert launch == mine["launch_id"][(mine.height - 1) // 2]
    found = explain(analysis, launch)
    formulas = [told["of"][one[2]] if one[2] >= 0 else None for one in steps]
    assert formulas == [one.formula for one in found.steps]
    assert "FLOPs" in [told["of"][one[0]] for one in steps]
    assert len(checks) == len(found.checks)


@given(
    st.lists(
        st.one_of(
            st.none(),
            st.sampled_from([0.0, 7.0, 3.35e12]),
            st.floats(1e-9, 1e18, allow_nan=False),
        ),
        min_size=1,
        max_size=90,
    )
)
def test_packed_numbers_unpack_to_four_digits(values: list[float | None]) -> None:
    """However a column is written, the script reads figures in four digits of the largest back."""
    column = pl.Series("x", values, pl.Float64)
    read = unpack(numbers(column), len(values))
    assert [value is None for value in read] == [value is None for value in values]
    known = [value for value in values if value is not None]
    assert [value for value in read if value is not None] == pytest.approx(known, rel=6e-4)


@given(st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=1, max_size=200))
def test_packed_texts_unpack_to_themselves(values: list[str | None]) -> None:
    """One text is held once, whatever the columns that use it."""
    texts = Texts()
    column = texts.column(values, 100)
    read = unpack(places(column), len(values))
    assert [-1 if place is None else place for place in read] == column
    assert len(texts.of) == len(set(texts.of))


def test_no_row_of_the_page_lacks_a_cell() -> None:
    """Heads and cells agree in number and in order, for every kind of capture."""
    for analysis in (factory.trace(), factory.report(), factory.report(counters=False)):
        text = page.render([analysis])
        table = text[text.index('<table class="main') :]
        heads = re.findall(r'<th scope="col" class="(c-\w+)"', table[: table.index("</thead>")])
        body = table[table.index("<tbody>") : table.index("</tbody>")]
        for row in body.split("</tr>")[:-1]:
            assert re.findall(r'<td class="(c-\w+)', row)[:-1] == heads
