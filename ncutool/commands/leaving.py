"""How the process ends once a command has.

Python takes every object and module apart before it ends, which takes a tenth of the time of a
plan and longer after a large capture, and which nobody sees: the system takes all memory back at
once.
"""

from __future__ import annotations

import atexit
import os
import sys
from contextlib import suppress

_TOOLS = 6
"""Profilers, debuggers and the like that Python lets watch at once."""


def leave(code: int) -> None:
    """End the process with an exit code, after whatever is registered for its end.

    Where something still runs or watches, it ends as every Python does.
    """
    if _is_watched() or _others_run():
        sys.exit(code)
    try:
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):  # closed, or never there
                stream.flush()
    finally:
        os._exit(code)


def _is_watched() -> bool:
    """Return whether a debugger or a profiler, or a user at a prompt, waits for the end."""
    if sys.gettrace() or sys.getprofile() or sys.flags.interactive or sys.flags.inspect:
        return True
    monitoring = getattr(sys, "monitoring", None)  # from Python 3.12 on
    return monitoring is not None and any(monitoring.get_tool(one) for one in range(_TOOLS))


def _others_run() -> bool:
    """Return whether threads run that Python waits for."""
    threading = sys.modules.get("threading")
    if threading is None:
        return False
    mine = threading.main_thread()
    return any(one is not mine and not one.daemon for one in threading.enumerate())
