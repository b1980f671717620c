"""How rich draws: one colour per meaning, the same as on the page, and none where unwanted."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ncutool.analysis.looks import LOOKS
from ncutool.base.untrusted import printable, shorten
from ncutool.text.output_width import PIPED_WIDTH, piped

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from rich.console import JustifyMethod, RenderableType

    from ncutool.analysis.looks import Color

COLOR_STYLES: dict[Color, str] = {
    "memory": "blue",
    "compute": "yellow",
    "latency": "magenta",
    "saving": "green",
    "unknown": "bright_black",
    "idle": "white",
}
"""The six colours of every output, as terminals name them."""
BOUND_STYLES = {kind: COLOR_STYLES[look.color] for kind, look in LOOKS.items()}
BOUND_FILLS = {
    "memory": "█",
    "compute": "▓",
    "latency": "▒",
    "below_memory_roof": "▞",
    "below_compute_roof": "▚",
    "cache": "▖",
    "balanced": "▗",
    "small_grid": "▘",
    "copy": "▤",
    "communication": "▥",
    "unknown": "░",
    "idle": "·",
}
"""Each bound's texture of :data:`ncutool.analysis.looks.LOOKS` in characters, so that a bar reads
without colour too: filled at its limit, striped below it, dotted or ruled for the others."""

GRADE_STYLES = {"certain": "green", "likely": "yellow", "possible": "bright_black"}
SEVERITY_STYLES = {"error": "bold red", "warning": "yellow", "info": "bright_black"}


def text(value: str | None, style: str = "", limit: int | None = None) -> Text:
    """Return untrusted text that rich takes for no mark-up, without control characters."""
    value = "" if value is None else value
    return Text(shorten(value, limit) if limit else printable(value), style=style)


def wrapped(value: str, width: int, style: str = "") -> list[Text]:
    """Return untrusted text on as many lines as it needs, broken between words where it can be."""
    console = Console(file=io.StringIO(), width=max(width, 1), legacy_windows=False)
    lines = text(value, style).wrap(console, max(width, 1))
    for line in lines:
        line.rstrip()
    return list(lines)


def plain_table() -> Table:
    """Return an empty table without frames: headings, aligned columns, no lines."""
    return Table(
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
        header_style="bold",
        show_edge=False,
    )


def text_table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    words: Collection[str] = (),
) -> Table:
    """Return a plain table of untrusted texts.

    Args:
        words: headings of the columns that are aligned to the left, as figures are not.
    """
    table = plain_table()
    for heading in headings:
        justify: JustifyMethod = "left" if heading in words else "right"
        table.add_column(text(heading), justify=justify, no_wrap=True)
    for row in rows:
        table.add_row(*(text(cell) for cell in row))
    return table


def terminal_width() -> int:
    """Return the terminal's columns, or ``COLUMNS``; :data:`PIPED_WIDTH` where there is neither."""
    return PIPED_WIDTH if piped() else Console().width


def render(renderable: RenderableType, *, color: bool, width: int | None = None) -> str:
    """Return ``renderable`` as text.

    Args:
        color: colours are wanted; they are used only on a terminal that has them and where
            ``NO_COLOR`` is not set.
        width: columns; the terminal's own where None.
    """
    buffer = io.StringIO()
    console = Console(
        file=buffer,
        width=terminal_width() if width is None else width,
        force_terminal=color and sys.stdout.isatty(),
        no_color=not color or None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    # Nothing is cropped: what is wider than the terminal is a command to paste, whole.
    console.print(renderable, crop=False)
    return "".join(line.rstrip() + "\n" for line in buffer.getvalue().splitlines())
