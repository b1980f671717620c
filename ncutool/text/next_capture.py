"""Which launches to profile next, for a shell, for Markdown, and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ncutool.base import units
from ncutool.base.records import fields_of
from ncutool.base.untrusted import markdown, printable, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ncutool.analysis.next_capture import NextCapture, Part

SCHEMA = "ncutool/next-capture/1"
_SHOWN = 8
_NAME, _WHY = 60, 90
"""Characters of a kernel's name, and of what is not known of it."""


def next_capture_text(found: NextCapture) -> str:
    """Return the command on a line of its own, and what it tells as comments of a shell.

    All of it can be pasted: every other line begins with ``#``.
    """
    lines = [f"# {line}" if line else "#" for line in _lines(found)]
    if found.command is not None:
        lines.insert(1, found.command)
    return "".join(f"{printable(line)}\n" for line in lines)


def next_capture_markdown(found: NextCapture) -> str:
    """Return the same for a pull request, the command as code."""
    parts = [f"**{markdown(found.said)}**"]
    if found.command is not None:
        parts.append(f"```sh\n{printable(found.command)}\n```")
    rest = [markdown(printable(line)) for line in list(_lines(found))[1:]]
    return "\n\n".join([*parts, "\n".join(f"- {line.strip()}" for line in rest if line)]) + "\n"


def record(found: NextCapture) -> dict[str, Any]:
    """Return the answer as plain data."""
    return fields_of(found)


def _lines(found: NextCapture) -> Iterator[str]:
    yield found.said
    if found.command is not None:
        yield (
            f"PROGRAM is your program with its arguments. {_profiles(found)} at most "
            f"{found.replays} replays ({found.passes} a launch; ncu prints how many), of "
            f"{found.most_replays} asked for."
        )
        yield from _parts("Settles", found.settles)
    if found.remains:
        left = f"{units.percent(found.remains_pct)} of the launch time"
        title = "Not known after it" if found.command is not None else "Not known"
        yield from _parts(f"{title}: {left}", found.remains)
    elif found.command is not None:
        yield "No other launch is unknown or unexplained after it."
    for one in found.elsewhere:
        yield f"No counter tells: {one}."
    if found.command is None:
        yield from (f"Looked at: {one}." for one in found.looked)
    yield from found.notes


def _profiles(found: NextCapture) -> str:
    ids = ", ".join(str(one) for one in found.launches[:_SHOWN])
    more = ", ..." if len(found.launches) > _SHOWN else ""
    known = len(found.also_profiled)
    beside = f"; {known} of them only for being counted between the others" if known else ""
    count = units.counted(len(found.launches), "launch")
    return f"Profiles {count} ({ids}{more}{beside}):"


def _parts(title: str, parts: Sequence[Part]) -> Iterator[str]:
    yield f"{title}:"
    for part in parts[:_SHOWN]:
        count = units.counted(len(part.launches), "launch")
        yield (
            f"  {units.percent(part.pct)}, {units.time(part.duration_ns)} in {count} of "
            f"{shorten(part.kernel, _NAME)}: {shorten(part.why, _WHY)}"
        )
    if len(parts) > _SHOWN:
        rest = sum(part.duration_ns for part in parts[_SHOWN:])
        yield f"  {units.counted(len(parts) - _SHOWN, 'other kernel')}, {units.time(rest)}"
