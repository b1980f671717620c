"""Feeds commands mutated captures and says what went wrong.

    python fuzz/fuzz.py --seconds 60            # as many as a minute allows: make fuzz SECONDS=60
    python fuzz/fuzz.py --traces 100000 --reports 20000                   # make fuzz-report
    python fuzz/fuzz.py --again                 # only what was found before and kept in fuzz/found
    python fuzz/fuzz.py --files FOLDER          # every command on every capture in it as it is

The same --run gives the same cases, in the same order, on any machine with the same corpus.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import fuzz_paths  # noqa: F401 - lets the imports below be found
from fuzz_cases import REPORT, TRACE, Case, case, of_files
from fuzz_found import keep, kept, minimised
from fuzz_judge import kind_of
from fuzz_pool import Outcome, Worker, run_all

_REPORT_EVERY = 6
"""Without counts, one case in so many is a report: each takes a process of its own to read."""
_PROGRESS_SECONDS = 10


@dataclass
class Tally:
    """What was run, and what was found."""

    kinds: Counter[str] = field(default_factory=Counter)
    commands: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    found: dict[str, list[Outcome]] = field(default_factory=dict)

    def add(self, outcome: Outcome) -> None:
        """Count one case."""
        self.kinds[outcome.case.kind] += 1
        self.commands[outcome.case.command] += 1
        self.codes[str(outcome.code)] += 1
        if outcome.problem:
            self.found.setdefault(kind_of(outcome.problem), []).append(outcome)

    def lines(self) -> Iterator[str]:
        """The tally in words."""
        yield f"{self.kinds[TRACE]:,} mutated traces, {self.kinds[REPORT]:,} mutated reports"
        each = [f"{name} {count:,}" for name, count in sorted(self.commands.items())]
        yield "commands: " + ", ".join(each)
        yield "exit codes: " + ", ".join(f"{k} {v:,}" for k, v in sorted(self.codes.items()))
        inputs = sum(map(len, self.found.values()))
        groups = Counter(_group(kind) for kind in self.found for _ in self.found[kind])
        for name in ("tracebacks", "bug lines", "hangs", "deaths", "invalid outputs"):
            yield f"{name}: {groups[name]:,}"
        yield f"{inputs:,} inputs of {len(self.found):,} kinds went wrong"


def main(arguments: list[str] | None = None) -> int:
    """Run cases and return 1 where any went wrong."""
    options = _parser().parse_args(arguments)
    tally, started = Tally(), time.monotonic()
    told = started
    for outcome in run_all(_cases(options, started), options.workers):
        if outcome.problem and kind_of(outcome.problem) not in tally.found:
            print(f"FOUND {outcome.case.command}: {outcome.problem}", flush=True)
        tally.add(outcome)
        if time.monotonic() - told > _PROGRESS_SECONDS:
            told = time.monotonic()
            print(f"  {sum(tally.kinds.values()):,} cases", file=sys.stderr, flush=True)
    _keep(tally)
    print(f"run {options.run}, {time.monotonic() - started:,.0f} s")
    print("\n".join(tally.lines()))
    return 1 if tally.found else 0


def _cases(options: argparse.Namespace, started: float) -> Iterator[Case]:
    if options.again:
        yield from kept()
        return
    if options.files:
        yield from of_files(sorted(path for path in options.files.rglob("*") if _is_file(path)))
        return
    traces = (case(TRACE, options.run, number) for number in itertools.count(options.start))
    reports = (case(REPORT, options.run, number) for number in itertools.count(options.start))
    if options.seconds is None:
        yield from itertools.islice(traces, options.traces)
        yield from itertools.islice(reports, options.reports)
        return
    for number in itertools.count(1):
        if time.monotonic() - started > options.seconds:
            return
        yield next(reports if number % _REPORT_EVERY == 0 else traces)


def _is_file(path: Path) -> bool:
    return path.is_file() and path.name.endswith((".json", ".json.gz", "rep", "report"))


def _keep(tally: Tally) -> None:
    with Worker() as worker:
        for kind, outcomes in tally.found.items():
            small = minimised(min(outcomes, key=lambda one: len(one.case.steps)), worker)
            folder = keep(small)
            print(
                f"{len(outcomes):6,} x {kind}\n         {folder}\n         {small.case.to_json()}"
            )


def _group(kind: str) -> str:
    if kind.startswith("traceback") or "Traceback" in kind:
        return "tracebacks"
    if "this is a bug" in kind:
        return "bug lines"
    starts = {"hang": "hangs", "died": "deaths", "memory": "deaths"}
    return starts.get(kind.split(":")[0].split()[0], "invalid outputs")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, help="run until then, traces and reports in turn")
    parser.add_argument("--traces", type=int, default=0, help="so many mutated traces")
    parser.add_argument("--reports", type=int, default=0, help="so many mutated reports")
    parser.add_argument("--again", action="store_true", help="only what was found before")
    parser.add_argument("--files", type=Path, help="every file of a folder as it is")
    parser.add_argument("--run", type=int, default=1, help="another number gives other cases")
    parser.add_argument("--start", type=int, default=0, help="the number of the first case")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    return parser


if __name__ == "__main__":
    sys.exit(main())
