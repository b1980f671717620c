"""Device peaks, and which device a capture was made on."""

from __future__ import annotations

from dataclasses import dataclass, field

from ncutool_parsers.capture import DeviceRecord


@dataclass(frozen=True)
class Device:
    """One row of devices.toml. Peaks are dense unless named otherwise."""

    name: str
    compute_capability: str
    sm_count: int
    memory_bytes: int
    peak_bytes_per_s: float
    peak_flop_per_s: dict[str, float]
    """Dense peak of each roof (names of :data:`ncutool.schema.ROOFS`) the device has."""
    sparse_peak_flop_per_s: dict[str, float] = field(default_factory=dict)
    """With 2:4 structured sparsity; shown, never held against dense work."""
    l2_bytes: int | None = None
    last_level_cache_bytes: int | None = None
    """The largest cache before DRAM: L2, or Infinity Cache on AMD."""
    source: str = ""
    confidence: str = ""
    note: str = ""


@dataclass(frozen=True)
class Resolution:
    """Which device was taken, and how it was found."""

    device: Device | None
    how: str
    """One sentence, e.g. ``name 'NVIDIA H100 80GB HBM3' and 132 SMs``."""
    record: DeviceRecord | None = None
