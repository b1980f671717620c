"""How many waves of blocks a matrix product takes, told by the tile in its kernel's name.

Grids do not tell: kernels that stay on the device and fetch tile after tile have as many blocks
as multiprocessors at most, and AMD's are recorded in threads.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import polars as pl

from ncutool.advice.context import Context

_TILE = re.compile(r"(?:tilesize|_MT|_)(\d{2,3})x(\d{2,3})(?=x\d|_|$)")
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
_REGISTERS_PER_SM = 64 << 10
_RESERVED = 1 << 10  # of each block's shared memory, from compute capability 8.0 on


class Tiling(NamedTuple):
    """How one kernel cuts its result, and how many blocks run at once."""

    along_columns: int
    along_rows: int
    at_once: int

    def tiles(self, rows: int, columns: int) -> int:
        """Tiles of a result; BLAS is column-major, so its first side runs along our columns."""
        return -(-columns // self.along_columns) * -(-rows // self.along_rows)

    def waves(self, rows: int, columns: int) -> int:
        """Rounds of blocks."""
        return -(-self.tiles(rows, columns) // self.at_once)


def tilings(context: Context) -> dict[int, Tiling]:
    """Per launch of a matrix product; those whose name or resources say too little are left out."""
    device = context.device
    if device is None or not device.sm_count:
        return {}
    shared = _SHARED_PER_SM.get(device.compute_capability)
    if shared is None:
        return {}
    threads = _THREADS_PER_SM.get(device.compute_capability, 2048)
    reserved = _RESERVED if not device.compute_capability.startswith("7.") else 0
    resources = context.capture.launches.select(
        "launch_id",
        (pl.col("block_x") * pl.col("block_y") * pl.col("block_z")).alias("threads"),
        "registers_per_thread",
        "shared_memory_bytes",
    )
    products = context.kernels.filter(pl.col("family") == "gemm").join(resources, on="launch_id")
    found = {}
    columns = ("launch_id", "kernel_full", *resources.columns[1:])
    for launch_id, name, *used in products.select(columns).iter_rows():
        tile = _TILE.search(name)
        if tile is None or None in used or not used[0] or not used[1]:
            continue
        per_sm = min(
            threads // used[0],
            _REGISTERS_PER_SM // (used[0] * used[1]),
            shared // (used[2] + reserved) if used[2] + reserved else threads,
        )
        if per_sm > 0:
            found[launch_id] = Tiling(int(tile[1]), int(tile[2]), per_sm * device.sm_count)
    return found
