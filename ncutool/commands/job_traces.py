"""The traces that ``ncutool job`` is given, read one at a time, wherever they lie."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ncutool.archive.inputs import Input, gather, local_file, named
from ncutool.base.untrusted import printable
from ncutool_parsers import Place
from ncutool_parsers.errors import CaptureError, UsageError
from ncutool_parsers.place import SEPARATOR

if TYPE_CHECKING:
    import re

    from ncutool.analysis.request import Request
    from ncutool.archive.rank_rows import RankRows

ENDINGS = (".json", ".json.gz")
"""What traces are called: of the files of a folder others are passed over, since reports and logs
lie beside them."""


def read_ranks(
    paths: Sequence[Path | Place], expression: re.Pattern[str] | None, request: Request
) -> Iterator[RankRows]:
    """Yield the rows of each trace; of several files of one content the first.

    Args:
        paths: traces, folders, patterns, archives of files, URLs, and ``@list.txt``.
        expression: what tells the rank in a path, where a trace does not.
        request: how much a trace may hold, and whether names are shown.

    Raises:
        UsageError: a path does not exist, or nothing in it is called as traces are.
        CaptureError: a file that was named by itself cannot be read.
    """
    from ncutool.archive.rank_rows import content_id, rank_rows, told_by
    from ncutool.commands.reading import analyse_file

    seen: dict[str, str] = {}
    for source, is_named in _traces(paths):
        where = named(source.key)
        with local_file(source, request.max_bytes) as path:
            capture_id = content_id(path)
            if capture_id in seen:
                _say(f"{where} has the same content as {seen[capture_id]} and counts once")
                continue
            seen[capture_id] = where
            try:
                analysis = analyse_file(path, request)
            except CaptureError as error:
                if is_named:
                    raise
                # A folder may hold more than traces; a rank that is lost so is told as missing.
                _say(f"left out: {where}: {error.problem}; {error.remedy}")
                continue
            told = told_by(where.replace(SEPARATOR, "/").replace(os.sep, "/"), expression)
            yield rank_rows(analysis, source.path, capture_id, told)


def _traces(paths: Sequence[Path | Place]) -> Iterator[tuple[Input, bool]]:
    """Yield the traces, and whether each was named by itself.

    Raises:
        UsageError: there is none.
    """
    texts = [_text(path) for path in paths]
    alone = set(texts) | {os.path.abspath(text) for text in texts}
    count = 0
    for source in gather(texts):
        is_named = named(source.key) in alone
        if is_named or source.name.lower().endswith(ENDINGS):
            count += 1
            yield source, is_named
    if not count:
        raise UsageError(
            f"{', '.join(map(str, paths))}: holds no {' or '.join(ENDINGS)} file; name the traces"
        )


def _text(path: Path | Place) -> str:
    """Return a path as it stood on the command line."""
    if isinstance(path, Path):
        return str(path)
    return path.address if path.member is None else f"{path.address}{SEPARATOR}{path.member}"


def _say(text: str) -> None:
    print(f"ncutool: {printable(text)}", file=sys.stderr)
