"""NVIDIA's verdicts: thresholds and estimates at and around their edges."""

from __future__ import annotations

from typing import Any

import pytest

from ncutool.work import counters, nvidia_rules


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
    found = nvidia_rules.launch_rule(blocks, 108, waves, theoretical, achieved, (2024, 1))
    if rule is None:
        assert found is None
    else:
        assert found is not None
        assert found.title == rule[0]
        assert found.speedup_pct == pytest.approx(rule[1])


@pytest.mark.parametrize(
    ("version", "achieved", "printed"),
    [
        ("2021.2.2.0", 85.0, False),
        ("2024.1.1.0", 85.0, False),
        ("2024.1.1.0", 79.0, True),
        ("2024.2.0.0", 79.0, False),
        ("2024.3.2.0", 10.0, False),
        ("2025.1.0.0", 85.0, True),
        ("2025.4.0.0", 90.3, True),
        ("2026.1.0.0", None, True),
        (None, 10.0, False),
        ("unknown", 10.0, False),
    ],
)
def test_tail_effect_by_version(version: str | None, achieved: float, printed: bool) -> None:
    """The condition on occupancy fell between 2024.1 and 2025.1; in between nobody knows."""
    known = nvidia_rules.version_of(version)
    found = nvidia_rules.launch_rule(1000, 108, 1.25, 100.0, achieved, known)
    assert found == (("Tail Effect", 50.0) if printed else None)


@pytest.mark.parametrize(
    ("waves", "pct"),
    [(32 / 27, 40.7), (4 / 3, 33.3), (289 / 108, 10.8), (3.0, 0.0), (0.25, 75.0), (None, None)],
)
def test_a_partial_wave_costs_at_most_its_idle_part(waves: float | None, pct: float | None) -> None:
    """Waves of equal blocks: 1.19 of them take as long as 2 and could take as long as 1.19."""
    cap = nvidia_rules.tail_cap_pct(waves)
    assert cap == (None if pct is None else pytest.approx(pct, abs=0.05))


def message(title: str, pct: float | None = None, rule: str = "LaunchConfiguration") -> Any:
    """One message of a report's rules."""
    return {"rule": rule, "title": title, "speedup_pct": pct, "speedup_kind": "global"}


@pytest.mark.parametrize(
    ("messages", "printed"),
    [
        ([message("Tail Effect", 33.3)], ("Tail Effect", 33.3)),
        ([message("Small Grid"), message("Tail Effect", 50.0)], ("Tail Effect", 50.0)),
        ([message("Small Grid")], ("Small Grid", None)),
        ([message("Tail Effect", 0.0)], ("Tail Effect", 0.0)),
        ([message("Block Size")], None),
        ([message("Tail Effect", rule="SOLBottleneck")], None),
        ([], None),
    ],
)
def test_printed_rule(messages: list[Any], printed: tuple[str, float | None] | None) -> None:
    """What a report printed of the grid, by rule and title; the sentence is not read."""
    assert nvidia_rules.printed_rule(messages) == printed


@pytest.mark.parametrize(
    ("printed", "version", "rule"),
    [
        (None, (2025, 1), ("Tail Effect", 50.0)),
        (None, (2024, 3), (None, None)),
        (("Tail Effect", 48.0), (2024, 3), ("Tail Effect", 48.0)),
        (("Tail Effect", 0.0), (2025, 1), ("Tail Effect", 0.0)),
        (("Tail Effect", None), (2025, 1), ("Tail Effect", 50.0)),
        (("Tail Effect", None), (2024, 3), ("Tail Effect", None)),
        (("Small Grid", None), (2025, 1), ("Small Grid", None)),
    ],
)
def test_what_was_printed_goes_first(
    printed: tuple[str, float | None] | None,
    version: tuple[int, int],
    rule: tuple[str | None, float | None],
) -> None:
    """A printed title and estimate win, a printed 0 % too; the formula fills what was not."""
    metrics = {
        "gpu__time_duration.sum": 1e6,
        "launch__waves_per_multiprocessor": 1.25,
        "launch__grid_size": 1000.0,
        "device__attribute_multiprocessor_count": 108.0,
    }
    shown = None if printed is None else nvidia_rules.LaunchRule(*printed)
    row = counters.launch_work(metrics, "8.0", None, "k", version=version, printed=shown)
    assert (row["launch_rule"], row["launch_rule_speedup_pct"]) == rule
