"""Reports whose bytes are not what they claim: refused by name, never handed on."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import pytest

from ncutool_parsers import read
from ncutool_parsers.errors import UnreadableError
from report_writer import ReportLaunch, device_attributes, report_bytes

BEGIN = b"NVR\0"
FILE_HEADER = b"\x08\x07"
"""Field 1 is 7."""
TIMED = {**device_attributes(), "gpu__time_duration.sum": 1000}


def sized(message: bytes) -> bytes:
    """A message behind its length."""
    return struct.pack("<I", len(message)) + message


def write(path: Path, data: bytes) -> Path:
    """A file with these bytes."""
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (BEGIN + sized(b"\x10\x07"), "has a damaged file header"),
        # one result in a payload of 8 bytes, which claims 9
        (
            BEGIN
            + sized(FILE_HEADER)
            + sized(b"\x10\x01\x28\x08")
            + struct.pack("<I", 9)
            + b"\0" * 4,
            "a result overruns its block",
        ),
        # two results in a payload with room for the length of one
        (
            BEGIN + sized(FILE_HEADER) + sized(b"\x10\x02\x28\x04") + struct.pack("<I", 0),
            "a result overruns its block",
        ),
        # a payload of 8 bytes of which its one result takes 6
        (
            BEGIN + sized(FILE_HEADER) + sized(b"\x10\x01\x28\x08") + sized(b"\x08\x01") + b"\0\0",
            "is not filled",
        ),
        # field 0, and a text longer than the header that holds it
        (BEGIN + sized(FILE_HEADER) + sized(b"\x02\x00"), "a header is not a message"),
        (BEGIN + sized(FILE_HEADER) + sized(b"\x1a\x05a"), "a header is not a message"),
        # a group, which no report has, and a number without an end
        (BEGIN + sized(FILE_HEADER) + sized(b"\x0b\x00"), "a header is not a message"),
        (BEGIN + sized(FILE_HEADER) + sized(b"\x08" + b"\x80" * 11), "a header is not a message"),
        (BEGIN + sized(FILE_HEADER) + sized(b"\x08\x80"), "a header is not a message"),
    ],
)
def test_each_damage_is_told_with_the_file(tmp_path: Path, data: bytes, words: str) -> None:
    """Before NVIDIA's reader, which raises nothing, sees a byte of it."""
    with pytest.raises(UnreadableError, match=words) as caught:
        read(write(tmp_path / "damaged.ncu-rep", data))
    assert "damaged.ncu-rep" in str(caught.value)


def test_a_compressed_report_that_is_cut_inside_has_its_own_name(tmp_path: Path) -> None:
    """Not that of the copy that it was expanded to."""
    whole = report_bytes([ReportLaunch("kernel()", metrics=TIMED)])
    assert read(write(tmp_path / "whole.ncu-rep", gzip.compress(whole))).launches.height == 1
    with pytest.raises(UnreadableError, match="truncated: it ends at byte") as caught:
        read(write(tmp_path / "cut.ncu-rep", gzip.compress(whole[:-5])))
    assert "cut.ncu-rep" in str(caught.value)


def test_a_report_of_which_some_launches_have_no_time(tmp_path: Path) -> None:
    """How many, and what to collect."""
    untimed = {name: value for name, value in TIMED.items() if "duration" not in name}
    launches = [
        ReportLaunch("timed()", metrics=TIMED),
        ReportLaunch("untimed()", metrics={**untimed, "a.sum": 1}),
    ]
    capture = read(write(tmp_path / "r.ncu-rep", report_bytes(launches)))
    assert capture.launches["duration_ns"].to_list() == [1000, None]
    (text,) = [one.text for one in capture.notices if one.code == "no_duration"]
    assert text.startswith("1 of 2 launches carries no duration")
