"""The device table and how a capture's device is found in it."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool.base.roofs import ROOFS
from ncutool.devices.resolve import Device, load_devices, resolve, to_frame
from ncutool_parsers.capture import DeviceRecord
from ncutool_parsers.errors import UsageError


def device(name: str) -> Device:
    """The row of exactly this name."""
    return next(row for row in load_devices() if row.name == name)


def test_ridge_point_of_h100_sxm() -> None:
    """H100 SXM: dense BF16 over bandwidth is 295 FLOP/byte, not the sparse 591."""
    row = device("H100 SXM 80GB")
    assert row.peak_flop_per_s["bf16_tensor"] == 989.4e12
    assert row.peak_bytes_per_s == 3.35e12
    ridge = row.peak_flop_per_s["bf16_tensor"] / row.peak_bytes_per_s
    assert ridge == pytest.approx(295.3, abs=0.1)


@pytest.mark.parametrize(
    ("name", "ridge"),
    [
        ("V100 SXM2 32GB", 138.9),
        ("T4", 203.1),
        ("A100 40GB SXM", 200.6),
        ("A100 80GB SXM", 153.0),
        ("A100 80GB PCIe", 161.2),
        ("L4", 403.3),
        ("RTX 4090", 163.9),
        ("H100 PCIe 80GB", 371.0),
        ("H200 SXM 141GB", 206.1),
        ("H20 96GB", 37.0),
        ("B200 180GB", 293.3),
        ("AMD MI210", 110.5),
        ("AMD MI250X (one GCD)", 116.9),
        ("AMD MI300X", 246.7),
        ("AMD MI355X", 314.6),
    ],
)
def test_ridge_points(name: str, ridge: float) -> None:
    """Dense FP16 ridge points agree with the ones worked out by hand."""
    row = device(name)
    assert row.peak_flop_per_s["fp16_tensor"] / row.peak_bytes_per_s == pytest.approx(
        ridge, abs=0.1
    )


@pytest.mark.parametrize(
    ("name", "roof", "mistaken"),
    [
        ("H100 SXM 80GB", "bf16_tensor", 1979e12),
        ("H100 SXM 80GB", "fp8_tensor", 3958e12),
        ("H100 SXM 80GB", "tf32_tensor", 156e12),
        ("H200 SXM 141GB", "fp8_tensor", 3.94e15),
        ("L4", "bf16_tensor", 242e12),
        ("L4", "fp8_tensor", 485e12),
        ("L4", "fp64", 15.1e12),
        ("RTX A6000", "fp16_tensor", 309.7e12),
        ("RTX 6000 Ada", "fp8_tensor", 1457e12),
        ("RTX PRO 6000 Blackwell Workstation", "fp4_tensor", 4000e12),
        ("RTX 5090", "fp4_tensor", 3352e12),
        ("Jetson AGX Orin 64GB", "int8_tensor", 275e12),
    ],
)
def test_sparse_figures_are_not_dense_peaks(name: str, roof: str, mistaken: float) -> None:
    """Figures that others print as dense but are sparse, or of another card, are not here."""
    assert device(name).peak_flop_per_s[roof] != pytest.approx(mistaken, rel=0.03)


def test_l4_bandwidth_is_its_own() -> None:
    """The L4 has 300 GB/s; PyTorch's table gives it an H100's 3350."""
    assert device("L4").peak_bytes_per_s == 300e9


def test_every_row_is_complete() -> None:
    """Each row has bandwidth, an FP32 peak, known roofs, a source and a confidence in words."""
    for row in load_devices():
        assert row.peak_bytes_per_s > 1e11
        assert row.peak_flop_per_s["fp32"] > 0
        assert set(row.peak_flop_per_s) <= set(ROOFS)
        assert len(row.source) > 10
        assert row.confidence in {
            "two independent sources agree",
            "one source",
            "from memory or in conflict: verify before relying on it",
        }
        assert row.vendor in {"nvidia", "amd"}


def test_names_are_unique() -> None:
    """No two rows share a name, and no recorded name stands for two rows."""
    rows = load_devices()
    names = [row.name for row in rows]
    recorded = [name for row in rows for name in row.names]
    assert len(names) == len(set(names))
    assert len(recorded) == len(set(recorded))


def test_sparse_peaks_lie_above_dense_ones() -> None:
    """A sparse peak is more than the dense one of the same roof and at most twice it."""
    for row in load_devices():
        for roof, peak in row.sparse_peak_flop_per_s.items():
            assert 1 < peak / row.peak_flop_per_s[roof] <= 2.0001


def test_old_chips_have_no_bf16_tensor_path() -> None:
    """P100, V100 and T4 carry no BF16 or TF32 tensor peak, and P100 no tensor peak at all."""
    for row in load_devices():
        if row.compute_capability in {"6.0", "7.0", "7.5"}:
            assert not {"bf16_tensor", "tf32_tensor"} & set(row.peak_flop_per_s)
        if row.compute_capability == "6.0":
            assert not [roof for roof in row.peak_flop_per_s if roof.endswith("_tensor")]


def test_infinity_cache_is_the_last_level() -> None:
    """MI300X: 256 MiB before DRAM, not its 32 MiB of L2."""
    row = device("AMD MI300X")
    assert row.last_level_cache_bytes == 256 * 2**20
    assert row.l2_bytes == 32 * 2**20


def record(
    name: str | None, capability: str | None, sms: int | None, memory: float | None
) -> DeviceRecord:
    """A record as a torch trace gives it."""
    size = None if memory is None else int(memory)
    return DeviceRecord(0, name, capability, sms, size)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (record("NVIDIA H100 80GB HBM3", "9.0", 132, 85.0e9), "H100 SXM 80GB"),
        (record("NVIDIA H100", "9.0", 132, 85.0e9), "H100 SXM 80GB"),
        (record("NVIDIA H100 PCIe", "9.0", 114, 85.0e9), "H100 PCIe 80GB"),
        (record("NVIDIA H100 NVL", "9.0", 132, 100.0e9), "H100 NVL 94GB"),
        (record("NVIDIA H800", "9.0", 132, 85.0e9), "H800 SXM 80GB"),
        (record("NVIDIA GH200 480GB", "9.0", 132, 101.5e9), "GH200 96GB"),
        (record("NVIDIA GH200 120GB", "9.0", 132, 101.5e9), "GH200 96GB"),
        (record("NVIDIA A100-SXM4-80GB", "8.0", 108, 85.0e9), "A100 80GB SXM"),
        (record("NVIDIA A100 80GB PCIe", "8.0", 108, 85.0e9), "A100 80GB PCIe"),
        (record("NVIDIA A100-PCIE-40GB", "8.0", 108, 42.3e9), "A100 40GB PCIe"),
        (record("NVIDIA A100-PG509-200", "8.0", 108, 42.3e9), "A100 40GB SXM"),
        (record("NVIDIA B200", "10.0", 148, 191.5e9), "B200 180GB"),
        (record("NVIDIA B300 SXM6 AC", "10.3", 148, 287.4e9), "B300"),
        (record("Tesla T4", "7.5", 40, 15.8e9), "T4"),
        (record("Tesla V100-DGXS-32GB", "7.0", 80, 34.1e9), "V100 SXM2 32GB"),
        (record("NVIDIA A10G", "8.6", 80, 23.8e9), "A10G"),
        (record("NVIDIA L40S", "8.9", 142, 47.7e9), "L40S"),
        (record("AMD Instinct MI300X VF", "9.4", 304, 205.6e9), "AMD MI300X"),
        (record("AMD Radeon Graphics", "9.0", 104, 68.7e9), "AMD MI210"),
        (record("", "9.4", 304, 206.1e9), "AMD MI300X"),
        (record(None, "8.9", 128, 25.4e9), "RTX 4090"),
        (record("NVIDIA H100 80GB HBM3", None, None, None), "H100 SXM 80GB"),
    ],
)
def test_names_seen_in_captures(found: DeviceRecord, expected: str) -> None:
    """Names that real captures carry lead to the right row, with the evidence in words."""
    resolution = resolve(found)
    assert resolution.device is not None
    assert resolution.device.name == expected
    assert resolution.record is found


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (record("NVIDIA H100", "9.0", 132, 102.1e9), "102.1 GB"),
        (record("NVIDIA GeForce RTX 4090 D", "8.9", 128, 25.4e9), "128 SMs"),
        (record("NVIDIA GeForce RTX 3090 Ti", "8.6", 82, 25.4e9), "82 SMs"),
        (record("NVIDIA GH200 480GB", "9.0", 132, 150.0e9), "150.0 GB"),
        (record("NVIDIA A100", None, None, None), "A100 80GB SXM"),
        (record("NVIDIA RTX PRO 6000 Blackwell", "12.0", 188, 102e9), "several"),
        (record("NVIDIA RTX PRO 6000 Blackwell Max-Q", "12.0", 188, 102e9), "another card than"),
        (record("ARTEMIS", None, None, None), "ARTEMIS"),
        (record("", None, 304, None), "too little"),
        (record("", "9.0", 1, 1e9), "fit none"),
    ],
)
def test_doubt_gives_no_device(found: DeviceRecord, why: str) -> None:
    """A name that fits no row for certain gives no peaks, says why and names the way out."""
    resolution = resolve(found)
    assert resolution.device is None
    assert why in resolution.how
    assert "--assume-device" in resolution.how


def test_no_record_gives_no_device() -> None:
    """A trace without device properties has no peaks until the user names a device."""
    assert resolve(None).device is None
    assert "--assume-device" in resolve(None).how


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("h100 sxm", "H100 SXM 80GB"),
        ("H100-SXM", "H100 SXM 80GB"),
        ("h100sxm", "H100 SXM 80GB"),
        ("H100 SXM5", "H100 SXM 80GB"),
        ("NVIDIA H100 80GB HBM3", "H100 SXM 80GB"),
        ("h100 pcie", "H100 PCIe 80GB"),
        ("a100 80gb", "A100 80GB SXM"),
        ("A100 80 GB PCIe", "A100 80GB PCIe"),
        ("mi300x", "AMD MI300X"),
        ("rtx4090", "RTX 4090"),
        ("l40s", "L40S"),
        ("b200", "B200 180GB"),
        ("h20", "H20 96GB"),
    ],
)
def test_override_is_forgiving(text: str, expected: str) -> None:
    """--assume-device takes a name in any case, with or without spaces, dashes and maker."""
    resolution = resolve(None, text)
    assert resolution.device is not None
    assert resolution.device.name == expected
    assert text in resolution.how


@pytest.mark.parametrize("text", ["h100", "a100", "v100"])
def test_ambiguous_override_lists_the_variants(text: str) -> None:
    """A family whose variants differ is refused with their names."""
    with pytest.raises(UsageError, match="several devices") as caught:
        resolve(None, text)
    assert text.upper() in str(caught.value)


def test_record_settles_an_ambiguous_override() -> None:
    """The capture's own SM count and memory size choose among the variants."""
    found = resolve(record("x", "9.0", 114, 85.0e9), "h100")
    assert found.device is not None
    assert found.device.name == "H100 PCIe 80GB"


