"""What signals say: a regime, how sure it is, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass

from ncutool.planning.signals.statistics import Distribution

REGIMES = {
    "compute": "a compute pipe is the most used resource, past the limit",
    "memory": "device memory is the most used resource, past the limit",
    "balanced": "compute and memory are both used past the limit, and alike",
    "latency": "the device works and nears neither limit: waits, small grids, or launches",
    "mixed": "parts of the time are of different regimes, or means that do not tell them apart",
    "cache": "bytes came faster than device memory gives them",
    "fixed_cost": "a step takes nearly as long whatever its batch: weights read, or launches",
    "saturated": "a step takes longer as its batch grows: compute, or bytes of each sequence",
    "between": "neither the fixed part of a step nor what grows with its batch holds it alone",
    "idle": "no kernel ran for most of the time: host, input, or nothing to do",
    "busy": "kernels ran; what holds them these signals cannot tell",
    "unknown": "the signals do not tell, or contradict what is possible",
}
"""Every regime a verdict may name."""
CONFIDENCES = ("high", "medium", "low", "none")
"""``high``: counted by the hardware over many samples, or arithmetic on what was given; ``medium``:
one side is not seen, or a model is assumed; ``low``: few samples, or close to a boundary; ``none``:
no regime can be told."""


@dataclass(frozen=True)
class Figure:
    """A number that a verdict rests on."""

    name: str
    """With its unit at the end: ``..._pct``, ``..._per_s``, ``..._ns``, ``..._bytes``."""
    value: float | None
    remark: str = ""


@dataclass(frozen=True)
class Part:
    """A regime that some of the busy samples are of."""

    regime: str
    share_pct: float


@dataclass(frozen=True)
class Verdict:
    """What one source of signals says."""

    subject: str
    """Of what: `GPU 0 of dmon.txt`, `batch 8 to 16`. May hold a file's name."""
    kind: str
    """``nvidia-smi dmon``, ``dcgmi dmon``, ``dcgm-exporter``, ``batches``, ``token time`` or
    ``benchmark``."""
    regime: str
    """One of :data:`REGIMES`."""
    confidence: str
    """One of :data:`CONFIDENCES`."""
    reason: str
    """One sentence with the numbers."""
    figures: tuple[Figure, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    parts: tuple[Part, ...] = ()
    """Of the busy samples, where they were told apart; most first."""
    while_busy: str | None = None
    """The regime of the busy time, where ``regime`` is ``idle``."""
    notes: tuple[str, ...] = ()
    tells_more: tuple[str, ...] = ()
    """What to sample or measure next."""
    thresholds: tuple[str, ...] = ()
    """Names of :data:`ncutool.planning.signals.thresholds.BY_NAME`."""
