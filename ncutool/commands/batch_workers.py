"""Options of ``ncutool batch`` that say who does the work, and within which limits."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from ncutool.commands.options import (
    AssumeDeviceOption,
    CeilingsOption,
    DeviceFileOption,
    MaxBytesOption,
    RedactOption,
    WholeStepsOption,
    option,
)
from ncutool_parsers.defaults import DEFAULT_MAX_BYTES
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from ncutool.archive.batch import Plan
    from ncutool.archive.engines.interface import Engine, Setup
    from ncutool.archive.engines.shards import Shard
    from ncutool.archive.settings import Settings
    from ncutool.archive.source import Input

_TIMEOUT_S = 1800.0
_SCHEDULER_FILE = "NSYS_DASK_SCHEDULER_FILE"
"""The variable that recipes of Nsight Systems take the file of a Dask scheduler from."""


class Workers(Struct, frozen=True):
    """Who does the work, as it is asked for; by :meth:`told` as the environment says too."""

    jobs: Annotated[
        int | None,
        option(
            "--jobs",
            "-j",
            words="Worker processes; as many as there are cores.",
            min=1,
            metavar="N",
        ),
    ] = None
    shard: Annotated[
        str | None,
        option(
            "--shard",
            words="Only this part of the files, where several processes share them out; taken "
            "from Slurm, Kubernetes and MPI where they tell.",
            metavar="I/N",
        ),
    ] = None
    dask: Annotated[
        str | None,
        option(
            "--dask",
            words="Work on a Dask cluster: the scheduler's address or its file.",
            metavar="ADDRESS",
        ),
    ] = None
    ray_address: Annotated[
        str | None,
        option(
            "--ray-address",
            words="Work on a Ray cluster: `auto` or its address.",
            metavar="ADDRESS",
        ),
    ] = None

    def told(self) -> Workers:
        """Return who does the work; say on stderr where only the environment names it.

        Raises:
            UsageError: two engines are named.
        """
        given = {"--jobs": self.jobs, "--dask": self.dask, "--ray-address": self.ray_address}
        named = [name for name, value in given.items() if value is not None]
        if len(named) > 1:
            raise UsageError(f"{' and '.join(named)} name two engines: leave out all but one")
        if not named and (file := os.environ.get(_SCHEDULER_FILE)):
            print(f"ncutool: Dask, by {_SCHEDULER_FILE}={file}", file=sys.stderr)
            return Workers(shard=self.shard, dask=file)
        return self

    @property
    def count(self) -> int:
        """Worker processes on this machine."""
        return self.jobs or _cores()

    @property
    def elsewhere(self) -> bool:
        """Whether the workers of a cluster do the work."""
        return self.dask is not None or self.ray_address is not None

    def memory_bytes(self) -> int | None:
        """Return what a worker may have where nobody says: its share of this machine."""
        from ncutool_parsers import memory

        return None if self.elsewhere else memory.share_bytes(self.count)

    def share(self, sources: Iterable[Input]) -> Iterator[Input]:
        """Yield the files that are this process's, and say who told which those are."""
        from ncutool.archive.engines import shards

        found = self._shard()
        if found is not None and found.count > 1:
            print(f"ncutool: {found.words}", file=sys.stderr)
        return shards.share(sources, found)

    def _shard(self) -> Shard | None:
        """Return which part of the files is meant; None for all of them."""
        from ncutool.archive.engines import shards

        if self.shard is not None:
            return shards.parse(self.shard)
        # Where a cluster does the work, the environment of this process tells nothing of it.
        return None if self.elsewhere else shards.from_environment(os.environ)

    def start(self, setup: Setup) -> Engine:
        """Return the engine that does the work."""
        if self.dask is not None:
            from ncutool.archive.engines.dask_cluster import DaskCluster

            return DaskCluster(setup, self.dask)
        if self.ray_address is not None:
            from ncutool.archive.engines.ray_cluster import RayCluster

            return RayCluster(setup, self.ray_address)
        from ncutool.archive.engines.processes import Processes

        return Processes(setup, self.count)


class Trying(Struct, frozen=True):
    """How long and how often a file is tried, and how many may fail."""

    retry_errors: Annotated[
        bool,
        typer.Option("--retry-errors", help="Try again what failed before and has not changed."),
    ] = False
    max_failures: Annotated[
        int | None,
        option(
            "--max-failures",
            words="Stop once more files than this have failed.",
            min=0,
            metavar="N",
        ),
    ] = None
    timeout: Annotated[
        float,
        option(
            "--timeout",
            words="Seconds that one file may take; 0 is any.",
            min=0,
            show_default=True,
            metavar="SECONDS",
        ),
    ] = _TIMEOUT_S
    max_memory: Annotated[
        int | None,
        option(
            "--max-memory",
            words="Bytes that a worker may have; its share of the machine's.",
            min=1,
            metavar="BYTES",
        ),
    ] = None

    def plan(self, settings: Settings) -> Plan:
        """Return what is asked of a run."""
        from ncutool.archive.batch import Plan

        return Plan(settings, self.max_failures, self.retry_errors)


class Analysed(Struct, frozen=True):
    """What changes the figures of every file; the fields of a request that an archive has."""

    whole_steps: WholeStepsOption = False
    assume_device: AssumeDeviceOption = None
    device_file: DeviceFileOption = None
    ceilings: CeilingsOption = None
    max_bytes: MaxBytesOption = DEFAULT_MAX_BYTES
    redact: RedactOption = None

    def settings(self, trying: Trying, workers: Workers) -> Settings:
        """Return what every worker is told.

        Raises:
            UsageError: a file of devices or ceilings is wrong, or no device has the assumed name.
        """
        from ncutool.archive.settings import Settings

        if self.assume_device or self.device_file or self.ceilings:
            self._check()
        return Settings(
            whole_steps=self.whole_steps,
            assume_device=self.assume_device,
            device_file=_absolute(self.device_file),
            ceilings=_absolute(self.ceilings),
            redact=None if self.redact is None else self.redact.value,
            max_bytes=self.max_bytes,
            max_memory=trying.max_memory or workers.memory_bytes(),
            timeout_s=trying.timeout or None,
        )

    def _check(self) -> None:
        """Tell what is wrong with what holds for all files, before any is read."""
        from ncutool.analysis.analyse import check
        from ncutool.analysis.request import Request

        check(
            Request(
                assume_device=self.assume_device,
                device_file=self.device_file,
                ceilings=self.ceilings,
            )
        )


def _cores() -> int:
    """Return the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _absolute(path: Path | None) -> str | None:
    return None if path is None else str(path.absolute())
