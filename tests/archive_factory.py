"""Small archives, and what a dataset holds after a batch over them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import torch_factory

from ncutool.archive.batch import Looked, Plan, run_batch
from ncutool.archive.dataset import open_dataset, scan
from ncutool.archive.engines.interface import Answer, Engine, Hands, Job, Setup
from ncutool.archive.inputs import gather
from ncutool.archive.settings import Settings
from ncutool.archive.tables import TABLES
from ncutool.archive.tally import Tally

KEYS = {
    "captures": ("capture_id",),
    "launches": ("capture_id", "launch_id"),
    "inside": ("capture_id", "launch_id"),
    "findings": ("capture_id", "id"),
    "gaps": ("capture_id", "gap_id"),
    "collectives": ("capture_id", "launch_id"),
    "errors": ("file_id",),
}


def trace(path: Path, number: int) -> Path:
    """A whole trace that no other number has."""
    events = torch_factory.small()
    events[3]["dur"] = 10.25 + number
    path.parent.mkdir(parents=True, exist_ok=True)
    return torch_factory.write(path, events, distributedInfo={"rank": number, "world_size": 64})


def traces(folder: Path, count: int) -> list[Path]:
    """So many different traces."""
    return [trace(folder / f"run{n % 3}" / f"{n:03}.json", n) for n in range(count)]


class Here:
    """An engine that works in the test's own process."""

    words = "this process"

    def __init__(self, setup: Setup) -> None:
        self._hands = Hands(setup)
        self.jobs: list[Job] = []

    def run(self, jobs: Any) -> Any:
        for job in jobs:
            self.jobs.append(job)
            yield self._hands.do(job)

    def close(self) -> None:
        """Nothing was started."""


def no_engine(setup: Setup) -> Engine:
    """For runs that have nothing to do."""
    raise AssertionError("an engine was started although nothing was to be done")


def batch(
    paths: Sequence[Path | str],
    dataset: Path,
    *,
    engine: Any = Here,
    plan: Plan | None = None,
    metadata: dict[str, str] | None = None,
    lines: list[Looked] | None = None,
) -> Tally:
    """Run a batch over files of this machine."""
    sources = list(gather([str(path) for path in paths], leave_out=dataset, metadata=metadata))

    def report(tally: Tally, line: Looked | None) -> None:
        if line is not None and lines is not None:
            lines.append(line)

    into = open_dataset(dataset, metadata or {})
    return run_batch(into, sources, plan or Plan(Settings()), engine, report)


def died(job: Job) -> Answer:
    """The answer of a worker that died of a job."""
    return Answer(job.number, "died", words="SIGKILL")


def content(dataset: Path) -> dict[str, pl.DataFrame]:
    """All tables in order of their keys."""
    return {
        table.name: scan(dataset, table.name).sort(*KEYS[table.name]).collect() for table in TABLES
    }


def assert_same(first: dict[str, pl.DataFrame], second: dict[str, pl.DataFrame]) -> None:
    """Two datasets hold the same, and nothing twice."""
    assert set(first) == set(second) == set(KEYS)
    for name, key in KEYS.items():
        assert first[name].equals(second[name], null_equal=True), name
        assert first[name].n_unique(key) == first[name].height, name


def leftovers(dataset: Path) -> list[str]:
    """Files that a run which is over should not have left."""
    kept = {"_index", "_locks", "_schema.json"}
    found = [path.relative_to(dataset) for path in dataset.rglob("*") if path.is_file()]
    return sorted(
        str(path)
        for path in found
        if path.parts[0] not in kept and not (path.parts[0] in KEYS and path.suffix == ".parquet")
    )


def command(*arguments: str | Path) -> list[str]:
    """The command line of ncutool."""
    return [sys.executable, "-m", "ncutool", *map(str, arguments)]


def run_command(
    *arguments: str | Path, timeout: float = 120, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run ncutool as a user does."""
    return subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env={**os.environ, **environment},
    )
