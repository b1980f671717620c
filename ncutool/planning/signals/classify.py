"""All signals at hand to one report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from ncutool.base import units
from ncutool.base.thresholds import Threshold
from ncutool.devices.resolve import Device, load_devices, resolve
from ncutool.planning.signals.batches import classify_batches
from ncutool.planning.signals.benchmark import Benchmark, classify_benchmark
from ncutool.planning.signals.labels import BUSY
from ncutool.planning.signals.reading import read
from ncutool.planning.signals.sampled import classify_gpu
from ncutool.planning.signals.sampled_notes import SHORT
from ncutool.planning.signals.series import GpuSamples, Series
from ncutool.planning.signals.token_time import TokenTime, classify_token
from ncutool.planning.signals.verdict import CONFIDENCES, Verdict
from ncutool_parsers.errors import UsageError

_RESOURCES = ("compute", "memory", "balanced")
_APART = Threshold(
    30.0,
    "points",
    "GPUs of one file differ where their busy time differs by more",
    "judgement",
)


class Report(Struct, frozen=True):
    """What the signals say, source by source and together."""

    headline: str
    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...]
    device: Device | None
    device_how: str
    """How the device was found; empty where none was asked for and none told."""


def classify(
    series: Iterable[Series | Path | str] = (),
    *,
    batches: Sequence[tuple[float, float]] = (),
    token_time: TokenTime | None = None,
    benchmark: Benchmark | None = None,
    device: Device | str | None = None,
    known: tuple[Device, ...] | None = None,
) -> Report:
    """Return the regime that signals tell, without a profile.

    >>> from ncutool.planning import signals
    >>> found = signals.classify(batches=[(8, 1200.0), (16, 2300.0)])
    >>> found.verdicts[0].regime
    'fixed_cost'

    Args:
        series: samples over time, or paths of files that hold them.
        batches: batch and throughput (items a second of all of it), at least two.
        token_time: a measured decode step.
        benchmark: a measured step whose FLOPs or bytes are known.
        device: a row of the device table, or a name as ``--device`` takes it.
        known: devices to choose from by name, ncutool's own where None.

    Raises:
        UsageError: no signal is given, a value is none, or the device is not known.
        CaptureError: a file cannot be read, or holds no samples.
    """
    sampled = [each if isinstance(each, Series) else read(Path(each)) for each in series]
    if not sampled and not batches and token_time is None and benchmark is None:
        raise UsageError(
            "no signal given: a file of samples (nvidia-smi dmon, dcgmi dmon, dcgm-exporter), "
            "--throughput twice, --token-time-ms, or --seconds with --flop or --bytes"
        )
    found, how = _device(device, known)
    verdicts = [
        *(
            classify_gpu(each, gpu, _sm_count(gpu, found, known))
            for each in sampled
            for gpu in each.gpus
        ),
        *(classify_batches(batches) if batches else ()),
        *((classify_token(token_time, found),) if token_time else ()),
        *((classify_benchmark(benchmark, found),) if benchmark else ()),
    ]
    notes = (*_read_notes(sampled), *_together(sampled, verdicts))
    return Report(_headline(verdicts), tuple(verdicts), notes, found, how)


def _device(
    device: Device | str | None, known: tuple[Device, ...] | None
) -> tuple[Device | None, str]:
    if isinstance(device, Device):
        return device, device.name
    if device is None:
        return None, ""
    return resolve(None, device, known).device, f"--device {device}"


def _sm_count(
    gpu: GpuSamples, device: Device | None, known: tuple[Device, ...] | None
) -> int | None:
    """Return the SM count of the device that was named, or of the one whose recorded name the
    samples carry."""
    if device is not None or gpu.model is None:
        return device.sm_count if device else None
    rows = load_devices() if known is None else known
    return next((row.sm_count for row in rows if gpu.model in (row.name, *row.names)), None)


def _headline(verdicts: Sequence[Verdict]) -> str:
    """Return the surest regime, or that they differ."""
    best = min((CONFIDENCES.index(each.confidence) for each in verdicts), default=0)
    surest = [each for each in verdicts if CONFIDENCES.index(each.confidence) == best]
    regimes = list(dict.fromkeys(named(each) for each in surest))
    sure = CONFIDENCES[best]
    confidence = "no regime can be told" if sure == "none" else f"confidence {sure}"
    if len(regimes) == 1:
        many = f", in {len(surest)} of {len(verdicts)} sources" if len(verdicts) > 1 else ""
        return f"{regimes[0]} ({confidence}{many})"
    return f"{' / '.join(regimes)}: they differ by source ({confidence})"


def named(verdict: Verdict) -> str:
    """Return a regime in words, with that of the busy time."""
    regime = verdict.regime.replace("_", " ")
    if verdict.while_busy is None:
        return regime
    return f"{regime}; while busy: {verdict.while_busy.replace('_', ' ')}"


def _read_notes(sampled: Sequence[Series]) -> tuple[str, ...]:
    notes = []
    for each in sampled:
        if each.refused_values:
            notes.append(
                f"{each.source}: {units.counted(each.refused_values, 'value')} left out: not "
                "between 0 and 100 % of a time (ratios of DCGM go from 0 to 1)"
            )
        if each.skipped_lines:
            notes.append(
                f"{each.source}: {units.counted(each.skipped_lines, 'line')} left out: no sample "
                "under the heading before it"
            )
    return tuple(notes)


def _together(sampled: Sequence[Series], verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """Return what several GPUs or several sources say of each other."""
    notes = []
    for each in sampled:
        if len(each.gpus) < 2:
            continue
        notes.append(
            f"{each.source}: {len(each.gpus)} GPUs; a collective counts as work of each of them, "
            "so that waiting for other GPUs is unknown here"
        )
        notes += _imbalance(each)
    regimes = {verdict.regime for verdict in verdicts if verdict.regime in _RESOURCES}
    if {"compute", "memory"} <= regimes:
        notes.append(
            "one source says compute and another memory: they may be of different times, batches "
            "or kernels; what holds each is in its own lines"
        )
    return tuple(notes)


def _imbalance(series: Series) -> tuple[str, ...]:
    """Say that the GPUs of a file were not busy alike, by the first signal that tells of
    several."""
    for signal in (*BUSY, "sm_active_pct"):
        means = {
            gpu.name: sum(known) / len(known)
            for gpu in series.gpus
            if (known := [each for each in gpu.columns.get(signal, ()) if each is not None])
        }
        if len(means) > 1:
            low, high = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
            if means[high] - means[low] < _APART:
                return ()
            return (
                f"{series.source}: GPUs differ: mean {SHORT[signal]} {units.percent(means[high])} "
                f"on {high} and {units.percent(means[low])} on {low}",
            )
    return ()
