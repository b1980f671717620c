"""Several devices in one capture: each launch against its own peaks, and no blend of two."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from trace_factory import BF16, Trace

import ncutool
from ncutool import whatif
from ncutool.analysis import capture_sentences
from ncutool.analysis.analyse import Analysis, analyse
from ncutool.analysis.groups import grouped
from ncutool.analysis.request import Request
from ncutool.companions.devices import device_remarks
from ncutool.explain import explain
from ncutool.page.drawing import drawings
from ncutool_parsers.capture import Capture, DeviceRecord
from ncutool_parsers.errors import CaptureError, UnfitError, UsageError
from ncutool_parsers.formats import NCU_REPORT
from ncutool_parsers.schema import LAUNCHES

H100 = ("NVIDIA H100 80GB HBM3", "9.0", 132, 84_929_347_584)
A100 = ("NVIDIA A100-SXM4-40GB", "8.0", 108, 42_297_786_368)
FLOP = 2 * 4096**3
SQUARE = [(4096, 4096), (4096, 4096)]


def record(ordinal: int, kind: tuple[str, str, int, int]) -> DeviceRecord:
    """A device as a trace records it."""
    name, capability, count, size = kind
    return DeviceRecord(
        ordinal=ordinal, name=name, compute_capability=capability, sm_count=count,
        memory_bytes=size, vendor="nvidia",
    )  # fmt: skip


def analysed(
    on: list[int], kinds: dict[int, tuple[str, str, int, int]], **request: str | Path
) -> Analysis:
    """Products of 200 µs, one after the other on these devices."""
    trace = Trace()
    for number, ordinal in enumerate(on):
        start = 210_000 * number
        op = trace.op("aten::mm", start, start + 5_000, SQUARE, [BF16, BF16])
        trace.kernel(
            start + 4_000, 200_000, called=(start + 1_000, start + 2_000), device=ordinal,
            op_id=op, kernel="mm_kernel", kernel_full="mm_kernel", stream=7,
            compute_capability=kinds[ordinal][1],
        )  # fmt: skip
    devices = tuple(record(ordinal, kind) for ordinal, kind in kinds.items())
    return analyse(trace.capture(devices=devices), Request(**request))  # type: ignore[arg-type] # names are the test's own


UNLIKE = {0: H100, 1: A100}


def test_each_launch_has_its_own_device_s_peaks() -> None:
    """137 GFLOP in 200 µs: 69 % of an H100, 220 % of an A100, which is flagged there alone."""
    kernels = analysed([0, 1, 0, 1], UNLIKE).kernels
    assert kernels["peak_flop_per_s"].to_list() == [989.4e12, 312e12] * 2
    assert kernels["peak_bytes_per_s"].to_list() == [3.35e12, 1.555e12] * 2
    share = FLOP / 200e-6
    expected = [100 * share / peak for peak in (989.4e12, 312e12)] * 2
    assert kernels["roofline_pct"].to_list() == pytest.approx(expected)
    assert kernels["flag"].is_null().to_list() == [True, False, True, False]


def test_the_kernel_with_most_time_is_that_of_one_device() -> None:
    """Two launches on the A100 take more than one on the H100, and only they are told of."""
    most = analysed([0, 1, 1], UNLIKE).most_time
    assert most is not None
    assert most.launches == (1, 2)
    assert most.sentences[0].startswith("Most time is in mm_kernel on device 1: 66.7 % of ")
    same = analysed([0, 1, 1], {0: H100, 1: H100}).most_time
    assert same is not None
    assert same.launches == (0, 1, 2)


def test_no_sentence_blends_two_devices() -> None:
    """The header counts and names them, and gives the peaks of each."""
    analysis = analysed([0, 1], UNLIKE)
    assert analysis.mixed
    assert analysis.resolution.device is None
    assert capture_sentences.device_name(analysis) == (
        "2 devices: NVIDIA H100 80GB HBM3 (device 0), NVIDIA A100-SXM4-40GB (device 1)"
    )
    peaks = capture_sentences.peaks_line(analysis)
    assert "NVIDIA H100 80GB HBM3: 989 TFLOP/s BF16 tensor dense, 3.35 TB/s" in peaks
    assert "NVIDIA A100-SXM4-40GB: 312 TFLOP/s BF16 tensor dense, 1.56 TB/s" in peaks
    assert analysis.state.endswith(
        "The launches ran on 2 devices: 1 × NVIDIA H100 80GB HBM3, 1 × NVIDIA A100-SXM4-40GB."
    )
    assert [notice.code for notice in analysis.notices if "peaks" in notice.text] == [
        "unlike_devices"
    ]


def test_groups_and_findings_are_of_one_device() -> None:
    """Like devices too: a group's rates are those of one of them."""
    for kinds in (UNLIKE, {0: H100, 1: H100}):
        analysis = analysed([0, 1] * 8, kinds)
        groups, membership = grouped(analysis.kernels)
        assert groups["launches"].to_list() == [8, 8]
        assert [detail[-11:] for detail in groups["detail"]] == ["on device 0", "on device 1"]
        per_group = analysis.kernels.with_columns(membership.alias("group"))
        assert per_group.group_by("group").agg(pl.col("device").n_unique())["device"].max() == 1
        for finding in analysis.findings:
            ran = analysis.kernels.filter(pl.col("launch_id").is_in(finding.launches))["device"]
            assert ran.n_unique() <= 1 or finding.kind in ("graph", "input", "sync", "copy")


