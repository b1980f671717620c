"""The ledger and the ranking: nothing is paid twice, nothing depends on the order of rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trace_factory import BF16, H100, Step, Trace, kernels, run, view, window

from ncutool import advice
from ncutool.advice.price import rank
from ncutool.advice.price.outliers import without_outliers
from ncutool.advice.view.finding import Draft, Finding
from ncutool.base.intervals import union
from ncutool_parsers.capture import Capture


def found(capture: Capture) -> tuple[Finding, ...]:
    """Findings of a hand-made capture."""
    return advice.advise(kernels(capture), capture, window(capture), H100).findings


def draft(launches: tuple[int, ...], best: int, worst: int, **more: Any) -> Draft:
    """A draft that changes the durations of its launches to these."""
    fields: dict[str, Any] = {
        "rule": "fuse-chain", "title": "A", "grade": "certain", "launches": launches,
        "best": (best,) * len(launches), "worst": (worst,) * len(launches),
        "evidence": ("Because.",), "remedy": "Do.",
    }  # fmt: skip
    return Draft(**(fields | more))


def busy(count: int = 10) -> Capture:
    """Launches of 100 µs back to back, the host far ahead."""
    trace = Trace()
    for index in range(count):
        trace.kernel(index * 100_000, 100_000, called=(-900_000, -899_000 + index))
    return trace.capture()


def test_a_launch_is_paid_once() -> None:
    """Two findings on the same launches: the second gets what the first leaves."""
    first, second = rank.ranked(
        view(busy()),
        [draft((0, 1), 40_000, 60_000), draft((1, 2), 20_000, 90_000, title="B", grade="likely")],
    ).findings
    assert (first.saving_low_ns, first.saving_high_ns) == (80_000, 120_000)
    assert second.saving_high_ns == 20_000 + 80_000
    assert second.saving_low_ns == 10_000
    assert (first.overlaps, second.overlaps) == (("fuse-2",), ("fuse-1",))
    assert any("already counted in fuse-1" in sentence for sentence in second.evidence)


def test_a_saving_of_a_row_is_not_of_the_window() -> None:
    """It is priced on what those before it leave, takes nothing from those after it, and is no
    part of the sums."""
    drafts = [
        draft((0, 1), 20_000, 100_000, title="Rows", rule="batch-few-rows"),
        draft((1, 2), 50_000, 60_000, title="Window"),
        draft((0,), 90_000, 90_000, title="Also", grade="possible"),
    ]
    advice = rank.ranked(view(busy()), drafts)
    assert [
        (one.title, one.per, one.saving_low_ns, one.saving_high_ns, one.alone_high_ns)
        for one in advice.findings
    ] == [
        ("Window", "window", 80_000, 100_000, 100_000),
        ("Rows", "row", 0, 80_000 + 30_000, 160_000),
        ("Also", "window", 0, 10_000, 10_000),
    ]  # fmt: skip
    assert (advice.all_low_ns, advice.all_high_ns) == (80_000, 110_000)
    rows = advice.findings[1]
    assert rows.overlaps == ("fuse-1", "fuse-2")
    assert any("50.0 µs is already counted in fuse-1" in line for line in rows.evidence)
    assert not any("counted" in line for line in advice.findings[2].evidence)
    assert not any("host no longer limits" in line for line in rows.evidence)


def test_a_small_saving_of_a_sample_is_no_part_of_the_small_things() -> None:
    """1,000 ns of a window of 1 ms, below the threshold: only that of the window is summed."""
    drafts = [
        draft((0,), 99_000, 100_000, rule="batch-host-bound"),
        draft((1,), 98_000, 100_000, title="B"),
    ]
    advice = rank.ranked(view(busy()), drafts)
    assert (advice.findings, advice.small, advice.small_high_ns) == ((), 1, 2_000)


def test_a_kind_outside_the_schema_cannot_be_built() -> None:
    """The published schema lists the kinds: another would break whoever reads by it."""
    (known,) = rank.ranked(view(busy()), [draft((0, 1), 40_000, 60_000)]).findings
    with pytest.raises(ValueError, match="'fusion' is no kind of finding: fuse, batch"):
        replace(known, kind="fusion")  # type: ignore[arg-type]  # mypy refuses it too
    with pytest.raises(KeyError, match="fuse-all"):
        draft((0, 1), 40_000, 60_000, rule="fuse-all")


def test_what_surely_saves_more_is_applied_first() -> None:
    """The larger low end is paid first, and of equals the surer grade."""
    likely = draft((0,), 0, 0, grade="likely", title="B")
    findings = rank.ranked(view(busy()), [draft((0,), 50_000, 50_000), likely]).findings
    assert [(one.title, one.saving_low_ns, one.alone_low_ns) for one in findings] == [
        ("B", 100_000, 100_000), ("A", 0, 50_000),
    ]  # fmt: skip
    equal = replace(likely, best=(50_000,), worst=(50_000,))
    findings = rank.ranked(view(busy()), [equal, draft((0,), 50_000, 50_000)]).findings
    assert [one.title for one in findings] == ["A", "B"]


def test_a_wait_of_the_host_is_claimed_once_and_by_cause() -> None:
    """Idle time before a launch goes to whoever names its cause; what stays at worst stays."""
    trace = Trace()
    trace.kernel(0, 100_000, called=(-9_000, -8_000))
    trace.call("hipMalloc", 110_000, 590_000)
    trace.kernel(600_000, 100_000, called=(590_000, 599_000))
    wait = draft((), 0, 0, waits=(1,), wait_causes=("allocator",), wait_kept_share=0.5,
                 rule="allocator-every-step")  # fmt: skip
    (finding,) = rank.ranked(view(trace.capture()), [wait]).findings
    assert (finding.saving_low_ns, finding.saving_high_ns) == (240_000, 480_000)
    other = replace(wait, wait_causes=("input_pipeline",))
    assert rank.ranked(view(trace.capture()), [other]).findings == ()
    first, second = rank.ranked(view(trace.capture()), [wait, replace(wait, title="B")]).findings
    assert (first.saving_high_ns, second.saving_high_ns) == (480_000, 0)
    assert second.alone_high_ns == 480_000


def test_communication_and_copies_count_with_what_they_expose() -> None:
    """A collective pays only where nothing else runs, a copy only where no kernel does."""
    trace = Trace()
    trace.kernel(0, 100_000, stream=1)
    trace.kernel(20_000, 200_000, stream=2, kernel_full="ncclDevKernel_AllReduce_Sum_bf16_RING_LL")
    trace.kernel(150_000, 100_000, stream=1)
    context = view(trace.capture())
    (nccl,) = rank.ranked(context, [draft((1,), 0, 0, rule="communication-exposed")]).findings
    assert nccl.alone_high_ns == 50_000
    both = rank.ranked(context, [draft((0, 2), 0, 0), draft((1,), 0, 0, title="B")]).findings
    assert [one.saving_high_ns for one in both] == [200_000, 50_000]


def test_a_possible_finding_saves_nothing_for_sure() -> None:
    """Its low end is 0."""
    (finding,) = rank.ranked(view(busy()), [draft((0,), 0, 0, grade="possible")]).findings
    assert (finding.saving_low_ns, finding.saving_high_ns) == (0, 100_000)


def test_small_findings_are_counted_not_listed() -> None:
    """Below half a per cent of the window a finding is only counted."""
    small = draft((1,), 96_000, 96_000, title="B")
    advised = rank.ranked(view(busy()), [draft((0,), 0, 0), small])
    assert [one.title for one in advised.findings] == ["A"]
    assert (advised.small, advised.small_high_ns) == (1, 4_000)


def test_all_together_is_a_replay_too() -> None:
    """What all findings save at least is the window less the replay of all their worst cases."""
    advised = rank.ranked(
        view(busy()), [draft((0, 1), 40_000, 60_000), draft((1, 2), 20_000, 90_000, title="B")]
    )
    assert (advised.all_low_ns, advised.all_high_ns) == (90_000, 220_000)


def test_a_launch_beside_another_saves_only_what_shows() -> None:
    """Of two launches side by side the later one counts with what sticks out."""
    trace = Trace()
    trace.kernel(0, 100_000, stream=1)
    trace.kernel(20_000, 100_000, stream=2)
    (finding,) = rank.ranked(view(trace.capture()), [draft((1,), 0, 0)]).findings
    assert finding.saving_high_ns == 20_000


def test_a_sure_per_cent_does_not_hide_a_likely_half() -> None:
    """Low ends within 1 % of the window rank by what they may save, whatever their grade."""
    findings = rank.ranked(
        view(busy()),
        [
            draft((0,), 92_000, 92_000, title="sure"),
            draft((1, 2, 3, 4, 5), 0, 100_000, title="large", grade="likely"),
            draft((6, 7, 8, 9), 0, 100_000, title="maybe", grade="possible"),
            draft((6,), 85_000, 85_000, title="surer"),
        ],
    ).findings
    assert [one.title for one in findings] == ["surer", "large", "maybe", "sure"]


def test_ids_follow_the_order_and_percentages_the_window() -> None:
    """Sorted by low, then high; numbered per kind."""
    findings = rank.ranked(
        view(busy()),
        [
            draft((0,), 90_000, 90_000, title="B"),
            draft((1,), 50_000, 50_000, title="C", rule="batch-small-grid"),
            draft((2,), 20_000, 90_000, title="D"),
        ],
    ).findings
    assert [(one.id, one.title) for one in findings] == [
        ("batch-1", "C"), ("fuse-1", "D"), ("fuse-2", "B"),
    ]  # fmt: skip
    assert [one.saving_high_pct for one in findings] == [5.0, 8.0, 1.0]


def test_kernel_time_saves_nothing_while_the_host_limits() -> None:
    """The low end is the replay, and the evidence says when the high end is reached."""
    trace = Trace()
    for index in range(10):
        start = index * 150_000
        trace.kernel(start, 100_000, called=(start - 2_000, start - 1_000))
    (finding,) = rank.ranked(
        view(trace.capture()), [draft(tuple(range(9)), 10_000, 50_000, grade="likely")]
    ).findings
    assert (finding.saving_low_ns, finding.saving_high_ns) == (0, 9 * 90_000)
    assert "once the host no longer limits" in finding.evidence[-1]


STEPS: tuple[Step, ...] = (
    ("aten::add", [(64, 4096), (64, 4096)], [BF16, BF16], 9_000),
    ("aten::silu", [(64, 4096)], [BF16], 7_000),
    ("aten::mul", [(64, 4096), (64, 4096)], [BF16, BF16], 8_000),
    ("aten::mm", [(64, 4096), (4096, 4096)], [BF16, BF16], 30_000),
    ("aten::native_layer_norm", [(64, 4096), [], (4096,), (4096,), []],
     [BF16, "ScalarList", BF16, BF16, "Scalar"], 8_000),
    ("aten::gelu", [(64, 4096), []], [BF16, ""], 6_000),
    ("aten::bmm", [(8, 64, 64), (8, 64, 64)], [BF16, BF16], 9_000),
    ("aten::_softmax", [(8, 64, 64), [], []], [BF16, "Scalar", "Scalar"], 5_000),
    ("aten::fill_", [(4096,), []], ["float", "Scalar"], 0),
    ("aten::add_", [(4096,), (4096,), []], ["float", "float", "Scalar"], 2_000),
)  # fmt: skip


@st.composite
def captures(draw: st.DrawFn) -> Capture:
    """Random sequences of operators with gaps, on one or two streams."""
    trace = Trace()
    for _ in range(draw(st.integers(1, 6))):
        steps = draw(st.lists(st.sampled_from(STEPS), min_size=1, max_size=8))
        run(steps, trace=trace, gap=draw(st.sampled_from([0, 1_000, 30_000])))
    for row, call in zip(trace.launches, trace.calls, strict=True):
        if draw(st.booleans()):  # called just in time instead of long before
            call["start_ns"], call["end_ns"] = row["start_ns"] - 3_000, row["start_ns"] - 1_000
        if draw(st.integers(0, 9)) == 0:
            row["duration_ns"] = 0
        if draw(st.integers(0, 9)) == 0:
            row["stream"] = 9
    return trace.capture(python_events=draw(st.sampled_from([0, 9])))


@settings(max_examples=60, deadline=None)
@given(captures())
def test_savings_fit_into_the_window(capture: Capture) -> None:
    """0 ≤ low ≤ high, and all high ends together never exceed the window."""
    findings = found(capture)
    wall = window(capture).wall_ns
    for one in findings:
        assert 0 <= one.saving_low_ns <= one.saving_high_ns
        assert 0 <= one.saving_low_pct <= one.saving_high_pct <= 100
        assert one.saving_high_ns <= one.alone_high_ns
    assert sum(one.saving_high_ns for one in findings if one.per == "window") <= wall
    alike = round(wall * rank.ALIKE_PCT / 100)
    for place, before in enumerate(findings):
        for one in findings[place + 1 :]:
            if abs(before.alone_low_ns - one.alone_low_ns) <= alike:
                assert before.alone_high_ns >= one.alone_high_ns


def test_a_sure_per_cent_stands_behind_a_likely_half() -> None:
    """Low ends of 1 % and 0 are alike, so what each may save decides, whatever its grade."""
    drafts = [
        draft((0,), 90_000, 90_000, title="Sure"),
        draft(tuple(range(1, 7)), 10_000, 100_000, title="May", grade="possible"),
    ]
    findings = rank.ranked(view(busy()), drafts).findings
    assert [(one.title, one.alone_low_ns, one.alone_high_ns) for one in findings] == [
        ("May", 0, 540_000), ("Sure", 10_000, 10_000),
    ]  # fmt: skip


def test_low_ends_on_both_sides_of_a_step_are_alike() -> None:
    """4.9 % and 5.1 % differ by less than 1 %: the one that may save more stands first."""
    drafts = [
        draft((0,), 49_000, 49_000, title="A"),
        draft((1, 2), 10_000, 75_500, title="B", grade="likely"),
    ]
    findings = rank.ranked(view(busy()), drafts).findings
    assert [(one.title, one.alone_low_ns) for one in findings] == [("B", 49_000), ("A", 51_000)]


def test_one_slow_launch_among_equals_prices_nothing() -> None:
    """Nine launches of 10 µs and one of 100 ms: the finding saves what ten of 10 µs would."""
    trace = Trace()
    for index in range(10):
        length = 100_000_000 if index == 4 else 10_000
        trace.kernel(index * 200_000_000, length, called=(-900_000, -899_000 + index))
    context = view(trace.capture())
    whole = draft(tuple(range(10)), 4_000, 6_000)
    (cut,) = without_outliers(context.launches, [whole])
    assert cut.best == (4_000,) * 4 + (4_000 + 99_990_000,) + (4_000,) * 5
    assert cut.worst == (6_000,) * 4 + (6_000 + 99_990_000,) + (6_000,) * 5
    assert "1 launch took more than 5 times the median" in cut.evidence[-1]
    (same,) = without_outliers(view(busy()).launches, [whole])
    assert same is whole


@settings(max_examples=60, deadline=None)
@given(captures())
def test_what_no_finding_touches_remains(capture: Capture) -> None:
    """All high ends together take no more than the idle time and the launches they name."""
    findings = found(capture)
    timeline, table = window(capture), kernels(capture)
    named = {launch for one in findings for launch in one.launches}
    touched = table.filter(pl.col("launch_id").is_in(named) & (pl.col("duration_ns") > 0))
    starts = touched["start_ns"].to_numpy()
    busy = union(starts, starts + touched["duration_ns"].to_numpy()).total
    of_window = [one for one in findings if one.per == "window"]
    assert sum(one.saving_high_ns for one in of_window) <= timeline.idle_ns + busy


@settings(max_examples=30, deadline=None)
@given(captures(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(capture: Capture, chance: Any) -> None:
    """Neither of the kernels table nor of the capture's."""
    table = kernels(capture)
    before = advice.advise(table, capture, window(capture), H100)
    order = list(range(table.height))
    chance.shuffle(order)
    shuffled = replace(capture, launches=capture.launches[order])
    assert advice.advise(table[order], shuffled, window(shuffled), H100) == before


def test_without_its_launches_a_finding_is_gone() -> None:
    """Removing the norm's launches removes the advice to fuse it."""
    add_norm: list[Step] = [STEPS[0], STEPS[4]]
    capture = run([STEPS[3], *add_norm, STEPS[3]]).capture()
    title = "Fuse residual add + LayerNorm in one place"
    assert title in [one.title for one in found(capture)]
    without = replace(capture, launches=capture.launches.filter(~pl.col("launch_id").is_in([1, 2])))
    assert title not in [one.title for one in found(without)]


def test_clocks_too_coarse_for_any_launch() -> None:
    """All durations 0: nothing is divided, nothing is promised of kernel time."""
    capture = run([(name, dims, types, 0) for name, dims, types, _ in STEPS]).capture()
    for one in found(capture):
        assert one.duration_ns == 0
        assert one.saving_high_ns <= window(capture).idle_ns


@pytest.mark.parametrize("drafts", [[], [draft((0,), 100_000, 100_000)]])
def test_nothing_to_gain_gives_no_finding(drafts: list[Draft]) -> None:
    """A good trace gets a short list."""
    assert rank.ranked(view(busy()), drafts).findings == ()
