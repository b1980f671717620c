"""ncutool for notebooks and scripts.

>>> import ncutool
>>> analysis = ncutool.load("trace.json.gz")        # doctest: +SKIP
>>> analysis.kernels.head()                         # doctest: +SKIP
>>> ncutool.roofline_chart(analysis)                # doctest: +SKIP
>>> ncutool.findings(analysis)                      # doctest: +SKIP

Importing this package is cheap: polars, altair and the readers load on first use. No function here
has the name of a room of the package, because importing the room would replace the function.
"""

from __future__ import annotations

# isort: off
import ncutool.base.safe_start  # noqa: F401 - before any module that may lie in the folder
# isort: on

from importlib import import_module as _import_module

from ncutool.base.shown import shown_by as _shown_by

TYPE_CHECKING = False  # typing takes longer to load than a help to print
if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike
    from pathlib import Path as _Path

    import altair as alt
    import polars as pl

    from ncutool.analysis.analyse import Analysis
    from ncutool.analysis.dataframes import AnyFrame
    from ncutool.roofline.coverage import Coverage
    from ncutool_parsers import Place

__all__ = ["coverage_of", "findings", "load", "page_html", "roofline_chart"]

_ROOMS = ("planning", "whatif")
"""Rooms with functions for notebooks; each is imported when it is first asked for."""

_shown_by(
    line="ncutool.text.one_line:one_line",
    html="ncutool.page.notebook:html",
    file="ncutool.commands.report_forms:save",
)


def load(
    path: str | PathLike[str],
    *,
    ncu: str | PathLike[str] | None = None,
    capture_trace: str | PathLike[str] | None = None,
    rank_trace: Sequence[str | PathLike[str]] = (),
    whole_steps: bool = False,
    assume_device: str | None = None,
    device_file: str | PathLike[str] | None = None,
    ceilings: str | PathLike[str] | None = None,
    max_bytes: int | None = None,
    max_events: int | None = None,
    max_name: int | None = None,
    max_values: int | None = None,
    max_nesting: int | None = None,
    max_memory: int | None = None,
    redact: str | None = None,
) -> Analysis:
    """Read and analyse one capture.

    The parameters are the fields of :class:`ncutool.analysis.request.Request`, and the options
    of the command line, by the same names.

    Args:
        path: an Nsight Compute report or a torch.profiler trace; a file, a URL or a member of an
            archive, as on the command line.
        ncu: a report of the same program, whose counters go on the trace's launches.
        capture_trace: a trace of the run that captured the graphs that this one replays.
        rank_trace: traces of other ranks of the same job: they tell waiting from transfer.
        whole_steps: cut the window to whole steps.
        assume_device: name of the device to take peaks from, where the capture's own is wrong or
            missing (see ``ncutool devices``).
        device_file: devices of your own in the format of devices.toml; its rows win.
        ceilings: measured rates (JSON) that replace the device's peaks.
        max_bytes: refuse a capture that expands past this; 16 GiB unless given.
        max_events: refuse a trace of more events; 100 million unless given.
        max_name: cut names to so many characters; 16,384 unless given.
        max_values: leave out recorded arguments of more values; 100,000 unless given.
        max_nesting: leave out recorded arguments that are nested deeper; 64 unless given.
        max_memory: bytes that the process which reads a report may have; three quarters of the
            machine's unless given.
        redact: take what is private out of it (`private`), names of your own kernels and operators
            too (`names`).

    Raises:
        ncutool_parsers.errors.CaptureError: it cannot be read, or holds nothing.
        ncutool_parsers.errors.UsageError: ``assume_device`` is unknown, a file of devices or
            ceilings is not in its format, nothing is called what ``redact`` says, or a companion
            is of the wrong kind.
        ncutool_parsers.errors.UnfitError: the captures do not belong together.
    """
    from ncutool.analysis.analyse import read_and_analyse
    from ncutool.analysis.request import Request, redact_asked

    limits = {
        "max_bytes": max_bytes,
        "max_events": max_events,
        "max_name": max_name,
        "max_values": max_values,
        "max_nesting": max_nesting,
        "max_memory": max_memory,
    }
    request = Request(
        ncu=None if ncu is None else _place(ncu),
        capture_trace=None if capture_trace is None else _place(capture_trace),
        rank_trace=[_place(trace) for trace in rank_trace],
        whole_steps=whole_steps,
        assume_device=assume_device,
        device_file=_path(device_file),
        ceilings=_path(ceilings),
        redact=redact_asked(redact),
        **{name: limit for name, limit in limits.items() if limit is not None},
    )
    return read_and_analyse(path, request)


