"""The waist: a capture becomes an Analysis; every output reads nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl
from msgspec import Struct

from ncutool.analysis import devices, notices
from ncutool.analysis.request import Request
from ncutool.base.records import replace
from ncutool.base.shown import Saved, Shown
from ncutool.base.tables import SENTENCES
from ncutool.companions import launch_work, rank_traces
from ncutool.devices import resolve, several
from ncutool.devices.table import with_file
from ncutool.roofline import place
from ncutool.timeline.settled import settle
from ncutool_parsers import memory, read, sniff
from ncutool_parsers.errors import UsageError
from ncutool_parsers.interface import ReadOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from os import PathLike

    import pandas as pd

    from ncutool.advice.kernels.measured import JoinedReport
    from ncutool.advice.view.finding import Advice, Finding
    from ncutool.analysis.most_time import MostTime
    from ncutool.analysis.where_time_goes import Shares
    from ncutool.companions.graph_pairing import Pairing
    from ncutool.companions.launch_work import Done
    from ncutool.companions.summary import Join
    from ncutool.devices.ceilings import Ceiling, Measured
    from ncutool.devices.resolve import Device, Resolution
    from ncutool.devices.several import Kind
    from ncutool.inside.hot import Hot
    from ncutool.roofline.coverage import Coverage
    from ncutool.timeline.window import Timeline
    from ncutool_parsers import Place
    from ncutool_parsers.capture import Capture, Notice
    from ncutool_parsers.interface import Progress


class Companions(Struct, frozen=True):
    """The captures that were read beside the one asked about, by the names of a request."""

    ncu: Capture | None = None
    """A report of the same program, whose counters go on the trace's launches."""
    capture_trace: Capture | None = None
    """The run that captured the graphs that the trace replays."""
    rank_trace: Sequence[Capture] = ()
    """Traces of other ranks of the same job, which tell waiting from transfer."""


