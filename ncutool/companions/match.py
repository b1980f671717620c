"""Which launches of a report speak for which launches of a trace.

Both tools see the same kernels, but not the same launches: a report holds what it was told to
collect. A launch is identified by its *key* (kernel, grid and block); of launches that share one,
the *class* (the operator's shapes) tells the work. Counters go from one launch to another only
within a key, and within a class where classes are known: a kernel whose grid does not depend on
the problem (persistent GEMMs) does different work under one key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import quantiles

import numpy as np
import numpy.typing as npt

from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.companions.alignment import contexts

SAME_WORK = Threshold(
    0.01,
    "share of the larger",
    "classes whose modelled work differs by less may share measured figures",
    "judgement",
)
FINGERPRINT = Threshold(
    0.005,
    "share of the modelled FLOPs",
    "measured FLOPs this close to one class's, and APART from every other's, tell which it was",
    "judgement",
)
APART = Threshold(0.05, "share of the modelled FLOPs", "see FINGERPRINT", "judgement")
CONTRADICTED = Threshold(
    0.15, "share of the modelled", "a larger difference means another class", "judgement"
)
_CHANCE = "judgement: launches picked here and there form no such run but by chance"
LONG_RUN = IntThreshold(16, "launches", "a run of so many equal launches aligns classes", _CHANCE)
SHORT_RUN = IntThreshold(4, "launches", "a run this short does where it is the report", _CHANCE)
VARIETY = IntThreshold(3, "kernels", "different kernels or grids that a short run holds", _CHANCE)
MARGIN = IntThreshold(
    2, "launches", "how much longer than any run that leads to another class", _CHANCE
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


@dataclass(frozen=True)
class Traced:
    """A kernel of the trace; a list of them is in order of launch."""

    launch_id: int
    kernel: str
    key: tuple[object, ...] | None
    """Kernel, grid and block; None where the grid was not recorded."""
    work_class: object = None
    """What tells the work of launches with one key apart; None where no shapes were recorded."""
    flop: float | None = None
    """Modelled FLOPs, where its operator launched it alone."""
    op_flop: float | None = None
    """Modelled FLOPs of its whole operator."""
    op_bytes: float | None = None
    duration_ns: int | None = None


@dataclass(frozen=True)
class Measured:
    """A launch of the report; a list of them is in order of launch."""

    launch_id: int
    kernel: str
    key: tuple[object, ...] | None
    flop: float | None = None
    bytes: float | None = None


@dataclass(frozen=True)
class Group:
    """Launches of a trace and the launches of a report that speak for them."""

    traced: tuple[int, ...]
    measured: tuple[int, ...]
    how: str
    some: bool = False
    """Not all launches of the kind are in it, so their order tells nothing."""

    @property
    def one_to_one(self) -> bool:
        """Each has its own counters, in the order of both."""
        return len(self.traced) == len(self.measured) and not self.some


@dataclass
class Matching:
    """What belongs together, and why the rest of the trace has no counters."""

    groups: list[Group] = field(default_factory=list)
    unmatched: dict[int, str] = field(default_factory=dict)
    """launch_id of the trace -> reason."""
    unused: list[int] = field(default_factory=list)
    """launch_id of the report's launches that belong to none of the trace."""


def match(trace: list[Traced], report: list[Measured]) -> Matching:
    """Match launches by key, and within a key by class.

    A launch of the report never speaks for launches of two keys; each launch of the trace is in
    exactly one group or in ``unmatched``.
    """
    found = Matching()
    traced: dict[tuple[object, ...], list[Traced]] = defaultdict(list)
    measured: dict[tuple[object, ...], list[Measured]] = defaultdict(list)
    for one in report:
        if one.key is not None:
            measured[one.key].append(one)
    names = {one.kernel for one in report}
    for launch in trace:
        if launch.key is not None and launch.key in measured:
            traced[launch.key].append(launch)
        elif launch.kernel not in names:
            found.unmatched[launch.launch_id] = NOT_MEASURED
        else:
            found.unmatched[launch.launch_id] = NO_GRID if launch.key is None else OTHER_GRID
    several = {key for key, launches in traced.items() if _classes(launches) > 1}
    hints = _Hints(
        aligned=_aligned(trace, report, several),
        whole=not any(name in names for name in _unmeasured(trace, measured))
        and all(len(launches) == len(measured[key]) for key, launches in traced.items()),
    )
    for key, launches in traced.items():
        _match_key(launches, measured[key], hints, found)
    found.unused = [one.launch_id for one in report if one.key is None or one.key not in traced]
    return found


