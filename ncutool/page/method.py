"""How the figures of a format's captures come about, for the foot of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ncutool_parsers.formats import Format


def method(form: Format) -> str:
    """Return where FLOPs, bytes and peaks of captures of a format come from, in sentences."""
    traits = form.traits
    if traits.figures_counted:
        figures = "FLOPs and bytes are hardware counters where it has them"
    elif traits.records_operators:
        figures = (
            "FLOPs and bytes follow from operator shapes. Bytes are compulsory traffic: each "
            "distinct input read once, each output written once"
        )
    else:
        figures = "it records neither counters nor operator shapes, so FLOPs and bytes are unknown"
    peaks = (
        ", held against peaks at the clocks it recorded itself."
        if traits.peaks_recorded
        else ". Peaks are dense, from the device table."
    )
    counters = " Counters of an Nsight Compute report of the same run replace them."
    alone = f" {form.tool} runs kernels one by one with cold caches."
    return (
        f"From a {form.noun}: {figures}{peaks}"
        f"{'' if traits.figures_counted else counters}"
        f"{alone if traits.launches_serialised else ''}"
    )
