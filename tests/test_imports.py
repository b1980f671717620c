"""Who may import whom: the arrows of docs/architecture.md, checked on the source itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
ROOTS = {"ncutool": REPOSITORY / "ncutool", "ncutool_parsers": REPOSITORY / "parsers"}

FLOOR = 0
LAYERS: dict[str, int] = {
    # Words and helpers that any layer above the readers may use.
    "schema": FLOOR,
    "units": FLOOR,
    "untrusted": FLOOR,
    "shares": FLOOR,
    "intervals": FLOOR,
    "json_schema": FLOOR,
    "roofs": 1,
    "words": 1,
    "devices": 1,
    "batching": 1,
    "device_table": 1,
    "rates_file": 1,
    "ceilings": 2,
    "work": 1,
    "coverage": 2,
    "bound": 2,
    "flags": 2,
    "roofline": 2,
    "gap_causes": 2,
    "steps": 2,
    "trim": 2,
    "timeline": 2,
    "replay": 2,
    "replay_constraints": 2,
    "replay_runs": 2,
    "companions": 3,
    "join": 2,
    "join_devices": 2,
    "join_figures": 2,
    "join_match": 2,
    "join_summary": 2,
    "alignment": FLOOR,
    "kernel_identity": FLOOR,
    "graph_pairing": 2,
    "graph_sequences": 2,
    "predict": 3,
    "advice": 3,
    "headline": 4,
    "tables": 4,
    "analysis": 4,
    "groups": 5,
    "verdicts": 5,
    "explain": 5,
    "measured": 5,
    "against": 5,
    "charts": 5,
    "compare": 5,
    "whatif": 5,
    "archive": 5,
    "envelope": 6,
    "page": 6,
    "text": 6,
    "commands": 7,
    "__main__": 8,
}
"""A module of ncutool by the first part of its name; an import goes to the same layer or down."""

_BESIDE = {"batching", "devices", "device_table", "work", "schema", "units", "roofs"}
ASIDE = {
    "llm": {*_BESIDE, "llm"},
    "planner": {*_BESIDE, "llm", "planner"},
    "signals": {*_BESIDE, "untrusted", "llm", "planner", "signals"},
}
"""Modules beside the arrows, and all they may use of ncutool."""


def modules() -> list[Path]:
    """Every Python file of the two packages."""
    found = [*(REPOSITORY / "ncutool").rglob("*.py")]
    found += (REPOSITORY / "parsers" / "ncutool_parsers").rglob("*.py")
    return sorted(found)


def name_of(path: Path) -> str:
    """The dotted name a file is imported by."""
    root = REPOSITORY / "parsers" if "parsers" in path.relative_to(REPOSITORY).parts else REPOSITORY
    parts = list(path.relative_to(root).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Dotted names imported anywhere in a file, also inside functions, but not for types only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for part in node.body
        for inner in ast.walk(part)
    }
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides where it leads"
            module = node.module or ""
            yield from (f"{module}.{alias.name}" for alias in node.names)


def part_of(name: str) -> str | None:
    """The layer's module that an import of ncutool leads to; None for other packages."""
    parts = name.split(".")
    return parts[1] if parts[0] == "ncutool" and len(parts) > 1 else None


def test_the_walk_finds_both_packages() -> None:
    """A moved package would make every other test here pass without looking."""
    names = {name_of(path) for path in modules()}
    assert {"ncutool", "ncutool.base.tables", "ncutool_parsers", "ncutool_parsers.schema"} <= names
    assert "ncutool_parsers.capture" in set(imports(REPOSITORY / "ncutool" / "devices.py")) | {
        name.rsplit(".", 1)[0] for name in imports(REPOSITORY / "ncutool" / "devices.py")
    }


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_follow_the_arrows(path: Path) -> None:
    """An output may use the waist and what lies below it, and never the other way round."""
    name = name_of(path)
    if name.startswith("ncutool_parsers"):
        assert [each for each in imports(path) if each.split(".")[0] == "ncutool"] == []
        return
    here = part_of(name)
    used = {part for each in imports(path) if (part := part_of(each)) is not None}
    if here is None:  # ncutool/__init__.py is the notebook API and may use everything but commands
        assert "commands" not in used
        return
    if here in ASIDE:
        assert used <= ASIDE[here]
        return
    assert here in LAYERS, f"{name} has no place among the layers: give it one in LAYERS"
    upward = {part for part in used if LAYERS.get(part, 5 if part in ASIDE else 99) > LAYERS[here]}
    assert upward == set(), f"{name} imports upward"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_only_charts_imports_altair(path: Path) -> None:
    """One module knows the chart library, so that another could take its place."""
    if name_of(path).split(".")[1:2] != ["charts"]:
        assert [each for each in imports(path) if each.split(".")[0] == "altair"] == []


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_only_commands_print_or_exit(path: Path) -> None:
    """A library that prints or exits cannot be used from a notebook or a server."""
    if name_of(path).split(".")[1:2] in (["commands"], ["__main__"], ["ncu_worker"]):
        return  # ncu_worker is a program of its own: it runs in another process
    tree = ast.parse(path.read_text(encoding="utf-8"))
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert called & {"print", "sys.exit", "exit", "quit", "typer.echo", "os._exit"} == set()


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_no_module_swallows_everything(path: Path) -> None:
    """An `except Exception` hides the wrong number; one that cleans up and re-raises does not."""
    if name_of(path) == "ncutool.commands.running":
        return  # the one place where an error becomes an exit code
    swallowed = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
        and ast.unparse(node.body[-1]) != "raise"
    ]
    assert swallowed == []


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_no_pickle_and_no_eval(path: Path) -> None:
    """Reading a capture must never run code from it or from its folder."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert called & {"eval", "exec", "compile", "os.system"} == set()
    assert {each.split(".")[0] for each in imports(path)} & {"pickle", "marshal", "shelve"} == set()