@pytest.mark.parametrize("text", ["h10", "a1000", "", "zzz", "RTX 5090 D"])
def test_unknown_override_is_a_usage_error(text: str) -> None:
    """An unknown name is refused, never taken for the nearest one."""
    with pytest.raises(UsageError):
        resolve(None, text)


@given(
    st.text(max_size=30) | st.none(),
    st.sampled_from(["9.0", "8.0", "9.4", None]),
    st.integers(1, 400) | st.none(),
    st.integers(1, 10**12) | st.none(),
)
def test_resolve_never_contradicts_the_record(
    name: str | None, capability: str | None, sms: int | None, memory: int | None
) -> None:
    """Whatever a capture says, a device that is taken has the SM count it records."""
    found = resolve(DeviceRecord(0, name, capability, sms, memory))
    if found.device is not None and sms is not None:
        assert found.device.sm_count in (sms, None)
    assert found.how


def test_frame_lists_every_device() -> None:
    """The table for `ncutool devices` has one row a device and its peaks in FLOP/s."""
    frame = to_frame(load_devices())
    assert frame.height == len(load_devices())
    h100 = frame.row(by_predicate=pl.col("name") == "H100 SXM 80GB", named=True)
    assert h100["bf16_tensor_flop_per_s"] == 989.4e12
    assert h100["sparse"] == "2×"
    assert (
        frame.row(by_predicate=pl.col("name") == "V100 PCIe 32GB", named=True)["sparse"] == "none"
    )
