"""The helps of ``ncutool plan``: each option in one group, each group with an example that runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ncutool.commands import COMMANDS, main
from ncutool.commands.help_groups import HelpGroup
from ncutool.commands.plan import help_groups

GROUPS = {
    "llm": help_groups.LLM,
    "gemm": help_groups.GEMM,
    "attention": help_groups.ATTENTION,
    "devices": help_groups.DEVICES,
    "signals": help_groups.SIGNALS,
}
EXAMPLES = [
    (name, group) for name, groups in GROUPS.items() for group in groups if not group.needs_file
]


def printed(capsysbinary: pytest.CaptureFixture[bytes], *words: str) -> str:
    """What a help prints."""
    assert main([*words, "--help"]) == 0
    return capsysbinary.readouterr().out.decode()


@pytest.mark.parametrize("name", GROUPS)
def test_every_option_stands_in_one_group(
    name: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """None is left over, none stands twice, and no group names an option that is none."""
    told = printed(capsysbinary, "plan", name)
    assert "Other options" not in told
    shown = re.findall(r"^  ((?:-\w, )?--[\w-]+(?:, --\w+)?)(?= [A-Z<]|  |\n)", told, re.M)
    flags = [flag for text in shown for flag in text.split(", ") if flag.startswith("--")]
    assert len(flags) == len(set(flags))
    named = [flag for group in GROUPS[name] for flag in group.flags]
    assert len(named) == len(set(named))
    assert set(named) <= set(flags)


@pytest.mark.parametrize(("name", "group"), EXAMPLES, ids=[f"{n}-{g.title}" for n, g in EXAMPLES])
def test_the_example_of_each_group_runs(
    name: str,
    group: HelpGroup,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    """As it is printed, word for word; and it uses an option of its group."""
    monkeypatch.chdir(tmp_path)
    program, *words = group.example.split()
    assert program == "ncutool"
    assert words[:2] == ["plan", name]
    assert main(words) == 0
    capsysbinary.readouterr()


@pytest.mark.parametrize("command", ["plan", *(f"plan {name}" for name in GROUPS)])
def test_helps_are_no_wider_than_a_terminal(
    command: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Examples are broken where a shell takes the break."""
    told = printed(capsysbinary, *command.split())
    assert max(map(len, told.splitlines())) <= 80


def test_the_group_says_which_question_each_command_answers(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    """A question and an example of each, and the example runs."""
    told = printed(capsysbinary, "plan")
    plan = next(command for command in COMMANDS if command.name == "plan")
    for command in plan.commands:
        assert f"    {command.question}\n    $ {command.example}\n" in told
        assert main(command.example.split()[1:]) == 0
        capsysbinary.readouterr()
