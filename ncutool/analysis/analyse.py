"""The waist: a capture becomes an Analysis; every output reads nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from ncutool import advice
from ncutool.advice.view.ranks import rank_minima
from ncutool.analysis import headline
from ncutool.companions import launch_work, summary
from ncutool.devices import ceilings, resolve
from ncutool.devices.table import with_file
from ncutool.roofline import place
from ncutool.roofline.coverage import cover
from ncutool.timeline import window as timeline
from ncutool.work import counters
from ncutool.work.operators import plugins
from ncutool_parsers import read
from ncutool_parsers.capture import Notice
from ncutool_parsers.errors import UsageError
from ncutool_parsers.interface import DEFAULT_MAX_BYTES, ReadOptions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    import pandas as pd

    from ncutool.advice.view.finding import Advice, Finding
    from ncutool.companions.graph_pairing import Pairing
    from ncutool.companions.summary import Join
    from ncutool.devices.ceilings import Ceiling, Measured
    from ncutool.devices.resolve import Device, Resolution
    from ncutool.roofline.coverage import Coverage
    from ncutool.timeline.window import Timeline
    from ncutool_parsers.capture import Capture, DeviceRecord
    from ncutool_parsers.interface import Progress


@dataclass(frozen=True)
class Analysis:
    """One capture, analysed."""

    capture: Capture
    resolution: Resolution
    kernels: pl.DataFrame
    """The public contract: :data:`ncutool.base.tables.KERNELS`."""
    coverage: Coverage
    timeline: Timeline | None
    """None for reports: ncu serialises launches, so their start times say nothing."""
    advice: Advice
    notices: tuple[Notice, ...]
    headline: str
    """The verdict in one sentence with numbers."""
    join: Join | None = None
    """What a report's counters gave to this trace; None where none was joined."""
    pairing: Pairing | None = None
    """What a capture run told of this trace's graph replays; None where none was given."""
    ceilings: tuple[Ceiling, ...] = ()
    """How far the device's peaks are reached: information beside them (traces)."""
    report: Capture | None = None
    """The report whose counters are on this trace's launches."""
    capture_run: Capture | None = None
    """The run that told the operators of this trace's graph replays."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What to do, surest saving first."""
        return self.advice.findings

    @property
    def window_ns(self) -> int:
        """The time that percentages of findings refer to: wall for traces, sum for reports."""
        if self.timeline is not None:
            return self.timeline.wall_ns
        return self.coverage.duration_ns

    def to_pandas(self) -> pd.DataFrame:
        """The ``kernels`` table as a pandas DataFrame."""
        return self.kernels.to_pandas()


def analyse(
    capture: Capture,
    device: str | None = None,
    *,
    known: tuple[Device, ...] | None = None,
    measured: Measured | None = None,
    report: Capture | None = None,
    capture_run: Capture | None = None,
    ranks: Sequence[Capture] = (),
    whole_steps: bool = False,
) -> Analysis:
    """Everything ncutool has to say of one capture.

    Args:
        capture: what a reader found.
        device: name of the device to hold it against, where the capture's own is wrong or
            missing.
        known: the devices to choose from; ncutool's own where None.
        measured: rates that replace the device's peaks (traces; a report keeps its own).
        report: an ncu capture of the same program, whose counters go on a trace's launches.
        capture_run: the run that captured the graphs that a trace replays.
        ranks: traces of other ranks of the same job, which tell waiting from transfer.
        whole_steps: cut a trace's window to whole steps.

    Raises:
        UsageError: ``device`` names no known device, or several, or ``measured`` or ``report``
            is of another, or ``ranks`` or ``whole_steps`` go with a report.
    """
    traits = capture.traits
    _check_traces(capture, ranks, whole_steps)
    datasheet = resolve.resolve(recorded_device(capture), device, known)
    held = ceilings.hold(datasheet.device, None if traits.peaks_recorded else measured)
    resolution = replace(datasheet, device=held.device, how=datasheet.how + held.how)
    done = launch_work.work_of(capture, report, capture_run)
    placed = place.place(capture, done.work, resolution.device)
    kernels = placed if done.join is None else summary.with_flags(placed, resolution.device)
    window = timeline.build(capture, whole_steps) if traits.has_timeline else None
    others = [_of_rank(other, resolution.device) for other in ranks]
    advised = advice.advise(kernels, capture, window, resolution.device, others)
    coverage = cover(kernels)
    notices = [
        *capture.notices,
        *done.notices,
        *_notices(capture, resolution, placed, window),
        *summary.doubts(kernels),
        *_unpaired(kernels, others),
        *(_unused(measured, capture) if traits.peaks_recorded else ()),
        *(() if traits.figures_counted else _of_plugins()),
    ]
    return Analysis(
        capture=capture,
        resolution=resolution,
        kernels=kernels,
        coverage=coverage,
        timeline=window,
        advice=advised,
        notices=_gravest_first(notices),
        headline=headline.write(kernels, coverage, window, advised.findings),
        join=done.join,
        pairing=done.pairing,
        ceilings=(*held.given, *ceilings.calibrate(kernels, capture, datasheet.device)),
        report=report,
        capture_run=capture_run,
    )


