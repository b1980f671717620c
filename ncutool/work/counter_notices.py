"""What a report could not tell, and how to collect it: notices about a whole ncu capture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ncutool.work.counters import FAILED
from ncutool.work.evidence import NO_FLOP_COUNTERS, NO_TENSOR_COUNTERS
from ncutool_parsers.capture import Notice

if TYPE_CHECKING:
    from ncutool_parsers.capture import Capture

_FLOP_SECTIONS = (
    "--section SpeedOfLight_RooflineChart --section SpeedOfLight_HierarchicalTensorRooflineChart"
)
_HALF_SECTION = "--section SpeedOfLight_HierarchicalHalfRooflineChart"
_BASIC = (
    "This report was collected with the basic set: no FLOP counters. Placement below uses SOL % "
    "and exact DRAM bytes. For FLOPs re-run with `--set roofline` or add "
    f"`{_FLOP_SECTIONS}` (tensor cores), `{_HALF_SECTION}` (FP16), `--section SourceCounters` "
    "(SASS fallback), `--section LaunchStats`: "
    f"`ncu --set basic {_FLOP_SECTIONS} {_HALF_SECTION} --section SourceCounters "
    "-o report PROGRAM`."
)


def notices(capture: Capture, work: pl.DataFrame) -> tuple[Notice, ...]:
    """Notices on missing FLOPs, tensor counters and speeds of light of an ncu capture.

    Args:
        capture: the report.
        work: its :data:`ncutool.schema.WORK` table, from :func:`ncutool.work.counters.work`.
    """
    reason = pl.col("missing_reason").fill_null("")
    usable = work.filter(reason != FAILED)
    if usable.is_empty():
        return ()
    found = []
    flopless = usable.filter(reason.str.contains(NO_FLOP_COUNTERS, literal=True))
    if flopless.height:
        found.append(Notice("no_flop_counters", _no_flop(flopless, usable.height)))
    tensor = usable.filter(reason.str.contains(NO_TENSOR_COUNTERS, literal=True)).height
    if tensor:
        found.append(
            Notice(
                "no_tensor_counters",
                f"{tensor} of {usable.height} launches may have used the tensor cores, whose "
                "operations this report does not count, so their FLOPs are unknown. Re-run with "
                "`ncu --set full` of Nsight Compute 2025.1 or later, or add "
                "`--section SpeedOfLight_HierarchicalTensorRooflineChart`.",
            )
        )
    placed = usable.filter(pl.col("sm_sol_pct").is_not_null()).height
    if placed < usable.height:
        found.append(
            Notice(
                "no_speed_of_light",
                f"{usable.height - placed} of {usable.height} launches have no speed-of-light "
                "figures, so NVIDIA's bottleneck class is unknown for them: re-run with "
                "`--section SpeedOfLight`.",
            )
        )
    return tuple(found)


def _no_flop(flopless: pl.DataFrame, launches: int) -> str:
    """The notice for launches without FLOP counters; the basic set's is NVIDIA's most common."""
    basic = flopless.filter(
        pl.col("sm_sol_pct").is_not_null()
        & pl.col("waves").is_not_null()
        & (pl.col("bytes_source") == "cycles")
        & pl.col("l2_bytes").is_null()
    )
    if basic.height == launches:
        return _BASIC
    return (
        f"{flopless.height} of {launches} launches have no FLOP counters. For FLOPs re-run with "
        f"`ncu --set roofline -o report PROGRAM`, or add `{_FLOP_SECTIONS}` (tensor cores), "
        f"`{_HALF_SECTION}` (FP16), `--section SourceCounters` (SASS fallback)."
    )
