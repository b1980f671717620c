"""``ncutool job``: the ranks of a job held against each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ncutool.analysis.request import Request
from ncutool.base.untrusted import shorten
from ncutool.commands.options import (
    Format,
    Limits,
    RedactOption,
    TopOption,
    WhereOption,
    option,
    unfold,
)
from ncutool.commands.writing import Output
from ncutool_parsers import Place
from ncutool_parsers.errors import UnfitError, UsageError

if TYPE_CHECKING:
    from ncutool.archive.job_view import JobView
    from ncutool.archive.rank_rows import RankRows

_SCHEMA = "ncutool/job/1"


class JobReading(Limits, frozen=True):
    """How the traces are read."""

    redact: RedactOption = None

    def request(self) -> Request:
        """Return the same as an analysis takes it."""
        return Request(redact=self.redact, **self.limits())


@unfold
def run(
    paths: Annotated[
        list[Path | Place],
        typer.Argument(
            metavar="TRACE... | FOLDER | DATASET",
            help="Traces of the ranks, folders, patterns, tar and zip archives, URLs, or @FILE "
            "with one of these a line; or what `ncutool batch -o` wrote.",
            show_default=False,
        ),
    ],
    pattern: Annotated[
        str | None,
        option(
            "--pattern",
            words="Where traces do not record their rank: how the end of their paths tells it, "
            "such as '{job}/rank{rank}.json.gz'.",
            metavar="PATTERN",
        ),
    ] = None,
    job: Annotated[
        str | None,
        option("--job", words="Only the job of this name (its folder, or {job}).", metavar="NAME"),
    ] = None,
    where: WhereOption = [],  # noqa: B006 - typer copies it
    top: TopOption = None,
    *,
    reading: JobReading,
    output: Output,
) -> None:
    """Say which rank the others wait for, which link is slow, and how evenly a job is loaded.

    Ranks are told by what their traces record, else by --pattern. One trace is read at a time.
    """
    form = None if output.is_page else output.choose()
    output.check_writable()
    views = _chosen(_views(paths, pattern, where, reading), job)
    if all(view.job.refused is not None for view in views) and form in (None, Format.TABLE):
        first = views[0].job
        named = f"{shorten(first.key, 80)}: " if first.key not in ("", ".") else ""
        raise UnfitError(f"{named}{first.refused}")
    output.write(_content(views, form, top, output))


def _content(
    views: tuple[JobView, ...], form: Format | None, top: int | None, output: Output
) -> bytes:
    from ncutool.text.job_view import job_facts, job_sheet
    from ncutool.text.sheet import sheet_markdown
    from ncutool.text.sheet_terminal import sheet_text

    if form is None:
        from ncutool.page.job import render_jobs

        return render_jobs(views).encode()
    if form is Format.JSON:
        told = {"schema": _SCHEMA, "jobs": [job_facts(view) for view in views]}
        return (json.dumps(told, ensure_ascii=False, allow_nan=False) + "\n").encode()
    if form is Format.MD:
        return "\n".join(sheet_markdown(job_sheet(view, top)) for view in views).encode()
    if form is Format.TABLE:
        sheets = (job_sheet(view, top) for view in views)
        return "\n".join(sheet_text(sheet, color=output.color) for sheet in sheets).encode()
    return _rows(views, form)


def _rows(views: tuple[JobView, ...], form: Format) -> bytes:
    """Return a row a rank."""
    import polars as pl

    from ncutool.commands.writing import rows

    tables = [
        view.ranks.select(pl.lit(view.job.key).alias("job"), pl.all())
        for view in views
        if view.job.refused is None
    ]
    if not tables:
        raise UnfitError(str(views[0].job.refused))
    return rows(pl.concat(tables), form, envelope=str, table=str, markdown=str)


def _chosen(views: tuple[JobView, ...], job: str | None) -> tuple[JobView, ...]:
    """Return the job that was asked for, or all.

    Raises:
        UsageError: there is none of that name.
    """
    if job is None:
        return views
    found = tuple(view for view in views if view.job.key == job)
    if not found:
        known = ", ".join(shorten(view.job.key, 60) for view in views[:8])
        raise UsageError(f"--job {job!r}: there is none of that name; there is {known}")
    return found


def _views(
    paths: list[Path | Place], pattern: str | None, where: list[str], reading: JobReading
) -> tuple[JobView, ...]:
    from ncutool.archive.job_view import view
    from ncutool.archive.jobs import recognise

    tables = _tables(paths, pattern, where, reading)
    found = recognise(tables.captures)
    if not tables.captures.height:
        raise UsageError("no capture is left to look at; check the paths and --where")
    if not found:
        raise UsageError(
            f"none of {tables.captures.height:,} captures records a rank of several; pass "
            "--pattern where the paths tell it, such as 'rank{rank}.json.gz'"
        )
    return tuple(view(job, tables.collectives) for job in found)


def _tables(
    paths: list[Path | Place], pattern: str | None, where: list[str], reading: JobReading
) -> RankRows:
    from ncutool.archive import rank_rows
    from ncutool.archive.reading import tables_of
    from ncutool.archive.redacted import redacted_tables
    from ncutool.commands.job_traces import read_ranks

    expression = None if pattern is None else rank_rows.pattern(pattern)
    datasets = [one for one in paths if _is_dataset(one)]
    if not datasets:
        if where:
            raise UsageError("--where asks a dataset; name the traces that are meant instead")
        return rank_rows.together(read_ranks(paths, expression, reading.request()))
    if len(paths) > 1:
        raise UsageError("give one dataset, or traces; not a dataset beside others")
    with tables_of(datasets[0]) as asked, redacted_tables(asked, reading.redact) as tables:
        as_written = None if reading.redact is None else asked.scan
        return rank_rows.of_dataset(tables.scan, where, expression, as_written)


def _is_dataset(path: Path | Place) -> bool:
    """Whether a path is a dataset, and no trace or folder of traces."""
    from ncutool.archive import dataset, listing, remote

    if isinstance(path, Path):
        return dataset.is_dataset(path)
    if not path.is_remote or path.member is not None or listing.is_archive_name(path.name):
        return False
    return not path.name.lower().endswith((".json", ".json.gz")) and remote.is_dataset(path)
