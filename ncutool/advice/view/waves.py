"""How many waves of blocks a matrix product takes, told by the tile in its kernel's name.

Grids do not tell: kernels that stay on the device and fetch tile after tile have as many blocks
as multiprocessors at most, and AMD's are recorded in threads.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from ncutool.advice.view.kinds import Launches
from ncutool.devices.resolve import Device
from ncutool.work.kernel_facts import facts_of
from ncutool_parsers.capture import Capture

_OF_TILING = (
    "launch_id",
    *(f"block_{axis}" for axis in "xyz"),
    "registers_per_thread",
    "shared_memory_bytes",
)

_SHARED_PER_SM = {
    "7.0": 96 << 10,
    "7.5": 64 << 10,
    "8.0": 164 << 10,
    "8.6": 100 << 10,
    "8.7": 164 << 10,
    "8.9": 100 << 10,
    "9.0": 228 << 10,
    "10.0": 228 << 10,
    "10.3": 228 << 10,
    "12.0": 100 << 10,
}
"""Shared memory of one multiprocessor by compute capability (CUDA programming guide)."""
_THREADS_PER_SM = {"7.5": 1024, "8.6": 1536, "8.7": 1536, "8.9": 1536, "12.0": 1536}
_MOST_THREADS = 1024  # of a block, on every device
_REGISTERS_PER_SM = 64 << 10
_RESERVED = 1 << 10  # of each block's shared memory, from compute capability 8.0 on


class Tiling(NamedTuple):
    """How one kernel cuts its result, and how many blocks run at once."""

    along_columns: int
    along_rows: int
    at_once: int

    def tiles(self, rows: int, columns: int) -> int:
        """Return the tiles of a result; BLAS is column-major, so its first side runs along our
        columns."""
        return -(-columns // self.along_columns) * -(-rows // self.along_rows)

    def waves(self, rows: int, columns: int) -> int:
        """Return the rounds of blocks of a result."""
        return -(-self.tiles(rows, columns) // self.at_once)


def tilings(launches: Launches, capture: Capture, device: Device | None) -> dict[int, Tiling]:
    """Return how each launch of a matrix product is cut into tiles; those whose name or resources
    say too little are left out."""
    if device is None or not device.sm_count:
        return {}
    if device.compute_capability not in _SHARED_PER_SM:
        return {}
    products = launches.rows(lambda kind: kind.family == "gemm")
    names = {launches.ids[row]: launches.of_row[row].kernel_full for row in products}
    ids = pl.Series(list(names), dtype=pl.Int64)
    table = capture.launches.select(_OF_TILING).filter(pl.col("launch_id").is_in(ids.implode()))
    columns = (
        table["launch_id"],
        _threads(table),
        table["registers_per_thread"],
        table["shared_memory_bytes"],
    )
    known: dict[tuple[str, int | None, int | None, int | None], Tiling | None] = {}
    tilings_of = {}
    for launch_id, *used in zip(*(column.to_list() for column in columns), strict=True):
        key = (names[launch_id], *used)
        if key not in known:
            known[key] = _tiling(device, device.sm_count, *key)
        if (tiling := known[key]) is not None:
            tilings_of[launch_id] = tiling
    return tilings_of


def _threads(table: pl.DataFrame) -> pl.Series:
    """Return the threads of each launch's block; null where no block can be that large."""
    sides = (pl.col(f"block_{axis}").cast(pl.Float64) for axis in "xyz")
    threads = next(sides) * next(sides) * next(sides)  # of integers, it would pass 64 bits
    possible = pl.when(threads <= _MOST_THREADS).then(threads).cast(pl.Int64)
    return table.select(possible.alias("threads"))["threads"]


def _tiling(
    device: Device,
    multiprocessors: int,
    name: str,
    threads: int | None,
    registers: int | None,
    shared: int | None,
) -> Tiling | None:
    """Return the tiling of blocks of so many ``threads``, each with ``registers``, and ``shared``
    memory (bytes); None where the name tells no tile."""
    tile = facts_of(name).tile
    if tile is None or not threads or not registers or shared is None:
        return None
    most_shared = _SHARED_PER_SM[device.compute_capability]
    most_threads = _THREADS_PER_SM.get(device.compute_capability, 2048)
    taken = shared + (0 if device.compute_capability.startswith("7.") else _RESERVED)
    per_sm = min(
        most_threads // threads,
        _REGISTERS_PER_SM // (threads * registers),
        most_shared // taken if taken else most_threads,
    )
    return Tiling(*tile, per_sm * multiprocessors) if per_sm > 0 else None
