"""However a trace is laid out, ordered, cut into chunks or repaired: the same tables."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch_factory as make
from hypothesis import given, settings
from hypothesis import strategies as st

from ncutool_parsers import json_stream, torch_trace
from ncutool_parsers.json_repair import Repair
from ncutool_parsers.json_stream import EventStream
from ncutool_parsers.torch_columns import Collector
from ncutool_parsers.torch_tables import build

Tables = tuple[list[tuple[Any, ...]], ...]

NASTY = [
    "aten::mm",
    'quote " and , { "ph": "X"',
    "backslash \\",
    'end \\"',
    "brackets ]}{[",
    "tab\tnew\nline",
    "µ-kernel ✓",
    "",
]


class Memory:
    """A source of bytes that gives at most ``step`` at a time."""

    def __init__(self, data: bytes, step: int) -> None:
        self._data, self._at, self._step = data, 0, step

    def readinto(self, view: memoryview) -> int:
        """Fill the start of ``view``."""
        part = self._data[self._at : self._at + min(len(view), self._step)]
        view[: len(part)] = part
        self._at += len(part)
        return len(part)


def tables(document: str | bytes, chunk: int = 1 << 18, step: int = 1 << 20) -> Tables:
    """Every row of every table, read in chunks of a given size."""
    data = document.encode() if isinstance(document, str) else document
    stream, collector = EventStream(Memory(data, step), chunk), Collector()
    torch_trace._collect(stream, collector, Repair())
    assert stream.closed
    if not len(collector.launches):
        return ()
    found = build(collector, None, {})
    frames = (found.launches, found.ops, found.calls, found.annotations, found.signatures)
    return tuple(frame.rows() for frame in frames)


@st.composite
def traces(draw: st.DrawFn) -> list[make.Event]:
    """Events of every kind at distinct times, with names that look like structure."""
    names = st.sampled_from(NASTY)
    events: list[make.Event] = []
    for number in range(1, draw(st.integers(1, 12)) + 1):
        ts = number * 10 + draw(st.integers(0, 999)) / 1000
        dur, tid = draw(st.integers(0, 60)) / 4, draw(st.integers(1, 2))
        dims = draw(st.lists(st.lists(st.integers(0, 9), max_size=2), max_size=2))
        kind = draw(st.integers(0, 6))
        if kind == 0:
            events.append(make.op(draw(names), ts, dur, number, tid=tid, args={"Input Dims": dims}))
        elif kind == 1:
            events.append(make.kernel(draw(names), ts, dur, number, grid=[number, 1, 1]))
            events.append(make.call(ts - 5, 1, number))
        elif kind == 2:
            events.append(
                make.event("python_function", draw(names), ts, dur, args={"a": [{"ph": 1}]})
            )
        elif kind == 3:
            events.append(make.event("user_annotation", draw(names), ts, dur, tid=tid))
        elif kind == 4:
            events.append({"ph": "f", "id": number, "pid": 0, "tid": 7, "ts": ts, "cat": "ac2g"})
        elif kind == 5:
            events.append({"name": "process_name", "ph": "M", "ts": 0, "pid": 1, "args": {}})
        else:
            events.append(make.event("gpu_memset", "Memset (Device)", ts, None, args={"bytes": 8}))
    return events


@settings(max_examples=80, deadline=None)
@given(traces(), st.sampled_from(make.LAYOUTS), st.integers(1, 400), st.integers(1, 400))
def test_any_cut_and_layout(events: list[make.Event], layout: str, chunk: int, step: int) -> None:
    """Chunks of any size, in any layout, give what the whole document gives at once."""
    top = {"deviceProperties": [{"id": 0, "name": 'a " b'}], "schemaVersion": 1}
    assert tables(make.text(events, layout, top), chunk, step) == tables(make.text(events))


@settings(max_examples=60, deadline=None)
@given(traces(), st.data())
def test_any_order(events: list[make.Event], data: st.DataObject) -> None:
    """The order of events in the file says nothing."""
    shuffled = data.draw(st.permutations(events))
    assert tables(make.text(shuffled)) == tables(make.text(events))


def _ordered(event: make.Event, how: str) -> make.Event:
    if how == "sorted":
        return dict(sorted(event.items()))
    if how == "reversed":
        return dict(reversed(event.items()))
    return {"name": event.get("name", ""), **event} if how == "name" else event


@settings(max_examples=40, deadline=None)
@given(traces(), st.integers(1, 400), st.sampled_from(["sorted", "reversed", "name", "list"]))
def test_any_key_order(events: list[make.Event], chunk: int, how: str) -> None:
    """Events that begin with another key than "ph" are cut by structure."""
    changed = [_ordered(event, how) for event in events]
    document = json.dumps(changed) if how == "list" else make.text(changed, "compact")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "STRUCTURAL_AFTER", 64)
        assert tables(document, chunk) == tables(make.text(events))


def _repaired(event: make.Event, how: str) -> str:
    """The event as JSON text that strict decoding refuses."""
    line = json.dumps(event)
    if how == "nan":
        return line[:-1] + ', "x": NaN, "y": -Infinity}'
    if how == "control":
        return line[:-1] + ', "x": "\x01\n\t"}'
    if how == "text":
        return json.dumps({**event, "ts": str(event["ts"]), "dur": str(event.get("dur", ""))})
    if how == "null":
        return line[:-1] + ', "dur": null}' if "dur" not in event else line
    return json.dumps({**event, "pid": float(event["pid"]) if "pid" in event else 0.0})


@settings(max_examples=60, deadline=None)
@given(
    traces(),
    st.integers(1, 400),
    st.sampled_from(["nan", "control", "text", "null", "float ids"]),
    st.integers(0, 11),
)
def test_slow_path_agrees(events: list[make.Event], chunk: int, how: str, which: int) -> None:
    """What strict decoding refuses is read leniently with the same result."""
    lines = [json.dumps(event) for event in events]
    which %= len(events)
    if "ts" not in events[which]:
        return
    lines[which] = _repaired(events[which], how)
    document = '{"traceEvents": [' + ", ".join(lines) + "]}"
    assert tables(document, chunk) == tables(make.text(events))


def test_events_under_other_keys_are_not_read() -> None:
    """Lists of the same shape before and after the events are left alone."""
    events = make.small()
    other = [make.kernel(f"other{n}", 1.0, 1.0, n) for n in range(50)]
    document = json.dumps({"before": other, "traceEvents": events, "after": other})
    for chunk in (16, 100, 1 << 18):
        assert tables(document, chunk) == tables(make.text(events))


def test_objects_that_look_like_events() -> None:
    """A cut inside a list in an event's args is found, and made before that event."""
    events = make.small()
    like = [{"ph": 1}] * 5 + [{"ph": "X"}] * 5
    events.insert(3, make.event("python_function", "f", 125.0, 1.0, args={"a": like}))
    expected = tables(make.text(make.small()))
    for chunk in range(1, 400):
        data = Memory(make.text(events).encode(), 1 << 20)
        stream, collector, repair = EventStream(data, chunk), Collector(), Repair()
        torch_trace._collect(stream, collector, repair)
        found = build(collector, None, {})
        assert found.launches.rows() == expected[0]
        assert found.ops.rows() == expected[1]
        assert collector.python_events == 1
        assert not repair.lost
        assert not repair.problems


