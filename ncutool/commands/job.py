"""``ncutool job``: the ranks of a job held against each other."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ncutool.analysis.request import Request
from ncutool.base.untrusted import printable, shorten
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
from ncutool_parsers.errors import CaptureError, NcutoolError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ncutool.archive.job_view import JobView
    from ncutool.archive.rank_rows import RankRows

_SCHEMA = "ncutool/job/1"
_ENDINGS = (".json", ".json.gz")


@dataclass(frozen=True)
class JobReading(Limits):
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
            help="Traces of the ranks, folders of them, or what `ncutool batch -o` wrote.",
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
        option("--job", words="Only the job of this name (its folder, or {job})."),
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
        raise NcutoolError(f"{named}{first.refused}")
    output.write(_content(views, form, top, output))


def _content(
    views: tuple[JobView, ...], form: Format | None, top: int | None, output: Output
) -> bytes:
    from ncutool.text.job_view import job_facts, job_sheet
    from ncutool.text.sheet import sheet_markdown, sheet_text

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
        raise UsageError(str(views[0].job.refused))
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
    from ncutool.archive.dataset import is_dataset
    from ncutool.archive.reading import tables_of
    from ncutool.archive.redacted import redacted_tables

    expression = None if pattern is None else rank_rows.pattern(pattern)
    datasets = [one for one in paths if isinstance(one, Path) and is_dataset(one)]
    remote = [one for one in paths if isinstance(one, Place) and not one.name.endswith(_ENDINGS)]
    if not datasets and not remote:
        if where:
            raise UsageError("--where asks a dataset; name the traces that are meant instead")
        return rank_rows.together(_read(paths, expression, reading.request()))
    if len(paths) > 1:
        raise UsageError("give one dataset, or traces; not a dataset beside others")
    with tables_of(paths[0]) as asked, redacted_tables(asked, reading.redact) as tables:
        return rank_rows.of_dataset(tables.scan, where, expression)


def _read(paths: list[Path | Place], expression: Any, request: Request) -> Iterator[RankRows]:
    """Yield the rows of each trace; of several files of one content the first."""
    from ncutool.archive.rank_rows import content_id, rank_rows, told_by
    from ncutool.commands.reading import analyse_file

    seen: dict[str, Path] = {}
    for path, shown in _shown(list(_files(paths))):
        capture_id = content_id(path)
        if capture_id in seen:
            print(
                f"ncutool: {printable(str(path))} has the same content as "
                f"{printable(str(seen[capture_id]))} and counts once",
                file=sys.stderr,
            )
            continue
        seen[capture_id] = path
        try:
            analysis = analyse_file(path, request)
        except CaptureError as error:
            if path in paths:
                raise
            # a folder may hold more than traces; a rank that is lost so is told as missing
            print(f"ncutool: left out: {printable(str(error))}", file=sys.stderr)
            continue
        told = told_by(os.path.abspath(path).replace(os.sep, "/"), expression)
        yield rank_rows(analysis, shown, capture_id, told)


def _shown(files: list[Path]) -> Iterator[tuple[Path, str]]:
    """Yield each file with its place below the folder that all lie in."""
    folder = os.path.commonpath([os.path.dirname(os.path.abspath(one)) for one in files])
    for path in files:
        yield path, Path(os.path.abspath(path)).relative_to(folder).as_posix()


def _files(paths: list[Path | Place]) -> Iterator[Path]:
    """Yield the files given, and the traces of the folders given, in order.

    Raises:
        UsageError: a folder holds none.
    """
    for path in paths:
        if isinstance(path, Place):
            raise UsageError(
                f"{path}: traces behind a URL go into a dataset first: ncutool batch {path} "
                "-o DATASET; then ncutool job DATASET"
            )
        if not path.is_dir():
            yield path
            continue
        found = sorted(
            one for one in path.rglob("*") if one.is_file() and one.name.endswith(_ENDINGS)
        )
        if not found:
            raise UsageError(f"{path}: holds no {' or '.join(_ENDINGS)} file; name the traces")
        yield from found
