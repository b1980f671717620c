"""What the paths of an archive say: columns of metadata, and which captures go with which.

A pattern is written like a path with names in braces: ``{run}/{commit}/rank{rank}.json.gz``. It is
held against the end of a path, folder by folder; a name stands for some text without a ``/``, and
``*`` for any. Members of an archive are told as if the archive were a folder.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from msgspec import Struct

from ncutool.analysis.capture_sentences import stem
from ncutool.archive.dataset import TOLD
from ncutool.archive.source import Input
from ncutool.archive.tables import CAPTURES
from ncutool_parsers.errors import UsageError
from ncutool_parsers.place import SEPARATOR

ROLES = ("ncu", "capture_trace", "rank_trace")
"""What a capture is to another, by the fields of :class:`ncutool.analysis.request.Request`."""
_FIELD = re.compile(r"\{([^{}]*)\}")
_OF_A_FILE = ("stem", "name")
"""Fields of a pattern of companions that every file has."""
_TAKEN = frozenset(column.name for column in CAPTURES.columns) - set(TOLD) | {"bucket"}


class PathPattern(Struct, frozen=True):
    """A pattern of paths, whose fields are columns."""

    text: str
    fields: tuple[str, ...]
    expression: re.Pattern[str]

    @classmethod
    def of(cls, text: str) -> PathPattern:
        """Return the pattern that a text writes.

        Raises:
            UsageError: it has no field, a field is no word or given twice, or a column of the
                table of captures is called so.
        """
        option = f"--path-pattern {text!r}"
        fields = _FIELD.findall(text)
        if not fields:
            raise UsageError(f"{option}: no {{field}} is in it, such as {{run}}/rank{{rank}}.json")
        for name in fields:
            if not name.isidentifier():
                raise UsageError(f"{option}: {{{name}}} is no name of a column: use a word")
            if fields.count(name) > 1:
                raise UsageError(f"{option}: {{{name}}} stands twice in it")
            if name in _TAKEN:
                raise UsageError(
                    f"{option}: captures have a column {name!r} of their own; call it otherwise"
                )
        if "{" in _FIELD.sub("", text) or "}" in _FIELD.sub("", text):
            raise UsageError(f"{option}: a brace has no other; fields are written {{name}}")
        return cls(text, tuple(fields), re.compile(f"(?:^|.*/){_expression(text)}", re.DOTALL))

    def match(self, path: str) -> dict[str, str]:
        """Return the fields of a path; none where it is no path of the pattern."""
        found = self.expression.fullmatch(path.replace(SEPARATOR, "/"))
        return {} if found is None else found.groupdict()


class Pair(Struct, frozen=True):
    """Which file goes with a capture, by the capture's own name."""

    role: str
    text: str

    @classmethod
    def of(cls, text: str) -> Pair:
        """Return what ``ROLE=PATTERN`` or ``PATTERN`` writes.

        Raises:
            UsageError: there is no such role or field, or the role is not told.
        """
        option = f"--pair {text!r}"
        role, equals, pattern = text.partition("=")
        role = role.replace("-", "_") if equals else ""
        if not equals:
            pattern = text
            role = "ncu" if pattern.endswith((".ncu-rep", ".ncu-repz")) else "capture_trace"
        if role not in ROLES:
            known = ", ".join(one.replace("_", "-") for one in ROLES)
            raise UsageError(f"{option}: {role or 'nothing'} is no role; there are {known}")
        fields = set(_FIELD.findall(pattern))
        if not fields & set(_OF_A_FILE) or fields - set(_OF_A_FILE):
            raise UsageError(f"{option}: the fields in it are {{stem}} and {{name}} of the capture")
        return cls(role, pattern)

    def path_for(self, path: str) -> str:
        """Return where the companion of the capture at a path lies."""
        archive, separator, inner = path.rpartition(SEPARATOR)
        folder, _, name = inner.rpartition("/")
        wanted = self.text.replace("{stem}", stem(name)).replace("{name}", name)
        return archive + separator + posixpath.normpath(posixpath.join(folder, wanted))


def with_fields(sources: Iterable[Input], pattern: PathPattern | None) -> list[Input]:
    """Return files with the fields of their paths as metadata; what the user says of all wins."""
    if pattern is None:
        return list(sources)
    return [replace(one, metadata={**pattern.match(one.path), **one.metadata}) for one in sources]


def paired(sources: Sequence[Input], pairs: Sequence[Pair]) -> list[Input]:
    """Return the captures of an archive with their companions, which are captures no more.

    Raises:
        UsageError: no file goes with any capture, so that a pattern is wrong.
    """
    by_path = {one.path: one for one in sources}
    beside: dict[str, list[tuple[str, Input]]] = {}
    taken: set[str] = set()
    for pair in pairs:
        found = 0
        for one in sources:
            path = pair.path_for(one.path)
            other = by_path.get(path)
            if other is None or path == one.path or one.path in taken:
                continue
            beside.setdefault(one.path, []).append((pair.role, other))
            taken.add(path)
            found += 1
        if not found:
            raise UsageError(f"--pair {pair.text!r}: no file is called so beside a capture")
    return [
        replace(one, companions=(*one.companions, *beside.get(one.path, ())))
        for one in sources
        if one.path not in taken
    ]


def columns_of(sources: Iterable[Input], more: Mapping[str, str]) -> list[str]:
    """Return every column of metadata that files have."""
    return sorted({*more, *(key for one in sources for key in one.metadata)})


def _expression(text: str) -> str:
    """Return a pattern of paths as a regular expression."""
    parts, at = [], 0
    for found in _FIELD.finditer(text):
        parts += [_literal(text[at : found.start()]), f"(?P<{found[1]}>[^/]+?)"]
        at = found.end()
    return "".join([*parts, _literal(text[at:])])


def _literal(text: str) -> str:
    return "[^/]*".join(re.escape(part) for part in text.split("*"))
