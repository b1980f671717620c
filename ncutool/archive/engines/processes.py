"""Processes on this machine: the engine that is used where none is named.

A worker is a process of its own, so that whatever a file does to it ends there. One that dies or
takes too long is ended with all that it started; its file is tried once more by a fresh worker
where it died, since it may not have been the file's fault. Workers are replaced now and then, and
whenever they hold much memory.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO

import msgspec

from ncutool.archive.engines.interface import Answer, Job, Setup
from ncutool.archive.engines.process_worker import TEMPORARY, receive, send
from ncutool_parsers.errors import OutputError

_MAX_FILES = 500
"""A worker is replaced after so many files: libraries keep a little of each."""
_MAX_HELD_BYTES = 500 * 2**20
"""A worker that holds more after a file is replaced."""
_LOOK_S = 0.2
"""How often it is looked whether a file takes too long."""
_MAX_STARTS = 5
"""So many workers, one after another, may be killed before they are ready."""
_PATIENCE_S = 5.0
"""How long a worker that closed its output is waited for, so that how it ended is its own end."""
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from ncutool.archive.engines.process_worker import main; main()"
)


class Processes:
    """So many worker processes."""

    def __init__(self, setup: Setup, count: int) -> None:
        self._setup = setup
        self._count = count
        self._workers: dict[int, _Worker] = {}
        self._heard: queue.Queue[tuple[int, Answer | None]] = queue.Queue()
        self._started = 0
        self._unstarted = 0
        """Workers, one after another, that ended before they were ready."""
        self._again: deque[Job] = deque()
        self._looked = time.monotonic()
        self.words = "1 process" if count == 1 else f"{count} processes"

    def run(self, jobs: Iterable[Job]) -> Iterator[Answer]:
        """Yield an answer for each job as it comes."""
        waiting = iter(jobs)
        tried: set[int] = set()
        while True:
            self._hand_out(waiting)
            if not self._again and not any(worker.job for worker in self._workers.values()):
                return
            for worker, answer in self._answers():
                job = worker.job
                worker.job = None
                if job is None:
                    continue
                if answer.ended == "died" and job.number not in tried:
                    tried.add(job.number)
                    self._again.append(job)
                else:
                    yield answer

    def close(self) -> None:
        """End every worker, whatever it is doing."""
        for worker in self._workers.values():
            worker.end()
        self._workers.clear()

    def _hand_out(self, waiting: Iterator[Job]) -> None:
        """Give every free worker a job, and start workers as long as there are more jobs."""
        while True:
            free = next((one for one in self._workers.values() if one.job is None), None)
            if free is None and len(self._workers) >= self._count:
                return
            job = self._again.popleft() if self._again else next(waiting, None)
            if job is None:
                return
            (free or self._start()).give(job)

    def _start(self) -> _Worker:
        self._started += 1
        worker = _Worker(self._started, self._setup, self._heard)
        self._workers[worker.number] = worker
        return worker

    def _answers(self) -> Iterator[tuple[_Worker, Answer]]:
        """Yield what is heard next: an answer, a death, or that a file takes too long."""
        if time.monotonic() - self._looked > _LOOK_S:
            self._looked = time.monotonic()
            yield from self._late()
        try:
            number, answer = self._heard.get(timeout=_LOOK_S)
        except queue.Empty:
            return
        worker = self._workers.get(number)
        if worker is None:  # it was ended before
            return
        if answer is None:
            yield from self._dead(worker)
        elif answer.number < 0:
            worker.is_ready()
            self._unstarted = 0
        elif worker.job is not None:
            worker.done += 1
            yield worker, answer
            if _is_worn(worker, answer):
                self._end(worker)

    def _dead(self, worker: _Worker) -> Iterator[tuple[_Worker, Answer]]:
        words = worker.last_words()
        self._end(worker)
        if worker.ready:
            if worker.job is not None:
                yield worker, Answer(worker.job.number, "died", words=worker.how_it_ended())
            return
        self._unstarted += 1
        if self._unstarted >= _MAX_STARTS or not worker.was_killed():
            raise OutputError(
                f"a worker process cannot start ({words}); run "
                f"`{sys.executable} -m ncutool --version` to see whether ncutool is whole"
            )
        if worker.job is not None:  # it was killed before it took the job
            self._again.append(worker.job)

    def _late(self) -> Iterator[tuple[_Worker, Answer]]:
        limit = self._setup.settings.timeout_s
        for worker in list(self._workers.values()):
            if limit is None or worker.job is None or worker.job.source is None:
                continue
            if worker.ready and worker.seconds() > limit:
                self._end(worker)
                yield worker, Answer(worker.job.number, "late")

    def _end(self, worker: _Worker) -> None:
        self._workers.pop(worker.number, None)
        worker.end()


def _is_worn(worker: _Worker, answer: Answer) -> bool:
    """Whether a worker should be replaced by a fresh one."""
    outcome = answer.outcome
    if worker.done >= _MAX_FILES:
        return True
    if outcome is None:
        return False
    return outcome.memory_bytes > _MAX_HELD_BYTES or outcome.kind in ("out_of_memory", "bug")


@dataclass
class _Worker:
    """A worker process, and the thread that hears it."""

    number: int
    setup: Setup
    heard: queue.Queue[tuple[int, Answer | None]]
    job: Job | None = None
    """What it is doing; None where it is free."""
    ready: bool = False
    done: int = 0
    _since: float = 0.0
    _process: subprocess.Popen[bytes] = field(init=False)
    _errors: IO[bytes] = field(init=False)
    _folder: str = field(init=False)

    def __post_init__(self) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by end()
        self._folder = tempfile.mkdtemp(prefix="ncutool-")
        # What it leaves there when it is killed goes with the folder.
        environment = {**os.environ, "POLARS_MAX_THREADS": "1", TEMPORARY: self._folder}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment,
            start_new_session=True,  # an interrupt at the terminal is the parent's to answer
        )
        threading.Thread(target=self._hear, daemon=True).start()
        self._send(self.setup)

    def give(self, job: Job) -> None:
        """Have it do a job."""
        self.job, self._since = job, time.monotonic()
        self._send(job)

    def is_ready(self) -> None:
        """Note that it has loaded what it needs: the time of its first job counts from here."""
        self.ready, self._since = True, time.monotonic()

    def seconds(self) -> float:
        """Return how long it has been at its job."""
        return time.monotonic() - self._since

    def end(self) -> None:
        """End it and what it started, whatever it is doing."""
        if os.name == "posix":
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):  # it and its children are gone
                self._process.kill()
        else:
            self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._errors):
            if stream is not None:
                _close(stream)
        shutil.rmtree(self._folder, ignore_errors=True)

    def was_killed(self) -> bool:
        """Whether a signal ended it, once it has ended."""
        code = self._process.returncode
        return code is not None and code < 0

    def how_it_ended(self) -> str:
        """Return the signal or the status that its process ended with."""
        code = self._process.returncode
        if code is not None and code < 0:
            known = {one.value: one.name for one in signal.Signals}
            return known.get(-code, f"signal {-code}")
        return f"exit status {code}"

    def last_words(self) -> str:
        """Return the last line that it printed on standard error, once it has ended by itself."""
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            return "it closed its output"
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), self.how_it_ended())

    def _send(self, message: msgspec.Struct) -> None:
        if self._process.stdin is None:
            raise RuntimeError("a worker's standard input is always a pipe")
        try:
            send(self._process.stdin, message)
        except OSError:  # it died: the thread that hears it says so
            return

    def _hear(self) -> None:
        stream = self._process.stdout
        if stream is None:
            raise RuntimeError("a worker's standard output is always a pipe")
        decoder = msgspec.msgpack.Decoder(Answer)
        while (message := receive(stream)) is not None:
            self.heard.put((self.number, decoder.decode(message)))
        stream.close()
        self.heard.put((self.number, None))


def _close(stream: IO[bytes]) -> None:
    try:
        stream.close()
    except OSError:  # what was not yet sent to a dead worker
        return
