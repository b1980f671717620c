"""What a report could not tell, and how to collect it: notices about a whole ncu capture.

Each names the sections that bring the missing figure and the ``ncu`` command line that collects
them, by Nsight Compute's own section identifiers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ncutool.base import ncu_command
from ncutool.base.nvidia import PEAK_LIMIT
from ncutool_parsers.capture import Notice
from ncutool_parsers.counting import counted, counted_of

if TYPE_CHECKING:
    from ncutool_parsers.capture import Capture

_CORES = "SpeedOfLight_RooflineChart"
_TENSOR = "SpeedOfLight_HierarchicalTensorRooflineChart"
_HALF = "SpeedOfLight_HierarchicalHalfRooflineChart"
_SASS = "SourceCounters"
_FLOP_SECTIONS = " ".join(ncu_command.section_words((_CORES, _TENSOR)))
_TENSOR_COUNTERS_FROM = (2025, 1)


def command(*sections: str, chosen: ncu_command.Launches | None = None) -> str:
    """Return the command line that collects these sections and the basic set.

    Args:
        sections: their identifiers.
        chosen: which launches; None for all of them.
    """
    return f"`{ncu_command.line(chosen, sections=sections)}`"


_BASIC = (
    "This report was collected with the basic set: no FLOP counters. Placement below uses SOL % "
    "and {}. For FLOPs re-run with `--set roofline` or add "
    f"`{_FLOP_SECTIONS}` (tensor cores), `--section {_HALF}` (FP16), "
    f"`--section {_SASS}` (SASS fallback), `--section LaunchStats`: "
    f"{command(_CORES, _TENSOR, _HALF, _SASS)}."
)


def notices(capture: Capture, work: pl.DataFrame) -> tuple[Notice, ...]:
    """Notices on what is missing from an ncu capture or only estimated.

    Args:
        capture: the report.
        work: its :data:`ncutool.base.tables.WORK` table, from :func:`ncutool.work.counters.work`.
    """
    failed = pl.col("missing").list.contains("failed").fill_null(value=False)
    usable = work.filter(~failed)
    if usable.is_empty():
        return ()

    def lacking(code: str) -> pl.DataFrame:
        return usable.filter(pl.col("missing").list.contains(code))

    notes = []
    total = usable.height
    flopless = lacking("flop_counters")
    if flopless.height:
        notes.append(Notice("no_flop_counters", _no_flop(flopless, total)))
    if some := lacking("core_counters").height:
        text = f"{counted_of(some, total, 'launch', 'lack')} some CUDA-core counters, so their "
        text += f"FLOPs are unknown: re-run with {command(_CORES, _TENSOR)}."
        notes.append(Notice("partial_flop_counters", text))
    if tensor := lacking("tensor_counters").height:
        notes.append(Notice("no_tensor_counters", _no_tensor(capture, tensor, total)))
    if half := lacking("half_counters").height:
        text = f"{half:,} of {counted(total, 'launch')} ran half-precision operations that were "
        text += "not all counted, so their FLOPs are unknown: re-run with "
        text += f"{command(_CORES, _TENSOR, _HALF, _SASS)}."
        notes.append(Notice("no_half_counters", text))
    if guessed := usable.filter(pl.col("flop_source") == "pipe").height:
        text = f"The FLOPs of {guessed:,} of {counted(total, 'launch')} are estimates from the "
        text += "tensor pipe's activity and the data type that the kernel's name speaks of: for "
        text += f"counts re-run with {command(_CORES, _TENSOR, _SASS)}."
        notes.append(Notice("estimated_flop", text))
    notes += _beyond_hardware(usable)
    notes += _memory(lacking("dram_on_chip"), lacking("dram_counters").height, total)
    placed = usable.filter(pl.col("sm_sol_pct").is_not_null()).height
    if placed < total:
        notes.append(
            Notice(
                "no_speed_of_light",
                f"{counted_of(total - placed, total, 'launch', 'have')} no speed-of-light "
                "figures, so NVIDIA's bottleneck class is unknown for them: re-run with "
                "`--section SpeedOfLight`, or any set: `ncu --set basic -o report PROGRAM`.",
            )
        )
    return tuple(notes)


def _no_flop(flopless: pl.DataFrame, launches: int) -> str:
    """Word the notice for launches without FLOP counters; mostly the basic set was collected."""
    basic = flopless.filter(
        pl.col("sm_sol_pct").is_not_null()
        & pl.col("waves").is_not_null()
        & (pl.col("bytes_source") == "cycles")
        & pl.col("l2_bytes").is_null()
    )
    if basic.height == launches:
        exact = (basic["bytes_exactness"] == "exact").all()
        return _BASIC.format("exact DRAM bytes" if exact else "estimated DRAM bytes")
    return (
        f"{counted_of(flopless.height, launches, 'launch', 'have')} no FLOP counters. For FLOPs "
        f"re-run with `ncu --set roofline -o report PROGRAM`, or add `{_FLOP_SECTIONS}` (tensor "
        f"cores), `--section {_HALF}` (FP16), `--section {_SASS}` (SASS fallback): "
        f"{command(_CORES, _TENSOR, _HALF, _SASS)}."
    )


def _no_tensor(capture: Capture, tensor: int, launches: int) -> str:
    """Word the notice for uncounted tensor work; what collects it depends on the device."""
    text = (
        f"{tensor:,} of {counted(launches, 'launch')} may have used the tensor cores, whose "
        "operations this report does not count, so their FLOPs are unknown. "
    )
    capabilities = {device.compute_capability for device in capture.devices}
    if capabilities == {"7.0"}:
        return (
            f"{text}This chip has no such counters: re-run with {command(_CORES, _SASS)}, whose "
            "instruction counts tell them."
        )
    text += f"Re-run with {command(_CORES, _TENSOR, _SASS)}"
    if _version(capture) < _TENSOR_COUNTERS_FROM:
        text += ", or `ncu --set full -o report PROGRAM`, of Nsight Compute 2025.1 or later"
    return f"{text}."


def _version(capture: Capture) -> tuple[int, ...]:
    """Year and number of the ncu that wrote the report; early where it does not say."""
    parts = (capture.tool_version or "").split(".")[:2]
    return tuple(int(part) for part in parts) if all(p.isdigit() for p in parts) else (0,)


def _beyond_hardware(usable: pl.DataFrame) -> list[Notice]:
    """Tell how many launches record more bandwidth than their device can have."""
    beyond = pl.col("peak_bytes_per_s") > pl.col("hardware_bytes_per_s") * PEAK_LIMIT
    doubtful = usable.filter(beyond).height
    if not doubtful:
        return []
    text = (
        f"{counted_of(doubtful, usable.height, 'launch', 'record')} a DRAM peak beyond memory "
        "clock x bus width: their clock was sampled badly, and shares of that peak are doubtful."
    )
    return [Notice("peak_beyond_hardware", text)]


def _memory(without: pl.DataFrame, uncounted: int, launches: int) -> list[Notice]:
    notes = []
    if without.height:
        by_l2 = without.filter(pl.col("memory_level") == "l2").height
        text = "This chip has no DRAM counters: bytes of DRAM are unknown"
        text += (
            f", and {counted_of(by_l2, launches, 'launch', 'are')} held against L2 traffic "
            "and L2 bandwidth."
            if by_l2
            else f". For a roofline of L2 re-run with {command(_TENSOR)}, of Nsight Compute 2025.1 "
            "or later."
        )
        notes.append(Notice("no_dram_on_chip", text, "info"))
    if uncounted:
        text = f"{counted_of(uncounted, launches, 'launch', 'have')} no DRAM counters, so their "
        text += "bytes are unknown: re-run with `--section SpeedOfLight`, or any set: "
        text += "`ncu --set basic -o report PROGRAM`."
        notes.append(Notice("no_dram_counters", text))
    return notes
