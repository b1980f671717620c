"""Whether two sides did the same work under the same conditions, asked before any speed.

What is counted or modelled is compared first (FLOPs, bytes, shapes), then what the captures were
made with. A difference that would make a comparison of times mean something else *refuses* it; the
rest is said beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from ncutool.base import units
from ncutool.base.records import replace
from ncutool.base.thresholds import Threshold
from ncutool.diff.conditions import PRODUCTS, conditions
from ncutool.diff.facts import WORK_APART, Fact, State, apart, change_words, ratio_of
from ncutool.diff.sides import Run, Side, time_of

EQUAL = Threshold(
    0.001,
    "share of the larger",
    "figures that differ by less are called equal",
    "judgement: counters of one kernel repeat within it on the miniweather pair",
)
UNKNOWN_SHARE = Threshold(
    0.5,
    "share of kernel time",
    "with more of it unknown FLOPs tell nothing of the whole",
    "judgement",
)


@dataclass(frozen=True)
class SameWork:
    """Whether both sides did the same work, and each thing that was asked."""

    state: State
    facts: tuple[Fact, ...]

    @property
    def differences(self) -> tuple[Fact, ...]:
        """What differs, the refusing first."""
        found = [fact for fact in self.facts if fact.said]
        return tuple(sorted(found, key=lambda fact: not fact.refuses))

    @property
    def passes(self) -> Fact | None:
        """The fact that the weights are read more or less often; None where that is not so."""
        return next((fact for fact in self.facts if other_passes(fact)), None)

    @property
    def refused(self) -> bool:
        """Whether speeds are not to be compared unless the user insists."""
        return any(fact.refuses for fact in self.facts)


def same_work(before: Side, after: Side) -> SameWork:
    """Return whether both sides did the same work.

    The sides are told by their median run; runs of one side that differ among themselves are
    differences too.
    """
    facts = list(compare_runs(before.first, after.first))
    for side, word in ((before, "before"), (after, "after")):
        for run in side.runs:
            if run is side.first:
                continue
            facts += [
                Fact(f"{word}: {fact.what}", fact.before, fact.after, fact.ratio, "not_comparable",
                     True, f"the captures of one side differ ({word}): {fact.said}")
                for fact in compare_runs(side.first, run)
                if fact.refuses
            ]  # fmt: skip
    return SameWork(_state(facts), tuple(facts))


def _state(facts: list[Fact]) -> State:
    if any(fact.refuses and fact.state == "not_comparable" for fact in facts):
        return "not_comparable"
    if any(fact.state == "differs" for fact in facts):
        return "differs"
    if any(other_passes(fact) for fact in facts):
        return "not_known"
    known = any(fact.what.startswith("FLOP") and fact.state == "same" for fact in facts)
    return "same" if known else "not_known"


def compare_runs(before: Run, after: Run) -> list[Fact]:
    """Return every fact of two runs: work, then conditions."""
    if before.settings.source != after.settings.source:
        return conditions(before, after)  # counted figures say nothing of modelled ones
    counted = before.settings.figures_counted
    return [
        *_sizes(before, after),
        *_flop(before, after),
        _bytes(before, after),
        *([] if counted else [_largest_product(before, after)]),
        *([] if counted else [weights_fact(weights_of(before), weights_of(after))]),
        _launches(before, after),
        *conditions(before, after),
    ]


def _sizes(before: Run, after: Run) -> list[Fact]:
    facts = []
    for what, old, new in (
        ("batch", before.batch, after.batch),
        ("sequence", before.length, after.length),
    ):
        if old is None or new is None:
            continue
        differs = old != new
        said = f"{what} {units.count(old)} → {units.count(new)}, told from the shapes"
        facts.append(
            Fact(what, units.count(old), units.count(new), ratio_of(old, new),
                 "differs" if differs else "same", differs, said if differs else "")
        )  # fmt: skip
    return facts


def flop_of(run: Run, families: tuple[str, ...] = ()) -> tuple[float | None, float]:
    """Return the FLOPs of a run and the share of its kernel time that they are known for.

    Of a trace those that shapes tell, also where a report's counters were joined.

    Args:
        families: only launches of these.
    """
    rows = run.launches.filter(pl.col("category") == "kernel")
    if families:
        rows = rows.filter(pl.col("family").is_in(families))
    rows = rows.with_columns(pl.coalesce("modelled_flop", "flop").alias("flop"))
    known = rows.filter(pl.col("flop").is_not_null())
    if known.is_empty():
        return None, 0.0
    time = time_of(rows)
    return float(known["flop"].sum()), time_of(known) / time if time else 1.0


def _flop(before: Run, after: Run) -> list[Fact]:
    """Compare FLOPs: of all launches, and where shapes tell them of the products alone.

    Counted FLOPs are what a kernel executed: another algorithm on the same grids may need fewer,
    which is said and does not refuse. Modelled FLOPs are what the operators ask for: a fusion may
    drop those of element-wise work, but never those of products.
    """
    counted = before.settings.figures_counted
    source = "counted" if counted else "from shapes"
    old, new = flop_of(before), flop_of(after)
    facts = [flop_fact(f"FLOP, {source}", old, new)]
    products = flop_of(before, PRODUCTS), flop_of(after, PRODUCTS)
    if counted:
        if facts[0].state == "differs" and not _same_grids(before, after):
            facts[0] = replace(facts[0], refuses=True)
    elif products[0][0] or products[1][0]:
        facts.append(flop_fact("FLOP of products", *products))
        if facts[1].state == "same":  # what differs besides is what a fusion may drop
            facts[0] = replace(facts[0], state="same")
        else:
            facts = [replace(one, refuses=True) if one.state == "differs" else one for one in facts]
    elif facts[0].state == "differs":
        facts[0] = replace(facts[0], refuses=True)
    return facts


def flop_fact(
    what: str, before: tuple[float | None, float], after: tuple[float | None, float]
) -> Fact:
    """Compare FLOPs, each with the share of kernel time that they are known for."""
    (old, old_share), (new, new_share) = before, after
    texts = units.flop(old), units.flop(new)
    if old is None or new is None:
        return Fact(what, *texts, None, "not_known")
    unknown = 1 - min(old_share, new_share)
    if unknown > UNKNOWN_SHARE or WORK_APART < apart(old, new) <= 2 * unknown:
        said = (
            f"{what} known for {units.percent(100 * old_share)} of kernel time before and "
            f"{units.percent(100 * new_share)} after: their sums do not compare"
        )
        return Fact(what, *texts, ratio_of(old, new), "not_known", False, said)
    moved = apart(old, new)
    state: State = "differs" if moved > WORK_APART else "same"
    said = f"{what} {texts[0]} → {texts[1]} ({change_words(old, new)})" if moved > EQUAL else ""
    return Fact(what, *texts, ratio_of(old, new), state, False, said)


def _bytes(before: Run, after: Run) -> Fact:
    """Compare bytes; traffic that was measured is no measure of work, compulsory bytes are."""
    counted = before.settings.figures_counted
    what = "DRAM bytes, counted" if counted else "compulsory bytes"
    sums = [
        float(known.sum()) if (known := _work_bytes(run).drop_nulls()).len() else None
        for run in (before, after)
    ]
    texts = units.data(sums[0]), units.data(sums[1])
    if sums[0] is None or sums[1] is None:
        return Fact(what, *texts, None, "not_known")
    moved = apart(sums[0], sums[1])
    said = (
        f"{what} {texts[0]} → {texts[1]} ({change_words(sums[0], sums[1])})"
        if moved > EQUAL
        else ""
    )
    return Fact(what, *texts, ratio_of(*sums), "same", False, said)


def _work_bytes(run: Run) -> pl.Series:
    """Return compulsory bytes where they are known beside measured ones, else what there is."""
    return run.launches.select(pl.coalesce("modelled_bytes", "dram_bytes")).to_series()


def _largest_product(before: Run, after: Run) -> Fact:
    old, new = largest(before), largest(after)
    what = "largest product"
    if old is None or new is None:
        return Fact(what, old or units.UNKNOWN, new or units.UNKNOWN, None, "not_known")
    differs = old != new
    return Fact(what, old, new, None, "differs" if differs else "same", differs,
                f"{what} {old} → {new}" if differs else "")  # fmt: skip


def largest(run: Run) -> str | None:
    """Return operator and shapes of the launch with the most FLOPs."""
    rows = run.launches.filter(
        pl.col("family").is_in(PRODUCTS)
        & pl.col("flop").is_not_null()
        & pl.col("signature").is_not_null()
    )
    if rows.is_empty():
        return None
    calls = rows.group_by("op", "op_id", "signature").agg(pl.col("flop").sum())
    top = calls.sort("flop", "op", "signature", descending=[True, False, False]).row(0, named=True)
    return f"{(top['op'] or '').removeprefix('aten::')} {top['signature']}"


def weights_of(run: Run) -> float | None:
    """Return the elements of second operands that unbatched products read, each call counted.

    Merging products of one input, fusing what lies between them or another kernel leave it as it
    is; a pass more or less through the weights does not, however few its FLOPs. None where no
    such product has shapes, or one has none.
    """
    rows = run.launches.filter((pl.col("category") == "kernel") & (pl.col("family") == "gemm"))
    calls = rows.unique(["op", "op_id", "signature"], maintain_order=True)
    if calls.is_empty() or calls["shapes"].null_count() or calls["op_id"].null_count():
        return None
    second = calls["shapes"].list.get(1, null_on_oob=True)
    flat = second.filter(second.list.len() == 2)
    return float(flat.list.eval(pl.element().cast(pl.Float64).product()).list.first().sum()) or None


def weights_fact(old: float | None, new: float | None) -> Fact:
    """Compare how many elements of second operands are read; other ones are no refusal.

    Equal FLOPs do not tell steps with few rows apart: a step of decoding beside a long prompt.
    """
    what = "second operands of products"
    texts = _elements(old), _elements(new)
    if old is None or new is None:
        return Fact(what, *texts, None, "not_known")
    if apart(old, new) <= WORK_APART:
        return Fact(what, *texts, ratio_of(old, new), "same")
    said = (
        f"{what} {texts[0]} → {texts[1]} elements ({change_words(old, new)}): "
        "as many FLOPs, but not the same products"
    )
    return Fact(what, *texts, ratio_of(old, new), "not_known", False, said)


def _elements(number: float | None) -> str:
    return units.UNKNOWN if number is None else units.scaled(number, "").strip()


def other_passes(fact: Fact) -> bool:
    """Whether a fact is of second operands that are known and not the same."""
    of_weights = fact.what == weights_fact(None, None).what
    return of_weights and fact.state == "not_known" and fact.ratio is not None


def _launches(before: Run, after: Run) -> Fact:
    old, new = before.launches.height, after.launches.height
    said = f"{units.counted(old, 'launch')} → {units.count(new)}" if old != new else ""
    return Fact(
        "launches", units.count(old), units.count(new), ratio_of(old, new), "same", False, said
    )


def _same_grids(before: Run, after: Run) -> bool:
    """Return whether both runs launched the same kernels on the same grids and blocks."""
    names = ["kernel_full", *(f"{what}_{axis}" for what in ("grid", "block") for axis in "xyz")]
    old, new = (
        run.launches.group_by(names).len().sort(names, nulls_last=True) for run in (before, after)
    )
    return old.equals(new)
