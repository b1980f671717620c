"""Runs one command through typer and turns what it raises into an exit code and one line."""

from __future__ import annotations

import inspect
import os
import re
import sys
from enum import Enum
from importlib import import_module
from pathlib import Path
from types import MappingProxyType, NoneType
from typing import TYPE_CHECKING, Any, get_args, get_origin

import typer
import typer.core
import typer.main

from ncutool.analysis.request import Redact
from ncutool.base.amounts import Amount
from ncutool.commands import COMMANDS, Command, bounded, ending, parent_notes
from ncutool.commands.amounts import Reader, say_understood
from ncutool.commands.wrong_usage import parser_error
from ncutool_parsers.errors import NcutoolError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ncutool.commands.help_groups import HelpGroup

_PARSER_ERROR: type[Exception] = typer.BadParameter.__mro__[1]
"""The usage error of typer's parser: click's in older releases of typer, its own copy in newer."""
_WHOLE = re.compile(r"\d{1,15}", re.ASCII)
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,15})?", re.ASCII)
"""Numbers that are what they are at first sight."""
_SETTINGS = {"help_option_names": ["-h", "--help"]}


class _PlainHelp:
    """A command whose own option for help is read without pydantic."""

    def get_help_option(self, ctx: Any) -> Any:
        """Return the option that shows the help."""
        option = super().get_help_option(ctx)  # type: ignore[misc]  # typer's class comes after
        if option is not None:
            take_plainly(option, {})
        return option


class Group(_PlainHelp, typer.core.TyperGroup):
    """A group of commands, each imported when it is asked for by name."""

    listed: tuple[Command, ...] = ()
    package = "ncutool.commands"

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands, in the order of the help."""
        return [command.name for command in self.listed]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command of that name; None where there is none."""
        command = next((one for one in self.listed if one.name == cmd_name), None)
        return None if command is None else _built(command, self.package)


class Single(_PlainHelp, typer.core.TyperCommand):
    """One command, which knows the types of its options."""

    wants: dict[str, tuple[Any, float | None]]
    """Annotation and least value of each option by its name, for the errors."""
    many: tuple[str, ...] = ()
    """Options that take every value that follows them."""
    groups: tuple[HelpGroup, ...] = ()
    """In which the help shows its options; none where all stand together."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options into the help, group by group where there are groups."""
        if not self.groups:
            super().format_options(ctx, formatter)
            return
        from ncutool.commands.help_groups import write_groups

        write_groups(ctx, formatter, self.groups)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments; what is left over, and what the parser refuses, names the command."""
        ctx.allow_extra_args = True
        try:
            left = super().parse_args(ctx, spread(_with_values(args), self.many))
        except _PARSER_ERROR as error:
            error.ctx = error.ctx or ctx  # type: ignore[attr-defined]  # a missing value has none
            raise
        if left and not ctx.resilient_parsing:
            way_out = f"see {ctx.command_path} --help"
            raise UsageError(f"unexpected argument {left[0][:60]!r}; {way_out}")
        say_understood(ctx)
        return left


def run_command(arguments: list[str]) -> int:
    """Run the command that the arguments name, and return its exit code.

    No traceback leaves this function but with ``--debug``.
    """
    try:
        with ending.at_signals():
            code = _run(arguments)
    except SystemExit as exit_:
        return _code(exit_)
    except _PARSER_ERROR as error:
        print(f"ncutool: {_one_line(parser_error(error))}", file=sys.stderr)
        return UsageError.exit_code
    except NcutoolError as error:
        if "--debug" in arguments:
            raise
        print(f"ncutool: {_one_line(str(error))}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # The reader of stdout (head, say) went away: that is no error of ours.
        return 0
    except BaseException as error:  # polars's panics are no Exception
        return _ended(error, arguments)
    finally:
        bounded.release()
    return code if isinstance(code, int) else 0


def _ended(error: BaseException, arguments: list[str]) -> int:
    """Say why a command ended that raised what is no error of ours; return its exit code."""
    said = bounded.excess(error)
    if "--debug" in arguments and isinstance(error, (MemoryError, Exception)):
        raise error
    if said is not None:
        print(f"ncutool: {said}", file=sys.stderr, flush=True)
        parent_notes.note(parent_notes.ENDED)  # now, since what follows may lack memory too
        return 1
    if isinstance(error, KeyboardInterrupt):
        bounded.hear_no_more()
    if isinstance(error, ending.Ended):
        print(f"ncutool: {error}", file=sys.stderr)
        return error.exit_code
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        print("ncutool: interrupted", file=sys.stderr)
        return 130
    what = _one_line(f"{type(error).__name__}: {error}")
    print(
        f"ncutool: this is a bug in ncutool ({what}); please report it with the output of --debug",
        file=sys.stderr,
    )
    return 1


def _run(arguments: list[str]) -> Any:
    """Run a command without what typer makes of interrupts and of a stdout that nobody reads."""
    root = _root()
    if any(name.endswith("_COMPLETE") for name in os.environ):
        return root(args=arguments, prog_name="ncutool", standalone_mode=False)
    try:
        with root.make_context("ncutool", list(arguments)) as context:
            return root.invoke(context)
    except typer.Exit as exit_:
        return exit_.exit_code


def _root() -> Any:
    """Return the whole command line as typer sees it, with its shell completion."""
    app = typer.Typer(cls=Group, rich_markup_mode=None, context_settings=_SETTINGS)
    app.callback()(lambda: None)
    root = typer.main.get_command(app)
    root.listed = COMMANDS  # type: ignore[attr-defined]  # typer made it of the class named above
    for parameter in root.params:
        take_plainly(parameter, {})
    return root


def _built(command: Command, package: str) -> Any:
    """Return a command or a group as typer runs it."""
    app = typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # plain help starts in half the time
    )
    package = f"{package}.{command.name.replace('-', '_')}"
    if command.commands:
        app.callback(cls=Group, help=command.summary, context_settings=_SETTINGS)(lambda: None)
        group: Any = typer.main.get_command(app)
        group.name, group.listed, group.package = command.name, command.commands, package
        return group
    module = import_module(package)
    run = module.run
    app.command(command.name, cls=Single, context_settings=_SETTINGS)(run)
    single: Any = typer.main.get_command(app)
    single.wants, single.many = _wants(run), getattr(module, "MANY", ())
    single.groups = getattr(module, "GROUPS", ())
    amounts = _amounts(run)
    for parameter in single.params:
        take_plainly(parameter, single.wants, amounts)
    return single


def spread(args: list[str], many: tuple[str, ...]) -> list[str]:
    """Write an option that takes several values once before each: `--a 1 2` is `--a 1 --a 2`."""
    written: list[str] = []
    current: str | None = None
    for word in args:
        if word.startswith("-") and word != "-":
            current = word if word in many else None
            written += [] if current else [word]
        else:
            written += [current, word] if current else [word]
    return written


def _with_values(args: list[str]) -> list[str]:
    """Write `--redact` with its value, which is `private` where the next word is no other one."""
    values = [one.value for one in Redact]
    return [
        f"{word}={Redact.PRIVATE.value}" if word == "--redact" and after not in values else word
        for word, after in zip(args, [*args[1:], ""], strict=False)
    ]


def _wants(run: Any) -> dict[str, tuple[Any, float | None]]:
    """Return annotation and least value of each option of a command's function."""
    annotations = {
        name: parameter.annotation
        for name, parameter in inspect.signature(run, eval_str=True).parameters.items()
    }
    return {
        name: (annotation.__origin__, annotation.__metadata__[0].min)
        for name, annotation in annotations.items()
        if hasattr(annotation, "__metadata__")
    }


