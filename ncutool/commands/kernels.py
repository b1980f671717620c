"""``ncutool kernels``: every launch with its figures and their sources."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated

from ncutool.analysis.request import Request
from ncutool.commands.options import (
    Format,
    KernelOption,
    OptionalCapture,
    ShowPrivateOption,
    TopOption,
    TraceOption,
    option,
    unfold,
)
from ncutool.commands.writing import Output
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from ncutool.analysis.analyse import Analysis

_SCREENFUL = 40
"""Rows of a table or a Markdown text where --top does not say."""
_STREAMED = (Format.JSONL, Format.CSV, Format.JSON)
"""Forms that hold one row after the other."""
_AT_ONCE = 10_000
"""Rows of those forms that are in memory: some 10 MB."""


class Name(str, Enum):
    """What a row tells of a launch."""

    KERNELS = "kernels"
    INSIDE = "inside"


@unfold
def run(
    capture: OptionalCapture = None,
    top: TopOption = None,
    kernel: KernelOption = None,
    show_private: ShowPrivateOption = False,
    trace: TraceOption = None,
    table: Annotated[
        Name,
        option(
            "--table",
            words="`kernels`: work, roofs and sources; `inside` (reports): occupancy, stalls, "
            "caches, pipes.",
            show_default=True,
        ),
    ] = Name.KERNELS,
    *,
    output: Output,
    request: Request,
) -> None:
    """List every launch with its FLOPs, bytes, roofline place and where each figure came from.

    A table or Markdown shows the longest launches first (40 without --top); the other forms
    hold all launches in order unless --top is given.
    """
    from ncutool.commands.companions import sort_out_one
    from ncutool.commands.reading import analyse_file
    from ncutool.commands.writing import row_parts

    chosen = output.choose()
    pattern = check_pattern(kernel)
    path, request = sort_out_one(capture, trace, request)
    analysis = analyse_file(path, request, output)
    for_eyes = chosen in (Format.TABLE, Format.MD)
    limit = _SCREENFUL if top is None and for_eyes else top
    if chosen is Format.JSON:
        _ = analysis.timeline  # made before the table, not on top of it in memory
    within = table is Name.INSIDE

    # each form imports what it needs, so that none waits for another's

    def envelope(rows_json: str) -> str:
        from ncutool.text import json_output

        return json_output.wrap(analysis, table.value, rows_json, show_private=show_private)

    if limit and analysis.brief:
        frame = analysis.rows(_longest(analysis, pattern, limit))
    elif analysis.brief and chosen in _STREAMED and pattern is None and not within:
        _say_notices(analysis, chosen)
        rows = _in_turn(analysis)
        output.write(row_parts(rows, chosen, envelope=envelope, table=str, markdown=str))
        return
    else:
        frame = select(analysis.kernels, pattern, limit, by_duration=for_eyes)
    if within:
        frame = _inside(analysis, frame)

    def as_table() -> str:
        if within:
            from ncutool.text.inside import inside_table

            return inside_table(frame, color=output.color)
        from ncutool.text import launch_lines

        plain = launch_lines.plain_table(analysis, frame)
        if plain is not None:
            return plain
        from ncutool.text.tables import kernels_table

        return kernels_table(analysis, frame, color=output.color)

    def as_markdown() -> str:
        from ncutool.text.inside import inside_markdown
        from ncutool.text.markdown import kernels_markdown

        return inside_markdown(frame) if within else kernels_markdown(analysis, frame)

    _say_notices(analysis, chosen)
    output.write(row_parts(frame, chosen, envelope=envelope, table=as_table, markdown=as_markdown))


def _say_notices(analysis: Analysis, chosen: Format) -> None:
    """Print what a reader must know: of JSON, which holds all that there is to say, all of it."""
    from ncutool.commands.reading import say

    say(analysis.notices if chosen is Format.JSON else analysis.table_notices)


def _in_turn(analysis: Analysis) -> Iterator[pl.DataFrame]:
    """Yield the kernels table of an analysis that is brief, so many rows at a time."""
    launches = analysis.capture.launches["launch_id"].sort()
    for start in range(0, max(launches.len(), 1), _AT_ONCE):  # CSV heads a table without rows too
        yield analysis.rows(launches.slice(start, _AT_ONCE))


def _longest(analysis: Analysis, pattern: str | None, limit: int) -> pl.Series:
    """Return the launch_id of the launches to show, as :func:`select` chooses them."""
    launches = analysis.capture.launches
    if pattern is None:
        named = launches.select("launch_id", "duration_ns")
    else:
        named = launches.select("launch_id", "duration_ns", "kernel", "kernel_full").join(
            analysis.work.held.rows.select("launch_id", "op").collect(), on="launch_id"
        )
    return select(named, pattern, limit, by_duration=True)["launch_id"]


def _inside(analysis: Analysis, chosen: pl.DataFrame) -> pl.DataFrame:
    """Return what a report knows of the inside of the chosen launches, in their order.

    Raises:
        UsageError: the capture has no counters.
    """
    if not analysis.capture.traits.figures_counted:
        noun = analysis.capture.format.noun
        raise UsageError(
            f"{analysis.capture.name} is a {noun}, which does not record what happens inside a "
            "launch; pass an Nsight Compute report"
        )
    return chosen.select("launch_id").join(
        analysis.inside, on="launch_id", how="left", maintain_order="left"
    )


def check_pattern(pattern: str | None) -> str | None:
    """Return ``pattern`` where polars can search by it; None stays None.

    Raises:
        UsageError: it is no regular expression.
    """
    import polars as pl

    if pattern is None:
        return None
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.ComputeError:
        raise UsageError(f"--kernel {pattern!r}: is not a valid regular expression") from None
    return pattern


def select(
    kernels: pl.DataFrame, pattern: str | None, limit: int | None, *, by_duration: bool
) -> pl.DataFrame:
    """Return the rows to show.

    Args:
        kernels: the ``kernels`` table.
        pattern: a regular expression that a kernel's or operator's name must match; None is any.
        limit: keep the longest so many; 0 or None is all.
        by_duration: sort the longest first even without a limit.
    """
    import polars as pl

    if pattern is not None:
        kernels = kernels.filter(
            pl.col("kernel_full").str.contains(pattern)
            | pl.col("kernel").str.contains(pattern)
            | pl.col("op").str.contains(pattern).fill_null(False)
        )
    if not by_duration and not limit:
        return kernels
    # lazily, since of a hundred thousand launches only the first are then put in order
    longest = kernels.lazy().sort(
        "duration_ns", "launch_id", descending=[True, False], nulls_last=True
    )
    return (longest.head(limit) if limit else longest).collect()
