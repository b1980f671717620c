"""Pages of single captures beside the page of their archive."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ncutool.base import units
from ncutool.base.untrusted import printable
from ncutool.commands.writing import Output
from ncutool_parsers.errors import CaptureError, NcutoolError, UsageError

if TYPE_CHECKING:
    import polars as pl

    from ncutool.analysis.request import Redact
    from ncutool.archive.reading import Tables
    from ncutool.archive.source import Input

_LINE_S = 10.0
"""A line of progress at most so often."""


def write_pages(
    tables: Tables,
    given: str,
    where: Sequence[str],
    into: Path,
    redact: Redact | None = None,
) -> None:
    """Write the page of each capture that the dataset holds, unless it is there.

    Captures are known by their content, wherever they lie now.

    Args:
        tables: of the dataset.
        given: what holds the captures, as ``ncutool batch`` takes it.
        where: only captures for which all of these conditions hold.
        into: the folder of the pages.
        redact: what pages name by pseudonyms.

    Raises:
        UsageError: a condition is none, or no capture that is meant is found.
    """
    from ncutool.archive.selection import captures_where

    meant = captures_where(tables.scan, where).select("capture_id", "name", "companions")
    if not meant.height:
        raise UsageError("no capture of the dataset is meant; check --where")
    alone = _without_companions(meant)
    into.mkdir(parents=True, exist_ok=True)
    found = made = 0
    said = time.monotonic()
    for source, capture_id, path in _found(alone, given):
        found += 1
        target = into / f"{capture_id}.html"
        if not target.exists():
            made += _write(source, path, target, redact)
        if time.monotonic() - said >= _LINE_S:
            said = time.monotonic()
            _say(f"{units.counted(found, 'capture')} of {alone.height:,} found, {made:,} pages")
    if alone.height and not found:
        raise UsageError(f"--pages {given}: holds none of the captures that are meant")
    _say(f"{units.counted(made, 'page')} written in {into}, {found - made:,} there before")


def _without_companions(meant: pl.DataFrame) -> pl.DataFrame:
    """Return the captures that were analysed by themselves, and say of how many others there are.

    What lies beside a capture is not told by its content, so that its page would say less than the
    dataset does.
    """
    import polars as pl

    alone = meant.filter(pl.col("companions").list.len() == 0)
    left = meant.height - alone.height
    if left:
        _say(
            f"{units.counted(left, 'capture')} with companions left out: `ncutool report CAPTURE "
            "--ncu REPORT` writes such a page"
        )
    return alone


def _found(meant: pl.DataFrame, given: str) -> Iterator[tuple[Input, str, Path]]:
    """Yield the captures that are meant, each with its id and a file that holds it for now."""
    from ncutool.archive.inputs import gather, local_file
    from ncutool.archive.naming import is_redacted, shown_name
    from ncutool.archive.rank_rows import content_id

    left, names = set(meant["capture_id"]), set(meant["name"])
    by_name = not any(map(is_redacted, names))
    for source in gather([given]):
        if not left:
            return
        if by_name and shown_name(source.name, redact=False) not in names:
            continue
        try:
            with local_file(source) as path:
                capture_id = content_id(path)
                if capture_id in left:
                    left.discard(capture_id)
                    yield source, capture_id, path
        except (CaptureError, OSError) as error:
            _say(f"no page of {source.path}: {error}")


def _write(source: Input, path: Path, target: Path, redact: Redact | None) -> bool:
    """Write the page of one capture; whether that could be done."""
    from ncutool.analysis.analyse import read_and_analyse
    from ncutool.analysis.request import Request
    from ncutool.page import render

    try:
        text = render([read_and_analyse(path, Request(redact=redact))])
    except NcutoolError as error:
        _say(f"no page of {source.path}: {error}")
        return False
    Output(path=target, force=True).write(text.encode())
    return True


def _say(text: str) -> None:
    print(f"ncutool: {printable(text)}", file=sys.stderr, flush=True)
