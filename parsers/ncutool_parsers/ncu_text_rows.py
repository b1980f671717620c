"""The lines of a text that ``ncu`` printed: comma-separated tables, and those of a terminal.

Both may stand in one file. What else does (messages of ``ncu``, the program's own output, prompts)
is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ncutool_parsers.ncu_text_csv import Table, header
from ncutool_parsers.ncu_text_found import Found
from ncutool_parsers.ncu_text_terminal import Terminal

_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
MAX_LINE = 8 * 1024 * 1024
"""Bytes of a line; of a longer one no row is taken."""
_MAX_JOINED = 64
"""Lines that a quoted cell may run over."""


def read(lines: Iterable[bytes]) -> Found:
    """Return what is printed in these lines, each with its end, which the last may lack."""
    found = Found()
    terminal = Terminal(found)
    table: Table | None = None
    for line, cut in _joined(lines, found):
        begun = header(line)
        if begun is not None:
            terminal.end()
            table = begun if isinstance(begun, Table) else None
            found.tables += table is not None
            found.summaries += table is None
        elif table is not None and table.take(line, found, cut=cut):
            found.cut |= cut
        else:
            terminal.take(line, cut=cut)
    terminal.end()
    return found


def _joined(lines: Iterable[bytes], found: Found) -> Iterator[tuple[str, bool]]:
    """Yield lines without their ends, and whether the text ends within one; those of a quoted cell
    that runs over several are one."""
    held: list[str] = []
    for raw in lines:
        if len(raw) > MAX_LINE:
            found.long_lines += 1
            continue
        line = _plain(raw)
        cut = not raw.endswith(b"\n")
        if held:
            held.append(line)
            if sum(part.count('"') for part in held) % 2 == 0:
                yield "\n".join(held), cut and not line.endswith('"')
                held = []
            elif len(held) > _MAX_JOINED:
                yield from ((part, False) for part in held)
                held = []
        elif line.startswith('"') and line.count('"') % 2:
            held = [line]
        else:
            yield line, cut and not line.endswith('"')
    if held:
        yield held[0] + '"', True
        yield from ((part, True) for part in held[1:])


def _plain(raw: bytes) -> str:
    """Return a line as text, without colours, marks of order and its end."""
    line = raw.rstrip(b"\r\n").decode("utf-8", "replace")
    line = line.lstrip("\ufeff")
    line = line.rpartition("\r")[2] if "\r" in line else line
    return _ANSI.sub("", line) if "\x1b" in line else line
