"""What stands between matched launches: one kernel for another, n for one, one for n."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Literal

from msgspec import Struct

from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.diff.naming import relation
from ncutool.diff.sequence import Key, Launch

Kind = Literal[
    "exact", "renamed", "variant", "template", "retyped", "reshaped", "split", "merged", "new",
    "gone",
]  # fmt: skip
REGION = IntThreshold(
    64,
    "launches",
    "a stretch between two matched launches with more on one side is not taken for a rewrite of it",
    "judgement: a layer of a transformer has as many; what is longer is another program",
)
SAME_FLOP = Threshold(
    0.01, "share of the larger", "FLOPs that differ by more are named in the evidence", "judgement"
)


_Calls = tuple[dict[int, list[Launch]], dict[int, list[Launch]]]
"""The launches of each operator call, before and after."""


class Pairing(Struct, frozen=True):
    """Launches before and after that do the same, and how that was told."""

    kind: Kind
    evidence: str
    before: tuple[Launch, ...]
    after: tuple[Launch, ...]


def pairings(
    old: Sequence[Launch], new: Sequence[Launch], pairs: Sequence[tuple[int, int]], alike: set[Key]
) -> Iterator[Pairing]:
    """Yield what the alignment tells of launches whose key is not ``alike`` on both sides.

    Args:
        pairs: positions at the same place.
        alike: keys of which both sides have as many: matched whatever their order.
    """
    firm = [(i, j) for i, j in pairs if _firm(old[i], new[j])]
    own = _calls(old, alike), _calls(new, alike)
    done: set[int] = set()
    for i, j in firm:
        ours, theirs = old[i], new[j]
        if ours.key in alike or theirs.key in alike or id(ours) in done or id(theirs) in done:
            continue
        pairing = _call(ours, theirs, own, done) or _one(ours, theirs)
        yield _taken(pairing, done)
    known = set(firm)
    weak = {i: j for i, j in pairs if (i, j) not in known}
    fences = [(-1, -1), *firm, (len(old), len(new))]
    for (i, j), (k, m) in pairwise(fences):
        if i < 0 and k == len(old) and (j < 0 and m == len(new)):
            continue  # nothing is told apart, so that there is no place either
        left, right = (
            [at for at in span if side[at].key not in alike and id(side[at]) not in done]
            for side, span in ((old, range(i + 1, k)), (new, range(j + 1, m)))
        )
        enclosed = i >= 0 and k < len(old)
        yield from _region(old, new, left, right, weak, own, done, enclosed)


def _firm(ours: Launch, theirs: Launch) -> bool:
    """Whether two launches at the same place surely do the same thing, on whatever sizes."""
    if ours.key == theirs.key or (ours.work is not None and ours.work == theirs.work):
        return True
    return ours.op == theirs.op and ours.key[1] == theirs.key[1]


def _calls(launches: Sequence[Launch], alike: set[Key]) -> dict[int, list[Launch]]:
    """Return the launches of each operator call."""
    calls: dict[int, list[Launch]] = defaultdict(list)
    for launch in launches:
        if launch.call is not None and launch.key not in alike:
            calls[launch.call].append(launch)
    return calls


def _call(ours: Launch, theirs: Launch, own: _Calls, done: set[int]) -> Pairing | None:
    """Return the pairing of two calls of one operator that launch unequally many kernels."""
    if ours.call is None or theirs.call is None or ours.op != theirs.op:
        return None
    if id(ours) in done or id(theirs) in done:
        return None
    before = [one for one in own[0].get(ours.call, []) if id(one) not in done]
    after = [one for one in own[1].get(theirs.call, []) if id(one) not in done]
    if len(before) == len(after) or not before or not after:
        return None
    kind: Kind = "merged" if len(before) > len(after) else "split"
    shapes = "and shapes " if ours.work == theirs.work else ""
    how = f"the call of the same operator {shapes}at the same position launches {len(after)}"
    return Pairing(kind, f"{how} instead of {len(before)}", tuple(before), tuple(after))


def _region(
    old: Sequence[Launch],
    new: Sequence[Launch],
    ours: list[int],
    theirs: list[int],
    weak: dict[int, int],
    own: _Calls,
    done: set[int],
    enclosed: bool,
) -> Iterator[Pairing]:
    """Yield the pairings of what stands at one place on both sides.

    Args:
        ours: positions in ``old``; ``theirs`` those in ``new``.
        weak: the position in ``new`` that the alignment pairs with one in ``old`` though little
            tells it.
        own: the launches of each operator call of both sides.
        done: the launches that are paired already, by identity; added to.
        enclosed: matched launches stand before and after the place.
    """
    if not ours or not theirs:
        return
    inside = _inside(ours, theirs, weak)
    for i, j in inside:
        pairing = _call(old[i], new[j], own, done)
        if pairing is not None:
            yield _taken(pairing, done)
    ours = [at for at in ours if id(old[at]) not in done]
    theirs = [at for at in theirs if id(new[at]) not in done]
    inside = _inside(ours, theirs, weak)
    sizes = len(ours), len(theirs)
    if sizes == (len(inside), len(inside)):
        for i, j in inside:
            yield _taken(_one(old[i], new[j]), done)
    elif sizes[0] != sizes[1] and min(sizes) >= 1 and max(sizes) <= REGION:
        if not enclosed and min(sizes) > 1:
            return  # a beginning or an end is no neighbour that tells where a rewrite stops
        kind: Kind = "merged" if sizes[0] > sizes[1] else "split"
        how = f"{sizes[1]} instead of {sizes[0]} between the same two neighbours"
        before, after = tuple(old[i] for i in ours), tuple(new[j] for j in theirs)
        yield _taken(Pairing(kind, how, before, after), done)


def _inside(ours: list[int], theirs: list[int], weak: dict[int, int]) -> list[tuple[int, int]]:
    """Return the weak pairs of which both places are among these."""
    places = set(theirs)
    return [(i, weak[i]) for i in ours if weak.get(i, -1) in places]


def _taken(pairing: Pairing, done: set[int]) -> Pairing:
    """Mark the launches of a pairing as paired, and return it."""
    done.update(id(one) for one in (*pairing.before, *pairing.after))
    return pairing


def _one(ours: Launch, theirs: Launch) -> Pairing:
    kind, how = classify(ours, theirs)
    return Pairing(kind, how, (ours,), (theirs,))


def classify(ours: Launch, theirs: Launch, *, placed: bool = True) -> tuple[Kind, str]:
    """Return what one launch became, and what that rests on.

    Args:
        placed: both stand at the same place, which is then part of the ground.
    """
    position = " and position" if placed else ""
    if ours.key == theirs.key:
        at = " at the same position" if placed else ""
        return "exact", f"same kernel on the same work{at}"
    related = relation(ours.full, theirs.full)
    same_grid = ours.grid == theirs.grid and ours.grid[0] is not None
    if ours.work is not None and ours.work == theirs.work:
        place = "same operator, shapes and position" if placed else "same operator and shapes"
        if related == "same":
            kind: Kind = "retyped" if ours.dtype != theirs.dtype else "exact"
            return kind, f"{place}{_types(ours, theirs)}"
        return _other_kernel(related), f"{place}; {_RELATED[related]}{_types(ours, theirs)}"
    if ours.op is not None and ours.op == theirs.op:
        kernel = "the same kernel" if related == "same" else _RELATED[related]
        return "reshaped", f"same operator{position}, other shapes; {kernel}"
    if related == "same":
        return "reshaped", f"same kernel{position}, another grid or other shapes"
    if placed:
        place = "same grid, block and neighbours" if same_grid else "same neighbours"
    else:
        place = "same grid and block" if same_grid else "no other left"
    return _other_kernel(related), f"{place}; {_RELATED[related]}{_flop(ours, theirs)}"


_RELATED = {
    "same": "the same kernel",
    "variant": "another variant of the kernel",
    "template": "other template arguments",
    "other": "another kernel name",
}


def _other_kernel(related: str) -> Kind:
    return "variant" if related == "variant" else "template" if related == "template" else "renamed"


def _types(ours: Launch, theirs: Launch) -> str:
    if ours.dtype == theirs.dtype or ours.dtype is None or theirs.dtype is None:
        return ""
    return f"; {ours.dtype} → {theirs.dtype}"


def _flop(ours: Launch, theirs: Launch) -> str:
    """Say whether two kernels execute as many FLOPs, where that was counted."""
    if ours.flop is None or theirs.flop is None:
        return ""
    larger = max(ours.flop, theirs.flop)
    if larger == 0 or abs(ours.flop - theirs.flop) <= SAME_FLOP * larger:
        return ", as many FLOP" if larger else ""
    return ", other FLOP"


def only_ones_left(old: Sequence[Launch], new: Sequence[Launch]) -> list[Pairing]:
    """Return the pairings of launches of which nothing else is left that they could be.

    A kernel of which both sides have launches of one key left, or an operator on the same shapes.
    """
    found: list[Pairing] = []
    taken: set[Key] = set()
    marks: tuple[tuple[str, Callable[[Launch], object]], ...] = (
        ("the only kernel of its name left", lambda one: (one.category, one.key[1], one.op)),
        ("the only launches of their operator and shapes left", lambda one: one.work),
    )
    for words, read in marks:
        sides = _by_mark(old, read, taken), _by_mark(new, read, taken)
        for mark in sides[0].keys() & sides[1].keys():
            ours, theirs = sides[0][mark], sides[1][mark]
            if len(ours) == len(theirs) == 1:
                before, after = next(iter(ours.values())), next(iter(theirs.values()))
                kind, how = classify(before[0], after[0], placed=False)
                found.append(Pairing(kind, f"{how}; {words}", tuple(before), tuple(after)))
                taken |= {before[0].key, after[0].key}
    return sorted(found, key=lambda one: one.before[0].launch_id)


def _by_mark(
    launches: Sequence[Launch], read: Callable[[Launch], object], taken: set[Key]
) -> dict[object, dict[Key, list[Launch]]]:
    """Return the launches by mark and key; those without a mark, or taken already, are left out."""
    marks: dict[object, dict[Key, list[Launch]]] = defaultdict(lambda: defaultdict(list))
    for launch in launches:
        mark = read(launch)
        if mark is not None and launch.key not in taken:
            marks[mark][launch.key].append(launch)
    return marks
