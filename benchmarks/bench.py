"""Measures what ncutool claims about speed and memory, as ratios from one run.

    python benchmarks/bench.py [--quick] [--keep]

Every measurement is a fresh process, the kinds take turns, and the fastest of three counts, since
whatever else the machine does only adds. Times are CPU seconds of the whole process as the kernel
counted them, start and imports included, unless a row says otherwise: waiting does not count.
Ratios hold on any machine; the absolute numbers are this machine's. Exit code 1: a goal was missed.

Two kinds of traces are measured. A *recorded* one is like most that people record: one layer over
and over, with the Python calls around each operator, a launch to 7 KB. The goals are set for it. A
*varied* one is the far end of what there is: no stacks, so a launch to 2.6 KB, and names and shapes
that repeat only after thousands of launches. Whatever costs by the launch costs most there; what it
takes is held where it stands, so that it does not get worse unseen.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import synthesize

REPORTS = (
    Path(__file__).parents[2] / "shared" / "corpus" / "ncu",
    Path(__file__).parents[1] / "reports" / "samples",
)
"""Where reports are looked for, the first that holds any."""
DATA = Path(__file__).parent / "data"
MB = 1_000_000
ROUNDS = 3


@dataclass(frozen=True)
class Limits:
    """What may be measured of one kind of trace, as ratios; the last ones at :data:`LARGE`."""

    read: float
    """Reading in process, of its floor: decoding alone."""
    memory: float
    """The peak of `kernels`, of 120 MB and a quarter of the uncompressed size."""
    report_memory: float
    """The peak of `report`, likewise."""
    json_memory: float
    """The peak of `kernels` as JSON, of that of `findings`, which takes all that JSON begins with:
    the rest is of the rows."""
    lines: float
    """All rows of `kernels` as JSON lines, of the time of a screenful, which makes no other row."""
    small_kernels: float
    """`kernels` at :data:`SMALL`, of the floor."""
    kernels: float
    report: float


KINDS = {
    "recorded": Limits(1.5, 1.0, 1.0, 1.2, 1.7, 3.3, 2.0, 2.6),
    "varied": Limits(2.8, 1.1, 2.1, 1.2, 2.3, 5.5, 2.5, 5.5),
}
SMALL, LARGE = 56, 500
"""Sizes of traces (MB) that goals are set for."""
ADVISED = {"repeated-stacks.json": 53, "repeated.json": 20}
"""Traces of 8,000 launches, as a few recorded steps have them, and their sizes in MB: one with the
Python calls around each operator, one without."""
_LLM = ("plan", "llm", "--preset", "llama-3-70b", "--device", "h100-sxm", "--tensor-parallel", "8")
PLANS = {
    "plan llm": _LLM,
    "plan llm as JSON": (*_LLM, "--format", "json"),
    "plan gemm": ("plan", "gemm", "4096", "4096", "4096"),
}
"""Plans whose answers are to come at once: starting is nearly all that they take."""


@dataclass(frozen=True)
class Run:
    """One measurement."""

    seconds: float
    """CPU seconds of the whole process."""
    rss_bytes: int
    """Its peak resident memory."""
    inside: float = 0.0
    """CPU seconds after the imports, where the kind counts them."""
    launches: int = 0


@dataclass(frozen=True)
class Goal:
    """A claim: ``value`` must not exceed ``limit``."""

    claim: str
    value: float
    limit: float
    unit: str = "×"

    @property
    def met(self) -> bool:
        return self.value <= self.limit


Results = dict[tuple[str, str], list[Run]]
Sizes = dict[str, int]
"""Uncompressed bytes of each trace, by its name."""


def command_of(kind: str, path: Path | None) -> list[str]:
    """The command of one kind of measurement."""
    if kind == "pass":
        return ["-c", "pass"]
    if kind == "help":
        return ["-m", "ncutool", "--help"]
    if kind.startswith("plan "):
        return ["-m", "ncutool", *PLANS[kind]]
    assert path is not None, kind
    if kind == "report":
        return ["-m", "ncutool", "report", str(path), "-o", str(DATA / "page.html"), "--force"]
    if kind == "findings":
        return ["-m", "ncutool", kind, str(path)]
    if kind.startswith("kernels"):
        form = kind.partition(" ")[2]
        return ["-m", "ncutool", "kernels", str(path), *(["--format", form] if form else [])]
    return [str(Path(__file__).parent / "measured.py"), kind, str(path)]


def run_child(kind: str, path: Path | None = None) -> Run:
    """One measurement in a fresh process: time and peak memory as the kernel counted them."""
    # Compiling every import anew would be measured too.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    counts_itself = kind in ("floor", "read", "tables", "advice", "counters", "inside")
    with open(os.devnull, "wb") as nothing:
        process = subprocess.Popen(
            [sys.executable, *command_of(kind, path)],
            stdout=subprocess.PIPE if counts_itself else nothing,
            stderr=None if counts_itself else nothing,
            env=environment,
        )
        printed = process.stdout.read().decode() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"measuring {kind} of {path} failed with exit code {process.returncode}")
    inside, launches = printed.split()[-2:] if printed else ("0", "0")
    unit = 1 if sys.platform == "darwin" else 1024
    seconds = usage.ru_utime + usage.ru_stime
    return Run(seconds, usage.ru_maxrss * unit, float(inside), int(launches))


def measure(sizes: list[int]) -> tuple[Results, Sizes]:
    """All kinds over all files, in turns."""
    results: Results = defaultdict(list)
    bytes_of: Sizes = {}
    starts = ("pass", "help", *PLANS)
    for start in starts:
        run_child(start)  # warm-up: caches of compiled modules
    for size in sizes:
        for trace in KINDS:
            measure_trace(results, bytes_of, trace, size)
    measure_advice(results)
    measure_reports(results)
    for _ in range(ROUNDS * 3):
        for start in starts:
            results[start, ""].append(run_child(start))
    return results, bytes_of


def measure_trace(results: Results, bytes_of: Sizes, trace: str, size: int) -> None:
    """All kinds over one trace, compressed and not."""
    plain = DATA / f"{trace}-{size}.json"
    packed = Path(f"{plain}.gz")
    print(f"writing {plain.name} and {packed.name}", file=sys.stderr)
    recorded = trace == "recorded"
    expected = synthesize.write(plain, size * MB, same=recorded, stacks=recorded)
    bytes_of[plain.name] = plain.stat().st_size
    jobs = [(kind, packed) for kind in ("floor", "read", "kernels", "report")]
    jobs += [("read", plain)]
    jobs += [(f"kernels {form}", packed) for form in ("md", "json", "jsonl")]
    jobs += [("findings", packed)]
    for kind in ("kernels", "report"):
        run_child(kind, packed)  # warm-up
    for number in range(ROUNDS):
        print(f"  round {number + 1} of {ROUNDS}", file=sys.stderr)
        for kind, path in jobs:
            run = run_child(kind, path)
            if kind == "read" and run.launches != expected:
                raise SystemExit(f"{path}: {run.launches} launches read, {expected} written")
            results[kind, path.name].append(run)
    plain.unlink()
    packed.unlink()


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
            for kind in ("counters", "inside"):
                results[kind, path.name].append(run_child(kind, path))


def beside_kernels(results: Results) -> float | None:
    """How long all reports take with the inside of their kernels, of what they take without."""
    names = [name for kind, name in results if kind == "inside"]
    if not names:
        return None
    whole = sum(fastest(results, "inside", name).seconds for name in names)
    return whole / sum(fastest(results, "counters", name).seconds for name in names)


def fastest(results: Results, kind: str, name: str = "") -> Run:
    """The fastest times, and the largest peak memory."""
    runs = results[kind, name]
    return Run(
        min(run.seconds for run in runs),
        max(run.rss_bytes for run in runs),
        min(run.inside for run in runs),
        runs[0].launches,
    )


def added(results: Results, name: str = "repeated-stacks.json") -> float:
    """What findings add to a process that reads a trace, as a share of it.

    Reading is a process that goes as far as the kernels table and the timeline: start, imports,
    the file, the work of every launch and its place under the roofline. The same process with
    all that ``advise`` does takes so much longer.
    """
    tables, advice = (fastest(results, kind, f"{name}.gz").seconds for kind in ("tables", "advice"))
    return advice / tables - 1


def goals(results: Results, bytes_of: Sizes) -> list[Goal]:
    """Every claim, with what was measured."""
    found = []
    for name, uncompressed in bytes_of.items():
        found += goals_of(results, name, uncompressed)
    found += per_launch(results, bytes_of)
    found.append(Goal("findings, of a process that reads to the tables", added(results), 0.3))
    if (ratio := beside_kernels(results)) is not None:
        found.append(Goal("the inside of reports' kernels, of their table alone", ratio, 1.3))
    help_, bare = fastest(results, "help"), fastest(results, "pass")
    found.append(Goal("ncutool --help, of python -c pass", help_.seconds / bare.seconds, 4.0))
    for plan in PLANS:
        ratio = fastest(results, plan).seconds / bare.seconds
        found.append(Goal(f"{plan}, of python -c pass", ratio, 12.0))
    return found


def goals_of(results: Results, name: str, uncompressed: int) -> list[Goal]:
    """The claims about one trace."""
    packed, what = f"{name}.gz", name.removesuffix(".json").replace("-", " ") + " MB"
    size = int(name.removesuffix(".json").rpartition("-")[2])
    read, raw = fastest(results, "read", packed), fastest(results, "read", name)
    floor, kernels = fastest(results, "floor", packed), fastest(results, "kernels", packed)
    report = fastest(results, "report", packed)
    markdown, as_json, lines = (
        fastest(results, f"kernels {form}", packed) for form in ("md", "json", "jsonl")
    )
    memory, limits = 120 * MB + 0.25 * uncompressed, KINDS[name.partition("-")[0]]
    of_memory = f"peak, of {memory / MB:.0f} MB"
    of_screenful = lines.seconds / kernels.seconds
    of_markdown = lines.rss_bytes / markdown.rss_bytes
    of_findings = as_json.rss_bytes / fastest(results, "findings", packed).rss_bytes
    found = [
        Goal(f"{what}: read in process, of its floor", read.inside / floor.inside, limits.read),
        Goal(f"{what}: read .gz, of reading .json", read.inside / raw.inside, 1.4),
        Goal(f"{what}: kernels' {of_memory}", kernels.rss_bytes / memory, limits.memory),
        Goal(f"{what}: peak as JSON, of findings", of_findings, limits.json_memory),
        Goal(f"{what}: peak as JSON lines, of as Markdown", of_markdown, 1.2),
        Goal(f"{what}: all as JSON lines, of a screenful", of_screenful, limits.lines),
    ]
    times = kernels.seconds / floor.seconds
    if size <= SMALL:
        found.append(Goal(f"{what}: kernels, of the floor", times, limits.small_kernels))
    if size >= LARGE:
        weight = report.rss_bytes / memory
        found.append(Goal(f"{what}: kernels, of the floor", times, limits.kernels))
        times = report.seconds / floor.seconds
        found.append(Goal(f"{what}: report, of the floor", times, limits.report))
        found.append(Goal(f"{what}: report's {of_memory}", weight, limits.report_memory))
    return found


def per_launch(results: Results, bytes_of: Sizes) -> list[Goal]:
    """What each further launch of a trace adds to the peak memory of `kernels`."""
    names = [name for name in bytes_of if name.startswith("varied")]
    if len(names) < 2:
        return []
    first, last = names[0], names[-1]
    memory = [fastest(results, "kernels", f"{name}.gz").rss_bytes for name in (first, last)]
    launches = [fastest(results, "read", f"{name}.gz").launches for name in (first, last)]
    each = (memory[1] - memory[0]) / (launches[1] - launches[0])
    return [Goal("memory of each further launch", each / 1000, 0.8, " KB")]


def show(results: Results, bytes_of: Sizes) -> bool:
    """Prints both tables; whether every goal was met."""
    print(f"{'what':<38} {'CPU s':>8} {'inside':>8} {'MB/s':>8} {'peak MB':>8}")
    for kind, name in results:
        run = fastest(results, kind, name)
        size = bytes_of.get(name.removesuffix(".gz"))
        rate = f"{size / MB / run.seconds:8.0f}" if size else " " * 8
        inside = f"{run.inside:8.3f}" if run.inside else " " * 8
        what = f"{kind} {name}"
        print(f"{what:<38} {run.seconds:8.3f} {inside} {rate} {run.rss_bytes / MB:8.0f}")
    print()
    print(f"{'goal':<52} {'measured':>10} {'limit':>8}")
    claims = goals(results, bytes_of)
    for goal in claims:
        verdict = "pass" if goal.met else "MISSED"
        measured, limit = f"{goal.value:.2f}{goal.unit}", f"{goal.limit:.1f}{goal.unit}"
        print(f"{goal.claim:<52} {measured:>10} {limit:>8}  {verdict}")
    return all(goal.met for goal in claims)


def main() -> int:
    """Measures, prints, tidies up."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"{SMALL} MB only")
    parser.add_argument("--size", type=int, action="append", help="a size in MB, may repeat")
    parser.add_argument("--keep", action="store_true", help="keep benchmarks/data")
    options = parser.parse_args()
    sizes = sorted(options.size or ([SMALL] if options.quick else [SMALL, LARGE]))
    DATA.mkdir(exist_ok=True)
    needed = 1.2 * max(sizes) * MB
    if shutil.disk_usage(DATA).free < needed:
        raise SystemExit(f"{DATA} needs {needed / 1e9:.1f} GB of free disk; use --quick")
    try:
        results, bytes_of = measure(sizes)
    finally:
        if not options.keep:
            shutil.rmtree(DATA)
    return 0 if show(results, bytes_of) else 1


if __name__ == "__main__":
    sys.exit(main())
