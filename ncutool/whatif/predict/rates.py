"""What is known of kernels' rates before any capture: shares of peaks by family, floors, caches."""

from __future__ import annotations

from functools import lru_cache
from math import log
from typing import TYPE_CHECKING

from msgspec import Struct

from ncutool.base.limits import overlapped
from ncutool.base.thresholds import Threshold, ThresholdTable
from ncutool.devices.ceilings import DEFAULT_FLOOR_NS, MAX_FLOOR_NS
from ncutool.devices.reachable import KIND_SHARES
from ncutool.work.kernel_facts import facts_of
from ncutool.work.operators import OpCall, TensorList, Work, model

if TYPE_CHECKING:
    from ncutool.devices.table import Device

FLOOR_NS = (float(DEFAULT_FLOOR_NS), float(MAX_FLOOR_NS))
"""Time of a launch without work, from and to, where the capture shows none."""
TINY = Threshold(
    0.03,
    "share of the time",
    "a launch whose work takes less at the device's peaks is launching alone, and says nothing of "
    "the rate that its kernel reaches",
    "judgement; the back-test meets its goals with twice of it, too",
)
DRIFT_GROWTH = Threshold(
    1.5, "times the roofline time", "from this growth on DRIFT holds in full", "see DRIFT"
)
DRIFT: ThresholdTable[str, tuple[float, float]] = ThresholdTable(
    {
        "gemm": (0.75, 2.2),
        "convolution": (0.60, 1.7),
        "attention": (0.75, 2.2),
        "other": (0.80, 1.25),
    },
    "times",
    "by what a kernel's share of its roofline time changes, from and to, where that grows; "
    "products fill the device better as they grow; `other` is any kind not listed",
    "neighbouring sizes of the same operator within eight captures: a tenth changed less and, of "
    "memory-bound kinds, a quarter changed more (launching left in), of products and convolutions "
    "a tenth to a quarter",
)
CACHE_SPEEDUP = Threshold(
    3.0,
    "times DRAM",
    "the last-level cache is at most so much faster",
    "micro-benchmarks and datasheets: A100 L2 3, MI300X Infinity Cache 3.2, V100 2.7, H100 2 times",
)
REPEAT = Threshold(
    0.05,
    "share of the time",
    "by how much the same kernel on the same shapes differs between captures: clocks, temperature",
    "judgement; the back-test meets its goals with 0.02, too",
)


class Demand(Struct, frozen=True):
    """What a call asks of the device."""

    flop: float
    bytes: float
    modelled: bool = True
    """False where the bytes are only those of its recorded arguments."""

    def time_ns(self, device: Device, roof: str | None, speedup: float = 1.0) -> float:
        """Return the time (ns) at the device's peaks, memory ``speedup`` times as fast."""
        peak = device.peak_flop_per_s.get(roof) if roof is not None else None
        compute = self.flop / peak if peak else 0.0
        return 1e9 * overlapped(compute, self.bytes / (device.peak_bytes_per_s * speedup))

    def fits_cache(self, device: Device) -> bool:
        """Whether all it touches may still lie in the last-level cache."""
        cache = device.cache_bytes
        return cache is None or self.bytes <= cache


def drift(kind: str, growth: float) -> tuple[float, float]:
    """By what the share of the roofline time changes where that time is ``growth`` times as long;
    in proportion (of logarithms) below :data:`DRIFT_GROWTH`."""
    if growth <= 0:
        return 1.0, 1.0
    extent = log(growth) / log(DRIFT_GROWTH)
    extent = max(-1.0, min(1.0, extent))
    low, high = (factor**extent for factor in DRIFT.get(kind, DRIFT["other"]))
    return min(low, high), max(low, high)


_BY_NAME = ("elementwise", "copy")


def kind_of(family: str, kernel: str) -> str:
    """Return a kernel's kind: its family, or how an elementwise kernel walks memory.

    PyTorch's TensorIterator launches ``vectorized_elementwise_kernel`` on contiguous tensors of
    one type, ``unrolled_elementwise_kernel`` where it converts types, and ``elementwise_kernel``
    with an offset calculation where a tensor is strided or broadcast.
    """
    return (facts_of(kernel).walk if family in _BY_NAME else None) or family


def share(kind: str, modelled: bool) -> tuple[float, float]:
    """Return the share of its roofline time that a kind reaches, from and to."""
    return KIND_SHARES.get(kind if modelled else "other", KIND_SHARES["other"])


_BOUNDS = frozenset(("lower_bound", "upper_bound"))


@lru_cache(maxsize=65_536)
def demand(call: OpCall) -> Demand | None:
    """Return a call's modelled work, or the bytes of its recorded arguments; None without
    either. Work of which only a bound is known does not tell how it grows: it is not modelled."""
    work = model(call)
    if isinstance(work, Work) and work.bytes is not None:
        bounded = _BOUNDS & {work.flop_exactness, work.bytes_exactness}
        return Demand(float(work.flop or 0), float(work.bytes), modelled=not bounded)
    recorded = _recorded_bytes(call)
    return None if recorded is None else Demand(0.0, recorded, modelled=False)


def _recorded_bytes(call: OpCall) -> float | None:
    lists = [item.tensors or () for item in call.inputs if isinstance(item, TensorList)]
    tensors = [*call.tensors, *(tensor for tensor_list in lists for tensor in tensor_list)]
    if not tensors:
        return None
    size = 0.0
    for tensor in tensors:
        elements = 1
        for length in tensor.shape:
            elements *= length
        size += elements * (tensor.itemsize or call.list_element_bytes or 4)
    return size
