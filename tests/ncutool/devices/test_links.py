"""Peaks of the links between devices: one direction, all links of one device."""

from __future__ import annotations

import pytest

from ncutool.devices.table import load_devices

DEVICES = {device.name: device for device in load_devices()}


@pytest.mark.parametrize(
    ("name", "kind", "bytes_per_s"),
    [
        ("P100 SXM2 16GB", "nvlink", 80e9),
        ("V100 SXM2 32GB", "nvlink", 150e9),
        ("A100 80GB SXM", "nvlink", 300e9),
        ("H100 SXM 80GB", "nvlink", 450e9),
        ("H100 NVL 94GB", "nvlink", 300e9),
        ("H200 NVL 141GB", "nvlink", 450e9),
        ("H20 96GB", "nvlink", 450e9),
        ("H800 SXM 80GB", "nvlink", 200e9),
        ("B200 180GB", "nvlink", 900e9),
        ("GB300", "nvlink", 900e9),
        ("AMD MI300X", "infinity_fabric", 448e9),
        ("AMD MI355X", "infinity_fabric", 537.6e9),
        ("T4", "pcie", 16e9),
        ("L40S", "pcie", 32e9),
        ("H100 PCIe 80GB", "pcie", 64e9),
    ],
)
def test_links_are_half_of_what_data_sheets_name_for_both_directions(
    name: str, kind: str, bytes_per_s: float
) -> None:
    assert DEVICES[name].link_bytes_per_s[kind] == bytes_per_s
    assert DEVICES[name].link_peak_bytes_per_s == bytes_per_s


def test_each_link_has_a_source() -> None:
    for device in load_devices():
        assert bool(device.link_source) == bool(device.link_bytes_per_s), device.name
    assert DEVICES["A40"].link_peak_bytes_per_s is None


@pytest.mark.parametrize(
    ("name", "bytes_per_s"),
    [("V100 SXM2 16GB", 16e9), ("A100 80GB SXM", 32e9), ("H100 SXM 80GB", 64e9),
     ("AMD MI300X", 64e9), ("RTX 4060", 16e9), ("RTX 5080", 64e9)],
)  # fmt: skip
def test_the_link_to_the_host(name: str, bytes_per_s: float) -> None:
    """Sixteen lanes of PCIe 3, 4 and 5 move 16, 32 and 64 GB/s one way; eight lanes half."""
    assert DEVICES[name].link_bytes_per_s["pcie"] == bytes_per_s


def test_a_card_that_a_bridge_may_join_to_another_has_no_peak() -> None:
    """Collectives would be held against PCIe where the bridge carries them."""
    for name in ("RTX 2080 Ti", "RTX A5000", "Quadro RTX 8000", "RTX A6000"):
        assert DEVICES[name].link_peak_bytes_per_s is None
