"""Documents and docstrings name modules, functions and files that are there."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import ncutool
from ncutool.work.operators.plugins import GROUP

REPOSITORY = Path(__file__).resolve().parent.parent
ROOTS = {"ncutool": REPOSITORY / "ncutool", "parsers": REPOSITORY / "parsers" / "ncutool_parsers"}
FOLDERS = ("ncutool", "parsers", "tests", "docs", "reports", "benchmarks", "backtests", "fuzz")
DOCUMENTS = [
    path
    for pattern in ("*.md", "docs/*.md", "reports/**/*.md", "ncutool/**/*.md")
    for path in sorted(REPOSITORY.glob(pattern))
]
SOURCES = sorted(path for root in ROOTS.values() for path in root.rglob("*.py"))
ROLE = re.compile(r":(?:attr|class|data|exc|func|meth|mod):`~?([\w.]+)`")
DOTTED = re.compile(r"\bncutool(?:_parsers)?(?:\.[A-Za-z_]\w*)+")
FILE = re.compile(r"`([\w.-]+(?:/[\w.-]+)*\.(?:py|toml|md|lock))`|`([\w.-]+(?:/[\w.-]+)+)`")
SCHEMA = re.compile(r".*/\d+")
"""`ncutool/whatif/1` is no path but the version of an output."""
RULES_FILE = "ncutool.toml"
"""The file of a gate's rules, which lies where a user works."""
NO_PATH = {
    "N/A",
    "fuzz/sums.json",
    "folder/NAME",
    "ncutool/NAME/VERSION",
    "AGENTS.md",
    "SKILL.md",
    RULES_FILE,
}


@cache
def _is_there(dotted: str) -> bool:
    """Whether a name leads to a module, or to what one holds."""
    parts = dotted.split(".")
    for count in range(len(parts), 0, -1):
        try:
            module = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        return _holds(module, parts[count:])
    return False


def _holds(module: ModuleType, names: list[str]) -> bool:
    """Whether a module has a name, the name a field or an attribute, and so on."""
    current: object = module
    for name in names:
        if not hasattr(current, name):
            return name in getattr(current, "__annotations__", {})
        current = getattr(current, name)
    return True


def _docstrings(path: Path) -> Iterator[tuple[str | None, str]]:
    """The texts that stand alone in a module, each with the class it stands in."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for outer in tree.body:
        within = outer.name if isinstance(outer, ast.ClassDef) else None
        for node in ast.walk(outer):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                yield within, str(node.value.value)


def _module(path: Path) -> ModuleType:
    package = "ncutool" if ROOTS["ncutool"] in path.parents else "ncutool_parsers"
    root = ROOTS["ncutool"] if package == "ncutool" else ROOTS["parsers"]
    parts = [part for part in path.relative_to(root).with_suffix("").parts if part != "__init__"]
    return importlib.import_module(".".join([package, *parts]))


def test_references_between_docstrings_lead_somewhere() -> None:
    """``:func:`name``` names what its module or class holds, or what another one does."""
    missing = []
    for path in SOURCES:
        if path.name == "__main__.py":
            continue
        for within, text in _docstrings(path):
            for name in ROLE.findall(text):
                places = [name, f"{within}.{name}"] if within else [name]
                here = any(_holds(_module(path), place.split(".")) for place in places)
                if not here and not _is_there(name):
                    missing.append(f"{path.relative_to(REPOSITORY)}: {name}")
    assert missing == []


def test_dotted_names_lead_somewhere() -> None:
    """`ncutool.room.module.name` is there, in documents and in docstrings."""
    texts = [(path, path.read_text(encoding="utf-8")) for path in DOCUMENTS]
    texts += [(path, text) for path in SOURCES for _, text in _docstrings(path)]
    missing = {
        f"{path.relative_to(REPOSITORY)}: {name}"
        for path, text in texts
        for name in DOTTED.findall(text)
        if name not in (GROUP, RULES_FILE) and not _is_there(name)
    }
    assert missing == set()


def test_paths_in_backticks_lead_somewhere() -> None:
    """A path is one of the repository, from its root, from a package or from the document."""
    every = {path.name for folder in FOLDERS for path in (REPOSITORY / folder).rglob("*.*")}
    every |= {path.name for path in REPOSITORY.glob("*.*")}
    texts = [(path, path.read_text(encoding="utf-8")) for path in DOCUMENTS]
    texts += [(path, text) for path in SOURCES for _, text in _docstrings(path)]
    missing = set()
    for path, text in texts:
        bases = (REPOSITORY, path.parent, REPOSITORY / "parsers", Path(ncutool.__file__).parent)
        for name in (file or folder for file, folder in FILE.findall(text)):
            known = name in NO_PATH or SCHEMA.fullmatch(name) or name in every
            known = known or "/NAME." in name  # one that is still to be written
            if not known and not any((base / name).exists() for base in bases):
                missing.add(f"{path.relative_to(REPOSITORY)}: {name}")
    assert missing == set()
