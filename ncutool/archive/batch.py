"""A batch: every file of an archive into one dataset, once, by whatever engine does the work."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count

from msgspec import Struct

from ncutool.archive import failures
from ncutool.archive.dataset import BUCKETS, Dataset, Run, sweep
from ncutool.archive.engines.interface import Answer, Engine, Job, Setup
from ncutool.archive.entries import Inbox
from ncutool.archive.index import Index, Line
from ncutool.archive.inputs import Input
from ncutool.archive.naming import shown_path
from ncutool.archive.settings import Settings
from ncutool.archive.tally import Tally
from ncutool_parsers.errors import OutputError

_MAX_WAITING = 2000
"""So many new results go into the tables while the run goes on."""


class Looked(Struct, frozen=True):
    """A file that was done, for whoever tells the user."""

    location: str
    """Where it lies; by pseudonyms where the dataset is redacted."""
    kind: str | None
    """Of the error, where there was one."""
    message: str


Report = Callable[[Tally, Looked | None], None]
"""Called with how far it is, and the file that was done last where a worker looked at it."""


class Plan(Struct, frozen=True):
    """What is asked of a batch."""

    settings: Settings
    max_failures: int | None = None
    """Stop once more new files than that have failed."""
    retry_errors: bool = False


def run_batch(
    dataset: Dataset,
    sources: Sequence[Input],
    plan: Plan,
    engine_for: Callable[[Setup], Engine],
    report: Report,
) -> Tally:
    """Bring every file of an archive into a dataset, and return how that went.

    What a run before left behind when it died is completed or swept first.

    Args:
        dataset: where to.
        sources: the files.
        plan: how they are analysed.
        engine_for: makes what does the work; not called where there is nothing to do.
        report: told of every file.

    Raises:
        OutputError: the dataset cannot be written, or workers cannot start.
        UsageError: the settings make no sense.
    """
    version = plan.settings.analysis_version
    run = Run(dataset)
    try:
        sweep(dataset)
        index = Index(dataset, run.name)
        try:
            batch = _Batch(dataset, run, index, plan, version, report, sources)
            batch.work(engine_for)
            batch.tally.seconds = batch.seconds
        finally:
            index.close()
    finally:
        run.close()
    return batch.tally


class _Batch:
    """One run over an archive."""

    def __init__(
        self,
        dataset: Dataset,
        run: Run,
        index: Index,
        plan: Plan,
        version: str,
        report: Report,
        sources: Sequence[Input],
    ) -> None:
        self._dataset, self._run, self._index, self._plan = dataset, run, index, plan
        self._version, self._report = version, report
        self._inbox = Inbox(dataset, run.name)
        self._begin = time.monotonic()
        self.tally = Tally(len(sources), sum(source.bytes or 0 for source in sources))
        self._todo = [source for source in sources if not self._is_known(source)]
        self._numbers = count(len(self._todo))
        self._ids: set[str] = set()
        """Captures that files of this run are."""
        self._told = 0
        """Results that may wait in the inbox."""

    @property
    def seconds(self) -> float:
        """Return the seconds since the batch began."""
        return time.monotonic() - self._begin

    def work(self, engine_for: Callable[[Setup], Engine]) -> None:
        """Analyse what is not known yet, and publish what waits."""
        if not self._todo and not self._buckets():
            return
        engine = engine_for(Setup(str(self._dataset.root), self._run.name, self._plan.settings))
        try:
            self._report(self.tally, None)
            for answer in engine.run(self._jobs()):
                self._take(answer)
            self.tally.publishing = True
            self._report(self.tally, None)
            for answer in engine.run(self._publications()):
                self._take(answer)
        finally:
            engine.close()

    def _is_known(self, source: Input) -> bool:
        """Whether an earlier run looked at a file as it is now; counts it where one did."""
        line = self._index.found(source, self._plan.settings, self._version)
        if line is None or (line.kind is not None and self._plan.retry_errors):
            return False
        if line.kind is None:
            self.tally.known += 1
        else:
            self._count_failure(line.kind)
        self.tally.done_bytes += source.bytes or 0
        return True

    def _count_failure(self, kind: str) -> None:
        self.tally.failed += 1
        self.tally.kinds[kind] = self.tally.kinds.get(kind, 0) + 1

    def _jobs(self) -> Iterator[Job]:
        """Yield the files to look at, and now and then that results go into the tables."""
        for number, source in enumerate(self._todo):
            if self.tally.stopped:
                return
            if self._told >= _MAX_WAITING:
                self._told = 0
                yield from self._publications()
            yield Job(number, source)

    def _publications(self) -> Iterator[Job]:
        """Yield a job for each bucket of the dataset that something waits for."""
        for bucket in self._buckets():
            yield Job(next(self._numbers), bucket=bucket)

    def _buckets(self) -> list[str]:
        return [bucket for bucket in BUCKETS if self._dataset.has_work(bucket)]

    def _take(self, answer: Answer) -> None:
        """Count what came of a job, and keep it for later runs."""
        if answer.number >= len(self._todo):
            if answer.ended != "done":
                raise OutputError(
                    f"{self._dataset.root}: results cannot be brought into the tables "
                    f"({answer.words or answer.ended}); they are kept: run the same command again"
                )
            return
        source = self._todo[answer.number]
        line = self._line(source, answer)
        self._index.add(line)
        self._told += 1
        tally = self.tally
        tally.seconds = self.seconds
        tally.done_bytes += source.bytes or 0
        tally.worked += 1
        tally.worked_bytes += source.bytes or 0
        if answer.outcome is not None:
            tally.work.add(source.bytes or 0, answer.outcome.seconds)
        if line.kind is not None:
            self._count_failure(line.kind)
            tally.failed_now += 1
            most = self._plan.max_failures
            tally.stopped = most is not None and tally.failed_now > most
        elif answer.outcome is not None and answer.outcome.status == "known":
            tally.known += 1
        else:
            tally.new += 1
        if line.capture_id is not None:
            tally.alike += line.capture_id in self._ids
            self._ids.add(line.capture_id)
        self._report(tally, Looked(self._told_as(source), line.kind, line.message))

    def _told_as(self, source: Input) -> str:
        """Return how a file is named to the user."""
        if self._plan.settings.redact is None:
            return source.key
        return shown_path(source.path, redact=True)

    def _line(self, source: Input, answer: Answer) -> Line:
        """Return what was found of a file; that its worker died is kept as an error here."""
        kind, message, capture_id = None, "", None
        if answer.outcome is not None:
            outcome = answer.outcome
            kind, message, capture_id = outcome.kind, outcome.message or "", outcome.capture_id
        else:
            kind, message = _lost(answer, self._plan.settings)
            row = failures.row_of(
                source,
                self._version,
                kind,
                message,
                redact=self._plan.settings.redact is not None,
            )
            self._inbox.put_error(source.file_id, row)
        limits = self._plan.settings.limits if kind in failures.BY_LIMITS else ""
        return Line(source.file_id, source.stamps, self._version, capture_id, kind, message, limits)


def _lost(answer: Answer, settings: Settings) -> tuple[str, str]:
    """Return the kind and the message of a file whose worker did not come to an end with it."""
    if answer.ended == "late":
        limit = settings.timeout_s or 0
        return "timed_out", f"takes longer than {limit:g} s; raise --timeout"
    return "killed", (
        f"its worker died twice ({answer.words}), as it does where memory runs out; raise "
        "--max-memory, lower --jobs, or report it where memory is not short"
    )
