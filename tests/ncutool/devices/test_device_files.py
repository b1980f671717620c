"""A user's own devices and measured rates: their formats, their errors, and that they win."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from torch_factory import Event, call, kernel, op, text

import ncutool
from ncutool.analysis.analyse import read_and_analyse
from ncutool.analysis.request import Request
from ncutool.devices import ceilings
from ncutool.devices.resolve import candidates, resolve
from ncutool.devices.table import load_devices, load_file, with_file
from ncutool_parsers.capture import DeviceRecord
from ncutool_parsers.errors import UsageError

OURS = """
[[device]]
name = "Our H100"
memory_bytes = 85_899_345_920
compute_capability = "9.0"
sm_count = 132
names = ["NVIDIA H100 80GB HBM3"]
vendor = "nvidia"
peak_bytes_per_s = 3.0e12
source = "our own measurements"
[device.peak_flop_per_s]
fp32 = 60e12
bf16_tensor = 800e12
[device.sparse_peak_flop_per_s]
bf16_tensor = 1600e12
[device.link_bytes_per_s]
nvlink = 300e9
pcie = 64e9
"""
H100 = DeviceRecord(0, "NVIDIA H100 80GB HBM3", "9.0", 132, int(85.0e9), vendor="nvidia")


def trace_of(
    folder: Path,
    calls: list[tuple[str, list[list[int]], float]],
    *,
    device: str = "NVIDIA H100 80GB HBM3",
    ahead: float = 5.125,
) -> Path:
    """A trace of BF16 operators, each (name, shapes, microseconds on the device)."""
    events: list[Event] = []
    for number, (name, shapes, duration) in enumerate(calls, start=1):
        start = 1000.0 * number
        strides = [[shape[1], 1] for shape in shapes]
        recorded: dict[str, Any] = {"Input Dims": shapes, "Input Strides": strides}
        recorded |= {"Input type": ["c10::BFloat16"] * len(shapes), "Concrete Inputs": [""] * 9}
        events.append(op(name, start, 20.0, number, args=recorded))
        events.append(call(start + 1, 2.0, number))
        grid = {"grid": [1024, 1, 1], "block": [128, 1, 1]}
        events.append(kernel(f"kernel_of_{name}", start + ahead, duration, number, **grid))
    properties = {"id": 0, "name": device, "totalGlobalMem": int(85.0e9), "computeMajor": 9}
    properties |= {"computeMinor": 0, "numSms": 132}
    path = folder / "trace.json"
    path.write_text(text(events, top={"schemaVersion": 1, "deviceProperties": [properties]}))
    return path


def gemm_trace(folder: Path, device: str = "NVIDIA H100 80GB HBM3") -> Path:
    """One BF16 product of 4096 cubed in 200 µs."""
    return trace_of(folder, [("aten::mm", [[4096, 4096], [4096, 4096]], 200.0)], device=device)


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    """A file with one device."""
    path = tmp_path / "ours.toml"
    path.write_text(OURS)
    return path


def test_rows_of_a_users_file_win(ours: Path) -> None:
    """The same recorded name is in ncutool's table too: the user's row is taken and said."""
    found = resolve(H100, known=with_file(ours))
    assert found.device is not None
    assert (found.device.name, found.device.peak_bytes_per_s) == ("Our H100", 3.0e12)
    assert found.how.endswith("(its row is of ours.toml)")
    assert found.device.link_peak_bytes_per_s == 300e9
    assert len(with_file(ours)) == len(load_devices()) + 1


def test_a_row_of_the_same_name_is_replaced(tmp_path: Path) -> None:
    """A user who corrects a peak writes the row anew under its own name, in any case."""
    path = tmp_path / "own.toml"
    path.write_text(OURS.replace("Our H100", "h100 sxm 80gb"))
    known = with_file(path)
    assert len(known) == len(load_devices())
    device = resolve(None, "H100 SXM 80GB", known).device
    assert device is not None
    assert device.peak_flop_per_s["bf16_tensor"] == 800e12


def test_the_shipped_table_is_a_valid_file(tmp_path: Path) -> None:
    """ncutool's own devices.toml passes the checks that a user's file is held to."""
    from importlib import resources

    path = tmp_path / "devices.toml"
    path.write_text(resources.files("ncutool.devices").joinpath("devices.toml").read_text("utf-8"))
    assert [device.name for device in load_file(path)] == [row.name for row in load_devices()]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('name = "Our H100"', "", "device 1: key 'name' is missing"),
        ('name = "Our H100"', 'name = " "', "'name' must not be empty"),
        ("sm_count = 132", "sm_count = -1", "'sm_count' must be a whole number above 0"),
        ("sm_count = 132", 'sm_count = "132"', "'sm_count' must be a whole number above 0"),
        ("sm_count = 132", "sms = 132", "unknown key 'sms'"),
        ("peak_bytes_per_s = 3.0e12", "peak_bytes_per_s = true", "'peak_bytes_per_s' must be"),
        ("peak_bytes_per_s = 3.0e12", "peak_bytes_per_s = inf", "'peak_bytes_per_s' must be"),
        ("peak_bytes_per_s = 3.0e12", "", "key 'peak_bytes_per_s' is missing"),
        ("fp32 = 60e12", "fp31 = 60e12", "'peak_flop_per_s.fp31' is no roof"),
        ("fp32 = 60e12", "fp32 = 0", "'peak_flop_per_s.fp32' must be a number above 0"),
        ("= 1600e12", "= 3200e12", "'sparse_peak_flop_per_s.bf16_tensor' must be one to two"),
        (
            "nvlink = 300e9",
            "nvlnk = 300e9",
            "'link_bytes_per_s.nvlnk' is no kind of link",
        ),
        (
            "nvlink = 300e9",
            "nvlink = -1",
            "'link_bytes_per_s.nvlink' must be a number above 0",
        ),
        ('vendor = "nvidia"', 'vendor = "intel"', "'vendor' must be one of nvidia, amd"),
        ('names = ["NVIDIA H100 80GB HBM3"]', "names = [1]", "'names' must be a list of texts"),
        ('source = "our own measurements"', "source = 1", "'source' must be text"),
        ("[[device]]", "[[devices]]", "unknown key 'devices'"),
        ("[[device]]", "[[device", "is not TOML"),
        (OURS, "", "holds no [[device]]"),
        (OURS, OURS + OURS, "two devices are named 'Our H100'"),
    ],
)
def test_a_wrong_device_file_names_the_key(tmp_path: Path, old: str, new: str, told: str) -> None:
    """Every mistake is a usage error that says which row and which key."""
    assert old in OURS
    path = tmp_path / "wrong.toml"
    path.write_text(OURS.replace(old, new))
    with pytest.raises(UsageError) as caught:
        load_file(path)
    assert told in str(caught.value)
    assert "wrong.toml" in str(caught.value)
    assert "\n" not in str(caught.value).strip()


def test_an_absent_device_file_is_a_usage_error(tmp_path: Path) -> None:
    """A path that leads nowhere is said, not ignored."""
    with pytest.raises(UsageError, match="cannot be read"):
        load_file(tmp_path / "none.toml")


def test_candidates_say_what_speaks_against_each() -> None:
    """A GH200 of an unknown size: its only relative is ruled out by the memory."""
    found = candidates(DeviceRecord(0, "NVIDIA GH200 480GB", "9.0", 132, int(150e9)))
    assert [(each.name, each.against) for each in found] == [
        ("GH200 96GB", ("it has 150.0 GB, not 103.1 GB",))
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[]", "must be an object"),
        ("{}", "holds neither 'bytes_per_s' nor 'flop_per_s'"),
        ('{"bandwidth": 1}', "unknown key 'bandwidth'"),
        ('{"bytes_per_s": "3e12"}', "'bytes_per_s' must be a number above 0"),
        ('{"bytes_per_s": -1}', "'bytes_per_s' must be a number above 0"),
        ('{"bytes_per_s": NaN}', "'bytes_per_s' must be a number above 0"),
        ('{"flop_per_s": 1}', "'flop_per_s' must be an object"),
        ('{"flop_per_s": {"bf16": 1}}', "'flop_per_s.bf16' is no roof"),
        ('{"flop_per_s": {"fp32": false}}', "'flop_per_s.fp32' must be a number above 0"),
        ('{"bytes_per_s": 1, "device": 3}', "'device' must be text"),
        ('{"bytes_per_s": 1, "schema": "x"}', "'schema' must be 'ncutool/ceilings/1'"),
        ("{", "is not JSON"),
    ],
)
def test_a_wrong_ceilings_file_names_the_key(tmp_path: Path, content: str, told: str) -> None:
    """Every mistake is a usage error that says which key."""
    path = tmp_path / "wrong.json"
    path.write_text(content)
    with pytest.raises(UsageError) as caught:
        ceilings.load(path)
    assert told in str(caught.value)


def rates(tmp_path: Path, **content: Any) -> Path:
    """A file of measured rates."""
    path = tmp_path / "measured.json"
    path.write_text(json.dumps(content))
    return path


def test_measured_rates_replace_peaks_and_say_so(tmp_path: Path) -> None:
    """The launch is held against the measured product rate; the datasheet's stands beside it."""
    trace = gemm_trace(tmp_path)
    file = rates(tmp_path, bytes_per_s=3.0e12, flop_per_s={"bf16_tensor": 700e12})
    analysis = read_and_analyse(trace, Request(ceilings=file))
    row = analysis.kernels.row(0, named=True)
    assert row["peak_source"] == "measured"
    assert (row["peak_flop_per_s"], row["peak_bytes_per_s"]) == (700e12, 3.0e12)
    assert row["ridge_point_flop_per_byte"] == pytest.approx(700 / 3)
    beside = {each.roof: each for each in analysis.ceilings if each.source == "measured"}
    assert beside["bf16_tensor"].peak_per_s == 989.4e12
    assert beside["bf16_tensor"].share_pct == pytest.approx(70.75, abs=0.01)
    assert analysis.resolution.how.endswith("rates of measured.json replace its peaks")


