"""What a page opens with: notices that change how to read it, the verdict, the facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ncutool.analysis import capture_lines
from ncutool.base.untrusted import printable
from ncutool_parsers.capture import Notice

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis
    from ncutool_parsers.capture import Severity

_ORDER: tuple[Severity, ...] = ("error", "warning", "info")
_SIGNS = {"error": "Careful", "warning": "Note", "info": "Info"}


@dataclass(frozen=True)
class Line:
    """One notice as shown."""

    severity: Severity
    sign: str
    text: str


@dataclass(frozen=True)
class Heading:
    """The top of one view."""

    capture: str
    about: str
    headline: str
    device: str
    device_how: str
    peaks: str
    reached: str | None
    """How far the peaks are reached in this capture, or as measured; None where nothing says."""
    time: str
    errors: tuple[Line, ...]
    """They change how to read all else: they stand above the verdict."""
    warnings: tuple[Line, ...]
    """They stand under it."""
    infos: tuple[Line, ...]
    """They stand at the end."""
    private: tuple[tuple[str, str], ...]


def heading(analysis: Analysis, *, show_private: bool) -> Heading:
    """The opening of one view.

    Args:
        show_private: host names, user paths and the like were asked for.
    """
    lines = [
        Line(notice.severity, _SIGNS[notice.severity], printable(notice.text))
        for notice in sorted(notices(analysis), key=lambda one: _ORDER.index(one.severity))
    ]
    private = sorted(analysis.capture.private.items()) if show_private else []
    return Heading(
        capture=printable(analysis.capture.name),
        about=capture_lines.capture_line(analysis),
        headline=printable(analysis.headline),
        device=capture_lines.device_name(analysis),
        device_how=printable(analysis.resolution.how),
        peaks=capture_lines.peaks_line(analysis),
        reached=capture_lines.reached_line(analysis),
        time=capture_lines.time_line(analysis),
        errors=tuple(line for line in lines if line.severity == "error"),
        warnings=tuple(line for line in lines if line.severity == "warning"),
        infos=tuple(line for line in lines if line.severity == "info"),
        private=tuple((printable(name), printable(value)) for name, value in private),
    )


def notices(analysis: Analysis) -> list[Notice]:
    """The analysis' notices, and what follows from it where none says so."""
    found = list(analysis.notices)
    texts = {notice.text for notice in found}
    codes = {notice.code for notice in found}
    if not analysis.capture.complete and "truncated" not in codes:
        found.append(
            Notice(
                "truncated",
                "The capture was cut short: figures are of its readable part only.",
                "error",
            )
        )
    timeline = analysis.timeline
    if timeline is not None:
        if not timeline.trustworthy and "untrustworthy_window" not in codes:
            found.append(
                Notice(
                    "untrustworthy_window",
                    "Busy, idle and every share of the wall time are not trustworthy: much of "
                    "the idle time is unexplained.",
                    "error",
                )
            )
        said = timeline.trimmed
        found += [Notice("timeline", text, "info") for text in said if text not in texts]
    return found
