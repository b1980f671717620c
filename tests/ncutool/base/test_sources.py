"""Every number that shapes a figure or a finding says what it is and where it comes from."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import ncutool
from ncutool.base.thresholds import IntThreshold, Threshold, ThresholdTable

ROOT = Path(ncutool.__file__).parent
SHOWS = ("text", "page", "charts", "commands")
"""Rooms whose constants say how much is shown and how wide: they shape no figure."""
PENDING = ("advice",)
"""Rooms whose constants are still to get their sources."""
RULES = {
    "how much is shown, or what a guard refuses": re.compile(
        r"_?(SHOWN|NAMES|NAMED|MOST|MAX|LARGEST|LONGEST|DEEPEST|LOOK)(_\w+)?"
    ),
    "a position of an argument": re.compile(r"\w*_AT|PARAMETERS|_LOOKUPS"),
    "a width in bytes": re.compile(r"\w*ITEMSIZES?|_SIZES|_PACKED"),
    "a version": re.compile(r"\w*_VERSION|\w+_FROM"),
}
"""Constants that shape no figure, by their names."""
ALLOWED = {
    "analysis.notices._GRAVITY": "the order of notices",
    "analysis.covering.FORBIDDEN": "a mark in place of a group's number",
    "analysis.covering.NOTHING": "a mark in place of a group's number",
    "analysis.finding_sentences._APART": "two ranges that read alike are printed once",
    "analysis.headline._PLAUSIBLE_PCT": "per cent in a whole",
    "analysis.headline._SHORTEST_NAME": "a name that has less room is left out of the sentence",
    "analysis.inside_path._LINES": "how many are shown",
    "analysis.inside_path._PIPES": "how many are shown",
    "analysis.inside_path._STALLS": "how many are shown",
    "inside.sass._WIDTHS": "registers that a modifier of an instruction names",
    "analysis.short_names._TELLING": "how long a name is that says something by itself",
    "archive.settings._REDACTION": "a number of what is taken out, raised where that changes",
    "archive.sql_types._SURE_DIGITS": "decimal digits of a 64-bit number, by its own format",
    "archive.sql_types._DECIMAL_DIGITS": "digits of the widest decimals of Arrow",
    "archive.sql_types._FIRST_DAY": "the first day of the year 1, from 1970",
    "archive.sql_types._LAST_DAY": "the last day of the year 9999, from 1970",
    "archive.settings._NAMING": "a number of how files are called, raised where that changes",
    "archive.engines.dask_cluster._AHEAD": "how many jobs are on their way at once",
    "archive.engines.dask_cluster._LEAST": "how many jobs are on their way at once",
    "archive.engines.dask_cluster._REACH_S": "how long a scheduler is waited for",
    "archive.engines.process_worker.LENGTH_BYTES": "the head of a message between processes",
    "archive.engines.processes._PATIENCE_S": "how long a process that has ended is waited for",
    "archive.engines.ray_cluster._AHEAD": "how many jobs are on their way at once",
    "archive.engines.ray_cluster._LEAST": "how many jobs are on their way at once",
    "archive.engines.ray_cluster._RETRIES": "how often a job is tried again",
    "archive.engines.remote._IDLE_S": "how long a process waits for its next job",
    "archive.index._MANY": "when files of a cache become one",
    "archive.change_points._SEED": "the seed of a generator",
    "archive.rank_rows._ID_DIGITS": "the digits of a hash that a capture is known by",
    "archive.one_file._ID_DIGITS": "the digits of a hash that a capture is known by",
    "archive.segments._MANY": "when small files become one",
    "base.checks.LEAST_RATE": "a guard against input that is no rate",
    "base.held._ROUNDING_PCT": "rounding of floating point",
    "base.quick_search._FEW": "which of two ways is faster; both tell the same",
    "diagnose.against.LEAST_BYTES": "what a guard refuses",
    "diagnose.budget.LEAST_BYTES": "what a guard refuses",
    "diagnose.budget.USUAL_BYTES": "how much is shown",
    "diagnose.quoted.COMMAND_CHARACTERS": "how much is shown",
    "diagnose.quoted.NAME_CHARACTERS": "how much is shown",
    "diagnose.findings._SHORT_NAME": "how much is shown",
    "diagnose.record._LEAST_FINDING": "how much is shown",
    "diagnose.record._LEAST_KERNEL": "how much is shown",
    "diagnose.record._SHORT_NAME": "how much is shown",
    "diagnose.work._HASH_BYTES": "the digits of a hash that a capture is known by",
    "diff.gate.EXIT_CODES": "the exit codes that are published",
    "diff.noise._SEED": "the seed of a generator",
    "explain.evidence._CALLERS": "how far up callers are looked for",
    "explain.steps._SAME": "rounding of floating point",
    "planning.llm.curve._DIGITS": "which round speeds a table asks for",
    "planning.llm.curve._FEWEST": "how many batches a curve has at least",
    "planning.llm.curve._ROWS": "how many rows a table has at most",
    "planning.llm.matching._DEVICES": "the tensor-parallel sizes that are tried",
    "planning.llm.planning.USUAL_BATCHES": "the batches that a plan lists where none is asked for",
    "planning.llm.planning.USUAL_CONTEXTS": "the contexts that a plan lists, likewise",
    "planning.llm.questions.COUNTS": "the numbers of devices that are looked at, which are shown",
    "planning.llm.serving._HOUR_S": "seconds in an hour",
    "planning.llm.serving._LENGTHS": "how closely a sum is taken; tests hold it to 1 %",
    "planning.observed.observing._STACKED": "dimensions of a tensor",
    "planning.planner.comparing.HOUR_S": "seconds in an hour",
    "planning.planner.tiling.USUAL_TILES": "the tiles that are listed; none decides a figure",
    "planning.signals.batches._SMALLEST": "a guard against input that is no throughput",
    "planning.signals.labels._WHOLE": "per cent in a whole",
    "planning.signals.statistics._BINS": "one for each whole per cent up to HIGHEST_PCT",
    "whatif.predict.model._SMALL": "rounding of floating point",
    "work.core_counters._OPERATIONS": "the definition of a FLOP: a fused multiply-add is two",
    "work.instructions.WARP_THREADS": "CUDA's definition of a warp",
    "work.instructions._OPERATIONS": "the definition of a FLOP: a fused multiply-add is two",
    "work.instructions._SHAPES": "M, N and K as the opcodes themselves name them",
    "work.limiting._SAME": "rounding of floating point",
    "work.operators.attention.BOTTOM_RIGHT": "PyTorch's code of a mask",
    "work.operators.embedding_tables._MEAN": "FBGEMM's code of a pooling",
    "work.operators.embedding_tables._NO_POOLING": "FBGEMM's code of a pooling",
    "work.operators.engines.moving._ROTATION": "the definition: two products and a sum",
    "work.operators.engines.products._WIDTHS": "the bits that packed weights have",
    "work.operators.engines.products._WORD": "the bits of an int32",
    "work.operators.engines.scans._CHUNK": "the length that the functions have by default",
    "work.operators.engines.scans._SIGMOID": "the operations of the formula",
    "work.operators.engines.scans._SOFTPLUS": "the operations of the formula",
    "work.operators.engines.scans._STEP": "the operations of the formula",
    "work.operators.tensor._CATEGORY": "the order of PyTorch's type promotion",
    "work.shapes.DRAM_PASSES": "what a copy is: it reads and writes this device's DRAM, or one",
}
"""Further ones, each with its reason."""


def _is_literal(node: ast.expr) -> bool:
    """Whether a value is a number, or a table of numbers, written down.

    Powers and shifts are none: they are bit patterns and guards.
    """
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float) and not isinstance(node.value, bool)
    if isinstance(node, ast.UnaryOp):
        return _is_literal(node.operand)
    if isinstance(node, ast.BinOp):
        power = isinstance(node.op, ast.Pow | ast.LShift)
        return not power and _is_literal(node.left) and _is_literal(node.right)
    if isinstance(node, ast.Tuple | ast.List):
        return bool(node.elts) and all(_is_literal(element) for element in node.elts)
    if isinstance(node, ast.Dict):
        return bool(node.values) and all(_is_literal(value) for value in node.values)
    return False


def _literals(source: str) -> Iterator[str]:
    """Names that a module binds to numbers."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets, value = [node.target], node.value
        else:
            continue
        if _is_literal(value):
            yield from (
                name.id
                for target in targets
                for name in ast.walk(target)
                if isinstance(name, ast.Name)
            )


