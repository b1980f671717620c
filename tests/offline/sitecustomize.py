"""Denies every Python process that starts with this folder on its path all but this machine.

Python imports a module of this name at its start. It stands before all else on the path of the
whole suite, so that what a test starts is denied the network too, and what that starts.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import socket
import sys
from typing import Any

LOCAL = ("localhost", "127.0.0.1", "::1", "0.0.0.0", "::", "", None)


def is_local(family: int, address: Any) -> bool:
    """Whether an address is one of this machine."""
    if family not in (socket.AF_INET, socket.AF_INET6):
        return True
    host = address[0] if isinstance(address, tuple) else address
    return host in LOCAL or str(host).startswith("127.")


def audit(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse what would leave this machine; see the table of audit events of Python."""
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        one, address = arguments
        if address is not None and not is_local(one.family, address):
            raise ConnectionRefusedError(f"no network in tests: {address[0]}")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
        name = host.decode() if isinstance(host, bytes) else host
        is_number = not str(name or "x").strip("0123456789.:abcdefABCDEF")
        if name not in (*LOCAL, socket.gethostname()) and not is_number:
            raise socket.gaierror(socket.EAI_NONAME, f"no network in tests: {name}")


sys.addaudithook(audit)


def _run_the_other() -> None:
    """Run the module of this name that stands behind this one, as some systems have one."""
    here = os.path.dirname(os.path.abspath(__file__))
    path = [one for one in sys.path if os.path.abspath(one or ".") != here]
    found = importlib.machinery.PathFinder.find_spec("sitecustomize", path)
    if found is not None and found.loader is not None:
        found.loader.exec_module(importlib.util.module_from_spec(found))


_run_the_other()
