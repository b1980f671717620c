"""Workers that live for many cases: each is ended when it takes too long, and replaced in time."""

from __future__ import annotations

import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import IO

from fuzz_cases import Case

SECONDS = 60
"""For one case: a hundred times what the slowest takes, so that a loaded machine is no hang."""
_RECYCLED_AFTER = 1_500
"""Cases: what one of them leaves in memory does not reach all others."""
_START_SECONDS = 180


@dataclass(frozen=True)
class Outcome:
    """How a case went."""

    case: Case
    code: int | None
    """None where the worker did not live to say it."""
    problem: str | None


class Worker:
    """One process; it is started at the first case, and again after each end."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None
        self._folder = ""
        self._done = 0

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def run(self, case: Case, seconds: float = SECONDS) -> Outcome:
        """Return how a case goes."""
        fresh = self._process is None
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(case.to_json().encode() + b"\n")
        process.stdin.flush()
        if not _readable(process.stdout, seconds + (_START_SECONDS if fresh else 0)):
            self.end()
            return Outcome(case, None, f"hang: no answer in {seconds} s")
        line = process.stdout.readline()
        if not line:
            problem = self._of_death()
            self.end()
            return Outcome(case, None, problem)
        answer = json.loads(line)
        self._done += 1
        if self._done >= _RECYCLED_AFTER:
            self.end()
        return Outcome(case, answer["code"], answer["problem"])

    def end(self) -> None:
        """End the process, with whatever it started, and remove what it left."""
        if self._process is None:
            return
        for stream in (self._process.stdin, self._process.stdout, self._said):
            if stream is not None:
                stream.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = None
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> subprocess.Popen[bytes]:
        self._done = 0
        self._folder = tempfile.mkdtemp(prefix="ncutool-fuzz-worker-")
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed in end()
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("fuzz_worker.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            start_new_session=True,
            env={**os.environ, "TMPDIR": self._folder, "POLARS_MAX_THREADS": "1"},
        )
        return self._process

    def _of_death(self) -> str:
        """Say how the process ended."""
        assert self._process is not None
        code = self._process.wait()
        if self._said is None:
            return f"died with {code}"
        self._said.seek(0)
        last = self._said.read()[-2000:].decode("utf-8", "replace").strip().splitlines()[-1:]
        return f"died with {code}: {' '.join(last)}"[:300]


def run_all(cases: Iterable[Case], workers: int) -> Generator[Outcome, None, None]:
    """Run cases on so many workers, and yield the outcomes in the order of the cases."""
    idle: SimpleQueue[Worker] = SimpleQueue()
    made = [Worker() for _ in range(workers)]
    for worker in made:
        idle.put(worker)

    def run(case: Case) -> Outcome:
        worker = idle.get()
        try:
            return worker.run(case)
        finally:
            idle.put(worker)

    waiting: list[Future[Outcome]] = []
    with ThreadPoolExecutor(workers) as pool:
        try:
            for case in cases:
                waiting.append(pool.submit(run, case))
                if len(waiting) > 4 * workers:
                    yield waiting.pop(0).result()
            while waiting:
                yield waiting.pop(0).result()
        finally:
            for future in waiting:
                future.cancel()
            pool.shutdown()
            for worker in made:
                worker.end()


def _readable(stream: IO[bytes], seconds: float) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        return bool(selector.select(seconds))
