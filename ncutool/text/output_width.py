"""How wide output is where nothing says it; without the libraries that tables of launches need."""

from __future__ import annotations

import os
import sys

PIPED_WIDTH = 120
"""Columns where the output is no terminal that could tell."""


def piped() -> bool:
    """Return whether nothing says how wide the output is to be."""
    return not (sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit())
