"""Which work a measured launch did, where launches of one kernel, grid and block do different work.

A *class* is what tells the work of a traced launch: its operator's shapes. A measured launch has
no shapes; its FLOPs may tell its class, or the launches around it in both captures.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from msgspec import Struct

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
Key = tuple[object, ...]
"""Kernel, grid and block."""


class Traced(Struct, frozen=True):
    """A kernel of the trace; a list of them is in order of launch."""

    launch_id: int
    kernel: str
    key: Key | None
    """None where the grid was not recorded."""
    work_class: object = None
    """What tells the work of launches with one key apart; None where no shapes were recorded."""
    flop: float | None = None
    """Modelled FLOPs, where its operator launched it alone."""
    op_flop: float | None = None
    """Modelled FLOPs of its whole operator."""
    op_bytes: float | None = None
    duration_ns: int | None = None


class Measured(Struct, frozen=True):
    """A launch of the report; a list of them is in order of launch."""

    launch_id: int
    kernel: str
    key: Key | None
    flop: float | None = None
    bytes: float | None = None


def measured_classes(
    launch: Measured, aligned: frozenset[object], models: dict[object, Traced]
) -> frozenset[object]:
    """Return the class that was measured, or several of the same modelled work.

    The launch's neighbours or its FLOPs tell, and not both differently; the result is empty where
    neither tells.

    Args:
        aligned: the classes that its neighbours allow, empty where they do not tell.
        models: a launch of each class.
    """
    by_flop = _class_by_flop(launch, models)
    if not aligned:
        return by_flop
    if by_flop:
        return by_flop & aligned
    if len(aligned) > 1 and not _alike([models[name] for name in aligned]):
        return frozenset()
    if any(contradicted(launch, name, models) for name in aligned):
        return frozenset()
    return aligned


def _class_by_flop(launch: Measured, models: dict[object, Traced]) -> frozenset[object]:
    """Return the class whose FLOPs were counted; none where one has no model or two are near."""
    if not launch.flop or not all(model.flop for model in models.values()):
        return frozenset()
    off = {name: abs(launch.flop / (model.flop or 1) - 1) for name, model in models.items()}
    close = [name for name, apart in off.items() if apart <= APART]
    if len(close) == 1 and off[close[0]] <= FINGERPRINT:
        return frozenset(close)
    return frozenset()


def contradicted(launch: Measured, work_class: object, models: dict[object, Traced]) -> bool:
    """Return whether its FLOPs are not those of this class's shapes, but those of another's."""
    own = models[work_class].flop
    if not own or not launch.flop or abs(launch.flop / own - 1) <= CONTRADICTED:
        return False
    others = [model.flop for other, model in models.items() if other != work_class and model.flop]
    return any(abs(launch.flop / flop - 1) <= CONTRADICTED for flop in others)


def _alike(models: list[Traced]) -> bool:
    """Return whether all are modelled, and their operators' work is the same within 1 %."""
    for figures in ([model.op_flop for model in models], [model.op_bytes for model in models]):
        known = [figure for figure in figures if figure is not None]
        if len(known) < len(models) or max(known) - min(known) > SAME_WORK * max(known):
            return False
    return True


def aligned_classes(
    trace: list[Traced], report: list[Measured], several: set[Key]
) -> dict[int, frozenset[object]]:
    """Return the classes that launches of the report may belong to by their neighbours.

    A report is a stretch of the program, or what a stretch holds of some kernels: among the
    kernels that it holds at all, its launches follow each other as in the trace.

    Args:
        several: the keys with launches of several classes.

    Returns:
        The classes by the report's launch_id, of launches whose neighbours tell.
    """
    places = [place for place, launch in enumerate(report) if launch.key in several]
    if not places:
        return {}
    collected = {launch.kernel for launch in report}
    kept = [launch for launch in trace if launch.kernel in collected]
    number: dict[object, int] = {}
    long = _numbered("trace", [launch.key for launch in kept], number)
    short = _numbered("report", [launch.key for launch in report], number)
    around = contexts(long, short, np.array(places, np.int64))
    varied = len(report) >= SHORT_RUN and len(set(short.tolist())) >= VARIETY
    classes = {}
    for place, (positions, runs) in (around or {}).items():
        best: dict[object, int] = {}
        for position, run in zip(positions.tolist(), runs.tolist(), strict=True):
            name = kept[position].work_class
            best[name] = max(best.get(name, 0), run)
        longest = max(best.values())
        if longest >= LONG_RUN or (varied and longest == len(report)):
            near = (name for name, run in best.items() if run > longest - MARGIN)
            classes[report[place].launch_id] = frozenset(near)
    return classes


def _numbered(
    side: str, keys: list[Key | None], number: dict[object, int]
) -> npt.NDArray[np.int64]:
    """Return keys as numbers; a launch without a key is like no other.

    Args:
        number: the numbers given so far, which is added to.
    """
    known = (key or (side, place) for place, key in enumerate(keys))
    return np.array([number.setdefault(key, len(number)) for key in known], np.int64)
