"""Which unit the two speeds of light of a report's launch are those of: DRAM, L2, L1, which pipe.

NVIDIA's compute and memory speeds of light are each the largest of a list of shares (their
breakdown, which every section set that has the two holds too). The unit of the share that equals
the speed of light is what reaches it. Where no share that is known here equals it, the largest is
one that is not known, and nothing is said.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from ncutool.base.thresholds import Threshold

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_ENDING = ".avg.pct_of_peak_sustained_elapsed"
_LEVELS = {"dram": "dram", "fbpa": "dram", "lts": "l2", "l1tex": "l1"}
_PIPE = re.compile(r"sm__(?:inst_executed_)?pipe_([a-z0-9]+)\w*")
_PIPES = {"shared": "shared_pipe", "fmaheavy": "fma", "fmalite": "fma"}
_OTHERS = {
    "sm__inst_executed": "issue",
    "sm__issue_active": "issue",
    "sm__mio2rf_writeback_active": "mio",
    "sm__mio_inst_issued": "mio",
    "sm__mio_pq_read_cycles_active": "mio",
    "sm__mio_pq_write_cycles_active": "mio",
    "idc__request_cycles_active": "constant",
}
_DISTRIBUTED = "l1tex__m_xbar2l1tex_read_sectors_mem_dshared"
_DATA_PIPE = ("l1tex__data_pipe_lsu_wavefronts", "l1tex__data_bank_reads",
              "l1tex__data_bank_writes")  # fmt: skip
"""What both shared memory and the first-level cache pass through."""
_SHARED = "l1tex__data_pipe_lsu_wavefronts_mem_shared.sum.pct_of_peak_sustained_elapsed"
_ALL = _DATA_PIPE[0] + _ENDING
MOSTLY_SHARED = Threshold(
    0.5,
    "share of wavefronts",
    "from this share on the data pipe of L1 is busy with shared memory above all",
    "arithmetic: more than all the rest together",
)
_WHOLE = {
    "gpu__dram_throughput": "dram",
    "lts__throughput": "l2",
    "l1tex__throughput": "l1",
}
"""What a level's own largest share is called, where a report holds it without its parts."""
_SAME = 1e-6
MEMORY_LEVELS = ("dram", "l2", "l1", "shared")
"""What `memory_sol_level` may be."""

CACHE_OF = {"shared": "l1"}
"""Shared memory lies in the first-level cache, which NVIDIA's rule SOLBottleneck names for both."""


def limiting(level: str | None) -> tuple[str | None, str | None]:
    """Return what `limiting_level` and `limiting_detail` say of a speed of light: the level or pipe
    that NVIDIA's text names, and the part of it where that is known.

    Args:
        level: `memory_sol_level` or `sm_sol_unit`.
    """
    cache = CACHE_OF.get(level or "")
    return (level, None) if cache is None else (cache, level)


WANTED: tuple[str, ...] = (
    r"(?:dram|fbpa|lts|l1tex|idc)__\w+\.avg\.pct_of_peak_sustained_elapsed",
    *(re.escape(name + _ENDING) for name in _WHOLE),
    r"sm__(?:inst_executed|issue|mio|pipe)\w*\.avg\.pct_of_peak_sustained_elapsed",
    _SHARED.replace(".", r"\."),
)


def memory_level(metrics: Mapping[str, float], sol_pct: float | None) -> str | None:
    """Return the memory level whose share is the memory speed of light; None where unknown.

    Args:
        metrics: a launch's counters by NVIDIA's metric name.
        sol_pct: its memory speed of light.
    """
    equal = _equal(metrics, sol_pct)
    names = [name for name in equal if name not in _WHOLE and name.partition("__")[0] in _LEVELS]
    levels = {_LEVELS[name.partition("__")[0]] for name in names}
    levels = levels or {_WHOLE[name] for name in equal if name in _WHOLE}
    level = next((level for level in MEMORY_LEVELS if level in levels), None)
    if level != "l1" or not names:
        return level
    if names == [_DISTRIBUTED]:
        return "shared"
    return "shared" if _is_shared(metrics, names) else level


def compute_unit(metrics: Mapping[str, float], sol_pct: float | None) -> str | None:
    """Return the pipe, or other unit, whose share is the compute speed of light, likewise."""
    units = {unit for name in _equal(metrics, sol_pct) if (unit := _unit(name)) is not None}
    # The pipe that tensor cores and FP64 units share is named only where neither of them is.
    named = sorted(units - {"shared_pipe"}) or sorted(units)
    return named[0] if len(named) == 1 else None


def _unit(name: str) -> str | None:
    if (pipe := _PIPE.fullmatch(name)) is not None:
        return _PIPES.get(pipe[1], pipe[1])
    return _OTHERS.get(name)


def _equal(metrics: Mapping[str, float], sol_pct: float | None) -> list[str]:
    """Return the names, without their ending, of the shares that equal a speed of light above 0."""
    if not sol_pct:
        return []
    return sorted(
        name.removesuffix(_ENDING)
        for name, value in metrics.items()
        if name.endswith(_ENDING)
        and ("throughput" not in name or name.removesuffix(_ENDING) in _WHOLE)
        and math.isclose(value, sol_pct, rel_tol=_SAME)
    )


def _is_shared(metrics: Mapping[str, float], names: Iterable[str]) -> bool:
    """Whether the data pipe of L1 is the unit, and shared memory most of what passes through."""
    shared, everything = metrics.get(_SHARED), metrics.get(_ALL)
    if shared is None or not everything or not set(names) <= set(_DATA_PIPE):
        return False
    return shared >= MOSTLY_SHARED * everything
