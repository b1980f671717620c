"""Capture workloads on your own GPU: traces, reports and times (needs PyTorch, nothing else).

    python capture.py --list
    python capture.py --out captures                      # everything; reports need ncu on the PATH
    python capture.py --out captures --only gemm-bf16 'decode-b08-*' --parts timing,trace
    python capture.py --out smoke --device cpu --tiny     # a smoke run: measures nothing

Each workload gets a folder with ``NAME.json.gz`` (a torch.profiler trace with shapes),
``NAME.timing.json`` (nanoseconds without a profiler), for some ``NAME.SET.ncu-rep``, and
PROVENANCE.md. ``pairs.toml`` beside them names those that are the same work before and after a
change: ``python backtests/run.py --manifest captures/pairs.toml``. ``--parts ''`` captures nothing
and writes that file anew, for a folder put together from several runs.

Weights and inputs are random and nothing is downloaded. Times of all workloads are taken before the
first trace, since the profiler leaves a cost behind. What one workload cannot do is said, noted and
does not stop the others; exit code 1 then.

So far this ran on a CPU only. The samples shipped beside this file are synthetic and were NOT made
by it.
"""

from __future__ import annotations

import argparse
import gc
import json
import shlex
import shutil
import sys
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

import torch

from workloads import nsight, provenance, recording
from workloads.catalogue import ALL
from workloads.workload import Setting, Workload

PARTS = ("timing", "trace", "report")
FAILURES = (
    RuntimeError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
    ImportError,
    OSError,
)
"""What PyTorch raises where a version, a device or a compiler cannot do a workload."""
Done = tuple[bool, str]
"""Whether it went as it should, and what to say."""


def main(arguments: list[str] | None = None) -> int:
    """Capture what was asked for; 1 if anything failed."""
    options = _parser().parse_args(arguments)
    setting = Setting(options.device, options.tiny)
    if options.mark:
        recording.marked(ALL[options.mark], setting)
        return 0
    workloads = _chosen(options.only)
    if options.list:
        for each in workloads:
            reports = ", ".join(report.sections for report in each.reports)
            print(f"{each.name:26} {each.what}{f' [reports: {reports}]' if reports else ''}")
        return 0
    if setting.cuda and not torch.cuda.is_available():
        print("PyTorch sees no CUDA device here; --device cpu --tiny does a smoke run.")
        return 1
    return _capture(workloads, setting, options)


def _capture(workloads: list[Workload], setting: Setting, options: argparse.Namespace) -> int:
    said: dict[str, list[str]] = {each.name: [] for each in workloads}
    good = True
    known = provenance.facts(setting)
    if setting.tiny:
        known["sizes"] = "TINY, a smoke run: not the sizes named above, and no measurement"
    command = shlex.join(["python", "capture.py", *_public(sys.argv[1:])])
    try:
        for part in (part for part in PARTS if part in options.parts):
            for workload in workloads:
                fine, text = _part(part, workload, setting, options)
                good &= fine
                if text:
                    said[workload.name].append(f"{part}: {text}")
                    print(f"{workload.name:26} {part:7} {text}", flush=True)
    finally:  # what was captured before an interrupt is told as well
        for workload in workloads:
            if said[workload.name]:
                provenance.note(options.out, workload, known, command, said[workload.name])
        print(provenance.manifest(options.out))
    return 0 if good else 1


def _part(part: str, workload: Workload, setting: Setting, options: argparse.Namespace) -> Done:
    if workload.needs_cuda and not setting.cuda:
        return True, "skipped: needs CUDA"
    if part == "report":
        return _reports(workload, setting, options)
    make: Callable[[Workload, Setting, argparse.Namespace], Done]
    make = _timing if part == "timing" else _trace
    try:
        return make(workload, setting, options)
    except FAILURES as error:
        lines = str(error).strip().splitlines() or [""]
        return False, f"FAILED: {type(error).__name__}: {lines[0][:300]}"
    finally:
        _clear(setting)


def _clear(setting: Setting) -> None:
    """What one workload leaves in memory is no cost of the next one."""
    torch.compiler.reset()
    gc.collect()
    if setting.cuda:
        torch.cuda.empty_cache()


def _timing(workload: Workload, setting: Setting, options: argparse.Namespace) -> Done:
    target = options.out / workload.name / f"{workload.name}.timing.json"
    found = recording.timing(workload, setting)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return True, f"{min(found['host_ns_per_step']) / 1e6:.3f} ms a step"


def _trace(workload: Workload, setting: Setting, options: argparse.Namespace) -> Done:
    target = provenance.trace_path(options.out, workload.name)
    size = recording.trace(workload, setting, target, options.stacks)
    return _size(size, options.max_mb, f"{workload.steps} steps")


def _reports(workload: Workload, setting: Setting, options: argparse.Namespace) -> Done:
    if not workload.reports:
        return True, ""
    if not setting.cuda:
        return True, "skipped: needs CUDA"
    if shutil.which("ncu") is None:
        return False, "FAILED: no ncu on the PATH"
    results: list[Done] = []
    for report in workload.reports:
        name = f"{workload.name}.{report.sections}.ncu-rep"
        target = options.out / workload.name / name
        why = nsight.run(workload, report, target, setting, options.ncu_timeout)
        done = (False, f"FAILED: {why}") if why else _size(target.stat().st_size, options.max_mb)
        results.append((done[0], f"{report.sections}: {done[1]}"))
    return all(fine for fine, _ in results), "; ".join(text for _, text in results)


def _size(size_bytes: int, max_mb: float, what: str = "") -> Done:
    text = ", ".join(filter(None, [what, f"{size_bytes / 1e6:.2f} MB"]))
    if size_bytes > max_mb * 1e6:
        return False, f"{text}: TOO LARGE, --max-mb is {max_mb:g}"
    return True, text


def _chosen(patterns: list[str]) -> list[Workload]:
    unknown = [each for each in patterns if not any(fnmatch(name, each) for name in ALL)]
    if unknown:
        raise SystemExit(f"No workload is called {', '.join(unknown)}; --list names them.")
    wanted = patterns or ["*"]
    return [each for name, each in ALL.items() if any(fnmatch(name, one) for one in wanted)]


def _public(arguments: list[str]) -> list[str]:
    """The arguments without the folder on this machine that captures were written to."""
    shown = list(arguments)
    for index, each in enumerate(arguments):
        if each == "--out" and index + 1 < len(arguments):
            shown[index + 1] = Path(arguments[index + 1]).name
        elif each.startswith("--out="):
            shown[index] = f"--out={Path(each.removeprefix('--out=')).name}"
    return shown


def _parts(text: str) -> tuple[str, ...]:
    parts = tuple(filter(None, text.split(",")))
    if set(parts) - set(PARTS):
        raise argparse.ArgumentTypeError(f"choose from {','.join(PARTS)}")
    return parts


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--list", action="store_true", help="name the workloads")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these; * matches")
    parser.add_argument("--out", type=Path, default=Path("captures"), help="folder to write to")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--tiny", action="store_true", help="small sizes: a smoke run")
    parser.add_argument("--parts", type=_parts, default=PARTS, help=f"of {','.join(PARTS)}")
    parser.add_argument(
        "--stacks", action="store_true", help="record Python stacks: slows the host"
    )
    parser.add_argument("--max-mb", type=float, default=8.0, help="largest file (default: 8)")
    parser.add_argument("--ncu-timeout", type=float, default=180.0, help="seconds for one report")
    parser.add_argument("--mark", help=argparse.SUPPRESS)  # the run inside ncu
    return parser


if __name__ == "__main__":
    sys.exit(main())
