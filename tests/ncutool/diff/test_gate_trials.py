"""The gate neither cries wolf nor sleeps: the trials that `make bench` prints, in part."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).resolve().parents[3] / "benchmarks" / "gate_trials.py"


@pytest.fixture(scope="module")
def made() -> ModuleType:
    """The benchmark as a module."""
    spec = importlib.util.spec_from_file_location("gate_trials", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["gate_trials"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_false_alarms_and_misses_are_rare(made: ModuleType) -> None:
    """At most one in twenty of either, at any noise, order and number of runs."""
    for one in made.trials((0.0, 0.01, 0.03)):
        what = (one.noise, one.order, one.runs)
        assert one.false_alarms <= 0.05, what
        assert one.missed <= 0.05, what
        if one.stated and one.order == "ABAB":
            assert one.found >= 0.92, what


def test_the_bounds_of_single_captures_hold(made: ModuleType) -> None:
    """10 % up to a noise of 3.5 %, 30 % up to one of 10 %: one in twenty beyond."""
    beyond = {noise: (locked, free) for noise, locked, free in made.singles((0.035, 0.1))}
    assert beyond[0.035][0] <= 0.055
    assert beyond[0.1][1] <= 0.055
