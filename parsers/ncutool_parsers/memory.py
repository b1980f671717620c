"""How much memory a process holds, and how much it may."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_STATM = Path("/proc/self/statm")
_GROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
_LEAST = 2**30


def held_bytes() -> int:
    """Return what this process holds in memory now; 0 where the system does not say."""
    try:
        pages = int(_STATM.read_bytes().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def give_back() -> None:
    """Return to the system what the C library keeps of memory that was freed, where it can.

    Tables are made in memory of another allocator, for which it would be lost.
    """
    if sys.platform != "linux":
        return
    import ctypes

    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it, musl keeps nothing
    if trim is not None:
        trim(0)


def machine_bytes() -> int | None:
    """Return what this machine or container has; None where the system does not say."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
    for path in _GROUP_LIMITS:
        try:
            total = min(total, int(path.read_text()))
        except (OSError, ValueError):  # no such group, or its limit is `max`
            continue
    return total


def share_bytes(workers: int) -> int | None:
    """Return what each of several workers on this machine may have."""
    total = machine_bytes()
    return None if total is None else max(_LEAST, total // workers)


def reader_bytes() -> int | None:
    """Return what one process that reads a report may have unless told: three quarters of all."""
    total = machine_bytes()
    return None if total is None else max(_LEAST, total // 4 * 3)


def limit_to(most: int | None) -> None:
    """Let this process have no more than so many bytes, where the system can hold it to that."""
    if most is None or sys.platform != "linux":
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (allowed, hard))


def leave_no_core() -> None:
    """Let this process leave no image of its memory on the disk, however it ends."""
    if sys.platform != "linux":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
