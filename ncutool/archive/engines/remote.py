"""What runs in a worker of a cluster, whichever cluster it is.

A job does its work in a process below the cluster's worker, as on one machine: whatever a file does
to it, the worker lives, and limits of time and memory hold. That process stays for the next job and
ends when none comes for a while, or with the worker.
"""

from __future__ import annotations

import atexit
import threading
from pathlib import Path

import msgspec

from ncutool.archive.engines.interface import Answer, Job, Setup
from ncutool.archive.engines.processes import Processes

_IDLE_S = 60.0
_lock = threading.Lock()
_idle: dict[bytes, list[tuple[Processes, threading.Timer]]] = {}
"""Processes that wait for a job, by what they were told before their first."""


class Seen(msgspec.Struct, frozen=True):
    """What a worker of a cluster sees."""

    version: str
    dataset: bool
    """Whether the dataset that the run opened is there for it too."""


def look(setup: bytes) -> bytes:
    """Say what this worker sees of a run's dataset, and which ncutool it has."""
    from importlib.metadata import version

    told = msgspec.msgpack.decode(setup, type=Setup)
    there = (Path(told.dataset) / "_runs" / told.run).exists()
    return msgspec.msgpack.encode(Seen(version("ncutool"), there))


def do(setup: bytes, job: bytes) -> bytes:
    """Do one job; all three are messages as between processes."""
    told = msgspec.msgpack.decode(job, type=Job)
    processes = _take(setup)
    try:
        answer = next(iter(list(processes.run([told]))), Answer(told.number, "died"))
    except BaseException:
        processes.close()
        raise
    _leave(setup, processes)
    return msgspec.msgpack.encode(answer)


def end(setup: bytes) -> None:
    """End the processes that wait for jobs of a run."""
    with _lock:
        waiting = _idle.pop(setup, [])
    for processes, timer in waiting:
        timer.cancel()
        processes.close()


def _take(setup: bytes) -> Processes:
    with _lock:
        waiting = _idle.get(setup)
        if waiting:
            processes, timer = waiting.pop()
            timer.cancel()
            return processes
    return Processes(msgspec.msgpack.decode(setup, type=Setup), 1)


def _leave(setup: bytes, processes: Processes) -> None:
    timer = threading.Timer(_IDLE_S, _close, (setup, processes))
    timer.daemon = True
    with _lock:
        _idle.setdefault(setup, []).append((processes, timer))
    timer.start()


def _close(setup: bytes, processes: Processes) -> None:
    """End a process that waited for long, unless it was just given a job."""
    with _lock:
        waiting = _idle.get(setup, [])
        kept = [one for one in waiting if one[0] is not processes]
        if len(kept) == len(waiting):
            return
        _idle[setup] = kept
    processes.close()


@atexit.register
def _end_all() -> None:
    for setup in list(_idle):
        end(setup)


def check(seen: bytes, where: str, dataset: str) -> None:
    """Refuse workers that would not do what this process would.

    Raises:
        OutputError: they have another ncutool, or do not see the dataset.
    """
    from importlib.metadata import version

    from ncutool_parsers.errors import OutputError

    told = msgspec.msgpack.decode(seen, type=Seen)
    if told.version != version("ncutool"):
        raise OutputError(
            f"{where}: its workers have ncutool {told.version}, this is {version('ncutool')}; "
            "install one version everywhere"
        )
    if not told.dataset:
        raise OutputError(
            f"{where}: its workers do not see {dataset}; put the dataset where all machines see it"
        )