def _place(given: str | PathLike[str]) -> _Path | Place:
    from ncutool_parsers import place

    return place(given)


def _path(given: str | PathLike[str] | None) -> _Path | None:
    from pathlib import Path

    return None if given is None else Path(given)


def coverage_of(kernels: AnyFrame) -> Coverage:
    """Return what share of the time of a ``kernels`` table (polars or pandas) is understood.

    Raises:
        TypeError: it is neither a polars nor a pandas table.
        ValueError: it has a column that the ``kernels`` table has not.
    """
    from ncutool.analysis.dataframes import as_polars
    from ncutool.base.tables import KERNELS
    from ncutool.roofline.coverage import cover

    return cover(as_polars(kernels, KERNELS))


def findings(analysis: Analysis) -> pl.DataFrame:
    """Return the findings of an analysis as a table (:data:`ncutool.base.tables.FINDINGS`)."""
    from ncutool.analysis.dataframes import findings_frame

    return findings_frame(analysis.findings)


def roofline_chart(source: Analysis | AnyFrame) -> alt.VConcatChart:
    """Draw the interactive roofline of an analysis, or of a ``kernels`` table (polars or pandas).

    Raises:
        ncutool_parsers.errors.UsageError: no launch has FLOPs, bytes and a known peak, or the
            launches ran on unlike devices, whose roofs differ.
    """
    from ncutool import charts
    from ncutool.analysis.analyse import Analysis
    from ncutool.analysis.capture_roofs import best_reached, of_kernels, of_unlike_devices
    from ncutool.analysis.dataframes import as_polars
    from ncutool.analysis.groups import grouped
    from ncutool.base.tables import KERNELS
    from ncutool_parsers.errors import UsageError

    kernels = source.kernels if isinstance(source, Analysis) else as_polars(source, KERNELS)
    if of_unlike_devices(kernels):
        raise UsageError(
            "no one roofline: the launches ran on unlike devices; draw those of one `device`, or "
            "the page, which draws each"
        )
    groups, _ = grouped(kernels)
    roofs = of_kernels(kernels)
    points = charts.roofline_points(groups)
    if roofs is None or not points:
        raise UsageError("no roofline: no launch has FLOPs, bytes and a known peak")
    reached = best_reached(source, roofs) if isinstance(source, Analysis) else None
    return charts.roofline(
        groups, points, roofs, bytes_only=charts.strip_points(groups), reached=reached
    )


def page_html(*analyses: Analysis, show_private: bool = False) -> str:
    """Render one offline HTML page with a view for each analysis.

    Args:
        analyses: of one capture each, in the order of the views.
        show_private: show the host names, paths and command lines of the captures too.
    """
    from ncutool.page import render

    return render(analyses, show_private=show_private)


def __dir__() -> list[str]:
    return sorted([*__all__, *_ROOMS, *(name for name in globals() if name.startswith("__"))])


if not TYPE_CHECKING:  # where a type checker sees this, it takes every name for one of ncutool's

    def __getattr__(name: str) -> object:
        if name in _ROOMS:
            return _import_module(f"ncutool.{name}")
        hint = "; it is now called ncutool.findings" if name == "rank" else ""
        raise AttributeError(f"module 'ncutool' has no attribute {name!r}{hint}")
