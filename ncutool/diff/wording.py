"""What is said of two sides, in sentences that every output shares."""

from __future__ import annotations

from ncutool.base import units
from ncutool.base.thresholds import Threshold, ThresholdTable
from ncutool.base.untrusted import printable
from ncutool.diff.changes import power
from ncutool.diff.compare import Diff, Whole
from ncutool.diff.facts import Fact
from ncutool.diff.same_work import other_passes
from ncutool.diff.verdict import SINGLE_FREE, SINGLE_LOCKED, SMALLEST_NS, interval_words, signed

HALF = ThresholdTable(
    {0.49: True, 0.5: True, 0.51: True},
    "after over before",
    "what is called half",
    "judgement: rounded to a hundredth",
)
FORCED = "unlike captures, by --force: "
SIZES = ("batch", "sequence")
"""Facts whose two values say all."""
LONGEST = 90
"""Characters of a headline."""
PLANNED = Threshold(
    0.03,
    "share of the time before",
    "the change that a plan of repeats is made for",
    "judgement: what a gate usually allows",
)
WARM_SHARE = Threshold(
    0.01,
    "share of the wall time",
    "waiting for the allocator on one side alone is worth a line",
    "judgement: as the smallest change that is called one",
)


def headline(diff: Diff, longest: int = LONGEST) -> str:
    """Return the verdict in at most ``longest`` characters."""
    texts = [printable(text) for text in _headlines(diff)]
    return next((text for text in texts if len(text) <= longest), texts[-1][: longest - 1] + "…")


def _headlines(diff: Diff) -> list[str]:
    """Return the verdict, longest form first."""
    if not diff.judged:
        return _unlike(diff)
    whole = diff.whole
    judgement = whole.judgement
    if diff.changes.alike:
        return ["same: one recording, 0 changes"]
    if judgement is None or judgement.change is None:
        return ["inconclusive: no time on one side"]
    work = FORCED if diff.work.refused else _work_changed(diff)
    if judgement.verdict in ("faster", "slower"):
        less = "less" if judgement.verdict == "faster" else "more"
        amount = f"{abs(100 * judgement.change.middle):.1f} % {less} {_noun(whole)}"
        spans = f"{amount}: {span(whole.before_ns, whole.after_ns)}"
        sure = "" if judgement.single else f" ({interval_words(judgement.change)})"
        return [f"{work}{spans}{sure}", f"{work}{spans}", spans]
    moved = f"{whole.what} {signed(judgement.change.middle)} %"
    if judgement.verdict == "same":
        return [f"{work}same: {moved} ({interval_words(judgement.change)})", f"same: {moved}"]
    return [f"{work}inconclusive: {moved}, {judgement.why}", f"inconclusive: {moved}"]


def unlike_line(diff: Diff, count: int = 4) -> str:
    """Return that the sides cannot be compared, and by what they differ."""
    other_work = _other_work(diff)
    refusing = [one for one in diff.work.differences if one.refuses]
    said = [
        f"{fact.what} {fact.before} → {fact.after}" if fact.what in SIZES else fact.said
        for fact in refusing
        if (fact.state == "differs") == other_work
    ]
    start = "not the same work" if other_work else "unlike captures"
    return f"{start}: {', '.join(said[:count])}"


def _other_work(diff: Diff) -> bool:
    return any(fact.refuses and fact.state == "differs" for fact in diff.work.facts)


def _unlike(diff: Diff) -> list[str]:
    flops = [fact for fact in diff.work.facts if fact.what.startswith("FLOP")]
    flop = next((fact for fact in flops if fact.refuses), None)
    ending = "no speed verdict"
    texts = [f"{unlike_line(diff, count)}; {ending}" for count in (2, 1)]
    if _other_work(diff) and flop is not None and flop.ratio is not None:
        times = f"{units.significant(flop.ratio)} times the {flop.what.partition(',')[0]}"
        sizes = [
            f"{fact.what} {fact.before} → {fact.after}"
            for fact in diff.work.differences
            if fact.what in SIZES and fact.refuses
        ]
        said = ", ".join([*sizes, times])
        texts = [f"not the same work: {said}; {ending}", f"not the same work: {times}; {ending}"]
    return [*texts, f"{unlike_line(diff).partition(':')[0]}; {ending}"]


def _noun(whole: Whole) -> str:
    return {"wall": "wall time", "launch time": "time"}.get(whole.what, f"{whole.what} time")


def _work_changed(diff: Diff) -> str:
    """Return the start of a headline where other FLOPs were counted on the same grids."""
    fact = next((one for one in diff.work.facts if one.what == "FLOP, counted"), None)
    if fact is None or fact.state != "differs" or fact.ratio is None:
        return ""
    if round(fact.ratio, 2) in HALF:
        return "Half the FLOP on the same grids, and "
    if fact.ratio >= 2:
        return f"{units.significant(fact.ratio)} times the FLOP on the same grids, and "
    return f"{signed(fact.ratio - 1)} % FLOP on the same grids, and "


def span(before_ns: float | None, after_ns: float | None, digits: int = 4) -> str:
    """Return two times in the unit of the larger one: `15.46 → 12.72 ms`."""
    return _span(before_ns, after_ns, _TIMES, digits)


def amounts(before: float | None, after: float | None, unit: str) -> str:
    """Return two amounts with the SI prefix of the larger one: `27.3 → 13.9 GFLOP`."""
    scale = tuple((f"{prefix}{unit}", size) for prefix, size in _PREFIXES)
    return _span(before, after, scale, 3)


