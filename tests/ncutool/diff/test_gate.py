"""A line to hold: passed, broken or not to be decided."""

from __future__ import annotations

import pytest
from diff_factory import kernel, report, set_otherwise, side, trace

from ncutool import diff
from ncutool.diff.gate import Rules, check, parse_percent, rules_of
from ncutool_parsers.errors import UsageError

STEADY = (1_000_000, 1_001_000, 999_000, 1_000_500, 999_500)


def runs(factor: float, name: str = "work") -> list[diff.Run]:
    """Five reports whose kernel takes so much longer."""
    return [report([kernel(name, round(ns * factor), roofline_pct=70.0)]) for ns in STEADY]


def outcome(factor: float, **rules: float | str) -> str:
    """What a gate says of a kernel that takes so much longer."""
    answer = diff.compare(side(*runs(1)), side(*runs(factor)), order="AB" * 5)
    return check(answer, Rules(**rules)).outcome  # type: ignore[arg-type]  # each has its type


def test_fail_over_is_held_by_the_whole_interval() -> None:
    """Wholly above: regression. Wholly below: pass. Across: inconclusive."""
    assert outcome(1.10, fail_over=3) == "regression"
    assert outcome(1.00, fail_over=3) == "pass"
    assert outcome(0.90, fail_over=3) == "pass"
    assert outcome(1.03, fail_over=3) == "inconclusive"


def test_exit_codes_are_3_and_4() -> None:
    """As the command exits."""
    answer = diff.compare(side(*runs(1)), side(*runs(1.1)), order="AB" * 5)
    assert check(answer, Rules(fail_over=3)).exit_code == 3
    single = diff.compare(side(runs(1)[0]), side(runs(1.05)[0]))
    assert check(single, Rules(fail_over=3)).exit_code == 4
    assert check(single, Rules(fail_over=20)).exit_code == 0


def test_a_pattern_holds_its_kernels_alone() -> None:
    """The whole hides what one kernel lost."""

    def two(factor: float) -> list[diff.Run]:
        return [
            report([kernel("big", ns * 50), kernel("small", round(ns * factor))]) for ns in STEADY
        ]

    answer = diff.compare(side(*two(1)), side(*two(1.2)), order="AB" * 5)
    assert check(answer, Rules(fail_over=3)).outcome == "pass"
    assert check(answer, Rules(fail_over=3, kernel="^small$")).outcome == "regression"
    assert check(answer, Rules(fail_over=3, kernel="nothing")).outcome == "inconclusive"


def test_a_share_of_the_roof_is_held() -> None:
    """The worst kernel is named."""
    assert outcome(1.0, min_roofline=60) == "pass"
    assert outcome(1.0, min_roofline=80) == "regression"
    bare = side(report([kernel("k")]))
    assert check(diff.compare(bare, bare), Rules(min_roofline=60)).outcome == "inconclusive"


def test_idle_time_is_held() -> None:
    """Of the wall time after; a report has none to hold."""
    busy, idle = (trace([kernel("k", 90_000)], idle_ns=ns) for ns in (10_000, 90_000))
    answer = diff.compare(side(busy), side(idle))
    assert check(answer, Rules(max_idle=60)).outcome == "pass"
    gate = check(answer, Rules(max_idle=10))
    assert (gate.outcome, gate.checks[0].said) == (
        "regression",
        "idle 50.0 % of the wall time after",
    )
    bare = side(report([kernel("k")]))
    assert check(diff.compare(bare, bare), Rules(max_idle=10)).outcome == "inconclusive"


def test_of_unlike_captures_nothing_is_decided() -> None:
    """A device that was slowed down by stacks breaks no rule and passes none."""
    slow = set_otherwise(trace([kernel("k", 900_000)]), stacks=True)
    answer = diff.compare(side(trace([kernel("k")])), side(slow))
    gate = check(answer, Rules(fail_over=3))
    assert (gate.outcome, gate.exit_code) == ("inconclusive", 4)
    assert gate.checks[0].said == "not comparable: Python stacks recorded: no → yes"


def test_rules_are_read_from_a_table() -> None:
    """As ncutool.toml has them; a wrong name is said."""
    table = {"fail-over": "3%", "kernel": "gemm", "max-idle": 10}
    assert rules_of(table, "ncutool.toml") == Rules(3.0, "gemm", None, 10.0)
    with pytest.raises(UsageError, match="no rule 'fail_over'"):
        rules_of({"fail_over": "3%"}, "ncutool.toml")


@pytest.mark.parametrize("text", ["3%", "3 %", "3", " 3.0% "])
def test_percentages_are_read(text: str) -> None:
    """With or without the sign."""
    assert parse_percent(text, "--fail-over") == 3.0


@pytest.mark.parametrize("text", ["", "three", "-3%", "3%%", "1e3"])
def test_what_is_no_percentage_is_refused(text: str) -> None:
    """The message says what is taken."""
    with pytest.raises(UsageError, match="takes a percentage such as 3%"):
        parse_percent(text, "--fail-over")
