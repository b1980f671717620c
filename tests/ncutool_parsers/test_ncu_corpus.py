"""Real Nsight Compute reports of 2020.2 to 2025.2, compute capabilities 7.0 to 9.0."""

from __future__ import annotations

import contextlib
import csv
from collections import Counter
from pathlib import Path

import pytest

from ncutool_parsers import ncu_framing, ncu_parts
from ncutool_parsers.capture import Capture
from ncutool_parsers.errors import CaptureError, EmptyError
from ncutool_parsers.interface import ReadOptions
from ncutool_parsers.ncu_report_file import NcuReportReader

FAILED = "a100-failed-collection.ncu-rep"
SHORT = "gh200-kokkos-basic.ncu-rep"


def sources(corpus: Path) -> list[dict[str, str]]:
    """The catalogue of the corpus."""
    with (corpus / "ncu" / "SOURCES.csv").open() as file:
        return list(csv.DictReader(file))


def test_every_report(corpus: Path) -> None:
    """Each report gives the launches, device and version that the catalogue says."""
    for row in sources(corpus):
        path = corpus / "ncu" / row["file"]
        if row["file"] == FAILED:
            with pytest.raises(EmptyError, match="no usable counter"):
                NcuReportReader().read(path, ReadOptions())
            continue
        capture = NcuReportReader().read(path, ReadOptions(metrics="gpu__time_duration.*"))
        assert capture.launches.height == int(row["launches"]), row["file"]
        assert {device.name for device in capture.devices} == {row["device"]}
        capabilities = set(capture.launches["compute_capability"].to_list())
        assert capabilities == {row["compute_capability"]}, row["file"]
        assert capture.tool_version == (None if row["ncu_version"] == "?" else row["ncu_version"])
        assert capture.complete
        assert all(capture.launches["kernel"].to_list())


def test_partial_report(corpus: Path) -> None:
    """The launch whose collection failed is listed without figures beside four good ones."""
    path = corpus / "ncu" / "h800-flash-attention-partial.ncu-rep"
    launches = NcuReportReader().read(path, ReadOptions(metrics="x")).launches
    assert launches["error"].is_null().to_list() == [True] * 4 + [False]
    assert launches["duration_ns"].is_null().to_list() == [False] * 4 + [True]


def test_oldest_report(corpus: Path) -> None:
    """The oldest format records threads for blocks; its grids still agree with its totals."""
    path = corpus / "ncu" / "xavier-darknet.nsight-cuprof-report"
    capture = NcuReportReader().read(path, ReadOptions(metrics="launch__grid_size"))
    assert capture.launches["grid_x"].to_list() == capture.metrics["value"].to_list()
    assert capture.launches["block_x"].to_list() == [512] * 7
    assert [notice.code for notice in capture.notices] == ["no_duration"]


def test_nvtx_ranges(corpus: Path) -> None:
    """NVTX ranges of a CUTLASS example reach the launches."""
    path = corpus / "ncu" / "a100-cutlass-int8-768.ncu-rep"
    launches = NcuReportReader().read(path, ReadOptions(metrics="x")).launches
    assert launches["nvtx"].to_list() == ["Fused-GEMM", "Non-fused-GEMM", "Non-fused-GEMM"]


def test_rules_hold_no_paths(corpus: Path) -> None:
    """No message of a rule carries a path of the machine it ran on, nor link mark-up."""
    for row in sources(corpus):
        if row["file"] == FAILED:
            continue
        capture = NcuReportReader().read(corpus / "ncu" / row["file"], ReadOptions(metrics="x"))
        text = "\n".join(capture.rules["message"].to_list() + capture.rules["title"].to_list())
        for mark in ("/home/", "/usr/", "/opt/", "@section", "@url", "@source", "Sections/"):
            assert mark not in text, row["file"]


