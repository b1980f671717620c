"""What became of the findings: resolved, introduced, grown, and which predictions came true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ncutool.base.thresholds import Threshold
from ncutool.diff.match import Match
from ncutool.diff.sides import FindingFacts, Run
from ncutool.diff.verdict import SMALLEST_NS

State = Literal["resolved", "no_longer_raised", "grew", "shrank", "open", "introduced"]
STATES: tuple[State, ...] = (
    "introduced", "grew", "open", "shrank", "no_longer_raised", "resolved",
)  # fmt: skip
OTHER_SIZE = Threshold(
    0.1,
    "share of the larger",
    "predicted savings that differ by more have grown or shrunk",
    "judgement: as the bound of single captures at locked clocks",
)
CARRIED_OUT = Threshold(
    0.5,
    "share of its launches",
    "a finding with more of its launches merged or gone was carried out",
    "judgement",
)
_CARRIED = frozenset(("merged", "gone"))


@dataclass(frozen=True)
class Became:
    """One finding before, after or both."""

    state: State
    rule: str
    kind: str
    title: str
    before_ns: tuple[int, int] | None
    """What it would save at least and at most, alone."""
    after_ns: tuple[int, int] | None
    launches_before: int
    launches_after: int
    actual_ns: float | None
    """By how much less its launches take after; None for what was not there before."""
    said: str
    applied: bool = True
    """False where the launches show that it was not carried out."""


def became(before: Run, after: Run, matches: Sequence[Match]) -> tuple[Became, ...]:
    """Return what became of each finding, the new ones first.

    A finding lives on where one of the same rule concerns launches that match its own. One that
    was raised twice (two kernels, each with its own) lives on launch by launch.
    """
    numbers = _numbers(matches, True), _numbers(matches, False)
    durations = _durations(before), _durations(after)
    types = _types(before), _types(after)
    open_after = list(after.findings)
    found = []
    for old in before.findings:
        mine = {numbers[0][launch] for launch in old.launches if launch in numbers[0]}
        next_ = _living_on(old, open_after, mine, numbers[1])
        if next_ is not None:
            open_after.remove(next_)
        actual = _actual(old, matches, mine, durations)
        typed = _same_types(old, matches, mine, types)
        found.append(_one(old, next_, actual, _carried(old, matches, numbers[0]), typed))
    found += [
        Became("introduced", new.rule, new.kind, new.title, None, _ends(new), 0,
               len(new.launches), None, "not raised before")
        for new in open_after
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: (STATES.index(one.state), -_size(one))))


def _numbers(matches: Sequence[Match], before: bool) -> dict[int, int]:
    return {
        launch: number
        for number, one in enumerate(matches)
        for launch in (one.before if before else one.after)
    }


def _durations(run: Run) -> dict[int, int]:
    rows = run.launches.select("launch_id", "duration_ns").iter_rows()
    return {launch: duration or 0 for launch, duration in rows}


def _ends(one: FindingFacts) -> tuple[int, int]:
    return one.low_ns, one.high_ns


def _size(one: Became) -> int:
    return max((ends[1] for ends in (one.before_ns, one.after_ns) if ends), default=0)


def _living_on(
    old: FindingFacts, after: list[FindingFacts], mine: set[int], numbers: dict[int, int]
) -> FindingFacts | None:
    """Return the finding of the same rule with the most launches in the same matches."""
    best, most = None, 0
    for new in after:
        if new.rule == old.rule:
            shared = sum(numbers.get(launch) in mine for launch in new.launches)
            if shared > most:
                best, most = new, shared
    return best


def _carried(old: FindingFacts, matches: Sequence[Match], numbers: dict[int, int]) -> bool:
    """Whether most of its launches were merged into others or are gone."""
    kinds = [matches[numbers[launch]].kind for launch in old.launches if launch in numbers]
    return bool(kinds) and sum(kind in _CARRIED for kind in kinds) > CARRIED_OUT * len(kinds)


def _actual(
    old: FindingFacts,
    matches: Sequence[Match],
    mine: set[int],
    durations: tuple[dict[int, int], dict[int, int]],
) -> float:
    """Return by how much less its launches take: of a match that it shares, its part by time."""
    launches = set(old.launches)
    saved = 0.0
    for number in mine:
        one = matches[number]
        whole = sum(durations[0][launch] for launch in one.before)
        own = sum(durations[0][launch] for launch in one.before if launch in launches)
        then = sum(durations[1][launch] for launch in one.after)
        saved += own - (then * own / whole if whole else 0.0)
    return saved


def _types(run: Run) -> dict[int, str | None]:
    return dict(run.launches.select("launch_id", "dtype").iter_rows())


def _same_types(
    old: FindingFacts,
    matches: Sequence[Match],
    mine: set[int],
    types: tuple[dict[int, str | None], dict[int, str | None]],
) -> str:
    """Return the data types of its launches where they are the same after; empty elsewhere."""
    was = {types[0].get(launch) for launch in old.launches}
    now = {types[1].get(launch) for number in mine for launch in matches[number].after}
    return ", ".join(sorted(filter(None, was))) if was == now and None not in was else ""


def _one(
    old: FindingFacts, new: FindingFacts | None, actual: float, carried: bool, typed: str
) -> Became:
    state: State
    applied = True
    if new is None and carried:
        state, said = "resolved", "its launches were merged or are gone"
    elif new is None and typed and old.kind == "precision":
        state, said, applied = "no_longer_raised", f"not applied: still {typed}", False
    elif new is None:
        state = "no_longer_raised"
        said = (
            "its launches did not change"
            if abs(actual) < SMALLEST_NS
            else "its launches changed; the captures do not show which change did it"
        )
    else:
        apart = new.high_ns - old.high_ns
        larger = max(new.high_ns, old.high_ns)
        if abs(apart) <= OTHER_SIZE * larger:
            state, said = "open", "still there"
        else:
            state = "grew" if apart > 0 else "shrank"
            said = f"{len(old.launches)} → {len(new.launches)} launches"
    return Became(
        state, old.rule, old.kind, new.title if new else old.title, _ends(old),
        _ends(new) if new else None, len(old.launches), len(new.launches) if new else 0, actual,
        said, applied,
    )  # fmt: skip
