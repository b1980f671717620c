"""The sections of a document as plain data: figures in SI base units, and finished sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import Struct

from ncutool.base import units

if TYPE_CHECKING:
    import polars as pl

    from ncutool.advice.view.finding import Advice, Finding
    from ncutool.analysis.where_time_goes import Shares
    from ncutool.base.tables import SavingPer
    from ncutool.devices.ceilings import Ceiling
    from ncutool.roofline.coverage import Coverage
    from ncutool.timeline.window import Timeline

Value = int | float | str | None


class Verdict(Struct, frozen=True):
    """What was captured, and what there is to say of it in one sentence."""

    capture: str
    """The file's name."""
    about: str
    """Its format, launches and rank."""
    headline: str
    """The verdict in at most 90 characters, the same in every output."""
    state: str
    """What holds the capture, how much of it is understood, and where it ran."""
    time: str
    """Wall, busy and idle time of a trace; the launch time of a report."""


class DeviceSection(Struct, frozen=True):
    """The device that the launches ran on, and the peaks they are held against."""

    name: str
    known: bool
    """Whether the device table has it."""
    how: str
    """What it was recognised by, or why it is not known."""
    peaks: str
    reached: str | None
    """How far the peaks are reached in this capture, or as measured; None where nothing says."""
    ceilings: tuple[Ceiling, ...]


class Line(Struct, frozen=True):
    """A row of a table: what it is of, and a value for each column."""

    name: str
    values: tuple[Value, ...]
    detail: str = ""
    """What tells it from other rows of that name, for instance shapes."""


@dataclass(frozen=True)
class Table:
    """Rows with a name and figures, in SI base units, the most important first."""

    heading: str
    """Over the names: what a row is of."""
    columns: tuple[tuple[str, str], ...]
    """Each column's name, which ends in its unit (:func:`ncutool.base.units.quantity`), and its
    heading."""
    rows: tuple[Line, ...]
    title: str = ""
    words: tuple[str, ...] = ()
    """Columns that hold sentences, not figures."""
    smaller: str = "smaller row"
    """What a row is called that an output leaves out."""

    def rest(self, shown: int) -> str:
        """Return how many rows an output leaves out that shows the first ``shown``; may be ""."""
        hidden = len(self.rows) - shown
        return f"{units.counted(hidden, self.smaller)} not shown" if hidden > 0 else ""


class SimpleSection(Struct, frozen=True):
    """A section that every output draws in the same way: a note and tables."""

    key: str
    """Its name in JSON."""
    title: str
    note: str
    tables: tuple[Table, ...]


class CoverageSection(Struct, frozen=True):
    """How the launch time divides by what is known of it, why the rest is not, and the sources."""

    shares: Coverage
    line: str
    """The same in one sentence."""
    known: Table
    """Launches, time and share of each part."""
    missing: Table
    flop_sources: Table
    bytes_sources: Table


class TimeSection(Struct, frozen=True):
    """Where the time of the window goes."""

    shares: Shares
    """Its parts in the order of :data:`ncutool.analysis.display_names.BOUNDS`."""
    idle: Table
    """Idle time by cause; no rows for a report."""
    timeline: Timeline | None


class Saving(Struct, frozen=True):
    """What a finding saves, in words."""

    amount: str
    """Applied alone: `10.9–12.5 ms`."""
    share: str
    """The same, of the window; of a row's or a sample's time `0–46 % per row`."""
    after: str | None
    """What is left of it after the findings above it; None where that is about as much."""
    per: SavingPer

    @property
    def line(self) -> str:
        """All of it on one line."""
        rows = "" if self.per == "window" else f" for as many {self.per}s as now"
        whole = f"{self.amount}{rows} ({self.share})"
        return f"{whole}, {self.after}" if self.after else whole


class FindingLine(Struct, frozen=True):
    """One finding, its place in the list, and its saving in words."""

    rank: int
    finding: Finding
    saving: Saving
    action: str
    """What to do in a few words, to stand in a sentence: `fuse RMSNorm`."""
    why: str
    """One line of evidence, with numbers."""
    todo: str
    """One line that says what to do."""
    more: tuple[str, ...]
    """The rest of the evidence, for those who unfold it."""


class FindingsSection(Struct, frozen=True):
    """What to do, in order; what all of it saves; what is not advised."""

    lines: tuple[FindingLine, ...]
    nothing: str
    """What to say where there is no finding."""
    together: Saving | None
    """What all findings that shorten the window save together; None for fewer than two."""
    closing: tuple[str, ...]
    """Sentences below the list: all findings together, and the small ones that are left out."""
    declined: tuple[str, ...]
    """What a user would ask for, and why it is not advised."""
    most_time: tuple[str, ...]
    """Sentences on the kernel that takes most of the launch time."""
    could_not_look: tuple[str, ...]
    """What could not be looked at, why, and what to collect."""
    looked: tuple[str, ...]
    """What was looked at."""
    advice: Advice


class KernelsSection(Struct, frozen=True):
    """The launches in groups of the same kernel, operator and shapes, most time first."""

    groups: pl.DataFrame
    """Columns of :func:`ncutool.analysis.groups.grouped`."""
    membership: pl.Series
    """The group of every launch."""
