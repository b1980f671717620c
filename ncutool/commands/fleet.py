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
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
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
        option(
            "--output", "-o", words="File to write instead of DATASET/index.html.", metavar="FILE"
        ),
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
        str | None,
        option(
            "--pages",
            words="Folder, archive or URL that holds the captures: write the page of each that "
            "the dataset holds, and link to it.",
            metavar="CAPTURES",
        ),
    ] = None,
    redact: RedactOption = None,
    where: Annotated[
        list[str],
        option(
            "--where",
            words="Of --pages only those for whose capture it holds: COLUMN=VALUE, with = != < <= "
            "> >= or ~ (searches text); may be repeated.",
            metavar="CONDITION",
        ),
    ] = [],  # noqa: B006 - typer copies it
    force: ForceOption = False,
    debug: DebugOption = False,
) -> None:
    """Write one offline page of all captures: verdicts, what costs most, what recurs, what failed.

    Pages of single captures lie in `pages` beside it; those that are there are linked.
    """
    if order_by is not None and by is None:
        raise UsageError("--order-by orders the values of --by: pass that too")
    if where and pages is None:
        raise UsageError("--where chooses pages of captures: pass --pages too")
    if output is None and not isinstance(dataset, Path):
        raise UsageError("the page of a dataset behind a URL needs a place: -o FILE.html")
    path = output if output is not None else Path(str(dataset)) / INDEX
    target = Output(path=path, force=force)
    target.check_writable()
    from ncutool.archive.redacted import redacted_tables

    with tables_of(dataset) as asked, redacted_tables(asked, redact) as tables:
        if pages is not None:
            from ncutool.commands.fleet_pages import write_pages

            write_pages(tables, pages, where, path.parent / "pages", redact)
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
