"""How busy each pipe of the multiprocessors is, and how much of the arithmetic is fused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ncutool.base.thresholds import IntThreshold

if TYPE_CHECKING:
    from collections.abc import Mapping

_PIPE = re.compile(
    r"sm__(?:inst_executed_)?pipe_([a-z0-9]+)(_\w+?)?\.avg\.pct_of_peak_sustained_(active|elapsed)"
)
_WHOLE_PIPES = ("", "_cycles_active", "_pred_on_any")
"""What a counter's name adds to the pipe's where it counts the whole pipe, and no part of it."""
_SHARED = "shared"
_IN_SHARED = frozenset({"fp64", "tensor", "fp16"})
"""The pipes that the logical pipe of this name sums up."""
_FUSIBLE = {"fp32": "f", "fp64": "d", "fp16": "h"}
_CORE = "smsp__sass_thread_inst_executed_op_{}{}_pred_on.sum.per_cycle_elapsed"
_FEW = IntThreshold(
    3, "pipes", "with fewer counted the busiest of them need not be the busiest of all",
    "judgement: every set of NVIDIA with pipes counts more",
)  # fmt: skip
_PER_FMA = IntThreshold(
    2, "operations", "a fused instruction does two, any other one", "arithmetic"
)

WANTED: tuple[str, ...] = (
    r"sm__(inst_executed_)?pipe_\w+\.avg\.pct_of_peak_sustained_(active|elapsed)",
)


class Pipe(NamedTuple):
    """One pipe of the multiprocessors."""

    name: str
    """NVIDIA's name, e.g. ``fma``."""
    pct: float
    """How much of what it can do at most it does."""


class Fused(NamedTuple):
    """How much of a launch's arithmetic is fused multiply-adds."""

    dtype: str
    share_pct: float
    """Fused among its floating-point instructions of that type."""

    @property
    def ceiling_pct(self) -> float:
        """What the mix can reach of the peak, which counts a fused instruction as two."""
        return 100 * (1 + (_PER_FMA - 1) * self.share_pct / 100) / _PER_FMA


class Pipes(NamedTuple):
    """What a launch's counters say of its pipes."""

    pipes: tuple[Pipe, ...]
    """Busiest first."""
    of: str | None
    """``active``: of the cycles in which a multiprocessor works; ``elapsed``: of the launch's, in
    reports that hold only those."""
    fused: Fused | None
    """Of the type with most instructions; None where it has none, or they were not counted."""

    @property
    def busiest(self) -> Pipe | None:
        """The busiest; None where none works, or so few are counted that another may be."""
        first = next(iter(self.pipes), None)
        return first if first is not None and first.pct > 0 and len(self.pipes) >= _FEW else None


def of_metrics(metrics: Mapping[str, float]) -> Pipes:
    """Return what the counters of one launch say of its pipes."""
    found: dict[str, dict[str, float]] = {"active": {}, "elapsed": {}}
    for name, value in metrics.items():
        match = _PIPE.fullmatch(name) if "pipe_" in name else None
        if match is not None and (match[2] or "") in _WHOLE_PIPES:
            kind = found[match[3]]
            kind[match[1]] = max(value, kind.get(match[1], 0.0))
    basis = next((kind for kind in found if found[kind]), None)
    busy = found[basis] if basis is not None else {}
    if not _IN_SHARED.isdisjoint(busy):
        busy.pop(_SHARED, None)
    pipes = [Pipe(name, pct) for name, pct in busy.items()]
    pipes.sort(key=lambda pipe: (-pipe.pct, pipe.name))
    return Pipes(tuple(pipes), basis, _fused(metrics))


def _fused(metrics: Mapping[str, float]) -> Fused | None:
    counted = []
    for dtype, letter in _FUSIBLE.items():
        add, mul, fma = (metrics.get(_CORE.format(letter, kind)) for kind in ("add", "mul", "fma"))
        if add is None or mul is None or fma is None or not add + mul + fma:
            continue
        counted.append((add + mul + fma, Fused(dtype, 100 * fma / (add + mul + fma))))
    return max(counted, default=(0.0, None), key=lambda one: one[0])[1]
