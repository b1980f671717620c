"""Ranked findings: what to fuse, batch and replay as a graph, with evidence and savings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from ncutool.advice.finding import Finding
    from ncutool.devices import Device
    from ncutool.timeline import Timeline
    from ncutool_parsers.capture import Capture


def findings(
    kernels: pl.DataFrame, capture: Capture, timeline: Timeline | None, device: Device | None
) -> tuple[Finding, ...]:
    """Findings, surest saving first; savings never add up to more than the window."""
    return ()
