"""The waist: a capture becomes an Analysis; every output reads nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from ncutool import advice, devices, headline, roofline, timeline
from ncutool.coverage import cover
from ncutool.work import counter_notices, counters, shapes
from ncutool_parsers import read
from ncutool_parsers.capture import Notice
from ncutool_parsers.interface import DEFAULT_MAX_BYTES, ReadOptions

if TYPE_CHECKING:
    from os import PathLike

    import pandas as pd

    from ncutool.advice.finding import Finding
    from ncutool.coverage import Coverage
    from ncutool.devices import Resolution
    from ncutool.timeline import Timeline
    from ncutool_parsers.capture import Capture, DeviceRecord
    from ncutool_parsers.interface import Progress


@dataclass(frozen=True)
class Analysis:
    """One capture, analysed."""

    capture: Capture
    resolution: Resolution
    kernels: pl.DataFrame
    """The public contract: :data:`ncutool.schema.KERNELS`."""
    coverage: Coverage
    timeline: Timeline | None
    """None for reports: ncu serialises launches, so their start times say nothing."""
    findings: tuple[Finding, ...]
    notices: tuple[Notice, ...]
    headline: str
    """The verdict in one sentence with numbers."""

    @property
    def window_ns(self) -> int:
        """The time that percentages of findings refer to: wall for traces, sum for reports."""
        if self.timeline is not None:
            return self.timeline.wall_ns
        return self.coverage.duration_ns

    def to_pandas(self) -> pd.DataFrame:
        """The ``kernels`` table as a pandas DataFrame."""
        return self.kernels.to_pandas()


def analyse(capture: Capture, device: str | None = None) -> Analysis:
    """Everything ncutool has to say of one capture.

    Args:
        capture: what a reader found.
        device: name of the device to hold it against, where the capture's own is wrong or
            missing.

    Raises:
        UsageError: ``device`` names no known device, or several.
    """
    resolution = devices.resolve(_record(capture), device)
    is_report = capture.source == "ncu"
    work = counters.work(capture) if is_report else shapes.work(capture)
    kernels = roofline.place(capture, work, resolution.device)
    window = None if is_report else timeline.build(capture)
    found = advice.findings(kernels, capture, window, resolution.device)
    coverage = cover(kernels)
    return Analysis(
        capture=capture,
        resolution=resolution,
        kernels=kernels,
        coverage=coverage,
        timeline=window,
        findings=found,
        notices=_gravest_first(
            [
                *capture.notices,
                *(counter_notices.notices(capture, work) if is_report else ()),
                *_notices(capture, resolution, kernels, window),
            ]
        ),
        headline=headline.write(kernels, coverage, window, found),
    )


def read_and_analyse(
    path: str | PathLike[str],
    *,
    device: str | None = None,
    max_bytes: int = DEFAULT_MAX_BYTES,
    progress: Progress | None = None,
) -> Analysis:
    """Read one capture file, with only the counters that the analysis needs, and analyse it.

    Raises:
        CaptureError: it cannot be read, or holds nothing.
        UsageError: ``device`` is unknown.
    """
    options = ReadOptions(max_bytes=max_bytes, metrics=counters.WANTED, progress=progress)
    return analyse(read(Path(path), options), device)


def _record(capture: Capture) -> DeviceRecord | None:
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
    if resolution.device is None and capture.source == "torch":
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


def _gravest_first(notices: list[Notice]) -> tuple[Notice, ...]:
    """What changes how everything else reads comes first; otherwise the order is kept."""
    order = {"error": 0, "warning": 1, "info": 2}
    return tuple(sorted(notices, key=lambda notice: order[notice.severity]))
