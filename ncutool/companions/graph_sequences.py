"""The launches of a capture run in order, and where a replay's kernels lie among them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import polars as pl
from msgspec import Struct

from ncutool.base.thresholds import Threshold
from ncutool_parsers.capture import Capture
from ncutool_parsers.intervals import Intervals

NO_CALL = "the call that replayed its graph was not recorded"
NO_FIT = "its replay's sequence of kernels is not that of any capture in the capture run"
AMBIGUOUS = "ambiguous: several captures of different shapes have its replay's sequence of kernels"
EXTRA = "not among the launches of the capture run"
NOTHING = "the capture run holds no kernel launches"

_LAUNCH = r"Launch(Cooperative)?Kernel"
_CONSISTENT = Threshold(
    0.95,
    "share of pairs",
    "those of one kernel that must lie in one operator, where kernels have no names",
    "judgement",
)


GEOMETRY = ("grid_x", "grid_y", "grid_z", "block_x", "block_y", "block_z")


class Replayed(Struct, frozen=True):
    """A kernel of a replay."""

    kernel: str
    geometry: tuple[object, ...] | None
    """Grid and block; None where not recorded (ROCm)."""


class Recorded(Struct, frozen=True):
    """A launch of the capture run."""

    op_id: int | None
    """Innermost operator around its call."""
    kernel: str | None
    """Full name, where recorded."""
    work: tuple[str | None, ...] | None
    """Operator and shapes: launches of equal work may stand for each other."""
    op: str | None
    geometry: tuple[object, ...] | None = None
    """Grid and block, where the launch ran and was recorded."""


Sequence_ = tuple[Recorded, ...]


def candidates(capture_run: Capture) -> list[Sequence_]:
    """Return the launches within each stream capture, in order; without any, all of the run's."""
    calls = capture_run.calls.sort("start_ns", "call_id")
    launching = calls.filter(pl.col("name").str.contains(_LAUNCH))
    recorded = _recorded(capture_run, launching)
    begins = calls.filter(pl.col("name").str.contains("BeginCapture"))["start_ns"].to_list()
    ends = calls.filter(pl.col("name").str.contains("EndCapture"))["end_ns"].to_list()
    starts = launching["start_ns"].to_list()
    windows = []
    for begin in begins:
        end = next((moment for moment in ends if moment > begin), None)
        if end is not None:
            windows.append((begin, end))
    if not windows:
        return [tuple(recorded)] if recorded else []
    sequences = [
        tuple(
            launch for launch, start in zip(recorded, starts, strict=True) if begin <= start <= end
        )
        for begin, end in windows
    ]
    return [sequence for sequence in sequences if sequence]


def _recorded(capture_run: Capture, calls: pl.DataFrame) -> list[Recorded]:
    ops = capture_run.ops
    tree = Intervals(*(ops[name].to_numpy() for name in ("thread", "start_ns", "end_ns", "op_id")))
    inner = tree.innermost(calls["thread"].to_numpy(), calls["start_ns"].to_numpy())
    row = np.where(inner >= 0, tree.order[inner] if len(ops) else -1, -1)
    op_ids = [ops["op_id"][row_number] if row_number >= 0 else None for row_number in row.tolist()]
    ran = {
        call_id: (name, None if None in geometry else tuple(geometry))
        for call_id, name, *geometry in capture_run.launches.filter(
            pl.col("call_id").is_not_null() & ~pl.col("graph_replay").fill_null(False)
        )
        .select("call_id", "kernel_full", *GEOMETRY)
        .iter_rows()
    }
    what = ("op", "input_dims", "input_types", "input_strides", "concrete_inputs")
    work = {
        op_id: tuple(values)
        for op_id, *values in ops.select("op_id", "signature_id")
        .join(capture_run.signatures, on="signature_id", how="left")
        .select("op_id", *what)
        .filter(
            pl.col("op_id").is_in(
                sorted({row_number for row_number in op_ids if row_number is not None})
            )
        )
        .iter_rows()
    }
    return [
        Recorded(
            op_id=op_id,
            kernel=name or ran.get(call_id, (None, None))[0],
            geometry=ran.get(call_id, (None, None))[1],
            work=None if op_id is None else work[op_id],
            op=None if op_id is None else work[op_id][0],
        )
        for op_id, (call_id, name) in zip(
            op_ids, calls.select("call_id", "kernel").iter_rows(), strict=True
        )
    ]


