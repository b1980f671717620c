"""What a launch asks of its caches and of shared memory, and how well: from a report's counters."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_L1_HITS = "l1tex__t_sector_hit_rate.pct"
_L2_HITS = "lts__t_sector_hit_rate.pct"
_SECTORS = "l1tex__t_sectors_pipe_lsu_mem_{}_op_{}.sum"
_REQUESTS = "l1tex__t_requests_pipe_lsu_mem_{}_op_{}.sum"
_LOCAL_INSTRUCTIONS = {
    "ld": ("smsp__sass_inst_executed_op_local_ld.sum", "sass__inst_executed_local_loads"),
    "st": ("smsp__sass_inst_executed_op_local_st.sum", "sass__inst_executed_local_stores"),
}
_WAVEFRONTS = "l1tex__data_pipe_lsu_wavefronts_mem_shared_op_{}.sum"
_CONFLICTS = "l1tex__data_bank_conflicts_pipe_lsu_mem_shared_op_{}.sum"
_SHARED_REQUESTS = {
    "ld": ("smsp__sass_inst_executed_op_shared_ld.sum", "smsp__inst_executed_op_shared_ld.sum",
           "sass__inst_executed_shared_loads"),
    "st": ("smsp__sass_inst_executed_op_shared_st.sum", "smsp__inst_executed_op_shared_st.sum",
           "sass__inst_executed_shared_stores"),
}  # fmt: skip
"""Requests, by the first of these that was counted."""
_MATRIX_LOADS = "smsp__inst_executed_op_ldsm.sum"
"""Loads of matrices, which NVIDIA's rule counts among shared loads and no other counter holds."""

WANTED: tuple[str, ...] = (
    r"(l1tex|lts)__t_sector_hit_rate\.pct",
    r"l1tex__t_(sectors|requests)_pipe_lsu_mem_(global|local)_op_(ld|st)\.sum",
    r"l1tex__data_(pipe_lsu_wavefronts|bank_conflicts_pipe_lsu)_mem_shared_op_(ld|st)\.sum",
    r"smsp__(sass_)?inst_executed_op_(shared|local)_(ld|st)\.sum",
    r"smsp__inst_executed_op_ldsm\.sum",
    r"sass__inst_executed_(shared|local)_(loads|stores)",
)


class Conflicts(NamedTuple):
    """What one kind of access to shared memory costs."""

    conflicts: float
    """Passes that a conflict of banks adds."""
    wavefronts: float
    """Passes in all."""
    ways: float | None
    """Passes a request where some conflict, as NVIDIA's rule prints it: wide accesses take several
    without one. 1 where none conflicts; None where the requests are not counted."""


class Caches(NamedTuple):
    """What a launch asks of its caches; None where that was not collected."""

    l1_hit_pct: float | None
    l2_hit_pct: float | None
    load_sectors_per_request: float | None
    """Of global loads, 32-byte sectors that a warp's request touches."""
    store_sectors_per_request: float | None
    local_sectors: float | None
    """Of local memory, into which registers spill."""
    local_pct: float | None
    """Of the sectors of global and local accesses that L1 is asked for."""
    local_instructions: float | None
    shared_loads: Conflicts | None
    shared_stores: Conflicts | None


def of_metrics(metrics: Mapping[str, float]) -> Caches:
    """Return what the counters of one launch say of its caches and shared memory."""
    local = _sum(metrics, (_SECTORS.format("local", kind) for kind in ("ld", "st")))
    both = _sum(
        metrics,
        (_SECTORS.format(space, kind) for space in ("local", "global") for kind in ("ld", "st")),
    )
    return Caches(
        l1_hit_pct=metrics.get(_L1_HITS),
        l2_hit_pct=metrics.get(_L2_HITS),
        load_sectors_per_request=_per_request(metrics, "ld"),
        store_sectors_per_request=_per_request(metrics, "st"),
        local_sectors=local,
        local_pct=100 * local / both if local is not None and both else None,
        local_instructions=_local_instructions(metrics),
        shared_loads=_conflicts(metrics, "ld"),
        shared_stores=_conflicts(metrics, "st"),
    )


def _sum(metrics: Mapping[str, float], names: Iterable[str]) -> float | None:
    """Return the sum of counters; None where one is missing."""
    values = [metrics.get(name) for name in names]
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _per_request(metrics: Mapping[str, float], kind: str) -> float | None:
    sectors = metrics.get(_SECTORS.format("global", kind))
    requests = metrics.get(_REQUESTS.format("global", kind))
    return sectors / requests if sectors is not None and requests else None


def _local_instructions(metrics: Mapping[str, float]) -> float | None:
    found = [_first(metrics, names) for names in _LOCAL_INSTRUCTIONS.values()]
    known = [value for value in found if value is not None]
    return sum(known) if len(known) == len(found) else None


def _conflicts(metrics: Mapping[str, float], kind: str) -> Conflicts | None:
    conflicts = metrics.get(_CONFLICTS.format(kind))
    wavefronts = metrics.get(_WAVEFRONTS.format(kind))
    if conflicts is None or wavefronts is None:
        return None
    requests = _first(metrics, _SHARED_REQUESTS[kind])
    if kind == "ld" and requests is not None:
        requests += metrics.get(_MATRIX_LOADS, 0.0)
    ways = wavefronts / requests if requests else None
    return Conflicts(conflicts, wavefronts, 1.0 if conflicts == 0 and requests else ways)


def _first(metrics: Mapping[str, float], names: Iterable[str]) -> float | None:
    return next((metrics[name] for name in names if name in metrics), None)
