"""What the comment, the picture and the page show of a comparison, in the same words."""

from __future__ import annotations

import polars as pl

from ncutool.base import units
from ncutool.base.thresholds import Threshold
from ncutool.base.untrusted import printable, shorten
from ncutool.diff import wording
from ncutool.diff.changes import Row
from ncutool.diff.compare import Diff
from ncutool.diff.facts import Fact
from ncutool.diff.findings import Became
from ncutool.diff.same_work import EQUAL
from ncutool.diff.sides import Run
from ncutool.diff.verdict import SMALLEST, signed

REMAINDER = Threshold(
    0.001,
    "share of the time before",
    "a smaller part of a change is not worth a row of its own",
    "judgement: less than a pixel of any drawing",
)
_LONGEST = 60
"""Characters of a file's name that are shown."""
_ENDINGS = (".baseline.json.gz", ".json.gz", ".json", ".ncu-rep", ".gz")
_STATES = {
    "resolved": "resolved",
    "no_longer_raised": "no longer raised",
    "shrank": "shrank",
    "open": "open",
    "grew": "grew",
    "introduced": "new",
}
RATES = {"flop_per_busy_s": "FLOP per busy time", "flop_per_wall_s": "FLOP per wall time"}
WHOLES = {"wall": "wall time", "busy": "GPU busy", "launch time": "launch time"}


def ends(fact: Fact) -> str:
    """Return both values of a fact, a unit that they share once."""
    before, after = fact.before, fact.after
    if " " in after and before.rpartition(" ")[2] == after.rpartition(" ")[2]:
        before = before.rpartition(" ")[0]
    return f"{before} → {after}"


def stems(diff: Diff) -> tuple[str, str]:
    """Return what both sides are called: the names of their first files without endings."""
    before, after = (_stem(side.runs[0].name) for side in (diff.before, diff.after))
    return before, after


def _stem(name: str) -> str:
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    return shorten(name, _LONGEST) or "capture"


def title(diff: Diff) -> str:
    """Return both names on one line, the second without what it starts with like the first."""
    before, after = stems(diff)
    if before == after:
        return f"{before}, before → after"
    common = next(
        (at for at, pair in enumerate(zip(before, after, strict=False)) if len(set(pair)) > 1), 0
    )
    cut = before.rfind("-", 0, common) if common > 3 else 0
    return f"{before} → {after[cut:] if cut > 0 else after}"


def verdict(diff: Diff) -> str:
    """Return the verdict in a word or three."""
    judgement = diff.whole.judgement
    return "not compared" if judgement is None or not diff.judged else judgement.verdict


def row_verdict(row: Row) -> str:
    """Return the verdict on a match; of one that one side alone has, which."""
    return row.judgement.verdict if row.judgement is not None else row.match.kind


def regressed(row: Row) -> bool:
    """Whether a match got slower by so much that a reader must see it, certain or not."""
    return (
        row.judgement is not None
        and row.judgement.verdict in ("slower", "inconclusive")
        and (row.delta_share or 0.0) > SMALLEST
    )


def regressions(diff: Diff) -> list[Row]:
    """Return every match that got slower, worst first."""
    return [row for row in diff.rows if regressed(row)]


def worst(diff: Diff) -> Row | None:
    """Return the match that got slower by the largest share."""
    return max(regressions(diff), key=lambda row: row.delta_share or 0.0, default=None)


def of_whole(diff: Diff, row: Row) -> str:
    """Return a match's change as a share of the time of the whole before: ` (+1.4 µs, 0.1 % …)`."""
    whole = diff.whole
    if not whole.before_ns:
        return ""
    share = units.percent(100 * abs(row.delta_ns) / whole.before_ns)
    return f" ({amount(row.delta_ns)}, {share} of the {WHOLES[whole.what]} before)"


def moved(diff: Diff) -> Row | None:
    """Return the match whose time changed most; None where none changed."""
    found = max(diff.rows, key=lambda row: abs(row.delta_ns), default=None)
    return found if found is not None and found.delta_ns else None


def described(row: Row) -> str:
    """Return a match's name, with the operator's shapes where they tell it apart."""
    detail = "" if "blocks of" in row.detail else row.detail
    return printable(f"{row.name} {detail}".strip())


def time_cell(row: Row) -> str:
    """Return both times: `6.19 → 3.48 ms`."""
    return wording.span(row.before.time_ns, row.after.time_ns, 3)


