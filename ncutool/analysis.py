"""The waist: a capture becomes an Analysis; every output reads nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from ncutool.advice.finding import Finding
    from ncutool.coverage import Coverage
    from ncutool.devices import Resolution
    from ncutool.timeline import Timeline
    from ncutool_parsers.capture import Capture, Notice


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
