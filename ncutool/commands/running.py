"""Runs one command through typer and turns what it raises into an exit code and one line."""

from __future__ import annotations

import os
import sys
from importlib import import_module

import typer

from ncutool_parsers.errors import NcutoolError


def run_command(name: str, arguments: list[str]) -> int:
    """The exit code of command ``name``; no traceback leaves this function without ``--debug``."""
    module = import_module(f"ncutool.commands.{name.replace('-', '_')}")
    app = typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # plain help starts in half the time
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.command(name)(module.run)
    try:
        if hasattr(module, "check_arguments"):  # what typer would misread
            module.check_arguments(arguments)
        app(args=arguments, prog_name=f"ncutool {name}")
    except SystemExit as exit_:
        return _code(exit_)
    except NcutoolError as error:
        if "--debug" in arguments:
            raise
        print(f"ncutool: {_one_line(str(error))}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # The reader of stdout (head, say) went away: that is no error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("ncutool: interrupted", file=sys.stderr)
        return 130
    except MemoryError:
        print("ncutool: out of memory; lower --max-bytes or use a larger machine", file=sys.stderr)
        return 1
    except Exception as error:
        if "--debug" in arguments:
            raise
        what = _one_line(f"{type(error).__name__}: {error}")
        print(
            f"ncutool: this is a bug in ncutool ({what}); please report it with the output of "
            "--debug",
            file=sys.stderr,
        )
        return 1
    return 0


def _code(exit_: SystemExit) -> int:
    if exit_.code is None:
        return 0
    return exit_.code if isinstance(exit_.code, int) else 1


def _one_line(text: str) -> str:
    from ncutool.base.untrusted import printable

    return printable(" ".join(text.split()))
