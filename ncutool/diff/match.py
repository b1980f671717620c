"""Which launches after do what which launches before did, each with how that was told.

A match is never a guess: launches that nothing tells are *new* or *gone*. Where each kernel on the
same work is launched equally often on both sides, their order does not matter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct, field

from ncutool.diff import regions
from ncutool.diff.aligning import align
from ncutool.diff.regions import Kind, Pairing
from ncutool.diff.sequence import Key, Launch, counts, likenesses, sequences
from ncutool.diff.sides import Run

KINDS: tuple[Kind, ...] = (
    "exact", "renamed", "variant", "template", "retyped", "reshaped", "split", "merged", "new",
    "gone",
)  # fmt: skip
UNALIGNED = (
    "the captures are too long to align: launches are matched by kernel, operator and shapes alone"
)


class Match(Struct, frozen=True):
    """Launches before, and the launches after that do the same."""

    kind: Kind
    evidence: str
    """How it was told: half a sentence."""
    before: tuple[int, ...]
    """launch_id, in order."""
    after: tuple[int, ...]


class Matching(Struct, frozen=True):
    """Every launch of both runs, each in one match."""

    matches: tuple[Match, ...]
    notes: tuple[str, ...] = ()


class _Gathered(Struct):
    """Pairings of alike launches, put together."""

    rows: dict[tuple[object, ...], tuple[Kind, str, list[int], list[int]]] = field(
        default_factory=dict
    )

    def add(self, pairing: Pairing) -> None:
        """Put a pairing to those of the same kind, keys and evidence."""
        sides = [tuple(one.key for one in side) for side in (pairing.before, pairing.after)]
        if pairing.kind in ("exact", "new", "gone"):
            name: tuple[object, ...] = (pairing.kind, *set(sides[0] + sides[1]))
        else:
            name = (pairing.kind, *sides)
        row = self.rows.setdefault(name, (pairing.kind, pairing.evidence, [], []))
        row[2].extend(one.launch_id for one in pairing.before)
        row[3].extend(one.launch_id for one in pairing.after)


def match(before: Run, after: Run) -> Matching:
    """Return which launches of two runs do the same."""
    old, new = sequences(before, after)
    found = _Gathered()
    old_counts, new_counts = counts(old), counts(new)
    alike = {key for key, count in old_counts.items() if new_counts[key] == count}
    _by_key(found, old, new, alike, _exact_words(before))
    notes: tuple[str, ...] = ()
    if len(alike) < max(len(old_counts), len(new_counts)):
        rest_old, rest_new, notes = _in_place(found, old, new, alike)
        rest_old, rest_new = _moved(found, rest_old, rest_new, before)
        for one in regions.only_ones_left(rest_old, rest_new):
            found.add(one)
            taken = {id(launch) for launch in (*one.before, *one.after)}
            rest_old = [launch for launch in rest_old if id(launch) not in taken]
            rest_new = [launch for launch in rest_new if id(launch) not in taken]
        for launch in rest_old:
            found.add(Pairing("gone", "nothing after is told to do it", (launch,), ()))
        for launch in rest_new:
            found.add(Pairing("new", "nothing before is told to have done it", (), (launch,)))
    rows = sorted(found.rows.values(), key=lambda row: min(row[2] or row[3]))
    return Matching(
        tuple(Match(kind, how, tuple(sorted(a)), tuple(sorted(b))) for kind, how, a, b in rows),
        notes,
    )


def _exact_words(run: Run) -> str:
    if run.settings.records_operators:
        return "same kernel, operator and shapes"
    return "same kernel, grid and block"


def _by_key(
    found: _Gathered, old: Sequence[Launch], new: Sequence[Launch], keys: set[Key], how: str
) -> None:
    """Match the launches of keys that both sides have."""
    sides: dict[Key, tuple[list[Launch], list[Launch]]] = defaultdict(lambda: ([], []))
    for place, launches in enumerate((old, new)):
        for launch in launches:
            if launch.key in keys:
                sides[launch.key][place].append(launch)
    for ours, theirs in sides.values():
        found.add(Pairing("exact", how, tuple(ours), tuple(theirs)))


def _in_place(
    found: _Gathered, old: list[Launch], new: list[Launch], alike: set[Key]
) -> tuple[list[Launch], list[Launch], tuple[str, ...]]:
    """Match what stands at the same place; return what is left."""
    pairs = align(likenesses(old, new), _anchors(old, new, alike))
    open_old = [one for one in old if one.key not in alike]
    open_new = [one for one in new if one.key not in alike]
    if pairs is None:
        return open_old, open_new, (UNALIGNED,)
    used: set[int] = set()
    for pairing in regions.pairings(old, new, pairs, alike):
        found.add(pairing)
        used.update(id(one) for one in (*pairing.before, *pairing.after))
    return (
        [one for one in open_old if id(one) not in used],
        [one for one in open_new if id(one) not in used],
        (),
    )


def _anchors(old: list[Launch], new: list[Launch], alike: set[Key]) -> Iterator[tuple[int, int]]:
    """Yield the places of the launches of which both sides have as many, the first to the first."""
    places: dict[Key, list[int]] = defaultdict(list)
    for at, launch in enumerate(new):
        if launch.key in alike:
            places[launch.key].append(at)
    order = {key: iter(own) for key, own in places.items()}
    for at, launch in enumerate(old):
        if launch.key in alike:
            yield at, next(order[launch.key])


def _moved(
    found: _Gathered, old: list[Launch], new: list[Launch], before: Run
) -> tuple[list[Launch], list[Launch]]:
    """Match the same kernel on the same work wherever it stands, also where one side has more."""
    paired: set[Key] = {key for row in found.rows if row[0] == "exact" for key in row[1:]}  # type: ignore[misc]  # the name of an exact row ends in its keys
    both = (counts(old).keys() & counts(new).keys()) | paired
    _by_key(found, old, new, both, _exact_words(before))
    return [one for one in old if one.key not in both], [one for one in new if one.key not in both]


def by_kind(matches: Iterable[Match]) -> dict[Kind, int]:
    """Return how many matches there are of each kind."""
    tally: dict[Kind, int] = dict.fromkeys(KINDS, 0)
    for one in matches:
        tally[one.kind] += 1
    return tally
