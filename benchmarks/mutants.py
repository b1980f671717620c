"""Mutation testing: changes the code in one place at a time and sees whether a test fails.

    python benchmarks/mutants.py [--count 400] [--minutes 120] [--seed 1] [--rooms work timeline]

First every test runs once under coverage.py, which tells the tests that reach each line. Then a
sample of the changes of :mod:`mutation`, the same for the same seed, is tried one after another in
a forked process: the tests that reach its line run, the quickest first, until one fails. A control
for each room, the same without a change, must pass first. Every change and how it ended is printed,
and kept in `.mutants/result.json`.

mutmut changes neither constants of a module nor decorated functions, properties among them: the
thresholds of this project would all be left out. cosmic-ray rewrites the checkout in place, puts
eleven operators in the place of each (most of them nonsense that every test notices), changes
annotations, and starts a new interpreter for every change.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import CodeType, ModuleType

import mutation
from mutation import Mutant

REPOSITORY = Path(__file__).resolve().parent.parent
STORE = REPOSITORY / ".mutants"
ROOMS = ("work", "roofline", "timeline", "advice")
LEFT_OUT = (
    *("browser", "torch_differential", "test_imports.py", "test_packaging.py", "test_docs.py"),
    *("ncutool/planning", "test_backtest.py"),
)
"""Tests that run in other processes or reach none of the rooms."""
HEAVY = ("polars", "numpy", "pandas", "msgspec", "hypothesis", "pytest", "jinja2", "rich")
"""Imported before forking, which every change would otherwise pay for."""
PATIENCE_S = 120
"""Of the processor's time, after which a change is taken to make a test endless."""
BROKEN, NO_TESTS = 99, 5
"""How a child ends that fails itself, and how pytest does where it finds nothing to run."""
MOST_TESTS = 60
"""Of the tests that reach a line so many run, those of the change's own room first: a constant of
a module is reached by hundreds."""


def main() -> int:
    options = _options()
    os.chdir(REPOSITORY)
    sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "parsers")]
    STORE.mkdir(exist_ok=True)
    if options.again or not (STORE / "coverage").exists():
        _cover()
    tests = _Tests.load(options.slowest)
    for name in HEAVY:
        importlib.import_module(name)
    chosen = _sample(options.rooms, options.count, options.seed)
    for room in options.rooms:
        first = next(mutant for mutant in chosen if mutant.room == room)
        if _try(replace(first, place=mutation.UNCHANGED), tests) != "survived":
            print(f"the tests of {first.path} fail without a change", file=sys.stderr)
            return 1
    results = []
    until = time.monotonic() + 60 * options.minutes
    for mutant in chosen:
        if time.monotonic() > until:
            break
        results.append({"fate": _try(mutant, tests), **asdict(mutant), "name": mutant.name})
        print(f"{results[-1]['fate']:9} {mutant.name}", flush=True)
        (STORE / "result.json").write_text(json.dumps(results, indent=1, default=str))
    _report(options.rooms, results)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--count", type=int, default=400, help="changes to try")
    parser.add_argument("--minutes", type=float, default=120, help="stop after so long")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rooms", nargs="+", default=ROOMS)
    parser.add_argument("--slowest", type=float, default=3.0, help="longest test that is run, in s")
    parser.add_argument("--again", action="store_true", help="see again which test reaches what")
    return parser.parse_args()


def _cover() -> None:
    """Run the tests once and keep which test reached which line, and how long each took."""
    settings = STORE / "coveragerc"
    settings.write_text(f"[run]\nsource = ncutool\ndata_file = {STORE / 'coverage'}\n")
    ignored = [f"--ignore=tests/{name}" for name in LEFT_OUT]
    command = [
        *(sys.executable, "-m", "coverage", "run", f"--rcfile={settings}", "-m", "pytest", "-q"),
        *("-p", "mutants", "-p", "no:cacheprovider", f"--junitxml={STORE / 'times.xml'}"),
        *("tests", *ignored),
    ]
    found_at = (*sys.path[:2], str(Path(__file__).parent))
    subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": os.pathsep.join(found_at)})


def pytest_runtest_logstart(nodeid: str) -> None:
    """A hook of pytest, which has this module for a plugin in :func:`_cover`: from here on lines
    are reached by this test, its fixtures included."""
    measured = importlib.import_module("coverage").Coverage.current()
    if measured is not None:
        measured.switch_context(nodeid.partition("[")[0])


