"""Which captures are one job, how its calls are paired, who is late and which link is slow."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from job_factory import BYTES, Plan, capture_row, captures, collectives

from ncutool.archive import job_words
from ncutool.archive.job_view import JobView, listed, view
from ncutool.archive.jobs import Job, recognise
from ncutool.archive.links import rate
from ncutool.archive.pairing import Calls, pair
from ncutool.archive.stragglers import tail
from ncutool.archive.tables import CAPTURES


def job_of(plan: Plan) -> JobView:
    """The view of a whole made job."""
    (job,) = recognise(captures(plan))
    return view(job, collectives(plan))


def named(one: JobView) -> tuple[list[int], list[tuple[int, ...]]]:
    """Ranks that are named as late, and ranks of links that are named as slow."""
    return [late.rank for late in one.stragglers], [s.rate.calls.ranks for s in one.slow_links]


def rows(*told: tuple[int | None, int | None], **more: Any) -> pl.DataFrame:
    """Captures that record these ranks and sizes of their job."""
    made = [
        capture_row(rank, world, capture_id=f"c{number}", path=f"run/{number}.json",
                    name=f"{number}.json") | more
        for number, (rank, world) in enumerate(told)
    ]  # fmt: skip
    return CAPTURES.conform(pl.DataFrame(made, infer_schema_length=None))


def test_one_straggler_and_one_slow_link_are_both_named() -> None:
    """Of 64 ranks, with their numbers."""
    one = job_of(Plan(straggler=17, slow_pair=6))
    assert named(one) == ([17], [(12, 13)])
    late = one.stragglers[0]
    assert (late.calls, late.last, late.late) == (24, 24, 24)
    # it computes 30 % of 4 ms longer in each of 24 steps
    assert late.others_wait_ns == pytest.approx(24 * 1_200_000, rel=0.03)
    slow = one.slow_links[0]
    assert slow.like == 32
    assert slow.usual_bytes_per_s == pytest.approx(BYTES / 400_000 * 1e9, rel=0.02)
    assert slow.usual_bytes_per_s / (slow.rate.even_bus_bytes_per_s or 1) == pytest.approx(3, 0.05)
    assert "holds the others up" in job_words.headline(one)
    assert one.imbalance_pct == pytest.approx(29.5, abs=1)


@pytest.mark.parametrize("numbered", [True, False], ids=["by number", "by step"])
def test_two_stragglers_are_both_named(numbered: bool) -> None:
    """Each comes last to about half of the calls."""
    plan = Plan(ranks=16, steps=60, numbered=numbered)
    table = collectives(plan)
    world = pl.col("process_group") == "0"
    late = world & pl.col("capture_id").is_in(["c3", "c9"])
    table = table.with_columns(
        duration_ns=pl.when(world & ~late).then(pl.col("duration_ns") + 800_000).otherwise(
            "duration_ns"
        )
    )  # fmt: skip
    (job,) = recognise(captures(plan))
    assert sorted(named(view(job, table))[0]) == [3, 9]


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    ranks=st.sampled_from([2, 4, 8, 64]),
    steps=st.sampled_from([6, 12, 30]),
    noise=st.sampled_from([0.005, 0.05, 0.3]),
    heavy=st.booleans(),
)
def test_noise_names_nobody(seed: int, ranks: int, steps: int, noise: float, heavy: bool) -> None:
    """Neither a rank nor a link, whatever the noise of computing is."""
    plan = Plan(ranks=ranks, steps=steps, seed=seed, compute_noise=noise, heavy=heavy)
    assert named(job_of(plan)) == ([], [])


def test_a_slow_link_alone_delays_its_ranks() -> None:
    """They come late to what all share, and the link is said to be why."""
    one = job_of(Plan(slow_pair=2, ranks=16))
    assert named(one)[1] == [(4, 5)]
    assert set(named(one)[0]) <= {4, 5}
    for late in one.stragglers:
        assert "shares the slow link of ranks 4–5" in job_words.straggler(one, late)


def test_many_slow_links_are_another_kind_of_link() -> None:
    """A quarter of the groups goes through the network: none is at fault."""
    plan = Plan(ranks=32)
    far = pl.col("process_group").is_in([str(1 + n) for n in range(0, 16, 4)])
    table = collectives(plan).with_columns(
        duration_ns=pl.when(far).then(pl.col("duration_ns") * 8).otherwise("duration_ns")
    )
    (job,) = recognise(captures(plan))
    one = view(job, table)
    assert named(one)[1] == []
    assert any("another kind of link" in note for note in one.notes)


def test_a_missing_rank_leaves_the_verdict_open() -> None:
    """The one that is not here may be the one that all wait for."""
    plan = Plan(ranks=8, straggler=3, steps=40)
    table = captures(plan).filter(pl.col("rank") != 5)
    (job,) = recognise(table)
    one = view(job, collectives(plan))
    assert job.missing == (5,)
    assert named(one)[0] == []
    assert one.ranks["straggler"].to_list() == [None] * 7  # whole pairs came evenly to theirs
    assert any("1 rank of 8 has no capture (5)" in note for note in one.notes)


def test_clocks_of_ranks_do_not_matter() -> None:
    """Shifting all times of a rank changes nothing."""
    plan = Plan(ranks=8, straggler=3)
    (job,) = recognise(captures(plan))
    table = collectives(plan)
    moved = table.with_columns(
        start_ns=pl.col("start_ns") + 10**14 * pl.col("capture_id").str.slice(1).cast(pl.Int64)
    )
    assert view(job, moved).ranks.equals(view(job, table).ranks)


def test_no_bandwidth_without_a_size() -> None:
    """And the reason is given."""
    plan = Plan(ranks=4)
    table = collectives(plan).with_columns(
        dtype=pl.lit(None, pl.String), in_elements=pl.lit(None, pl.Int64)
    )
    (job,) = recognise(captures(plan))
    one = view(job, table)
    assert {rate.bus_bytes_per_s for rate in one.rates} == {None}
    assert {rate.why_none for rate in one.rates} == {"message size not recorded"}
    assert any("No bandwidth is given for" in note for note in one.notes)


def test_bandwidth_is_of_the_shortest_time() -> None:
    """2 (n−1) / n of the message over the least time of any rank."""
    one = job_of(Plan(ranks=8, steps=10, link_noise=0.0, compute_noise=0.0))
    world = next(rate for rate in one.rates if len(rate.calls.ranks) == 8)
    assert world.bus_bytes_per_s == pytest.approx(2 * 7 / 8 * BYTES / 0.001, rel=1e-3)


def test_sends_and_receives_pair_by_their_two_ranks() -> None:
    """Whatever group they are recorded under."""
    table = pl.concat(
        [
            collectives(Plan(ranks=2, steps=6)).with_columns(
                collective=pl.when(pl.col("capture_id") == "c0").then(pl.lit("send")).otherwise(
                    pl.lit("recv")
                ),
                kind=pl.lit("send and receive"), source_rank=pl.lit(0, pl.Int64),
                target_rank=pl.lit(1, pl.Int64), group_size=pl.lit(64, pl.Int64),
                job_rank=pl.col("capture_id").str.slice(1).cast(pl.Int64),
            )
        ]
    )  # fmt: skip
    (calls,) = pair(table).calls
    assert (calls.group, calls.ranks, calls.group_size) == ("0 → 1", (0, 1), 2)
    assert calls.durations.shape == (12, 2)


def test_what_is_sent_and_what_is_received_are_one_message() -> None:
    """The one side records it as its input, the other as its output."""
    table = _with_rank(Plan(ranks=2, steps=6)).with_columns(
        source_rank=pl.lit(0, pl.Int64), target_rank=pl.lit(1, pl.Int64),
        kind=pl.lit("send and receive"), collective=pl.lit("send"),
    )  # fmt: skip
    receives = pl.col("job_rank") == 1
    swapped = table.with_columns(
        collective=pl.when(receives).then(pl.lit("recv")).otherwise("collective"),
        in_elements=pl.when(receives).then(pl.lit(0, pl.Int64)).otherwise("in_elements"),
    )
    (calls,) = pair(swapped).calls
    each = BYTES / calls.shortest * 1e9
    assert rate(calls).bus_bytes_per_s == pytest.approx(float(np.median(each)))


def test_a_bandwidth_beyond_the_links_is_told() -> None:
    """A thousandth of the time would be a thousand times the link."""
    plan = Plan(ranks=2, steps=6)
    table = collectives(plan).with_columns(duration_ns=pl.col("duration_ns") // 100 + 1)
    (job,) = recognise(captures(plan, device="NVIDIA H100 80GB HBM3"))
    assert any("NVLS" in note for note in view(job, table).notes)
    assert not any("NVLS" in note for note in view(job, collectives(plan)).notes)


def _with_rank(plan: Plan) -> pl.DataFrame:
    return collectives(plan).with_columns(job_rank=pl.col("capture_id").str.slice(1).cast(pl.Int64))


def test_ranks_that_ran_unequally_many_calls_are_not_paired_by_order() -> None:
    """Without numbers and steps nothing tells which call is missing."""
    table = _with_rank(Plan(ranks=4)).with_columns(step=pl.lit(None, pl.String))
    first = (pl.col("capture_id") == "c2") & (pl.col("launch_id") == 1)
    found = pair(table.filter(~first))
    assert {calls.group for calls in found.calls} == {"[0, 1] (group 1)", "[2, 3] (group 2)"}
    assert any("unequally many" in note for note in found.notes)


def test_numbered_calls_pair_though_captures_begin_apart() -> None:
    """Those without a partner are left out, and that is said."""
    plan = Plan(ranks=4, numbered=True, steps=10)
    table = _with_rank(plan)
    early = (pl.col("capture_id") == "c2") & (pl.col("sequence") < 4)
    found = pair(table.filter(~early))
    world = next(calls for calls in found.calls if len(calls.ranks) == 4)
    assert len(world.durations) == 7
    assert any("no partner of the same sequence number" in note for note in found.notes)


def test_unlike_calls_in_one_place_are_not_paired() -> None:
    """An all-gather is no partner of an all-reduce."""
    table = _with_rank(Plan(ranks=2, steps=4))
    odd = (pl.col("capture_id") == "c1") & (pl.col("step") == "ProfilerStep#2")
    name = pl.when(odd).then(pl.lit("allgather")).otherwise("collective")
    found = pair(table.with_columns(collective=name))
    assert sum(len(calls.durations) for calls in found.calls) == 6
    assert any("unlike calls" in note for note in found.notes)


def test_a_group_that_more_ranks_name_than_it_has_is_not_paired() -> None:
    """Two jobs in one folder, say."""
    table = _with_rank(Plan(ranks=4)).with_columns(
        process_group=pl.lit("0"), group_ranks=pl.lit(None, pl.String), group_size=pl.lit(2)
    )
    found = pair(table)
    assert found.calls == ()
    assert any("more ranks name their process group than it has" in note for note in found.notes)


@settings(max_examples=80, deadline=None)
@given(
    st.integers(2, 9).flatmap(
        lambda ranks: st.lists(
            st.lists(st.integers(1, 50), min_size=ranks, max_size=ranks), min_size=1, max_size=6
        )
    )
)
def test_lateness_is_against_the_median_of_the_others(lengths: list[list[int]]) -> None:
    """As the plain definition says, ties included."""
    table = np.array(lengths, np.int64)
    calls = Calls("g", tuple(range(table.shape[1])), None, None, "c", None, None, None, table)
    plain = [
        [float(np.median(np.delete(row, place))) - row[place] for place in range(len(row))]
        for row in table
    ]
    assert calls.lateness().tolist() == plain


def test_tails_of_the_binomial_distribution() -> None:
    """Exact for few, a bound for many."""
    assert tail(8, 8) == 1 / 256
    assert tail(3, 4) == 5 / 16
    assert tail(2, 4) == tail(0, 0) == 1.0
    assert tail(2, 3, 0.25) == pytest.approx(3 * 0.75 / 16 + 1 / 64)
    assert 1e-9 < tail(1100, 2000) < 1e-4


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ([(0, 2), (0, 2), (1, 2)], "Rank 0 has 2 captures (0.json, 1.json)"),
        ([(0, 2), (1, 4)], "disagree on how many ranks"),
        ([(0, 2), (2, 2)], "Rank 2 is beyond the 2 ranks"),
    ],
    ids=["twice", "sizes", "beyond"],
)
def test_ranks_that_contradict_each_other_are_refused(
    told: list[tuple[int, int]], words: str
) -> None:
    """With the files that do, and what to do."""
    (job,) = recognise(rows(*told))
    assert job.refused is not None
    assert words in job.refused
    assert "--pattern" in job.refused


def test_several_devices_in_one_capture_are_no_rank() -> None:
    """Merged ranks have no times of their own."""
    (job,) = recognise(rows((0, 2), (1, 2), device_count=2))
    assert job.refused is not None
    assert "several devices" in job.refused


def test_captures_without_a_rank_are_left_out_and_named() -> None:
    """And reports, too."""
    (job,) = recognise(rows((0, 2), (1, 2), (None, None)))
    assert job.ranks.height == 2
    assert "1 trace (2.json) says no rank" in job.left_out[0]
    assert recognise(rows((None, None), (None, None))) == ()
    assert recognise(rows((0, 1))) == ()


def test_jobs_are_told_apart_by_what_is_said_and_by_folder() -> None:
    """Nothing is guessed beyond that."""
    table = pl.concat([rows((0, 2), (1, 2), job="a"), rows((0, 2), (1, 2), job="b")])
    assert [(job.key, job.refused) for job in recognise(table)] == [("a", None), ("b", None)]
    by_folder = rows((0, 2), (1, 2)).with_columns(path=pl.concat_str(pl.lit("x/"), "path"))
    assert [job.key for job in recognise(pl.concat([by_folder, rows((0, 2))]))] == ["run", "x/run"]


def test_a_job_without_collectives_says_so() -> None:
    """Nothing holds its ranks' times together."""
    plan = Plan(ranks=2)
    (job,) = recognise(captures(plan))
    one = view(job, collectives(plan).head(0))
    assert job_words.headline(one).startswith("2 ranks, and no collective that could be paired")
    assert one.imbalance_pct is None
    assert any("No rank ran a collective" in note for note in one.notes)


def test_missing_ranks() -> None:
    """None where the size is not known."""
    job = Job("k", rows((0, 8), (3, 8)), 8)
    assert job.missing == (1, 2, 4, 5, 6, 7)
    assert listed(job.missing) == "1–2, 4–7"
    assert Job("k", rows((0, None)), None).missing is None
