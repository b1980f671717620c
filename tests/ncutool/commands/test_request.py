"""One name an option, from the command line to the analysis and to the Python call."""

from __future__ import annotations

import inspect
from dataclasses import fields
from importlib import import_module
from typing import Any

import pytest

import ncutool
from ncutool.analysis.request import Request
from ncutool.commands import COMMANDS
from ncutool.whatif import Question

CAPTURE_COMMANDS = ("report", "findings", "kernels", "explain", "whatif")
THE_CAPTURE = {"capture", "captures", "trace", "launch"}
"""What names the capture itself, or a launch of it."""
OUTPUT_ONLY = {
    "form", "path", "output", "force", "no_color", "debug", "open_page", "verbose", "top", "kernel",
    "show_private", "price", "table",
}  # fmt: skip
"""What chooses how a result is shown, and leaves the analysis alone."""
REQUEST = {field.name for field in fields(Request)}
QUESTION = {field.name for field in fields(Question)}


def options(command: str) -> dict[str, Any]:
    """The options of a command by the names of its function's parameters."""
    run = import_module(f"ncutool.commands.{command.replace(' ', '.').replace('-', '_')}").run
    return {
        name: parameter.annotation.__metadata__[0]
        for name, parameter in inspect.signature(run, eval_str=True).parameters.items()
        if hasattr(parameter.annotation, "__metadata__")
    }


def flags(option: Any, name: str) -> list[str]:
    """How an option is written on the command line."""
    declared = [text for text in (option.default, *(option.param_decls or ())) if text is not ...]
    return declared or [f"--{name.replace('_', '-')}"]


@pytest.mark.parametrize("command", CAPTURE_COMMANDS)
def test_an_option_is_called_like_the_field_it_becomes(command: str) -> None:
    """Every capture command has every field of Request, and else only what shows the result."""
    declared = options(command)
    assert REQUEST - set(declared) == set()
    more = QUESTION if command == "whatif" else set()
    assert set(declared) - REQUEST - THE_CAPTURE - OUTPUT_ONLY - more == set()
    for name in REQUEST:
        assert flags(declared[name], name) == [f"--{name.replace('_', '-')}"]


def test_the_python_call_has_the_same_names() -> None:
    """`load` takes a path and the fields of Request."""
    assert set(inspect.signature(ncutool.load).parameters) == {"path"} | REQUEST


def test_the_old_name_of_a_function_says_the_new_one() -> None:
    """`ncutool.rank` is gone, and says where to; another name is simply none."""
    with pytest.raises(AttributeError, match=r"now called ncutool\.findings"):
        ncutool.rank  # type: ignore[attr-defined]  # noqa: B018 - the point
    with pytest.raises(AttributeError, match=r"no attribute 'ranks'$"):
        ncutool.ranks  # type: ignore[attr-defined]  # noqa: B018 - the point


def test_batch_context_and_seq_mean_one_thing_each() -> None:
    """The same option of two commands says the same of itself."""
    begins = {
        "--batch": "Sequences",
        "--context": "Tokens each sequence attends to",
        "--seq": "Queries of a sequence",
    }
    commands = [
        f"{group.name} {command.name}" if group.commands else group.name
        for group in COMMANDS
        for command in (group.commands or (group,))
    ]
    told = [
        (flag, option.help)
        for command in commands
        for name, option in options(command).items()
        for flag in flags(option, name)
        if flag in begins
    ]
    assert [flag for flag, _ in told].count("--batch") == 5
    assert [(flag, help_) for flag, help_ in told if not help_.startswith(begins[flag])] == []