def test_a_notebook_takes_the_same_files(tmp_path: Path, ours: Path) -> None:
    """`ncutool.load` holds a trace against the user's device and measured rates."""
    file = rates(tmp_path, flop_per_s={"bf16_tensor": 700e12})
    analysis = ncutool.load(gemm_trace(tmp_path), device_file=str(ours), ceilings=str(file))
    row = analysis.kernels.row(0, named=True)
    assert (row["peak_flop_per_s"], row["peak_bytes_per_s"]) == (700e12, 3.0e12)


def test_without_a_measured_bandwidth_other_roofs_keep_the_table(tmp_path: Path) -> None:
    """Only an FP32 rate was measured: a BF16 launch is still held against the datasheet."""
    file = rates(tmp_path, flop_per_s={"fp32": 60e12})
    row = read_and_analyse(gemm_trace(tmp_path), Request(ceilings=file)).kernels.row(0, named=True)
    assert (row["peak_source"], row["peak_flop_per_s"]) == ("device_table", 989.4e12)


def test_rates_of_another_device_are_refused(tmp_path: Path) -> None:
    """Rates of an A100 say nothing of an H100."""
    file = rates(tmp_path, bytes_per_s=1.8e12, device="A100 80GB SXM")
    with pytest.raises(UsageError, match="is of 'A100 80GB SXM', but the capture's device is"):
        read_and_analyse(gemm_trace(tmp_path), Request(ceilings=file))


