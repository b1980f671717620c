"""Reading Nsight Compute reports: synthetic ones, so that every expected figure is known."""

from __future__ import annotations

import contextlib
import gzip
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zstandard

from ncutool_parsers import ncu_framing, ncu_parts, ncu_process
from ncutool_parsers.capture import Capture, DeviceRecord
from ncutool_parsers.errors import (
    CaptureError,
    DamagedError,
    EmptyError,
    UnreadableError,
    UsageError,
)
from ncutool_parsers.interface import ReadOptions
from ncutool_parsers.ncu_framing import Framing
from ncutool_parsers.ncu_report_file import NcuReportReader
from report_writer import ReportLaunch, ReportRule, device_attributes, report_bytes, write_report

TIME = "gpu__time_duration.sum"
NAN = float("nan")


def launch(name: str = "kernel(float*)", **metrics: float | int | str) -> ReportLaunch:
    """A launch of 1 µs with device attributes and these metrics (``__`` stays, ``_DOT_`` is .)."""
    named = {key.replace("_DOT_", "."): value for key, value in metrics.items()}
    return ReportLaunch(name, metrics={**device_attributes(), TIME: 1000, **named})


def read(path: Path, **options: Any) -> Capture:
    """The capture of a report."""
    return NcuReportReader().read(path, ReadOptions(**options))


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """Two launches, the second in an NVTX range, with rules, a text and useless values."""
    first = ReportLaunch(
        "void scale<float>(float*, int)",
        grid=(4, 3, 2),
        block=(128, 2, 1),
        stream=11,
        metrics={
            **device_attributes(),
            TIME: 12_345,
            "launch__device_id": 1,
            "launch__registers_per_thread": 40,
            "launch__shared_mem_per_block": 2048,
            "good.sum": 1.5,
            "bad.sum": NAN,
            "worse.sum": float("inf"),
            "breakdown:x": "a,b",
        },
        rules=[
            ReportRule(
                "SOLBottleneck",
                title="High Throughput",
                message="Start by @section:Memory:Memory Workload@ and the "
                "@url:Guide:https://docs.nvidia.com/x.html#y@ at @source:/home/me/a.cu:12:a.cu@.",
                severity="optimization",
                section="SpeedOfLight",
                speedup_pct=12.5,
                speedup_kind="local",
            ),
            ReportRule(
                "Broken", message="boom\n/home/me/rule.py:12\nC:\\me\\x.py", severity="error"
            ),
            ReportRule("Silent"),
        ],
    )
    second = ReportLaunch("second()", nvtx=("outer", "inner"), metrics={TIME: 7, "good.sum": 2})
    path = tmp_path / "a b ä.ncu-rep"
    return write_report(path, [first, second], version="2025.2.1.0", command="ncu ./x", host="n1")


def test_launches(report: Path) -> None:
    """Names, geometry, time, NVTX and attributes of each launch."""
    columns = "launch_id category kernel_full stream device compute_capability duration_ns nvtx"
    rows = read(report).launches.select(columns.split()).rows()
    assert rows == [
        (0, "kernel", "void scale<float>(float*, int)", 11, 1, "8.0", 12_345, None),
        (1, "kernel", "second()", 7, None, None, 7, "inner"),
    ]


def test_geometry_and_resources(report: Path) -> None:
    """Grid, block, registers and shared memory; what a report does not say is null."""
    columns = (
        "grid_x grid_y grid_z block_x block_y registers_per_thread shared_memory_bytes start_ns"
    )
    rows = read(report).launches.select([*columns.split(), "error"]).rows()
    assert rows[0] == (4, 3, 2, 128, 2, 40, 2048, None, None)
    assert rows[1] == (1, 1, 1, 32, 1, None, None, None, None)


def test_metrics_have_no_rows_for_what_is_no_number(report: Path) -> None:
    """NaN, infinite values and texts have no row."""
    capture = read(report, metrics=r"(good|bad|worse)\.sum|breakdown:.*")
    assert capture.metrics.rows() == [(0, "good.sum", 1.5), (1, "good.sum", 2.0)]


def test_all_metrics_without_a_choice(report: Path) -> None:
    """Without a pattern every number is there, with launch and device attributes."""
    names = set(read(report).metrics["metric"])
    assert {"good.sum", TIME, "launch__grid_dim_x", "device__attribute_l2_cache_size"} <= names


def test_rules_without_mark_up_or_paths(report: Path) -> None:
    """Link mark-up, source paths and Python tracebacks do not reach the table."""
    rules = read(report).rules
    assert rules.rows() == [
        (
            *(0, "SOLBottleneck", "SpeedOfLight", "optimization", "High Throughput"),
            *("Start by Memory Workload and the Guide at a.cu.", "local", 12.5),
        ),
        (0, "Broken", None, "error", "", "boom", None, None),
    ]


