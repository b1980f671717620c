"""Searches the launches of a trace for those whose counters would tell most."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from ncutool.analysis.covering import FORBIDDEN, NOTHING, Stretch, best
from ncutool.base.ncu_command import Launches, NameBase
from ncutool.base.thresholds import Threshold
from ncutool.timeline.launch_calls import COMMUNICATES
from ncutool_parsers.kernel_names import function_name

if TYPE_CHECKING:
    from ncutool.timeline.launch_order import Order

ALIKE = Threshold(
    0.25,
    "share",
    "launches of one kernel, grid and block whose times differ by more are not taken for alike: "
    "what one of them tells need not hold for the others",
    "judgement: half of what a launch varies by with its data in the traces of the corpus",
)
_MAX_SEEDS = 3
_MAX_TRIED = 16
"""How many kernels with most time a search begins with, and how many it tries to add."""
_SYMBOL = re.compile(r"_Z[A-Za-z0-9_$.]+")
_GEOMETRY = tuple(f"{kind}_{axis}" for kind in ("grid", "block") for axis in "xyz")
_KEY = ("kind", "kernel_full", "compute_capability", *_GEOMETRY)

Name = tuple[NameBase, str]


class Chosen(NamedTuple):
    """Launches that a filter of ncu selects."""

    filter: Launches
    launches: tuple[int, ...]
    """Exactly those that it selects, in the order of the processes."""
    weight: int
    """What they tell, in ns."""


class Listed(NamedTuple):
    """The launches of each process in their order, as arrays of equal length."""

    ids: list[np.ndarray]
    names: list[np.ndarray]
    """Numbers of names; -1 where a launch has none to be filtered by."""
    groups: list[np.ndarray]
    known: tuple[Name, ...]
    """Names by their numbers."""


def alike(candidates: pl.DataFrame) -> pl.DataFrame:
    """Return launch_id, ``group`` and duration_ns: launches of a group are told by any one of them.

    They are of one kernel with one grid and block on like devices, their times near each other.
    Without a recorded grid a launch tells nothing of others.

    Args:
        candidates: rows of :data:`ncutool.base.tables.KERNELS` with ``kind``, all timed.
    """
    ordered = candidates.sort(*_KEY, "duration_ns", "launch_id")
    whole = ordered.select(pl.all_horizontal(pl.col(_GEOMETRY).is_not_null()))[:, 0]
    keys = ordered.select(pl.struct(_KEY).rle_id())[:, 0]
    groups, group, shortest, before = [], -1, 0, -1
    for key, known, duration in zip(keys, whole, ordered["duration_ns"], strict=True):
        if key != before or not known or duration > (1 + ALIKE) * shortest:
            group, shortest, before = group + 1, duration, key
        groups.append(group)
    return ordered.select("launch_id", "duration_ns", group=pl.Series(groups, dtype=pl.Int64))


def listed(order: Order, launches: pl.DataFrame, groups: pl.DataFrame, *, by_name: bool) -> Listed:
    """Return the launches of each process, with the names that ncu could filter them by.

    Args:
        order: the kernels as they were launched.
        launches: table `launches` of the capture.
        groups: of :func:`alike`.
        by_name: False where names are not those of the program.
    """
    rows = order.kernels.join(
        launches.select("launch_id", "kernel_full", communicates=COMMUNICATES),
        on="launch_id",
        maintain_order="left",
    ).join(groups, on="launch_id", how="left", maintain_order="left")
    named = {full: name_of(full) for full in rows["kernel_full"].unique()} if by_name else {}
    known = tuple(sorted({name for name in named.values() if name is not None}))
    numbers = {name: number for number, name in enumerate(known)}
    of_full = {full: numbers[name] for full, name in named.items() if name is not None}
    parts = rows.partition_by("process", maintain_order=True)
    return Listed(
        [part["launch_id"].to_numpy() for part in parts],
        [np.array([of_full.get(full, -1) for full in part["kernel_full"]]) for part in parts],
        [
            np.where(part["communicates"], FORBIDDEN, part["group"].fill_null(NOTHING).to_numpy())
            for part in parts
        ],
        known,
    )


def name_of(full: str) -> Name | None:
    """Return what ncu can be told a kernel by; None where its recorded name does not say.

    Demangled names are of no use: demanglers differ in how they write template arguments.
    """
    if _SYMBOL.fullmatch(full):
        return "mangled", full
    function = function_name(full)
    return None if function is None else ("function", function)


def search(known: Listed, weights: Mapping[int, int], most: int) -> Chosen | None:
    """Return the launches that weigh most among those that one filter of ncu can select.

    Args:
        known: the launches.
        weights: of each group that counts, in ns.
        most: launches that may be selected.
    """
    dense = {group: number for number, group in enumerate(weights)}
    table = np.full(max(weights, default=-1) + 2, NOTHING)  # the last is of groups without weight
    for group, number in dense.items():
        table[group] = number
    groups = [
        np.where(part == FORBIDDEN, FORBIDDEN, table[np.clip(part, -1, len(table) - 1)])
        for part in known.groups
    ]
    scales = list(weights.values())

    def tried(names: frozenset[int]) -> Stretch | None:
        return best(_columns(known, groups, names), scales, most)

    found: list[tuple[Stretch, frozenset[int]]] = []
    heaviest = _by_weight(known, groups, scales)
    for seed in heaviest[:_MAX_SEEDS]:
        stretch, names = tried(frozenset((seed,))), frozenset((seed,))
        for other in heaviest[:_MAX_TRIED] if most > 1 else ():
            if other in names or known.known[other][0] != known.known[seed][0]:
                continue
            with_it = tried(names | {other})
            if with_it is not None and (stretch is None or with_it.weight > stretch.weight):
                stretch, names = with_it, names | {other}
        if stretch is not None:
            found.append((stretch, names))
    if (anywhere := tried(frozenset())) is not None:
        found.append((anywhere, frozenset()))
    if not found:
        return None
    stretch, names = max(found, key=lambda one: (one[0].weight, -one[0].launches, bool(one[1])))
    return _chosen(known, stretch, names)


def _mask(known: Listed, names: frozenset[int]) -> list[np.ndarray]:
    """Return which launches of each process have one of these names; all where there are none."""
    wanted = np.array(sorted(names))
    return [np.isin(part, wanted) if names else np.ones_like(part, bool) for part in known.names]


def _columns(
    known: Listed, groups: Sequence[np.ndarray], names: frozenset[int]
) -> list[tuple[int, ...]]:
    kept = [part[mask].tolist() for part, mask in zip(groups, _mask(known, names), strict=True)]
    if len(kept) == 1:
        return [(group,) for group in kept[0]]
    return [tuple(group for group in column if group is not None) for column in zip_longest(*kept)]


def _by_weight(known: Listed, groups: Sequence[np.ndarray], weights: Sequence[int]) -> list[int]:
    """Return the names whose groups weigh anything, the heaviest first."""
    sums: dict[int, int] = {}
    pairs = {
        pair
        for names, part in zip(known.names, groups, strict=True)
        for pair in zip(names.tolist(), part.tolist(), strict=True)
    }
    for name, group in pairs:
        if name >= 0 and group >= 0:
            sums[name] = sums.get(name, 0) + weights[group]
    return sorted(sums, key=lambda name: (-sums[name], name))


def _chosen(known: Listed, stretch: Stretch, names: frozenset[int]) -> Chosen:
    picked = [known.known[name] for name in sorted(names)]
    chosen = Launches(
        names=tuple(name for _, name in picked),
        base=picked[0][0] if picked else "function",
        skip=stretch.skip,
        count=stretch.columns,
    )
    until = stretch.skip + stretch.columns
    launches = [
        launch
        for ids, mask in zip(known.ids, _mask(known, names), strict=True)
        for launch in ids[mask][stretch.skip : until].tolist()
    ]
    return Chosen(chosen, tuple(launches), stretch.weight)
