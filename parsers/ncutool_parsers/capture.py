"""What one input file said: typed tables, the devices it names, and notices."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ncutool_parsers import schema
from ncutool_parsers.formats import Format, Traits
from ncutool_parsers.visible_text import visible, without_host

if TYPE_CHECKING:
    import polars as pl

    from ncutool_parsers.place import Place

Severity = Literal["info", "warning", "error"]


@dataclass(frozen=True)
class Notice:
    """Something a reader of the result must know; shown with every output."""

    code: str
    """Stable identifier, e.g. ``truncated``, ``no_shapes``."""
    text: str
    """One sentence: what is so and what it means for the figures."""
    severity: Severity = "warning"


SAMPLE_MEMBER = "ncutool_sample"
"""The member of a trace that says where a synthetic sample comes from."""
_SYNTHETIC = "synthetic:"


def made_up(text: object) -> bool:
    """Whether a capture's own word on where it comes from is that nothing was measured.

    Args:
        text: a trace's member of that name, or the command line of a report.
    """
    return isinstance(text, str) and text.startswith(_SYNTHETIC)


@dataclass(frozen=True)
class DeviceRecord:
    """What a capture itself says about a device; unknown fields are None."""

    ordinal: int = 0
    name: str | None = None
    compute_capability: str | None = None
    sm_count: int | None = None
    memory_bytes: int | None = None
    l2_bytes: int | None = None
    max_sm_clock_hz: float | None = None
    memory_clock_hz: float | None = None
    memory_bus_bits: int | None = None
    vendor: Literal["nvidia", "amd"] | None = None


@dataclass(frozen=True)
class Capture:
    """One capture as typed tables (see :mod:`ncutool_parsers.schema`)."""

    path: Path | Place
    """Where it lies: the file, or the place that it was copied from to be read."""
    format: Format
    """What captures of its kind hold, and what they are called."""
    launches: pl.DataFrame
    devices: tuple[DeviceRecord, ...] = ()
    metrics: pl.DataFrame = field(default_factory=schema.METRICS.empty)
    instructions: pl.DataFrame = field(default_factory=schema.INSTRUCTIONS.empty)
    samples: pl.DataFrame = field(default_factory=schema.SAMPLES.empty)
    sampled_lines: pl.DataFrame = field(default_factory=schema.SAMPLED_LINES.empty)
    listings: pl.DataFrame = field(default_factory=schema.LISTINGS.empty)
    rules: pl.DataFrame = field(default_factory=schema.RULES.empty)
    signatures: pl.DataFrame = field(default_factory=schema.SIGNATURES.empty)
    ops: pl.DataFrame = field(default_factory=schema.OPS.empty)
    calls: pl.DataFrame = field(default_factory=schema.CALLS.empty)
    annotations: pl.DataFrame = field(default_factory=schema.ANNOTATIONS.empty)
    overheads: pl.DataFrame = field(default_factory=schema.OVERHEADS.empty)
    notices: tuple[Notice, ...] = ()
    complete: bool = True
    """False where the file was cut short and only its whole part was read."""
    origin_ns: int | None = None
    """The capture's own clock at time 0 of the tables (torch)."""
    clock_step_ns: int = 1
    """Resolution of the recorded times: 1000 in the integer-microsecond eras."""
    shapes_recorded: bool = False
    """Some operator carries its input shapes (torch, ``record_shapes=True``)."""
    python_events: int = 0
    """Python stack events in the trace: above 0 the profiler slowed the host down."""
    processes: int = 1
    """How many processes recorded launch calls into the file (torch)."""
    ops_recorded_share: float | None = None
    """Share of the operators that were called which the trace holds, from the density of their
    ``Ev Idx``; None where they carry none (torch)."""
    rank: int | None = None
    world_size: int | None = None
    tool_version: str | None = None
    """Version of the tool that wrote the capture, e.g. ``2025.2.1.0`` for ncu."""
    synthetic: bool = False
    """It says of itself that a program wrote it and nothing was measured (:func:`made_up`)."""
    private: dict[str, str] = field(default_factory=dict)
    """Host names, user paths, command lines: never shown unless ``--show-private``."""

    @property
    def source(self) -> str:
        """Key of the format in tables and JSON."""
        return self.format.source

    @property
    def traits(self) -> Traits:
        """What the capture is and holds by its format."""
        return self.format.traits

    @property
    def name(self) -> str:
        """File name without its folder, nor the host that the profiler names its files after.

        It is all that is shown by default.
        """
        return without_host(visible(self.path.name))
