"""The shell completes commands, options and values, though commands load only by name."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ncutool.commands import COMMANDS


def ncutool(*arguments: str, **environment: str) -> str:
    """What a process of ncutool prints."""
    done = subprocess.run(
        [sys.executable, "-m", "ncutool", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize(
    ("words", "place", "offered"),
    [
        ("ncutool", 1, [command.name for command in COMMANDS]),
        ("ncutool fin", 1, ["findings"]),
        ("ncutool plan", 2, ["llm", "gemm", "attention", "devices", "signals"]),
        ("ncutool plan gemm --de", 3, ["--device", "--device-file", "--debug"]),
        ("ncutool kernels x --format js", 4, ["json", "jsonl"]),
        ("ncutool rank", 1, []),
    ],
    ids=str,
)
def test_bash_is_told_what_may_follow(words: str, place: int, offered: list[str]) -> None:
    """What the script of --show-completion asks, and what it gets."""
    told = ncutool(_NCUTOOL_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(place))
    assert sorted(told.split()) == sorted(offered)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_script(shell: str) -> None:
    """`_NCUTOOL_COMPLETE=source_SHELL ncutool` prints it; it asks for completions by that name."""
    script = ncutool(_NCUTOOL_COMPLETE=f"source_{shell}")
    assert f"_NCUTOOL_COMPLETE=complete_{shell}" in script
