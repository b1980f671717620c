"""What the documents say is so: commands, tables, links, and how little a start imports."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import fields
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import make_engines
import make_rules
import pytest

from ncutool.analysis.request import Request
from ncutool.commands import COMMANDS

REPOSITORY = Path(__file__).resolve().parent.parent
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
DOCUMENTS = sorted(
    [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md"), *REPOSITORY.glob("reports/**/*.md")]
)
NAMES = [
    f"{group.name} {command.name}" if group.commands else group.name
    for group in COMMANDS
    for command in (group.commands or (group,))
]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A Python process with a fixed width, so that help does not depend on the terminal."""
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_command_is_in_the_readme_and_has_help(name: str) -> None:
    """A command nobody can find, or that does not explain itself, is not there."""
    assert f"ncutool {name}" in README
    shown = run("-m", "ncutool", *name.split(), "--help")
    assert shown.returncode == 0
    assert len(shown.stdout) > 200


def test_the_readme_names_no_command_that_is_not_there() -> None:
    """A usage line that fails is worse than none."""
    code = "\n".join(re.findall(r"```.*?\n(.*?)```", README, re.DOTALL))
    used = set(re.findall(r"^ncutool ((?:(?:plan|baseline) )?[a-z-]+)", code, re.MULTILINE))
    assert used
    assert used <= set(NAMES)


def test_the_options_the_readme_shows_exist() -> None:
    """An option in a usage line is one the command knows."""
    code = "\n".join(re.findall(r"```.*?\n(.*?)```", README, re.DOTALL))
    for name in NAMES:
        options = {
            option
            for line in re.findall(rf"^ncutool {name} (.*)$", code, re.MULTILINE)
            for option in re.findall(r"(?:^|\s)(--[a-z-]+)", line.split("#")[0])
        }
        if options:
            known = run("-m", "ncutool", *name.split(), "--help").stdout
            assert {option for option in options if option not in known} == set()


def test_the_document_of_commands_is_whole() -> None:
    """docs/commands.md lists each option of a request, and each exit code."""
    text = (REPOSITORY / "docs" / "commands.md").read_text(encoding="utf-8")
    flags = [f"--{field.name.replace('_', '-')}" for field in fields(Request)]
    assert [flag for flag in flags if f"| `{flag}" not in text] == []
    assert re.findall(r"^\| (\d) \|", text, re.MULTILINE) == ["0", "1", "2", "3", "4"]


def test_the_make_targets_the_documents_name_exist() -> None:
    """`make demo` and the like work as written."""
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = {
        target
        for document in DOCUMENTS
        for target in re.findall(r"`make ([a-z]+)", document.read_text(encoding="utf-8"))
    }
    assert {"demo", "test"} <= named <= targets


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    """A relative link names a file of the repository."""
    links = re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8"))
    relative = [link for link in links if "://" not in link]
    assert [link for link in relative if not (path.parent / link).exists()] == []


def test_the_description_of_the_tables_is_current() -> None:
    """docs/tables.md is what `make docs` writes."""
    spec = spec_from_file_location("make_tables", REPOSITORY / "docs" / "make_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (REPOSITORY / "docs" / "tables.md").read_text(encoding="utf-8") == module.text()


def test_the_list_of_engine_operators_is_current() -> None:
    """docs/engines.md is what `make docs` writes."""
    assert make_engines.PAGE.read_text(encoding="utf-8") == make_engines.text()


def test_the_pages_of_the_rules_are_current() -> None:
    """docs/rules is what `make docs` writes: a page a rule and a list of them, and no others."""
    written = {
        path.name: path.read_text(encoding="utf-8") for path in make_rules.FOLDER.glob("*.md")
    }
    assert written == make_rules.pages()


def test_continuous_integration_runs_the_readmes_test_command() -> None:
    """What a contributor runs and what judges the contribution are the same."""
    script = REPOSITORY / ".ci" / "run"
    assert os.access(script, os.X_OK)
    lines = script.read_text(encoding="utf-8").splitlines()
    assert next(line for line in lines if line.startswith("make ")) == "make test"
    assert any(line.strip() == "make test-torch" for line in lines)


def test_help_starts_without_the_heavy_libraries() -> None:
    """`--help` answers at once because it imports no data frames and no charts."""
    shown = run("-X", "importtime", "-m", "ncutool", "--help")
    assert shown.returncode == 0
    imported = set(re.findall(r"\|\s+([\w.]+)$", shown.stderr, re.MULTILINE))
    assert "ncutool.commands" in imported
    heavy = {"polars", "pandas", "altair", "numpy", "pyarrow", "vl_convert", "msgspec"}
    assert imported & heavy == set()


def test_no_document_names_a_place_on_the_machine_it_was_written_on() -> None:
    """A path of one machine means nothing on another."""
    for document in DOCUMENTS:
        assert re.findall(r"(?<![\w.])/(?:work|tmp|home|root)/", document.read_text("utf-8")) == []


def test_rules_that_documents_ask_for_are_there() -> None:
    """`rule=NAME` in a command that can be copied is a rule of the catalogue."""
    texts = [path.read_text(encoding="utf-8") for path in (REPOSITORY / "docs").glob("*.md")]
    asked = set(re.findall(r"\brule=([a-z0-9-]+)", "\n".join([README, *texts])))
    assert asked
    assert asked <= {Path(name).stem for name in make_rules.pages()}
