"""Peaks follow from counts, widths and clocks, and no record is taken for another card."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool.devices.resolve import Device, load_devices, resolve
from ncutool_parsers.capture import DeviceRecord

DEVICES = {device.name: device for device in load_devices()}
CLOCKED = [device for device in DEVICES.values() if device.boost_clock_hz is not None]
OPERATIONS: dict[str, dict[str, tuple[int, ...]]] = {
    # per multiprocessor and clock; where two are given, GeForce cards have the half rate
    "6.0": {"fp32": (128,), "fp64": (64,), "fp16": (256,)},
    "6.1": {"fp32": (256,), "fp64": (8,)},
    "7.0": {"fp32": (128,), "fp64": (64,), "fp16_tensor": (1024,)},
    "7.5": {"fp32": (128,), "fp64": (4,), "fp16": (256,), "fp16_tensor": (512, 1024),
            "int8_tensor": (2048,)},
    "8.6": {"fp32": (256,), "fp64": (4,), "tf32_tensor": (256, 512), "fp16_tensor": (512, 1024),
            "bf16_tensor": (512, 1024), "int8_tensor": (2048,)},
    "8.7": {"fp32": (256,), "fp16_tensor": (2048,), "bf16_tensor": (2048,),
            "int8_tensor": (4096,)},
    "8.9": {"fp32": (256,), "fp64": (4,), "tf32_tensor": (256, 512), "fp16_tensor": (512, 1024),
            "bf16_tensor": (512, 1024), "fp8_tensor": (1024, 2048), "int8_tensor": (2048,)},
    "11.0": {"fp32": (256,), "fp8_tensor": (16384,), "fp4_tensor": (32768,)},
    "12.0": {"fp32": (256,), "fp64": (4,), "tf32_tensor": (256,), "fp16_tensor": (512,),
             "bf16_tensor": (512,), "fp8_tensor": (1024,), "int8_tensor": (2048,),
             "fp4_tensor": (4096,)},
    "12.1": {"fp32": (256,)},
    "gfx908": {"fp32": (128,), "fp64": (64,), "fp16_tensor": (1024,), "bf16_tensor": (512,),
               "int8_tensor": (1024,)},
    "gfx942": {"fp32": (256,), "fp64": (128,), "fp64_tensor": (256,), "tf32_tensor": (1024,),
               "fp16_tensor": (2048,), "bf16_tensor": (2048,), "fp8_tensor": (4096,),
               "int8_tensor": (4096,)},
}  # fmt: skip


@pytest.mark.parametrize("device", CLOCKED, ids=lambda device: device.name)
def test_compute_peaks_are_multiprocessors_times_rate_times_clock(device: Device) -> None:
    """Within 1 %, for every roof that the row has."""
    assert device.sm_count is not None
    assert device.boost_clock_hz is not None
    rates = OPERATIONS[device.compute_capability]
    for roof, peak in device.peak_flop_per_s.items():
        rate = peak / device.sm_count / device.boost_clock_hz
        assert any(rate == pytest.approx(known, rel=0.01) for known in rates[roof]), roof


@pytest.mark.parametrize("device", CLOCKED, ids=lambda device: device.name)
def test_bandwidth_is_bus_times_transfers(device: Device) -> None:
    """Within 1 %."""
    assert device.memory_bus_bits is not None
    assert device.memory_transfers_per_s is not None
    moved = device.memory_bus_bits / 8 * device.memory_transfers_per_s
    assert device.peak_bytes_per_s == pytest.approx(moved, rel=0.01)


@pytest.mark.parametrize(
    ("name", "capability", "count", "gigabytes", "taken"),
    [
        ("NVIDIA GeForce RTX 2080 Ti", "7.5", 68, 11.55, "RTX 2080 Ti"),
        ("NVIDIA GeForce RTX 3070", "8.6", 46, 8.37, "RTX 3070"),
        ("NVIDIA GeForce GTX 1660 Ti", "7.5", 24, 6.22, "GTX 1660 Ti"),
        ("NVIDIA GeForce RTX 3080", "8.6", 68, 10.5, "RTX 3080 10GB"),
        ("NVIDIA GeForce RTX 3080", "8.6", 70, 12.6, "RTX 3080 12GB"),
        ("NVIDIA GeForce RTX 4090 D", "8.9", 114, 25.4, "RTX 4090 D"),
        ("NVIDIA GeForce RTX 4070 Ti SUPER", "8.9", 66, 17.0, "RTX 4070 Ti SUPER"),
        ("NVIDIA GeForce RTX 5060 Ti", "12.0", 36, 17.0, "RTX 5060 Ti 16GB"),
        ("NVIDIA RTX A5000", "8.6", 64, 25.4, "RTX A5000"),
        ("NVIDIA RTX 5000 Ada Generation", "8.9", 100, 34.0, "RTX 5000 Ada"),
        ("Quadro GP100", "6.0", 56, 17.1, "Quadro GP100"),
        ("Tesla V100S-PCIE-32GB", "7.0", 80, 34.1, "V100S PCIe 32GB"),
        ("NVIDIA A800-SXM4-80GB", "8.0", 108, 84.9, "A800 SXM 80GB"),
        ("NVIDIA H800 PCIe", "9.0", 114, 84.9, "H800 PCIe 80GB"),
        ("NVIDIA H20-3e", "9.0", 78, 150.1, "H20-3e 141GB"),
        ("NVIDIA L20", "8.9", 92, 47.6, "L20"),
        ("NVIDIA GH200 144G HBM3e", "9.0", 132, 151.0, "GH200 144GB"),
        ("NVIDIA GB10", "12.1", 48, 128.5, "GB10"),
        ("NVIDIA A2", "8.6", 10, 15.6, "A2"),
        ("Orin", "8.7", 16, 65.8, "Jetson AGX Orin 64GB"),
        ("Orin", "8.7", 8, 16.4, "Jetson Orin NX 16GB"),
        ("AMD Instinct MI100", "9.0", 120, 34.3, "AMD MI100"),
        ("AMD Instinct MI250X", "9.0", 110, 68.7, "AMD MI250X (one GCD)"),
        ("AMD Instinct MI300A", "9.4", 228, 137.0, "AMD MI300A"),
        ("NVIDIA A100-PG509-200", "8.0", 108, 42.3, "A100 40GB SXM"),
    ],
)
def test_a_recorded_card_is_found(
    name: str, capability: str, count: int, gigabytes: float, taken: str
) -> None:
    """By its name, and where cards of one name differ, by multiprocessors and memory."""
    found = resolve(DeviceRecord(0, name, capability, count, int(gigabytes * 1e9)))
    assert found.device is not None, found.how
    assert found.device.name == taken


@pytest.mark.parametrize(
    ("name", "capability", "count", "gigabytes"),
    [
        ("NVIDIA GeForce RTX 2060 with Max-Q Design", "7.5", 30, 6.44),
        ("NVIDIA GeForce RTX 4060 Laptop GPU", "8.9", 24, 8.59),
        ("NVIDIA GeForce RTX 3080 Ti Laptop GPU", "8.6", 58, 17.1),
        ("NVIDIA GeForce RTX 5090 D", "12.0", 170, 34.2),
        ("NVIDIA GeForce RTX 3060 Ti", "8.6", 38, 8.59),
        ("NVIDIA RTX 4000 SFF Ada Generation", "8.9", 48, 21.0),
        ("NVIDIA GeForce GTX 1650", "7.5", 14, 4.29),
        ("Orin", "8.7", 8, 8.0),
        ("AMD Instinct MI308X", "9.4", 80, 206.1),
    ],
)
def test_a_card_like_another_is_not_taken_for_it(
    name: str, capability: str, count: int, gigabytes: float
) -> None:
    """Laptop cards, cut-down ones and others of a similar name have peaks of their own."""
    found = resolve(DeviceRecord(0, name, capability, count, int(gigabytes * 1e9)))
    assert found.device is None
    assert "--assume-device" in found.how


@given(st.sampled_from(list(DEVICES.values())), st.data())
def test_each_recorded_name_is_that_of_its_row(device: Device, data: st.DataObject) -> None:
    """With the row's own numbers, and with none at all, no name leads to other peaks."""
    if not device.names:
        return
    name = data.draw(st.sampled_from(device.names))
    target = {"gfx908": "9.0", "gfx90a": "9.0", "gfx942": "9.4", "gfx950": "9.5"}
    capability = target.get(device.compute_capability, device.compute_capability)
    full = DeviceRecord(0, name, capability, device.sm_count, device.memory_bytes)
    found = resolve(full).device
    assert found is not None
    assert found.peak_flop_per_s == device.peak_flop_per_s
    assert found.peak_bytes_per_s == device.peak_bytes_per_s
    alone = resolve(DeviceRecord(0, name)).device
    assert alone is None or alone.peak_flop_per_s == device.peak_flop_per_s
