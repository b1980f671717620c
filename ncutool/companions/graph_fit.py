"""Whether a capture run is that of the graphs that a trace replays: if not, it is not used at all.

Kernels that both programs share would otherwise take the shapes of another batch size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ncutool.base import units
from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.companions.graph_sequences import EXTRA, NO_FIT
from ncutool_parsers.errors import UnfitError

if TYPE_CHECKING:
    from ncutool.companions.graph_pairing import Pairing
    from ncutool_parsers.capture import Capture

UNFITTING = Threshold(
    50.0,
    "% of replayed time",
    "a capture run that leaves more without a match is that of another graph",
    "judgement",
)
THREADS_PER_BYTE = Threshold(
    4.0,
    "threads per byte",
    "a launch with more of them did more than the shapes of the capture run say",
    "judgement",
)
MANY_BLOCKS = IntThreshold(
    4_224,
    "blocks",
    "kernels that start a fixed number of blocks, whatever their work, start no more: 32 on each "
    "of 132 SMs",
    "judgement",
)

_REMEDY = "give the run that captured these graphs, at the same batch size"


def check(trace: Capture, work: pl.DataFrame, pairing: Pairing) -> None:
    """Raise UnfitError where the capture run does not fit, with the numbers that say so.

    Args:
        trace: the capture that holds the replays.
        work: its work table with what the capture run told.
        pairing: how much of the replays was paired.
    """
    missed = [rest for rest in pairing.unpaired if rest.reason in (NO_FIT, EXTRA)]
    pct = sum(rest.pct or 0.0 for rest in missed)
    if pct > UNFITTING:
        count = sum(rest.launches for rest in missed)
        raise UnfitError(
            f"{pairing.capture_run} does not fit {trace.name}: "
            f"{units.percent(pct)} of the replayed time "
            f"({units.counted(count, 'replayed kernel')}) has no match among its launches, "
            f"{units.counted(pairing.launches, 'kernel')} found one; {_REMEDY}"
        )
    large = _too_large(trace, work)
    if len(large):
        most = large.row(0, named=True)
        raise UnfitError(
            f"{pairing.capture_run} does not fit {trace.name}: "
            f"{units.counted(len(large), 'replayed kernel')} started far more threads than its "
            f"shapes have work for, {most['kernel']} {most['threads']:,} threads for "
            f"{most['dram_bytes']:,.0f} bytes; {_REMEDY}"
        )


def _too_large(trace: Capture, work: pl.DataFrame) -> pl.DataFrame:
    """Return the paired launches with more threads than their shapes have work for."""
    grid, block = (
        pl.reduce(lambda a, b: a * b, [pl.col(f"{what}_{axis}") for axis in "xyz"])
        for what in ("grid", "block")
    )
    replayed = trace.launches.filter(pl.col("graph_replay"))  # figures come from the capture run
    launches = replayed.select("launch_id", "kernel", blocks=grid, threads=grid * block)
    return (
        work.filter(pl.col("dram_bytes").is_not_null())
        .select("launch_id", "dram_bytes")
        .join(launches, on="launch_id")
        .filter(pl.col("blocks") > int(MANY_BLOCKS))
        .filter(pl.col("threads") > float(THREADS_PER_BYTE) * pl.col("dram_bytes"))
        .sort("threads", "launch_id", descending=[True, False])
    )