def _amounts(run: Any) -> dict[str, Amount]:
    """Return which options of a command's function take amounts as people write them."""
    return {
        name: about
        for name, parameter in inspect.signature(run, eval_str=True).parameters.items()
        for about in getattr(parameter.annotation, "__metadata__", ())
        if isinstance(about, Amount)
    }


def take_plainly(
    parameter: Any,
    wants: dict[str, tuple[Any, float | None]],
    amounts: Mapping[str, Amount] = MappingProxyType({}),
) -> None:
    """Let a parameter take a value that is right at first sight as it is.

    typer asks pydantic about every value, whose import takes longer than reading a small capture.
    It is still asked about whatever is not plainly right, and then words the error. Amounts are
    read here: typer knows no `8k`.
    """
    if parameter.process_value.__name__ == "plainly":
        return
    annotation, least = wants.get(parameter.name, (None, None))
    ask, default = parameter.process_value, parameter.default
    many = parameter.multiple or parameter.nargs == -1
    amount = amounts.get(parameter.name)
    read = None if amount is None else Reader(parameter, amount, annotation)

    def plainly(ctx: Any, value: Any) -> Any:
        if read is not None and isinstance(value, str):
            return read(ctx, value)
        if value is None and not parameter.required:
            given = () if many else None
            if parameter.callback is None:
                return given
            return parameter.callback(ctx, parameter, given)
        if parameter.callback is not None or (parameter.required and not value):
            return ask(ctx, value)
        if value is default and not isinstance(value, str):
            return value
        try:
            return _plain_list(value, annotation) if many else _plain(value, annotation, least)
        except ValueError:
            return ask(ctx, value)

    parameter.process_value = plainly


def _plain(word: object, annotation: object, least: float | None = None) -> object:
    """Return a word of the command line as its option wants it.

    Args:
        word: the word.
        annotation: the option's type.
        least: what a number must reach; no option has a largest one.

    Raises:
        ValueError: it is none of the option's words, or whether it is takes thought.
    """
    kind, *others = (one for one in get_args(annotation) or (annotation,) if one is not NoneType)
    if others or not word or not isinstance(word, str) or not isinstance(kind, type):
        raise ValueError("takes thought")
    if kind in (int, float) and (_WHOLE if kind is int else _NUMBER).fullmatch(word):
        number = kind(word)
        if least is None or number >= least:
            return number
    if kind not in (str, Path) and not issubclass(kind, Enum):
        raise ValueError("takes thought")
    return kind(word)


def _plain_list(words: object, annotation: object) -> list[object]:
    """Return the words of an option that may be repeated, each as :func:`_plain` does."""
    kind, *others = (one for one in (annotation, *get_args(annotation)) if get_origin(one) is list)
    if others or not isinstance(words, (list, tuple)):
        raise ValueError("takes thought")
    return [_plain(word, get_args(kind)[0]) for word in words]


def _code(exit_: SystemExit) -> int:
    if exit_.code is None:
        return 0
    return exit_.code if isinstance(exit_.code, int) else 1


def _one_line(text: str) -> str:
    from ncutool.base.untrusted import printable

    return printable(" ".join(text.split()))
