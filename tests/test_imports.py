"""Who may import whom, and what no module may do: read from the source itself.

The rooms and their order stand once, in ``[tool.importlinter]`` of pyproject.toml.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
MOST_ROOMS = 22
"""Folders at the top of ncutool that a newcomer can still take in."""


@cache
def modules() -> dict[str, ast.Module]:
    """The parsed source of every module of both packages, by its dotted name."""
    roots = {"ncutool": REPOSITORY, "ncutool_parsers": REPOSITORY / "parsers"}
    parsed = {}
    for package, root in roots.items():
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            parsed[name] = ast.parse(path.read_text(encoding="utf-8"))
    return parsed


def imported(tree: ast.Module) -> Iterator[str]:
    """Dotted names that a module imports anywhere, also inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import hides where it leads"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def called(tree: ast.Module) -> set[str]:
    """What a module calls, as it is written."""
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def test_rooms_import_only_lower_rooms_and_hold_no_circle() -> None:
    """The contracts of pyproject.toml hold, imports for types included."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_no_module_lies_loose_beside_the_rooms() -> None:
    """Someone new finds the right room from the folder names."""
    top = {path.name for path in (REPOSITORY / "ncutool").iterdir() if path.suffix == ".py"}
    assert top == {"__init__.py", "__main__.py"}
    rooms = [path for path in (REPOSITORY / "ncutool").iterdir() if (path / "__init__.py").exists()]
    assert 10 < len(rooms) <= MOST_ROOMS


def test_only_commands_print_or_exit() -> None:
    """A library that prints or exits cannot be used from a notebook or a server."""
    ways_out = {"print", "sys.exit", "exit", "quit", "typer.echo", "os._exit"}
    # Workers are programs of their own: they run in other processes.
    allowed = (
        *("ncutool.commands", "ncutool.__main__", "ncutool_parsers.ncu_worker"),
        "ncutool.archive.engines.process_worker",
    )
    loud = {name for name, tree in modules().items() if called(tree) & ways_out}
    assert {name for name in loud if not name.startswith(allowed)} == set()
    assert loud, "the walk finds nothing: a package moved"


MAY_CATCH_ALL = {
    "ncutool.commands": "an error of an output becomes an exit code; every other is raised",
    "ncutool.commands.running": "where an error becomes an exit code",
    "ncutool.archive.one_file": "whatever a file does to its analysis is a row of the errors",
    "ncutool.archive.engines.interface": "an error of a worker is its answer; the worker lives on",
    "ncutool.archive.engines.process_worker": "the process ends with the traceback it printed",
}
"""Where any exception may be caught, and why nothing is hidden there."""


def test_no_module_swallows_everything() -> None:
    """An `except Exception` hides the wrong number; one that cleans up and re-raises does not."""
    swallowing = {
        name
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
        and ast.unparse(node.body[-1]) != "raise"
    }
    assert swallowing == set(MAY_CATCH_ALL)


def test_no_pickle_and_no_eval() -> None:
    """Reading a capture must never run code from it or from its folder."""
    for name, tree in modules().items():
        assert called(tree) & {"eval", "exec", "compile", "os.system"} == set(), name
        first_names = {each.split(".")[0] for each in imported(tree)}
        assert first_names & {"pickle", "marshal", "shelve"} == set(), name
