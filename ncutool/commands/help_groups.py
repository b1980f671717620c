"""Options of a command in groups, each with an example, as its help shows them."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

_REST = "Other options"
_FIRST, _MORE, _BROKEN = "$ ", "    ", " \\"
"""Before the first line of an example, before each further one, and where a line is broken."""


class HelpGroup(Struct, frozen=True):
    """Options that belong together."""

    title: str
    flags: tuple[str, ...]
    """One flag of each option, in the order they are shown."""
    example: str
    """A whole command line."""
    words: str = ""
    """What else there is to say of them."""
    needs_file: bool = False
    """Whether the example names a file, so that it cannot be run as it stands."""


def write_groups(context: Any, formatter: Any, groups: tuple[HelpGroup, ...]) -> None:
    """Write a command's arguments, then its options group by group, then what is in none.

    Args:
        context: of typer's parser.
        formatter: its writer of helps.
        groups: in the order they are shown.
    """
    records: dict[str, tuple[str, str]] = {}
    names: dict[str, str] = {}
    arguments = []
    for parameter in context.command.get_params(context):
        record = parameter.get_help_record(context)
        if record is None:
            continue
        if parameter.param_type_name == "argument":
            arguments.append(record)
            continue
        records[parameter.name] = record
        names |= dict.fromkeys(parameter.opts, parameter.name)
    if arguments:
        with formatter.section("Arguments"):
            formatter.write_dl(arguments)
    for group in groups:
        held = [names[flag] for flag in group.flags if flag in names]
        with formatter.section(group.title):
            if group.words:
                formatter.write_text(group.words)
            formatter.write_dl([records.pop(name) for name in dict.fromkeys(held)])
            _write_example(formatter, group.example)
    if records:
        with formatter.section(_REST):
            formatter.write_dl(list(records.values()))


def _write_example(formatter: Any, example: str) -> None:
    """Write a command line, broken between words as a shell takes it."""
    indent = " " * formatter.current_indent
    lines, room = [""], formatter.width - len(indent) - len(_MORE) - len(_BROKEN)
    for word in example.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and len(longer) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    marks = [_FIRST, *[_MORE] * (len(lines) - 1)]
    broken = f"{_BROKEN}\n{indent}".join(
        f"{mark}{line}" for mark, line in zip(marks, lines, strict=True)
    )
    formatter.write(f"{indent}{broken}\n")