def test_device(report: Path) -> None:
    """The device in base units; a launch that names none adds no second one."""
    assert read(report).devices == (
        DeviceRecord(
            ordinal=1,
            name="NVIDIA A100-SXM4-40GB",
            compute_capability="8.0",
            sm_count=108,
            l2_bytes=41_943_040,
            max_sm_clock_hz=1.41e9,
            memory_clock_hz=1.215e9,
            memory_bus_bits=5120,
            vendor="nvidia",
        ),
    )


def test_private_facts_stay_apart(report: Path) -> None:
    """Command line and host are kept, but only where nothing shows them by default."""
    capture = read(report)
    assert capture.private == {"command": "ncu ./x", "host": "n1"}
    assert capture.tool_version == "2025.2.1.0"
    assert (capture.source, capture.complete, capture.notices) == ("ncu", True, ())


def test_progress_ends_at_the_size(report: Path) -> None:
    """Progress is told in bytes and reaches the whole file."""
    seen: list[tuple[int, int]] = []
    read(report, progress=lambda done, total: seen.append((done, total)))
    size = report.stat().st_size
    assert seen[-1] == (size, size)
    assert seen == sorted(seen)


def test_a_bomb_that_begins_as_a_report_is_not_expanded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a header it is refused by its first piece, and nothing of it is kept."""
    bomb = tmp_path / "bomb.ncu-rep.gz"
    with gzip.open(bomb, "wb", compresslevel=1) as file:
        file.write(b"NVR\0")
        for _ in range(20):
            file.write(bytes(1 << 20))
    walked: list[Path] = []
    monkeypatch.setattr(ncu_framing, "walk", walked.append)
    with pytest.raises(DamagedError, match="no file header at byte 4"):
        read(bomb)
    assert walked == []


@pytest.mark.parametrize("codec", ["zstd", "gzip"])
def test_compressed_reports(tmp_path: Path, report: Path, codec: str) -> None:
    """A .ncu-repz is the same report as a Zstandard stream; gzip is taken as well."""
    packed = tmp_path / "packed.ncu-repz"
    data = report.read_bytes()
    packed.write_bytes(zstandard.compress(data) if codec == "zstd" else gzip.compress(data))
    assert read(packed).launches.equals(read(report).launches)


def test_plain_report_named_like_a_compressed_one(tmp_path: Path, report: Path) -> None:
    """The content decides, not the name."""
    renamed = tmp_path / "plain.ncu-repz"
    renamed.write_bytes(report.read_bytes())
    assert read(renamed).launches.height == 2


def test_compressed_reports_are_bounded(tmp_path: Path) -> None:
    """A stream that expands past the limit stops with an error that names the limit."""
    bomb = tmp_path / "bomb.ncu-repz"
    header = b"\x02\0\0\0\x08\x01"  # two bytes: version 1
    bomb.write_bytes(zstandard.compress(b"NVR\0" + header + bytes(50_000_000)))
    assert bomb.stat().st_size < 10_000
    with pytest.raises(UnreadableError, match="limit of 1000000 bytes"):
        read(bomb, max_bytes=1_000_000)


@pytest.mark.parametrize("codec", ["zstd", "gzip"])
def test_a_stream_without_a_report_is_told_from_its_first_bytes(tmp_path: Path, codec: str) -> None:
    """Nothing is expanded to the disk to find that a compressed file is no report."""
    packed = tmp_path / "noise.ncu-repz"
    data = b"noise" * 20_000_000
    packed.write_bytes(zstandard.compress(data) if codec == "zstd" else gzip.compress(data, 1))
    with pytest.raises(UnreadableError, match="holds no Nsight Compute report"):
        NcuReportReader().read(packed, ReadOptions(max_bytes=1_000_000))


@pytest.mark.parametrize("cut", [5, 40, -1])
def test_cut_compressed_report(tmp_path: Path, report: Path, cut: int) -> None:
    """A compressed report that was cut short is damaged, and named as it was given."""
    packed = tmp_path / "cut.ncu-repz"
    packed.write_bytes(zstandard.compress(report.read_bytes())[:cut])
    with pytest.raises(UnreadableError, match=r"cut\.ncu-repz: is (damaged|truncated)"):
        read(packed)


def test_plain_reports_are_bounded(report: Path) -> None:
    """The limit holds for files that need no expansion, too."""
    with pytest.raises(UnreadableError, match="limit of 10 bytes"):
        read(report, max_bytes=10)


def test_failed_launch(tmp_path: Path) -> None:
    """A launch whose counters are NaN keeps its row and loses its figures, peaks of 0 included."""
    failed = ReportLaunch(
        "flash()",
        metrics={**device_attributes(), TIME: NAN, "dram__bytes.sum.peak_sustained": 0.0},
        geometry_metrics=False,
        grid=(0, 0, 0),
        block=(0, 0, 0),
    )
    capture = read(write_report(tmp_path / "f.ncu-rep", [launch(), failed]))
    row = capture.launches.row(1, named=True)
    assert row["error"].startswith("its counters are not numbers")
    assert (row["duration_ns"], row["grid_x"], row["kernel_full"]) == (None, None, "flash()")
    kept = capture.metrics.filter(pl.col("launch_id") == 1)["metric"]
    assert kept.str.starts_with("device__").all()
    assert [notice.code for notice in capture.notices] == ["failed_launches"]
    assert capture.complete


def test_launch_without_metrics(tmp_path: Path) -> None:
    """A launch that holds nothing is damage: an error row, a notice, and not complete."""
    empty = ReportLaunch("empty()", geometry_metrics=False)
    capture = read(write_report(tmp_path / "e.ncu-rep", [launch(), empty]))
    assert not capture.complete
    assert [(n.code, n.severity) for n in capture.notices] == [("damaged", "error")]
    assert capture.launches["error"][1].startswith("it holds no metric")


def test_no_usable_launch(tmp_path: Path) -> None:
    """A report in which every collection failed holds nothing to analyse."""
    failed = ReportLaunch("flash()", metrics={**device_attributes(), TIME: NAN})
    with pytest.raises(EmptyError, match="no usable counter"):
        read(write_report(tmp_path / "f.ncu-rep", [failed]))


def test_no_launch(tmp_path: Path) -> None:
    """A sound report without launches is empty, not damaged."""
    with pytest.raises(EmptyError, match="holds no launch"):
        read(write_report(tmp_path / "none.ncu-rep", []))


@pytest.mark.parametrize("value", [-1.0, 5e-324, 1e-300, 1e25, -1e-300])
def test_what_no_counter_can_be_is_left_out_and_counted(tmp_path: Path, value: float) -> None:
    """A peak of 1e-314 byte/s would make any kernel pass it; nothing counts below zero."""
    known = {"good.sum": 0, "tiny.sum": 1e-12, "large.sum": 1e18}
    odd = ReportLaunch(
        "k()",
        metrics={TIME: 1000, **known, "odd.sum": value},
        rules=[ReportRule("Bound", "t", "m", speedup_pct=value)],
    )
    capture = read(write_report(tmp_path / "t.ncu-rep", [odd]), metrics=r"[a-z]+\.sum")
    assert dict(capture.metrics.select("metric", "value").rows()) == known
    assert capture.rules["speedup_pct"].to_list() == [None]
    (told,) = [notice.text for notice in capture.notices if notice.code == "bad_numbers"]
    assert told.startswith("2 numbers in the file cannot be right")


def test_no_duration(tmp_path: Path) -> None:
    """Counters without a time are read; the time is null and a notice says so."""
    timeless = ReportLaunch("k()", metrics={"lts__t_sectors.sum": 5})
    capture = read(write_report(tmp_path / "t.ncu-rep", [timeless]))
    assert capture.launches["duration_ns"].to_list() == [None]
    assert [notice.code for notice in capture.notices] == ["no_duration"]


def test_oldest_duration(tmp_path: Path) -> None:
    """The oldest reports name the duration differently."""
    old = ReportLaunch("k()", metrics={"gpu__time_duration": 4711})
    assert read(write_report(tmp_path / "o.ncu-rep", [old])).launches["duration_ns"][0] == 4711


@pytest.mark.parametrize(
    ("recorded", "blocks", "grid"),
    [((9, 8, 7), 504, [9, 8, 7]), ((54, 40, 28), 504, [9, 8, 7]), ((9, 8, 7), 503, [None] * 3)],
    ids=["blocks", "threads, as the oldest reports have it", "neither"],
)
def test_geometry_outside_the_metrics(
    tmp_path: Path, recorded: tuple[int, int, int], blocks: int, grid: list[int | None]
) -> None:
    """Grid, block and stream come from the result itself where totals confirm them."""
    old = ReportLaunch(
        "k()",
        grid=recorded,
        block=(6, 5, 4),
        stream=3,
        metrics={TIME: 1, "launch__grid_size": blocks, "launch__block_size": 120},
        geometry_metrics=False,
    )
    row = read(write_report(tmp_path / "o.ncu-rep", [old])).launches.row(0, named=True)
    assert [row[f"grid_{axis}"] for axis in "xyz"] == grid
    assert [row[f"block_{axis}"] for axis in "xyz"] == [6, 5, 4]
    assert row["stream"] == 3


@pytest.mark.parametrize("position", [0.05, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_flipped_bytes(tmp_path: Path, position: float) -> None:
    """Flipped bytes anywhere end in an error or in a capture with as many rows as it claims."""
    launches = [launch(f"k{i}()", x_DOT_sum=i) for i in range(3)]
    data = bytearray(report_bytes(launches))
    start = int(position * len(data))
    for offset in range(start, min(start + 20, len(data))):
        data[offset] ^= 0xFF
    path = tmp_path / "flipped.ncu-rep"
    path.write_bytes(data)
    with contextlib.suppress(CaptureError):
        capture = read(path)
        assert capture.launches.height == 3 or not capture.complete
        assert capture.launches["launch_id"].to_list() == list(range(capture.launches.height))


def break_last_result(data: bytes, name: bytes) -> bytes:
    """``data`` with the fields behind the launch's name made undecodable."""
    place = data.rindex(name) + len(name)
    return data[:place] + b"\xff" * 20 + data[place + 20 :]