def change_cell(row: Row) -> str:
    """Return by how much the time changed: `−43.8 %`; of what is new or gone, all of it."""
    if row.delta_share is not None:
        return f"{signed(row.delta_share)} %"
    return amount(row.delta_ns) if row.delta_ns else units.UNKNOWN


def amount(ns: float) -> str:
    """Return a change of time with its sign: `−2.71 ms`."""
    if not ns:
        return "0"
    return f"{'+' if ns > 0 else '−'}{units.time(abs(ns))}"


def figure_cell(before: float | None, after: float | None, unit: str) -> str:
    """Return an amount on both sides, once where both are equal."""
    if before is None and after is None:
        return units.UNKNOWN
    if before is None or after is None:  # each with its own unit: one is not known
        return f"{units.scaled(before, unit)} → {units.scaled(after, unit)}"
    larger = max(abs(before), abs(after))
    if abs(after - before) <= EQUAL * larger:
        return units.scaled(after, unit) if larger else "0"
    return wording.amounts(before, after, unit)


def share_cell(before: float | None, after: float | None, digits: int = 1) -> str:
    """Return a share or a ratio on both sides: `55.5 → 80.7`."""
    texts = [units.UNKNOWN if one is None else f"{one:.{digits}f}" for one in (before, after)]
    return units.UNKNOWN if texts == [units.UNKNOWN] * 2 else " → ".join(texts)


def bytes_words(diff: Diff) -> str:
    """Return what the bytes of a match are: counted, or what its shapes need at least."""
    return "DRAM bytes" if _counted(diff) else "bytes, from shapes"


def _counted(diff: Diff) -> bool:
    return all(
        run.settings.figures_counted
        or (run.launches["bytes_source"].drop_nulls().is_in(["counter", "joined", "cycles"])).any()
        for run in (diff.before.first, diff.after.first)
    )


def sentence_on(row: Row) -> str:
    """Return in one line what became of a match: FLOPs, share of its roof, what holds it."""
    said = [time_cell(row)]
    old, new = row.before, row.after
    if old.flop and new.flop and abs(new.flop / old.flop - 1) > EQUAL:
        said.append(wording.amounts(old.flop, new.flop, "FLOP"))
    if old.roofline_pct is not None and new.roofline_pct is not None:
        said.append(f"{share_cell(old.roofline_pct, new.roofline_pct)} % of its roof")
    return ", ".join(said)


def parts(run: Run) -> dict[str, float]:
    """Return the time of a run by bound, and the idle time of its window, in ns."""
    rows = run.launches.group_by("bound").agg(pl.col("duration_ns").sum()).iter_rows()
    times = {str(bound or "unknown"): float(ns or 0) for bound, ns in rows}
    if run.window is None:
        return times
    total = sum(times.values())
    scale = run.window.busy_ns / total if total else 0.0  # launches that overlap count once
    found = {bound: ns * scale for bound, ns in times.items()}
    return found | {"idle": float(run.window.wall_ns - run.window.busy_ns)}


def state_word(one: Became) -> str:
    """Return what became of a finding, in a word or three."""
    return _STATES[one.state]


def predicted(one: Became) -> str:
    """Return what a finding would save: before, after, or both where that changed."""
    ends = (one.after_ns,) if one.state == "open" else (one.before_ns, one.after_ns)
    texts = [units.time_range(*pair) for pair in ends if pair is not None]
    return " → ".join(dict.fromkeys(texts)) or units.UNKNOWN


def came_true(one: Became) -> str:
    """Return what its launches came to; a saving is credited only where it was carried out."""
    if one.state not in ("resolved", "no_longer_raised") or one.actual_ns is None:
        return "open"
    if not one.applied:
        return "not applied"
    if abs(one.actual_ns) < REMAINDER * max((one.before_ns or (0, 0))[1], 1):
        return "nothing saved"
    less = f"{units.time(abs(one.actual_ns))} {'less' if one.actual_ns > 0 else 'more'}"
    return less if one.state == "resolved" else f"{less}, not credited"


def findings_words(diff: Diff) -> str:
    """Return how many findings became what: `3 no longer raised, 1 grew, 1 new`."""
    states = [one.state for one in diff.findings]
    return ", ".join(
        f"{states.count(state)} {word}" for state, word in _STATES.items() if state in states
    )
