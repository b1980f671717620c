"""NVIDIA's verdicts: thresholds and estimates at and around their edges."""

from __future__ import annotations

import pytest

from ncutool.work import nvidia_rules


@pytest.mark.parametrize(
    ("sm", "memory", "waves", "title"),
    [
        (80.0, 10.0, 9.0, "High Throughput"),
        (10.0, 80.0, 9.0, "High Throughput"),
        (79.99, 79.99, 9.0, "Balanced Throughput"),
        (75.0, 65.0, 9.0, "High Compute Throughput"),
        (65.0, 75.0, 9.0, "High Memory Throughput"),
        (75.0, 65.01, 9.0, "Balanced Throughput"),
        (60.0, 10.0, 0.5, "High Compute Throughput"),
        (59.99, 59.99, 1.0, "Latency Issue"),
        (59.99, 59.99, 0.99, "Small Grid"),
        (59.99, 59.99, None, None),
        (None, 90.0, 9.0, None),
        (90.0, None, 9.0, None),
    ],
)
def test_sol_class(
    sm: float | None, memory: float | None, waves: float | None, title: str | None
) -> None:
    """The bottleneck title at its thresholds: 80, 60, 10 points, one wave."""
    assert nvidia_rules.sol_class(sm, memory, waves) == title


@pytest.mark.parametrize(
    ("blocks", "waves", "theoretical", "achieved", "rule"),
    [
        (27, 0.25, 100.0, 90.0, ("Small Grid", 75.0)),
        (107, 0.9, 100.0, 90.0, ("Small Grid", 100 / 108)),
        (108, 1.0, 100.0, 50.0, ("Small Grid", None)),
        (215, 0.5, 100.0, 90.0, ("Small Grid", None)),
        (216, 1.0, 100.0, 50.0, None),
        (1000, 1.25, 100.0, 80.0, ("Tail Effect", 50.0)),
        (1000, 1.25, 100.0, 80.1, None),
        (1000, 2.5, 75.0, 57.7, ("Tail Effect", 100 / 3)),
        (1000, 4.5, 100.0, 50.0, ("Tail Effect", 20.0)),
        (1000, 5.5, 100.0, 50.0, None),
        (1000, 3.0, 100.0, 50.0, None),
        (1000, 1.25, None, 50.0, None),
        (None, 1.25, 100.0, 50.0, ("Tail Effect", 50.0)),
        (None, None, None, None, None),
    ],
)
def test_launch_rule(
    blocks: float | None,
    waves: float | None,
    theoretical: float | None,
    achieved: float | None,
    rule: tuple[str, float | None] | None,
) -> None:
    """Small grids by blocks per multiprocessor (108 here); tails by share and occupancy gap."""
    found = nvidia_rules.launch_rule(blocks, 108, waves, theoretical, achieved)
    if rule is None:
        assert found is None
    else:
        assert found is not None
        assert found.title == rule[0]
        assert found.speedup_pct == pytest.approx(rule[1])