def test_parts_equal_the_whole(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports of many blocks and string tables read in parts as they do at once."""
    whole_parts = ncu_parts.parts
    for name in ("h800-flash-attention-partial.ncu-rep", "a100-self-join-154-launches.ncu-rep"):
        path = corpus / "ncu" / name
        whole = NcuReportReader().read(path, ReadOptions())
        with monkeypatch.context() as patch:
            patch.setattr(ncu_parts, "parts", lambda p, f, d, **o: whole_parts(p, f, d, 400_000))
            split = NcuReportReader().read(path, ReadOptions())
        assert split.launches.equals(whole.launches)
        assert split.metrics.equals(whole.metrics)
        assert split.rules.equals(whole.rules)


def read_in_parts(path: Path, limit: int, monkeypatch: pytest.MonkeyPatch) -> Capture:
    """The instructions of a report read in parts of about ``limit`` bytes."""
    whole_parts = ncu_parts.parts
    with monkeypatch.context() as patch:
        patch.setattr(ncu_parts, "parts", lambda p, f, d, **o: whole_parts(p, f, d, limit, **o))
        return NcuReportReader().read(path, ReadOptions(metrics="x", instructions=True))


def test_sass_survives_reading_in_parts(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Embedded code goes with its launches, so that their SASS reads as in the whole report."""
    path = corpus / "ncu" / "a40-julia-tensor.ncu-rep"
    whole = NcuReportReader().read(path, ReadOptions(metrics="x", instructions=True))
    split = read_in_parts(path, 500_000, monkeypatch)
    assert set(whole.instructions["source"]) == {"sass"}
    assert split.instructions.equals(whole.instructions)


def test_sass_too_large_for_a_part(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code larger than a part stays behind: opcodes remain, and the notice says what is missing."""
    path = corpus / "ncu" / "a100-cutlass-int8-768.ncu-rep"
    split = read_in_parts(path, 500_000, monkeypatch)
    assert set(split.instructions["source"]) == {"opcode_modifier"}
    assert "no_sass_text" in [notice.code for notice in split.notices]


def test_sass_fits_the_opcode_counts(corpus: Path) -> None:
    """Where a report has code, its text summed by opcode is what the report itself sums up."""
    kinds: Counter[str] = Counter()
    for row in sources_with_launches(corpus):
        path = corpus / "ncu" / row["file"]
        found = NcuReportReader().read(path, ReadOptions(metrics="x", instructions=True))
        by_launch = found.instructions.unique(["launch_id", "source"])
        kinds.update(by_launch["source"].to_list())
        assert "sass_contradicts" not in [notice.code for notice in found.notices], path.name
    assert kinds == {"sass": 30, "opcode_modifier": 10}


def sources_with_launches(corpus: Path) -> list[dict[str, str]]:
    """The catalogue without the report that holds no usable launch."""
    return [row for row in sources(corpus) if row["file"] != FAILED]


def test_truncation(corpus: Path, tmp_path: Path) -> None:
    """A real report cut anywhere is refused, or holds the launches up to a block's end."""
    data = (corpus / "ncu" / SHORT).read_bytes()
    path = tmp_path / "cut.ncu-rep"
    for cut in [*range(1, 600, 7), *range(600, len(data), 100_003), len(data) - 1, len(data) - 10]:
        path.write_bytes(data[:cut])
        with contextlib.suppress(CaptureError):
            assert ncu_framing.walk(path).actions <= 1


def test_flipped_payload(corpus: Path, tmp_path: Path) -> None:
    """Fifty flipped bytes in a real payload end in an error or an incomplete capture."""
    data = bytearray((corpus / "ncu" / "gtx1660-divergence-basic.ncu-rep").read_bytes())
    for offset in range(len(data) // 2, len(data) // 2 + 50):
        data[offset] ^= 0xFF
    path = tmp_path / "flipped.ncu-rep"
    path.write_bytes(data)
    with contextlib.suppress(CaptureError):
        capture = NcuReportReader().read(path, ReadOptions())
        assert not capture.complete
        assert capture.notices[0].code == "damaged"
