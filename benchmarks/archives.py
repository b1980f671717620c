"""Measures what ncutool claims about archives, and holds a sample to single runs.

    python benchmarks/archives.py [--files 400] [--corpus FOLDER] [--jobs 2] [--keep FOLDER]

Builds an archive with bad files in it, analyses it into a dataset, looks at the memory of the run
and of its workers all the while, and then measures a second run, a query, and one job against two.
Exit code 1: a goal was missed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import archive_files
import polars as pl

import ncutool
from ncutool.archive.dataset import scan
from ncutool_parsers.errors import NcutoolError

SHIPPED = Path(__file__).parent.parent / "reports" / "samples"
MB = 1_000_000
GOALS = {
    "parent_growth_mb": 100.0,
    "worker_peak_mb": 800.0,
    "second_run_speedup": 50.0,
    "query_seconds": 1.0,
    "two_jobs_speedup": 1.7,
}
AT_LEAST = ("second_run_speedup", "two_jobs_speedup")


@dataclass
class Memory:
    """Resident memory of a run and of its workers, looked at while they work."""

    pid: int
    first: int = 0
    parent: int = 0
    worker: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        """Note the most memory that the process and its workers hold, until :meth:`stop`."""
        while not self._over.wait(0.2):
            held = _resident(self.pid)
            if held:
                self.first = self.first or held
                self.parent = max(self.parent, held)
            for child in _children(self.pid):
                self.worker = max(self.worker, _resident(child))

    def stop(self) -> None:
        """End the watch after its present look."""
        self._over.set()


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _children(pid: int) -> list[int]:
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [int(child) for child in found]


@dataclass(frozen=True)
class Ran:
    """One run of the command."""

    seconds: float
    cpu_seconds: float
    code: int
    counts: dict[str, object]
    memory: Memory


def batch(archive: Path, dataset: Path, jobs: int) -> Ran:
    """Run the command as a user does."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "ncutool", "batch", str(archive), "-o", str(dataset),
         "--jobs", str(jobs), "--progress", "json"],
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    memory = Memory(process.pid)
    watcher = threading.Thread(target=memory.watch, daemon=True)
    watcher.start()
    _, said = process.communicate()
    memory.stop()
    watcher.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    last = said.splitlines()[-1]
    if not last.startswith("{"):
        raise SystemExit(said)
    return Ran(time.monotonic() - begin, cpu, process.returncode, json.loads(last), memory)


def compare(dataset: Path, archive: Path, good: tuple[Path, ...], sample: int) -> int:
    """Hold the tables of some captures to those of single runs; the number that differ."""
    captures = scan(dataset, "captures").select("capture_id", "path").collect()
    ids = {path: capture_id for capture_id, path in captures.iter_rows()}
    differing = 0
    for path in random.Random(2).sample(good, min(sample, len(good))):
        alone = ncutool.load(path)
        key = pl.col("capture_id") == ids[path.relative_to(archive).as_posix()]
        bucket = pl.col("bucket") == ids[path.relative_to(archive).as_posix()][0]
        for table, frame in (
            ("launches", alone.kernels),
            ("findings", ncutool.findings(alone)),
            ("inside", alone.inside),
        ):
            mine = scan(dataset, table).filter(key & bucket).collect().drop("capture_id", "bucket")
            if not mine.equals(frame, null_equal=True):
                print(f"{path}: its {table} differ from those of a single run")
                differing += 1
    return differing


def query_seconds(dataset: Path) -> float:
    """The time of a query that filters and aggregates the launches of all captures."""
    begin = time.monotonic()
    scan(dataset, "launches").filter(pl.col("bound") == "memory").group_by("kernel").agg(
        pl.len(), pl.col("duration_ns").sum()
    ).collect()
    return time.monotonic() - begin


def leftovers(dataset: Path) -> list[str]:
    """Files that a run which is over should not have left."""
    places = ("_inbox", "_staging", "_runs", "_journal")
    return [
        str(path) for place in places for path in (dataset / place).rglob("*") if path.is_file()
    ]


