"""Runs :mod:`ncutool_parsers.ncu_worker` on one report and gathers what it says.

The worker is started afresh for every report and always ends with the read, whatever happens:
a crash, a hang, an interrupt. Nothing it prints reaches the terminal.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
import threading
from array import array
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import msgspec
from msgspec import Struct, field

from ncutool_parsers import memory
from ncutool_parsers.errors import DamagedError, TooLargeError, UnreadableError

_WORKER = Path(__file__).with_name("ncu_worker.py")
_STALL_SECONDS = 120.0
_BYTES_PER_SECOND = 1_000_000
"""NVIDIA's reader is an order of magnitude faster; a larger file may stay silent for longer."""
_ERROR_TAIL = 4096
_OUT_OF_MEMORY = ("MemoryError", "bad_alloc", "Cannot allocate memory", "out of memory")
"""What Python and C++ say on stderr where they get no memory."""
_RECOLLECT = "copy it again, or collect it again with ncu"


class Report(Struct):
    """Everything that the worker read of one report."""

    actions: list[dict[str, Any]] = field(default_factory=list)
    """One a launch, as :mod:`ncutool_parsers.ncu_worker` describes it."""
    metric_names: list[str] = field(default_factory=list)
    metric_counts: list[int] = field(default_factory=list)
    """How many of the flat ``metric_ids`` and ``values`` belong to each action."""
    metric_ids: array[int] = field(default_factory=lambda: array("i"))
    values: array[float] = field(default_factory=lambda: array("d"))
    first_id: int = 0
    """Metric ids of the worker at work count from here: each worker numbers from 0."""
    code_failed: bool = False
    """NVIDIA's reader failed with the embedded code, and read the rest without it."""
    reader_errors: str = ""
    """What NVIDIA's reader printed on standard error, its last part."""


def read(
    paths: Iterable[Path],
    named: Path,
    metrics: str | None = None,
    on_action: Callable[[int], None] | None = None,
    stall_seconds: float | None = None,
    instructions: bool = False,
    samples: bool = True,
    max_memory: int | None = None,
) -> Report:
    """Return what NVIDIA's reader finds in ``paths``, the parts of one report; a worker for each.

    Args:
        paths: reports whose framing has been checked.
        named: the file that errors should name (``paths`` may be temporary copies).
        metrics: regular expression that a counter's whole name must match; None for all.
        on_action: called with the number of actions read so far.
        stall_seconds: how long the worker may stay silent before it is ended.
        instructions: read what each launch executed by opcode too.
        samples: with that, read where its warps were sampled.
        max_memory: bytes that a worker may have; None for a share of the machine's.

    Raises:
        UnreadableError: the worker died, stopped answering, or could not be started.
        TooLargeError: it takes more memory than it may have.
    """
    also = ("instructions" if samples else "opcodes") if instructions else ""
    most = max_memory or memory.reader_bytes()
    report = Report()
    for path in paths:
        patience = stall_seconds or _STALL_SECONDS + path.stat().st_size / _BYTES_PER_SECOND
        report.first_id = len(report.metric_names)
        command = [*_worker_command(path, named, metrics, also), str(most or ""), str(os.getpid())]
        with _Worker(command, named, patience, most) as worker:
            while worker.take_frame(report):
                if on_action is not None:
                    on_action(len(report.actions))
            report.reader_errors += worker.error_tail()
    return report


def _worker_command(path: Path, named: Path, metrics: str | None, also: str) -> list[str]:
    """Return the command line of a worker for ``path``.

    Raises:
        UnreadableError: NVIDIA's reader is not installed, or no Python can be started.
    """
    specification = importlib.util.find_spec("ncu_report")
    if specification is None or specification.origin is None:
        raise UnreadableError(
            named, "needs NVIDIA's reader, which is not installed", "pip install ncu-report"
        )
    if not sys.executable:
        raise UnreadableError(
            named, "needs a Python interpreter of its own to read", "run under a regular Python"
        )
    package_folder = Path(specification.origin).parent.parent
    # -I -S: nothing beside the capture or in the user's environment is imported.
    worker = [sys.executable, "-I", "-S", str(_WORKER)]
    return [*worker, str(path.absolute()), metrics or "", str(package_folder), also]


def _shift(ids: array[int], by: int) -> array[int]:
    """Return metric ids counted on from those of the workers before."""
    return array("i", [identity + by for identity in ids])


class _Worker:
    """The process, its frames, and a watchdog that ends it when it falls silent."""

    def __init__(
        self, command: list[str], named: Path, stall_seconds: float, most: int | None
    ) -> None:
        self._named, self._most = named, most
        self._stall_seconds = stall_seconds
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._alive = threading.Event()
        self._finished = False
        self._stalled = False
        self._watchdog = threading.Thread(target=self._watch, daemon=True)
        self._watchdog.start()

    def __enter__(self) -> _Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._finished = True
        self._alive.set()
        if self._process.poll() is None:
            self._process.kill()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process.wait()
        self._watchdog.join()
        self._errors.close()

    def take_frame(self, report: Report) -> bool:
        """Take one frame into ``report``; return False after the last."""
        head = self._read(5)
        content = self._read(int.from_bytes(head[1:], "little"))
        self._alive.set()
        kind = head[:1]
        if kind == b"a":
            report.actions.append(msgspec.json.decode(content))
        elif kind == b"n":
            report.metric_names += msgspec.json.decode(content, type=list[str])
        elif kind == b"i":
            ids = array("i", content)
            report.metric_ids.extend(ids if not report.first_id else _shift(ids, report.first_id))
            report.metric_counts.append(len(ids))
        elif kind == b"v":
            report.values.frombytes(content)
        else:
            self._process.wait()
            return False
        return True

    def error_tail(self) -> str:
        """Return the last part of what the worker printed on standard error."""
        size = self._errors.seek(0, 2)
        self._errors.seek(max(0, size - _ERROR_TAIL))
        return self._errors.read().decode("utf-8", "replace")

    def _read(self, size: int) -> bytes:
        if self._process.stdout is None:
            raise RuntimeError("the worker's standard output is always a pipe")
        content = self._process.stdout.read(size)
        if len(content) < size:
            raise self._death_error()
        return content

    def _death_error(self) -> UnreadableError:
        """Wait for a worker whose output broke off to end, and return why it did."""
        code = self._process.wait()
        if self._stalled:
            problem = f"NVIDIA's reader stopped answering for {self._stall_seconds:.0f} s"
        elif self._most is not None and any(word in self.error_tail() for word in _OUT_OF_MEMORY):
            problem = f"takes more memory to read than the limit of {self._most:,} bytes"
            return TooLargeError(self._named, problem, "raise --max-memory if you trust it")
        elif code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
            problem = f"NVIDIA's reader crashed on it ({name})"
        else:
            lines = self.error_tail().strip().splitlines()
            problem = f"NVIDIA's reader failed on it ({lines[-1] if lines else f'exit {code}'})"
        return DamagedError(self._named, problem, _RECOLLECT)

    def _watch(self) -> None:
        """Kill the worker when no frame has come for the time it may stay silent."""
        while self._alive.wait(self._stall_seconds):
            self._alive.clear()
            if self._finished:
                return
        self._stalled = True
        self._process.kill()
