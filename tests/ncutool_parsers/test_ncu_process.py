"""The worker process: what happens to it never happens to the caller."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import NoReturn

import pytest
import zstandard

from ncutool_parsers import ncu_process, ncu_report_file, read
from ncutool_parsers.errors import RefusedError, TooLargeError, UnreadableError
from ncutool_parsers.interface import ReadOptions
from ncutool_parsers.ncu_report_file import NcuReportReader
from report_writer import ReportLaunch, device_attributes, write_report

LAUNCH = ReportLaunch("k()", metrics={**device_attributes(), "gpu__time_duration.sum": 1000})


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """A sound report of one launch."""
    return write_report(tmp_path / "sound.ncu-rep", [LAUNCH])


def children() -> set[str]:
    """Process ids of this process's children, zombies included."""
    tasks = Path("/proc/self/task")
    if not tasks.is_dir():
        pytest.skip("needs /proc")
    found: set[str] = set()
    for task in tasks.iterdir():
        found |= set((task / "children").read_text().split())
    return found


def replace_worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str) -> None:
    """Runs ``code`` in place of the worker."""
    script = tmp_path / "worker.py"
    script.write_text(textwrap.dedent(code))
    monkeypatch.setattr(ncu_process, "_WORKER", script)


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crashed on it .SIGSEGV"),
        ("import sys; sys.exit(3)", "failed on it .exit 3"),
        ("raise MemoryError('no room')", "takes more memory to read than the limit of"),
        ("import os; os.write(1, b'a' + (99).to_bytes(4, 'little') + b'{')", "failed on it"),
        ("import os; os.write(1, b'a'); os.abort()", "crashed on it .SIGABRT"),
    ],
)
def test_death(
    report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, problem: str
) -> None:
    """A worker that dies, at once or in mid-sentence, becomes an error that names the file."""
    replace_worker(monkeypatch, tmp_path, code)
    before = children()
    with pytest.raises(UnreadableError, match=rf"sound\.ncu-rep: (NVIDIA's reader )?{problem}"):
        NcuReportReader().read(report, ReadOptions())
    assert children() == before


