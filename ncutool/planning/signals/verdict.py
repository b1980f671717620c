"""What signals say: a regime, how sure it is, and what it rests on."""

from __future__ import annotations

from msgspec import Struct

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
    "contradictory": "memory or a pipe worked while no SM did: copies, or counters that cannot "
    "both be",
    "busy": "kernels ran; what holds them these signals cannot tell",
    "unknown": "the signals do not tell, or contradict what is possible",
}
"""Every regime a verdict may name."""
REMEDIES = {
    "compute": "fewer or narrower operations (fp8, int8, less padding); a faster kernel; more "
    "devices: a larger batch only adds time",
    "memory": "fewer bytes: fuse, narrower types, a larger batch for weights that are read once",
    "balanced": "both at once, or neither gains much: a fusion that saves bytes and FLOPs, or more "
    "devices",
    "latency": "more work at a time: a larger batch, larger grids, fused small kernels, CUDA "
    "graphs where launches are close",
    "mixed": "tell the parts apart first (a trace): each has a remedy of its own",
    "cache": "hold it against the cache's bandwidth, or measure with data larger than the cache",
    "fixed_cost": "a larger batch, which costs little more: up to the crossover of `plan llm`",
    "saturated": "more devices or fewer bytes and FLOPs an item; a larger batch gains no more",
    "between": "a larger batch still gains, ever less: measure the next doubling",
    "idle": "feed the device: data loading, waits of the host, more requests at a time",
    "busy": "sample the profiling counters, else nothing can be said of what holds it",
    "contradictory": "find out what copies (pinned transfers, offloading, peer copies), or sample "
    "the counters together again",
    "unknown": "sample or measure what is listed below first",
}
"""What to try in each regime."""
CONFIDENCES = ("high", "medium", "low", "none")
"""``high``: counted by the hardware over many samples, or arithmetic on what was given; ``medium``:
one side is not seen, or a model is assumed; ``low``: few samples, or close to a boundary; ``none``:
no regime can be told."""


class Figure(Struct, frozen=True):
    """A number that a verdict rests on."""

    name: str
    """With its unit at the end: ``..._pct``, ``..._per_s``, ``..._ns``, ``..._bytes``."""
    value: float | None
    remark: str = ""


class Part(Struct, frozen=True):
    """A regime that some of the busy samples are of."""

    regime: str
    share_pct: float


class Verdict(Struct, frozen=True):
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

    @property
    def remedy(self) -> str:
        """What to try in this regime."""
        return REMEDIES[self.regime]