def measure(folder: Path, files: int, templates: list[Path], jobs: int, sample: int) -> list[str]:
    """Build, run, measure and print; what was missed."""
    archive = folder / "archive"
    written = archive_files.write(archive, files, templates)
    size = sum(path.stat().st_size for path in written.good)
    print(f"{files:,} files, {len(written.good):,} of them good ({size / MB:,.0f} MB)", flush=True)
    first = batch(archive, folder / "dataset", jobs)
    print(
        f"first run, {jobs} jobs: {first.seconds:,.1f} s, {first.cpu_seconds:,.1f} s of CPU, "
        f"{files / first.seconds:,.1f} files/s; {json.dumps(first.counts)}",
        flush=True,
    )
    missed = check(folder / "dataset", written, first)
    second = batch(archive, folder / "dataset", jobs)
    found = {
        "parent_growth_mb": (first.memory.parent - first.memory.first) / MB,
        "worker_peak_mb": first.memory.worker / MB,
        "second_run_speedup": first.seconds / second.seconds,
        "query_seconds": min(query_seconds(folder / "dataset") for _ in range(3)),
    }
    print(f"second run: {second.seconds:.2f} s, {second.cpu_seconds:.2f} s of CPU", flush=True)
    differing = compare(folder / "dataset", archive, written.good, sample)
    print(f"a sample of {min(sample, len(written.good))} captures: {differing} tables differ")
    missed += ["tables differ from single runs"] if differing else []
    found["two_jobs_speedup"] = two_jobs(folder, templates)
    for name, goal in GOALS.items():
        good = found[name] >= goal if name in AT_LEAST else found[name] <= goal
        print(f"{'  ' if good else '! '}{name}: {found[name]:.2f} (goal {goal:g})")
        missed += [] if good else [name]
    return missed


def check(dataset: Path, written: archive_files.Archive, run: Ran) -> list[str]:
    """Say what is not in the dataset as it should be."""
    errors = scan(dataset, "errors").select("path", "kind").collect()
    kinds = {f"{kind}": n for kind, n in errors.group_by("kind").len().iter_rows()}
    print(f"errors by kind: {kinds}; bad files: { {k: len(v) for k, v in written.bad.items()} }")
    expected = {
        "captures": (
            scan(dataset, "captures").select(pl.len()).collect().item(),
            len(written.good),
        ),
        "errors": (errors.height, sum(map(len, written.bad.values()))),
        "exit code": (run.code, 1),
        "leftovers": (leftovers(dataset), []),
    }
    return [
        f"{name}: {was}, not {should}" for name, (was, should) in expected.items() if was != should
    ]


def two_jobs(folder: Path, templates: list[Path]) -> float:
    """How much sooner two jobs are done than one, by turns; the best of each counts."""
    archive = folder / "few"
    archive_files.write(archive, 120, templates, bomb_bytes=MB)
    seconds: dict[int, list[float]] = {1: [], 2: []}
    for turn in range(2):
        for jobs in (1, 2):
            ran = batch(archive, folder / f"turn{turn}-{jobs}", jobs)
            seconds[jobs].append(ran.seconds)
            print(f"{jobs} jobs: {ran.seconds:.1f} s, {ran.cpu_seconds:.1f} s of CPU", flush=True)
    return min(seconds[1]) / min(seconds[2])


def _is_good(path: Path) -> bool:
    try:
        ncutool.load(path)
    except NcutoolError:
        return False
    return True


def main() -> int:
    """Measure, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--files", type=int, default=400)
    parser.add_argument("--corpus", type=Path, help="folder of captures to copy; else the samples")
    parser.add_argument(
        "--largest", type=int, default=250_000, help="bytes of the largest capture that is copied"
    )
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--sample", type=int, default=30)
    parser.add_argument("--keep", type=Path, help="work in this folder and leave it there")
    asked = parser.parse_args()
    every = sorted((asked.corpus or SHIPPED).rglob("*"))
    captures = [path for path in every if path.name.endswith((".json.gz", ".ncu-rep"))]
    small = [path for path in captures if path.stat().st_size <= asked.largest]
    templates = [path for path in small if _is_good(path)]
    folder = asked.keep or Path(tempfile.mkdtemp(prefix="ncutool-archives-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        missed = measure(folder, asked.files, templates or captures[:1], asked.jobs, asked.sample)
    finally:
        if asked.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    for one in missed:
        print(f"missed: {one}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
