"""What a reader must know of an analysis' figures, besides what its capture says itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ncutool.base import units
from ncutool.base.nvidia import PEAK_LIMIT
from ncutool.work.operators import plugins
from ncutool_parsers.capture import Notice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.devices.ceilings import Measured
    from ncutool.devices.resolve import Resolution
    from ncutool.devices.several import Kind
    from ncutool.timeline.window import Timeline
    from ncutool_parsers.capture import Capture

_GRAVITY = {"error": 0, "warning": 1, "info": 2}


def gravest_first(notices: Sequence[Notice]) -> tuple[Notice, ...]:
    """Sort errors before warnings before infos; otherwise the order is kept."""
    return tuple(sorted(notices, key=lambda notice: _GRAVITY[notice.severity]))


def of_origin(capture: Capture) -> list[Notice]:
    """Say that a capture was made up, which its figures do not show."""
    if not capture.synthetic:
        return []
    text = "This capture is synthetic: a program wrote it, and nothing in it was measured."
    return [Notice("synthetic", text)]


def of_device(capture: Capture, resolution: Resolution, kinds: Sequence[Kind] = ()) -> list[Notice]:
    """Say that no peaks are known, or for which of several devices, of a capture without its own,
    and that the launches ran on several devices.
    """
    found = []
    if len(kinds) > 1:
        text = f"The launches ran on {resolution.how}."
        found.append(Notice("unlike_devices", text, "info"))
    unknown = [kind for kind in kinds if kind.resolution.device is None]
    if capture.traits.peaks_recorded:
        return found
    if len(kinds) > 1:
        return found + [
            Notice("unknown_device", f"No peaks for {kind.numbered}: {kind.resolution.how}.")
            for kind in unknown
        ]
    if resolution.device is None:
        found.append(Notice("unknown_device", f"No peaks: {resolution.how}."))
    elif resolution.device.is_unverified:
        device = resolution.device
        text = f"Peaks of {device.name} are {device.confidence}; source: {device.source}."
        found.append(Notice("unverified_peaks", text, "info"))
    return found


def of_assumed(capture: Capture, assumed: str | None, resolution: Resolution) -> list[Notice]:
    """Say what a device that the user named changes: nothing in a report, every peak in a trace."""
    if assumed is None:
        return []
    if capture.traits.peaks_recorded:
        text = (
            f"--assume-device {assumed} changes no figure: a {capture.format.noun} is held against "
            "the peaks that it recorded itself."
        )
        return [Notice("assumed_device_unused", text)]
    if resolution.held_against is None:
        return []
    text = f"All peaks and percentages are {resolution.held_against}, as --assume-device asks."
    return [Notice("assumed_device", text)]


def of_window(timeline: Timeline | None) -> list[Notice]:
    """Say what was cut off the window, and what limits its figures."""
    if timeline is None:
        return []
    return [*(Notice("trimmed", text, "info") for text in timeline.trimmed), *timeline.notices]


def of_launches(capture: Capture) -> tuple[Notice, ...]:
    """Say what limits a trace's launches themselves, without the causes of its idle time."""
    if not capture.traits.has_timeline:
        return ()
    from ncutool.timeline.launch_notices import of_launches

    return of_launches(capture)


def flagged(kernels: pl.DataFrame) -> int:
    """Return how many launches lie above a peak that their device can have."""
    beyond = pl.col("peak_bytes_per_s") > pl.col("hardware_bytes_per_s") * PEAK_LIMIT
    doubtful = pl.col("flag").is_not_null() & beyond.fill_null(value=False)
    return kernels["flag"].count() - kernels.filter(doubtful).height


def of_flags(flagged: int) -> list[Notice]:
    """Say how many launches lie above a peak."""
    if not flagged:
        return []
    lies = f"{units.counted(flagged, 'launch')} {'lies' if flagged == 1 else 'lie'}"
    text = f"{lies} above 100 % of a peak; each says its likely cause."
    return [Notice("above_peak", text)]


def of_ranks(kernels: pl.DataFrame, others: Sequence[pl.DataFrame]) -> list[Notice]:
    """Say that the ranks given cannot be compared, where they cannot."""
    from ncutool.advice.view.ranks import rank_minima

    if not others or rank_minima([kernels, *others]) is not None:
        return []
    text = (
        "The ranks ran different collectives, or none: they are not compared. Record the same "
        "steps on every rank."
    )
    return [Notice("ranks_not_paired", text)]


def of_measured(unused: Measured | None, capture: Capture) -> list[Notice]:
    """Say that measured rates were given and not used."""
    if unused is None:
        return []
    text = (
        f"{unused.path} is not used: a {capture.format.noun} is held against its own peaks at its "
        "own clocks."
    )
    return [Notice("ceilings_unused", text)]


def of_plugins(capture: Capture) -> list[Notice]:
    """Say what is wrong with the operator models that other packages bring."""
    if capture.traits.figures_counted:
        return []
    return [Notice("operator_plugin", problem) for problem in plugins.load().problems]