def test_like_devices_are_counted_in_the_header() -> None:
    """One kind of device, two of them: its peaks hold for both."""
    analysis = analysed([0, 1], {0: H100, 1: H100})
    assert not analysis.mixed
    assert capture_sentences.device_name(analysis) == "2 devices: 2 × NVIDIA H100 80GB HBM3"
    assert analysis.state.endswith("ran on 2 devices: 2 × NVIDIA H100 80GB HBM3.")
    assert analysis.kernels["peak_flop_per_s"].to_list() == [989.4e12] * 2


def test_a_device_that_no_launch_ran_on_changes_nothing() -> None:
    """A machine's other cards are recorded too."""
    analysis = analysed([0, 0], UNLIKE)
    assert not analysis.mixed
    assert capture_sentences.device_name(analysis) == "NVIDIA H100 80GB HBM3"
    assert "devices" not in analysis.state


def test_an_explanation_takes_the_launch_s_own_device() -> None:
    """Launch 1 ran on the A100."""
    steps = explain(analysed([0, 1], UNLIKE), 1).steps
    [peak] = [step for step in steps if step.name == "peak_flop_per_s"]
    assert peak.value == 312e12


def test_a_roofline_is_drawn_for_each_kind() -> None:
    """Each with its own roofs and the groups that ran under them."""
    analysis = analysed([0, 1, 0], UNLIKE)
    groups, _ = grouped(analysis.kernels)
    first, second = drawings(analysis, groups)
    assert (first.name, second.name) == ("roofline-1", "roofline-2")
    assert first.title == "Roofline of NVIDIA H100 80GB HBM3 (device 0)"
    marked = [re.findall(r'<\w+ data-g="(\d+)" class="k-', one.wide) for one in (first, second)]
    assert marked == [["0"], ["1"]]
    assert "312 TFLOP/s" in second.wide
    assert first.share == "67 % of kernel time is on it"


def test_what_if_refuses_unlike_devices() -> None:
    """It is asked of one device."""
    with pytest.raises(CaptureError, match="unlike devices"):
        whatif.ask(analysed([0, 1], UNLIKE), on="h200")


@settings(max_examples=10, deadline=None)
@given(st.lists(st.sampled_from([0, 1, 2]), min_size=2, max_size=5), st.permutations(range(3)))
@example(on=[0, 1, 2, 2], order=[1, 2, 0])  # polars made none of two pieces
def test_permuted_ordinals_change_nothing_but_the_labels(on: list[int], order: list[int]) -> None:
    """Which of the devices has which number decides no figure, no order and no sentence."""
    kinds = {0: H100, 1: A100, 2: H100}
    first = analysed(on, kinds)
    other = analysed([order[n] for n in on], {order[n]: kind for n, kind in kinds.items()})
    assert other.kernels.drop("device").equals(first.kernels.drop("device"))
    assert _without_labels(other) == _without_labels(first)


def _without_labels(analysis: Analysis) -> list[str]:
    """What is said, and the groups' names in their order, without the ordinals."""
    groups, _ = grouped(analysis.kernels)
    told = [
        analysis.headline,
        analysis.state,
        capture_sentences.device_name(analysis),
        capture_sentences.peaks_line(analysis),
        *(notice.text for notice in analysis.notices),
        *(finding.title for finding in analysis.findings),
        *groups["detail"],
        str(groups.select("duration_ns", "roofline_pct", "bound").rows()),
    ]
    return [re.sub(r"devices? \d+(, \d+)*\b(?! ×)", "device", text) for text in told]