_TIMES = (("s", 1e9), ("ms", 1e6), ("µs", 1e3), ("ns", 1.0))
_PREFIXES = (("P", 1e15), ("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3), ("", 1.0))


def _span(
    before: float | None, after: float | None, scale: tuple[tuple[str, float], ...], digits: int
) -> str:
    known = [value for value in (before, after) if value is not None]
    if not known:
        return units.UNKNOWN
    unit, size = next((one for one in scale if max(known) >= 0.9995 * one[1]), scale[-1])
    texts = [
        units.UNKNOWN if value is None else units.significant(value / size, digits)
        for value in (before, after)
    ]
    return f"{texts[0]} → {texts[1]} {unit}"


def same_work_line(diff: Diff) -> str:
    """Return what is compared first: whether both sides did the same work, and by what."""
    figures = [fact for fact in diff.work.facts if fact.what.startswith(("FLOP,", "comp", "DRAM"))]
    unknown = [fact for fact in figures if fact.state == "not_known"]
    weights = [fact for fact in diff.work.facts if other_passes(fact)]
    words = {
        "same": "yes",
        "differs": "no" if diff.work.refused else "",
        "not_comparable": "unlike captures",
        "not_known": "not known" if weights else "",
    }[diff.work.state]
    said = [_figure(fact) for fact in (*weights, *figures) if fact not in unknown]
    rest = [f"not known: {', '.join(_SHORT[fact.what] for fact in unknown)}"] if unknown else []
    return "; ".join(filter(None, [words, ", ".join(said), *rest]))


def _figure(fact: Fact) -> str:
    name = _SHORT[fact.what]
    if not fact.said or fact.ratio is None:
        return f"{name} equal at {_bare(fact.after)}"
    moved = f"{signed(fact.ratio - 1)} %" if fact.ratio < 2 else f"× {fact.ratio:.2f}"
    before, after = fact.before, fact.after
    if before.rpartition(" ")[2] == after.rpartition(" ")[2]:
        before = before.rpartition(" ")[0]
    return f"{name} {_bare(before)} → {_bare(after)} ({moved})"


_SHORT = {
    "FLOP, counted": "FLOP",
    "FLOP, from shapes": "FLOP",
    "DRAM bytes, counted": "DRAM",
    "compulsory bytes": "bytes",
    "second operands of products": "weights read",
}


def _bare(amount: str) -> str:
    """Return an amount of FLOPs without its unit, which its name says already."""
    return amount.removesuffix("FLOP").strip()


def matched_line(diff: Diff) -> str:
    """Return how many groups matched, and how: `5 of 5 groups matched exactly`."""
    kinds = diff.kinds
    both = sum(count for kind, count in kinds.items() if kind not in ("new", "gone"))
    others = [f"{count} {kind}" for kind, count in kinds.items() if count and kind != "exact"]
    total = sum(kinds.values())
    return f"{both} of {units.counted(total, 'group')} matched" + (
        f": {', '.join(others)}" if others else ", all exactly"
    )


def order_line(diff: Diff) -> str:
    """Return how many captures there are, and in which order they were made."""
    counts = f"{len(diff.before.runs)} + {len(diff.after.runs)} captures"
    if len(diff.before.runs) == len(diff.after.runs) == 1:
        return f"{counts}, one a side"
    return f"{counts}, order {diff.order_how}"


def sure_lines(diff: Diff) -> list[str]:
    """Return how sure the verdict is, and what would make it surer."""
    judgement = diff.whole.judgement
    if judgement is None or diff.changes.alike:
        return []
    if judgement.single:
        locked = diff.before.first.settings.launches_serialised
        bound = f"{100 * (SINGLE_LOCKED if locked else SINGLE_FREE):.0f} %"
        change = judgement.change
        past = change is not None and ((change.low or 0) > 0 or (change.high or 0) < 0)
        how = "is past" if past else "is within"
        moved = signed(change.middle) if change else units.UNKNOWN
        first = "one capture a side: how much is inconclusive; " if past else "one capture a side: "
        return [
            "for an interval: --before A1 A2 A3 --after B1 B2 B3, run in turn (ABAB)",
            f"{first}{moved} % {how} the {bound} bound",
        ]
    lines = []
    fewest = min(len(diff.before.runs), len(diff.after.runs))
    if diff.order is None or not _alternates(diff):
        lines.append("runs did not alternate, or are not known to: run ABAB for half the interval")
    plan = power(judgement, fewest, PLANNED)
    return [*lines, plan] if plan else lines


def _alternates(diff: Diff) -> bool:
    """Whether the middle places of both sides lie next to each other."""
    if diff.order is None:
        return False
    count = len(diff.before.runs)
    sides = diff.order[:count], diff.order[count:]
    middles = [sum(side) / len(side) for side in sides]
    return abs(middles[0] - middles[1]) <= 1


def warm_line(diff: Diff) -> str:
    """Return that one side waits for the allocator and the other does not; may be empty."""
    waits = next((one for one in diff.idle if one.cause == "allocator"), None)
    if waits is None or abs(waits.after_ns - waits.before_ns) < WARM_SHARE * diff.whole.after_ns:
        return ""
    colder = "after" if waits.after_ns > waits.before_ns else "before"
    time = units.time(max(waits.after_ns, waits.before_ns))
    return f"{colder} waits {time} for the allocator: not a warm step"


def small_line(diff: Diff) -> str:
    """Return what is said of slower launches that are not called slower; may be empty."""
    rows = [row for row in diff.rows if row.delta_ns > 0 and row.judgement is not None
            and row.judgement.verdict == "inconclusive" and row.delta_ns < SMALLEST_NS
            and (row.delta_share or 0) > SINGLE_LOCKED / 2]  # fmt: skip
    if not rows:
        return ""
    lost = sum(row.delta_ns for row in rows)
    return f"! slower in time, {units.time(lost)} in sum: each below the 5 µs bound"
