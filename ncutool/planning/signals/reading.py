"""A file of samples to a :class:`Series`: bounded, and told apart by what it holds."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from pathlib import Path

from ncutool.base.untrusted import printable
from ncutool.planning.signals import dcgmi_dmon, exporter, smi_dmon
from ncutool.planning.signals.dcgm_fields import BY_NAME
from ncutool.planning.signals.series import Series
from ncutool_parsers.errors import EmptyError, UnreadableError

MOST_BYTES = 64 * 1024 * 1024
"""Eight GPUs sampled each second fill it in more than a day of `-s u`."""
_LONGEST_NAME = 200
_LOOK = 65536
"""Characters of the beginning that tell the kind."""
_Parser = Callable[[str, str], Series]
WANTED = "give the text of nvidia-smi dmon, of dcgmi dmon or of dcgm-exporter"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read(path: Path) -> Series:
    """Return the samples in a file.

    Raises:
        UnreadableError: it cannot be read, is too large, or is something else.
        EmptyError: it holds no sample.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UnreadableError(path, f"cannot be read ({why})", "check the path") from error
    return parse(content, str(path), path.name)


def parse(content: bytes | str, where: str, source: str | None = None) -> Series:
    """Return the samples in a text.

    Args:
        content: what was read; bytes are UTF-8, or UTF-16 with its mark.
        where: what errors call it.
        source: what results call it; ``where`` if None.

    Raises:
        UnreadableError: it is too large, or is something else.
        EmptyError: it holds no sample.
    """
    if len(content) > MOST_BYTES:
        raise UnreadableError(
            where, f"is larger than {MOST_BYTES:,} bytes", "give a shorter stretch of it"
        )
    text = content if isinstance(content, str) else _decoded(content, where)
    parser = _parser(text[:_LOOK], where)
    series = parser(text, printable(where if source is None else source, _LONGEST_NAME))
    if not any(gpu.columns for gpu in series.gpus):
        skipped = f"; {series.skipped_lines:,} lines fit no heading" if series.skipped_lines else ""
        raise EmptyError(
            where,
            f"is {series.kind} text without one sample of a signal that is known here{skipped}",
            "sample utilisation (nvidia-smi dmon -s u) or fields 1001 to 1008 (dcgmi dmon -e)",
        )
    return series


def _decoded(content: bytes, where: str) -> str:
    """Decode text, also of a shell that writes UTF-16."""
    if content.startswith(_UTF16):
        return content.decode("utf-16", "replace")
    if b"\0" in content[:_LOOK]:
        raise UnreadableError(where, f"is no text{_binary(content)}", WANTED)
    return content.decode("utf-8-sig", "replace")


def _binary(content: bytes) -> str:
    if content.startswith((b"NVR\0", b"PK\x03\x04")):
        return ": a report goes to ncutool report"
    return ""


def _parser(start: str, where: str) -> _Parser:
    """Return the reader for a text that begins so.

    Raises:
        UnreadableError: no reader fits; the message says what it is, where that is known.
    """
    lines = [line.strip() for line in start.splitlines()]
    if any(_is_metric(line) for line in lines):
        return exporter.parse
    for line in lines:
        # both have a heading with a GPU; what DCGM's tags are, nvidia-smi prints in small letters
        if dcgmi_dmon.heading(line) is not None:
            return dcgmi_dmon.parse
        titles = smi_dmon.heading(line)
        if titles is not None and "pid" not in titles:
            return smi_dmon.parse
    raise UnreadableError(where, _what_it_is(lines, start), WANTED)


def _is_metric(line: str) -> bool:
    name = line.split("{", 1)[0].split(" ", 1)[0]
    return name in BY_NAME or line.startswith(("DCGM_FI_", "# HELP DCGM_FI_", "# TYPE DCGM_FI_"))


def _what_it_is(lines: list[str], start: str) -> str:
    if not start.strip():
        return "is empty"
    if start.lstrip()[:1] in ("{", "["):
        return "is JSON: a torch.profiler trace goes to ncutool report"
    if any(line.startswith("#") and "pid" in line.split() for line in lines):
        return "is nvidia-smi pmon, which is apart for each process"
    if any("utilization.gpu" in line for line in lines[:3]):
        return "is nvidia-smi --query-gpu, whose columns are others"
    if any("NVIDIA-SMI" in line for line in lines[:10]):
        return "is the table that nvidia-smi prints once, without a course over time"
    if _rows_of_numbers(lines):
        return "has rows of numbers and no heading that names them (dmon --format noheader?)"
    return "holds no heading of samples"


def _rows_of_numbers(lines: list[str]) -> bool:
    rows = [smi_dmon.cells(line) for line in lines if line]
    numbers = [row for row in rows if len(row) > 2 and row[0].isascii() and row[0].isdigit()]
    return 2 * len(numbers) > len(rows)
