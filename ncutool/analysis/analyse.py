"""The waist: a capture becomes an Analysis; every output reads nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from ncutool.analysis import headline, notices
from ncutool.companions import launch_work, summary
from ncutool.devices import ceilings, resolve
from ncutool.devices.table import with_file
from ncutool.roofline import place
from ncutool.roofline.coverage import cover
from ncutool.timeline import window
from ncutool.work import counters
from ncutool_parsers import read
from ncutool_parsers.errors import UsageError
from ncutool_parsers.interface import DEFAULT_MAX_BYTES, ReadOptions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    import pandas as pd

    from ncutool.advice.view.finding import Advice, Finding
    from ncutool.companions.graph_pairing import Pairing
    from ncutool.companions.launch_work import Done
    from ncutool.companions.summary import Join
    from ncutool.devices.ceilings import Ceiling, Measured
    from ncutool.devices.resolve import Device, Resolution
    from ncutool.roofline.coverage import Coverage
    from ncutool.timeline.window import Timeline
    from ncutool_parsers.capture import Capture, DeviceRecord, Notice
    from ncutool_parsers.interface import Progress


@dataclass(frozen=True, eq=False)
class Analysis:
    """One capture, analysed.

    A part is computed when it is first asked for and kept, so that a command computes what it
    shows. The fields are what the parts are computed from.
    """

    capture: Capture
    resolution: Resolution
    """The device whose peaks hold, measured rates included."""
    datasheet: Device | None
    """The same device with the peaks of its datasheet."""
    work: Done
    """FLOPs and bytes of every launch, and what companions gave to them."""
    given: tuple[Ceiling, ...] = ()
    """Measured rates that replace peaks of the datasheet."""
    unused: Measured | None = None
    """Measured rates that replace nothing, since the capture records its own peaks."""
    report: Capture | None = None
    """The report whose counters are on this trace's launches."""
    capture_run: Capture | None = None
    """The run that told the operators of this trace's graph replays."""
    ranks: Sequence[Capture] = ()
    """Traces of other ranks of the same job."""
    whole_steps: bool = False
    """The window is cut to whole steps."""

    @cached_property
    def kernels(self) -> pl.DataFrame:
        """The public contract: :data:`ncutool.base.tables.KERNELS`."""
        device = self.resolution.device
        return self._placed if self.join is None else summary.with_flags(self._placed, device)

    @cached_property
    def _placed(self) -> pl.DataFrame:
        """The kernels table before a joined report's figures are held against the modelled."""
        return place.place(self.capture, self.work.work, self.resolution.device)

    @property
    def join(self) -> Join | None:
        """What a report's counters gave to this trace; None where none was joined."""
        return self.work.join

    @property
    def pairing(self) -> Pairing | None:
        """What a capture run told of this trace's graph replays; None where none was given."""
        return self.work.pairing

    @cached_property
    def coverage(self) -> Coverage:
        """How much of the time is understood."""
        return cover(self.kernels)

    @cached_property
    def timeline(self) -> Timeline | None:
        """The window; None where the format has no timeline or no launch has a start."""
        if not self.capture.traits.has_timeline:
            return None
        return window.build(self.capture, self.whole_steps)

    @cached_property
    def _other_ranks(self) -> list[pl.DataFrame]:
        """The kernels tables of the other ranks."""
        return [
            place.place(other, launch_work.work_of(other).work, self.resolution.device)
            for other in self.ranks
        ]

    @cached_property
    def advice(self) -> Advice:
        """What to do and what not, with what each saves."""
        from ncutool.advice import advise

        device, others = self.resolution.device, self._other_ranks
        return advise(self.kernels, self.capture, self.timeline, device, others)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What to do, surest saving first."""
        return self.advice.findings

    @cached_property
    def headline(self) -> str:
        """The verdict in one sentence with numbers."""
        return headline.write(self.kernels, self.coverage, self.timeline, self.findings)

    @cached_property
    def ceilings(self) -> tuple[Ceiling, ...]:
        """How far the device's peaks are reached: information beside them."""
        return (*self.given, *ceilings.calibrate(self.kernels, self.capture, self.datasheet))

    @property
    def window_ns(self) -> int:
        """The time that percentages of findings refer to: wall time, or the sum of durations."""
        if self.timeline is not None:
            return self.timeline.wall_ns
        return self.coverage.duration_ns

    @cached_property
    def notices(self) -> tuple[Notice, ...]:
        """What a reader must know of the figures, the gravest first; otherwise in order."""
        return notices.gravest_first(
            [
                *self.capture.notices,
                *self.work.notices,
                *notices.of_device(self.capture, self.resolution),
                *notices.of_window(self.timeline),
                *notices.of_flags(self._placed),
                *summary.doubts(self.kernels),
                *notices.of_ranks(self.kernels, self._other_ranks),
                *notices.of_measured(self.unused, self.capture),
                *notices.of_plugins(self.capture),
            ]
        )

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
    """Return the analysis of one capture; everything that can be wrong is told here.

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
    _check_traces(capture, ranks, whole_steps)
    datasheet = resolve.resolve(recorded_device(capture), device, known)
    own_peaks = capture.traits.peaks_recorded
    held = ceilings.hold(datasheet.device, None if own_peaks else measured)
    return Analysis(
        capture=capture,
        resolution=replace(datasheet, device=held.device, how=datasheet.how + held.how),
        datasheet=datasheet.device,
        work=launch_work.work_of(capture, report, capture_run),
        given=held.given,
        unused=measured if own_peaks else None,
        report=report,
        capture_run=capture_run,
        ranks=ranks,
        whole_steps=whole_steps,
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
