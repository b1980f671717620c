"""Batches in processes of their own: what dies or hangs, and what is left of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import archive_factory as made
import pytest

from ncutool.archive.batch import Plan
from ncutool.archive.dataset import Dataset
from ncutool.archive.engines.interface import Setup
from ncutool.archive.engines.processes import Processes
from ncutool.archive.settings import Settings

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")


def children(pid: int) -> list[int]:
    """The processes that a process started and that live."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it ended meanwhile
                continue
            if int(fields[1]) == pid and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def lives(pid: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(what: Any, seconds: float = 60) -> Any:
    """Wait until something is so."""
    begin = time.monotonic()
    while not (found := what()):
        assert time.monotonic() - begin < seconds, "it did not happen in time"
        time.sleep(0.01)
    return found


def started(archive: Path, dataset: Path, *more: str, **environment: str) -> subprocess.Popen[str]:
    """A batch that is under way."""
    command = made.command("batch", archive, "-o", dataset, "--progress", "json", *more)
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, **environment},
    )


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Traces, and among them two files that are none."""
    folder = tmp_path_factory.mktemp("processes") / "archive"
    made.traces(folder, 24)
    (folder / "bad.txt").write_text("nothing")
    (folder / "empty.json").touch()
    return folder


@pytest.fixture(scope="module")
def undisturbed(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a dataset of the archive holds where nothing happens."""
    dataset = tmp_path_factory.mktemp("undisturbed") / "dataset"
    made.batch([archive], dataset)
    return made.content(dataset)


def entries(dataset: Path) -> int:
    """Results that wait."""
    return len(list(dataset.glob("_inbox/*/*.entry")))


def test_the_command_tells_what_it_did(archive: Path, tmp_path: Path, undisturbed: Any) -> None:
    """Exit code 1 where files failed, an event each, and a last one with all counts."""
    done = made.run_command(
        "batch", archive, "-o", tmp_path / "dataset", "-j", "2", "--progress", "json"
    )
    assert done.returncode == 1
    assert done.stdout == ""
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert sorted(Path(e["path"]).name for e in events if e["event"] == "failed") == [
        "bad.txt",
        "empty.json",
    ]
    last = events[-1]
    assert last["event"] == "done"
    assert (last["files"], last["new"], last["failed"]) == (26, 24, 2)
    assert last["failed_by_kind"] == {"empty": 1, "not_a_capture": 1}
    made.assert_same(made.content(tmp_path / "dataset"), undisturbed)
    assert made.leftovers(tmp_path / "dataset") == []
    plain = made.run_command("batch", archive / "run0", "-o", tmp_path / "dataset")
    assert plain.returncode == 0
    assert plain.stderr == (
        f"ncutool: 8 files: 0 analysed, 8 known before, none failed; in {tmp_path}/dataset\n"
    )


@pytest.mark.parametrize("results", [6])
def test_a_worker_that_is_killed_costs_nothing(
    archive: Path, tmp_path: Path, undisturbed: Any, results: int
) -> None:
    """Its file is tried once more, by another."""
    process = started(archive, tmp_path / "dataset", "-j", "1")
    wait_for(lambda: entries(tmp_path / "dataset") >= results)
    for pid in children(process.pid):
        os.kill(pid, signal.SIGKILL)
    process.communicate(timeout=120)
    assert process.returncode == 1
    made.assert_same(made.content(tmp_path / "dataset"), undisturbed)
    assert made.leftovers(tmp_path / "dataset") == []


@pytest.mark.parametrize("results", [0, 9])
def test_a_run_that_is_killed_goes_on(
    archive: Path, tmp_path: Path, undisturbed: Any, results: int
) -> None:
    """Its workers end with it, and the next run completes what it began."""
    dataset = tmp_path / "dataset"
    process = started(archive, dataset, "-j", "2")
    wait_for(lambda: children(process.pid) and entries(dataset) >= results)
    workers = children(process.pid)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=120)
    wait_for(lambda: not any(map(lives, workers)))
    made.batch([archive], dataset)
    made.assert_same(made.content(dataset), undisturbed)
    assert made.leftovers(dataset) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_end_of_a_run_leaves_no_worker_and_no_file(
    archive: Path, tmp_path: Path, number: signal.Signals
) -> None:
    """Exit code 128 and the signal where it can be; what was whole stays for the next run."""
    dataset = tmp_path / "dataset"
    (tmp_path / "temporary").mkdir()
    process = started(archive, dataset, "-j", "2", TMPDIR=str(tmp_path / "temporary"))
    wait_for(lambda: entries(dataset) >= 3)
    workers = children(process.pid)
    os.kill(process.pid, number)
    _, errors = process.communicate(timeout=60)
    wait_for(lambda: not any(map(lives, workers)))
    assert not list((tmp_path / "temporary").iterdir())
    if number is signal.SIGKILL:
        return
    assert process.returncode == 128 + number
    assert "run the same command to go on" in errors
    assert not list(dataset.glob("_staging/*"))
    assert not list(dataset.glob("_runs/*"))


def test_two_runs_at_once_are_one_dataset(archive: Path, tmp_path: Path, undisturbed: Any) -> None:
    """Nothing is there twice, whoever came first."""
    both = [started(archive, tmp_path / "dataset", "-j", "1") for _ in range(2)]
    for process in both:
        process.communicate(timeout=180)
        assert process.returncode == 1
    made.assert_same(made.content(tmp_path / "dataset"), undisturbed)
    assert made.leftovers(tmp_path / "dataset") == []


class Deadly(Processes):
    """Processes whose workers are killed or stopped as soon as they are given a certain file."""

    def __init__(self, setup: Setup, name: str, number: signal.Signals) -> None:
        super().__init__(setup, 1)
        self._name, self._signal = name, number

    def _hand_out(self, waiting: Iterator[Any]) -> None:
        super()._hand_out(waiting)
        for worker in self._workers.values():
            job = worker.job
            if not worker.ready or job is None or job.source is None:
                continue
            if job.source.name == self._name:
                os.kill(worker._process.pid, self._signal)


def test_a_file_that_kills_its_worker_twice_is_named(archive: Path, tmp_path: Path) -> None:
    """The others go on, and the next run does not die of it again."""
    dataset = tmp_path / "dataset"
    tally = made.batch(
        [archive / "run0"],
        dataset,
        engine=lambda setup: Deadly(setup, "003.json", signal.SIGKILL),
    )
    assert (tally.new, tally.kinds) == (7, {"killed": 1})
    (row,) = made.content(dataset)["errors"].to_dicts()
    assert (row["name"], row["kind"]) == ("003.json", "killed")
    assert "SIGKILL" in row["message"]
    assert made.batch([archive / "run0"], dataset, engine=made.no_engine).failed == 1


def test_a_file_that_takes_too_long_is_named(archive: Path, tmp_path: Path) -> None:
    """Its worker is ended; with more time it is tried again."""
    dataset = tmp_path / "dataset"
    tally = made.batch(
        [archive / "run0"],
        dataset,
        plan=Plan(Settings(timeout_s=8.0)),
        engine=lambda setup: Deadly(setup, "006.json", signal.SIGSTOP),
    )
    assert (tally.new, tally.kinds) == (7, {"timed_out": 1})
    assert made.content(dataset)["errors"]["kind"].to_list() == ["timed_out"]
    assert made.batch([archive / "run0"], dataset).new == 1
    assert made.content(dataset)["errors"].height == 0
    assert Dataset(dataset).metadata() == ()