def _unsourced() -> set[str]:
    """`room.module.NAME` of every number without a source that no rule excepts."""
    return {
        f"{'.'.join(path.relative_to(ROOT).with_suffix('').parts)}.{name}"
        for path in ROOT.rglob("*.py")
        if path.relative_to(ROOT).parts[0] not in (*SHOWS, *PENDING)
        for name in _literals(path.read_text(encoding="utf-8"))
        if not any(rule.fullmatch(name) for rule in RULES.values())
    }


def test_the_walk_finds_literals_alone() -> None:
    source = (
        "A = 0.6\nB: int = 4 * 1024\nC, D = 1, -2\nE = {'x': (0.1, 0.9)}\n"
        "F = 2**40\nG = True\nH = Threshold(0.6, '', '', '')\nI = 'text'\nJ = (A, 2)\nK = {}\n"
    )
    assert list(_literals(source)) == ["A", "B", "C", "D", "E"]


def test_numbers_have_sources() -> None:
    """A number that shapes a figure is a Threshold, an IntThreshold or a ThresholdTable."""
    assert sorted(_unsourced() - set(ALLOWED)) == []
    assert sorted(set(ALLOWED) - _unsourced()) == [], "these need no exception any more"


def test_sources_say_something() -> None:
    """No unit, meaning or source is left empty."""
    found = {}
    for path in ROOT.rglob("*.py"):
        module = ".".join(("ncutool", *path.relative_to(ROOT).with_suffix("").parts))
        if path.name == "__main__.py" or "Threshold" not in path.read_text(encoding="utf-8"):
            continue
        for name, value in vars(importlib.import_module(module)).items():
            if isinstance(value, Threshold | IntThreshold | ThresholdTable):
                found[f"{module}.{name}"] = (value.unit, value.meaning, value.source)
    assert len(found) > 80
    assert [name for name, texts in found.items() if not all(map(str.strip, texts))] == []
