"""``ncutool batch``: every capture of an archive into one dataset."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from ncutool.commands.batch_inputs import Arranged
from ncutool.commands.batch_workers import Analysed, Trying, Workers
from ncutool.commands.options import DebugOption, option, unfold
from ncutool_parsers import Place
from ncutool_parsers.errors import UsageError


class ProgressForm(str, Enum):
    """How progress is told on stderr."""

    AUTO = "auto"
    PLAIN = "plain"
    JSON = "json"
    NONE = "none"


@unfold
def run(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PATH...",
            help="Captures, folders, patterns, tar and zip archives, URLs (s3://, …), or @FILE "
            "with one of these a line.",
            show_default=False,
        ),
    ] = None,
    *,
    dataset: Annotated[
        Path | Place,
        option(
            "--output",
            "-o",
            words="Folder of the dataset, or its URL; made, or gone on with.",
            metavar="DATASET",
        ),
    ],
    workers: Workers,
    trying: Trying,
    progress: Annotated[
        ProgressForm,
        option(
            "--progress",
            words="`auto` is a bar on a terminal, else `plain` lines; `json` is an event a line.",
            show_default=True,
        ),
    ] = ProgressForm.AUTO,
    page: Annotated[
        bool,
        typer.Option(
            "--page", help="Write DATASET/index.html at the end, as `ncutool fleet` does."
        ),
    ] = False,
    analysed: Analysed,
    debug: DebugOption = False,
    compact: Annotated[
        bool,
        typer.Option(
            "--compact",
            help="Make few large files of many small ones, after the run or without PATH alone.",
        ),
    ] = False,
    arranged: Arranged,
) -> None:
    """Analyse every capture of an archive into one dataset of Parquet tables.

    What a file is tells its content, not its name. A file that cannot be analysed becomes a row
    of the table `errors`, and the rest go on. A second run does only what is new or changed; a
    run that was stopped or killed goes on where it was. The tables are `captures`, `launches`,
    `inside`, `findings`, `gaps`, `collectives` and `errors`, which polars, DuckDB and Spark read.

    Exits with 0 where every file was analysed, with 1 where some failed.

    \b
    ncutool batch 'runs/**/*.json.gz' -o dataset \\
        --path-pattern '{run}/rank{rank}.json.gz'
    """
    from ncutool.archive.batch import run_batch
    from ncutool.archive.dataset import open_dataset
    from ncutool.commands.batch_progress import teller

    workers = workers.told()
    plan = trying.plan(analysed.settings(trying, workers))
    with _local(dataset, workers) as root:
        if compact and not paths and arranged.manifest is None:
            _compact(root, dataset)
            return
        sources, columns = arranged.files(paths or [], root, keep_listings=analysed.redact is None)
        sources = list(workers.share(sources))
        into = open_dataset(root.absolute(), columns)
        with _keeping(), teller(progress.value, dataset) as tell:
            tally = run_batch(into, sources, plan, workers.start, tell.report)
            tell.end(tally)
        if compact:
            _compact(root, dataset)
        if page:
            from ncutool.commands.fleet import write_index

            write_index(root)
    raise SystemExit(1 if tally.failed or tally.stopped else 0)


@contextmanager
def _local(dataset: Path | Place, workers: Workers) -> Iterator[Path]:
    """Yield the folder that a dataset is written to; of one behind a URL its working copy.

    Raises:
        UsageError: a cluster is to write to a copy that this machine alone has.
    """
    if isinstance(dataset, Path):
        yield dataset
        return
    if workers.elsewhere:
        raise UsageError(
            "workers of a cluster write to a folder that they share: name one with -o, and copy it"
        )
    from ncutool.archive.mirror import working_copy

    with working_copy(dataset) as root:
        yield root


def _compact(root: Path, shown: Path | Place) -> None:
    """Join the small files of a dataset, and say so on stderr.

    Raises:
        UsageError: there is no dataset.
    """
    from ncutool.archive.compact import compact
    from ncutool.archive.dataset import existing

    joined = compact(existing(root.absolute()))
    print(f"ncutool: {joined.before} files became {joined.after}; in {shown}", file=sys.stderr)


@contextmanager
def _keeping() -> Iterator[None]:
    """Say at an interrupt, or a signal that ends the job, that nothing is lost."""
    try:
        yield
    except KeyboardInterrupt:
        print("ncutool: what was analysed is kept; run the same command to go on", file=sys.stderr)
        raise
