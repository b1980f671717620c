"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# A loaded machine is no fault of the code. Where CI is set hypothesis has a profile of its own.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
if "CI" not in os.environ:
    settings.load_profile("patient")

# pytest-xdist gives its workers the width of the terminal it was started in; ncutool would take it
# for the reader's own.
os.environ.pop("COLUMNS", None)

_LOCAL = ("localhost", "127.0.0.1", "::1", "0.0.0.0", "::", "", None)
_connect, _connect_ex = socket.socket.connect, socket.socket.connect_ex
_getaddrinfo = socket.getaddrinfo


def _check_local(one: socket.socket, address: Any) -> None:
    if one.family in (socket.AF_INET, socket.AF_INET6):
        host = address[0]
        if host not in _LOCAL and not str(host).startswith("127."):
            raise ConnectionRefusedError(f"no network in tests: {host}")


def _local_connect(one: socket.socket, address: Any) -> None:
    _check_local(one, address)
    _connect(one, address)


def _local_connect_ex(one: socket.socket, address: Any) -> int:
    _check_local(one, address)
    return _connect_ex(one, address)


def _local_getaddrinfo(host: Any, *rest: Any, **more: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else host
    numeric = name is not None and not name.strip("0123456789.:abcdefABCDEF")
    if name not in (*_LOCAL, socket.gethostname()) and not numeric:
        raise socket.gaierror(socket.EAI_NONAME, f"no network in tests: {name}")
    return _getaddrinfo(host, *rest, **more)


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Deny the whole suite every address but those of this machine."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(socket.socket, "connect", _local_connect)
        patched.setattr(socket.socket, "connect_ex", _local_connect_ex)
        patched.setattr(socket, "getaddrinfo", _local_getaddrinfo)
        yield


REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The corpus of real captures that lies beside the repository on some machines."""
    path = REPOSITORY.parent / "shared" / "corpus"
    if not path.is_dir():
        pytest.skip("the corpus of real captures is not beside this checkout")
    return path


@pytest.fixture
def one_reading() -> Iterator[None]:
    """Let commands that run in this process read and analyse each capture once."""
    from one_reading import shared

    with shared():
        yield
