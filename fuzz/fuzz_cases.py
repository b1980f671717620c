"""One case: a seed, the steps that change it, and the command that meets what came of it.

A case is told by a few names and numbers, from which the same bytes come every time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import fuzz_bytes
import fuzz_json
import fuzz_others
import fuzz_reports
import fuzz_seeds
import fuzz_text
import fuzz_traces
from fuzz_commands import COMMANDS, REPORT, TRACE
from fuzz_values import as_json

OTHERS = {fuzz_others.CONFIG: 4, fuzz_others.PRINTED: 3, fuzz_others.CEILINGS: 0.7,
          fuzz_others.DEVICE: 0.7, fuzz_others.DIAGNOSIS: 0.5, fuzz_others.QUERY: 0.6,
          fuzz_others.CALL: 0.5}  # fmt: skip
"""How often each kind of file that is no capture is drawn beside the others."""
_FILES = {TRACE: "fuzzed.json", REPORT: "fuzzed.ncu-rep", fuzz_others.PRINTED: "fuzzed.txt",
          fuzz_others.DEVICE: "fuzzed.toml"}  # fmt: skip
_FITTING = 0.7
"""The share of cases of a command that start from the seed which it asks for."""

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
        return _FILES.get(self.kind, "fuzzed.json")

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
    """The case of a number in a run; seed, steps and command are drawn at random.

    Args:
        kind: trace or report; any other word draws one of the kinds that are no capture.
    """
    random = Random(f"{kind} {run} {number}")
    if kind not in (TRACE, REPORT):
        kind = random.choices(list(OTHERS), list(OTHERS.values()))[0]
    fitting = {name: one.weight for name, one in COMMANDS.items() if kind in one.kinds}
    command = random.choices(list(fitting), list(fitting.values()))[0]
    names = _seeds(kind)
    wanted = COMMANDS[command].seed
    chosen = wanted if wanted in names and random.random() < _FITTING else random.choice(names)
    steps = _steps(kind, random)
    starts = [random.getrandbits(32) for _ in steps]
    return Case(kind, chosen, tuple(zip(steps, starts, strict=True)), command)


def _seeds(kind: str) -> tuple[str, ...]:
    if kind == TRACE:
        return fuzz_seeds.trace_names()
    return tuple(fuzz_seeds.reports()) if kind == REPORT else fuzz_others.names(kind)


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
        return _changed(fuzz_seeds.trace(one.seed), as_json, one.steps)
    if one.kind == REPORT:
        return _with_bytes(fuzz_seeds.reports()[one.seed], one.steps)
    seed = fuzz_others.seed(one.kind, one.seed)
    if one.kind == fuzz_others.PRINTED:
        return _with_bytes(seed.encode(), one.steps)
    return _changed(json.loads(seed), partial(fuzz_others.as_text, one.kind), one.steps)


def _changed(document: Any, written: Callable[[Any], str], steps: tuple[Step, ...]) -> bytes:
    """A document changed by the steps that change documents, and its bytes by the others."""
    mutators = {**fuzz_traces.MUTATORS, **fuzz_json.MUTATORS}
    for name, start in steps:
        if name in mutators:
            mutators[name](Random(start), document)
    data = written(document).encode("utf-8", "surrogatepass")
    return _with_bytes(data, tuple(step for step in steps if step[0] not in mutators))


def _with_bytes(data: bytes, steps: tuple[Step, ...]) -> bytes:
    mutators = {**fuzz_reports.MUTATORS, **fuzz_text.MUTATORS, **fuzz_bytes.MUTATORS}
    for name, start in steps:
        data = mutators[name](Random(start), data)
    return data


def _steps(kind: str, random: Random) -> list[str]:
    """The names of some mutators that change such a file: of its contents mostly, or of its bytes
    too."""
    of_kind: dict[str, Mapping[str, object]] = {
        TRACE: fuzz_traces.MUTATORS,
        REPORT: fuzz_reports.MUTATORS,
        fuzz_others.PRINTED: fuzz_text.MUTATORS,
    }
    contents_of: Mapping[str, object] = of_kind.get(kind, fuzz_json.MUTATORS)
    steps = random.choices(list(contents_of), k=random.choice((1, 1, 2, 3, 5, 8)))
    kinds = list(fuzz_bytes.MUTATORS)
    if kind not in (TRACE, fuzz_others.PRINTED):  # more damage is refused before it is looked at
        steps = steps[:3]
    if kind == REPORT:
        kinds = [name for name in kinds if name not in ("encode", "members")]
    if random.random() < (0.25 if kind in (TRACE, REPORT, fuzz_others.PRINTED) else 0.08):
        steps += random.choices(kinds, k=random.choice((1, 1, 2)))
    return steps
