"""The words outputs share: one label per bound, cause and roof, the same everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from ncutool.base.thresholds import Threshold

if TYPE_CHECKING:
    from collections.abc import Mapping

LOW_ROOF_PCT = Threshold(
    40.0, "% of its roof", "below this outputs mark a launch as having room", "judgement"
)

BOUNDS: dict[str, str] = {
    "memory": "memory-bound",
    "compute": "compute-bound",
    "balanced": "balanced between both",
    "cache": "served from cache",
    "below_memory_roof": "below the memory roof",
    "below_compute_roof": "below the compute roof",
    "latency": "latency-bound",
    "small_grid": "grid too small",
    "communication": "communication",
    "copy": "copies",
    "unknown": "unknown",
    "idle": "idle",
}
"""What each bound (and idle time) is called, in the order outputs list them."""

SHORT_BOUNDS: dict[str, str] = {
    "memory": "memory",
    "compute": "compute",
    "balanced": "balanced",
    "cache": "cache",
    "below_memory_roof": "below memory",
    "below_compute_roof": "below compute",
    "latency": "latency",
    "small_grid": "small grid",
    "communication": "comm.",
    "copy": "copy",
    "unknown": "unknown",
    "idle": "idle",
}

LEVELS: dict[str, str] = {"dram": "DRAM", "l2": "L2", "l1": "L1", "shared": "shared memory"}
"""What the memory levels are called; a pipe is called as its ``limiting_level``."""
_HELD = ("memory", "compute")
PARTS: dict[str, str] = {
    "on_roofline": "on the roofline",
    "bytes_only": "bytes only",
    "flops_only": "FLOPs only",
    "helper": "helper kernels",
    "copy": "copies",
    "communication": "communication",
    "no_figures": "no figures",
}
"""What each part of the launch time is called (:data:`ncutool.base.tables.PARTS`)."""

GAP_CAUSES: dict[str, str] = {
    "profiler": "the profiler's own work",
    "input_pipeline": "waiting for input data",
    "graph_capture": "capturing a graph",
    "compilation": "compiling code",
    "allocator": "memory allocation",
    "long_launch": "a launch call over 1 ms",
    "initialise": "first use: code, streams, events or a library set up",
    "synchronize": "synchronising",
    "copy_call": "copy calls",
    "launch_call": "launch calls",
    "dispatch": "dispatch on the CPU",
    "inside_operator": "the CPU inside one operator",
    "silent_host": "the CPU in code that calls no operator",
    "ops_missing": "the CPU, whose operators were not recorded",
    "latency": "launch latency",
    "queue": "between queued launches",
    "communication": "handing over between a collective and another stream",
    "other_device": "while another GPU works",
    "finished": "after the GPU's last launch",
    "unlinked": "before launches without a record",
    "unexplained": "unexplained",
}

_UNITS_OF_MATH = {"fp": "FP", "bf": "BF", "tf": "TF", "int": "INT"}

SOURCES: dict[str, str] = {
    "counter": "hardware counters",
    "sass": "executed instructions (SASS)",
    "opcode": "opcode counts",
    "pipe": "pipe utilisation, an estimate",
    "cycles": "DRAM cycles",
    "shape": "operator shapes",
    "kernel_args": "the kernel's own arguments",
    "joined": "a joined report",
    "none": "not known",
}
"""Where FLOPs and bytes come from, in words."""


def short_bound(row: Mapping[str, Any]) -> str:
    """Return a bound in few words, with the memory level or the pipe where it is known.

    Args:
        row: of the kernels table, or of a table of groups; without ``limiting_level``, no level.
    """
    bound, level = row["bound"], row.get("limiting_detail") or row.get("limiting_level")
    word = SHORT_BOUNDS.get(bound, bound)
    return f"{word}: {LEVELS.get(level, level)}" if level and bound in _HELD else word


def roof(name: str) -> str:
    """Return a roof's name as people write it: `bf16_tensor` is `BF16 tensor`."""
    kind, _, unit = name.partition("_")
    for prefix, written in _UNITS_OF_MATH.items():
        if kind.startswith(prefix):
            kind = written + kind.removeprefix(prefix)
            break
    return f"{kind} {unit}".strip()


def source(name: str | None) -> str:
    """Return a source of figures in words; mixtures keep their list."""
    return SOURCES.get(name or "none", name or "not known")


def gap_cause(name: str) -> str:
    """Return a cause of idle time in words."""
    return GAP_CAUSES.get(name, name.replace("_", " "))


def roof_mark(share_pct: float | None) -> Literal["above", "low", ""]:
    """Return how outputs mark a share of a roof: above 100 %, low, or not at all."""
    if share_pct is None:
        return ""
    return "above" if share_pct > 100 else "low" if share_pct < LOW_ROOF_PCT else ""