def test_an_unknown_device_is_known_by_its_measured_rates(tmp_path: Path) -> None:
    """No row fits the record, but the user measured both rates: launches get their place."""
    trace = gemm_trace(tmp_path, device="ARTEMIS")
    file = rates(tmp_path, bytes_per_s=1e12, flop_per_s={"bf16_tensor": 100e12})
    analysis = read_and_analyse(trace, Request(ceilings=file))
    row = analysis.kernels.row(0, named=True)
    assert (row["peak_source"], row["peak_flop_per_s"]) == ("measured", 100e12)
    assert analysis.ceilings == ()
    with pytest.raises(UsageError, match="'bytes_per_s' is needed"):
        read_and_analyse(trace, Request(ceilings=rates(tmp_path, flop_per_s={"fp32": 1e12})))


BIG, SMALL = [16384, 4096], [1024, 1024]
"""BF16 tensors of 134 MB (more than an H100's cache twice over with their sum) and of 2 MB."""


def reached(tmp_path: Path, calls: list[tuple[str, list[list[int]], float]]) -> dict[str, Any]:
    """The ceilings of a trace by roof."""
    analysis = read_and_analyse(trace_of(tmp_path, calls))
    return {each.roof: each for each in analysis.ceilings}


def test_bandwidth_is_the_best_of_three_clean_streams(tmp_path: Path) -> None:
    """Three additions of 402.7 MB in 140, 150 and 160 µs: 2.876 TB/s, 85.9 % of 3.35."""
    adds = [("aten::add", [BIG, BIG], time) for time in (140.0, 150.0, 160.0)]
    found = reached(tmp_path, adds)["dram"]
    assert (found.source, found.launches) == ("capture", 3)
    assert found.ceiling_per_s == pytest.approx(3 * 134_217_728 / 140e-6)
    assert found.share_pct == pytest.approx(85.85, abs=0.01)


