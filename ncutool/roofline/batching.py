"""How long a product takes for how many rows: the pure model of time against batch.

A product with few rows reads its weights whatever their number, so that its time hardly grows
and its time per row falls, until the arithmetic takes as long: from that batch on rows cost what
they cost. In decoding every sequence adds reads of its own, its key-value cache, so that the
throughput tends to a limit instead. Nothing here is measured; who calls says at which rates.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec import Struct

from ncutool.base.limits import least_seconds
from ncutool.base.thresholds import Threshold

if TYPE_CHECKING:
    from ncutool.devices.resolve import Device

USABLE_MEMORY = Threshold(
    0.9,
    "share of memory",
    "what weights and caches may take; the rest holds activations, workspaces and what "
    "fragmentation loses",
    "judgement: as vLLM's gpu_memory_utilization by default",
)


class Rates(Struct, frozen=True):
    """What a device does per second, and what a launch costs whatever its work."""

    flop_per_s: float
    bytes_per_s: float
    launch_s: float = 0.0

    @property
    def ridge(self) -> float:
        """FLOP per byte at which arithmetic and memory take equally long."""
        return self.flop_per_s / self.bytes_per_s


def rates(
    device: Device,
    roof: str,
    *,
    flop_share: float = 1.0,
    bytes_share: float = 1.0,
    launch_s: float = 0.0,
) -> Rates | None:
    """Return shares of a device's peaks; None where the roof or the bandwidth is unknown."""
    flop_per_s = flop_share * device.peak_flop_per_s.get(roof, 0.0)
    bytes_per_s = bytes_share * device.peak_bytes_per_s
    if flop_per_s <= 0 or bytes_per_s <= 0:
        return None
    return Rates(flop_per_s, bytes_per_s, launch_s)


class Product(Struct, frozen=True):
    """Activations [rows, inner] times weights [inner, columns]."""

    inner: int
    columns: int
    weight_itemsize: float
    """Bytes of one weight; 0.5 for four bits."""
    activation_itemsize: float
    """Bytes of one element of what goes in and of what comes out."""

    @property
    def weight_bytes(self) -> float:
        """Bytes of all weights."""
        return self.weight_itemsize * self.columns * self.inner

    def flop(self, rows: float) -> float:
        """Return the operations over ``rows``; a multiplication with its addition counts as two."""
        return 2.0 * rows * self.columns * self.inner

    def moved(self, rows: float) -> float:
        """Return the bytes read and written over ``rows``, everything once."""
        return self.weight_bytes + self.activation_itemsize * rows * (self.inner + self.columns)

    def seconds(self, rows: float, at: Rates) -> float:
        """Return the time of the slower of arithmetic and memory, and of one launch:
        ``max(2·B·N·K/π, (e_w·N·K + e_a·B·(K+N))/β) + t_0``."""
        work = least_seconds(self.flop(rows), at.flop_per_s, self.moved(rows), at.bytes_per_s)
        return work + at.launch_s

    def crossover(self, at: Rates) -> float:
        """Return the rows from which arithmetic takes longer than memory.

        ``B* = ridge·e_w·N·K / (2·N·K - ridge·e_a·(N+K))``; infinite where activations alone keep
        the memory busy.
        """
        area = self.columns * self.inner
        left = 2.0 * area - at.ridge * self.activation_itemsize * (self.columns + self.inner)
        return at.ridge * self.weight_bytes / left if left > 0 else math.inf


def weight_crossover(weight_itemsize: float, at: Rates) -> float:
    """Return the rows of the crossover if activations were free: ``B* = ridge·e_w/2``."""
    return at.ridge * weight_itemsize / 2


class Decode(Struct, frozen=True):
    """One token of each sequence through a model, whose context stands in a key-value cache."""

    parameters: float
    """Weights that take part in one token."""
    weight_bytes: float
    context: float
    """Tokens in the cache of one sequence, on average."""
    cache_bytes: float
    """Cache of one token over all layers: 2 · layers · KV heads · head size · bytes."""

    @property
    def sequence_bytes(self) -> float:
        """Cache of one sequence."""
        return self.context * self.cache_bytes

    def needed_bytes(self, batch: float) -> float:
        """Return the memory of weights and caches: ``W + B·L·kv``."""
        return self.weight_bytes + batch * self.sequence_bytes

    def seconds(self, batch: float, at: Rates) -> float:
        """Return the time of one step: ``max(2·P·B/π, (W + B·L·kv)/β) + t_0``."""
        flop = 2.0 * self.parameters * batch
        work = least_seconds(flop, at.flop_per_s, self.needed_bytes(batch), at.bytes_per_s)
        return work + at.launch_s

    def tokens_per_s(self, batch: float, at: Rates) -> float:
        """Return the throughput of all sequences together."""
        return batch / self.seconds(batch, at)

    def limit_tokens_per_s(self, at: Rates) -> float:
        """Return what the throughput tends to as the batch grows: ``β/(L·kv)``, or what the
        arithmetic allows where that is less."""
        arithmetic = at.flop_per_s / (2.0 * self.parameters) if self.parameters else math.inf
        caches = at.bytes_per_s / self.sequence_bytes if self.sequence_bytes else math.inf
        return min(arithmetic, caches)

    def half_batch(self) -> float:
        """Return the batch that reaches half of memory's limit: ``W/(L·kv)``; infinite without
        cache."""
        return self.weight_bytes / self.sequence_bytes if self.sequence_bytes else math.inf

    def largest_batch(self, memory_bytes: float, usable: float = USABLE_MEMORY) -> float:
        """Return how many sequences fit: ``(usable·memory - W)/(L·kv)``, whole.

        It is 0 where the weights alone do not fit, and infinite without cache.
        """
        left = usable * memory_bytes - self.weight_bytes
        if left < 0:
            return 0.0
        return float(left // self.sequence_bytes) if self.sequence_bytes else math.inf


def free_growth(wall_ns: float, busy_ns: float) -> float:
    """Return how many times the work fits into a window whose length the host sets.

    The wall stays as it is until the device, busy for ``busy_ns`` of it now, fills it; 1 where it
    does already, infinite where it does nothing. Kernels that grow more slowly than their work
    allow more.
    """
    return max(wall_ns / busy_ns, 1.0) if busy_ns > 0 else math.inf
