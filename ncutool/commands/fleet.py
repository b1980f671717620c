"""``ncutool fleet``: one page of a whole dataset."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ncutool.archive.reading import tables_of
from ncutool.base.untrusted import printable
from ncutool.commands.options import (
    DebugOption,
    ForceOption,
    RedactOption,
    option,
    unfold,
)
from ncutool.commands.writing import Output
from ncutool_parsers import Place
from ncutool_parsers.errors import NcutoolError, UsageError

if TYPE_CHECKING:
    from ncutool.analysis.request import Redact
    from ncutool.archive.reading import Tables
    from ncutool.archive.trends import Trends

INDEX = "index.html"


@unfold
def run(
    dataset: Annotated[
        Path | Place,
        typer.Argument(metavar="DATASET", help="What `ncutool batch -o` wrote; a folder or a URL."),
    ],
    output: Annotated[
        Path | None,
        option("--output", "-o", words="File to write instead of DATASET/index.html."),
    ] = None,
    by: Annotated[
        str | None,
        option(
            "--by", words="Show trends over this column of the captures, too.", metavar="COLUMN"
        ),
    ] = None,
    order_by: Annotated[
        str | None,
        option("--order-by", words="Column that orders its values.", metavar="COLUMN"),
    ] = None,
    pages: Annotated[
        Path | None,
        option(
            "--pages",
            words="Folder that holds the captures: write the page of each that the dataset holds, "
            "and link to it.",
            metavar="FOLDER",
        ),
    ] = None,
    redact: RedactOption = None,
    force: ForceOption = False,
    debug: DebugOption = False,
) -> None:
    """Write one offline page of all captures: verdicts, what costs most, what recurs, what failed.

    Pages of single captures lie in `pages` beside it; those that are there are linked.
    """
    if order_by is not None and by is None:
        raise UsageError("--order-by orders the values of --by: pass that too")
    if output is None and not isinstance(dataset, Path):
        raise UsageError("the page of a dataset behind a URL needs a place: -o FILE.html")
    path = output if output is not None else Path(str(dataset)) / INDEX
    target = Output(path=path, force=force)
    target.check_writable()
    from ncutool.archive.redacted import redacted_tables

    with tables_of(dataset) as asked, redacted_tables(asked, redact) as tables:
        if pages is not None:
            write_pages(tables, pages, path.parent / "pages", redact)
        _write(target, page(tables, dataset.name, path, by, order_by), path)


def write_index(dataset: Path) -> None:
    """Write the page of a dataset into it, over an older one."""
    path = dataset / INDEX
    with tables_of(dataset) as tables:
        text = page(tables, dataset.resolve().name, path)
    _write(Output(path=path, force=True), text, path)


def _write(target: Output, text: str, path: Path) -> None:
    target.write(text.encode())
    print(f"ncutool: wrote {printable(str(path))}", file=sys.stderr)


def page(
    tables: Tables, name: str, path: Path, by: str | None = None, order_by: str | None = None
) -> str:
    """Return the page of a dataset.

    Args:
        name: what the dataset is called.
        path: where the page will lie: pages of captures are looked for beside it.
        by: the column of its trends; none where None.
    """
    from ncutool.archive.fleet import fleet
    from ncutool.page.fleet import render_fleet

    names = ("captures", "launches", "findings", "errors")
    found = fleet({name: tables.scan(name) for name in names})
    shown, why_not = _trends(tables, by, order_by)
    return render_fleet(
        found,
        name=name,
        trends=shown,
        why_no_trends=why_not,
        pages=frozenset(one.stem for one in (path.parent / "pages").glob("*.html")),
    )


def _trends(
    tables: Tables, by: str | None, order_by: str | None
) -> tuple[Trends | None, str | None]:
    """Return the trends, or why there are none; a dataset without captures has none."""
    from ncutool.archive.trends import kernel_times, trends

    if by is None:
        return None, None
    captures = tables.scan("captures").collect()
    if not captures.height:
        return None, "There is no capture, so there is no trend."
    return trends(captures, kernel_times(tables.scan("launches")), by, order_by), None


def write_pages(tables: Tables, folder: Path, into: Path, redact: Redact | None = None) -> None:
    """Write the page of each capture of a folder that the dataset holds, unless it is there.

    Raises:
        UsageError: the folder holds none of them.
    """
    from ncutool.analysis.analyse import read_and_analyse
    from ncutool.analysis.request import Request
    from ncutool.archive.rank_rows import content_id
    from ncutool.page import render

    if not folder.is_dir():
        raise UsageError(f"--pages {folder}: is no folder; name the one that holds the captures")
    captures = tables.scan("captures").select("capture_id").collect()
    known = set(captures["capture_id"])
    found = 0
    into.mkdir(parents=True, exist_ok=True)
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        capture_id = content_id(path)
        if capture_id not in known:
            continue
        found += 1
        target = into / f"{capture_id}.html"
        if target.exists():
            continue
        try:
            text = render([read_and_analyse(path, Request(redact=redact))])
        except NcutoolError as error:
            print(f"ncutool: no page: {printable(str(error))}", file=sys.stderr)
            continue
        Output(path=target, force=True).write(text.encode())
    if not found:
        raise UsageError(f"--pages {folder}: holds none of the captures of the dataset")