def test_one_huge_event() -> None:
    """An event far larger than a chunk, and than the structural search, is read whole."""
    huge = make.op("aten::cat", 90.0, 5.0, 99, args={"Input Dims": [[1, 2]] * 200_000})
    events = [*make.small(), huge]
    assert len(tables(make.text(events), 1 << 10)[1]) == 4


def test_events_that_are_not_complete_are_left_out() -> None:
    """Only complete events count, whatever their category claims."""
    begin = {**make.kernel("begin", 1.0, None, 5), "ph": "B"}
    assert tables(make.text([begin, *make.small()])) == tables(make.text(make.small()))


def test_key_learned_from_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the structure showed which key comes first, cutting needs no structure any more."""
    scans = []
    layout = json_stream.Layout

    def counting(*span: Any) -> json_stream.Layout:
        scans.append(span)
        return layout(*span)

    monkeypatch.setattr(json_stream, "Layout", counting)
    monkeypatch.setattr(json_stream, "STRUCTURAL_AFTER", 2000)
    events = [dict(sorted(make.kernel("k", n, 1, n).items())) for n in range(1, 500)]
    assert len(tables(make.text(events, "compact"), 1000)[0]) == 499
    assert len(scans) == 2  # one to learn the key, one at the end of the file


def _names(document: str, chunk: int) -> tuple[list[str], Repair, EventStream]:
    """The kernels read from a document, and what was lost of it."""
    stream = EventStream(Memory(document.encode(), 1 << 20), chunk)
    collector, repair = Collector(), Repair()
    torch_trace._collect(stream, collector, repair)
    found = build(collector, None, {}).launches if len(collector.launches) else None
    return ([] if found is None else found["kernel"].to_list()), repair, stream


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 9),
    st.floats(0, 1, exclude_max=True),
    st.sampled_from(['"', "{", "[", "\\", "", "]", "}"]),
    st.integers(100, 4000),
    st.sampled_from(make.LAYOUTS),
)
def test_damage_costs_the_event_it_is_in(
    which: int, place: float, put: str, chunk: int, layout: str
) -> None:
    """A character put into or taken from an event leaves every other event as it is."""
    events = [make.kernel(f"k{n}", 10.5 * n, 1.25, n, grid=[1, 1, 1]) for n in range(1, 11)]
    document = make.text(events, layout, {"schemaVersion": 1, "traceName": "x"})
    begin = document.index(f'"name": "k{which + 1}"')
    end = document.index('"grid"', begin)
    at = begin + int(place * (end - begin))
    damaged = document[:at] + put + document[at + (not put) :]
    names, repair, stream = _names(damaged, chunk)
    others = [f"k{n}" for n in range(1, 11) if n != which + 1]
    assert [name for name in names if name in others] == others
    assert stream.closed
    assert repair.lost.size < 400


def test_what_is_lost_is_counted() -> None:
    """Bytes, moments and launches of the damaged text are known from it."""
    events = [make.kernel(f"k{n}", 10.5 * n, 1.25, n) for n in range(1, 6)]
    damaged = make.text(events, "compact").replace('"k3"', '"k"3"')
    names, repair, _ = _names(damaged, 1 << 18)
    assert names == ["k1", "k2", "k4", "k5"]
    lost = repair.lost
    length = len(json.dumps(events[2])) + 1
    assert (lost.stretches, lost.launches, lost.span_us) == (1, 1, 1.25)
    assert length <= lost.size <= length + 2
