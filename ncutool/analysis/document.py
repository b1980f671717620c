"""One analysis as every output shows it: each section's figures and sentences, made once.

A renderer (the page, the terminal, Markdown, JSON) only decides how a section looks. To add a
simple section, add a builder to :data:`_SIMPLE`: every renderer draws it. To add one with a look
of its own, add it to :class:`Document`; a test fails until each renderer shows its figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from ncutool.analysis import capture_sentences, display_names, finding_sentences
from ncutool.analysis.groups import label
from ncutool.analysis.measured_against_modelled import against_model
from ncutool.analysis.sections import (
    CoverageSection,
    DeviceSection,
    FindingsSection,
    KernelsSection,
    Line,
    SimpleSection,
    Table,
    TimeSection,
    Verdict,
)
from ncutool.base import units
from ncutool.base.records import replace
from ncutool.inside import variants

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ncutool.analysis.analyse import Analysis
    from ncutool.roofline.coverage import Coverage, MissingWork
    from ncutool.timeline.window import Timeline
    from ncutool_parsers.capture import Notice


@dataclass(frozen=True)
class Document:
    """Everything that outputs show of one analysis; a section is made when it is first read."""

    analysis: Analysis

    @cached_property
    def verdict(self) -> Verdict:
        """What was captured, and what there is to say of it in one sentence."""
        return Verdict(
            capture=self.analysis.capture.name,
            about=capture_sentences.capture_line(self.analysis),
            headline=self.analysis.headline,
            state=self.analysis.state,
            time=capture_sentences.time_line(self.analysis),
        )

    @cached_property
    def device(self) -> DeviceSection:
        """The device that the launches ran on, and the peaks they are held against."""
        return DeviceSection(
            name=capture_sentences.device_name(self.analysis),
            known=self.analysis.resolution.device is not None,
            how=self.analysis.resolution.how,
            peaks=capture_sentences.peaks_line(self.analysis),
            reached=capture_sentences.reached_line(self.analysis),
            ceilings=self.analysis.ceilings,
        )

    @cached_property
    def coverage(self) -> CoverageSection:
        """How the launch time divides by what is known of it, why the rest is not, the sources."""
        missing = _amounts("reason", self.analysis.coverage.missing)
        return CoverageSection(
            shares=self.analysis.coverage,
            line=capture_sentences.coverage_line(self.analysis.coverage),
            known=_known(self.analysis.coverage),
            missing=replace(missing, title="Not understood", smaller="smaller reason"),
            flop_sources=_sources(self.analysis, "flop_source", "FLOPs from"),
            bytes_sources=_sources(self.analysis, "bytes_source", "Bytes from"),
        )

    @cached_property
    def time(self) -> TimeSection:
        """Where the time of the window goes, and what idle time waits for."""
        shares = self.analysis.shares
        order = list(display_names.BOUNDS)
        parts = sorted(shares.parts, key=lambda part: order.index(part.kind))
        timeline = self.analysis.timeline
        idle = () if timeline is None else _idle(timeline)
        return TimeSection(
            shares=replace(shares, parts=tuple(parts)),
            idle=Table("idle", (("duration_ns", "time"), ("share_pct", "share")), idle),
            timeline=timeline,
        )

    @cached_property
    def notices(self) -> tuple[Notice, ...]:
        """What a reader of the figures must know, the gravest first."""
        return self.analysis.notices

    @cached_property
    def findings(self) -> FindingsSection:
        """What to do, in order; what all of it saves; what is not advised."""
        analysis, window_ns = self.analysis, self.analysis.window_ns
        return FindingsSection(
            lines=tuple(
                finding_sentences.line(rank, finding, window_ns)
                for rank, finding in enumerate(analysis.findings, start=1)
            ),
            nothing=finding_sentences.nothing(analysis),
            together=finding_sentences.together(analysis),
            closing=finding_sentences.closing(analysis),
            declined=tuple(
                finding_sentences.declined(declined, window_ns)
                for declined in analysis.advice.declined
            ),
            most_time=() if analysis.most_time is None else analysis.most_time.sentences,
            could_not_look=tuple(
                finding_sentences.could_not_look(one) for one in analysis.advice.could_not_look
            ),
            looked=analysis.advice.looked,
            advice=analysis.advice,
        )

    @cached_property
    def kernels(self) -> KernelsSection:
        """The launches in groups of the same kernel, operator and shapes, most time first."""
        return KernelsSection(*self.analysis.grouped)

    @cached_property
    def simple(self) -> tuple[SimpleSection, ...]:
        """The sections that every output draws in the same way."""
        sections = (build(self.analysis) for build in _SIMPLE)
        return tuple(section for section in sections if section is not None)


SECTIONS = tuple(
    name for name, value in vars(Document).items() if isinstance(value, cached_property)
)
"""The names of all sections."""


_AMOUNTS = (("launches", "launches"), ("duration_ns", "time"), ("share_pct", "share"))


def _known(coverage: Coverage) -> Table:
    """Return launches, time and share of each part of the launch time."""
    rows = (
        Line(display_names.PARTS[part.part], (part.launches, part.duration_ns, part.pct))
        for part in coverage.partition
    )
    return Table("what is known", _AMOUNTS, tuple(rows), title="Launch time by what is known of it")


def _amounts(heading: str, parts: Iterable[MissingWork]) -> Table:
    """Return launches, time and share by reason."""
    rows = (Line(part.reason, (part.launches, part.duration_ns, part.pct)) for part in parts)
    return Table(heading, _AMOUNTS, tuple(rows))


def _sources(analysis: Analysis, column: str, heading: str) -> Table:
    """Return launches, time and share by where their FLOPs or bytes come from."""
    total = analysis.coverage.duration_ns
    rows = (
        analysis.figures.group_by(column)
        .agg(pl.len().alias("launches"), pl.col("duration_ns").sum())
        .sort("duration_ns", column, descending=[True, False])
    )
    lines = (
        Line(display_names.source(source), (launches, ns, 100 * ns / total if total else None))
        for source, launches, ns in rows.iter_rows()
    )
    return Table(heading, _AMOUNTS, tuple(lines))


def _idle(timeline: Timeline) -> tuple[Line, ...]:
    """Return idle time and its share of the wall time by cause, most first."""
    causes = sorted(timeline.idle_by_cause().items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        Line(display_names.gap_cause(cause), (ns, 100 * ns / timeline.wall_ns))
        for cause, ns in causes
        if ns > 0
    )


def _measured(analysis: Analysis) -> SimpleSection | None:
    """Return what a joined report measured, kernel by kernel; None where none was joined."""
    join = analysis.join
    if join is None:
        return None
    columns = ("launches", "duration_ns", "measured_bytes", "modelled_bytes", "bytes_ratio",
               "flop_ratio", "flag")  # fmt: skip
    headings = ("launches", "time", "measured", "modelled", "bytes ratio", "FLOP ratio",
                "beyond 15 %: likely cause")  # fmt: skip
    rows = (
        Line(
            label(row["op"], row["kernel"]),
            (*(row[name] for name in columns[:-1]), row["flag"] or ""),
            row["signature"] or row["kernel"],
        )
        for row in against_model(analysis.kernels).iter_rows(named=True)
    )
    kernels = Table(
        "operator and shape",
        tuple(zip(columns, headings, strict=True)),
        tuple(rows),
        words=("flag",),
        smaller="shorter group",
    )
    without = replace(_amounts("reason", join.unmeasured), title="Without counters")
    note = (
        f"Counters of {join.report}: FLOPs for {units.percent(join.flop_pct)} and DRAM bytes "
        f"for {units.percent(join.bytes_pct)} of kernel time. ncu ran each launch alone with "
        "cold caches; times are the trace's. Ratios are of the whole operator."
    )
    tables = tuple(table for table in (kernels, without) if table.rows)
    return SimpleSection("measured", "Measured against modelled", note, tables)


def _variants(analysis: Analysis) -> SimpleSection | None:
    """Return the launches of a report that are variants of one kernel; None where there are none.

    Only a report counts operations so exactly that equal counts mean the same work.
    """
    if not analysis.capture.traits.figures_counted:
        return None
    columns = (("duration_ns", "time"), ("time_ratio", "of the fastest"),
               ("flop", "operations"), ("dram_bytes", "DRAM bytes"),
               ("roofline_pct", "of its roof"))  # fmt: skip
    tables = tuple(
        Table(
            "kernel",
            columns,
            tuple(
                Line(
                    row["kernel"],
                    (
                        row["duration_ns"],
                        row["duration_ns"] / group[0]["duration_ns"],
                        row["flop"],
                        row["dram_bytes"],
                        row["roofline_pct"],
                    ),
                    f"launch {row['launch_id']}",
                )
                for row in group
            ),
        )
        for group in variants.groups(analysis.kernels.to_dicts())
    )
    if not tables:
        return None
    note = (
        "Different code that does exactly as many operations, fastest first. That they compute the "
        "same is not recorded."
    )
    return SimpleSection("variants", "Variants of one kernel", note, tables)


_SIMPLE = (_measured, _variants)
