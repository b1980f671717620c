"""Cut, damaged and odd traces: read as far as they are whole, and said so."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import torch_factory as make

from ncutool_parsers import gzip_stream, read
from ncutool_parsers.capture import Capture
from ncutool_parsers.errors import CaptureError, EmptyError, UnreadableError
from ncutool_parsers.interface import ReadOptions


def _launches(capture: Capture) -> set[tuple[Any, ...]]:
    """What each launch is, on the trace's own clock."""
    assert capture.origin_ns is not None
    rows = capture.launches.select("kernel_full", "duration_ns", "grid_x", "start_ns").rows()
    return {(*row[:3], row[3] + capture.origin_ns) for row in rows}


@pytest.mark.parametrize("layout", ["kineto", "compact"])
def test_cut_anywhere(tmp_path: Path, layout: str) -> None:
    """A trace cut at any byte gives launches of the whole one, a notice, or a clear error."""
    whole = make.text(make.small()[1:], layout).encode()
    path = tmp_path / "t.json"
    path.write_bytes(whole)
    everything = _launches(read(path))
    sizes = set()
    for cut in range(len(whole.rstrip())):
        path.write_bytes(whole[:cut])
        try:
            capture = read(path)
        except CaptureError:
            continue
        sizes.add(len(capture.launches))
        assert _launches(capture) <= everything
        closed = whole[:cut].rstrip().endswith(b"]")
        assert not capture.complete
        severity = "warning" if closed else "error"
        assert (capture.notices[0].code, capture.notices[0].severity) == ("truncated", severity)
    assert sizes == {1, 2}


def test_gzip_cut_anywhere(tmp_path: Path) -> None:
    """A compressed trace cut at any byte, its checksum included."""
    events = make.small() + [make.kernel(f"k{n}", 300.5 + n, 0.5, n) for n in range(20, 30)]
    whole = gzip.compress(make.text(events).encode())
    path = tmp_path / "t.json.gz"
    path.write_bytes(whole)
    everything = _launches(read(path))
    most = 0
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        try:
            capture = read(path)
        except CaptureError:
            continue
        assert _launches(capture) <= everything
        assert not capture.complete
        assert "gzip" in capture.notices[0].text
        most = max(most, len(capture.launches))
    assert most == len(everything)


def test_end_of_the_document_is_salvaged(tmp_path: Path) -> None:
    """Where the file breaks off behind the events, the devices before the break still count."""
    path = tmp_path / "t.json"
    events = json.dumps(make.small())
    device = '"deviceProperties": [{"id": 0, "name": "NVIDIA H100"}], "distributedInfo": {"rank'
    path.write_text(f'{{"schemaVersion": 1, "traceEvents": {events}, {device}')
    capture = read(path)
    assert len(capture.launches) == 2
    assert [device.name for device in capture.devices] == ["NVIDIA H100"]
    assert not capture.complete


@pytest.mark.parametrize("reader", ["isal", "standard library"])
def test_wrong_checksum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: str) -> None:
    """A gzip whose checksum does not match is read to its end and flagged, with either library."""
    if reader == "standard library":
        monkeypatch.setattr(gzip_stream, "_gzip_file", gzip.GzipFile)
    data = bytearray(gzip.compress(make.text(make.small()).encode()))
    data[-6] ^= 1
    path = tmp_path / "t.json.gz"
    path.write_bytes(bytes(data))
    capture = read(path)
    assert len(capture.launches) == 2
    assert not capture.complete
    assert "checksum" in capture.notices[0].text


