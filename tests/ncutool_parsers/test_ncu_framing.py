"""The framing check: every byte of a report is accounted for before NVIDIA's reader sees it."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from ncutool_parsers import ncu_framing
from ncutool_parsers.errors import UnreadableError
from report_writer import ReportLaunch, report_bytes

LAUNCHES = [
    ReportLaunch("first(float*)", grid=(7, 5, 3), block=(64, 2, 1), stream=9, metrics={"a.sum": 1}),
    ReportLaunch("second()", metrics={"a.sum": 2.5}),
]
REPORT = report_bytes(LAUNCHES, version="2024.3.2.0", command="ncu ./secret", host="node7")


def walk(tmp_path: Path, data: bytes) -> ncu_framing.Framing:
    """The framing of ``data`` as a file."""
    path = tmp_path / "report.ncu-rep"
    path.write_bytes(data)
    return ncu_framing.walk(path)


def sized(message: bytes) -> bytes:
    """A message behind its length."""
    return struct.pack("<I", len(message)) + message


def test_whole_report(tmp_path: Path) -> None:
    """A sound report gives its launches, its version, and what is private apart."""
    framing = walk(tmp_path, REPORT)
    assert framing.actions == 2
    assert framing.version == "2024.3.2.0"
    assert framing.private == {"command": "ncu ./secret", "host": "node7"}


def test_geometry_lies_beside_the_metrics(tmp_path: Path) -> None:
    """Grid, block and stream can be read from a result without NVIDIA's reader."""
    framing = walk(tmp_path, REPORT)
    found = ncu_framing.geometry(tmp_path / "report.ncu-rep", framing.results[0])
    assert found == ncu_framing.Geometry(grid=(7, 5, 3), block=(64, 2, 1), stream=9)


def test_every_truncation_is_found(tmp_path: Path) -> None:
    """A report cut at any byte is refused, or has no launch where the cut is between blocks."""
    between_blocks = len(b"NVR\0" + sized(b"\x08\x07"))
    for cut in range(4, len(REPORT)):
        if cut == between_blocks:
            assert walk(tmp_path, REPORT[:cut]).actions == 0
            continue
        with pytest.raises(UnreadableError, match=rf"truncated: it ends at byte {cut} of"):
            walk(tmp_path, REPORT[:cut])


@pytest.mark.parametrize("tail", [b"\0", b"\0" * 64, b"text after the end", b"\xff" * 9])
def test_bytes_after_the_end(tmp_path: Path, tail: bytes) -> None:
    """A report with anything behind it is refused."""
    with pytest.raises(UnreadableError, match=r"after its end|truncated|damaged"):
        walk(tmp_path, REPORT + tail)


@pytest.mark.parametrize(
    "data", [b"NVR", b"version https://git-lfs", b"{}", b"\x1f\x8b\x08\0", b""]
)
def test_other_files(tmp_path: Path, data: bytes) -> None:
    """What does not begin like a report is not called damaged but no report."""
    with pytest.raises(UnreadableError, match=r"not a Nsight Compute report|is empty"):
        walk(tmp_path, data)


@pytest.mark.parametrize(
    "data",
    [
        b"NVR\0" + b"\xff\xff\xff\xff",
        b"NVR\0" + sized(b"\x08\x07") + b"\xff\xff\xff\xff" + b"\0" * 99,
        b"NVR\0" + sized(b"\x08\x07") + sized(b"\x28\xff\xff\xff\xff\x7f"),
        b"NVR\0" + sized(b"\x08\x07") + sized(b"\x10\xff\xff\xff\xff\xff\x7f\x28\x08") + b"\0" * 8,
        b"NVR\0" + sized(b"\x08\x07") + sized(b"\x28\x04") + b"\0" * 4,
        b"NVR\0" + sized(b"\xff" * 12),
        b"NVR\0" + sized(b"\x08\x07") + sized(b"\x0f"),
        b"NVR\0" + sized(b"\x08\x07") + sized(b"\x08\0") * 20_000,
    ],
    ids=[
        "file header longer than the file",
        "block header longer than the file",
        "payload longer than the file",
        "more results than bytes",
        "payload nobody fills",
        "endless number",
        "field that does not exist",
        "nothing but empty blocks",
    ],
)
def test_forged_lengths(tmp_path: Path, data: bytes) -> None:
    """Lengths and counts that cannot be true end in an error, not in memory or time."""
    with pytest.raises(UnreadableError):
        walk(tmp_path, data)


def test_missing_file(tmp_path: Path) -> None:
    """A path without a file is an error that names it."""
    with pytest.raises(UnreadableError, match=r"nothing\.ncu-rep"):
        ncu_framing.walk(tmp_path / "nothing.ncu-rep")
