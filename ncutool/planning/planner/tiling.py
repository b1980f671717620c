"""What is lost where a product does not divide into whole tiles and whole waves of them.

A product of M x N is computed in tiles, and each tile by one multiprocessor. The one with the most
tiles ends last: with T tiles on S multiprocessors that is ``ceil(T / S)`` tiles, the number of
waves, so that the arithmetic takes as long as ``waves x S`` whole tiles would. Tiles at the edge
are computed whole. Kernels that divide K among multiprocessors (split-K, stream-K) escape this;
which tile a library takes, it does not say beforehand.
"""

from __future__ import annotations

from msgspec import Struct

from ncutool.base.limits import overlapped
from ncutool.planning.planner.placing import Place
from ncutool_parsers.errors import UsageError

USUAL_TILES = ((64, 64), (128, 64), (64, 128), (128, 128), (256, 128), (128, 256), (256, 256))
_LARGEST = 4096


class Tiling(Struct, frozen=True):
    """One tile size on one device."""

    tile_m: int
    tile_n: int
    tiles: int
    sm_count: int
    waves: int
    """Tiles of the multiprocessor with the most."""
    wave_efficiency_pct: float
    """``tiles / (waves x SMs)``."""
    useful_work_pct: float
    """Of the computed tiles, what is not padding: ``M·N / (tiles x tile)``."""
    efficiency_pct: float
    """Both together: the share of the compute peak that whole tiles of this size leave."""
    estimate_ns: float | None
    """The longer of memory's time and of the tiles' arithmetic: an estimate for kernels that
    compute whole tiles, and no floor. None without a roof, and where it means nothing: a product
    of fewer tiles than multiprocessors, which libraries divide along K too (split-K, stream-K)."""


def tiling(
    m: int, n: int, batch: int, tile: tuple[int, int], sm_count: int, found: Place
) -> Tiling:
    """``batch`` products of ``m`` x ``n`` in tiles of this size on so many multiprocessors."""
    rows, columns = -(-m // tile[0]), -(-n // tile[1])
    tiles = batch * rows * columns
    waves = -(-tiles // sm_count)
    wave = tiles / (waves * sm_count)
    useful = m * n / (rows * tile[0] * columns * tile[1])
    estimate = None
    if found.compute_ns is not None and tiles >= sm_count:
        estimate = overlapped(found.compute_ns / (wave * useful), found.memory_ns)
    return Tiling(
        tile[0], tile[1], tiles, sm_count, waves, 100 * wave, 100 * useful, 100 * wave * useful,
        estimate,
    )  # fmt: skip


def parse_tile(text: str) -> tuple[int, int]:
    """Return a tile written `128x64`.

    Raises:
        UsageError: it is written otherwise, or out of range.
    """
    parts = text.lower().replace("×", "x").split("x")
    if len(parts) == 2 and all(part.isascii() and part.isdigit() for part in parts):
        return check_tile((int(parts[0][:9]), int(parts[1][:9])))
    raise UsageError(f"a tile is written like 128x64, not {text!r}")


def check_tile(tile: tuple[int, int]) -> tuple[int, int]:
    """Return ``tile`` if its sides are in range.

    Raises:
        UsageError: they are not.
    """
    if not all(1 <= side <= _LARGEST for side in tile):
        sides = f"{tile[0]}x{tile[1]}"
        raise UsageError(f"the sides of a tile must be from 1 to {_LARGEST:,}, not {sides}")
    return tile
