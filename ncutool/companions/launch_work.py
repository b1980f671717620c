"""Other captures of the same program that say what a capture itself cannot.

A trace has times and shapes; a report has counters; the capture run of a graph has the operators
behind its replays. The companions say what a launch did: how long it took is the trace's alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from ncutool.work.repeats import WorkByKind, WorkOfEach

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from ncutool.companions.graph_pairing import Pairing
    from ncutool.companions.summary import Join
    from ncutool_parsers.capture import Capture, Notice


class Done(Struct, frozen=True):
    """What a capture's launches did, as far as it and its companions say."""

    held: WorkByKind | WorkOfEach
    """The work as it is known: for each kind of launches, or for each launch."""
    join: Join | None
    pairing: Pairing | None
    notices: tuple[Notice, ...]
    sources: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """By launch of a trace, those of the joined report that speak for it."""

    @property
    def work(self) -> pl.DataFrame:
        """:data:`ncutool.base.tables.WORK`, one row a launch."""
        return self.held.table


def work_of(
    capture: Capture, report: Capture | None = None, capture_run: Capture | None = None
) -> Done:
    """Return the work of every launch of ``capture``.

    Args:
        capture: a trace or a report.
        report: counters to put on the launches of a trace.
        capture_run: the run that captured the graphs that a trace replays.

    Raises:
        UsageError: a companion is of the wrong kind.
        UnfitError: a companion is of another device, or of other graphs.
    """
    # what a capture and its companions do not need is not imported: it takes long
    if report is not None:
        from ncutool.companions import join
        from ncutool.companions.devices import check_sources
        from ncutool.work import counters

        check_sources(capture, report)
    if capture_run is not None:
        from ncutool.companions import graph_fit, graph_pairing

        graph_pairing.check_sources(capture, capture_run)
    if capture.traits.figures_counted:
        from ncutool.work import counter_notices, counters

        work = counters.work(capture)
        return Done(WorkOfEach(work), None, None, counter_notices.notices(capture, work))
    from ncutool.work import shapes

    held = shapes.by_kind(capture)
    if capture_run is None and report is None:
        return Done(held, None, None, ())
    work = held.table
    told: tuple[Notice, ...] = ()
    pairing = None
    if capture_run is not None:
        work, pairing, told = graph_pairing.pair(capture, work, capture_run)
        graph_fit.check(capture, work, pairing)
    if report is not None:
        measured = counters.measured(counters.work(report))
        done = join.joined(capture, work, report, measured)
        own = WorkOfEach(done.work)
        return Done(own, done.summary, pairing, (*told, *done.notices), done.sources)
    return Done(WorkOfEach(work), None, pairing, told)