def test_a_clock_of_whole_microseconds_gives_the_lower_rate(tmp_path: Path) -> None:
    """140 µs on a clock of 1 µs may have been 141: the rate that is sure is taken."""
    trace = trace_of(tmp_path, [("aten::add", [BIG, BIG], 140.0)] * 3, ahead=5.0)
    found = read_and_analyse(trace).ceilings[0]
    assert found.ceiling_per_s == pytest.approx(3 * 134_217_728 / 141e-6)


def test_two_streams_are_too_few(tmp_path: Path) -> None:
    """Two launches may both be odd: the default of 85 % stands, and says why."""
    found = reached(tmp_path, [("aten::add", [BIG, BIG], 140.0)] * 2)["dram"]
    assert (found.source, found.share_pct, found.launches) == ("default", 85, 2)
    assert found.how.startswith("2 clean streaming kernels")


@pytest.mark.parametrize(
    ("calls", "why"),
    [
        ([("aten::add", [BIG, BIG], 100.0)] * 5, "0 clean"),  # 120 % of the peak
        ([("aten::add", [SMALL, SMALL], 25.0)] * 5, "0 clean"),  # 6 MB stay in the cache
        ([("aten::add", [BIG, BIG], 400.0)] * 5, "slow kernels, not a slow device"),
        ([("aten::mm", [BIG, [4096, 4096]], 900.0)] * 5, "0 clean"),
        ([("aten::ne", [BIG, BIG], 140.0)] * 5, "0 clean"),  # may be one tensor twice
    ],
)
def test_what_does_not_stream_cleanly_calibrates_nothing(
    tmp_path: Path, calls: list[tuple[str, list[list[int]], float]], why: str
) -> None:
    """Above 100 %, cached, slow, no stream, or perhaps one tensor twice: the default stands."""
    found = reached(tmp_path, calls)["dram"]
    assert (found.source, found.share_pct) == ("default", 85)
    assert why in found.how


def test_products_calibrate_their_roof_by_size(tmp_path: Path) -> None:
    """Three products of 137 GFLOP reach 687 TFLOP/s; small ones and impossible ones count not."""
    square = [[4096, 4096], [4096, 4096]]
    calls = [("aten::mm", square, time) for time in (200.0, 210.0, 220.0, 100.0)]
    calls += [("aten::mm", [SMALL, SMALL], 25.0)] * 4
    found = reached(tmp_path, calls)["bf16_tensor"]
    assert (found.source, found.launches) == ("capture", 3)
    assert found.ceiling_per_s == pytest.approx(2 * 4096**3 / 200e-6)


def test_a_report_has_no_calibrated_ceilings() -> None:
    """A report is held against its own peaks: nothing is calibrated, and given rates are said
    to be unused."""
    samples = Path(__file__).resolve().parents[3] / "reports" / "samples"
    report = sorted(samples.glob("*/*.ncu-rep"))[0]
    assert read_and_analyse(report).ceilings == ()