def read_and_analyse(
    path: str | PathLike[str],
    *,
    device: str | None = None,
    device_file: Path | None = None,
    measured_file: Path | None = None,
    report_file: str | PathLike[str] | None = None,
    capture_file: str | PathLike[str] | None = None,
    rank_files: Sequence[str | PathLike[str]] = (),
    whole_steps: bool = False,
    max_bytes: int = DEFAULT_MAX_BYTES,
    progress: Progress | None = None,
) -> Analysis:
    """Read one capture file, with only the counters that the analysis needs, and analyse it.

    Args:
        device: see :func:`analyse`.
        device_file: devices of the user's own, in the format of devices.toml; its rows win.
        measured_file: measured rates that replace peaks (:func:`ncutool.devices.ceilings.load`).
        report_file: an ncu report whose counters go on the trace's launches.
        capture_file: a trace of the run that captured the graphs that this one replays.
        rank_files: traces of other ranks of the same job.
        whole_steps: cut a trace's window to whole steps.

    Raises:
        CaptureError: it cannot be read, or holds nothing.
        UsageError: ``device`` is unknown, or one of the files is not in its format.
    """
    known = with_file(device_file)
    measured = None if measured_file is None else ceilings.load(measured_file)
    options = ReadOptions(
        max_bytes=max_bytes, metrics=counters.WANTED, instructions=True, progress=progress
    )
    capture = read(Path(path), options)
    report = None if report_file is None else read(Path(report_file), options)
    of_calls = replace(options, launches_required=False)
    run = None if capture_file is None else read(Path(capture_file), of_calls)
    return analyse(
        capture,
        device,
        known=known,
        measured=measured,
        report=report,
        capture_run=run,
        ranks=[read(Path(one), options) for one in rank_files],
        whole_steps=whole_steps,
    )


def _check_traces(capture: Capture, ranks: Sequence[Capture], whole_steps: bool) -> None:
    """What only traces have is not asked of reports."""
    for other in (capture, *ranks):
        wrong = f"{other.name} is a {other.format.noun}"
        if ranks and not other.traits.has_timeline:
            raise UsageError(f"{wrong}: ranks are compared over their traces")
        if whole_steps and not other.traits.has_timeline:
            raise UsageError(f"{wrong}: only a trace has steps")


def _of_rank(capture: Capture, device: Device | None) -> pl.DataFrame:
    """The kernels table of another rank."""
    return place.place(capture, launch_work.work_of(capture).work, device)


def _unpaired(kernels: pl.DataFrame, others: Sequence[pl.DataFrame]) -> list[Notice]:
    if not others or rank_minima([kernels, *others]) is not None:
        return []
    text = (
        "The ranks ran different collectives, or none: they are not compared. Record the same "
        "steps on every rank."
    )
    return [Notice("ranks_not_paired", text)]


def recorded_device(capture: Capture) -> DeviceRecord | None:
    """The device that most of the launch time ran on."""
    if len(capture.devices) <= 1:
        return capture.devices[0] if capture.devices else None
    busiest = (
        capture.launches.group_by("device")
        .agg(pl.col("duration_ns").sum())
        .sort("duration_ns", descending=True)["device"]
    )
    by_ordinal = {record.ordinal: record for record in capture.devices}
    for ordinal in busiest:
        if ordinal in by_ordinal:
            return by_ordinal[ordinal]
    return capture.devices[0]


def _notices(
    capture: Capture, resolution: Resolution, kernels: pl.DataFrame, window: Timeline | None
) -> list[Notice]:
    notices = []
    if resolution.device is None and not capture.traits.peaks_recorded:
        notices.append(Notice("unknown_device", f"No peaks: {resolution.how}."))
    if window is not None:
        notices += [Notice("trimmed", sentence, "info") for sentence in window.trimmed]
        notices += window.notices
    flagged = kernels.filter(pl.col("flag").is_not_null())
    if flagged.height:
        notices.append(
            Notice(
                "above_peak",
                f"{flagged.height} launches lie above 100 % of a peak; each says its likely cause.",
            )
        )
    return notices


def _of_plugins() -> list[Notice]:
    """What is wrong with the operator models that other packages bring."""
    return [Notice("operator_plugin", problem) for problem in plugins.load().problems]


def _unused(measured: Measured | None, capture: Capture) -> list[Notice]:
    if measured is None:
        return []
    text = (
        f"{measured.path} is not used: a {capture.format.noun} is held against its own peaks at "
        "its own clocks."
    )
    return [Notice("ceilings_unused", text)]


def _gravest_first(notices: list[Notice]) -> tuple[Notice, ...]:
    """What changes how everything else reads comes first; otherwise the order is kept."""
    order = {"error": 0, "warning": 1, "info": 2}
    return tuple(sorted(notices, key=lambda notice: order[notice.severity]))
