"""ncutool for notebooks and scripts.

>>> import ncutool
>>> analysis = ncutool.load("trace.json.gz")        # doctest: +SKIP
>>> analysis.kernels.head()                         # doctest: +SKIP
>>> ncutool.roofline_chart(analysis)                # doctest: +SKIP
>>> ncutool.rank(analysis)                          # doctest: +SKIP

Importing this package is cheap: polars, altair and the readers load on first use. No name here
is that of a module of the package, which an import of the module would overwrite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    import altair as alt
    import polars as pl

    from ncutool.analysis.analyse import Analysis
    from ncutool.analysis.frames import AnyFrame
    from ncutool.roofline.coverage import Coverage

__all__ = ["coverage_of", "load", "page_html", "rank", "roofline_chart"]


def load(
    path: str | PathLike[str],
    *,
    ncu: str | PathLike[str] | None = None,
    capture_trace: str | PathLike[str] | None = None,
    rank_traces: Sequence[str | PathLike[str]] = (),
    whole_steps: bool = False,
    device: str | None = None,
    device_file: str | PathLike[str] | None = None,
    ceilings_file: str | PathLike[str] | None = None,
    max_bytes: int | None = None,
) -> Analysis:
    """Read and analyse one capture.

    Args:
        path: an Nsight Compute report or a torch.profiler trace.
        ncu: a report of the same program, whose counters go on the trace's launches.
        capture_trace: a trace of the run that captured the graphs that this one replays.
        rank_traces: traces of other ranks of the same job: they tell waiting from transfer.
        whole_steps: cut the window to whole steps.
        device: name of the device to take peaks from, where the capture's own is wrong or
            missing (see ``ncutool devices``).
        device_file: devices of your own in the format of devices.toml; its rows win.
        ceilings_file: measured rates (JSON) that replace the device's peaks.
        max_bytes: refuse a capture that expands past this; 16 GiB unless given.

    Raises:
        ncutool_parsers.errors.CaptureError: it cannot be read, or holds nothing.
        ncutool_parsers.errors.UsageError: ``device`` is unknown, or the captures do not
            go together.
    """
    from pathlib import Path

    from ncutool.analysis.analyse import read_and_analyse
    from ncutool_parsers.interface import DEFAULT_MAX_BYTES

    return read_and_analyse(
        path,
        report_file=ncu,
        capture_file=capture_trace,
        rank_files=rank_traces,
        whole_steps=whole_steps,
        device=device,
        device_file=None if device_file is None else Path(device_file),
        measured_file=None if ceilings_file is None else Path(ceilings_file),
        max_bytes=max_bytes or DEFAULT_MAX_BYTES,
    )


def coverage_of(kernels: AnyFrame) -> Coverage:
    """What share of the time of a ``kernels`` table (polars or pandas) is understood."""
    from ncutool.analysis.frames import as_polars
    from ncutool.base.tables import KERNELS
    from ncutool.roofline.coverage import cover

    return cover(as_polars(kernels, KERNELS))


def rank(analysis: Analysis) -> pl.DataFrame:
    """The findings of an analysis as a table (:data:`ncutool.base.tables.FINDINGS`)."""
    from ncutool.analysis.frames import findings_frame

    return findings_frame(analysis.findings)


def roofline_chart(source: Analysis | AnyFrame) -> alt.LayerChart:
    """The interactive roofline of an analysis, or of a ``kernels`` table (polars or pandas).

    Raises:
        ncutool_parsers.errors.UsageError: no launch has FLOPs, bytes and a known peak.
    """
    from ncutool import charts
    from ncutool.analysis.analyse import Analysis
    from ncutool.analysis.frames import as_polars
    from ncutool.analysis.groups import grouped
    from ncutool.analysis.roofs import of_kernels
    from ncutool.base.tables import KERNELS
    from ncutool_parsers.errors import UsageError

    kernels = source.kernels if isinstance(source, Analysis) else as_polars(source, KERNELS)
    groups, _ = grouped(kernels)
    roofs = of_kernels(kernels)
    points = charts.roofline_points(groups)
    if roofs is None or not points:
        raise UsageError("no roofline: no launch has FLOPs, bytes and a known peak")
    return charts.roofline(groups, points, roofs)


def page_html(*analyses: Analysis, show_private: bool = False) -> str:
    """One offline HTML page with a view per analysis."""
    from ncutool.page import render

    return render(analyses, show_private=show_private)
