"""What is asked of a capture, with one name an option from the command line to the analysis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from ncutool_parsers import Place
from ncutool_parsers.defaults import (
    DEFAULT_MAX_BYTES,
    DEFAULT_MAX_EVENTS,
    DEFAULT_MAX_NAME,
    DEFAULT_MAX_NESTING,
    DEFAULT_MAX_VALUES,
)
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from ncutool_parsers.interface import ReadOptions


class Redact(str, Enum):
    """How much is taken out of a capture before anything is said of it."""

    PRIVATE = "private"
    """Paths, host and user names, addresses, command lines, values of environment variables,
    names of modules and the file's own name."""
    NAMES = "names"
    """These, and the names of kernels and operators that no public framework or library has."""


@dataclass(frozen=True)
class Request:
    """How one capture is read and analysed.

    The option ``--capture-trace`` of every command that takes a capture, the field
    :attr:`capture_trace` here and the parameter ``capture_trace`` of :func:`ncutool.load` are the
    same thing; so are all others.
    """

    ncu: Path | Place | None = None
    """An Nsight Compute report of the same program: its counters go on the trace's launches."""
    capture_trace: Path | Place | None = None
    """A trace of the run that captured the CUDA/HIP graphs which this trace replays."""
    rank_trace: Sequence[Path | Place] = ()
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
    max_events: int = DEFAULT_MAX_EVENTS
    """Refuse a trace of more events."""
    max_name: int = DEFAULT_MAX_NAME
    """Cut names to so many characters."""
    max_values: int = DEFAULT_MAX_VALUES
    """Leave out recorded arguments (lists of dimensions) of more values."""
    max_nesting: int = DEFAULT_MAX_NESTING
    """Leave out recorded arguments that are nested deeper."""
    max_memory: int | None = None
    """Bytes that the process which reads a report may have; None: three quarters of all."""
    redact: Redact | None = None
    """What must not be shown, in whatever output; None shows what is shown without being asked."""

    def read_options(self) -> ReadOptions:
        """Return the limits of the request as readers take them."""
        from ncutool_parsers.interface import ReadOptions

        return ReadOptions(
            max_bytes=self.max_bytes,
            max_events=self.max_events,
            max_name=self.max_name,
            max_values=self.max_values,
            max_nesting=self.max_nesting,
            max_memory=self.max_memory,
        )


def redact_asked(given: str | None) -> Redact | None:
    """Return how much to take out of a capture, as a script names it.

    Raises:
        UsageError: nothing is called so.
    """
    try:
        return None if given is None else Redact(given)
    except ValueError:
        known = " or ".join(repr(one.value) for one in Redact)
        raise UsageError(f"redact={given!r}: it is {known}") from None