@dataclass(frozen=True)
class _Hints:
    aligned: dict[int, frozenset[object]]
    """The classes that a launch of the report may belong to by its neighbours."""
    whole: bool
    """The report holds every launch of each kernel that it holds at all."""


def _unmeasured(
    trace: list[Traced], measured: Mapping[tuple[object, ...], list[Measured]]
) -> set[str]:
    """Kernels with a launch whose key the report does not hold."""
    return {one.kernel for one in trace if one.key is None or one.key not in measured}


def _classes(launches: list[Traced]) -> int:
    """Number of classes; 0 where some launch has none."""
    classes = {launch.work_class for launch in launches}
    return 0 if None in classes else len(classes)


def _match_key(
    traced: list[Traced], measured: list[Measured], hints: _Hints, found: Matching
) -> None:
    """Match the launches of one key."""
    if _classes(traced) == 1:
        _add(found, traced, measured, "same kernel, grid and shapes")
    elif _classes(traced) == 0:
        _match_without_classes(traced, measured, found)
    else:
        _match_classes(traced, measured, hints, found)


def _match_without_classes(traced: list[Traced], measured: list[Measured], found: Matching) -> None:
    if len(traced) == len(measured):
        _add(found, traced, measured, "same kernel and grid, in order")
        return
    alike = _as_long(traced) if _agree(measured) else []
    if alike:
        how = "same kernel and grid, no shapes: all its measured launches agree and it took as long"
        _add(found, alike, measured, how, some=True)
    rest = {launch.launch_id for launch in traced} - {launch.launch_id for launch in alike}
    found.unmatched |= dict.fromkeys(sorted(rest), NO_CLASS)


def _agree(measured: list[Measured]) -> bool:
    """At least two were counted, and all of these did the same number of operations."""
    counted = [one.flop for one in measured if one.flop is not None]
    return len(counted) > 1 and len(set(counted)) == 1


def _as_long(traced: list[Traced]) -> list[Traced]:
    """Those that took about as long as most, where time tells work: launches that do the same
    take the same, and below some length all launches do."""
    durations = [launch.duration_ns for launch in traced if launch.duration_ns]
    if len(durations) < 2:
        return []
    tenths = quantiles(durations, n=10, method="inclusive")
    middle = tenths[4]
    if middle < TELLING_NS or tenths[-1] - tenths[0] > STEADY * middle:
        return []
    return [one for one in traced if abs((one.duration_ns or 0) - middle) <= STEADY / 2 * middle]


def _match_classes(
    traced: list[Traced], measured: list[Measured], hints: _Hints, found: Matching
) -> None:
    """Match launches that share a key and do different work: first which class was measured."""
    of_class: dict[object, list[Traced]] = defaultdict(list)
    for launch in traced:
        of_class[launch.work_class].append(launch)
    models = {name: members[0] for name, members in of_class.items()}
    told = [_told(one, hints.aligned.get(one.launch_id, frozenset()), models) for one in measured]
    if not all(told) and (any(told) or hints.whole) and _in_order(traced, measured, told, models):
        _add(found, traced, measured, "same kernel and grid, in order")
        return
    for names in _united(told, models):
        members = [launch for launch in traced if launch.work_class in names]
        speaking = [one for one, name in zip(measured, told, strict=True) if name and name <= names]
        if speaking:
            how = "shapes" if len(names) == 1 else "shapes of the same modelled work within 1 %"
            _add(found, members, speaking, f"same kernel, grid and {how}")
        else:
            reason = OTHER_SHAPES if all(told) else AMBIGUOUS
            found.unmatched |= {launch.launch_id: reason for launch in members}


def _in_order(
    traced: list[Traced],
    measured: list[Measured],
    told: list[frozenset[object]],
    models: dict[object, Traced],
) -> bool:
    """As many launches on either side, and nothing known says that their order differs."""
    return len(traced) == len(measured) and all(
        launch.work_class in (names or {launch.work_class})
        and not _contradicted(one, launch.work_class, models)
        for launch, one, names in zip(traced, measured, told, strict=True)
    )


