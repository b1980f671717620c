"""``ncutool batch``: every capture of an archive into one dataset."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ncutool.commands.batch_inputs import Arranged
from ncutool.commands.options import (
    AssumeDeviceOption,
    CeilingsOption,
    DebugOption,
    DeviceFileOption,
    MaxBytesOption,
    RedactOption,
    WholeStepsOption,
    option,
    unfold,
)
from ncutool_parsers import Place
from ncutool_parsers.errors import UsageError
from ncutool_parsers.interface import DEFAULT_MAX_BYTES

if TYPE_CHECKING:
    from ncutool.archive.engines.interface import Engine, Setup
    from ncutool.archive.engines.shards import Shard
    from ncutool.archive.settings import Settings

_TIMEOUT_S = 1800.0
_SCHEDULER_FILE = "NSYS_DASK_SCHEDULER_FILE"
"""The variable that recipes of Nsight Systems take the file of a Dask scheduler from."""


class ProgressForm(str, Enum):
    """How progress is told on stderr."""

    AUTO = "auto"
    PLAIN = "plain"
    JSON = "json"
    NONE = "none"


@unfold
def run(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PATH...",
            help="Captures, folders, patterns, tar and zip archives, URLs (s3://, …), or @FILE "
            "with one of these a line.",
            show_default=False,
        ),
    ] = None,
    *,
    dataset: Annotated[
        Path | Place,
        option(
            "--output",
            "-o",
            words="Folder of the dataset, or its URL; made, or gone on with.",
            metavar="DATASET",
        ),
    ],
    jobs: Annotated[
        int | None,
        option("--jobs", "-j", words="Worker processes; as many as there are cores.", min=1),
    ] = None,
    shard: Annotated[
        str | None,
        option(
            "--shard",
            words="Only this part of the files, where several processes share them out; taken "
            "from Slurm, Kubernetes and MPI where they tell.",
            metavar="I/N",
        ),
    ] = None,
    dask: Annotated[
        str | None,
        option(
            "--dask",
            words="Work on a Dask cluster: the scheduler's address or its file.",
            metavar="ADDRESS",
        ),
    ] = None,
    ray_address: Annotated[
        str | None,
        option(
            "--ray-address",
            words="Work on a Ray cluster: `auto` or its address.",
            metavar="ADDRESS",
        ),
    ] = None,
    retry_errors: Annotated[
        bool,
        typer.Option("--retry-errors", help="Try again what failed before and has not changed."),
    ] = False,
    max_failures: Annotated[
        int | None,
        option("--max-failures", words="Stop once more files than this have failed.", min=0),
    ] = None,
    timeout: Annotated[
        float,
        option(
            "--timeout", words="Seconds that one file may take; 0 is any.", min=0, show_default=True
        ),
    ] = _TIMEOUT_S,
    max_memory: Annotated[
        int | None,
        option(
            "--max-memory",
            words="Bytes that a worker may have; its share of the machine's.",
            min=1,
        ),
    ] = None,
    progress: Annotated[
        ProgressForm,
        option(
            "--progress",
            words="`auto` is a bar on a terminal, else `plain` lines; `json` is an event a line.",
            show_default=True,
        ),
    ] = ProgressForm.AUTO,
    page: Annotated[
        bool,
        typer.Option(
            "--page", help="Write DATASET/index.html at the end, as `ncutool fleet` does."
        ),
    ] = False,
    whole_steps: WholeStepsOption = False,
    assume_device: AssumeDeviceOption = None,
    device_file: DeviceFileOption = None,
    ceilings: CeilingsOption = None,
    max_bytes: MaxBytesOption = DEFAULT_MAX_BYTES,
    redact: RedactOption = None,
    debug: DebugOption = False,
    compact: Annotated[
        bool,
        typer.Option(
            "--compact",
            help="Make few large files of many small ones, after the run or without PATH alone.",
        ),
    ] = False,
    arranged: Arranged,
) -> None:
    """Analyse every capture of an archive into one dataset of Parquet tables.

    What a file is tells its content, not its name. A file that cannot be analysed becomes a row
    of the table `errors`, and the rest go on. A second run does only what is new or changed; a
    run that was stopped or killed goes on where it was. The tables are `captures`, `launches`,
    `inside`, `findings`, `gaps`, `collectives` and `errors`, which polars, DuckDB and Spark read.

    Exits with 0 where every file was analysed, with 1 where some failed.

      ncutool batch 'runs/**/*.json.gz' -o dataset --path-pattern '{run}/rank{rank}.json.gz'
    """
    from ncutool.archive.batch import Plan, run_batch
    from ncutool.archive.dataset import open_dataset
    from ncutool.archive.engines.shards import share
    from ncutool.archive.settings import Settings
    from ncutool.commands.batch_progress import teller

    engine = _Engines.of(jobs, dask, ray_address)
    settings = Settings(
        whole_steps=whole_steps,
        assume_device=assume_device,
        device_file=_absolute(device_file),
        ceilings=_absolute(ceilings),
        redact=None if redact is None else redact.value,
        max_bytes=max_bytes,
        max_memory=max_memory or engine.memory_bytes(),
        timeout_s=timeout or None,
    )
    _check(settings)
    with _local(dataset, engine) as root:
        if compact and not paths and arranged.manifest is None:
            _compact(root, dataset)
            return
        sources, columns = arranged.files(paths or [], root, keep_listings=redact is None)
        sources = list(share(sources, _shard(shard, elsewhere=engine.elsewhere)))
        plan = Plan(settings, max_failures, retry_errors)
        into = open_dataset(root.absolute(), columns)
        with _keeping(), teller(progress.value, dataset) as tell:
            tally = run_batch(into, sources, plan, engine.start, tell.report)
            tell.end(tally)
        if compact:
            _compact(root, dataset)
        if page:
            from ncutool.commands.fleet import write_index

            write_index(root)
    raise SystemExit(1 if tally.failed or tally.stopped else 0)


@contextmanager
def _local(dataset: Path | Place, engine: _Engines) -> Iterator[Path]:
    """Yield the folder that a dataset is written to; of one behind a URL its working copy.

    Raises:
        UsageError: a cluster is to write to a copy that this machine alone has.
    """
    if isinstance(dataset, Path):
        yield dataset
        return
    if engine.elsewhere:
        raise UsageError(
            "workers of a cluster write to a folder that they share: name one with -o, and copy it"
        )
    from ncutool.archive.mirror import working_copy

    with working_copy(dataset) as root:
        yield root


def _compact(root: Path, shown: Path | Place) -> None:
    """Join the small files of a dataset, and say so on stderr.

    Raises:
        UsageError: there is no dataset.
    """
    from ncutool.archive.compact import compact
    from ncutool.archive.dataset import existing

    joined = compact(existing(root.absolute()))
    print(f"ncutool: {joined.before} files became {joined.after}; in {shown}", file=sys.stderr)


@dataclass(frozen=True)
class _Engines:
    """Which engine does the work, as the options and the environment say."""

    jobs: int | None
    dask: str | None
    ray_address: str | None

    @property
    def count(self) -> int:
        """Worker processes on this machine."""
        return self.jobs or _cores()

    @property
    def elsewhere(self) -> bool:
        """Whether the workers of a cluster do the work."""
        return self.dask is not None or self.ray_address is not None

    @classmethod
    def of(cls, jobs: int | None, dask: str | None, ray_address: str | None) -> _Engines:
        """Return the engine that is named; say on stderr where only the environment names it.

        Raises:
            UsageError: two engines are named.
        """
        given = {"--jobs": jobs, "--dask": dask, "--ray-address": ray_address}
        named = [name for name, value in given.items() if value is not None]
        if len(named) > 1:
            raise UsageError(f"{' and '.join(named)} name two engines: leave out all but one")
        if not named and (file := os.environ.get(_SCHEDULER_FILE)):
            print(f"ncutool: Dask, by {_SCHEDULER_FILE}={file}", file=sys.stderr)
            return cls(None, file, None)
        return cls(jobs, dask, ray_address)

    def memory_bytes(self) -> int | None:
        """Return what a worker may have where nobody says: its share of this machine."""
        from ncutool_parsers import memory

        return None if self.elsewhere else memory.share_bytes(self.count)

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


def _shard(given: str | None, *, elsewhere: bool) -> Shard | None:
    """Return which part of the files is this process's, and say who told it.

    Args:
        given: ``--shard``.
        elsewhere: whether a cluster does the work, so that the environment tells nothing of it.
    """
    from ncutool.archive.engines import shards

    found = shards.parse(given) if given is not None else None
    if given is None and not elsewhere:
        found = shards.from_environment(os.environ)
    if found is not None and found.count > 1:
        print(f"ncutool: {found.words}", file=sys.stderr)
    return found


def _cores() -> int:
    """Return the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _absolute(path: Path | None) -> str | None:
    return None if path is None else str(path.absolute())


def _check(settings: Settings) -> None:
    """Tell what is wrong with what holds for all files, before any is read.

    Raises:
        UsageError: a file of devices or ceilings is wrong, or no device has the assumed name.
    """
    if not (settings.assume_device or settings.device_file or settings.ceilings):
        return
    from ncutool.analysis.analyse import check
    from ncutool.analysis.request import Request

    check(
        Request(
            assume_device=settings.assume_device,
            device_file=None if settings.device_file is None else Path(settings.device_file),
            ceilings=None if settings.ceilings is None else Path(settings.ceilings),
        )
    )


@contextmanager
def _keeping() -> Iterator[None]:
    """Say at an interrupt, or a signal that ends the job, that nothing is lost."""
    try:
        yield
    except KeyboardInterrupt:
        print("ncutool: what was analysed is kept; run the same command to go on", file=sys.stderr)
        raise
