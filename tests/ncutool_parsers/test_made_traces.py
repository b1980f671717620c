"""What traces in the field are damaged by, made small: each way is read, told, and costs itself."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import torch_factory as make

from ncutool_parsers import read
from ncutool_parsers.capture import Capture
from ncutool_parsers.errors import UnreadableError

LAUNCHED = ["gemm", "Memcpy HtoD (Pageable -> Device)"]


def reread(path: Path, text: str | bytes) -> Capture:
    """The capture of a trace with this text."""
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read(path)


def told(capture: Capture, code: str) -> str:
    """The text of the notice with a code."""
    (notice,) = [one for one in capture.notices if one.code == code]
    return notice.text


def test_names_that_are_not_utf8_beside_numbers_that_are_not_json(tmp_path: Path) -> None:
    """Both are told of one piece, and the launches are those of the sound trace."""
    sound = make.text(make.small()).encode()
    broken = sound.replace(b'"cbid": 211', b'"cbid": NaN', 1).replace(b"aten::mm", b"aten::\xff")
    capture = reread(tmp_path / "t.json", broken)
    assert capture.launches["kernel"].to_list() == LAUNCHED
    assert "aten::\ufffd" in capture.signatures["op"].to_list()
    assert "NaN or Infinity" in told(capture, "slow_path")
    assert "not UTF-8" in told(capture, "slow_path")


def test_entries_that_are_no_events_beside_a_damaged_one(tmp_path: Path) -> None:
    """A number, a text and a list in the list of events are left out and counted."""
    text = make.text([*make.small(), 7, "x", ["y"]], "compact")  # type: ignore[list-item]
    capture = reread(tmp_path / "t.json", text.replace('"cbid": 211', '"cbid": NaN', 1))
    assert capture.launches["kernel"].to_list() == LAUNCHED
    assert "entries that are not events" in told(capture, "slow_path")


def test_half_of_a_surrogate_pair(tmp_path: Path) -> None:
    """A name cut in the middle of a character is no strict JSON, and costs no launch."""
    text = make.text(make.small(), "compact").replace("aten::mm", "aten::\\ud83d", 1)
    capture = reread(tmp_path / "t.json", text.replace('"float", "float"', '"\\udc00", ""', 1))
    assert capture.launches["kernel"].to_list() == LAUNCHED
    assert capture.signatures["op"].to_list() == ["aten::linear", "aten::\ufffd", "aten::copy_"]
    assert "\ufffd" in str(capture.signatures["input_types"][0])
    assert "not strict JSON" in told(capture, "slow_path")


@pytest.mark.parametrize("number", ["1" + "0" * 400, '"1' + "0" * 400 + '"', "1e999", '"soon"'])
def test_a_duration_beyond_all_numbers_is_none(tmp_path: Path, number: str) -> None:
    """The launch stays, its duration is unknown."""
    text = make.text(make.small(), "compact").replace('"dur": 10.25', f'"dur": {number}', 1)
    capture = reread(tmp_path / "t.json", text)
    assert dict(capture.launches.select("kernel", "duration_ns").iter_rows()) == {
        LAUNCHED[0]: None,
        LAUNCHED[1]: 2_500,
    }


def test_texts_where_numbers_stand_and_numbers_where_texts_do(tmp_path: Path) -> None:
    """A stream written as text and a collective's group size written as one."""
    events = make.small()
    events[3]["args"] |= {"device": "0", "registers per thread": "40", "dtype": 7,
                          "Collective name": 5, "Group size": "8"}  # fmt: skip
    capture = reread(tmp_path / "t.json", make.text(events, "compact"))
    row = capture.launches.row(0, named=True)
    assert (row["kernel"], row["device"], row["registers_per_thread"]) == ("gemm", 0, 40)
    assert row["collective_group_size"] == 8


