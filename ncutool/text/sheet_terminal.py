"""A sheet for a terminal, or for a file that is read in one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ncutool.text.output_width import PIPED_WIDTH, piped
from ncutool.text.plain import plain_text

if TYPE_CHECKING:
    from ncutool.text.sheet import Sheet


def sheet_text(sheet: Sheet, *, color: bool, width: int | None = None) -> str:
    """Return the sheet for a terminal."""
    if not (color and sys.stdout.isatty()) and (width is not None or piped()):
        plain = plain_text(sheet, PIPED_WIDTH if width is None else width)
        if plain is not None:
            return plain
    from ncutool.text.sheet_drawing import drawn

    return drawn(sheet, color=color, width=width)
