"""Jobs of several ranks: each against itself, the job as slow as its slowest, nothing summed."""

from __future__ import annotations

import json
from pathlib import Path

import diff_factory as factory
import pytest

from ncutool.commands import main
from ncutool.diff import compare, jobs
from ncutool.diff.gate import Rules
from ncutool.diff.sides import Run, Side
from ncutool.text.jobs import job_facts, job_markdown, job_text
from ncutool_parsers.errors import UsageError

DLRM = Path(__file__).resolve().parents[4] / "shared" / "corpus" / "torch"
RANKS = [str(DLRM / f"v100-dlrm-8rank-rank{rank}.json.gz") for rank in (0, 1)]


def rank(number: int | None, *, mm_ns: int = 4_000_000, wait_ns: int = 1_000_000,
         world: int = 2) -> Run:  # fmt: skip
    """A product, and a collective in which this rank waits for the others."""
    rows = [
        factory.call("mm", "[64,64] × [64,64]", "gemm_64", mm_ns),
        factory.call("all_reduce", "[64,64]", "ncclDevKernel_AllReduce", wait_ns,
                     bound="communication", flop=0.0, category="communication"),
    ]  # fmt: skip
    return factory.set_otherwise(factory.trace(rows), rank=number, world_size=world)


def job(before: Side, after: Side) -> jobs.JobDiff:
    """Two jobs that can be compared."""
    found = jobs.compare_jobs(before, after)
    assert found is not None
    return found


BEFORE = factory.side(rank(0), rank(1))


def test_one_rank_a_side_is_no_job() -> None:
    """Repeats of one rank, or of no rank, stay repeats."""
    repeats = factory.side(rank(0), rank(0))
    assert jobs.compare_jobs(repeats, repeats) is None
    nameless = factory.side(rank(None), rank(None))
    assert jobs.compare_jobs(nameless, nameless) is None


def test_a_straggler_is_named_though_each_rank_takes_as_long() -> None:
    """Rank 1 computes longer, so that rank 0 waits in its collective: both walls grow alike."""
    slow = factory.side(rank(0, wait_ns=6_000_000), rank(1, mm_ns=9_000_000))
    found = job(BEFORE, slow)
    walls = [(one.diff.whole.before_ns, one.diff.whole.after_ns) for one in found.ranks]
    assert walls == [(5_002_000, 10_002_000)] * 2
    text = job_text(found)
    row = next(line for line in text.splitlines() if line.lstrip().startswith("0 "))
    assert "1.00 ms → 6.00 ms" in row
    assert text.splitlines()[-1] == (
        "Slower: slowest rank 0 5.00 ms → 10.0 ms (+100.0 %), 2 ranks compared"
    )
    assert len(text.splitlines()) <= 20
    assert max(map(len, text.splitlines())) <= 80


def test_times_of_ranks_are_never_summed() -> None:
    """The job's time is that of its slowest rank, and another may become it."""
    after = factory.side(rank(0, mm_ns=14_000_000), rank(1))
    found = job(factory.side(rank(0), rank(1, mm_ns=8_000_000)), after)
    assert (found.slowest_before.rank, found.slowest_after.rank) == (1, 0)
    facts = job_facts(found)
    assert (facts["slowest_rank_before"], facts["slowest_rank_after"]) == (1, 0)
    # Rank 0 became slower, rank 1 faster: of the job nothing is sure.
    assert facts["verdict"] == "inconclusive"
    assert "slowest rank 1 → rank 0" not in facts["headline"]
    assert facts["headline"].startswith("Inconclusive: slowest rank 1 → 0 9.00 ms → 15.0 ms")


def test_the_same_job_is_the_same() -> None:
    """Each rank is one recording."""
    found = job(BEFORE, BEFORE)
    assert jobs.verdict(found) == "same"
    assert not found.refused


def test_a_rank_without_a_partner_is_said() -> None:
    """It is compared to nothing."""
    found = job(factory.side(rank(0), rank(1), rank(2)), factory.side(rank(0), rank(1)))
    assert (found.only_before, found.only_after) == ((2,), ())
    assert "only before: rank 2" in job_text(found)
    assert jobs.headline(found) == (
        "Inconclusive: slowest rank 0 5.00 ms → 5.00 ms (0.0 %), 2 ranks compared, "
        "1 without a partner"
    )
    assert "Only before: rank 2." in job_markdown(found)


def test_one_rank_against_another_is_no_comparison() -> None:
    """Ranks of a job do other work, or wait where others compute."""
    found = compare(factory.side(rank(0)), factory.side(rank(1)))
    assert found.refused
    assert [fact.said for fact in found.work.differences] == ["rank: rank 0 → rank 1"]


def test_another_number_of_ranks_is_other_work() -> None:
    """No speed is judged."""
    found = job(BEFORE, factory.side(rank(0, world=4), rank(1, world=4)))
    assert found.refused
    assert jobs.headline(found) == ("Not the same work: 2 ranks before, 4 after; no speed verdict")


def test_repeats_of_each_rank_are_its_runs() -> None:
    """Three captures of two ranks each."""
    three = factory.side(*(rank(number) for number in (0, 1, 0, 1, 0, 1)))
    found = job(three, three)
    assert [len(one.diff.before.runs) for one in found.ranks] == [3, 3]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (factory.side(rank(0)), BEFORE, "--before holds one rank"),
        (BEFORE, factory.side(rank(0)), "--after holds one rank"),
        (factory.side(rank(2), rank(3)), BEFORE, "no rank is on both sides"),
        (factory.side(rank(0), rank(1), rank(None)), BEFORE, "says no rank"),
        (factory.side(rank(0), rank(0), rank(1)), BEFORE, "rank 0: 2, rank 1: 1"),
    ],
    ids=["before", "after", "none", "nameless", "uneven"],
)
def test_what_cannot_be_paired_is_refused(before: Side, after: Side, message: str) -> None:
    """In a sentence that says what to give."""
    with pytest.raises(UsageError, match=message):
        jobs.compare_jobs(before, after)


def test_a_rule_holds_for_each_rank() -> None:
    """One rank that breaks it is enough."""
    found = job(BEFORE, factory.side(rank(0), rank(1, mm_ns=9_000_000)))
    outcomes = [gate.outcome for _, gate in jobs.gates(found, Rules(fail_over=3.0))]
    assert outcomes == ["pass", "regression"]


@pytest.mark.skipif(not DLRM.is_dir(), reason="the corpus is not beside this checkout")
def test_two_real_ranks_against_themselves(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Two ranks of one job are no repeats of each other; each is the same."""
    arguments = ["diff", "--before", *RANKS, "--after", *RANKS]
    assert main([*arguments, "--format", "json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert [one["rank"] for one in facts["ranks"]] == [0, 1]
    assert facts["verdict"] == "same"
    assert facts["world_size_after"] == 8
    comment = tmp_path / "c.md"
    assert main([*arguments, "-o", str(comment)]) == 0
    assert comment.read_text().startswith("<!-- ncutool-diff: ")
    assert "| 1 | 18.7 ms → 18.7 ms |" in comment.read_text()
