"""What several sittings ran, summed up in a small file, so that a long report can be collected."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuzz_commands import REPORT, TRACE
from fuzz_judge import kind_of
from fuzz_pool import Outcome

OTHER = "other"
"""The kinds of file that are no capture, together, in counts."""
PLANS = (TRACE, REPORT, OTHER)


def plan_of(kind: str) -> str:
    """The count that a kind of file belongs to."""
    return kind if kind in PLANS else OTHER


@dataclass
class Tally:
    """What was run, and what was found."""

    kinds: Counter[str] = field(default_factory=Counter)
    commands: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    groups: Counter[str] = field(default_factory=Counter)
    """Inputs that went wrong by how they did."""
    problems: Counter[str] = field(default_factory=Counter)
    """The same by kind of problem."""

    def add(self, outcome: Outcome) -> None:
        """Count one case."""
        self.kinds[outcome.case.kind] += 1
        self.commands[outcome.case.command] += 1
        self.codes[str(outcome.code)] += 1
        if outcome.problem:
            kind = kind_of(outcome.problem)
            self.problems[kind] += 1
            self.groups[_group(kind)] += 1

    def of_plan(self, plan: str) -> int:
        """How many files of a count were run."""
        return sum(count for kind, count in self.kinds.items() if plan_of(kind) == plan)

    def lines(self) -> Iterator[str]:
        """The tally in words."""
        others = [kind for kind in self.kinds if kind not in (TRACE, REPORT)]
        named = [f"{self.kinds[kind]:,} {kind}" for kind in sorted(others)]
        yield f"{self.kinds[TRACE]:,} mutated traces, {self.kinds[REPORT]:,} mutated reports"
        yield f"{self.of_plan(OTHER):,} other mutated files: {', '.join(named) or 'none'}"
        each = [f"{name} {count:,}" for name, count in sorted(self.commands.items())]
        yield "commands: " + ", ".join(each)
        yield "exit codes: " + ", ".join(f"{k} {v:,}" for k, v in sorted(self.codes.items()))
        for name in ("tracebacks", "bug lines", "hangs", "deaths", "invalid outputs"):
            yield f"{name}: {self.groups[name]:,}"
        inputs = sum(self.problems.values())
        yield f"{inputs:,} inputs of {len(self.problems):,} kinds went wrong"

    def to_dict(self) -> dict[str, dict[str, int]]:
        """The counts as they are written down."""
        return {name: dict(counts) for name, counts in vars(self).items()}

    @classmethod
    def total(cls, tallies: Iterable[dict[str, dict[str, int]]]) -> Tally:
        """The sum of tallies that were written down."""
        sum_ = cls()
        for one in tallies:
            for name, counts in one.items():
                getattr(sum_, name).update(counts)
        return sum_


class Sums:
    """The file: a tally for each run's number and each state of the code."""

    def __init__(self, path: Path, run: int) -> None:
        self._path, self._run = path, run
        self._version = version()
        text = path.read_text(encoding="utf-8") if path.is_file() else "[]"
        self._earlier: list[dict[str, Any]] = [
            one for one in json.loads(text) if (one["run"], one["version"]) != (run, self._version)
        ]
        same = [one for one in json.loads(text) if one not in self._earlier]
        self.tally = Tally.total(one["tally"] for one in same)

    def done(self, plan: str) -> int:
        """How many cases of a count this run's number has behind it, on whatever code."""
        mine = [one["tally"] for one in self._earlier if one["run"] == self._run]
        return Tally.total(mine).of_plan(plan) + self.tally.of_plan(plan)

    def save(self) -> None:
        """Write all down."""
        own = {"run": self._run, "version": self._version, "tally": self.tally.to_dict()}
        text = json.dumps([*self._earlier, own], indent=1)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(text + "\n", encoding="utf-8")
        fresh.replace(self._path)

    def lines(self) -> Iterator[str]:
        """This run's tally, what earlier ones were, and their sum."""
        yield f"on {self._version}, run {self._run}:"
        yield from self.tally.lines()
        if self._earlier:
            for one in self._earlier:
                tally = Tally.total([one["tally"]])
                found = sum(tally.problems.values())
                yield (
                    f"earlier, on {one['version']}, run {one['run']}: "
                    f"{tally.of_plan(TRACE):,} traces, {tally.of_plan(REPORT):,} reports, "
                    f"{tally.of_plan(OTHER):,} others; {found:,} inputs went wrong"
                )
            yield "all together:"
            all_ = [one["tally"] for one in self._earlier] + [self.tally.to_dict()]
            yield from Tally.total(all_).lines()


def version() -> str:
    """The commit of the code, and whether it has been changed since."""
    told = _git("describe", "--always", "--dirty", "--exclude=*")
    return told or "no commit"


def _git(*words: str) -> str:
    folder = Path(__file__).resolve().parent
    try:
        done = subprocess.run(
            ["git", *words], cwd=folder, capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip()


def _group(kind: str) -> str:
    if kind.startswith("traceback") or "Traceback" in kind:
        return "tracebacks"
    if "this is a bug" in kind:
        return "bug lines"
    starts = {"hang": "hangs", "died": "deaths", "memory": "deaths"}
    return starts.get(kind.split(":")[0].split()[0], "invalid outputs")
