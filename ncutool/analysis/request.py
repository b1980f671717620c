"""What is asked of a capture, with one name an option from the command line to the analysis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ncutool_parsers.interface import DEFAULT_MAX_BYTES


@dataclass(frozen=True)
class Request:
    """How one capture is read and analysed.

    The option ``--capture-trace`` of every command that takes a capture, the field
    :attr:`capture_trace` here and the parameter ``capture_trace`` of :func:`ncutool.load` are the
    same thing; so are all others.
    """

    ncu: Path | None = None
    """An Nsight Compute report of the same program: its counters go on the trace's launches."""
    capture_trace: Path | None = None
    """A trace of the run that captured the CUDA/HIP graphs which this trace replays."""
    rank_trace: Sequence[Path] = ()
    """Traces of other ranks of the same job: they tell waiting from transfer."""
    whole_steps: bool = False
    """Cut a trace's window to whole steps."""
    assume_device: str | None = None
    """Name of the device to take peaks from, where the capture's own is wrong or missing."""
    device_file: Path | None = None
    """Devices of the user's own in the format of devices.toml; its rows win."""
    ceilings: Path | None = None
    """Measured rates (JSON) that replace the device's peaks; a report keeps its own."""
    max_bytes: int = DEFAULT_MAX_BYTES
    """Refuse a capture that expands past this many bytes."""
