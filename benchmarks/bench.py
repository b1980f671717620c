"""Measures what ncutool claims about speed and memory, as ratios from one run.

    python benchmarks/bench.py [--quick] [--keep]

Every measurement is a fresh process, the kinds take turns, and the median of three counts. Ratios
hold on any machine; the absolute numbers are this machine's. Exit code 1: a goal was missed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import measured
import synthesize

REPORTS = (
    Path(__file__).parents[2] / "shared" / "corpus" / "ncu",
    Path(__file__).parents[1] / "reports" / "samples",
)
"""Where reports are looked for, the first that holds any."""
DATA = Path(__file__).parent / "data"
MB = 1_000_000
ROUNDS = 3
ADVISED = {"repeated-stacks.json": 53, "repeated.json": 20}
"""Traces of 8,000 launches, as a few recorded steps have them, and their sizes in MB: one with the
Python calls around each operator, one without."""


@dataclass(frozen=True)
class Run:
    """One measurement: seconds in process or of the whole process, and peak resident memory."""

    seconds: float
    rss_bytes: int
    launches: int = 0
    process_seconds: float = 0.0
    """Of the whole process that measured, start and imports included."""


@dataclass(frozen=True)
class Goal:
    """A claim: ``value`` must not exceed ``limit``."""

    claim: str
    value: float
    limit: float
    unit: str

    @property
    def met(self) -> bool:
        return self.value <= self.limit


Results = dict[tuple[str, str], list[Run]]


def run_child(kind: str, path: Path | None) -> Run:
    """One measurement in a fresh process; its peak memory as the kernel counted it."""
    command = [sys.executable, str(Path(__file__).parent / "measured.py"), kind]
    command += [] if path is None else [str(path)]
    # Compiling every import anew would be measured too.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    whole = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"measuring {kind} of {path} failed with exit code {process.returncode}")
    seconds, launches = output.split()[-2:]
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(float(seconds), usage.ru_maxrss * unit, int(launches), whole)


def measure(sizes: list[int], with_report: bool) -> tuple[Results, dict[int, int]]:
    """All kinds over all files, in turns."""
    results: Results = defaultdict(list)
    bytes_of: dict[int, int] = {}
    for kind in measured.STARTS:
        run_child(kind, None)  # warm-up: caches of compiled modules
    for size in sizes:
        plain = DATA / f"synthetic-{size}.json"
        packed = Path(f"{plain}.gz")
        print(f"writing {plain.name} and {packed.name}", file=sys.stderr)
        expected = synthesize.write(plain, size * MB)
        bytes_of[size] = plain.stat().st_size
        jobs = [("floor", packed), ("read", packed), ("read", plain)]
        jobs += [("report", packed)] if with_report else []
        for number in range(ROUNDS):
            print(f"  round {number + 1} of {ROUNDS}", file=sys.stderr)
            for kind, path in jobs:
                run = run_child(kind, path)
                if kind == "read" and run.launches != expected:
                    raise SystemExit(f"{path}: {run.launches} launches read, {expected} written")
                results[kind, path.name].append(run)
    measure_advice(results)
    measure_reports(results)
    for _ in range(ROUNDS * 3):
        for kind in measured.STARTS:
            results[kind, ""].append(run_child(kind, None))
    return results, bytes_of


def measure_advice(results: Results) -> None:
    """Reading and advising on traces that repeat their layers, as programs do."""
    for name, size in ADVISED.items():
        print(f"writing {name}.gz", file=sys.stderr)
        synthesize.write(DATA / name, size * MB, same=True, stacks="stacks" in name)
        packed = DATA / f"{name}.gz"
        run_child("advice", packed)  # warm-up
        for _ in range(ROUNDS):
            for kind in ("tables", "advice"):
                results[kind, packed.name].append(run_child(kind, packed))


def measure_reports(results: Results) -> None:
    """The kernels table of each report, and the same with the inside of its kernels."""
    found = next((list(folder.rglob("*.ncu-rep")) for folder in REPORTS if folder.exists()), [])
    for path in sorted(path for path in found if "failed" not in path.name):
        run_child("inside", path)  # warm-up
        for _ in range(ROUNDS):
            for kind in ("kernels", "inside"):
                results[kind, path.name].append(run_child(kind, path))


def beside_kernels(results: Results) -> float | None:
    """How long all reports take with the inside of their kernels, of what they take without."""
    names = [name for kind, name in results if kind == "inside"]
    if not names:
        return None
    whole, plain = (
        sum(median(results, kind, name).seconds for name in names) for kind in ("inside", "kernels")
    )
    return whole / plain


def median(results: Results, kind: str, name: str = "") -> Run:
    """The median time, and the largest peak memory."""
    runs = results[kind, name]
    seconds = statistics.median(run.seconds for run in runs)
    whole = statistics.median(run.process_seconds for run in runs)
    return Run(seconds, max(run.rss_bytes for run in runs), runs[0].launches, whole)


def added(results: Results, name: str = "repeated-stacks.json") -> float:
    """What findings add to a process that reads a trace, as a share of it.

    Reading is a process that goes as far as the kernels table and the timeline: start, imports,
    the file, the work of every launch and its place under the roofline. The same process with
    all that ``advise`` does takes so much longer. The rows `tables` and `advice` have the two
    without start and imports.
    """
    tables, advice = (
        median(results, kind, f"{name}.gz").process_seconds for kind in ("tables", "advice")
    )
    return advice / tables - 1


def goals(results: Results, bytes_of: dict[int, int]) -> list[Goal]:
    """Every claim, with what was measured."""
    found = []
    for size, uncompressed in bytes_of.items():
        plain = f"synthetic-{size}.json"
        packed = f"{plain}.gz"
        read, raw = median(results, "read", packed), median(results, "read", plain)
        floor = median(results, "floor", packed)
        memory = 150 * MB + 0.25 * uncompressed
        found += [
            Goal(f"read {size} MB .gz, of the floor", read.seconds / floor.seconds, 2.0, "×"),
            Goal(
                f"peak memory of that, of its limit of {memory / MB:.0f} MB",
                read.rss_bytes / memory,
                1.0,
                "×",
            ),
            Goal(
                f"read {size} MB .gz, of reading it as .json", read.seconds / raw.seconds, 1.2, "×"
            ),
        ]
    found.append(Goal("findings, of a process that reads to the tables", added(results), 0.3, "×"))
    if (ratio := beside_kernels(results)) is not None:
        found.append(Goal("the inside of reports' kernels, of their table alone", ratio, 1.3, "×"))
    help_, bare = median(results, "help"), median(results, "pass")
    found.append(Goal("ncutool --help, of python -c pass", help_.seconds / bare.seconds, 6.0, "×"))
    return found


def show(results: Results, bytes_of: dict[int, int]) -> bool:
    """Prints both tables; whether every goal was met."""
    print(f"{'what':<34} {'s':>8} {'MB/s':>8} {'peak MB':>8}")
    for kind, name in results:
        run = median(results, kind, name)
        size = next((size for size in bytes_of if f"-{size}." in name), None)
        rate = f"{bytes_of[size] / MB / run.seconds:8.0f}" if size else " " * 8
        print(f"{f'{kind} {name}':<34} {run.seconds:8.3f} {rate} {run.rss_bytes / MB:8.0f}")
    print()
    print(f"{'goal':<52} {'measured':>9} {'limit':>7}")
    claims = goals(results, bytes_of)
    for goal in claims:
        verdict = "pass" if goal.met else "MISSED"
        print(
            f"{goal.claim:<52} {goal.value:8.2f}{goal.unit} {goal.limit:6.1f}{goal.unit}  {verdict}"
        )
    return all(goal.met for goal in claims)


def main() -> int:
    """Measures, prints, tidies up."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="50 MB only")
    parser.add_argument("--size", type=int, action="append", help="a size in MB, may repeat")
    parser.add_argument("--keep", action="store_true", help="keep the traces in benchmarks/data")
    parser.add_argument("--no-report", action="store_true", help="leave the whole page out")
    options = parser.parse_args()
    sizes = options.size or ([50] if options.quick else [50, 500, 1500])
    DATA.mkdir(exist_ok=True)
    needed = 1.2 * sum(sizes) * MB
    if shutil.disk_usage(DATA).free < needed:
        raise SystemExit(f"{DATA} needs {needed / 1e9:.1f} GB of free disk; use --quick")
    try:
        results, bytes_of = measure(sizes, not options.no_report)
    finally:
        if not options.keep:
            shutil.rmtree(DATA)
    return 0 if show(results, bytes_of) else 1


if __name__ == "__main__":
    sys.exit(main())