def test_counts_of_a_device_written_as_text(tmp_path: Path) -> None:
    """Multiprocessors and memory in quotes are numbers; what is no number is unknown."""
    device = {
        "id": "0", "name": "NVIDIA H100 80GB HBM3", "computeMajor": "9", "computeMinor": 0,
        "numSms": "132", "totalGlobalMem": "lots", "l2CacheSize": True,
    }  # fmt: skip
    path = make.write(tmp_path / "t.json", make.small(), deviceProperties=[device])
    (record,) = read(path).devices
    assert (record.ordinal, record.compute_capability, record.sm_count) == (0, "9.0", 132)
    assert (record.memory_bytes, record.l2_bytes) == (None, None)


def test_a_list_without_a_document_around_it(tmp_path: Path) -> None:
    """Some tools write the events alone; white space and a mark of the byte order come before."""
    bare = json.dumps(make.small())
    for text in (bare, f"\ufeff \n{bare}\n"):
        capture = reread(tmp_path / "t.json", text)
        assert capture.launches["kernel"].to_list() == LAUNCHED
        assert capture.complete


def packed(tmp_path: Path, count: int, name: str = "x") -> tuple[Path, bytes]:
    """Where to write, and a gzip of so many kernels with names of 300 characters."""
    events = [make.kernel(name * 300, n + 0.5, 0.25, n, grid=[n, 1, 1]) for n in range(1, count)]
    return tmp_path / "t.json.gz", gzip.compress(make.text(events).encode(), 9)


def test_a_cut_gzip_whose_blocks_expand_past_all_buffers(tmp_path: Path) -> None:
    """One kilobyte of it holds over a hundred launches: each comes once and in order."""
    path, whole = packed(tmp_path, 6_000)
    capture = reread(path, whole[: len(whole) * 3 // 4])
    grids = capture.launches["grid_x"].to_list()
    assert len(grids) > 2_000
    assert grids == list(range(1, len(grids) + 1))
    assert "ends before its end marker" in told(capture, "truncated")


def test_a_gzip_damaged_in_the_middle(tmp_path: Path) -> None:
    """What comes before the damage is read, and the damage is told."""
    path, whole = packed(tmp_path, 6_000)
    half = len(whole) // 2
    capture = reread(path, whole[:half] + b"\xff" * 64 + whole[half + 64 :])
    grids = capture.launches["grid_x"].to_list()
    assert len(grids) > 500
    assert grids == list(range(1, len(grids) + 1))
    assert "gzip" in told(capture, "truncated")
    assert not capture.complete


def test_a_gzip_of_two_members_cut_in_the_second(tmp_path: Path) -> None:
    """Concatenated files are one stream, cut or whole."""
    text = make.text([make.kernel(f"k{n}", n + 0.5, 0.25, n) for n in range(1, 400)]).encode()
    half = len(text) // 2
    first, second = gzip.compress(text[:half]), gzip.compress(text[half:])
    path = tmp_path / "t.json.gz"
    assert reread(path, first + second).launches.height == 399
    capture = reread(path, first + second[: len(second) // 2])
    names = capture.launches["kernel"].to_list()
    assert 200 < len(names) < 399
    assert names == [f"k{n}" for n in range(1, len(names) + 1)]


def test_what_is_neither_list_nor_document(tmp_path: Path) -> None:
    """Text that begins with anything else is no trace."""
    path = tmp_path / "t.json"
    path.write_text("traceEvents: yaml")
    with pytest.raises(UnreadableError, match=r"t\.json"):
        read(path)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("_ZN2at6native13reduce_kernelILi512EEEvT_", "reduce_kernel"),
        ("_ZN12_GLOBAL__N_1E", "_ZN12_GLOBAL__N_1E"),
        ("_Z4fillPf", "fill"),
    ],
)
def test_names_that_are_still_mangled(tmp_path: Path, name: str, shown: str) -> None:
    """The innermost name of the source, where there is one."""
    capture = reread(tmp_path / "t.json", make.text([make.kernel(name, 1.5, 1.0, 1)]))
    assert capture.launches.select("kernel", "kernel_full").row(0) == (shown, name)
