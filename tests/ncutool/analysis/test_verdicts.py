"""What outputs say of findings: alone, after others, all together, small, and not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import analysis_factory as factory
import polars as pl
import pytest

from ncutool.advice.view.finding import Advice, CouldNotLook, Covered, Declined
from ncutool.analysis import finding_sentences
from ncutool.base.records import replace

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis


@pytest.mark.parametrize(
    ("low", "high", "after"),
    [
        (1_000_000, 2_000_000, None),
        (1_000_000, 1_970_000, None),
        (0, 1_500_000, "after those above 0–1.5 ms"),
        (0, 0, "counted above"),
    ],
)
def test_what_is_left_after_others_is_said_where_it_is_less(
    low: int, high: int, after: str | None
) -> None:
    """Alone first; two per cent less reads alike and is not said."""
    row = vars(factory.finding(saving_low_ns=low, saving_high_ns=high))
    saving = finding_sentences.saving(row, 50_000_000)
    assert (saving.amount, saving.share, saving.after) == ("1.0–2.0 ms", "2.0–4.0 %", after)
    assert saving.line == "1.0–2.0 ms (2.0–4.0 %)" + (f", {after}" if after else "")


def test_the_list_closes_with_all_together_and_what_is_small() -> None:
    """A range for all, how many are left out, and what those save at most."""
    analysis = factory.trace(findings=[factory.finding(1), factory.finding(2)])
    advice = replace(
        analysis.advice, all_low_ns=336_000, all_high_ns=1_680_000, small=2, small_high_ns=16_800
    )
    window = analysis.window_ns
    assert window == 3_359_615
    assert finding_sentences.closing(factory.with_parts(analysis, advice=advice)) == (
        "All of them together: 0.3–1.7 ms of 3.36 ms (10.0–50.0 %).",
        "Small things: 2 more suggestions below 0.5 % each, at most 16.8 µs (0.5 %) together.",
    )
    one = replace(advice, findings=advice.findings[:1], small=1)
    (small,) = finding_sentences.closing(factory.with_parts(analysis, advice=one))
    assert small == "Small things: 1 more suggestion below 0.5 % each, at most 16.8 µs (0.5 %)."


def test_a_saving_of_a_row_says_so() -> None:
    """Time for as many rows as now, a share of the time of each, and no part of the sum."""
    rows = factory.finding(2, id="batch-1", kind="batch", per="row", saving_low_ns=0)
    saving = finding_sentences.saving(vars(rows), 50_000_000)
    assert saving.line == ("1.0–2.0 ms for as many rows as now (2.0–4.0 % per row)")
    findings = (rows, factory.finding(1), factory.finding(2))
    analysis = factory.trace(findings=list(findings))
    advice = replace(analysis.advice, all_low_ns=336_000, all_high_ns=1_680_000)
    assert finding_sentences.closing(factory.with_parts(analysis, advice=advice)) == (
        "All that shorten the window together: 0.3–1.7 ms of 3.36 ms (10.0–50.0 %).",
        "No shorter window, but more done in the same time: batch-1 (per row).",
    )


def answered(**advice: Any) -> Analysis:
    """An analysis of a trace without findings, and what else its advice holds."""
    return factory.with_parts(factory.trace(findings=[]), advice=Advice(**advice))


UNSEEN = CouldNotLook("12 launches of softmax", "the report does not hold what they wait for",
                      (1, 2), 1_680_000, 50.0, ("WarpStateStats",), "`ncu --set full`")  # fmt: skip


def test_three_answers_in_words() -> None:
    """Nothing worth doing says what was looked at; could not look says what to collect."""
    nothing = answered(looked=("occupancy (100 % of launch time)",))
    assert finding_sentences.nothing(nothing) == (
        "Nothing worth doing was found (3.36 ms, savings above 0.5 %). "
        "Looked at: occupancy (100 % of launch time)."
    )
    assert finding_sentences.nothing(answered(could_not_look=(UNSEEN,))) == (
        "Could not look at 50.0 % of launch time: the report does not hold what they wait for "
        "(12 launches of softmax). To collect: `ncu --set full`."
    )
    assert finding_sentences.nothing(factory.trace()) == (
        "None of 2 findings is among those that were asked for."
    )
    assert "no launch carries a duration" in finding_sentences.nothing(factory.everything_null())


def test_what_is_covered_is_not_small() -> None:
    """Advice that others leave nothing of names them, and is not called small."""
    one = Covered("Batch it", 40_000, ("fuse-1",))
    assert finding_sentences.closing(answered(covered=(one,))) == (
        "Not listed, since findings above save the same time: Batch it (alone up to 40.0 µs, "
        "covered by fuse-1).",
    )
    (many,) = finding_sentences.closing(answered(covered=(*[one] * 4, replace(one, by=()))))
    assert many.endswith("(alone up to 40.0 µs, covered by fuse-1), and 2 more suggestions.")


def test_the_kernel_with_most_time_gets_a_word() -> None:
    """Its share, what holds it, and that nothing was found, or what to collect."""
    analysis = answered()
    most = analysis.most_time
    assert most is not None
    share = analysis.kernels.filter(pl.col("launch_id").is_in(most.launches))["duration_ns"].sum()
    assert most.duration_ns == share
    assert most.sentences[0].startswith(f"Most time is in {most.kernel}: ")
    assert most.sentences[-1] == "Nothing worth doing was found for it."
    one = replace(UNSEEN, launches=most.launches)
    unseen = answered(could_not_look=(one,)).most_time
    assert unseen is not None
    assert unseen.sentences[-1] == (
        "Could not look further: the report does not hold what they wait for. To collect: `ncu "
        "--set full`."
    )
    assert factory.everything_null().most_time is None


def test_what_is_declined_carries_its_time() -> None:
    """What, how much time is in it, and why."""
    one = Declined("Merge gate and up", "As one they take as many waves.", (1, 2), 500_000)
    assert finding_sentences.declined(one, 10_000_000) == (
        "Merge gate and up (500 µs, 5.0 %): As one they take as many waves."
    )
    assert finding_sentences.declined(one, 0).startswith("Merge gate and up (500 µs): ")
