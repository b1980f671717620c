"""Feeds commands mutated files and says what went wrong.

    python fuzz/fuzz.py --seconds 60            # as many as a minute allows: make fuzz SECONDS=60
    python fuzz/fuzz.py --traces 100000 --reports 20000 --others 10000 --sums fuzz/sums.json
    python fuzz/fuzz.py --again                 # only what was found before and kept in fuzz/found
    python fuzz/fuzz.py --files FOLDER          # every command on every capture in it as it is

The second is make fuzz-report: it goes on where the sittings before it stopped. The same --run
gives the same cases, in the same order, on any machine with the same corpus.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import fuzz_paths  # noqa: F401 - lets the imports below be found
from fuzz_cases import Case, case, of_files
from fuzz_commands import REPORT, TRACE
from fuzz_found import keep, kept, minimised
from fuzz_judge import kind_of
from fuzz_pool import Outcome, Worker, run_all
from fuzz_sums import OTHER, PLANS, Sums, Tally

_TURNS = (TRACE, TRACE, TRACE, REPORT, OTHER)
"""What a run of so many seconds takes in turn."""
_SAVED_AFTER = 15
"""Seconds between two lines of progress, at each of which the sums are written down."""


def main(arguments: list[str] | None = None) -> int:
    """Run cases and return 1 where any went wrong."""
    options = _parser().parse_args(arguments)
    sums = None if options.sums is None else Sums(options.sums, options.run)
    tally = Tally() if sums is None else sums.tally
    found: dict[str, Outcome] = {}
    started = told = time.monotonic()
    with (
        contextlib.suppress(KeyboardInterrupt),
        contextlib.closing(
            run_all(_cases(options, _done(options, sums), started), options.workers)
        ) as outcomes,
    ):
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        for outcome in outcomes:
            tally.add(outcome)
            _remember(outcome, found)
            if time.monotonic() - told > _SAVED_AFTER:
                told = time.monotonic()
                print(f"  {sum(tally.kinds.values()):,} cases", file=sys.stderr, flush=True)
                if sums is not None:
                    sums.save()
    if sums is not None:
        sums.save()
    print(f"run {options.run}, {time.monotonic() - started:,.0f} s")
    print("\n".join(tally.lines() if sums is None else sums.lines()), flush=True)
    _keep(found)
    return 1 if tally.problems else 0


def _remember(outcome: Outcome, found: dict[str, Outcome]) -> None:
    """Keep the first of each kind that went wrong, and the one with the fewest steps since."""
    if not outcome.problem:
        return
    kind = kind_of(outcome.problem)
    known = found.get(kind)
    if known is None:
        print(f"FOUND {outcome.problem}\n      {outcome.case.to_json()}", flush=True)
    if known is None or len(outcome.case.steps) < len(known.case.steps):
        found[kind] = outcome


def _done(options: argparse.Namespace, sums: Sums | None) -> Callable[[str], int]:
    """How many cases of a count are not to be run again."""
    if options.start is not None:
        return lambda plan: int(options.start)
    return (lambda plan: 0) if sums is None else sums.done


def _cases(
    options: argparse.Namespace, done: Callable[[str], int], started: float
) -> Iterator[Case]:
    if options.again:
        yield from kept()
        return
    if options.files:
        yield from of_files(sorted(path for path in options.files.rglob("*") if _is_file(path)))
        return
    starts = {plan: done(plan) for plan in PLANS}
    streams = {plan: _stream(plan, options.run, start) for plan, start in starts.items()}
    late = options.seconds or float("inf")
    wanted = {TRACE: options.traces, REPORT: options.reports, OTHER: options.others}
    if any(wanted.values()):
        turns = _shared_out({plan: wanted[plan] - starts[plan] for plan in PLANS})
    else:
        turns = itertools.cycle(_TURNS)
    for plan in turns:
        if time.monotonic() - started > late:
            return
        yield next(streams[plan])


def _stream(plan: str, run: int, start: int) -> Iterator[Case]:
    return (case(plan, run, number) for number in itertools.count(start))


def _shared_out(left: dict[str, int]) -> Iterator[str]:
    """Every count's turns spread evenly, so that a sitting that is stopped has run of all."""
    made = dict.fromkeys(left, 0)
    for _ in range(sum(max(0, count) for count in left.values())):
        open_ = [plan for plan in left if made[plan] < left[plan]]
        plan = min(open_, key=lambda one: made[one] / left[one])
        made[plan] += 1
        yield plan


def _is_file(path: Path) -> bool:
    return path.is_file() and path.name.endswith((".json", ".json.gz", "rep", "report"))


def _keep(found: dict[str, Outcome]) -> None:
    with Worker() as worker:
        for kind, outcome in found.items():
            small = minimised(outcome, worker)
            folder = keep(small)
            print(f"{kind}\n         {folder}\n         {small.case.to_json()}", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, help="stop then, whatever is left")
    parser.add_argument("--traces", type=int, default=0, help="so many mutated traces")
    parser.add_argument("--reports", type=int, default=0, help="so many mutated reports")
    parser.add_argument("--others", type=int, default=0, help="so many mutated files of others")
    parser.add_argument("--sums", type=Path, help="go on from this file, and sum up in it")
    parser.add_argument("--again", action="store_true", help="only what was found before")
    parser.add_argument("--files", type=Path, help="every file of a folder as it is")
    parser.add_argument("--run", type=int, default=1, help="another number gives other cases")
    parser.add_argument(
        "--start", type=int, help="the number of the first case; else 0, or on from --sums"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    return parser


if __name__ == "__main__":
    sys.exit(main())
