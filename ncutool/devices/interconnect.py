"""Bandwidth of the links between devices of one machine, to hold collectives against.

Byte per second, one device, one direction: half of what vendors' data sheets name for both
directions (NVLink, Infinity Fabric), or that of the PCI Express generation of cards without such
links. Traces do not record which links a machine has.
"""

from __future__ import annotations

from ncutool.devices.resolve import Device

_PEAKS = {
    "P100 SXM2 16GB": 80e9,
    "V100 SXM2 16GB": 150e9,
    "V100 SXM2 32GB": 150e9,
    "A100 40GB SXM": 300e9,
    "A100 80GB SXM": 300e9,
    "H100 SXM 80GB": 450e9,
    "H100 NVL 94GB": 300e9,
    "H200 SXM 141GB": 450e9,
    "H200 NVL 141GB": 450e9,
    "H20 96GB": 450e9,
    "H800 SXM 80GB": 200e9,
    "B100": 900e9,
    "B200 180GB": 900e9,
    "GB200": 900e9,
    "B300": 900e9,
    "GB300": 900e9,
    "AMD MI300X": 448e9,
    "AMD MI325X": 448e9,
    "AMD MI350X": 537.6e9,
    "AMD MI355X": 537.6e9,
    "P100 PCIe 16GB": 16e9,
    "V100 PCIe 16GB": 16e9,
    "V100 PCIe 32GB": 16e9,
    "T4": 16e9,
    "A100 40GB PCIe": 32e9,
    "A100 80GB PCIe": 32e9,
    "A10": 32e9,
    "A10G": 32e9,
    "L4": 32e9,
    "L40": 32e9,
    "L40S": 32e9,
    "RTX 3090": 32e9,
    "RTX 4090": 32e9,
    "H100 PCIe 80GB": 64e9,
    "RTX 5090": 64e9,
}


def peak_bytes_per_s(device: Device | None) -> float | None:
    """One direction of all links of one device; None where it is not known."""
    return None if device is None else _PEAKS.get(device.name)