def test_an_ordinal_with_two_names_has_no_peaks() -> None:
    """Two processes may number different cards alike: then nobody knows which."""
    trace = Trace()
    trace.kernel(0, 200_000)
    both = (record(0, H100), record(0, A100))
    analysis = analyse(trace.capture(devices=both))
    assert analysis.resolution.device is None
    assert "names device 0 both" in analysis.resolution.how


def test_another_chip_cannot_be_assumed() -> None:
    """Its peaks would stand under the recorded card's name."""
    told = "'NVIDIA H100 80GB HBM3' .*compute capability is 9.0, not 8.0"
    with pytest.raises(UsageError, match=f"A100 80GB SXM is not what the capture records: {told}"):
        analysed([0], {0: H100}, assume_device="a100 80gb sxm")
    with pytest.raises(UsageError, match="its vendor is nvidia"):
        analysed([0], {0: H100}, assume_device="mi300x")


def test_another_card_of_the_chip_is_said_wherever_peaks_are() -> None:
    """Both names stand in the header and the notice; the card itself changes nothing."""
    analysis = analysed([0], {0: H100}, assume_device="h100 pcie")
    against = "held against H100 PCIe 80GB (recorded: NVIDIA H100 80GB HBM3)"
    assert capture_sentences.device_name(analysis) == against
    assert analysis.resolution.held_against == against
    assert against in next(notice.text for notice in analysis.notices)
    assert analysis.kernels["peak_flop_per_s"].to_list() == [756.5e12]
    same = analysed([0], {0: H100}, assume_device="h100 sxm")
    assert same.resolution.held_against is None
    assert capture_sentences.device_name(same) == "NVIDIA H100 80GB HBM3"


def test_rates_must_say_which_of_unlike_devices_they_are_of(tmp_path: Path) -> None:
    """Measured rates of one would otherwise stand in for the other's."""
    path = tmp_path / "rates.json"
    path.write_text('{"bytes_per_s": 3e12}')
    with pytest.raises(UsageError, match="unlike devices"):
        analysed([0, 1], UNLIKE, ceilings=path)
    path.write_text('{"device": "H100 SXM 80GB", "bytes_per_s": 3e12}')
    kernels = analysed([0, 1], UNLIKE, ceilings=path).kernels
    assert kernels["peak_bytes_per_s"].to_list() == [3e12, 1.555e12]


def test_a_roof_is_that_of_the_device_too() -> None:
    """An FP32 product may be TF32's on an A100 where its name does not say; on a V100 it cannot."""
    volta = ("Tesla V100-SXM2-16GB", "7.0", 80, 16_900_000_000)
    trace = Trace()
    for number in (0, 1):
        op = trace.op("aten::mm", 300_000 * number, 300_000 * number + 9_000, SQUARE, ["float"] * 2)
        trace.kernel(
            300_000 * number + 10_000, 200_000, called=(300_000 * number + 1, 300_000 * number + 2),
            device=number, op_id=op, kernel="mm_kernel", kernel_full="mm_kernel",
        )  # fmt: skip
    analysis = analyse(trace.capture(devices=(record(0, A100), record(1, volta))))
    assert analysis.kernels["roof"].to_list() == [None, "fp32"]
    assert analysis.kernels["peak_flop_per_s"].to_list() == [None, 15.7e12]


def test_no_one_roofline_is_drawn_of_unlike_devices() -> None:
    """The mean of two devices' roofs is neither's."""
    with pytest.raises(UsageError, match="unlike devices"):
        ncutool.roofline_chart(analysed([0, 1], UNLIKE))
    assert ncutool.roofline_chart(analysed([0, 1], {0: H100, 1: H100})).to_dict()


def test_counters_are_not_joined_onto_launches_of_another_device() -> None:
    """A report of the H100 says nothing of the launches on the A100."""
    trace = analysed([0, 1], UNLIKE).capture
    report = Capture(
        path=Path("r.ncu-rep"), format=NCU_REPORT, launches=LAUNCHES.empty(),
        devices=(record(0, H100),),
    )  # fmt: skip
    with pytest.raises(UnfitError, match="unlike devices"):
        device_remarks(trace, report)
    alike = analysed([0, 1], {0: H100, 1: H100}).capture
    assert device_remarks(alike, report) == []
