"""Times that cannot be right, filtered operators and the profiler's own time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch_factory as make

from ncutool_parsers import read
from ncutool_parsers.capture import Capture

A100 = [{"id": 0, "name": "NVIDIA A100-SXM4-80GB", "computeMajor": 8, "computeMinor": 0}]
H100 = [{"id": 0, "name": "NVIDIA H100 80GB HBM3", "computeMajor": 9, "computeMinor": 0}]

Launch = tuple[float, float]
"""Start and duration of a kernel, in microseconds."""


def _capture(
    folder: Path, launches: list[Launch], devices: list[dict[str, Any]] = H100, lead: float = 5.0
) -> Capture:
    """Kernels on one stream, each called ``lead`` µs before the time at which it is recorded."""
    events = []
    for number, (start, duration) in enumerate(launches, start=1):
        events.append(make.call(start - lead, 1.5, number))
        events.append(make.kernel(f"kernel_{number}", start, duration, number))
    return read(make.write(folder / "trace.json", events, deviceProperties=devices))


def _codes(capture: Capture) -> list[str]:
    return [notice.code for notice in capture.notices]


def _text(capture: Capture, code: str) -> str:
    return next(notice.text for notice in capture.notices if notice.code == code)


ROW = [(100.25 + 20 * number, 15.5) for number in range(5)]


def test_a_launch_that_outlasts_later_ones_of_its_stream(tmp_path: Path) -> None:
    """The second launch is recorded as lasting until after the last of the stream."""
    wrong = [*ROW[:1], (120.25, 5000.0), *ROW[2:]]
    capture = _capture(tmp_path, wrong)
    assert capture.launches["doubt"].to_list() == [None, "overruns_next", None, None, None]
    assert "1 of 5 launches (98.8 % of launch time)" in _text(capture, "overruns_next")
    assert "the longest 5,000 µs" in _text(capture, "overruns_next")


def test_programmatic_launches_overlap_without_doubt(tmp_path: Path) -> None:
    """On Hopper and later each launch may begin while the one before it still runs."""
    early = [(100.25 + 20 * number, 38.5) for number in range(5)]
    assert _capture(tmp_path, early).launches["doubt"].to_list() == [None] * 5


def test_older_devices_run_a_stream_in_order(tmp_path: Path) -> None:
    """The same overlap is impossible on a device that cannot start the next launch early."""
    early = [(100.25 + 20 * number, 38.5) for number in range(5)]
    doubt = _capture(tmp_path, early, A100).launches["doubt"].to_list()
    assert doubt == ["overruns_next"] * 4 + [None]


@pytest.mark.parametrize(("lead", "doubt"), [(-1.0, None), (-9.5, None), (-10.5, "before_call")])
def test_a_launch_before_its_own_call(tmp_path: Path, lead: float, doubt: str | None) -> None:
    """One microsecond is ordinary skew; beyond ten the clocks do not agree."""
    capture = _capture(tmp_path, ROW, lead=lead)
    assert capture.launches["doubt"].to_list() == [doubt] * 5
    assert ("before_call" in _codes(capture)) == (doubt is not None)


def test_early_records_do_not_speak_against_others(tmp_path: Path) -> None:
    """A record that lies far before its call, inside another launch, leaves that one alone."""
    events = [make.call(90.0, 1.5, 1), make.kernel("long", 100.0, 900.0, 1)]
    events += [make.call(2000.0, 1.5, 2), make.kernel("early", 300.0, 10.0, 2)]
    capture = read(make.write(tmp_path / "trace.json", events))
    assert capture.launches["doubt"].to_list() == [None, "before_call"]


def test_branches_of_a_graph_run_side_by_side(tmp_path: Path) -> None:
    """Nodes of one graph may be recorded on one stream and yet overlap."""
    events = [make.call(90.0, 1.5, 1, "cudaGraphLaunch")]
    events += [make.kernel("long", 100.0, 900.5, 1), make.kernel("short", 200.0, 10.0, 1)]
    capture = read(make.write(tmp_path / "trace.json", events))
    assert capture.launches["doubt"].to_list() == [None, None]


def _operators(step: int, count: int = 30) -> list[make.Event]:
    made = [
        make.op("aten::mm", 100.0 + 20 * number, 10.5, number + 1, **{"Ev Idx": number * step})
        for number in range(count)
    ]
    return [*made, make.call(101.0, 1.5, 7), make.kernel("k", 110.0, 5.25, 7)]


@pytest.mark.parametrize(
    ("step", "count", "share"),
    [(1, 30, 1.0), (100, 30, 30 / 2901), (100, 5, 5 / 401), (1, 5, None)],
)
def test_share_of_recorded_operators(
    tmp_path: Path, step: int, count: int, share: float | None
) -> None:
    """`Ev Idx` counts all operators, so that one in a hundred leaves gaps of a hundred."""
    capture = read(make.write(tmp_path / "trace.json", _operators(step, count)))
    assert capture.ops_recorded_share == share
    assert ("filtered_ops" in _codes(capture)) == (share is not None and share < 1)


def test_share_is_unknown_without_numbers(tmp_path: Path) -> None:
    """Traces without `Ev Idx` say nothing about operators that were left out."""
    assert read(make.write(tmp_path / "trace.json", make.small())).ops_recorded_share is None


def test_overhead_of_the_profiler(tmp_path: Path) -> None:
    """Its events are a table of their own, with a thread where that has other events."""
    events = make.small()
    events.append(make.event("overhead", "Activity Buffer Request", 140.0, 7.5, pid=-1, tid=0))
    events.append(make.event("overhead", "Resource", 90.0, 2.5))
    capture = read(make.write(tmp_path / "trace.json", events))
    assert capture.overheads.rows() == [
        ("Resource", 0, -40_500, -38_000),
        ("Activity Buffer Request", None, 9_500, 17_000),
    ]
    assert capture.processes == 1
    assert capture.launches["process"].to_list() == [0, 0]