@dataclass(frozen=True)
class _Tests:
    """Which tests reach which lines."""

    by_line: dict[str, dict[int, list[str]]]
    """File -> line -> tests as pytest names them, the quickest first."""
    by_file: dict[str, list[str]]

    @classmethod
    def load(cls, slowest: float) -> _Tests:
        data = importlib.import_module("coverage").CoverageData(str(STORE / "coverage"))
        data.read()
        seconds = _seconds()
        by_line: dict[str, dict[int, list[str]]] = {}
        by_file: dict[str, list[str]] = {}
        for file in data.measured_files():
            rows = {
                line: _quickest([one for one in names if one], seconds, slowest)
                for line, names in data.contexts_by_lineno(file).items()
            }
            path = str(Path(file).relative_to(REPOSITORY))
            by_line[path] = rows
            every = {test for names in rows.values() for test in names}
            by_file[path] = _quickest(sorted(every), seconds, slowest)
        return cls(by_line, by_file)

    def of(self, mutant: Mutant) -> list[str]:
        """Those that reach the statement; of a module's own statements, and of those that only
        fixtures reach, all that reach the module."""
        path = str(mutant.path)
        lines = self.by_line.get(path, {})
        first, last = mutant.lines
        near = dict.fromkeys(
            test for line in range(first, last + 1) for test in lines.get(line, ())
        )
        chosen = list(near) if near and mutant.function else self.by_file.get(path, [])
        room = "/".join(["tests", *mutant.path.parts[:2]])
        return sorted(chosen, key=lambda test: not test.startswith(room))[:MOST_TESTS]


def _seconds() -> dict[str, float]:
    """Longest time of each test function."""
    found: dict[str, float] = defaultdict(float)
    for case in ElementTree.parse(STORE / "times.xml").iter("testcase"):
        name = case.attrib["name"].partition("[")[0]
        node = f"{case.attrib['classname'].replace('.', '/')}.py::{name}"
        found[node] = max(found[node], float(case.attrib["time"]))
    return found


def _quickest(names: Sequence[str], seconds: dict[str, float], slowest: float) -> list[str]:
    return sorted(
        (one for one in names if seconds.get(one, 0.0) <= slowest), key=seconds.__getitem__
    )


def _sample(rooms: Sequence[str], count: int, seed: int) -> list[Mutant]:
    """So many of all changes of these rooms, each as likely as any other, in no order: those that
    are tried by any time are a fair sample."""
    every = [mutant for room in rooms for mutant in _changes_of(room)]
    return random.Random(seed).sample(every, min(count, len(every)))


def _changes_of(room: str) -> list[Mutant]:
    paths = sorted((REPOSITORY / "ncutool" / room).rglob("*.py"))
    return [
        mutant
        for path in paths
        for mutant in mutation.mutants(path.relative_to(REPOSITORY), path.read_text())
    ]


def _try(mutant: Mutant, tests: _Tests) -> str:
    """`killed`, `endless`, `survived`, or `unreached` where no test runs it."""
    chosen = tests.of(mutant)
    if not chosen:
        return "unreached"
    child = os.fork()
    if child == 0:
        try:
            _run(mutant, chosen)
        finally:
            os._exit(BROKEN)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
        return "endless"
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) in (BROKEN, NO_TESTS):
        raise RuntimeError(f"the tests of {mutant.name} did not run")
    return "survived" if status == 0 else "killed"


def _run(mutant: Mutant, chosen: Sequence[str]) -> None:
    """In the forked process: the tests with the change made. Does not return."""
    os.setsid()  # tests of terminals stop their whole session
    resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE_S, PATIENCE_S))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    code = compile(
        mutation.changed(mutant.path.read_text(), mutant.place), str(mutant.path), "exec"
    )
    module = ".".join(mutant.path.with_suffix("").parts).removesuffix(".__init__")
    sys.meta_path.insert(0, _Finder(_Loader(module, REPOSITORY / mutant.path, code)))
    pytest = importlib.import_module("pytest")
    quietly = ("-W", "ignore::pytest.PytestAssertRewriteWarning")  # hypothesis is imported already
    options = ("-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", *quietly)
    status = pytest.main([*options, *chosen])
    os._exit(int(status))


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads the one module that is changed from the changed tree."""

    def __init__(self, name: str, path: Path, code: CodeType) -> None:
        super().__init__(name, str(path))
        self._code = code

    def get_code(self, fullname: str) -> CodeType:
        return self._code


class _Finder(importlib.abc.MetaPathFinder):
    """Finds that module, and leaves all others to the finders behind it."""

    def __init__(self, loader: _Loader) -> None:
        self._loader = loader

    def find_spec(
        self, fullname: str, path: object = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._loader.name:
            return None
        return importlib.util.spec_from_loader(fullname, self._loader)


def _report(rooms: Sequence[str], results: Sequence[dict[str, object]]) -> None:
    """What was tried in each room and how it ended, as a table in Markdown."""
    fates = ("killed", "endless", "survived", "unreached")
    print(f"\n| room | changes | tried | {' | '.join(fates)} |\n|---|{'--:|' * 6}")
    for room in rooms:
        tried = [row["fate"] for row in results if f"/{room}/" in str(row["path"])]
        counts = " | ".join(str(tried.count(fate)) for fate in fates)
        print(f"| {room} | {len(_changes_of(room))} | {len(tried)} | {counts} |")


if __name__ == "__main__":
    sys.exit(main())
