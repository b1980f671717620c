"""What one would ask to have fused and why it is not advised: few, by time."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from msgspec import Struct

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.view.context import Context
from ncutool.advice.view.finding import Declined, Drafts
from ncutool.advice.view.kinds import NOBODY
from ncutool.advice.view.lines import Line
from ncutool.advice.view.links import row_reduction
from ncutool.advice.view.nodes import BARRIER, UNKNOWN, Operation
from ncutool.base.intervals import Bools, Ints
from ncutool.base.thresholds import Threshold

MIN_SHARE = Threshold(0.02, "share", "of the window: less is not worth a line", JUDGED)
_POINTWISE = frozenset(("elementwise", "copy"))
_REDUCING = frozenset(("reduction", "normalization"))
_PRODUCTS = "gbC"


class _Calls(Struct, frozen=True):
    """What the reasons ask of calls: one entry each."""

    pointwise: Bools
    """Whether it does its work element by element, and takes time."""
    collective: Bools
    other_axis: Bools
    """Whether it reduces another axis than the innermost, or all of them."""
    product: Bools
    custom: Bools
    """Whether no framework's operator did it, but one that a library brought."""
    numel: Ints
    """A number for its elements, equal where they are as many."""
    written: Ints
    """The same for the elements of the first tensor that it writes; -1 where none is known."""

    def part(self, which: slice) -> _Calls:
        """Return some of the calls."""
        return _Calls(*(getattr(self, name)[which] for name in self.__struct_fields__))


class _Reason(Struct, frozen=True):
    """One kind of pair that looks like one kernel."""

    what: str
    why: str
    fits: Callable[[_Calls, _Calls], Bools]
    """Of calls and the neighbour after each."""
    counts: Callable[[_Calls], Bools]
    """Which of the two would go."""


_REASONS = (
    _Reason(
        "Fuse the calls before and after communication with it",
        "A collective sees a tensor only once all of it is written, on every device: no kernel "
        "reaches across it.",
        lambda first, second: (
            (first.collective & second.pointwise) | (first.pointwise & second.collective)
        ),
        lambda calls: calls.pointwise,
    ),
    _Reason(
        "Fuse what follows a sum or norm over another axis than the last",
        "Such a reduction must have read the whole tensor before the next call may start, so only "
        "what comes before it can join its kernel.",
        lambda first, second: first.other_axis & second.pointwise & (first.numel == second.numel),
        lambda calls: calls.pointwise,
    ),
    _Reason(
        "Fuse two reductions into one kernel",
        "They reduce different axes or tensors of different sizes: the second needs the full "
        "result of the first.",
        lambda first, second: first.other_axis & second.other_axis,
        lambda calls: calls.other_axis,
    ),
    _Reason(
        "Let matrix products do the elementwise calls after them",
        "The epilogues of library products know bias, ReLU and GELU; a residual, a scale or a "
        "gradient needs a product of one's own (CUTLASS, Triton), and persistent kernels would "
        "have to be written again.",
        lambda first, second: first.product & second.pointwise & (first.written == second.numel),
        lambda calls: calls.pointwise,
    ),
    _Reason(
        "Fuse elementwise calls into kernels that a library wrote",
        "The neighbour is a custom operator, opaque to compilers: only its author can add the step "
        "to it.",
        lambda first, second: (first.custom & second.pointwise) | (first.pointwise & second.custom),
        lambda calls: calls.pointwise & ~calls.custom,
    ),
)


def _calls(line: Line) -> _Calls:
    """Return what the reasons ask of the calls of a line, asked once of each operation."""
    elements: dict[int, int] = {}
    numels, written = (
        [NOBODY if count is None else elements.setdefault(count, len(elements)) for count in counts]
        for counts in (
            [operation.numel for operation in line.stream.distinct],
            [_written(operation) for operation in line.stream.distinct],
        )
    )
    return _Calls(
        pointwise=line.where(_pointwise) & (line.times > 0),
        collective=line.where(_collective),
        other_axis=line.where(_other_axis),
        product=line.where(lambda operation: operation.symbol in _PRODUCTS),
        custom=line.where(_custom),
        numel=np.array(numels, np.int64)[line.numbers],
        written=np.array(written, np.int64)[line.numbers],
    )


def _pointwise(operation: Operation) -> bool:
    return operation.family in _POINTWISE and operation.symbol != BARRIER


def _collective(operation: Operation) -> bool:
    return operation.family == "collective"


def _other_axis(operation: Operation) -> bool:
    return operation.family in _REDUCING and operation.native and not row_reduction(operation)


def _written(operation: Operation) -> int | None:
    return operation.outputs[0].numel if operation.outputs else None


def _custom(operation: Operation) -> bool:
    named = operation.symbol not in (BARRIER, UNKNOWN)
    return named and not operation.native and not _collective(operation)


def drafts(context: Context, claimed: frozenset[int]) -> Drafts:
    """Decline what looks like a fusion and is none, where at least `MIN_SHARE` of the window is in
    it; a claimed launch has been advised on."""
    least = max(MIN_SHARE * context.wall_ns, 1)
    lines = [(line, _calls(line), line.free(claimed)) for line in context.lines]
    refused = [_of_neighbours(reason, lines) for reason in _REASONS]
    refused.append(_unrecorded(context, claimed))
    return Drafts(
        declined=tuple(
            refusal for refusal in refused if refusal is not None and refusal.duration_ns >= least
        )
    )


def _of_neighbours(reason: _Reason, every: Iterable[tuple[Line, _Calls, Bools]]) -> Declined | None:
    """Return the refusal of what a reason speaks of; None where there is nothing.

    Args:
        every: lines with what is asked of their calls, and which of them are not claimed.
    """
    launches: list[int] = []
    duration = 0
    for line, calls, free in every:
        chosen = _counted(reason, calls) & free
        duration += int(line.times[chosen].sum())
        launches += line.launches(chosen)
    if not launches:
        return None
    return Declined(reason.what, reason.why, tuple(sorted(launches)), duration)


def _counted(reason: _Reason, calls: _Calls) -> Bools:
    """Return which of the neighbours that a reason speaks of would go."""
    fits = reason.fits(calls.part(slice(None, -1)), calls.part(slice(1, None)))
    beside = np.zeros(calls.pointwise.shape, np.bool_)
    beside[:-1] |= fits
    beside[1:] |= fits
    return beside & reason.counts(calls)


def _no_operator(operation: Operation) -> bool:
    """Whether it is a kernel of no known operator."""
    return operation.symbol == UNKNOWN and not operation.by_engine


def _unrecorded(context: Context, taken: frozenset[int]) -> Declined | None:
    """Return the refusal of kernels of which no operator is known: their names do not say what
    reads what."""
    rows = [
        (stream.launch_ids[row], stream.durations[row])
        for stream in context.streams
        if UNKNOWN in stream.symbols
        for node in stream.nodes.where(stream.where(_no_operator))
        for row in range(node.first, node.last)
        if not stream.linked[row] and stream.launch_ids[row] not in taken
    ]
    if not rows:
        return None
    return Declined(
        "Fuse the launches without a recorded operator",
        "Graph replays and launches from before the recording have names and grids but no shapes: "
        "which reads what another wrote cannot be told. A trace of the run that captured the "
        "graph, or a longer recording, would tell.",
        tuple(sorted(launch for launch, _ in rows)),
        sum(duration for _, duration in rows),
    )
