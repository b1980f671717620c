"""What an engine is: jobs in, answers out, in any order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from ncutool.archive.inputs import Input
from ncutool.archive.one_file import Outcome
from ncutool.archive.settings import Settings


class Setup(msgspec.Struct, frozen=True):
    """What a worker is told before its first job."""

    dataset: str
    run: str
    settings: Settings


class Job(msgspec.Struct, frozen=True):
    """One piece of work: a file to analyse, or a bucket of the dataset to publish."""

    number: int
    source: Input | None = None
    bucket: str | None = None
    compact: bool = False
    """Join the small segments of the bucket too."""


class Answer(msgspec.Struct, frozen=True):
    """What came of a job."""

    number: int
    ended: Literal["done", "died", "late", "broken"]
    """Done; its worker died, twice; it took too long; or publishing failed."""
    outcome: Outcome | None = None
    """Of a file that was looked at."""
    words: str = ""
    """How its worker died, or why publishing failed."""
    published: int = 0
    """Results that a job brought into the tables."""


class Engine(Protocol):
    """Runs jobs somewhere."""

    words: str
    """What it is, for the user: `2 processes`."""

    def run(self, jobs: Iterable[Job]) -> Iterator[Answer]:
        """Yield an answer for each job as it comes; a job is taken only when a worker is free."""

    def close(self) -> None:
        """End every worker that the engine started, whatever it is doing."""


class Hands:
    """What works through jobs in the process that it is made in, whichever engine made that."""

    def __init__(self, setup: Setup) -> None:
        from ncutool.archive.dataset import Dataset
        from ncutool.archive.one_file import Worker

        self._setup = setup
        self._dataset = Dataset(Path(setup.dataset))
        self._worker = Worker(self._dataset, setup.run, setup.settings)

    def load(self) -> None:
        """Import what analysing needs, so that no file pays for it."""
        import ncutool.analysis.analyse
        import ncutool.archive.rows  # noqa: F401 - only to have it

    def do(self, job: Job) -> Answer:
        """Return what came of a job; whatever a file holds is an outcome of it."""
        if job.source is not None:
            return Answer(job.number, "done", outcome=self._worker.analyse(job.source))
        from ncutool.archive.publish import publish
        from ncutool_parsers.errors import OutputError

        try:
            count = publish(self._dataset, job.bucket or "", self._setup.run, compact=job.compact)
        except (OSError, OutputError) as error:
            return Answer(job.number, "broken", words=str(error))
        except Exception as error:  # the worker lives on; what waits is as it was
            what = f"this is a bug in ncutool, {type(error).__name__}: {error}"
            return Answer(job.number, "broken", words=what)
        return Answer(job.number, "done", published=count)
