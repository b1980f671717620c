"""The timeline's parts: lanes, columns, bands, idle causes and what its script reads."""

from __future__ import annotations

import itertools
from typing import Any

import analysis_factory as factory
import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from ncutool.analysis.analyse import Analysis
from ncutool.analysis.document import Document
from ncutool.base.intervals import union
from ncutool.base.tables import BOUNDS
from ncutool.page import bands, detail, idle, lanes, pieces, strip_columns, timeline
from ncutool.page.packed import _ENDS, _GOES_ON, BASE, pack
from ncutool.page.ticks import ticks
from ncutool.timeline.devices import DeviceTime
from ncutool_parsers.schema import ANNOTATIONS

WALL = 28_000
"""A window whose columns are 100 ns each."""


def unpacked(text: str) -> list[int]:
    """Numbers from what :func:`pack` wrote, as the script reads them."""
    values, value, place = [], 0, 1
    for letter in text:
        if letter in _ENDS:
            values.append(value + _ENDS.index(letter) * place)
            value, place = 0, 1
        else:
            value += _GOES_ON.index(letter) * place
            place *= BASE
    return values


def placed(rows: list[tuple[Any, ...]], schema: str) -> pl.DataFrame:
    """Launches from rows of these columns; those not named are alike."""
    names = schema.split()
    frame = pl.DataFrame(rows, schema=names, orient="row")
    rest: dict[str, Any] = {
        "gpu": 0, "stream": 7, "bound": "memory", "group": 0, "graph_replay": False, "lane": 0,
        "mask": 0,
    }  # fmt: skip
    return frame.with_columns(**{name: pl.lit(v) for name, v in rest.items() if name not in names})


def unlaned(rows: list[tuple[Any, ...]], schema: str) -> pl.DataFrame:
    """Launches before they have a lane."""
    return placed(rows, schema).drop("lane")


@st.composite
def launches(draw: st.DrawFn) -> pl.DataFrame:
    """Launches of some bounds and groups anywhere in the window, overlapping as they like."""
    begin = st.integers(0, WALL - 1)
    row = st.tuples(begin, st.integers(1, WALL), st.sampled_from(BOUNDS), st.integers(0, 30))
    rows = draw(st.lists(row, min_size=1, max_size=60))
    cut = [(b, min(b + n, WALL), kind, group) for b, n, kind, group in rows]
    return placed(cut, "begin finish bound group")


@given(st.lists(st.integers(0, 2**62)))
def test_packed_numbers_are_read_back(values: list[int]) -> None:
    """No number is lost, and none needs escaping in HTML or JSON."""
    text = pack(values)
    assert unpacked(text) == values
    assert not set(text) & set("<>&\"\\'")


def test_small_numbers_are_one_letter() -> None:
    """Sizes: one character below 44, two below 1,936."""
    assert [len(pack([value])) for value in (0, 43, 44, 1935, 1936)] == [1, 1, 2, 2, 3]
    assert (len(_ENDS), len(_GOES_ON), len(set(_ENDS + _GOES_ON))) == (44, 44, 88)


@given(launches())
def test_every_nanosecond_is_in_one_part(rows: pl.DataFrame) -> None:
    """Of each column the kinds' times sum to the time in which anything runs, none twice."""
    at = strip_columns.edges(WALL)
    parts = strip_columns.split(rows, WALL)
    held = sum((ns for _, ns in parts), np.zeros(strip_columns.COLUMNS, dtype=np.int64))
    busy = union(rows["begin"].to_numpy(), rows["finish"].to_numpy())
    assert (held == busy.covered(at[:-1], at[1:])).all()
    assert held.sum() == busy.total
    assert all((ns >= 0).all() for _, ns in parts)


def test_an_overlap_counts_under_the_first_of_the_order() -> None:
    """Compute hides the copy beside it; what the copy has alone is its own."""
    rows = placed([(0, 200, "compute"), (100, 300, "copy")], "begin finish bound")
    parts = {kind: ns[:4].tolist() for kind, ns in strip_columns.split(rows, WALL)}
    assert parts == {"compute": [100, 100, 0, 0], "copy": [0, 0, 100, 0]}