def align(replay: Sequence[Replayed], recorded: Sequence[Sequence_]) -> list[Recorded | str]:
    """Return for each kernel of a replay the launch that it repeats, or why none is known.

    Args:
        replay: the kernels of one replay, in order.
        recorded: the capture run's sequences (:func:`candidates`).

    The sequences must agree kernel by kernel: one may hold more before and behind, and kernels
    whose names the other never holds are passed over; grids must agree where both are recorded.
    Where several places fit, they must agree on operator and shapes.
    """
    if not recorded:
        return [NOTHING] * len(replay)
    names = tuple(kernel.kernel for kernel in replay)
    fits = [
        fit for sequence in recorded for fit in _fits(names, sequence) if _same_grids(replay, fit)
    ]
    whole = [fit for fit in fits if all(launch is not None for launch in fit)]
    fits = whole or fits
    if not fits:
        return [NO_FIT] * len(replay)
    return [_agreed(place) for place in zip(*fits, strict=True)]


def _same_grids(replay: Sequence[Replayed], fit: list[Recorded | None]) -> bool:
    return all(
        launch is None
        or launch.geometry is None
        or kernel.geometry is None
        or launch.geometry == kernel.geometry
        for kernel, launch in zip(replay, fit, strict=True)
    )


def _agreed(place: tuple[Recorded | None, ...]) -> Recorded | str:
    """Return what all fits say of one kernel."""
    known = [launch for launch in place if launch is not None]
    if not known:
        return EXTRA
    if len(known) < len(place) or len({launch.work for launch in known}) > 1:
        return AMBIGUOUS
    return known[0]


def _fits(replay: tuple[str, ...], sequence: Sequence_) -> list[list[Recorded | None]]:
    """Return every way in which a replay lies in a sequence; None is a kernel outside it."""
    names = [launch.kernel for launch in sequence]
    if all(name is None for name in names):
        return _by_count(replay, sequence)
    if None in names:
        return []
    contained = _contained(replay, sequence)
    if contained:
        return contained
    shared = set(replay) & set(names)
    kept = tuple(launch for launch in sequence if launch.kernel in shared)
    places = [place for place, name in enumerate(replay) if name in shared]
    if len(kept) == len(sequence) and len(places) == len(replay):
        return []
    fits = _contained(tuple(replay[place] for place in places), kept) if places else []
    return [_spread(fit, places, len(replay)) for fit in fits]


def _spread(fit: list[Recorded | None], places: list[int], length: int) -> list[Recorded | None]:
    whole: list[Recorded | None] = [None] * length
    for place, launch in zip(places, fit, strict=True):
        whole[place] = launch
    return whole


def _contained(replay: tuple[str, ...], sequence: Sequence_) -> list[list[Recorded | None]]:
    """Return every way in which the shorter lies within the longer."""
    names = tuple(launch.kernel or "" for launch in sequence)
    if len(replay) <= len(names):
        return [list(sequence[offset : offset + len(replay)]) for offset in _offsets(replay, names)]
    return [
        _spread(list(sequence), list(range(offset, offset + len(names))), len(replay))
        for offset in _offsets(names, replay)
    ]


def _offsets(short: tuple[str, ...], long: tuple[str, ...]) -> list[int]:
    number: dict[str, int] = {}
    within = np.array([number.setdefault(name, len(number)) for name in long])
    wanted = np.array([number.get(name, -1) for name in short])
    count = len(long) - len(short) + 1
    open_ = np.arange(count)
    for place, symbol in enumerate(wanted.tolist()):
        open_ = open_[within[open_ + place] == symbol]
        if not open_.size:
            break
    return [int(offset) for offset in open_]


def _by_count(replay: tuple[str, ...], sequence: Sequence_) -> list[list[Recorded | None]]:
    """Return the k-th launch as the k-th kernel, where kernels have no names.

    There must be as many of both, and each kernel must then be launched by one operator.
    """
    if len(replay) != len(sequence):
        return []
    operators: dict[str, dict[str | None, int]] = defaultdict(lambda: defaultdict(int))
    for name, launch in zip(replay, sequence, strict=True):
        operators[name][launch.op.rstrip("_") if launch.op else None] += 1
    steady = all(
        max(counts.values()) >= _CONSISTENT * sum(counts.values()) for counts in operators.values()
    )
    return [list(sequence)] if steady else []
