"""When an External id names an operator, and what a bracket out of place costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch_factory as make

from ncutool_parsers import json_stream, read
from ncutool_parsers.capture import Capture
from ncutool_parsers.errors import EmptyError, UnreadableError


@pytest.mark.parametrize(
    ("copies", "operator"),
    [(9, "aten::mm"), (10, None)],
    ids=["9 of 10 are copies", "10 of 11 are copies"],
)
def test_external_ids_are_copies_where_over_nine_tenths_repeat_the_correlation(
    tmp_path: Path, copies: int, operator: str | None
) -> None:
    """A launch without its call has the operator of its External id, unless that is a copy."""
    events = [make.op("aten::mm", 100.0, 50.0, 500)]
    for number in range(1, copies + 1):
        events.append(make.call(200.0 + 10 * number, 5.0, number))
        events.append(
            make.kernel(f"k{number}", 1_000.5 + 10 * number, 5.0, number, **{"External id": number})
        )
    events.append(make.kernel("odd", 2_000.5, 5.0, 400, **{"External id": 500}))
    capture = read(make.write(tmp_path / "trace.json", events))
    named = capture.launches.join(capture.ops, on="op_id", how="left").join(
        capture.signatures, on="signature_id", how="left"
    )
    found = dict(named.select("kernel", "op").iter_rows())
    assert found == {**{f"k{number}": None for number in range(1, copies + 1)}, "odd": operator}


def test_a_stray_bracket_costs_itself_alone(tmp_path: Path) -> None:
    """The list of events goes on behind it: both launches are there, and one thing was dropped."""
    text = make.text(make.small(), "compact")
    broken = text.replace('}, {"ph": "X", "cat": "kernel"', '}, ], {"ph": "X", "cat": "kernel"', 1)
    assert broken != text
    path = tmp_path / "trace.json"
    path.write_text(broken)
    capture = read(path)
    assert capture.launches["kernel"].to_list() == ["gemm", "Memcpy HtoD (Pageable -> Device)"]
    assert capture.ops.height == 3
    assert not capture.complete
    (notice,) = [one for one in capture.notices if one.code == "damaged"]
    assert notice.text.startswith("1 ")


def _changed(folder: Path, old: str, new: str, **top: Any) -> Capture:
    """A small trace with one part of its text replaced."""
    path = folder / "t.json"
    text = make.text(make.small(), "compact", {"schemaVersion": 1, **top})
    assert old in text
    path.write_text(text.replace(old, new))
    return read(path)


def test_numbers_of_thousands_of_digits_identify_nothing(tmp_path: Path) -> None:
    """Neither as a device nor as a stream do they stop the reader."""
    capture = _changed(tmp_path, '"device": 0', f'"device": "{"9" * 5000}"')
    assert capture.launches["device"].to_list() == [0, 0]  # the pid of its events
    capture = _changed(tmp_path, '"stream": 7', f'"stream": {"9" * 5000}')
    assert len(capture.launches) == 2


@pytest.mark.parametrize("rank", [-3, 10**400, 1 << 63, True, "x", None])
def test_ranks_that_are_none(tmp_path: Path, rank: Any) -> None:
    """A rank is a count that 64 bits hold, or not known."""
    top = {"distributedInfo": {"rank": rank, "world_size": 2}}
    assert _changed(tmp_path, "aten::mm", "aten::bmm", **top).rank is None


def test_sizes_of_devices_are_no_negative_numbers(tmp_path: Path) -> None:
    """What cannot be is not known, and a name with half a character is shown with a mark."""
    device = {"id": 0, "name": "NVIDIA \ud800", "totalGlobalMem": -5, "numSms": 1 << 70}
    capture = _changed(tmp_path, "aten::mm", "aten::bmm", deviceProperties=[device])
    (found,) = capture.devices
    assert (found.name, found.memory_bytes, found.sm_count) == ("NVIDIA \ufffd", None, None)


def test_a_name_that_is_a_number_beyond_numbers(tmp_path: Path) -> None:
    """It is shown as it is written."""
    capture = _changed(tmp_path, '"aten::mm"', "1e999")
    assert "1e999" in capture.signatures["op"].to_list()


def test_times_too_far_apart_for_64_bits(tmp_path: Path) -> None:
    """Neither a time nor the distance of two overflows: what lies beyond is left out."""
    capture = _changed(tmp_path, '"ts": 170.0', '"ts": -8.99e15')
    assert capture.launches["start_ns"].to_list() == [0]
    with pytest.raises(EmptyError, match="holds 1 GPU kernels and copies, none with a usable"):
        read(make.write(tmp_path / "t.json", [make.kernel("k", 8.99e15, 1.5, 1)]))


@pytest.mark.parametrize("filling", [" ", "["])
def test_an_event_that_never_ends_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, filling: str
) -> None:
    """Neither blanks nor brackets without end fill the memory."""
    monkeypatch.setattr(json_stream, "LONGEST_EVENT", 1 << 20)
    path = tmp_path / "t.json"
    whole = make.text(make.small(), "compact")
    path.write_text(whole[:-2] + ", " + filling * (3 << 20) + "]}")
    with pytest.raises(UnreadableError, match="holds an event of more than"):
        read(path)
