"""Wrong usage in one line: what is wrong, and what to do."""

from __future__ import annotations

from difflib import get_close_matches
from enum import Enum
from typing import TYPE_CHECKING, Any, get_args

from ncutool.commands import COMMANDS, Command

if TYPE_CHECKING:
    from collections.abc import Iterable

_RENAMED_COMMANDS = {
    "rank": "findings",
    "llm": "plan llm",
    "gemm": "plan gemm",
    "attention": "plan attention",
    "compare-devices": "plan devices",
    "signals": "plan signals",
}
_RENAMED_OPTIONS = {
    ("plan gemm", "--batch"): "--products",
    ("plan attention", "--kv-seq"): "--context",
    ("plan signals", "--sequences"): "--batch",
}
_MOVED_OPTIONS = {
    ("devices", "--explain"): "ncutool explain CAPTURE device",
    ("plan devices", "--capture"): "ncutool whatif CAPTURE --on DEVICE --on DEVICE",
    ("plan devices", "--measured-on"): "ncutool whatif CAPTURE --on DEVICE --assume-device NAME",
}


def unknown_command(group: Command, arguments: list[str]) -> str:
    """Return what to say of a name that is no command of a group.

    Args:
        group: the root or a group below it.
        arguments: the name, and what follows it.
    """
    name, *_ = arguments
    is_root = group.commands is COMMANDS
    if is_root and name in _RENAMED_COMMANDS:
        return f"{name} is now called {_RENAMED_COMMANDS[name]}"
    names = [command.name for command in group.commands]
    what = f"no command '{name}'" if is_root else f"no command '{name}' of {group.name}"
    near = _nearest(name, names)
    if near:
        return f"{what}; did you mean '{near}'?"
    if is_root and ("." in name or "/" in name):
        return f"{what}; to analyse a capture: ncutool report {name}"
    if name.startswith("-"):
        return f"no option '{name}' before a command; commands: {', '.join(names)}"
    return f"{what}; commands: {', '.join(names)}"


def parser_error(error: Any) -> str:
    """Return what to say of an error of the option parser.

    Args:
        error: a usage error of typer's parser. Its class is told by name, since newer releases
            of typer carry a copy of click of their own.
    """
    command = _command_of(error)
    way_out = f"see ncutool {command} --help" if command else "see ncutool --help"
    kind = type(error).__name__
    if kind == "NoSuchOption":
        return _no_such_option(error, command, way_out)
    if kind == "MissingParameter":
        return f"{name_of(error.param)} is missing; {way_out}"
    if kind == "BadParameter" and error.param is not None:
        return f"{name_of(error.param)} takes {_expected(error)}; {way_out}"
    text = error.message.rstrip(".").replace("\n", " ")
    return f"{text[:1].lower()}{text[1:]}; {way_out}"


def way_out_of(context: Any, name: str) -> str:
    """Return where to look after a value that an option does not take.

    Args:
        context: of the command that was called.
        name: the option or argument.
    """
    command = context.command_path.partition(" ")[2]
    if (command, name) == ("plan signals", "--batch"):
        return "a batch with its rate is given by --throughput 8:1200"
    return f"see ncutool {command} --help"


def _no_such_option(error: Any, command: str, way_out: str) -> str:
    name = error.option_name
    new = _RENAMED_OPTIONS.get((command, name))
    options = [flag for param in error.ctx.command.params for flag in param.opts]
    if name == "--device" and "--assume-device" in options:
        new = "--assume-device"
    if new is not None:
        return f"{name} of ncutool {command} is now called {new}"
    moved = _MOVED_OPTIONS.get((command, name))
    if moved is not None:
        return f"{name} of ncutool {command} is now: {moved}"
    if name[1:].isdecimal():
        return f"{name} is no option, and no argument of ncutool {command} is negative; {way_out}"
    near = _nearest(name, options)
    return f"no option {name}; " + (f"did you mean {near}?" if near else way_out)


def _command_of(error: Any) -> str:
    """Return the command that was called, without `ncutool`."""
    path: str = "" if error.ctx is None else error.ctx.command_path
    return path.partition(" ")[2]


def name_of(param: Any) -> str:
    """Return how the user writes a parameter: its longest flag, or the word of the usage line."""
    flags = [flag for flag in param.opts if flag.startswith("-")]
    return max(flags, key=len) if flags else str(param.metavar or param.name.upper())


def _expected(error: Any) -> str:
    """Return what values a parameter takes, and the one it was given where that is known."""
    info = error.ctx.command.wants[error.param.name]
    words = _values(*info)
    causes = getattr(error.__cause__, "errors", None)  # pydantic's; older typers tell no value
    given = causes()[0]["input"] if causes is not None else None
    return words if given is None else f"{words}, not {str(given)[:60]!r}"


def _values(annotation: Any, least: float | None) -> str:
    """Return what an option of a type takes, in words."""
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, Enum):
            return one_of(str(member.value) for member in kind)
        if kind in (int, float):
            what = "a whole number" if kind is int else "a number"
            return what if least is None else f"{what} from {least:g}"
    return "another value"


def one_of(words: Iterable[str]) -> str:
    """Return words as a choice: `table, json or md`."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def _nearest(word: str, known: list[str]) -> str | None:
    return next(iter(get_close_matches(word, known, n=1)), None)
