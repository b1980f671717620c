"""A Dask cluster that runs already: the scheduler carries jobs and summaries, nothing else."""

from __future__ import annotations

import asyncio
import json
import queue
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from ncutool.archive.engines import remote
from ncutool.archive.engines.interface import Answer, Job, Setup
from ncutool_parsers.errors import OutputError, UsageError

_PATIENCE_S = "30s"
_REACH_S = 30.0
_AHEAD = 2
"""Jobs a thread of the cluster that are on their way, so that none waits for the next."""
_LEAST = 8


class DaskCluster:
    """The workers of a scheduler."""

    def __init__(self, setup: Setup, where: str) -> None:
        self._where, self._dataset = where, setup.dataset
        self._setup = msgspec.msgpack.encode(setup)
        self._finished: queue.Queue[Any] = queue.Queue()
        self._client = _client(where)
        try:
            threads = sum(self._client.nthreads().values())
            if not threads:
                raise OutputError(f"{where}: the scheduler has no workers; start some")
            self._check()
        except BaseException:
            self._client.close()
            raise
        self.words = f"Dask at {where}, {threads} threads"

    def run(self, jobs: Iterable[Job]) -> Iterator[Answer]:
        """Yield an answer for each job as it comes."""
        waiting = iter(jobs)
        numbers: dict[Any, int] = {}
        self._hand_out(waiting, numbers)
        while numbers:
            future = self._finished.get()
            yield self._answer(future, numbers.pop(future))
            self._hand_out(waiting, numbers)

    def close(self) -> None:
        """Take back what is on its way, and end the processes of this run on every worker."""
        try:
            self._client.run(remote.end, self._setup, on_error="ignore")
        except (OSError, TimeoutError, asyncio.TimeoutError):
            return  # the scheduler is gone; processes that wait end by themselves
        finally:
            self._client.close()

    def _hand_out(self, waiting: Iterator[Job], numbers: dict[Any, int]) -> None:
        most = max(_LEAST, _AHEAD * sum(self._client.nthreads().values()))
        while len(numbers) < most:
            job = next(waiting, None)
            if job is None:
                return
            future = self._client.submit(
                remote.do, self._setup, msgspec.msgpack.encode(job), pure=False
            )
            numbers[future] = job.number
            future.add_done_callback(self._finished.put)

    def _answer(self, future: Any, number: int) -> Answer:
        from distributed.scheduler import KilledWorker

        if future.status == "finished":
            return msgspec.msgpack.decode(future.result(), type=Answer)
        error = future.exception() if future.status == "error" else None
        if isinstance(error, KilledWorker):
            return Answer(number, "died", words="KilledWorker")
        if isinstance(error, OutputError):
            raise error
        raise OutputError(
            f"{self._where}: a job ended with {type(error).__name__}: {error}; what was "
            "analysed is kept: run the same command again"
        )

    def _check(self) -> None:
        """Refuse a cluster whose workers lack ncutool, have another, or do not see the dataset."""
        seen = self._client.run(remote.look, self._setup, on_error="return")
        for answer in seen.values():
            if not isinstance(answer, bytes):
                raise OutputError(
                    f"{self._where}: a worker cannot run ncutool ({type(answer).__name__}: "
                    f"{answer}); install it where the workers run"
                )
            remote.check(answer, self._where, self._dataset)


def _client(where: str) -> Any:
    """Connect to the scheduler at an address, or that a file tells of.

    Raises:
        UsageError: Dask is not installed here.
        OutputError: no scheduler answers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise UsageError("--dask needs Dask: pip install 'ncutool[dask]'") from error
    try:
        _reach(where)
        told = {"scheduler_file": where} if Path(where).is_file() else {"address": where}
        return Client(**told, timeout=_PATIENCE_S, set_as_default=False)  # type: ignore[no-untyped-call]  # it has no types
    except (OSError, TimeoutError, asyncio.TimeoutError, ValueError, KeyError) as error:
        raise OutputError(
            f"{where}: no Dask scheduler answers ({type(error).__name__}); check the address"
        ) from error


def _reach(where: str) -> None:
    """Raise where nothing answers: a client that failed to connect takes minutes to end.

    Raises:
        OSError: nothing listens there.
        ValueError: it is no address.
        KeyError: the file tells none.
    """
    from distributed.comm.addressing import get_address_host_port
    from distributed.comm.registry import get_backend

    file = Path(where)
    address = json.loads(file.read_bytes())["address"] if file.is_file() else where
    scheme = address.partition("://")[0] if "://" in address else "tcp"
    get_backend(scheme)
    if scheme in ("tcp", "tls", "ws", "wss"):
        host, port = get_address_host_port(address, strict=True)
        socket.create_connection((host, port), timeout=_REACH_S).close()
