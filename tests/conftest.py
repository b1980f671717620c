"""Fixtures shared by all tests."""

from __future__ import annotations

import os
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

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The corpus of real captures that lies beside the repository on some machines."""
    path = REPOSITORY.parent / "shared" / "corpus"
    if not path.is_dir():
        pytest.skip("the corpus of real captures is not beside this checkout")
    return path
