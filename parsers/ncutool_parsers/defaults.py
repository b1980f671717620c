"""How much a capture may hold where nobody says otherwise."""

from __future__ import annotations

DEFAULT_MAX_BYTES = 16 * 1024**3
DEFAULT_MAX_EVENTS = 100_000_000
DEFAULT_MAX_NAME = 16_384
"""Characters; the longest names of real kernels have some thousands."""
DEFAULT_MAX_VALUES = 100_000
"""Values of one recorded argument; an optimizer's lists of a large model have some ten thousand."""
DEFAULT_MAX_NESTING = 64
"""Brackets inside one another; recorded arguments have three."""
