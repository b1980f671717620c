"""A Ray cluster that runs already: jobs and summaries pass through it, nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from ncutool.archive.engines import remote
from ncutool.archive.engines.interface import Answer, Job, Setup
from ncutool_parsers.errors import OutputError, UsageError

_AHEAD = 2
_LEAST = 8
_RETRIES = 3
"""So often a job is tried again whose worker died."""


class RayCluster:
    """The workers of a cluster."""

    def __init__(self, setup: Setup, where: str) -> None:
        self._ray = ray = _connected(where)
        self._where = where
        self._setup = msgspec.msgpack.encode(setup)
        self._do = ray.remote(num_cpus=1, max_retries=_RETRIES)(remote.do)
        self._cores = int(ray.cluster_resources().get("CPU", 1))
        self.words = f"Ray at {where}, {self._cores} cores"
        try:
            look = ray.remote(num_cpus=1)(remote.look)
            remote.check(ray.get(look.remote(self._setup)), where, setup.dataset)
        except ray.exceptions.RayError as error:
            self.close()
            raise OutputError(
                f"{where}: a worker cannot run ncutool ({type(error).__name__}); install it where "
                "the workers run"
            ) from error
        except BaseException:
            self.close()
            raise

    def run(self, jobs: Iterable[Job]) -> Iterator[Answer]:
        """Yield an answer for each job as it comes."""
        waiting = iter(jobs)
        numbers: dict[Any, int] = {}
        while True:
            while len(numbers) < max(_LEAST, _AHEAD * self._cores):
                job = next(waiting, None)
                if job is None:
                    break
                reference = self._do.remote(self._setup, msgspec.msgpack.encode(job))
                numbers[reference] = job.number
            if not numbers:
                return
            finished, _ = self._ray.wait(list(numbers), num_returns=1)
            for reference in finished:
                yield self._answer(reference, numbers.pop(reference))

    def close(self) -> None:
        """Leave the cluster; processes that wait for jobs end by themselves."""
        self._ray.shutdown()

    def _answer(self, reference: Any, number: int) -> Answer:
        errors = self._ray.exceptions
        try:
            return msgspec.msgpack.decode(self._ray.get(reference), type=Answer)
        except (errors.WorkerCrashedError, errors.OutOfMemoryError) as error:
            return Answer(number, "died", words=type(error).__name__)
        except errors.RayError as error:
            raise OutputError(
                f"{self._where}: a job ended with {type(error).__name__}: {error}; what was "
                "analysed is kept: run the same command again"
            ) from error


def _connected(where: str) -> Any:
    """Connect to the cluster at an address.

    Raises:
        UsageError: Ray is not installed here.
        OutputError: no cluster answers.
    """
    try:
        import ray
    except ImportError as error:
        raise UsageError("--ray-address needs Ray: pip install 'ncutool[ray]'") from error
    try:
        ray.init(address=where, log_to_driver=False, configure_logging=False)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise OutputError(
            f"{where}: no Ray cluster answers ({type(error).__name__}); check the address"
        ) from error
    return ray
