"""What a trace's document holds beside its list of events."""

from __future__ import annotations

import json
import re


def read_members(head: bytes, tail: bytes) -> dict[str, object] | None:
    """Return the document's members other than its events, None where the two do not fit.

    ``head`` ends before the list's opening bracket, ``tail`` begins after its closing one.
    """
    try:
        text = (head + b"[]" + tail).decode("utf-8-sig", "replace")
        members = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    return members if isinstance(members, dict) else None


def salvage_members(text: bytes, names: tuple[str, ...]) -> dict[str, object]:
    """Return those of the named members that a damaged end of a document still holds whole."""
    decoded = text.decode("utf-8", "replace")
    decoder = json.JSONDecoder(strict=False)
    salvaged: dict[str, object] = {}
    for name in names:
        if match := re.search(rf'"{name}"\s*:\s*', decoded):
            try:
                salvaged[name] = decoder.raw_decode(decoded, match.end())[0]
            except (ValueError, RecursionError):
                continue
    return salvaged
