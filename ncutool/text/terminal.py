"""The document for a terminal of 80 x 24, in twenty lines: the verdict comes last.

Where there is more room columns and names get it, but no lines. A title is never cut: the columns
beside it go first, then it runs on below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Group
from rich.text import Text

from ncutool.analysis import display_names
from ncutool.analysis.capture_sentences import stem
from ncutool.analysis.document import Document
from ncutool.base import units
from ncutool.base.untrusted import printable, shorten
from ncutool.text.shell import command
from ncutool.text.style import (
    BOUND_FILLS,
    BOUND_STYLES,
    render,
    terminal_width,
    text,
    wrapped,
)
from ncutool.text.summary_rows import finding_rows, group_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ncutool.analysis import sections
    from ncutool.analysis.analyse import Analysis
    from ncutool.analysis.where_time_goes import Share

LINES = 20
"""Lines of a summary: a terminal of 24 keeps the command above it in sight."""
_FINDINGS = 3
_GROUPS = 5
_LEGEND_PCT = 0.95
"""Parts below this share, which would read as less than 1 %, are named together."""
_LEGEND_LINES = 2
_SHORTEST_TITLE = 24


def summary_text(
    analysis: Analysis,
    *,
    color: bool,
    width: int | None = None,
    wrote: str = "",
    verbose: bool = False,
) -> str:
    """Return an analysis as a terminal shows it.

    Args:
        color: colours are wanted; they are used only where the terminal has them.
        width: columns; those of the terminal where None.
        wrote: what was written, for instance `page: run.html`.
        verbose: also what the summary leaves out, above it.
    """
    columns = terminal_width() if width is None else width
    document = Document(analysis)
    drawn: list[Any] = []
    if verbose:
        from ncutool.text.terminal_details import details

        drawn += details(document, columns)
    drawn += _lines(document, columns, wrote, verbose=verbose)
    return render(Group(*drawn), color=color, width=columns)


def _lines(document: Document, width: int, wrote: str, *, verbose: bool) -> list[Text]:
    head = [*_head(document, width, verbose=verbose), Text("")]
    time = [*_time(document.time, width), Text("")]
    tail = [
        *([text(wrote)] if wrote else []),
        *wrapped(document.verdict.headline, width, style="bold"),
    ]
    room = LINES - len(head) - len(time) - len(tail) - 2  # empty lines below both tables
    findings, kernels = _tables(document, width, room)
    return [*head, *time, *findings, Text(""), *kernels, Text(""), *tail]


def _tables(document: Document, width: int, room: int) -> tuple[list[Text], list[Text]]:
    """Return findings and groups, as many of both as fit into ``room`` lines, findings first."""
    for count in range(min(_FINDINGS, max(len(document.findings.lines), 1)), 0, -1):
        for rows in range(_GROUPS, 0, -1):
            kernels = _kernels(document, width, rows)
            findings = _findings(document, width, count, room - len(kernels))
            if len(findings) + len(kernels) <= room:
                return findings, kernels
    return findings, kernels


def _head(document: Document, width: int, *, verbose: bool) -> list[Text]:
    """Return what was captured and where, the time, how much is understood, and notices."""
    coverage = document.coverage.shares
    parts = [_duration(document)]
    if coverage.understood_pct is not None:
        parts.append(f"{units.percent(coverage.understood_pct)} of launch time understood")
    if 0 < coverage.untimed < coverage.launches:
        parts.append(f"{units.counted(coverage.untimed, 'launch')} without a known time")
    if document.notices:
        where = "above" if verbose else "-v"
        parts.append(f"{units.counted(len(document.notices), 'notice')}: {where}")
    return [*_opening(document, width), *_flowing(parts, width)]


def _opening(document: Document, width: int) -> list[Text]:
    """Return the capture, its device, format and launches; the longest that fits on one line."""
    name, device = document.verdict.capture, printable(document.device.name)
    format_name = document.analysis.capture.format.name
    launches = units.counted(document.analysis.coverage.launches, "launch")
    rank = document.analysis.capture.rank
    short = [f"{format_name.rpartition(' ')[0] or format_name}, {launches}"]
    of_rank = [] if rank is None else [f"rank {rank}"]
    plain = device.removeprefix("NVIDIA ").removeprefix("AMD ")
    for shown, about in (
        (name, [device, document.verdict.about]),
        (stem(name), [device, *short, *of_rank]),
        (stem(name), [plain, *short, *of_rank]),
    ):
        rest = "".join(f" · {part}" for part in about)
        if cell_len(printable(shown) + rest) <= width:
            return [text(shown, "bold").append(rest)]
    if width - cell_len(rest) >= _SHORTEST_TITLE:
        return [text(shorten(stem(name), width - cell_len(rest)), "bold").append(rest)]
    return [text(name, "bold", limit=width), *wrapped(rest.removeprefix(" · "), width)]


def _duration(document: Document) -> str:
    """Return the time without what the bar below shows."""
    window = document.time.timeline
    if window is None or not window.trustworthy:
        return document.verdict.time
    count = len(window.devices)
    mean = f" (mean of {count} GPUs)" if count > 1 else ""
    return f"{units.time(window.wall_ns)} wall, {units.time(window.busy_ns)} busy{mean}"


def _flowing(parts: Sequence[str], width: int) -> list[Text]:
    """Return parts with dots between them, on as few lines as they need."""
    lines: list[str] = []
    for part in parts:
        joined = f"{lines[-1]} · {part}" if lines else part
        if lines and cell_len(joined) <= width:
            lines[-1] = joined
        else:
            lines.append(part)
    return [line for part in lines for line in wrapped(part, width)]


def _time(section: sections.TimeSection, width: int) -> list[Text]:
    """Return a bar of where the time goes, and what its textures mean on one line."""
    shares = section.shares
    if not shares.parts:
        return [Text("No launch carries a duration: nothing can be said about time.")]
    bar = Text()
    cells = _cells(shares.parts, width)
    for part in shares.parts:
        bar.append(BOUND_FILLS[part.kind] * cells[part.kind], style=BOUND_STYLES[part.kind])
    return [bar, *_legend(shares.parts, width, "of wall" if shares.of_wall else "of launches")]


def _legend(parts: Sequence[Share], width: int, of: str) -> list[Text]:
    """Return what the bar's parts are on at most two lines; those that do not fit as one figure."""
    named = [part for part in parts if part.pct >= _LEGEND_PCT]
    while True:
        entries = [_entry(part) for part in named]
        rest = sum(part.pct for part in parts if part not in named)
        if len(named) < len(parts):
            entries.append(Text(f"others {units.percent(rest).removesuffix(' %')}"))
        lines = [Text(f"%, {of}:")]
        for entry in entries:
            if cell_len(lines[-1].plain) + 2 + cell_len(entry.plain) > width:
                lines.append(Text(" " * cell_len(lines[0].plain.partition(":")[0] + ":")))
            lines[-1].append("  ").append_text(entry)
        if len(lines) <= _LEGEND_LINES or not named:
            return lines
        named.remove(min(named, key=lambda part: part.ns))