@dataclass(frozen=True, eq=False, repr=False)
class Analysis(Saved):
    """One capture, analysed.

    A part is computed when it is first asked for and kept, and imports what it needs then, so that
    a command computes and loads what it shows. The fields are what the parts are computed from.
    """

    _public = (
        "advice", "capture", "ceilings", "coverage", "findings", "headline", "inside", "kernels",
        "most_time", "notices", "request", "resolution", "save", "shares", "state", "timeline",
        "to_pandas", "window_ns",
    )  # fmt: skip
    # What completes in a notebook; the rest is for the rooms above.

    capture: Capture
    resolution: Resolution
    """The device whose peaks hold, measured rates included; none where the launches ran on unlike
    devices, each of which then holds its own: :attr:`resolutions`."""
    datasheet: Device | None
    """The same device with the peaks of its datasheet; None where they are several kinds."""
    work: Done
    """FLOPs and bytes of every launch, and what companions gave to them."""
    given: tuple[Ceiling, ...] = ()
    """Measured rates that replace peaks of the datasheet."""
    unused: Measured | None = None
    """Measured rates that replace nothing, since the capture records its own peaks."""
    request: Request = field(default_factory=Request)
    """How the capture was asked to be analysed."""
    companions: Companions = field(default_factory=Companions)
    """The captures that the request names beside this one."""
    resolutions: Mapping[int, Resolution] = field(default_factory=dict)
    """How each device that the capture records was found, by ordinal."""

    @cached_property
    def device_kinds(self) -> tuple[Kind, ...]:
        """The devices that launches ran on, like ones together; empty where nothing says."""
        return several.kinds(self.resolutions, self.capture.launches)

    @property
    def mixed(self) -> bool:
        """Whether launches ran on unlike devices, so that no one device's peaks hold for all."""
        return len(self.device_kinds) > 1

    def device_of(self, ordinal: int | None) -> Device | None:
        """Return the device whose peaks a launch on this ordinal is held against."""
        if not self.mixed:
            return self.resolution.device
        found = None if ordinal is None else self.resolutions.get(ordinal)
        return None if found is None else found.device

    def _devices(self) -> dict[int, Device | None]:
        """Return the device of each ordinal where they are unlike."""
        return {n: one.device for n, one in self.resolutions.items()} if self.mixed else {}

    @cached_property
    def kernels(self) -> pl.DataFrame:
        """The public contract: :data:`ncutool.base.tables.KERNELS`."""
        if self.join is None:
            return self._placed
        from ncutool.companions import summary

        return summary.with_flags(self._placed, self.resolution.device)

    @cached_property
    def _placed(self) -> pl.DataFrame:
        """The kernels table before a joined report's figures are held against the modelled."""
        return place.place(self.capture, self.work.work, self.resolution.device, self._devices())

    @cached_property
    def figures(self) -> pl.DataFrame:
        """What is told of all launches at once: :data:`ncutool.base.tables.FIGURES`, in the order
        of `kernels`. The sentences of few are those of :meth:`rows`."""
        if not self.brief or "kernels" in self.__dict__:
            flagged = pl.col("flag").is_not_null().alias("flagged")
            return self.kernels.select(pl.exclude(SENTENCES), flagged)
        return self._figures[0]

    @cached_property
    def _figures(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        held, device = self.work.held, self.resolution.device
        return place.figures(self.capture, held, device, self._devices())

    @property
    def launch_count(self) -> int:
        """How many rows `kernels` has, without making them."""
        made = self.__dict__.get("kernels", self.capture.launches)
        return int(made.height)

    @property
    def brief(self) -> bool:
        """Whether a few rows of the kernels table can be had without the others."""
        return self.capture.traits.has_timeline and self.join is None

    @cached_property
    def _outline(self) -> pl.DataFrame:
        """What few rows need of all launches: :func:`ncutool.roofline.place.outline`."""
        if "_figures" in self.__dict__:
            return self._figures[1]
        device = self.resolution.device
        return place.outline(self.capture, self.work.held, device, self._devices())

    def rows(self, launches: pl.Series) -> pl.DataFrame:
        """Return the rows of `kernels` of these launches, in their order; where the analysis is
        `brief`, no sentence is written and nothing is held for any other launch."""
        if not self.brief or "kernels" in self.__dict__:
            wanted = launches.to_frame("launch_id")
            return wanted.join(self.kernels, on="launch_id", maintain_order="left")
        held, device, devices = self.work.held, self.resolution.device, self._devices()
        return place.place_some(self.capture, held, device, devices, launches, self._outline)

    @cached_property
    def inside(self) -> pl.DataFrame:
        """What a report knows of the inside of each launch:
        :data:`ncutool.base.inside_table.INSIDE`; empty for a capture without counters."""
        from ncutool.base.inside_table import INSIDE
        from ncutool.inside.table import table as inside_table

        if not self.capture.traits.figures_counted:
            return INSIDE.empty()
        return inside_table(self.capture, self.kernels, self.hot)

    @cached_property
    def hot(self) -> Mapping[int, Hot]:
        """Where the warps of each sampled launch were found, by launch_id."""
        if self.capture.samples.is_empty():
            return {}
        from ncutool.inside import hot

        return hot.of_capture(self.capture)

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
        from ncutool.roofline.coverage import NEEDED, cover

        if "_outline" not in self.__dict__ or "figures" in self.__dict__:
            return cover(self.figures)
        held, device, devices = self.work.held, self.resolution.device, self._devices()
        return cover(place.columns_of(self.capture, held, device, devices, NEEDED))

    @cached_property
    def timeline(self) -> Timeline | None:
        """The window; None where the format has no timeline or no launch has a start."""
        if not self.capture.traits.has_timeline:
            return None
        from ncutool.timeline import window

        found = window.build(self.capture, self.request.whole_steps)
        memory.give_back()
        return found

    @cached_property
    def _other_ranks(self) -> list[pl.DataFrame]:
        """The kernels tables of the other ranks."""
        return [
            place.place(other, launch_work.work_of(other).work, self.resolution.device)
            for other in self.companions.rank_trace
        ]  # only their times are compared, whatever device they ran on

    @cached_property
    def advice(self) -> Advice:
        """What to do and what not, with what each saves; without the drafts behind it, which are
        as large as the launches are many: those stand in :attr:`advice_with_drafts`."""
        found = replace(self.__dict__.get("advice_with_drafts") or self._advised(), drafts=())
        memory.give_back()  # what it was worked out from is several times as large as it
        return found

    @cached_property
    def advice_with_drafts(self) -> Advice:
        """The same with what would become of which launches: asked for before :attr:`advice`, it is
        worked out once."""
        return self._advised()

    def _advised(self) -> Advice:
        from ncutool.advice import advise

        device, others = self.resolution.device, self._other_ranks
        figures, capture = self.figures, self.capture
        return advise(
            figures,
            capture,
            self.timeline,
            device,
            others,
            self.device_of,
            self.hot,
            self._joined_report(),
        )

    def _joined_report(self) -> JoinedReport | None:
        """Return the joined report with its own kernels table; None where none was joined."""
        from ncutool.advice.kernels.measured import JoinedReport

        report = self.companions.ncu
        if report is None or not self.work.sources:
            return None
        from ncutool.inside import hot
        from ncutool.work import counters

        kernels = place.place(report, counters.work(report), self.resolution.device)
        return JoinedReport(report, kernels, self.work.sources, hot.of_capture(report))

    @property
    def findings(self) -> Findings:
        """What to do, surest saving first: a tuple of findings."""
        return Findings.of(self, self.advice.findings)

    @cached_property
    def headline(self) -> str:
        """The verdict in at most 90 characters."""
        from ncutool.analysis import headline

        return headline.write(self)

    @cached_property
    def state(self) -> str:
        """What holds the capture, how much of it is understood, and where it ran."""
        from ncutool.analysis import state

        return state.write(self)

    @cached_property
    def grouped(self) -> tuple[pl.DataFrame, pl.Series]:
        """The launches in groups of the same kernel on the same work, and the group of each."""
        from ncutool.analysis.groups import grouped

        def sentences(places: pl.Series) -> pl.DataFrame:
            return self.rows(self.figures["launch_id"].gather(places))

        return grouped(self.figures, sentences)

    @cached_property
    def shares(self) -> Shares:
        """The window divided by what holds it."""
        from ncutool.analysis.where_time_goes import where_the_time_goes

        return where_the_time_goes(self)

    @cached_property
    def most_time(self) -> MostTime | None:
        """What is known of the kernel that takes most of the launch time."""
        from ncutool.analysis import most_time

        return most_time.of(self.figures, self.rows, self.capture, self.advice)

    @cached_property
    def ceilings(self) -> tuple[Ceiling, ...]:
        """How far the device's peaks are reached: information beside them."""
        from ncutool.devices import ceilings

        return (*self.given, *ceilings.calibrate(self.figures, self.capture, self.datasheet))

    @property
    def window_ns(self) -> int:
        """The time that percentages of findings refer to: wall time, or the sum of durations."""
        if self.timeline is not None:
            return self.timeline.wall_ns
        return self.coverage.duration_ns

    @cached_property
    def notices(self) -> tuple[Notice, ...]:
        """What a reader must know of the figures, the gravest first; otherwise in order."""
        from ncutool.companions import summary

        doubts = () if self.brief else summary.doubts(self.kernels)
        return self._notices(notices.of_window(self.timeline), [*self._flags, *doubts])

    @property
    def _flags(self) -> list[Notice]:
        """What to say of launches above a peak."""
        if not self.brief or "_placed" in self.__dict__:
            return notices.of_flags(notices.flagged(self._placed))
        return notices.of_flags(int(self._outline["flagged"].sum()))

    @cached_property
    def table_notices(self) -> tuple[Notice, ...]:
        """What a reader of the launches alone must know: nothing of the window's idle time, so that
        its causes need not be found."""
        if not self.brief:
            return self.notices
        return self._notices(notices.of_launches(self.capture), self._flags)

    def _notices(
        self, of_time: Iterable[Notice], of_figures: Iterable[Notice]
    ) -> tuple[Notice, ...]:
        return notices.gravest_first(
            [
                *notices.of_origin(self.capture),
                *self.capture.notices,
                *self.work.notices,
                *notices.of_device(self.capture, self.resolution, self.device_kinds),
                *notices.of_assumed(self.capture, self.request.assume_device, self.resolution),
                *of_time,
                *of_figures,
                *(notices.of_ranks(self.figures, ranks) if (ranks := self._other_ranks) else ()),
                *notices.of_measured(self.unused, self.capture),
                *notices.of_plugins(self.capture),
            ]
        )

    def to_pandas(self) -> pd.DataFrame:
        """Return the ``kernels`` table as a pandas DataFrame."""
        from ncutool.analysis import dataframes

        return dataframes.to_pandas(self.kernels)


class Findings(Shown, tuple["Finding", ...]):
    """What to do, surest saving first: a tuple that a notebook shows as a list."""

    analysis: Analysis
    """Whose findings these are: shares are of its window."""

    @classmethod
    def of(cls, analysis: Analysis, findings: Iterable[Finding]) -> Findings:
        """Return these findings of an analysis."""
        made = cls(findings)
        made.analysis = analysis
        return made


def analyse(
    capture: Capture, request: Request | None = None, companions: Companions | None = None
) -> Analysis:
    """Return the analysis of one capture; everything that can be wrong is told here.

    Args:
        capture: what a reader returned.
        request: how to analyse it. Of the files it names only those of devices and ceilings are
            read here; captures come read, as ``companions``.
        companions: what the request names in ``ncu``, ``capture_trace`` and ``rank_trace``.

    Raises:
        UsageError: ``assume_device`` names no known device, or several; the ceilings or the
            report are of another device; ranks or whole steps are asked of a report.
    """
    request = request or Request()
    companions = companions or Companions()
    known = with_file(request.device_file)
    measured = _measured(request)
    if request.redact is not None:
        known = tuple(replace(row, origin=row.origin and "the device file") for row in known)
        measured = measured and replace(measured, path="the file of ceilings")
    _check_traces(capture, companions.rank_trace, request.whole_steps)
    capture = settle(capture).capture  # the timeline says what this left out
    ranks, doubled = rank_traces.distinct(
        capture, [settle(other).capture for other in companions.rank_trace]
    )
    companions = replace(companions, rank_trace=ranks)
    own_peaks = capture.traits.peaks_recorded
    found = devices.find(capture, request.assume_device, known, None if own_peaks else measured)
    done = launch_work.work_of(capture, companions.ncu, companions.capture_trace)
    return Analysis(
        capture=capture,
        resolution=found.resolution,
        datasheet=found.datasheet,
        work=replace(done, notices=(*done.notices, *doubled)),
        given=found.given,
        unused=measured if own_peaks else None,
        request=request,
        companions=companions,
        resolutions=found.resolutions,
    )


def read_and_analyse(
    path: str | PathLike[str] | Place,
    request: Request | None = None,
    *,
    progress: Progress | None = None,
) -> Analysis:
    """Read one capture, a file or at another place, and its companions, and analyse it.

    Only the counters that the analysis needs are read.

    Raises:
        CaptureError: a capture cannot be read, or holds nothing.
        UsageError: the request makes no sense (:func:`check`, :func:`analyse`).
    """
    request = request or Request()
    check(request)
    options = replace(request.read_options(), instructions=True, progress=progress)
    calls_only = replace(options, launches_required=False)

    def read_one(path: str | PathLike[str] | Place, options: ReadOptions = options) -> Capture:
        if sniff(path).format.traits.figures_counted:
            from ncutool.work import counters

            options = replace(options, metrics=counters.WANTED)
        found = read(path, options)
        from ncutool.analysis import redact

        return redact.redacted(found, request.redact)

    capture = read_one(path)
    companions = Companions(
        ncu=None if request.ncu is None else read_one(request.ncu),
        capture_trace=(
            None if request.capture_trace is None else read_one(request.capture_trace, calls_only)
        ),
        rank_trace=[read_one(other) for other in request.rank_trace],
    )
    return analyse(capture, request, companions)


def check(request: Request) -> None:
    """Tell what is wrong with a request before a long read.

    Raises:
        UsageError: the file of devices or of ceilings is not in its format, or no device has the
            assumed name.
    """
    known = with_file(request.device_file)
    _measured(request)
    if request.assume_device is not None:
        resolve.fitting(request.assume_device, known)


def _measured(request: Request) -> Measured | None:
    """Return the measured rates that a request names."""
    if request.ceilings is None:
        return None
    from ncutool.base import rates_file

    return rates_file.load(request.ceilings)


def _check_traces(capture: Capture, ranks: Sequence[Capture], whole_steps: bool) -> None:
    """Refuse to compare ranks or cut to steps where a capture has no timeline."""
    for other in (capture, *ranks):
        wrong = f"{other.name} is a {other.format.noun}"
        if ranks and not other.traits.has_timeline:
            raise UsageError(f"{wrong}: ranks are compared over their traces")
        if whole_steps and not other.traits.has_timeline:
            raise UsageError(f"{wrong}: only a trace has steps")