def test_areas_are_drawn_from_the_ground_up() -> None:
    """The lower part is drawn last, over the foot of the part that stands on it."""
    half = np.zeros(strip_columns.COLUMNS)
    half[:2] = 0.5
    quarter = np.zeros(strip_columns.COLUMNS)
    quarter[1] = 0.25
    upper, lower = strip_columns.stacked([("compute", half), ("copy", quarter)], 20)
    assert (upper.kind, upper.path) == ("copy", "M0 20V20h2V5h2V20h556V20z")
    assert (lower.kind, lower.path) == ("compute", "M0 20V10h4V20h556V20z")


def one_device(number: int, ordinal: int | None, process: int | None = None) -> DeviceTime:
    """A device of which only the name matters."""
    return DeviceTime(number, ordinal, process, 0, 0, pl.DataFrame())


def test_streams_have_lanes_of_their_own_and_graphs_share() -> None:
    """Two graph streams that never overlap are one lane; one that does has its own."""
    rows = unlaned(
        [(0, 100, 7, False), (0, 10, 20, True), (10, 20, 21, True), (15, 18, 22, True)],
        "begin finish stream graph_replay",
    )
    found, names = lanes.laned(rows, [one_device(0, 0)])
    assert [(lane.label, lane.title) for lane in names] == [
        ("stream 7", "stream 7"),
        ("2 graph streams", "2 graph streams: 20, 21"),
        ("stream 22", "stream 22"),
    ]
    assert found["lane"].to_list() == [0, 1, 1, 2]


def test_lanes_of_several_devices_say_which() -> None:
    """The device, and its stream where it has several; processes tell equal numbers apart."""
    rows = unlaned([(0, 9, 0, 7), (0, 8, 0, 8), (0, 7, 1, 7)], "begin finish gpu stream")
    _, names = lanes.laned(rows, [one_device(0, 0), one_device(1, 1)])
    assert [lane.label for lane in names] == ["GPU 0 · 7", "GPU 0 · 8", "GPU 1"]
    _, names = lanes.laned(rows, [one_device(0, 0, 0), one_device(1, 0, 1)])
    assert [lane.label for lane in names] == ["process 0 · 7", "process 0 · 8", "process 1"]
    assert names[2].title == "device 0 of process 1, stream 7"


def test_many_streams_end_in_one_lane_and_many_devices_in_one_each() -> None:
    """At most six lanes, whatever the capture holds."""
    many = [(0, 100 - n, 0, n) for n in range(9)]
    found, names = lanes.laned(unlaned(many, "begin finish gpu stream"), [one_device(0, 0)])
    assert [lane.label for lane in names][4:] == ["stream 4", "4 other streams"]
    assert found["lane"].to_list() == [0, 1, 2, 3, 4, 5, 5, 5, 5]
    both = [(0, 9, gpu, stream) for gpu in range(8) for stream in (1, 2)]
    devices = [one_device(n, n) for n in range(8)]
    _, names = lanes.laned(unlaned(both, "begin finish gpu stream"), devices)
    assert [lane.label for lane in names][4:] == ["GPU 4", "3 other devices"]


@st.composite
def graph_streams(draw: st.DrawFn) -> pl.DataFrame:
    """Launches of up to nine streams, most of which only replay graphs."""
    graph = draw(st.lists(st.booleans(), min_size=9, max_size=9))
    row = st.tuples(st.integers(0, 900), st.integers(1, 100), st.integers(0, 8))
    rows = draw(st.lists(row, min_size=1, max_size=40))
    return unlaned(
        [(b, b + n, stream, graph[stream]) for b, n, stream in rows],
        "begin finish stream graph_replay",
    )


@given(graph_streams())
def test_streams_that_share_a_lane_never_overlap(rows: pl.DataFrame) -> None:
    """Every launch has a lane; in one that streams share, the others' time is free."""
    found, names = lanes.laned(rows, [one_device(0, 0)])
    assert found["lane"].null_count() == 0
    assert len(names) <= lanes.MOST_LANES
    found = found.with_columns(rows["stream"])
    for number, lane in enumerate(names):
        if lane.label.endswith("other streams"):
            continue
        own = found.filter(pl.col("lane") == number).partition_by("stream")
        busy = [union(one["begin"].to_numpy(), one["finish"].to_numpy()) for one in own]
        together = union(
            np.concatenate([one.starts for one in busy]), np.concatenate([one.ends for one in busy])
        )
        assert together.total == sum(one.total for one in busy)