def test_undecodable_result(tmp_path: Path) -> None:
    """A block that cannot be decoded leaves the others readable, and the capture not complete."""
    first, second = report_bytes([launch("k0()")]), report_bytes([launch("k1()")])
    magic_and_file_header = 4 + 4 + 2
    path = tmp_path / "broken.ncu-rep"
    path.write_bytes(break_last_result(first + second[magic_and_file_header:], b"k1()"))
    capture = read(path)
    assert capture.launches["kernel_full"].to_list() == ["k0()", "(unnamed)"]
    assert (capture.complete, capture.notices[0].code) == (False, "damaged")


def test_nothing_decodable(tmp_path: Path) -> None:
    """Where no result can be decoded the report is damaged, not merely empty."""
    path = tmp_path / "broken.ncu-rep"
    path.write_bytes(break_last_result(report_bytes([launch("k0()")]), b"k0()"))
    with pytest.raises(UnreadableError, match="damaged"):
        read(path)


def test_parts_read_as_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report read in parts gives the same tables as read at once."""
    launches = [launch(f"k{i}()", **{f"own_{i}_DOT_sum": i, "x_DOT_sum": i}) for i in range(7)]
    path = write_report(tmp_path / "r.ncu-rep", launches)
    whole = read(path)
    parts, used = ncu_parts.parts, []

    def small(path: Path, framing: Framing, folder: Path, **options: bool) -> Iterator[Path]:
        for part in parts(path, framing, folder, limit=600, **options):
            used.append(part)
            yield part

    monkeypatch.setattr(ncu_parts, "parts", small)
    split = read(path)
    assert len(used) > 2
    assert split.launches.equals(whole.launches)
    assert split.metrics.equals(whole.metrics)
    assert not used[0].exists()


def test_code_that_nvidias_reader_fails_on(report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If reading with instructions fails, the report is read without them and says so."""
    tried: list[bool] = []
    real: Any = ncu_process.read

    def failing(*arguments: Any, instructions: bool, **also: Any) -> ncu_process.Report:
        tried.append(instructions)
        if instructions:
            raise UnreadableError(report, "NVIDIA's reader crashed on it", "collect it again")
        found: ncu_process.Report = real(*arguments, instructions=instructions, **also)
        return found

    monkeypatch.setattr(ncu_process, "read", failing)
    capture = read(report, instructions=True)
    assert (tried, capture.launches.height) == ([True, False], 2)
    assert "code_unreadable" in [notice.code for notice in capture.notices]
    tried.clear()
    assert "code_unreadable" not in [notice.code for notice in read(report).notices]
    assert tried == [False]


def test_untrusted_names(tmp_path: Path) -> None:
    """Markup and formulas in names are kept as data; what controls a terminal is made visible."""
    name = "=cmd()<script>\x1b[31m\n日本(float*)"
    capture = read(write_report(tmp_path / "n.ncu-rep", [launch(name)]))
    assert capture.launches["kernel_full"].to_list() == [name.replace("\x1b", "\ufffd")]


def test_bad_pattern(report: Path) -> None:
    """A pattern that is no regular expression is the caller's mistake."""
    with pytest.raises(UsageError, match="regular expression"):
        read(report, metrics="(")


@pytest.mark.parametrize(
    ("head", "accepted"),
    [
        (b"NVR\0\x02", True),
        (b"\x28\xb5\x2f\xfd", True),
        (b"{", False),
        (b"NVR", False),
        (b"", False),
    ],
)
def test_accepts(head: bytes, accepted: bool) -> None:
    """A report is known by its first bytes, plain or as a Zstandard stream."""
    assert NcuReportReader().accepts(head) is accepted


def test_missing_reader_package(report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without NVIDIA's package the error says what to install."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UnreadableError, match="pip install ncu-report"):
        read(report)
