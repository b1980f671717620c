"""Fixtures shared by all tests."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A loaded machine is no fault of the code. Where CI is set hypothesis has a profile of its own.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
if "CI" not in os.environ:
    settings.load_profile("patient")

# pytest-xdist gives its workers the width of the terminal it was started in; ncutool would take it
# for the reader's own.
os.environ.pop("COLUMNS", None)

OFFLINE = Path(__file__).resolve().parent / "offline"


def _deny_the_network() -> None:
    """Deny this process, and by the path that they inherit all that it starts, other machines."""
    before = os.environ.get("PYTHONPATH")
    if before is None or str(OFFLINE) not in before.split(os.pathsep):
        os.environ["PYTHONPATH"] = os.pathsep.join([str(OFFLINE), *([before] if before else [])])
    specification = importlib.util.spec_from_file_location("offline", OFFLINE / "sitecustomize.py")
    if specification is None or specification.loader is None:
        raise RuntimeError("tests/offline/sitecustomize.py is not there")
    specification.loader.exec_module(importlib.util.module_from_spec(specification))


_deny_the_network()
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
