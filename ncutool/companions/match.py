"""Which launches of a report speak for which launches of a trace.

Both tools see the same kernels, but not the same launches: a report holds what it was told to
collect. A launch is identified by its *key* (kernel, grid and block); of launches that share one,
the *class* (the operator's shapes) tells the work. Counters go from one launch to another only
within a key, and within a class where classes are known: a kernel whose grid does not depend on
the problem (persistent GEMMs) does different work under one key.
"""

from __future__ import annotations

from collections import defaultdict
from statistics import quantiles

from msgspec import Struct, field

from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.companions.work_classes import (
    Key,
    Measured,
    Traced,
    aligned_classes,
    contradicted,
    measured_classes,
)

STEADY = Threshold(
    0.3,
    "share of the time",
    "launches without shapes are one class where P10 and P90 of their time differ by less",
    "judgement",
)
TELLING_NS = IntThreshold(
    20_000, "ns", "shorter launches all take as long, whatever their work", "judgement"
)

NOT_MEASURED = "this kernel is not in the report"
OTHER_GRID = "the report holds this kernel with other grids only"
NO_GRID = "the trace records no grid for it"
OTHER_SHAPES = "the report measured this kernel and grid with other shapes only"
AMBIGUOUS = (
    "ambiguous: launches with this kernel and grid did different work, and the order of the "
    "launches does not tell which of them was measured"
)
NO_CLASS = (
    "ambiguous: not every launch of this kernel and grid was measured, and no shapes tell "
    "whether they did the same work"
)


class Group(Struct, frozen=True):
    """Launches of a trace and the launches of a report that speak for them."""

    traced: tuple[int, ...]
    measured: tuple[int, ...]
    how: str
    some: bool = False
    """Not all launches of the kind are in it, so their order tells nothing."""

    @property
    def one_to_one(self) -> bool:
        """Whether each launch has its own counters, in the order of both captures."""
        return len(self.traced) == len(self.measured) and not self.some


class Matching(Struct):
    """What belongs together, and why the rest of the trace has no counters."""

    groups: list[Group] = field(default_factory=list)
    unmatched: dict[int, str] = field(default_factory=dict)
    """launch_id of the trace -> reason."""
    unused: list[int] = field(default_factory=list)
    """launch_id of the report's launches that belong to none of the trace."""

    def add(
        self, traced: list[Traced], measured: list[Measured], how: str, *, some: bool = False
    ) -> None:
        """Let launches of the report speak for launches of the trace."""
        ours = tuple(launch.launch_id for launch in traced)
        theirs = tuple(launch.launch_id for launch in measured)
        self.groups.append(Group(ours, theirs, how, some))

    def leave(self, traced: list[Traced], reason: str) -> None:
        """Leave launches of the trace without counters."""
        self.unmatched |= {launch.launch_id: reason for launch in traced}


def match(trace: list[Traced], report: list[Measured]) -> Matching:
    """Match launches by key, and within a key by class.

    A launch of the report never speaks for launches of two keys; each launch of the trace is in
    exactly one group or in ``unmatched``.
    """
    matching = Matching()
    traced: dict[Key, list[Traced]] = defaultdict(list)
    measured: dict[Key, list[Measured]] = defaultdict(list)
    for counted in report:
        if counted.key is not None:
            measured[counted.key].append(counted)
    collected = {counted.kernel for counted in report}
    missed = set()  # Kernels with a launch whose key the report does not hold.
    for launch in trace:
        if launch.key is not None and launch.key in measured:
            traced[launch.key].append(launch)
            continue
        missed.add(launch.kernel)
        if launch.kernel not in collected:
            matching.leave([launch], NOT_MEASURED)
        else:
            matching.leave([launch], NO_GRID if launch.key is None else OTHER_GRID)
    several = {key for key, launches in traced.items() if _count_classes(launches) > 1}
    hints = _Hints(
        aligned=aligned_classes(trace, report, several),
        whole=not missed & collected
        and all(len(launches) == len(measured[key]) for key, launches in traced.items()),
    )
    for key, launches in traced.items():
        _match_key(launches, measured[key], hints, matching)
    matching.unused = [
        counted.launch_id for counted in report if counted.key is None or counted.key not in traced
    ]
    return matching