@given(launches())
def test_a_stretch_names_the_groups_that_run_in_it(rows: pl.DataFrame) -> None:
    """Neither more nor fewer, also at its edges."""
    numbers, at = unpacked(pieces.stretches(rows, WALL)), 0
    edges = [number * WALL // pieces.STRETCHES for number in range(pieces.STRETCHES + 1)]
    for begin, end in itertools.pairwise(edges):
        size, bits = divmod(numbers[at], 2)
        own = numbers[at + 1 : at + 1 + size]
        found = np.cumsum(own).tolist()
        if bits:
            found = [
                5 * i + bit for i, digit in enumerate(own) for bit in range(5) if digit >> bit & 1
            ]
        at += size + 1
        runs = rows.filter((pl.col("begin") < end) & (pl.col("finish") > begin))
        assert found == sorted(set(runs["group"]))


def test_few_launches_stay_single_and_many_are_merged() -> None:
    """Launches, findings and time are all still there."""
    analysis = factory.trace(11_000)
    made = strip(analysis)
    assert made.data is not None
    packed = made.data["pieces"]
    assert packed["size"] <= pieces.MOST_MERGED + pieces.AROUND
    assert unpacked(packed["count"]).count(1) >= pieces.AROUND
    assert sum(unpacked(packed["count"])) == 11_000
    assert made.data["stretches"] is not None
    assert made.notes[-1].startswith("Away from here launches within ")
    small = strip(factory.trace(500))
    assert small.data is not None
    assert (small.data["pieces"]["size"], small.data["pieces"]["count"]) == (500, 1)
    assert small.data["stretches"] is None


def strip(analysis: Analysis) -> timeline.Strip:
    """The section of an analysis."""
    return timeline.strip(analysis, Document(analysis))


def test_pieces_unpack_to_their_launches() -> None:
    """What the script adds up is where the launches are, and of which findings."""
    analysis = factory.trace(100, findings=[factory.finding(1, launches=(3, 4))])
    made = strip(analysis)
    assert made.data is not None
    packed = made.data["pieces"]
    starts = analysis.kernels.sort("start_ns")["start_ns"]
    begins = np.cumsum(unpacked(packed["step"])) * packed["unit"]
    assert begins.tolist() == (starts - starts[0]).to_list()
    assert sum(unpacked(packed["length"])) == analysis.kernels["duration_ns"].sum()
    assert made.data["lanes"] == ["stream 7", "stream 13"]
    assert packed["sets"] == [[], [0]]
    assert [i for i, own in enumerate(unpacked(packed["set"])) if own] == [3, 4]


def test_idle_time_is_divided_by_cause() -> None:
    """Causes sum to the idle time; from the seventh on they are one."""
    rows = factory.torch_rows(60)
    made = factory.timeline_of(rows)
    found = idle.causes(made)
    assert sum(cause.ns for cause in found) == made.idle_ns
    assert [cause.texture for cause in found] == ["1", "2", "3"]
    names = ["queue", "dispatch", "synchronize", "latency", "allocator", "compilation", "finished"]
    gaps = made.gaps.head(14).with_columns(cause=pl.Series(names * 2))
    many = factory.timeline_of(rows, gaps=gaps, busy_ns=made.wall_ns - gaps["duration_ns"].sum())
    found = idle.causes(many)
    assert [cause.texture for cause in found] == ["1", "2", "3", "4", "5", "other"]
    assert sum(cause.ns for cause in found) == many.idle_ns


def test_marks_stand_at_round_moments() -> None:
    """The first has the unit, the end is exact, and none comes too near to it."""
    assert [(tick.left_pct, tick.label) for tick in ticks(0, 49_652_832)] == [
        (0.0, "0 ms"), (20.14, "10"), (40.28, "20"), (60.42, "30"), (80.56, "40"), (100.0, "49.7"),
    ]  # fmt: skip
    assert [tick.label for tick in ticks(468_200_000, 469_200_000)][-2:] == ["469", "469.2"]
    assert ticks(5, 5) == ()


def annotated(*marks: tuple[str, bool, int, int]) -> Any:
    """A capture and its timeline with these annotations: name, on the device, from, to."""
    schema = ANNOTATIONS.polars_schema()
    rows = [
        {"name": n, "on_device": d, "thread": 0, "start_ns": b, "end_ns": e} for n, d, b, e in marks
    ]
    analysis = factory.analysis(
        factory.torch_rows(40),
        timeline=factory.timeline_of([], start_ns=0, end_ns=1_000),
        annotations=pl.DataFrame(rows, schema=schema),
    )
    return analysis.capture, analysis.timeline


def named(rows: tuple[tuple[bands.Band, ...], ...]) -> list[list[tuple[str, float, float]]]:
    """Bands as tuples."""
    return [[(one.name, one.left_pct, one.width_pct) for one in row] for row in rows]


def test_bands_are_the_outermost_annotations_and_what_is_within() -> None:
    """Cut to the window; one that only repeats the row above is left out."""
    found = bands.bands(
        *annotated(
            ("step 1", True, -100, 500), ("step 2", True, 500, 1_500),
            ("forward", True, 0, 300), ("backward", True, 500, 1_000), ("host", False, 0, 900),
        )
    )  # fmt: skip
    assert named(found) == [
        [("step 1", 0.0, 50.0), ("step 2", 50.0, 50.0)],
        [("forward", 0.0, 30.0), ("backward", 50.0, 50.0)],
    ]
    twice = bands.bands(*annotated(("step 1", True, 0, 900), ("inference", True, 0, 900)))
    assert named(twice) == [[("inference", 0.0, 90.0)]]
    assert bands.bands(*annotated()) == ()


def test_bands_that_overlap_do_not_stand_in_one_row() -> None:
    """The longer comes first."""
    found = bands.bands(*annotated(("a", True, 0, 450), ("b", True, 100, 1_000)))
    assert [[one.name for one in row] for row in found] == [["b"], ["a"]]


def test_a_report_shows_its_launches_in_order() -> None:
    """Each begins where the one before ends; nothing is said of gaps but that none are recorded."""
    analysis = factory.report(8)
    made = strip(analysis)
    assert (made.title, made.causes, made.zoomable) == ("Launches in order", (), False)
    assert made.data is not None
    assert made.data["gaps"] is None
    assert made.data["wall_ns"] == analysis.kernels["duration_ns"].sum()
    assert set(unpacked(made.data["pieces"]["step"])[1:]) == set(
        (analysis.kernels["duration_ns"][:-1] // made.data["pieces"]["unit"]).to_list()
    )
    assert "gaps between them are not recorded" in made.notes[0]
    alone = strip(factory.report(1))
    assert (alone.title, alone.notes) == ("The launch", ("Nsight Compute ran it alone.",))


def test_launches_without_a_time_are_counted() -> None:
    """A report with a failed launch says so; a capture without any time is a sentence."""
    rows = factory.ncu_rows(4)
    rows[2]["duration_ns"] = None
    made = strip(factory.analysis(rows))
    assert made.about == "width is duration, 1 launch without a duration not drawn"
    for row in rows:
        row["duration_ns"] = None
    made = strip(factory.analysis(rows))
    assert made.empty == "None of 4 launches has a duration: nothing can be drawn."
    made = strip(factory.everything_null())
    assert made.empty.startswith("No launch of this capture has both a start and a duration")
    assert (made.rows, made.data) == ((), None)


def test_the_zoomed_part_begins_around_the_best_finding() -> None:
    """Forty-eight launches around its middle one, with brackets over what it concerns."""
    analysis = factory.trace(600, findings=[factory.finding(1, launches=(298, 299, 300, 301, 302))])
    made = strip(analysis)
    assert made.detail is not None
    starts = analysis.kernels["start_ns"]
    assert made.detail.from_ns == starts[300 - detail.LAUNCHES // 2]
    assert [one.text for one in made.detail.brackets] == [
        Document(analysis).findings.lines[0].action
    ]


def test_a_handful_of_launches_is_drawn_one_by_one() -> None:
    """There is no overview of what is seen whole."""
    made = strip(factory.trace(5))
    assert made.zoomable is False
    assert [row.kind for row in made.rows] == ["idle"]
    assert made.detail is not None
    assert (made.detail.left_pct, made.detail.width_pct) == (0.0, 100.0)
