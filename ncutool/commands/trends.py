"""``ncutool trends``: how times change over the captures of a dataset."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ncutool.commands.options import Format, RedactOption, TopOption, WhereOption, option, unfold
from ncutool.commands.writing import Output, plain_rows
from ncutool_parsers import Place

if TYPE_CHECKING:
    from ncutool.archive.trends import Trends


@unfold
def run(
    dataset: Annotated[
        Path | Place,
        typer.Argument(metavar="DATASET", help="What `ncutool batch -o` wrote; a folder or a URL."),
    ],
    by: Annotated[
        str,
        option(
            "--by",
            words="Column of the captures whose values are the points: a key of --metadata or of "
            "the path pattern, such as commit or date.",
            metavar="COLUMN",
        ),
    ],
    order_by: Annotated[
        str | None,
        option(
            "--order-by",
            words="Column that orders the points. Without it: the values themselves where all are "
            "numbers or dates, else when the captures began.",
            metavar="COLUMN",
        ),
    ] = None,
    where: WhereOption = [],  # noqa: B006 - typer copies it
    top: TopOption = None,
    *,
    redact: RedactOption = None,
    output: Output,
) -> None:
    """Find where the whole and each kernel became slower or faster, and how small a change shows.

    Only captures of the same work, device and rank are compared. jsonl, csv and parquet hold a
    row a point of each series.
    """
    from ncutool.archive.reading import tables_of
    from ncutool.archive.redacted import redacted_tables
    from ncutool.archive.selection import captures_where
    from ncutool.archive.trends import kernel_times, trends
    from ncutool.text.sheet import sheet_markdown
    from ncutool.text.sheet_terminal import sheet_text
    from ncutool.text.trends import trends_facts, trends_sheet

    form = output.choose()
    output.check_writable()
    with tables_of(dataset) as asked, redacted_tables(asked, redact) as tables:
        captures = captures_where(tables.scan, where)
        kept = captures.lazy().select("capture_id")
        launches = tables.scan("launches").join(kept, on="capture_id", how="semi")
        found = trends(captures, kernel_times(launches), by, order_by)
    if form is Format.JSON:
        text = json.dumps(trends_facts(found), ensure_ascii=False, allow_nan=False) + "\n"
    elif form is Format.MD:
        text = sheet_markdown(trends_sheet(found, top))
    elif form is Format.TABLE:
        text = sheet_text(trends_sheet(found, top), color=output.color)
    else:
        output.write(plain_rows(_points(found), form))
        return
    output.write(text.encode())


def _points(found: Trends) -> list[dict[str, Any]]:
    """Return a row for each point of each series."""
    return [
        {
            "device": work.about["device"],
            "rank": work.about["rank"],
            "work": number,
            "what": series.name,
            "time_of": series.unit,
            "point": point.label,
            "time_ns": point.time_ns,
            "roofline_pct": point.roofline_pct,
            "captures": point.captures,
            "new_level": series.levels is not None
            and any(change.at == place for change in series.levels.changes),
        }
        for number, work in enumerate(found.works)
        for series in (*((work.whole,) if work.whole else ()), *work.kernels)
        for place, point in enumerate(series.points)
    ]
