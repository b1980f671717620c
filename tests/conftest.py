"""Fixtures shared by all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The corpus of real captures that lies beside the repository on some machines."""
    path = REPOSITORY.parent / "shared" / "corpus"
    if not path.is_dir():
        pytest.skip("the corpus of real captures is not beside this checkout")
    return path
