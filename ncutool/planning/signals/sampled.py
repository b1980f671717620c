"""The regime of one GPU from its samples over time."""

from __future__ import annotations

from collections import Counter

from ncutool.base import units
from ncutool.planning.signals import sampled_notes
from ncutool.planning.signals.labels import ELSEWHERE, PIPES, Labels, label
from ncutool.planning.signals.series import SIGNALS, GpuSamples, Series
from ncutool.planning.signals.statistics import Distribution, distribution, percentile
from ncutool.planning.signals.thresholds import (
    CONTRADICTED,
    FEW_SAMPLES,
    IDLE_SAMPLE,
    MOSTLY_IDLE,
    SAME,
)
from ncutool.planning.signals.verdict import Figure, Part, Verdict

_TOLD = ("compute", "memory", "balanced", "latency", "mixed")


def classify_gpu(series: Series, gpu: GpuSamples, sm_count: int | None = None) -> Verdict:
    """Return what the samples of one GPU say.

    Args:
        sm_count: of the device, where it is known: what one thread block is of it.
    """
    labels = label(gpu.columns, gpu.samples)
    spread = tuple(
        spread_of
        for signal in SIGNALS
        if signal in gpu.columns
        and (spread_of := distribution(signal, gpu.columns[signal])) is not None
    )
    parts = _parts(labels)
    inner = _inner(parts, labels)
    idle_pct = _idle_pct(labels, spread)
    regime = "idle" if idle_pct is not None and idle_pct > MOSTLY_IDLE else inner
    contradicted = regime in ("idle", "unknown", "busy") and _contradicted(labels)
    if contradicted:
        regime = "contradictory"
    while_busy = inner if regime == "idle" and labels.busy_samples and inner != "busy" else None
    medians = _busy_medians(gpu, labels)
    return Verdict(
        subject=f"{gpu.name} of {series.source}",
        kind=series.kind,
        regime=regime,
        confidence=_confidence(regime, labels, gpu),
        reason=(
            sampled_notes.contradiction(labels, _contradicting(gpu, labels))
            if contradicted
            else sampled_notes.reason(regime, labels, idle_pct, medians, parts)
        ),
        figures=_figures(labels, idle_pct),
        distributions=spread,
        parts=parts,
        while_busy=while_busy,
        notes=sampled_notes.notes(gpu, labels, spread, sm_count),
        tells_more=sampled_notes.tells_more(regime, frozenset(gpu.columns), series.kind),
        thresholds=_thresholds(frozenset(gpu.columns)),
    )


def _contradicted(labels: Labels) -> bool:
    """Return whether memory or pipes were busy in much of the time in which no SM worked."""
    without = labels.idle_samples + labels.contradictory_samples
    return without > 0 and 100 * labels.contradictory_samples / without >= CONTRADICTED


def _contradicting(gpu: GpuSamples, labels: Labels) -> dict[str, float]:
    """Return medians of all signals over the contradictory samples."""
    medians = {}
    for signal in (*SIGNALS, *ELSEWHERE):
        values = sorted(
            value
            for value, regime in zip(gpu.columns.get(signal, ()), labels.regimes, strict=False)
            if value is not None and regime == "contradictory"
        )
        if values:
            medians[signal] = percentile(values, 50)
    return medians


def _busy_medians(gpu: GpuSamples, labels: Labels) -> dict[str, float]:
    """Return medians over the samples that are not idle, which a regime's sentence speaks of."""
    medians = {}
    for signal, column in gpu.columns.items():
        values = sorted(
            value
            for value, regime in zip(column, labels.regimes, strict=True)
            if value is not None and regime not in ("idle", "contradictory")
        )
        if values:
            medians[signal] = percentile(values, 50)
    return medians


def _parts(labels: Labels) -> tuple[Part, ...]:
    """Return the regimes of the busy samples that were told, most first."""
    counts = Counter(regime for regime in labels.regimes if regime in _TOLD)
    return tuple(
        Part(regime, 100 * count / labels.busy_samples) for regime, count in counts.most_common()
    )


def _inner(parts: tuple[Part, ...], labels: Labels) -> str:
    """Return the regime of the busy samples together."""
    told_pct = sum(part.share_pct for part in parts)
    if not parts or told_pct < SAME:
        return "busy" if labels.busy_pct is not None else "unknown"
    return parts[0].regime if parts[0].share_pct >= SAME else "mixed"


def _idle_pct(labels: Labels, spread: tuple[Distribution, ...]) -> float | None:
    """Return the share (%) of time without work; of samples, where only SM activity tells."""
    if labels.busy_pct is not None:
        return 100 - labels.busy_pct
    if any(each.signal == "sm_active_pct" for each in spread):
        return 100 * labels.idle_samples / len(labels.regimes)
    return None


def _confidence(regime: str, labels: Labels, gpu: GpuSamples) -> str:
    if regime in ("busy", "unknown", "contradictory"):
        return "none"
    few = gpu.samples < FEW_SAMPLES
    if regime == "idle":
        return "low" if few else "high"
    if few or (regime != "mixed" and labels.busy_samples < FEW_SAMPLES):
        return "low"
    if regime in ("latency", "mixed"):
        told_apart = Counter(labels.regimes)["mixed"] == 0
        return "medium" if told_apart else "low"
    wanted = {"dram_active_pct", *PIPES}
    return "high" if wanted <= set(gpu.columns) else "medium"


def _figures(labels: Labels, idle_pct: float | None) -> tuple[Figure, ...]:
    how = {
        "graphics_active_pct": "of the time, by the engine's activity",
        "gpu_util_pct": "of the time, by GPU-Util",
        None: "of the samples, by SM activity",
    }
    samples = len(labels.regimes)
    return (
        Figure("idle_pct", idle_pct, how[labels.busy_signal] if idle_pct is not None else ""),
        Figure(
            "idle_samples_pct",
            100 * labels.idle_samples / samples if samples and idle_pct is not None else None,
            f"{units.count(labels.idle_samples)} of {units.counted(samples, 'sample')} under "
            f"{units.percent(IDLE_SAMPLE)}",
        ),
    )


def _thresholds(signals: frozenset[str]) -> tuple[str, ...]:
    """Return the names of the boundaries that a verdict on these signals rests on."""
    names = [
        "idle_sample", "busy_elsewhere", "contradicted", "mostly_idle", "few_samples",
        "levels_explain", "level_gap", "level_share",
    ]  # fmt: skip
    if signals & {"dram_active_pct", *PIPES}:
        names += ["limit", "balance", "same"]
    if "dram_active_pct" in signals:
        names.append("dram_reachable")
    if "sm_active_pct" in signals:
        names += ["sm_effective", "sm_ineffective"]
    return tuple(names)