class _Hints(Struct, frozen=True):
    aligned: dict[int, frozenset[object]]
    """The classes that a launch of the report may belong to by its neighbours."""
    whole: bool
    """The report holds every launch of each kernel that it holds at all."""


def _count_classes(launches: list[Traced]) -> int:
    """Return the number of classes; 0 where some launch has none."""
    classes = {launch.work_class for launch in launches}
    return 0 if None in classes else len(classes)


def _match_key(
    traced: list[Traced], measured: list[Measured], hints: _Hints, matching: Matching
) -> None:
    """Match the launches of one key."""
    count = _count_classes(traced)
    if count == 1:
        matching.add(traced, measured, "same kernel, grid and shapes")
    elif count == 0:
        _match_without_classes(traced, measured, matching)
    else:
        _match_classes(traced, measured, hints, matching)


def _match_without_classes(
    traced: list[Traced], measured: list[Measured], matching: Matching
) -> None:
    if len(traced) == len(measured):
        matching.add(traced, measured, "same kernel and grid, in order")
        return
    alike = _as_long(traced) if _agree(measured) else []
    if alike:
        how = "same kernel and grid, no shapes: all its measured launches agree and it took as long"
        matching.add(alike, measured, how, some=True)
    matched = {launch.launch_id for launch in alike}
    matching.leave([launch for launch in traced if launch.launch_id not in matched], NO_CLASS)


def _agree(measured: list[Measured]) -> bool:
    """Return whether two or more were counted, and all of these did equally many operations."""
    counted = [launch.flop for launch in measured if launch.flop is not None]
    return len(counted) > 1 and len(set(counted)) == 1


def _as_long(traced: list[Traced]) -> list[Traced]:
    """Return those that took about as long as most, where time tells work.

    Launches that do the same take the same time, and below some length all launches do.
    """
    durations = [launch.duration_ns for launch in traced if launch.duration_ns]
    if len(durations) < 2:
        return []
    tenths = quantiles(durations, n=10, method="inclusive")
    middle = tenths[4]
    if middle < TELLING_NS or tenths[-1] - tenths[0] > STEADY * middle:
        return []
    room = STEADY / 2 * middle
    return [launch for launch in traced if abs((launch.duration_ns or 0) - middle) <= room]


def _match_classes(
    traced: list[Traced], measured: list[Measured], hints: _Hints, matching: Matching
) -> None:
    """Match launches that share a key and do different work: first which class was measured."""
    models: dict[object, Traced] = {}
    for launch in traced:
        models.setdefault(launch.work_class, launch)
    classes = [
        measured_classes(launch, hints.aligned.get(launch.launch_id, frozenset()), models)
        for launch in measured
    ]
    some_unknown = not all(classes) and (any(classes) or hints.whole)
    if some_unknown and _in_order(traced, measured, classes, models):
        matching.add(traced, measured, "same kernel and grid, in order")
        return
    for names in _united(classes, models):
        members = [launch for launch in traced if launch.work_class in names]
        speaking = [
            launch for launch, own in zip(measured, classes, strict=True) if own and own <= names
        ]
        if speaking:
            how = "shapes" if len(names) == 1 else "shapes of the same modelled work within 1 %"
            matching.add(members, speaking, f"same kernel, grid and {how}")
        else:
            matching.leave(members, OTHER_SHAPES if all(classes) else AMBIGUOUS)


def _in_order(
    traced: list[Traced],
    measured: list[Measured],
    classes: list[frozenset[object]],
    models: dict[object, Traced],
) -> bool:
    """Return whether both sides have as many launches and nothing says that their order differs."""
    return len(traced) == len(measured) and all(
        ours.work_class in (names or {ours.work_class})
        and not contradicted(theirs, ours.work_class, models)
        for ours, theirs, names in zip(traced, measured, classes, strict=True)
    )


def _united(
    classes: list[frozenset[object]], models: dict[object, Traced]
) -> list[frozenset[object]]:
    """Return the classes in groups: those together that some measured launch cannot tell apart."""
    groups = [frozenset((name,)) for name in models]
    for names in classes:
        touched = [group for group in groups if group & names]
        if len(touched) > 1:
            groups = [group for group in groups if group not in touched]
            groups.append(frozenset().union(*touched))
    return groups