def _united(told: list[frozenset[object]], models: dict[object, Traced]) -> list[frozenset[object]]:
    """The classes, those together that some measured launch cannot tell apart."""
    groups = [frozenset((name,)) for name in models]
    for names in told:
        touched = [group for group in groups if group & names]
        if len(touched) > 1:
            groups = [group for group in groups if group not in touched]
            groups.append(frozenset().union(*touched))
    return groups


def _told(
    one: Measured, aligned: frozenset[object], models: dict[object, Traced]
) -> frozenset[object]:
    """The class that was measured, or several of the same modelled work: told by its neighbours
    or by its FLOPs, and not by both differently; empty where neither tells."""
    by_flop = _by_flop(one, models)
    if not aligned:
        return by_flop
    if by_flop:
        return by_flop & aligned
    if len(aligned) > 1 and not _alike([models[name] for name in aligned]):
        return frozenset()
    if any(_contradicted(one, name, models) for name in aligned):
        return frozenset()
    return aligned


def _by_flop(one: Measured, models: dict[object, Traced]) -> frozenset[object]:
    """The one class whose FLOPs were counted, where all are modelled and no other is near."""
    if not one.flop or not all(model.flop for model in models.values()):
        return frozenset()
    off = {name: abs(one.flop / (model.flop or 1) - 1) for name, model in models.items()}
    close = [name for name, apart in off.items() if apart <= APART]
    if len(close) == 1 and off[close[0]] <= FINGERPRINT:
        return frozenset(close)
    return frozenset()


def _contradicted(one: Measured, name: object, models: dict[object, Traced]) -> bool:
    """Its FLOPs are not those of this class's shapes, but those of another's."""
    own = models[name].flop
    if not own or not one.flop or abs(one.flop / own - 1) <= CONTRADICTED:
        return False
    others = [model.flop for other, model in models.items() if other != name and model.flop]
    return any(abs(one.flop / flop - 1) <= CONTRADICTED for flop in others)


def _alike(models: list[Traced]) -> bool:
    """All of them are modelled, and their operators' work is the same within 1 %."""
    for figures in ([model.op_flop for model in models], [model.op_bytes for model in models]):
        known = [figure for figure in figures if figure is not None]
        if len(known) < len(models) or max(known) - min(known) > SAME_WORK * max(known):
            return False
    return True


def _aligned(
    trace: list[Traced], report: list[Measured], several: set[tuple[object, ...]]
) -> dict[int, frozenset[object]]:
    """The classes that each of the report's launches may belong to by its neighbours.

    A report is a stretch of the program, or what a stretch holds of some kernels: among the
    kernels that it holds at all, its launches follow each other as in the trace.
    """
    ask = [place for place, one in enumerate(report) if one.key in several]
    if not ask:
        return {}
    names = {one.kernel for one in report}
    kept = [launch for launch in trace if launch.kernel in names]
    number: dict[object, int] = {}
    long = _numbered("trace", [one.key for one in kept], number)
    short = _numbered("report", [one.key for one in report], number)
    found = contexts(long, short, np.array(ask, np.int64))
    whole = len(report) >= SHORT_RUN and len(set(short.tolist())) >= VARIETY
    told = {}
    for place, (positions, runs) in (found or {}).items():
        best: dict[object, int] = {}
        for position, run in zip(positions.tolist(), runs.tolist(), strict=True):
            name = kept[position].work_class
            best[name] = max(best.get(name, 0), run)
        longest = max(best.values())
        if longest >= LONG_RUN or (whole and longest == len(report)):
            near = (name for name, run in best.items() if run > longest - MARGIN)
            told[report[place].launch_id] = frozenset(near)
    return told


def _numbered(
    side: str, keys: list[tuple[object, ...] | None], number: dict[object, int]
) -> npt.NDArray[np.int64]:
    """Keys as numbers; a launch without one is like no other."""
    known = (key or (side, place) for place, key in enumerate(keys))
    return np.array([number.setdefault(key, len(number)) for key in known], np.int64)


def _add(
    found: Matching,
    traced: list[Traced],
    measured: list[Measured],
    how: str,
    *,
    some: bool = False,
) -> None:
    ours = tuple(launch.launch_id for launch in traced)
    found.groups.append(Group(ours, tuple(one.launch_id for one in measured), how, some))
