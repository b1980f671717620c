"""Runs capture.py again under Nsight Compute. Never run: written without a GPU.

Only the step between cudaProfilerStart and cudaProfilerStop is profiled, and clocks are left alone.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from workloads.workload import Report, Setting, Workload

SCRIPT = Path(__file__).resolve().parent.parent / "capture.py"


def command(workload: Workload, report: Report, target: Path, setting: Setting) -> list[str]:
    """The command that writes ``target`` (.ncu-rep), to be run in the folder of capture.py."""
    words = ["ncu", "--clock-control", "none", "--profile-from-start", "off", "--nvtx"]
    words += ["--set", report.sections]
    if report.kernels is not None:
        words += ["--kernel-name", f"regex:{report.kernels}"]
    if report.skip is not None:
        words += ["--launch-skip", str(report.skip)]
    if report.count is not None:
        words += ["--launch-count", str(report.count)]
    words += ["--force-overwrite", "--export", str(target.resolve())]
    words += [_python(), SCRIPT.name, "--mark", workload.name]
    return [*words, "--tiny"] if setting.tiny else words


def _python() -> str:
    """The interpreter by its short name where that finds it: reports hold the command."""
    short = Path(sys.executable).name
    found = shutil.which(short)
    same = found is not None and Path(found).absolute() == Path(sys.executable).absolute()
    return short if same else sys.executable


def run(
    workload: Workload, report: Report, target: Path, setting: Setting, timeout_s: float
) -> str | None:
    """Writes the report; gives None, or the reason why there is none."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        done = subprocess.run(
            command(workload, report, target, setting),
            cwd=SCRIPT.parent,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"ncu took longer than {timeout_s:g} s"
    if target.is_file():
        return None
    said = " | ".join((done.stdout + done.stderr).strip().splitlines()[-6:])
    return f"ncu wrote no report (exit code {done.returncode}): {said}"
