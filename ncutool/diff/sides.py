"""One side of a comparison: one or several captures of the same program, as plain tables and facts.

A run holds what comparing needs and nothing else, so that a stored baseline and a capture that was
just read are the same thing to whoever compares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl
from msgspec import Struct

from ncutool.analysis.analyse import Analysis
from ncutool.base.tables import KERNELS
from ncutool.timeline.trust import operators_recorded
from ncutool.whatif.predict.operators import runs_of
from ncutool.whatif.predict.sizes import Sizes, find
from ncutool_parsers.capture import Capture

COLUMNS = (
    "launch_id", "category", "kernel", "kernel_full", "op", "op_id", "signature", "shapes",
    "family", "stream", "device", "grid_x", "grid_y", "grid_z", "block_x", "block_y", "block_z",
    "start_ns", "duration_ns", "dtype", "flop", "flop_source", "dram_bytes", "bytes_source",
    "modelled_flop",
    "modelled_bytes", "roofline_pct", "roof", "roof_side", "bound", "peak_flop_per_s",
    "peak_bytes_per_s",
)  # fmt: skip
"""What of the kernels table is compared and stored."""
CLOCKS = {
    "sm_clock_hz": "sm__cycles_elapsed.avg.per_second",
    "memory_clock_hz": "dram__cycles_elapsed.avg.per_second",
}
"""The clocks at which each launch ran, where a report counted them."""
SCHEMA: dict[str, pl.DataType] = {
    **{name: kind for name, kind in KERNELS.polars_schema().items() if name in COLUMNS},
    **dict.fromkeys(CLOCKS, pl.Float64()),
}
_EPOCH_NS = 10**18
"""A clock that reads more than this counts from 1970 (it is 2001 then), not from a start."""


@dataclass(frozen=True)
class DeviceFacts:
    """The devices that a run was made on."""

    name: str
    compute_capability: str | None = None
    sm_count: int | None = None
    used: int = 1
    """How many devices its launches ran on."""


@dataclass(frozen=True)
class Settings:
    """How the profiler was set, as far as the capture tells."""

    source: str
    """Key of the format."""
    tool: str
    tool_version: str | None = None
    has_timeline: bool = False
    records_operators: bool = False
    figures_counted: bool = False
    launches_serialised: bool = False
    shapes: bool = False
    """Operators carry their shapes."""
    stacks: bool = False
    """Python stacks were recorded, which slows the host down."""
    operators_filtered: bool = False
    """Some of the operators that were called are not in the trace."""
    complete: bool = True
    synthetic: bool = False
    rank: int | None = None
    world_size: int | None = None


@dataclass(frozen=True)
class Window:
    """Wall, busy and idle time of a run that has a timeline."""

    wall_ns: int
    busy_ns: int
    idle_ns: dict[str, int] = field(default_factory=dict)
    """By cause."""


@dataclass(frozen=True)
class FindingFacts:
    """What a comparison needs of a finding."""

    rule: str
    kind: str
    per: str
    title: str
    launches: tuple[int, ...]
    low_ns: int
    """What it saves at least, done alone."""
    high_ns: int


def time_of(launches: pl.DataFrame) -> int:
    """Return the sum of the durations of launches."""
    return int(launches["duration_ns"].sum() or 0)


@dataclass(frozen=True, eq=False)
class Run:
    """One capture of a side."""

    name: str
    launches: pl.DataFrame
    """Columns :data:`SCHEMA`, a row a launch."""
    device: DeviceFacts
    settings: Settings
    window: Window | None
    findings: tuple[FindingFacts, ...] = ()
    started_ns: int | None = None
    """When it was recorded, on a clock that counts from 1970; None where that is not known."""
    batch: int | None = None
    """Sequences or samples processed together, and their length, where the shapes tell."""
    length: int | None = None

    @property
    def launch_ns(self) -> int:
        """Sum of the durations of all launches."""
        return time_of(self.launches)

    @property
    def whole_ns(self) -> int:
        """The time that is judged as a whole: wall time of a trace, launch time of a report."""
        return self.launch_ns if self.window is None else self.window.wall_ns


class Side(Struct, frozen=True, eq=False):
    """Before or after: runs of the same program."""

    runs: tuple[Run, ...]

    def __post_init__(self) -> None:
        """Raise a ValueError where there is no run."""
        if not self.runs:
            raise ValueError("a side needs a capture")

    @property
    def first(self) -> Run:
        """The run that launches are matched by: the one nearest to the median time."""
        ranked = sorted(self.runs, key=lambda run: run.whole_ns)
        return ranked[(len(ranked) - 1) // 2]

    @property
    def name(self) -> str:
        """What to call it: the first file's name, and how many more there are."""
        more = f" and {len(self.runs) - 1} more" if len(self.runs) > 1 else ""
        return f"{self.runs[0].name}{more}"


