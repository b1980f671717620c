"""What a verdict is of: an analysis, of which only these parts are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import polars as pl

    from ncutool.advice.view.finding import Advice
    from ncutool.analysis.most_time import MostTime
    from ncutool.analysis.where_time_goes import Shares
    from ncutool.devices.several import Kind
    from ncutool.roofline.coverage import Coverage
    from ncutool.timeline.window import Timeline
    from ncutool_parsers.capture import Capture


class Judged(Protocol):
    """The parts of :class:`ncutool.analysis.analyse.Analysis` that a verdict rests on."""

    @property
    def capture(self) -> Capture:
        """What the reader found."""

    @property
    def figures(self) -> pl.DataFrame:
        """One row a launch, as :data:`ncutool.base.tables.FIGURES` lists it."""

    @property
    def coverage(self) -> Coverage:
        """How much of the time is understood."""

    @property
    def timeline(self) -> Timeline | None:
        """The window of a trace."""

    @property
    def window_ns(self) -> int:
        """The time that percentages of findings refer to."""

    @property
    def advice(self) -> Advice:
        """What to do and what not."""

    @property
    def shares(self) -> Shares:
        """The window divided by what holds it."""

    @property
    def most_time(self) -> MostTime | None:
        """The kernel that takes most of the launch time."""

    @property
    def device_kinds(self) -> tuple[Kind, ...]:
        """The devices that launches ran on."""