def test_hang(report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that falls silent is ended."""
    replace_worker(monkeypatch, tmp_path, "import time; time.sleep(600)")
    before = children()
    with pytest.raises(UnreadableError, match="stopped answering"):
        ncu_process.read([report], report, stall_seconds=0.3)
    assert children() == before


def test_slow_but_alive(report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that keeps talking may take longer than the silence it is allowed."""
    code = """
        import os, time
        for _ in range(10):
            os.write(1, b"n" + (2).to_bytes(4, "little") + b"[]")
            time.sleep(0.3)
        os.write(1, b"z" + (0).to_bytes(4, "little"))
    """
    replace_worker(monkeypatch, tmp_path, code)
    assert ncu_process.read([report], report, stall_seconds=2.0).actions == []


def test_interrupt_ends_the_worker(report: Path) -> None:
    """An interrupt in mid-read reaches the caller and leaves no process behind."""

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    before = children()
    threads = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        NcuReportReader().read(report, ReadOptions(progress=interrupt))
    assert children() == before
    assert threading.active_count() == threads


def test_noise_stays_inside(
    report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What native code prints reaches neither the terminal nor the frames."""
    worker = ncu_process._WORKER.read_text()
    noisy = worker.replace(
        "    collect(", "    os.system('echo noise; echo noise >&2')\n    collect("
    )
    assert noisy != worker
    replace_worker(monkeypatch, tmp_path, noisy)
    assert NcuReportReader().read(report, ReadOptions()).launches.height == 1
    assert capfd.readouterr() == ("", "")


def test_nothing_beside_the_capture_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules in the working folder or on PYTHONPATH are not imported by the worker."""
    for name in ("json", "array", "ncu_report", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text("import os; open('ran', 'w'); os._exit(9)")
    write_report(tmp_path / "r.ncu-rep", [LAUNCH])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert NcuReportReader().read(Path("r.ncu-rep"), ReadOptions()).launches.height == 1
    assert not (tmp_path / "ran").exists()


def test_script_without_a_main_guard(report: Path, tmp_path: Path) -> None:
    """A plain script can read a report at its top level; so can a pipe into Python."""
    code = (
        "from pathlib import Path\n"
        "from ncutool_parsers.interface import ReadOptions\n"
        "from ncutool_parsers.ncu_report_file import NcuReportReader\n"
        f"print(NcuReportReader().read(Path({str(report)!r}), ReadOptions()).launches.height)\n"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    for arguments, given in (([str(script)], None), (["-"], code)):
        done = subprocess.run(
            [sys.executable, *arguments], input=given, capture_output=True, text=True, check=True
        )
        assert (done.stdout, done.stderr) == ("1\n", "")


def test_import_stays_light() -> None:
    """Importing the reader imports neither polars nor NVIDIA's library nor pyarrow."""
    code = (
        "import sys, ncutool_parsers.ncu_report_file\n"
        "print(sorted({'polars', 'ncu_report', 'pyarrow', 'pandas', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_reading_keeps_no_memory(report: Path) -> None:
    """Reading again and again does not grow the caller, nor leave files open."""
    reader = NcuReportReader()
    for _ in range(3):
        reader.read(report, ReadOptions())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    opened = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0
    for _ in range(12):
        reader.read(report, ReadOptions())
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown_mb < 10
    if opened:
        assert len(os.listdir("/proc/self/fd")) == opened


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited where Linux counts it")
def test_memory_is_bounded(report: Path) -> None:
    """A worker that needs more than it may have ends in a sentence that names file and limit."""
    limit = (
        r"sound\.ncu-rep: takes more memory to read than the limit of 1,000,000 bytes; raise --max"
    )
    with pytest.raises(TooLargeError, match=limit):
        NcuReportReader().read(report, ReadOptions(max_memory=1_000_000, instructions=True))


@pytest.mark.skipif(sys.platform != "linux", reason="Linux ends a process with its parent")
def test_worker_ends_with_its_parent(report: Path, tmp_path: Path) -> None:
    """However the parent ends, it leaves no worker."""
    told, started = tmp_path / "told", tmp_path / "ncu_report"
    started.mkdir()
    (started / "__init__.py").write_text(
        f"import os, time\nopen({str(told)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)\n"
    )
    code = (
        "import os, subprocess, sys, time\n"
        "worker, report, folder, told = sys.argv[1:]\n"
        "bounds = ['', '', str(os.getpid())]\n"
        "subprocess.Popen([sys.executable, '-I', '-S', worker, report, '', folder, *bounds])\n"
        "while not os.path.exists(told) or not open(told).read(): time.sleep(0.05)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    given = [str(one) for one in (ncu_process._WORKER, report, tmp_path, told)]
    subprocess.run([sys.executable, "-c", code, *given], check=False)
    worker = int(told.read_text())
    for _ in range(200):
        state = Path(f"/proc/{worker}/stat")
        if not state.exists() or state.read_text().split()[2] == "Z":
            return
        time.sleep(0.05)
    pytest.fail("the worker is still there")


def test_a_full_temporary_folder_is_no_damage(
    report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk without room says nothing of the file."""
    packed = tmp_path / "packed.ncu-repz"
    packed.write_bytes(zstandard.compress(report.read_bytes()))

    def full(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(ncu_report_file, "_open_packed", full)
    with pytest.raises(RefusedError, match=r"packed\.ncu-repz: .* no room for temporary files"):
        read(packed)


@pytest.mark.parametrize(
    ("before", "launches"),
    [
        pytest.param("", 1, id="as it is"),
        pytest.param("import socket\nsocket.socket()\n", None, id="if it opened one"),
    ],
)
def test_the_worker_opens_no_socket(
    report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, launches: int | None
) -> None:
    """It imports nothing of the suite, so that what denies the suite's processes is given here."""
    replace_worker(
        monkeypatch,
        tmp_path,
        "import os, runpy, sys\n"
        "deny = lambda event, _: os._exit(97) if event.startswith('socket.') else None\n"
        f"sys.addaudithook(deny)\n{before}"
        f"runpy.run_path({str(ncu_process._WORKER)!r}, run_name='__main__')\n",
    )
    if launches is None:
        with pytest.raises(UnreadableError, match=r"failed on it .exit 97"):
            read(report)
    else:
        assert read(report).launches.height == launches


STRACE = shutil.which("strace")


@pytest.mark.skipif(STRACE is None, reason="needs strace")
def test_nothing_of_reading_a_report_asks_the_system_for_the_network(
    report: Path, tmp_path: Path
) -> None:
    """NVIDIA's library included, whose calls Python does not see."""
    log = tmp_path / "calls"
    reading = "import sys; from ncutool_parsers import read; read(sys.argv[1])"
    command = [sys.executable, "-c", reading, str(report)]
    tracer = [STRACE or "", "-f", "-qq", "-s", "999", "-o", str(log), "-e", "trace=%network,execve"]
    done = subprocess.run([*tracer, *command], capture_output=True, text=True, check=False)
    if done.returncode and "Operation not permitted" in done.stderr:
        pytest.skip("tracing is not permitted here")
    assert done.returncode == 0, done.stderr
    calls = [line.split(maxsplit=1)[1] for line in log.read_text().splitlines()]
    assert any("ncu_worker.py" in call for call in calls)
    others = [call for call in calls if not call.startswith(("execve", "+", "-"))]
    assert others == []