def run_of(analysis: Analysis) -> Run:
    """Return what comparing needs of one analysis."""
    capture, timeline = analysis.capture, analysis.timeline
    sizes = _sizes(analysis)
    return Run(
        name=capture.name,
        launches=_launches(analysis),
        device=_device(analysis),
        settings=_settings(analysis.capture),
        window=(
            None
            if timeline is None
            else Window(timeline.wall_ns, timeline.busy_ns, timeline.idle_by_cause())
        ),
        findings=tuple(
            FindingFacts(
                one.rule,
                one.kind,
                one.per,
                one.title,
                one.launches,
                one.alone_low_ns,
                one.alone_high_ns,
            )
            for one in analysis.findings
        ),
        started_ns=_started(capture.origin_ns),
        batch=None if sizes is None else sizes.batch,
        length=None if sizes is None else sizes.length,
    )


def side_of(analyses: Sequence[Analysis]) -> Side:
    """Return the side that captures of the same program make."""
    return Side(tuple(run_of(analysis) for analysis in analyses))


def _started(origin_ns: int | None) -> int | None:
    return origin_ns if origin_ns is not None and origin_ns > _EPOCH_NS else None


def _settings(capture: Capture) -> Settings:
    traits = capture.traits
    return Settings(
        source=capture.source,
        tool=capture.format.tool,
        tool_version=capture.tool_version,
        has_timeline=traits.has_timeline,
        records_operators=traits.records_operators,
        figures_counted=traits.figures_counted,
        launches_serialised=traits.launches_serialised,
        shapes=capture.shapes_recorded,
        stacks=capture.python_events > 0,
        operators_filtered=not operators_recorded(capture),
        complete=capture.complete,
        synthetic=capture.synthetic,
        rank=capture.rank,
        world_size=capture.world_size,
    )


def _sizes(analysis: Analysis) -> Sizes | None:
    """Return batch and length where the operators' shapes tell them."""
    if not analysis.capture.shapes_recorded:
        return None
    runs = runs_of(analysis.kernels, analysis.capture)
    found = find([run.call for run in runs if run.call is not None])
    return found if isinstance(found, Sizes) else None


def _device(analysis: Analysis) -> DeviceFacts:
    record, device = analysis.resolution.record, analysis.resolution.device
    used = analysis.kernels["device"].drop_nulls().n_unique()
    names = {kind.name for kind in analysis.device_kinds} if analysis.mixed else set()
    recorded = record.name if record is not None else None
    known = device.name if device is not None else None
    return DeviceFacts(
        name=", ".join(sorted(names)) or known or recorded or "",
        compute_capability=record.compute_capability if record is not None else None,
        sm_count=record.sm_count if record is not None else None,
        used=max(used, 1),
    )


def _launches(analysis: Analysis) -> pl.DataFrame:
    """Return the launches with the clocks that they ran at."""
    metrics = analysis.capture.metrics
    rows = analysis.kernels.select(COLUMNS)
    for column, metric in CLOCKS.items():
        read = metrics.filter(pl.col("metric") == metric).select(
            "launch_id", pl.col("value").alias(column)
        )
        rows = rows.join(
            read.unique("launch_id"), on="launch_id", how="left", maintain_order="left"
        )
    return rows.select(list(SCHEMA))
