"""What the worker makes of NVIDIA's objects, on stand-ins for what no report at hand holds."""

from __future__ import annotations

import json
from array import array
from dataclasses import dataclass, field
from typing import Any

import pytest

from ncutool_parsers import ncu_worker

DOUBLE, UNSIGNED, TEXT, UNKNOWN = 4, 6, 2, 0


@dataclass
class Metric:
    """An ``ncu_report.IMetric``."""

    held: Any
    type: int = DOUBLE
    named: str = ""

    def kind(self) -> int:
        """Kind of the value."""
        return self.type

    def as_double(self) -> float:
        """The value; 0.0 where there is none, as NVIDIA's does."""
        return 0.0 if self.type == UNKNOWN else float(self.held)

    def as_string(self) -> str:
        """The value as text."""
        return str(self.held)

    def unit(self) -> str:
        """NVIDIA's unit."""
        return self.named


@dataclass
class Action:
    """An ``ncu_report.IAction``."""

    metrics: dict[str, Metric]
    workload: int = 0
    rules: list[Any] = field(default_factory=list)

    def metric_names(self) -> tuple[str, ...]:
        """Names of all metrics."""
        return tuple(self.metrics)

    def metric_by_name(self, name: str) -> Metric:
        """One metric."""
        return self.metrics[name]

    def workload_type(self) -> int:
        """Kernel, range, command list, graph."""
        return self.workload

    def name(self, base: int) -> str:
        """Function, demangled, mangled."""
        return ("f", "f()", "_Zf")[base]

    def nvtx_state(self) -> None:
        """No NVTX here."""

    def rule_results(self) -> list[Any]:
        """Results of NVIDIA's rules."""
        return self.rules


def run(action: Action, pattern: str | None = None) -> tuple[dict[str, Any], dict[str, float]]:
    """The facts and the metrics of one action."""
    frames: dict[bytes, bytes] = {}
    ncu_worker.Collector(pattern, frames.__setitem__).action(action, 0)
    ids, values = array("i", frames[b"i"]), array("d", frames[b"v"])
    names = json.loads(frames.get(b"n", b"[]"))
    named = {names[identity]: value for identity, value in zip(ids, values, strict=True)}
    return json.loads(frames[b"a"]), named


def test_metric_without_a_value() -> None:
    """A metric that has no value gives no row, although NVIDIA's as_double() says 0.0."""
    time = Metric(5, UNSIGNED)
    _, metrics = run(Action({"gpu__time_duration.sum": time, "x.sum": Metric(None, UNKNOWN)}))
    assert metrics == {"gpu__time_duration.sum": 5.0}


@pytest.mark.parametrize("workload", [0, 1, 2, 3, 4])
def test_workload(workload: int) -> None:
    """Graphs and ranges keep NVIDIA's number; the tables name them."""
    facts, _ = run(Action({"x.sum": Metric(1)}, workload))
    assert facts["workload"] == workload


@pytest.mark.parametrize(
    ("metrics", "usable"),
    [
        ({"gpu__time_duration.sum": Metric(1.0)}, True),
        ({"gpu__time_duration.sum": Metric(float("nan")), "dram__bytes.sum": Metric(0.0)}, False),
        ({"smsp__inst_executed.sum": Metric(3)}, True),
        ({"smsp__inst_executed.sum": Metric(float("nan")), "launch__grid_size": Metric(1)}, False),
        ({"dram__bytes.sum.peak_sustained": Metric(0.0), "nvlink__max_count": Metric(1)}, False),
        ({}, False),
    ],
)
def test_usable(metrics: dict[str, Metric], usable: bool) -> None:
    """A launch is usable if its time, or else some counter, is a number; peaks do not count."""
    assert run(Action(metrics))[0]["usable"] is usable


@pytest.mark.parametrize(
    ("unit", "nanoseconds"), [("", 5.0), ("nsecond", 5.0), ("usecond", 5000.0), ("hour", None)]
)
def test_old_durations(unit: str, nanoseconds: float | None) -> None:
    """The oldest reports' duration in ns, or nothing where its unit is not known."""
    assert run(Action({"gpu__time_duration": Metric(5, named=unit)}))[0]["duration"] == nanoseconds


def test_pattern_matches_whole_names() -> None:
    """Only metrics whose whole name matches are emitted; identity facts always are."""
    held = {name: Metric(1) for name in ("a.sum", "a.sum.per_second", "launch__stream_id")}
    facts, metrics = run(Action(held), r"a\.sum")
    assert metrics == {"a.sum": 1.0}
    assert facts["facts"] == {"launch__stream_id": 1.0}


def test_unpaired_surrogates() -> None:
    """Names that are no Unicode are kept readable rather than breaking the protocol."""
    action = Action({"x.sum": Metric(1), "t": Metric("\udc80bad", TEXT)})
    assert run(action)[0]["texts"] == {"t": "?bad"}
