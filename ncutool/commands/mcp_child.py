"""One question of an agent in a process of its own: a command is run, its answer cut to size.

Sentences of ours may quote names of the captures; here the captures are known, so that every name
in them is taken out, wherever the answer is from. Errors are sentences too.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from ncutool_parsers.errors import NcutoolError

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis
    from ncutool.diagnose.quoted import Names


class Question(msgspec.Struct, frozen=True):
    """What is asked: a command, how its answer is shaped, and how long that may be."""

    tool: str
    arguments: list[str]
    max_bytes: int = 0
    top: int = 0


class _Ran(Struct, frozen=True):
    output: bytes
    errors: str
    names: Names


class NoAnswerError(NcutoolError):
    """A command wrote nothing but why; the message names nothing of a capture."""


def main() -> int:
    """Answer the question that stands as JSON in the first argument."""
    try:
        sys.stdout.buffer.write(answer(msgspec.json.decode(sys.argv[1], type=Question)))
    except NoAnswerError as error:
        sys.stderr.write(str(error))
        return error.exit_code
    return 0


def answer(question: Question) -> bytes:
    """Return the JSON text that answers a question.

    Raises:
        NoAnswerError: the command gives none.
    """
    ran = _run(question.arguments)
    if ran.output.strip():
        return SHAPES[question.tool](question, ran)
    lines = ran.errors.strip().splitlines()
    said = lines[-1].removeprefix("ncutool: ") if lines else "ended without an answer"
    raise NoAnswerError(ran.names.without([said])[0])


def _run(arguments: Sequence[str]) -> _Ran:
    """Run a command and return what it wrote, and the names of every capture that it read."""
    import polars as pl

    from ncutool import commands
    from ncutool.commands import reading
    from ncutool.diagnose.quoted import Names, names

    read: list[Analysis] = []
    out, errors = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
    reading.WATCHERS.append(read.append)
    try:
        with redirect_stdout(out), redirect_stderr(errors):
            commands.main(list(arguments))
    finally:
        reading.WATCHERS.remove(read.append)
    out.flush()
    out.seek(0)
    every = [pl.Series("text", [], pl.String), *(names(one).every for one in read)]
    return _Ran(out.buffer.read(), errors.getvalue(), Names(pl.concat(every).unique()))


def _whole(_: Question, ran: _Ran) -> bytes:
    """Return a diagnosis as it is: it was made to size, and its sentences name nothing."""
    return ran.output.strip()


def _part(key: str | None) -> Callable[[Question, _Ran], bytes]:
    """Return what cuts one field of an output to size, or the whole of it."""

    def shape(question: Question, ran: _Ran) -> bytes:
        whole = json.loads(ran.output)
        return _bounded(question, ran, whole if key is None else whole[key])

    return shape


def _rows(question: Question, ran: _Ran) -> bytes:
    """Return launches; fields that are not known are left out."""
    listed = json.loads(ran.output)["kernels"]
    rows = [{key: it for key, it in row.items() if it is not None} for row in listed]
    return _bounded(question, ran, rows)


def _findings(question: Question, ran: _Ran) -> bytes:
    captures = json.loads(ran.output)["captures"]
    rows = captures[0]["findings"] if captures else []
    return _bounded(question, ran, rows[: question.top], len(rows) - question.top)


def _bounded(question: Question, ran: _Ran, value: Any, more: int = 0) -> bytes:
    from ncutool.diagnose.bounded import bounded
    from ncutool.diagnose.budget import dumped

    return dumped(bounded(value, question.max_bytes, ran.names, more))


SHAPES: dict[str, Callable[[Question, _Ran], bytes]] = {
    "diagnose": _whole,
    "findings": _findings,
    "kernels": _rows,
    "explain": _part(None),
    "diff": _part(None),
    "next_capture": _part("next_capture"),
}

if __name__ == "__main__":
    sys.exit(main())
