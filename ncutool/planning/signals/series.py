"""Sampled signals as tables: one column a signal, one row a sample, apart for each GPU."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from types import MappingProxyType

from msgspec import Struct, field

from ncutool.base.thresholds import Threshold

SIGNALS = MappingProxyType(
    {
        "gpu_util_pct": "share of time in which at least one kernel ran",
        "memory_util_pct": "share of time in which device memory was read or written",
        "graphics_active_pct": "share of time in which the compute or graphics engine was busy",
        "sm_active_pct": "share of SM time with at least one warp on the SM",
        "sm_occupancy_pct": "resident warps, of all that the SMs could hold",
        "tensor_active_pct": "share of cycles in which the tensor pipe was busy",
        "fp64_active_pct": "share of cycles in which the FP64 pipe was busy",
        "fp32_active_pct": "share of cycles in which the FMA (FP32 and integer) pipe was busy",
        "fp16_active_pct": "share of cycles in which the FP16 pipe was busy",
        "dram_active_pct": "share of cycles in which device memory sent or received data",
        "power_violation_pct": "share of time in which the power limit held the clocks down",
    }
)
"""What each column holds. All are percentages from 0 to 100 of the time of one sample."""

HIGHEST_PCT = Threshold(
    105.0,
    "%",
    "counters of one interval can pass 100 % by a rounding of their clocks; a larger value is in "
    "another unit, or marks a value that was not there",
    "judgement",
)
MOST_GPUS = 4096
"""More devices than one file of samples holds; beyond it the text is not what it seems."""


class GpuSamples(Struct, frozen=True):
    """The samples of one GPU or of one MIG instance, in the order of the file."""

    name: str
    """E.g. `GPU 0`: made of numbers alone, whatever the file holds."""
    samples: int
    columns: MappingProxyType[str, tuple[float | None, ...]]
    """Signals (keys of :data:`SIGNALS`) to one value a sample, in percent; None where missing."""
    model: str | None = None
    """The device's name as the file tells it: untrusted."""


class Series(Struct, frozen=True):
    """What one file of samples holds."""

    source: str
    """The file's name, without control characters."""
    kind: str
    """``nvidia-smi dmon``, ``dcgmi dmon`` or ``dcgm-exporter``."""
    gpus: tuple[GpuSamples, ...]
    refused_values: int = 0
    """Values that can be no share of time: outside of 0 to :data:`HIGHEST_PCT` percent."""
    skipped_lines: int = 0
    """Lines that are no sample and no heading."""


class Collector(Struct):
    """Builds a :class:`Series` sample by sample."""

    refused: int = 0
    skipped: int = 0
    models: dict[str, str] = field(default_factory=dict)
    _columns: dict[str, dict[str, list[float | None]]] = field(default_factory=dict)
    _samples: dict[str, int] = field(default_factory=dict)

    def add(self, gpu: str, values: Iterable[tuple[str, float | None]]) -> bool:
        """Add a sample of one GPU; return False where there are too many GPUs.

        Args:
            values: signals and percentages; None, and what is no share, is kept as missing.
        """
        if gpu not in self._samples and len(self._samples) >= MOST_GPUS:
            return False
        count = self._samples.get(gpu, 0)
        columns = self._columns.setdefault(gpu, {})
        for signal, value in values:
            column = columns.setdefault(signal, [])
            column.extend([None] * (count - len(column)))
            if value is not None and not 0 <= value <= HIGHEST_PCT:
                self.refused += 1
                value = None
            if len(column) == count:  # of two columns of one name the first counts
                column.append(value)
        self._samples[gpu] = count + 1
        return True

    def series(self, source: str, kind: str) -> Series:
        """Return everything added so far, GPUs in order of their numbers."""
        gpus = tuple(
            GpuSamples(
                gpu,
                self._samples[gpu],
                MappingProxyType(
                    {
                        signal: tuple(column + [None] * (self._samples[gpu] - len(column)))
                        for signal, column in self._columns[gpu].items()
                        if any(value is not None for value in column)
                    }
                ),
                self.models.get(gpu),
            )
            for gpu in sorted(self._samples, key=_by_number)
        )
        return Series(source, kind, gpus, self.refused, self.skipped)


def _by_number(name: str) -> tuple[object, ...]:
    """Return the key that sorts `GPU 2` before `GPU 10`."""
    parts = name.split()
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts)


@lru_cache(maxsize=65536)
def number(text: str) -> float | None:
    """Return a finite number; None for `-`, `N/A` and whatever else is none."""
    if not text.isascii() or "_" in text or len(text) > 40:
        return None
    try:
        value = float(text.removesuffix("%"))
    except ValueError:
        return None
    return value if math.isfinite(value) else None