def test_large_gzip_cut_short(tmp_path: Path) -> None:
    """What was read before the damage is not read again: each launch comes once, in order."""
    events = [make.kernel(f"k{n}", n + 0.5, 0.25, n, grid=[n, 1, 1]) for n in range(1, 6000)]
    whole = gzip.compress(make.text(events).encode())
    path = tmp_path / "t.json.gz"
    path.write_bytes(whole[: len(whole) * 9 // 10])
    names = read(path).launches["kernel"].to_list()
    assert 4000 < len(names) < 5999
    assert names == [f"k{n}" for n in range(1, len(names) + 1)]


def test_members_behind_another_list_of_events(tmp_path: Path) -> None:
    """Devices are found behind a second list of events, itself longer than a chunk."""
    other = [make.kernel(f"other{n}", n, 1.0, n) for n in range(5000)]
    path = tmp_path / "t.json"
    devices = [{"id": 0, "name": "NVIDIA H100"}]
    document = {"traceEvents": make.small(), "other": other, "deviceProperties": devices}
    path.write_text(json.dumps(document))
    capture = read(path)
    assert len(capture.launches) == 2
    assert [device.name for device in capture.devices] == ["NVIDIA H100"]
    assert capture.complete


def test_without_isal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The standard library's gzip gives the same launches as isal's."""
    path = make.write(tmp_path / "t.json.gz", make.small())
    expected = read(path).launches.rows()
    monkeypatch.setattr(gzip_stream, "_gzip_file", gzip.GzipFile)
    assert read(path).launches.rows() == expected


def test_members_of_one_gzip_file(tmp_path: Path) -> None:
    """A gzip of several members, with zero padding behind, is one stream."""
    data = make.text(make.small()).encode()
    path = tmp_path / "t.json.gz"
    path.write_bytes(gzip.compress(data[:300]) + gzip.compress(data[300:]) + bytes(64))
    capture = read(path)
    assert capture.complete
    assert len(capture.launches) == 2


def test_compressed_whatever_the_name(tmp_path: Path) -> None:
    """Compression is told by content: .json may be gzip and .json.gz may be plain."""
    data = make.text(make.small()).encode()
    (tmp_path / "a.json").write_bytes(gzip.compress(data))
    (tmp_path / "b.json.gz").write_bytes(data)
    assert len(read(tmp_path / "a.json").launches) == 2
    assert len(read(tmp_path / "b.json.gz").launches) == 2


def test_damaged_event(tmp_path: Path) -> None:
    """An event that is no JSON at all is left out, and the result is not called complete."""
    broken = make.text(make.small(), "compact").replace('"aten::linear"', "aten::linear", 1)
    path = tmp_path / "t.json"
    path.write_text(broken)
    capture = read(path)
    assert len(capture.launches) == 2
    assert len(capture.ops) == 2
    assert not capture.complete
    assert "damaged" in [notice.code for notice in capture.notices]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b'"cbid": 211', b'"cbid": NaN', "NaN or Infinity"),
        (b'"cbid": 211', b'"cbid": "a\x02"', "control characters"),
        (b'"ts": 130.5', b'"ts": "130.5"', "values of an unexpected type"),
    ],
)
def test_slow_path_is_told(tmp_path: Path, old: bytes, new: bytes, told: str) -> None:
    """What made reading slow is named; the launches are those of the sound trace."""
    sound = make.text(make.small()).encode()
    path = tmp_path / "t.json"
    path.write_bytes(sound)
    expected = read(path).launches.rows()
    path.write_bytes(sound.replace(old, new, 1))
    capture = read(path)
    assert capture.launches.rows() == expected
    assert capture.complete
    notice = next(n for n in capture.notices if n.code == "slow_path")
    assert told in notice.text


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are shown as replacement characters, and counted."""
    path = tmp_path / "t.json"
    path.write_bytes(make.text(make.small()).encode().replace(b"aten::mm", b"aten::\xff\xfe"))
    capture = read(path)
    assert "aten::\ufffd\ufffd" in capture.signatures["op"].to_list()
    assert "bad_names" in [notice.code for notice in capture.notices]


def test_durations_that_are_absent_negative_absurd_or_zero(tmp_path: Path) -> None:
    """No duration is null, a negative one or one of years is none, and 0 stays 0."""
    events = [
        make.kernel("absent", 1.5, None, 1),
        make.kernel("negative", 2.5, -3.0, 2),
        make.kernel("zero", 3.5, 0, 3),
        make.kernel("years", 4.5, 1e15, 4),
    ]
    capture = read(make.write(tmp_path / "t.json", events))
    assert capture.launches["duration_ns"].to_list() == [None, None, 0, None]
    codes = [notice.code for notice in capture.notices]
    assert codes == ["no_ops", "zero_duration", "no_duration"]


def test_events_without_a_start(tmp_path: Path) -> None:
    """An event that cannot be placed in time is left out and counted."""
    lost = make.kernel("lost", 1.5, 1, 1)
    del lost["ts"]
    capture = read(make.write(tmp_path / "t.json", [lost, *make.small()]))
    assert len(capture.launches) == 2
    assert "Left out: 1 event without a usable start." in capture.notices[-1].text


def test_odd_events_are_tolerated(tmp_path: Path) -> None:
    """No args, null args, huge ids, duplicates, entries that are no events, unknown members."""
    bare = make.kernel("bare", 500.5, 1.0, 1)
    del bare["args"]
    huge = make.kernel("huge", 501.5, 1.0, 1 << 70, **{"External id": (1 << 64) - 1})
    null = {**make.kernel("null", 502.5, 1.0, 3), "args": None, "pid": None}
    events: list[Any] = [*make.small(), *make.small(), bare, huge, null, 7, "x", None]
    capture = read(make.write(tmp_path / "t.json", events, "compact", unknown={"a": [1]}))
    # equal launches cannot overlap on one stream: what the file holds twice counts once
    assert capture.launches["kernel"].to_list().count("gemm") == 1
    assert capture.launches["kernel"].to_list()[-3:] == ["bare", "huge", "null"]


@pytest.mark.parametrize(
    ("document", "error", "told"),
    [
        ({"a": 1}, UnreadableError, "has no list of traceEvents"),
        ({"traceEvents": {}}, UnreadableError, "has no list of traceEvents"),
        ([], UnreadableError, "without trace events"),
        ([1, 2], UnreadableError, "without trace events"),
        ({"traceEvents": []}, EmptyError, "no GPU kernels among its 0 events"),
        ({"traceEvents": [make.op("aten::mm", 1, 2, 3)]}, EmptyError, "CPU operators but no GPU"),
    ],
)
def test_nothing_to_analyse(
    tmp_path: Path, document: Any, error: type[CaptureError], told: str
) -> None:
    """Other JSON is unreadable, a trace without GPU work is empty; each says what to do."""
    path = tmp_path / "t.json"
    path.write_text(json.dumps(document))
    with pytest.raises(error, match=told) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    if error is EmptyError:
        assert "ProfilerActivity.CUDA" in caught.value.remedy


def test_nesting_without_end(tmp_path: Path) -> None:
    """Brackets a hundred thousand deep are refused, not followed."""
    path = tmp_path / "t.json"
    for text in ("[" * 100_000, '{"traceEvents": [' + '{"args": ' * 100_000):
        path.write_text(text)
        with pytest.raises(CaptureError):
            read(path)


@pytest.mark.parametrize("name", ["t.json", "t.json.gz"])
def test_size_limit(tmp_path: Path, name: str) -> None:
    """A file that expands past the limit is refused, naming the limit and the option."""
    path = make.write(tmp_path / name, make.small())
    size = len(make.text(make.small()).encode())
    assert len(read(path, ReadOptions(max_bytes=size)).launches) == 2
    with pytest.raises(UnreadableError, match=f"more than {size - 1} bytes.*--max-bytes"):
        read(path, ReadOptions(max_bytes=size - 1))


@pytest.mark.parametrize("name", ["t.json", "t.json.gz"])
def test_progress(tmp_path: Path, name: str) -> None:
    """Progress counts bytes of the file as it lies on disk and ends at its size."""
    path = make.write(tmp_path / name, make.small())
    seen: list[tuple[int, int]] = []
    read(path, ReadOptions(progress=lambda done, size: seen.append((done, size))))
    assert seen[-1] == (path.stat().st_size, path.stat().st_size)


def test_a_trace_whose_launches_have_no_start_is_empty(tmp_path: Path) -> None:
    """Its only kernel has no usable time: that is said, not stumbled over."""
    path = tmp_path / "trace.json"
    path.write_text('{"traceEvents": [{"ph": "X", "cat": "kernel", "name": "k", "ts": null}]}')
    with pytest.raises(EmptyError, match="holds 1 GPU kernels and copies, none with a usable"):
        read(path)


@pytest.mark.parametrize("folder", ["C:\\Users\\me", "C:\\users\\me", "D:\\work\\new"])
def test_paths_of_windows_do_not_hide_python_stacks(tmp_path: Path, folder: str) -> None:
    """Their backslashes, written as they are, are read as such, and no event is lost."""
    stack = make.event("python_function", "PATH\\train.py(12): step", 125.0, 1.0)
    text = make.text([*make.small(), stack], "compact")
    path = tmp_path / "t.json"
    path.write_text(text.replace("PATH\\\\", folder + "\\"))
    capture = read(path)
    assert (capture.python_events, len(capture.launches)) == (1, 2)
    assert capture.complete
    codes = [notice.code for notice in capture.notices]
    assert "python_stack" in codes
    assert "damaged" not in codes
