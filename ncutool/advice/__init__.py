"""Ranked findings: what to change, with evidence and what it saves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.advice import batch, chains, fuse, launch, rank, reports
from ncutool.advice.context import context
from ncutool.advice.finding import Advice

if TYPE_CHECKING:
    import polars as pl

    from ncutool.devices import Device
    from ncutool.timeline import Timeline
    from ncutool_parsers.capture import Capture


def advise(
    kernels: pl.DataFrame, capture: Capture, timeline: Timeline | None, device: Device | None
) -> Advice:
    """Findings, surest saving first; savings never add up to more than the window.

    Args:
        kernels: table :data:`ncutool.schema.KERNELS`, rows in any order.
        capture: what the reader found.
        timeline: of a trace; None for reports, whose window is the sum of durations.
        device: whose peaks bound what fusing can save; None where it is unknown.
    """
    if capture.source == "ncu":
        return reports.advise(kernels)
    if timeline is None:
        return Advice()
    view = context(kernels, capture, timeline, device)
    fused, taken = fuse.drafts(view)
    chained = chains.drafts(view, taken)
    return rank.ranked(view, [*fused, *chained, *batch.drafts(view, taken), *launch.drafts(view)])
