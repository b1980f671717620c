"""Where the warps of a report's launches were sampled, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import polars as pl

from ncutool_parsers import schema
from ncutool_parsers.edge import Edge


class Sampled(NamedTuple):
    """Tables of samples."""

    samples: pl.DataFrame
    lines: pl.DataFrame
    listings: pl.DataFrame


def sampled(actions: Sequence[dict[str, Any]], edge: Edge | None = None) -> Sampled:
    """Return the samples of a report, from what the worker found of its launches.

    Workers number codes from 0 each, and tell a listing once: a number that comes with a listing is
    a new code from there on.
    """
    edge = edge or Edge()
    codes: dict[int, int] = {}
    samples: list[tuple[Any, ...]] = []
    lines: list[tuple[Any, ...]] = []
    listings: list[tuple[Any, ...]] = []
    fresh = 0
    for launch_id, action in enumerate(actions):
        found = action.get("samples")
        if not found:
            continue
        if "listing" in found:
            codes[found["code"]] = fresh
            listings += [
                (fresh, address, _text(text)) for address, text in sorted(found["listing"])
            ]
            fresh += 1
        code, total = codes[found["code"]], found["total"]
        for address, count, stall, waited, file, line in found["rows"]:
            row = (launch_id, code, address, count, total, stall, waited, file, line)
            samples.append(row)
        for file, line, count, stall, waited, _ in found["lines"]:
            lines.append((launch_id, file, line, count, total, stall, waited))
    return Sampled(
        pl.DataFrame(edge.rows(samples), schema=schema.SAMPLES.polars_schema(), orient="row"),
        pl.DataFrame(edge.rows(lines), schema=schema.SAMPLED_LINES.polars_schema(), orient="row"),
        pl.DataFrame(edge.rows(listings), schema=schema.LISTINGS.polars_schema(), orient="row"),
    )


MOST_SOURCE_LINES = 64
"""Source lines whose text is kept of a report: those with most samples."""


def source_lines(actions: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Return the texts of the hottest source lines that the report holds, by file and line."""
    rows = [row for action in actions for row in (action.get("samples") or {}).get("lines", ())]
    rows.sort(key=lambda row: -row[2])
    found = {f"{file}:{line}": text for file, line, *_, text in rows if text}
    return dict(list(found.items())[:MOST_SOURCE_LINES])


def _text(text: str | None) -> str | None:
    """Return an instruction with single spaces; None where the report does not hold it."""
    words = (text or "").replace(";", " ").split()
    return " ".join(words) if words and "???" not in words else None
