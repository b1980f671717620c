"""One case: a seed, the steps that change it, and the command that meets what came of it.

A case is told by a few names and numbers, from which the same bytes come every time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import fuzz_bytes
import fuzz_reports
import fuzz_seeds
import fuzz_traces
from fuzz_commands import COMMANDS
from fuzz_values import as_json

TRACE, REPORT = "trace", "report"
_NAMES = {TRACE: "fuzzed.json", REPORT: "fuzzed.ncu-rep"}

Step = tuple[str, int]
"""A mutator's name, and what its random numbers start from."""


@dataclass(frozen=True)
class Case:
    """What is read, and by which command."""

    kind: str
    seed: str
    """The name of a seed, or the absolute path of a file."""
    steps: tuple[Step, ...]
    command: str

    @property
    def file(self) -> str:
        """The name of its file."""
        return _NAMES[self.kind]

    def to_json(self) -> str:
        """The case as it is written down."""
        return json.dumps(
            {"kind": self.kind, "seed": self.seed, "steps": self.steps, "command": self.command}
        )

    @classmethod
    def from_json(cls, text: str) -> Case:
        """A case that was written down."""
        given: dict[str, Any] = json.loads(text)
        steps = tuple((name, start) for name, start in given.pop("steps"))
        return cls(**given, steps=steps)


def case(kind: str, run: int, number: int) -> Case:
    """The case of a number in a run; commands and seeds take turns."""
    random = Random(f"{kind} {run} {number}")
    commands = [name for name, command in COMMANDS.items() if kind in command.kinds]
    names = fuzz_seeds.trace_names() if kind == TRACE else tuple(fuzz_seeds.reports())
    seed = names[number // len(commands) % len(names)]
    steps = _trace_steps(random) if kind == TRACE else _report_steps(random)
    starts = [random.getrandbits(32) for _ in steps]
    command = commands[number % len(commands)]
    return Case(kind, seed, tuple(zip(steps, starts, strict=True)), command)


def of_files(paths: Iterable[Path]) -> Iterator[Case]:
    """Every command on every file as it is; what is no report by its first bytes is a trace."""
    for path in paths:
        kind = REPORT if path.read_bytes()[:4] == fuzz_reports.MAGIC else TRACE
        for name, command in COMMANDS.items():
            if kind in command.kinds:
                yield Case(kind, str(path.absolute()), (), name)


def without(one: Case, place: int) -> Case:
    """The case with one step fewer."""
    return replace(one, steps=one.steps[:place] + one.steps[place + 1 :])


def contents(one: Case) -> bytes:
    """The bytes of the case's file."""
    if Path(one.seed).is_absolute():
        return Path(one.seed).read_bytes()
    if one.kind == TRACE:
        return _trace(one)
    data = fuzz_seeds.reports()[one.seed]
    for name, start in one.steps:
        mutator = fuzz_reports.MUTATORS.get(name) or fuzz_bytes.MUTATORS[name]
        data = mutator(Random(start), data)
    return data


def _trace(one: Case) -> bytes:
    document = fuzz_seeds.trace(one.seed)
    steps = list(one.steps)
    while steps and steps[0][0] in fuzz_traces.MUTATORS:
        name, start = steps.pop(0)
        fuzz_traces.MUTATORS[name](Random(start), document)
    data = as_json(document).encode("utf-8", "surrogatepass")
    for name, start in steps:
        data = fuzz_bytes.MUTATORS[name](Random(start), data)
    return data


def _trace_steps(random: Random) -> list[str]:
    steps = random.choices(list(fuzz_traces.MUTATORS), k=random.choice((1, 1, 2, 3, 5, 8)))
    if random.random() < 0.3:
        steps += random.choices(list(fuzz_bytes.MUTATORS), k=random.choice((1, 1, 2)))
    return steps


def _report_steps(random: Random) -> list[str]:
    steps = random.choices(list(fuzz_reports.MUTATORS), k=random.choice((1, 1, 2, 4)))
    plain = [name for name in fuzz_bytes.MUTATORS if name not in ("encode", "members")]
    if random.random() < 0.25:
        steps += random.choices(plain, k=1)
    return steps
