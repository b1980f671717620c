"""Whether a change is real: intervals, verdicts, the power, and what a single capture allows."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from diff_factory import kernel, report, side, trace
from hypothesis import given
from hypothesis import strategies as st

from ncutool import diff, load
from ncutool.diff.noise import Runs, change, runs_for, shows
from ncutool.diff.quantiles import student_t
from ncutool.diff.verdict import judge
from ncutool.diff.wording import headline


@pytest.mark.parametrize(
    ("probability", "freedom", "value"),
    [(0.975, 1, 12.7062), (0.975, 2, 4.30265), (0.95, 10, 1.81246), (0.9995, 4, 8.61030)],
)
def test_students_t_is_that_of_the_tables(probability: float, freedom: int, value: float) -> None:
    """Quantiles as printed in tables."""
    assert student_t(probability, freedom) == pytest.approx(value, rel=1e-5)


def test_equal_runs_have_an_interval_of_one_point() -> None:
    """Nothing varies, so that nothing is unsure."""
    found = change(Runs((100.0,) * 3, (110.0,) * 3))
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert (found.middle, found.low, found.high) == pytest.approx((0.1, 0.1, 0.1))


def test_the_same_runs_give_the_same_interval() -> None:
    """The bootstrap is seeded."""
    runs = Runs((100.0, 103.0, 99.0, 101.0), (111.0, 108.0, 110.0, 112.0))
    assert change(runs) == change(runs)


def test_drift_in_turn_is_no_change() -> None:
    """A device that gets slower by 1 % each run, measured in turn."""
    times = [100.0 * 1.01**at for at in range(10)]
    runs = Runs(tuple(times[::2]), tuple(times[1::2]), (0, 2, 4, 6, 8, 1, 3, 5, 7, 9))
    found = change(runs)
    assert found is not None
    assert found.low == pytest.approx(0.0, abs=1e-9)
    assert found.middle == pytest.approx(0.01)


def test_one_side_after_the_other_is_less_sure() -> None:
    """The same times: where drift cannot be told from the change the interval is wider."""
    chance = random.Random(7)
    before, after = (tuple(100 * chance.gauss(1, 0.01) for _ in range(5)) for _ in range(2))
    turn = change(Runs(before, after, (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))
    block = change(Runs(before, after))
    assert turn is not None
    assert block is not None
    assert turn.low is not None
    assert turn.high is not None
    assert block.low is not None
    assert block.high is not None
    assert block.high - block.low > 1.3 * (turn.high - turn.low)


def test_many_changes_together_need_more() -> None:
    """Fifty kernels judged together: each interval is wider."""
    runs = Runs((100.0, 103.0, 99.0, 101.0, 100.0), (102.0, 101.0, 104.0, 103.0, 102.0))
    one, fifty = change(runs), change(runs, 50)
    assert one is not None
    assert fifty is not None
    assert one.low is not None
    assert fifty.low is not None
    assert fifty.low < one.low


@given(st.lists(st.floats(1e3, 1e9), min_size=3, max_size=8), st.floats(0.5, 2))
def test_the_middle_is_in_no_interval_of_nonsense(times: list[float], factor: float) -> None:
    """Whatever the runs, low <= high and both are numbers."""
    found = change(Runs(tuple(times), tuple(time * factor for time in times)))
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert -1 <= found.low <= found.high


def test_power_is_told_by_runs() -> None:
    """At 1 % from run to run three runs a side show 10 %, and 3 % needs more."""
    assert shows(0.01, 3) == pytest.approx(0.058, abs=0.001)
    assert runs_for(0.01, 0.10) == 3
    assert runs_for(0.01, 0.03) == 6
    assert runs_for(0.10, 0.03) is None


def _single(before: float, after: float, *, locked: bool) -> str:
    return judge(Runs((before,), (after,)), locked=locked).verdict


def test_a_single_capture_tells_only_what_is_past_the_bound() -> None:
    """10 % at locked clocks, 30 % at free ones; below it nothing is said."""
    assert _single(1e6, 1.09e6, locked=True) == "inconclusive"
    assert _single(1e6, 1.11e6, locked=True) == "slower"
    assert _single(1e6, 0.89e6, locked=True) == "faster"
    assert _single(1e6, 1.29e6, locked=False) == "inconclusive"
    assert _single(1e6, 1.31e6, locked=False) == "slower"


def test_below_five_microseconds_nothing_is_slower() -> None:
    """However large the share, and however many runs."""
    found = judge(Runs((4_000.0,), (8_000.0,)), locked=True)
    assert (found.verdict, found.why) == ("inconclusive", "4.00 µs is below the 5.00 µs bound")
    often = judge(Runs((4_000.0,) * 5, (8_000.0,) * 5), locked=True)
    assert often.verdict == "inconclusive"


def test_repeats_tell_small_changes() -> None:
    """2 % with a spread of 0.1 %: slower; within 1 %: the same."""
    steady = (100_000.0, 100_100.0, 99_900.0, 100_050.0, 99_950.0)
    slower = tuple(time * 1.10 for time in steady)
    assert judge(Runs(steady, slower), locked=False).verdict == "slower"
    assert judge(Runs(slower, steady), locked=False).verdict == "faster"
    assert judge(Runs(steady, steady[::-1]), locked=False).verdict == "same"


def test_a_slower_clock_is_no_slower_kernel() -> None:
    """The time grew by 20 %, the cycles did not: the clock did it."""
    found = judge(Runs((1e6,), (1.2e6,)), locked=True, cycles=Runs((1e6,), (1.0e6,)))
    assert found.verdict == "inconclusive"
    assert found.why == "0.0 % in cycles: the clock changed, the kernel not surely"


def test_a_capture_against_itself_is_the_same_recording() -> None:
    """Also with its launches in another order: 0 changes."""
    rows = [kernel(f"k{at}", 50_000 + at) for at in range(4)]
    answer = diff.compare(side(report(rows)), side(report(rows[::-1])))
    assert headline(answer) == "same: one recording, 0 changes"
    assert {row.judgement.verdict for row in answer.rows if row.judgement} == {"same"}
    assert all(row.delta_ns == 0 for row in answer.rows)


def test_repeats_are_matched_launch_by_launch() -> None:
    """Five runs a side, told to have been made in turn: the slower kernel is named."""
    chance = random.Random(3)

    def runs(factor: float) -> list[diff.Run]:
        return [
            report([
                kernel("steady", round(1_000_000 * chance.gauss(1, 0.002))),
                kernel("work", round(2_000_000 * factor * chance.gauss(1, 0.002))),
            ])
            for _ in range(5)
        ]  # fmt: skip

    answer = diff.compare(side(*runs(1.0)), side(*runs(1.08)), order="AB" * 5)
    assert {row.name: row.judgement.verdict for row in answer.rows if row.judgement} == {
        "work": "slower", "steady": "same",
    }  # fmt: skip
    assert answer.whole.judgement is not None
    assert answer.whole.judgement.verdict == "slower"
    assert answer.order_how == "ABABABABAB, as given"


def test_traces_tell_their_order_by_their_clocks() -> None:
    """Runs that know when they were made need no --order."""
    runs = [trace([kernel("k", 1_000_000, stream=7)], started_ns=10**18 + at) for at in range(4)]
    answer = diff.compare(side(runs[0], runs[2]), side(runs[1], runs[3]))
    assert answer.order_how == "ABAB, by the captures' clocks"
    assert answer.order == (0, 2, 1, 3)


def test_miniweather_before_and_after(corpus: Path) -> None:
    """The numbers of the pair: half the FLOP, 17.7 % less time, one kernel faster."""
    paths = [corpus / "ncu" / f"v100-miniweather-{when}.ncu-rep" for when in ("before", "after")]
    answer = diff.compare(*(diff.side_of([load(path)]) for path in paths))
    assert headline(answer) == (
        "Half the FLOP on the same grids, and 17.7 % less time: 15.46 → 12.72 ms"
    )
    rows = [
        (
            row.name.removesuffix("_gpu"),
            round(100 * (row.delta_share or 0), 1),
            round(100 * (row.moved("cycles") or 0), 1),
            round(row.before.roofline_pct or 0, 1),
            round(row.after.roofline_pct or 0, 1),
            row.judgement.verdict if row.judgement else None,
        )
        for row in answer.rows
    ]
    assert rows == [
        ("set_halo_values_x_396", 12.4, 1.7, 25.4, 25.0, "inconclusive"),
        ("set_halo_values_x_419", 6.8, -3.2, 22.3, 26.4, "inconclusive"),
        ("compute_tendencies_x_309", 0.0, -1.4, 74.0, 75.1, "inconclusive"),
        ("semi_discrete_step_232", -0.6, -0.2, 74.4, 74.6, "inconclusive"),
        ("compute_tendencies_x_279", -43.8, -43.8, 55.5, 80.7, "faster"),
    ]
    assert (answer.rows[-1].before.bound, answer.rows[-1].after.bound) == ("compute", "memory")
    states = {(one.rule, one.state) for one in answer.findings}
    assert ("precision-fp64", "no_longer_raised") in states
    assert ("fuse-neighbours", "grew") in states


def test_a_real_trace_against_itself(corpus: Path) -> None:
    """1,707 launches, 0 changes."""
    one = diff.side_of([load(corpus / "torch" / "h100-qwen1.5-0.5b-prefill.json.gz")])
    answer = diff.compare(one, one)
    assert headline(answer) == "same: one recording, 0 changes"
    assert answer.work.state == "same"
