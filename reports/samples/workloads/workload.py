"""The words of the other modules: a setting, a step, a report, a workload, a pair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Setting:
    """Where a workload runs and how large it is."""

    device: str = "cuda"
    tiny: bool = False
    """Sizes for a smoke run: they measure nothing."""

    @property
    def cuda(self) -> bool:
        """Whether it runs on an NVIDIA GPU."""
        return self.device.startswith("cuda")

    def pick(self, full: int, tiny: int) -> int:
        """A size: the one to measure, or the one for a smoke run."""
        return tiny if self.tiny else full


@dataclass(frozen=True)
class Step:
    """One step of a workload, ready to run again and again."""

    run: Callable[[], object]
    flop: int | None = None
    """Operations of one step, where the workload is one product; None where nobody counted."""
    moved_bytes: int | None = None
    """Bytes that one step reads and writes at least, where it is one operator; else None."""


@dataclass(frozen=True)
class Report:
    """One run of a step under Nsight Compute."""

    sections: str
    """Its section set: ``full`` (some 40 passes a kernel), ``roofline`` or ``basic``."""
    kernels: str | None = None
    """Regular expression on the function's base name; None: every kernel of the step."""
    skip: int | None = None
    count: int | None = None
    """Of the kernels that match: how many to leave out first, and how many to profile."""


@dataclass(frozen=True)
class Workload:
    """One thing to capture. ``operators`` are dispatched by a step that runs eagerly."""

    name: str
    what: str
    build: Callable[[Setting], Step]
    operators: tuple[str, ...]
    needs_cuda: bool = False
    steps: int = 3
    """Steps that its trace holds."""
    reports: tuple[Report, ...] = ()


@dataclass(frozen=True)
class Pair:
    """Two workloads that do the same work before and after a change."""

    name: str
    before: str
    after: str
    applied: tuple[str, ...] = ()
    """Kinds of findings that the change carries out; none where it leaves some of a kind undone."""
    note: str = ""
