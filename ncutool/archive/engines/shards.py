"""Which of the files are this process's own, where several processes share out an archive.

No process asks another: a file belongs to the shard that a hash of its path says. Whoever started
the processes told each of them its number; where the user does not say it, it is looked for in
what Slurm, Kubernetes, MPI and others set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256

from msgspec import Struct

from ncutool.archive.inputs import Input
from ncutool_parsers.errors import UsageError


class Shard(Struct, frozen=True):
    """One of so many shards."""

    index: int
    """From 0."""
    count: int
    told_by: str
    """What said so."""

    def takes(self, source: Input) -> bool:
        """Whether a file is this shard's."""
        digest = sha256(source.path.encode("utf-8", "surrogateescape")).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.index

    @property
    def words(self) -> str:
        """What it is, for the user."""
        return f"shard {self.index + 1} of {self.count}, by {self.told_by}"


class _Source(Struct, frozen=True):
    """Variables that tell a process its number."""

    index: str
    counts: tuple[str, ...]
    """The first that is set tells how many there are."""
    first: str | None = None
    """Tells the lowest number; without it numbers begin at ``base``."""
    step: str | None = None
    """Tells by how much numbers grow."""
    last: str | None = None
    """Tells the highest number, where none of ``counts`` is set."""
    base: int = 0


_SOURCES = (
    _Source(
        "SLURM_ARRAY_TASK_ID",
        ("SLURM_ARRAY_TASK_COUNT",),
        first="SLURM_ARRAY_TASK_MIN",
        step="SLURM_ARRAY_TASK_STEP",
        last="SLURM_ARRAY_TASK_MAX",
    ),
    _Source("SLURM_PROCID", ("SLURM_STEP_NUM_TASKS", "SLURM_NTASKS")),
    _Source("JOB_COMPLETION_INDEX", ("JOB_COMPLETIONS", "JOB_COMPLETION_COUNT")),
    _Source("AWS_BATCH_JOB_ARRAY_INDEX", ("AWS_BATCH_JOB_ARRAY_SIZE",)),
    _Source(
        "SGE_TASK_ID", (), first="SGE_TASK_FIRST", step="SGE_TASK_STEPSIZE", last="SGE_TASK_LAST"
    ),
    _Source("OMPI_COMM_WORLD_RANK", ("OMPI_COMM_WORLD_SIZE",)),
    _Source("PMI_RANK", ("PMI_SIZE",)),
)
_SLURM_STEP = ("SLURM_STEP_ID", "SLURM_STEP_NUM_TASKS")


def parse(text: str) -> Shard:
    """Return the shard that ``--shard 2/4`` names, the second of four.

    Raises:
        UsageError: it names none.
    """
    index, slash, count = text.partition("/")
    if slash and index.isdecimal() and count.isdecimal() and 1 <= int(index) <= int(count):
        return Shard(int(index) - 1, int(count), "--shard")
    raise UsageError(f"--shard {text!r}: it is I/N, from 1/N to N/N")


def from_environment(environment: Mapping[str, str]) -> Shard | None:
    """Return the shard that the environment tells; None where it tells none, or that it is alone.

    A Slurm array of jobs with several tasks each has a shard a task.

    Raises:
        UsageError: it tells a number, but not of how many, or the two contradict each other.
    """
    found: Shard | None = None
    for source in _SOURCES:
        if found is not None and source.index != "SLURM_PROCID":
            break
        if not environment.get(source.index, "").isdecimal() or _is_script(source, environment):
            continue
        one = _read(source, environment)
        if found is not None:  # tasks of a job that is one of an array
            index = found.index * one.count + one.index
            one = Shard(index, found.count * one.count, f"{found.told_by} and {one.told_by}")
        found = one
    return None if found is None or found.count == 1 else found


def _is_script(source: _Source, environment: Mapping[str, str]) -> bool:
    """Whether it may be the script of a Slurm job, which runs once, whatever tasks the job has.

    It has the number 0, as its first task has. Taking all files is then right in any case: what
    another task does too is in the dataset once.
    """
    if source.index != "SLURM_PROCID" or environment["SLURM_PROCID"] != "0":
        return False
    return not any(name in environment for name in _SLURM_STEP)


def _read(source: _Source, environment: Mapping[str, str]) -> Shard:
    first = _number(environment, source.first)
    step = _number(environment, source.step) or 1
    last = _number(environment, source.last)
    index = int(environment[source.index])
    count = next((n for name in source.counts if (n := _number(environment, name))), None)
    if count is None and last is not None:
        count = (last - (first or source.base)) // step + 1
    if count is None:
        names = " or ".join(source.counts) or source.last
        raise UsageError(
            f"{source.index}={index} says which shard this is, but {names} not of how many: pass "
            "--shard I/N, or --shard 1/1 for all files"
        )
    place = (index - (first or source.base)) // step
    if not 0 <= place < count:
        raise UsageError(
            f"{source.index}={index} is beyond the {count} shards that the environment tells: pass "
            "--shard I/N"
        )
    return Shard(place, count, source.index)


def _number(environment: Mapping[str, str], name: str | None) -> int | None:
    text = "" if name is None else environment.get(name, "")
    return int(text) if text.isdecimal() else None


def share(sources: Iterable[Input], shard: Shard | None) -> Iterator[Input]:
    """Yield the files that are this process's own; all where it has no shard."""
    return (source for source in sources if shard is None or shard.takes(source))
