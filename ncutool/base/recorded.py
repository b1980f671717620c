"""Lists that a trace records as JSON text; the only place that parses them."""

from __future__ import annotations

import json


def json_list(text: str | None) -> list[object] | None:
    """Parse one JSON column of `signatures`; None for text that is absent, damaged or no list."""
    try:
        parsed = json.loads(text or "null")
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, list) else None
