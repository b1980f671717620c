"""Kernels with fewer blocks than the device has multiprocessors, far from any limit."""

from __future__ import annotations

import re
from collections import Counter

import polars as pl

from ncutool import units
from ncutool.advice.context import Context, Draft

_PERSISTENT = re.compile(
    r"(?i)sm(90|100|103|120)_|nvjet|persistent|stream_?k|cutlass3x|cooperative|_coop[A-Z]?_|triton_mm|"
    r"matmul_ogs|fmha|flash|nccl|rccl|multimem|all_?reduce"
)
"""Kernels that stay on the device and fetch their work, and communication: few blocks are meant."""
_TRITON = re.compile(r"^triton_(poi|red|per)_")
_FLOOR = 2
"""A launch within so many times the shortest there is has nothing to gain."""
_LINK = "https://docs.pytorch.org/docs/stable/generated/torch.cuda.Stream.html"


def drafts(context: Context, taken: set[int]) -> list[Draft]:
    """At most one: run them side by side, or give them more work.

    A launch saves at most ``t · (1 - blocks / multiprocessors)``, as NVIDIA's rule for small grids
    has it, and never more than leaves the shortest time of a launch.
    """
    count = context.device.sm_count if context.device else None
    if not count:
        return []
    floor = context.latency_ns
    small = context.kernels.filter(
        (pl.col("bound") == "small_grid") & (pl.col("duration_ns") > _FLOOR * floor)
    ).with_columns(blocks=pl.col("grid_x") * pl.col("grid_y") * pl.col("grid_z"))
    meant = {
        name
        for name, family in small.select("kernel_full", "family").unique().iter_rows()
        if _stays(name, family)
    }
    rows = [
        row
        for row in small.select(
            "launch_id", "duration_ns", "blocks", "kernel", "kernel_full"
        ).iter_rows()
        if row[0] not in taken and row[2] and row[4] not in meant
    ]
    if not rows:
        return []
    durations = [row[1] for row in rows]
    best = [
        max(duration * row[2] // count, floor)
        for duration, row in zip(durations, rows, strict=True)
    ]
    times: Counter[str] = Counter()
    for row in rows:
        times[row[3]] += row[1]
    longest = ", ".join(
        f"{name} ({units.time(ns)})"
        for name, ns in sorted(times.items(), key=lambda one: (-one[1], one[0]))[:3]
    )
    return [
        Draft(
            kind="batch",
            title="Fill the device: kernels with fewer blocks than multiprocessors",
            grade="possible",
            launches=tuple(row[0] for row in rows),
            best=tuple(best),
            worst=tuple(durations),
            evidence=(
                f"{units.counted(len(rows), 'launch', 'launches')} with fewer blocks than the "
                f"{count} multiprocessors, below 40 % of the roof, "
                f"{'takes' if len(rows) == 1 else 'take'} {context.share(sum(durations))}: "
                f"{longest}.",
                "At most the idle multiprocessors' part of each is saved, t · (1 - blocks / "
                f"{count}), when as much other work runs beside it; the low end is 0.",
            ),
            remedy="Give them more work at once (a larger batch, tensors of several layers "
            "together), or launch independent ones on several streams.",
            code="with torch.cuda.stream(side): ...  # independent work beside it",
            link=_LINK,
            caveat="Kernels that wait for each other's results cannot run side by side.",
        )
    ]


def _stays(name: str, family: str | None) -> bool:
    if family in ("collective", "attention"):
        return True
    if family == "triton" and not _TRITON.match(name):
        return True
    return bool(_PERSISTENT.search(name))