def _entry(part: Share) -> Text:
    entry = Text(BOUND_FILLS[part.kind], style=BOUND_STYLES[part.kind])
    return entry.append(f" {display_names.SHORT_BOUNDS[part.kind]} {part.pct:.1f}", "default")


def _cells(parts: Sequence[Share], width: int) -> dict[str, int]:
    """Return whole cells for each part by largest remainder: they sum to ``width``."""
    exact = {part.kind: part.pct * width / 100 for part in parts}
    cells = {kind: int(value) for kind, value in exact.items()}
    left = width - sum(cells.values())
    by_remainder = sorted(exact, key=lambda kind: cells[kind] - exact[kind])
    for kind in by_remainder[: max(0, left)]:
        cells[kind] += 1
    return cells


def _findings(document: Document, width: int, count: int, room: int) -> list[Text]:
    """Return the first findings, and where the rest is; a sentence where there is none."""
    section = document.findings
    if not section.lines:
        return _nothing(document, width, room)
    lines = finding_rows(section.lines[:count], width, of_wall=document.time.shares.of_wall)
    if (more := len(section.lines) - count) > 0:
        counted = units.counted(more, "more finding")
        lines += _go_on(f"   {counted}: ", "findings", document, width)
    return lines


def _nothing(document: Document, width: int, room: int) -> list[Text]:
    """Return why there is no finding, in as many whole sentences as fit, and where more stands."""
    more = _go_on("   more: ", "findings", document, width)
    sentences = document.findings.nothing.split(". ")
    for count in range(len(sentences), 0, -1):
        kept = ". ".join(sentences[:count])
        lines = wrapped(kept if kept.endswith(".") else f"{kept}.", width)
        if len(lines) + len(more) <= room:
            return [*lines, *more]
    return [Text("No finding."), *more]


def _kernels(document: Document, width: int, count: int) -> list[Text]:
    """Return the groups with most time, and where the rest is."""
    groups = document.kernels.groups
    lines = group_rows(list(groups.head(count).iter_rows(named=True)), width)
    if (more := groups.height - count) > 0:
        counted = units.counted(more, "more group")
        lines += _go_on(f"   {counted}: ", "kernels", document, width)
    return lines


def _go_on(opening: str, name: str, document: Document, width: int) -> list[Text]:
    """Return how to see the rest: a whole command, on a line of its own where it is long."""
    line = command(name, document.analysis)
    whole = opening + line
    style = "bright_black"
    if cell_len(whole) <= width:
        return [Text(whole, style=style)]
    # A command is never broken: what is pasted must be one line, however long its path.
    return [Text(opening.rstrip(), style=style),
            Text(f"   {line}", style=style, no_wrap=True, overflow="ignore")]  # fmt: skip
