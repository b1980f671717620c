"""Runs capture.py again under Nsight Compute. Never run with it: written without a GPU.

Only the step between cudaProfilerStart and cudaProfilerStop is profiled, and clocks are left alone.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
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
    words = command(workload, report, target, setting)
    code, said = _finished(words, timeout_s)
    if code is None:
        return f"ncu took longer than {timeout_s:g} s"
    if target.is_file():
        return None
    return f"ncu wrote no report (exit code {code}): {' | '.join(said.strip().splitlines()[-6:])}"


def _finished(words: list[str], timeout_s: float) -> tuple[int | None, str]:
    """Exit code, None past the time, and all output; nothing that was started is left behind."""
    # a compiler's helper processes would be profiled too, and slow it down
    environment = {**os.environ, "TORCHINDUCTOR_COMPILE_THREADS": "1"}
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        process = subprocess.Popen(
            words,
            cwd=SCRIPT.parent,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code: int | None = process.wait(timeout_s)
        except BaseException as reason:  # the interrupt of the user too: it must not outlive us
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if not isinstance(reason, subprocess.TimeoutExpired):
                raise
            code = None
        output.seek(0)
        return code, output.read()
