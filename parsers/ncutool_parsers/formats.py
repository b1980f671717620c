"""What a capture of a format is and holds, as traits; and the words for it.

Everything that treats captures of two formats differently asks for a trait and never for a
format's name, so that a new format is one reader and one :class:`Format`.
"""

from __future__ import annotations

from msgspec import Struct


class Traits(Struct, frozen=True):
    """What every capture of a format holds, whichever program was recorded."""

    has_timeline: bool = False
    """Launches carry start times on one clock, so that gaps and overlap mean something."""
    records_operators: bool = False
    """The framework's operators, with their shapes, may stand beside the launches. Where they
    cannot, grid and block are all that tells two launches of a kernel apart."""
    figures_counted: bool = False
    """FLOPs and bytes come from hardware counters (table `metrics`, by NVIDIA's names). Elsewhere
    they are modelled from operator shapes, and a counting capture of the program may be joined."""
    peaks_recorded: bool = False
    """The device's peaks stand in the capture itself, at the clocks of the run. Peaks of the
    device table or measured ones are then never used."""
    launches_serialised: bool = False
    """The tool ran every launch alone, at clocks it locked and with cold caches: durations are
    not those of the program's own run."""
    values_rounded: bool = False
    """Its values were printed to be read: what is computed from them is never exact."""


class Format(Struct, frozen=True):
    """A format of captures: its traits, and what messages and outputs call it."""

    source: str
    """Key of the format in the column `source` and in JSON."""
    tool: str
    """The tool that records it."""
    noun: str
    """One capture of it, e.g. ``report``, as in "the report's own peaks"."""
    traits: Traits
    duration_source: str
    """Where durations of launches come from, as the source of a figure."""
    shapes_option: str | None = None
    """What makes the tool record operator shapes; None where it cannot."""
    no_figures: str = "no launch has both FLOPs and bytes."
    """Why no launch of a capture may have FLOPs and bytes, and what to do, in sentences."""

    @property
    def name(self) -> str:
        """The format in plain words, e.g. ``Nsight Compute report``."""
        return f"{self.tool} {self.noun}"


NCU_REPORT = Format(
    source="ncu",
    tool="Nsight Compute",
    noun="report",
    traits=Traits(figures_counted=True, peaks_recorded=True, launches_serialised=True),
    duration_source="the report's gpu__time_duration",
    no_figures=(
        "the report holds no FLOP counters (the `basic` set has none). Collect with "
        "`ncu --set full` or `--set roofline`."
    ),
)
NCU_TEXT = Format(
    source="ncu",
    tool="Nsight Compute",
    noun="printout",
    traits=Traits(
        figures_counted=True, peaks_recorded=True, launches_serialised=True, values_rounded=True
    ),
    duration_source="the printed gpu__time_duration",
    no_figures=(
        "what was printed holds no FLOP counters (the page `details` has none). Print the page "
        "`raw` of a report that was collected with `ncu --set full` or `--set roofline`."
    ),
)
TORCH_TRACE = Format(
    source="torch",
    tool="torch.profiler",
    noun="trace",
    traits=Traits(has_timeline=True, records_operators=True),
    duration_source="the trace",
    shapes_option="record_shapes=True",
    no_figures=(
        "no launch has both FLOPs and bytes. Record the trace with `record_shapes=True`, or join "
        "an Nsight Compute report."
    ),
)
