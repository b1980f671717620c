"""How an archive is analysed: what changes figures, and the limits of a file."""

from __future__ import annotations

from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import msgspec

from ncutool.archive.tables import SCHEMA_VERSION
from ncutool.base import pseudonyms
from ncutool_parsers.defaults import DEFAULT_MAX_BYTES
from ncutool_parsers.errors import UsageError

_NAMING = 1
"""Of how files are called; rows that call them otherwise are made anew."""

_REDACTION = 2
"""Of what is taken out; redacted rows from which less was are made anew."""


class Settings(msgspec.Struct, frozen=True):
    """What every worker of a run is told, in plain values."""

    whole_steps: bool = False
    assume_device: str | None = None
    device_file: str | None = None
    ceilings: str | None = None
    redact: str | None = None
    """What must not be kept: a value of :class:`ncutool.analysis.request.Redact`."""
    max_bytes: int = DEFAULT_MAX_BYTES
    """Refuse a capture that expands past this."""
    max_memory: int | None = None
    """Bytes that a worker may have; None for no limit."""
    timeout_s: float | None = None
    """Seconds that one file may take; None for no limit."""

    @property
    def analysis_version(self) -> str:
        """The version of ncutool with a hash of it and of all that changes figures.

        Raises:
            UsageError: a file of devices or ceilings cannot be read.
        """
        ncutool = version("ncutool")
        files = [_content(path) for path in (self.device_file, self.ceilings)]
        decisive = [ncutool, SCHEMA_VERSION, _NAMING, self.whole_steps, self.assume_device, *files]
        decisive += [] if self.redact is None else [self.redact, _REDACTION, *_key_digest()]
        return f"{ncutool}-{sha256(repr(decisive).encode()).hexdigest()[:8]}"

    @property
    def limits(self) -> str:
        """The limits that a file may fail by and, with others, not fail."""
        return f"{self.max_bytes} {self.max_memory} {self.timeout_s}"


def _key_digest() -> list[str]:
    """Return what tells the keys of pseudonyms apart without telling them."""
    return [pseudonyms.pseudonym("key", "key", pseudonyms.key())]


def _content(path: str | None) -> str | None:
    if path is None:
        return None
    try:
        return sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); check the path") from error
