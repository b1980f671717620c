"""A cause that is planted in a made report is found first, and not where it is not planted."""

from __future__ import annotations

from pathlib import Path

import pytest
from planted_launches import EXCESS, PLANTED, SECTORS, STALLS, analysed, launch, limits, stalled

import report_writer
from ncutool.analysis.analyse import Analysis


def told(analysis: Analysis) -> str:
    finding = analysis.findings[0]
    return " ".join((finding.title, *finding.evidence, finding.remedy))


def test_nothing_is_found_in_a_healthy_launch(tmp_path: Path) -> None:
    advice = analysed(tmp_path, launch()).advice
    assert (advice.findings, advice.answer) == ((), "nothing_worth_doing")


@pytest.mark.parametrize("rule", PLANTED)
def test_a_planted_cause_is_found_first(rule: str, tmp_path: Path) -> None:
    made, words = PLANTED[rule]
    analysis = analysed(tmp_path, made)
    assert analysis.findings[0].rule == rule
    assert words.lower() in told(analysis).lower()
    assert 0 < analysis.findings[0].saving_high_pct <= 100


@pytest.mark.parametrize("rule", PLANTED)
def test_without_its_cause_it_is_gone(rule: str, tmp_path: Path) -> None:
    """The same limits of the launch, nothing else of what was planted."""
    made, _ = PLANTED[rule]
    kept = {name: value for name, value in made.metrics.items() if "throughput" in name}
    cured = launch({**kept, "launch__waves_per_multiprocessor": 100.0})
    assert rule not in [finding.rule for finding in analysed(tmp_path, cured).findings]


@pytest.mark.parametrize("reason", STALLS)
def test_what_warps_wait_for_is_named(reason: str, tmp_path: Path) -> None:
    analysis = analysed(tmp_path, launch(stalled(reason)))
    assert analysis.findings[0].rule == "tune-stalls"
    assert STALLS[reason] in analysis.findings[0].title
    assert "70.0 % of the time between two instructions" in told(analysis)


@pytest.mark.parametrize(
    ("capability", "words"), [((7, 0), "no asynchronous copies"), ((8, 6), "with cp.async"),
                              ((9, 0), "with TMA")],
)  # fmt: skip
def test_the_remedy_fits_the_architecture(
    capability: tuple[int, int], words: str, tmp_path: Path
) -> None:
    device = report_writer.device_attributes("GPU", capability)
    analysis = analysed(tmp_path, launch({**stalled("long_scoreboard"), **device}))
    assert words in analysis.findings[0].remedy


@pytest.mark.parametrize(
    ("changes", "what", "why"),
    [
        ({"smsp__issue_active.avg.per_cycle_active": 0.85}, "Shorten what the warps of stencil",
         "schedulers issue in 85.0 % of the cycles"),
        ({"smsp__issue_active.avg.per_cycle_active": 0.65,
          "smsp__warps_eligible.avg.per_cycle_active": 2.5}, "Shorten what the warps of stencil",
         "2.50 warps could issue"),
        ({**limits(20.0, 90.0)}, "Shorten what the warps of stencil", "memory 90.0 %"),
        ({**limits(20.0, 90.0), "sm__maximum_warps_per_active_cycle_pct": 25.0},
         "Raise the occupancy of stencil", "these warps suffice"),
    ],
)  # fmt: skip
def test_what_the_numbers_speak_against_is_declined(
    changes: dict[str, report_writer.MetricValue], what: str, why: str, tmp_path: Path
) -> None:
    advice = analysed(tmp_path, launch({**stalled("barrier"), **changes})).advice
    assert any(one.what.startswith(what) and why in one.why for one in advice.declined)
    assert "tune-stalls" not in [finding.rule for finding in advice.findings]


def test_a_launch_full_of_spills_is_not_told_to_coalesce(tmp_path: Path) -> None:
    local = {SECTORS.format("local", kind): 9_000_000.0 for kind in ("ld", "st")}
    found = analysed(tmp_path, launch({EXCESS: 900_000.0, **local})).findings
    assert [finding.rule for finding in found] == ["tune-spills"]
