"""Clusters: real schedulers and workers, as processes of their own on this machine."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import archive_factory as made
import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="starts processes by POSIX's ways")
QUIET: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def wait_for(what: Any, seconds: float = 90) -> Any:
    """Wait until something is so."""
    begin = time.monotonic()
    while not (found := what()):
        assert time.monotonic() - begin < seconds, "it did not happen in time"
        time.sleep(0.05)
    return found


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[tuple[Path, list[subprocess.Popen[bytes]]]]:
    """The file of a scheduler, and its two workers."""
    pytest.importorskip("distributed")
    file = tmp_path / "scheduler.json"
    scheduler = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1",
         "--port", "0", "--no-dashboard", "--scheduler-file", str(file)],
        **QUIET,
    )  # fmt: skip
    wait_for(file.exists)
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(file),
             "--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory",
             str(tmp_path / f"worker{n}")],
            **QUIET,
        )
        for n in range(2)
    ]  # fmt: skip
    try:
        yield file, workers
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()


def registered(file: Path) -> int:
    """Workers that a scheduler knows."""
    from distributed import Client

    with Client(scheduler_file=str(file), set_as_default=False) as client:  # type: ignore[no-untyped-call]  # it has no types
        return len(client.nthreads())


def test_a_dask_cluster_loses_a_worker_and_nothing_else(
    dask: tuple[Path, list[subprocess.Popen[bytes]]], tmp_path: Path
) -> None:
    """The address comes from the variable that recipes of Nsight Systems use."""
    file, workers = dask
    archive, dataset = tmp_path / "archive", tmp_path / "dataset"
    made.traces(archive, 16)
    (archive / "bad.txt").write_text("nothing")
    wait_for(lambda: registered(file) == 2)
    process = subprocess.Popen(
        made.command("batch", archive, "-o", dataset, "--progress", "plain"),
        env={**os.environ, "NSYS_DASK_SCHEDULER_FILE": str(file)},
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: len(list(dataset.glob("_inbox/*/*.entry"))) >= 4 or process.poll() is not None)
    workers[0].kill()
    _, said = process.communicate(timeout=180)
    assert process.returncode == 1, said
    assert f"ncutool: Dask, by NSYS_DASK_SCHEDULER_FILE={file}\n" in said
    assert "17 files: 16 analysed, 1 failed (1 not_a_capture)" in said
    made.batch([archive], tmp_path / "alone")
    made.assert_same(made.content(dataset), made.content(tmp_path / "alone"))
    assert made.leftovers(dataset) == []


def test_a_scheduler_that_does_not_answer_is_named(tmp_path: Path) -> None:
    """One line, which says what was tried."""
    pytest.importorskip("distributed")
    made.trace(tmp_path / "a.json", 1)
    done = made.run_command(
        "batch", tmp_path / "a.json", "-o", tmp_path / "dataset", "--dask", "not-an-address://x"
    )
    assert done.returncode == 1
    assert "no Dask scheduler answers" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    both = made.run_command(
        "batch", tmp_path / "a.json", "-o", tmp_path / "dataset", "--dask", "x", "-j", "2"
    )
    assert both.returncode == 2
    assert "--jobs and --dask name two engines" in both.stderr


def of_ray(folder: Path, *, doing_jobs: bool = False) -> list[int]:
    """The processes of the Ray cluster whose files lie in a folder, or those that do its jobs."""
    lines: dict[int, bytes] = {}
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                lines[int(entry.name)] = (entry / "cmdline").read_bytes()
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it ended meanwhile
                continue
            parents[int(entry.name)] = int(fields[1])
    own = {pid for pid, line in lines.items() if bytes(folder) in line}
    if not doing_jobs:
        return sorted(own)
    return [
        pid for pid, line in lines.items() if line.startswith(b"ray::do") and parents[pid] in own
    ]


@pytest.fixture
def ray_address() -> Iterator[tuple[str, Path]]:
    """The address of a Ray cluster of this test's own, and the folder of its files."""
    ray = [sys.executable, "-c", "from ray.scripts.scripts import main; main()"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    folder = Path(tempfile.mkdtemp(prefix="ray", dir="/tmp"))  # the names of sockets must be short
    head = subprocess.Popen(
        [*ray, "start", "--head", "--block", "--port", port, "--num-cpus", "2",
         "--include-dashboard=false", "--node-ip-address", "127.0.0.1",
         "--temp-dir", str(folder), "--object-store-memory", "100000000"],
        env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0"}, **QUIET,
    )  # fmt: skip
    try:
        wait_for(lambda: list(folder.glob("session_*/sockets/raylet*")))
        yield f"127.0.0.1:{port}", folder
    finally:
        head.terminate()
        try:
            head.wait(30)
        except subprocess.TimeoutExpired:
            head.kill()
        for pid in of_ray(folder):  # of this cluster alone, whatever else runs on the machine
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")
def test_a_ray_cluster_loses_a_worker_and_nothing_else(
    ray_address: tuple[str, Path], tmp_path: Path
) -> None:
    """Its head is a process of its own, and what does the jobs are processes of that."""
    address, folder = ray_address
    archive, dataset = tmp_path / "archive", tmp_path / "dataset"
    made.traces(archive, 12)
    (archive / "bad.txt").write_text("nothing")
    process = subprocess.Popen(
        made.command("batch", archive, "-o", dataset, "--ray-address", address),
        env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0"},
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: len(list(dataset.glob("_inbox/*/*.entry"))) >= 3 or process.poll() is not None)
    working = of_ray(folder, doing_jobs=True)
    assert working
    os.kill(working[0], signal.SIGKILL)
    _, said = process.communicate(timeout=240)
    assert process.returncode == 1, said
    assert "13 files: 12 analysed, 1 failed (1 not_a_capture)" in said
    made.batch([archive], tmp_path / "alone")
    made.assert_same(made.content(dataset), made.content(tmp_path / "alone"))
