"""Clusters: real schedulers and workers, as processes of their own on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
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

    with Client(scheduler_file=str(file), set_as_default=False) as client:
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


@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")
def test_a_ray_cluster_makes_the_same_dataset(tmp_path: Path) -> None:
    """Its head is a process of its own; a worker of it is killed midway."""
    archive, dataset = tmp_path / "archive", tmp_path / "dataset"
    made.traces(archive, 12)
    (archive / "bad.txt").write_text("nothing")
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "RAY_DISABLE_IMPORT_WARNING": "1"}
    ray = [sys.executable, "-c", "from ray.scripts.scripts import main; main()"]
    port = "26379"
    subprocess.run(
        [*ray, "start", "--head", "--port", port, "--num-cpus", "2", "--include-dashboard=false",
         "--node-ip-address", "127.0.0.1", "--temp-dir", f"/tmp/ncutool-ray-{os.getpid()}",
         "--object-store-memory", "100000000"],
        env=environment, check=True, timeout=120, **QUIET,
    )  # fmt: skip
    try:
        process = subprocess.Popen(
            made.command("batch", archive, "-o", dataset, "--ray-address", f"127.0.0.1:{port}"),
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        _, said = process.communicate(timeout=240)
        assert process.returncode == 1, said
        assert "13 files: 12 analysed, 1 failed (1 not_a_capture)" in said
    finally:
        subprocess.run(
            [*ray, "stop", "--force"], env=environment, check=False, timeout=120, **QUIET
        )
    made.batch([archive], tmp_path / "alone")
    made.assert_same(made.content(dataset), made.content(tmp_path / "alone"))
