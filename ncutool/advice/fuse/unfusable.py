"""What one would ask to have fused and why it is not advised: few, by time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.view.context import Context
from ncutool.advice.view.finding import Declined, Drafts
from ncutool.advice.view.lines import Line
from ncutool.advice.view.links import row_reduction
from ncutool.advice.view.nodes import BARRIER, UNKNOWN, Node, Operation
from ncutool.base.thresholds import Threshold

MIN_SHARE = Threshold(0.02, "share", "of the window: less is not worth a line", JUDGED)
_POINTWISE = frozenset(("elementwise", "copy"))
_REDUCING = frozenset(("reduction", "normalization"))
_PRODUCTS = "gbC"


@dataclass(frozen=True)
class _Reason:
    """One kind of pair that looks like one kernel."""

    what: str
    why: str
    fits: Callable[[_Call, _Call], bool]
    """Of two neighbours."""
    counts: Callable[[_Call], bool]
    """Which of the two would go."""


class _Call(NamedTuple):
    """One of two neighbours."""

    operation: Operation
    takes_time: bool


def _pointwise(call: _Call) -> bool:
    operation = call.operation
    return operation.family in _POINTWISE and operation.symbol != BARRIER and call.takes_time


def _collective(call: _Call) -> bool:
    return call.operation.family == "collective"


def _other_axis(call: _Call) -> bool:
    """Whether it reduces another axis than the innermost, or all of them."""
    operation = call.operation
    return operation.family in _REDUCING and operation.native and not row_reduction(operation)


def _as_many(first: _Call, second: _Call) -> bool:
    """Whether the second has as many elements as the first writes."""
    written = first.operation.outputs
    return bool(written) and written[0].numel == second.operation.numel


_REASONS = (
    _Reason(
        "Fuse the calls before and after communication with it",
        "A collective sees a tensor only once all of it is written, on every device: no kernel "
        "reaches across it.",
        lambda first, second: (
            (_collective(first) and _pointwise(second))
            or (_pointwise(first) and _collective(second))
        ),
        _pointwise,
    ),
    _Reason(
        "Fuse what follows a sum or norm over another axis than the last",
        "Such a reduction must have read the whole tensor before the next call may start, so only "
        "what comes before it can join its kernel.",
        lambda first, second: (
            _other_axis(first)
            and _pointwise(second)
            and first.operation.numel == second.operation.numel
        ),
        _pointwise,
    ),
    _Reason(
        "Fuse two reductions into one kernel",
        "They reduce different axes or tensors of different sizes: the second needs the full "
        "result of the first.",
        lambda first, second: _other_axis(first) and _other_axis(second),
        _other_axis,
    ),
    _Reason(
        "Let matrix products do the elementwise calls after them",
        "The epilogues of library products know bias, ReLU and GELU; a residual, a scale or a "
        "gradient needs a product of one's own (CUTLASS, Triton), and persistent kernels would "
        "have to be written again.",
        lambda first, second: (
            first.operation.symbol in _PRODUCTS and _pointwise(second) and _as_many(first, second)
        ),
        _pointwise,
    ),
    _Reason(
        "Fuse elementwise calls into kernels that a library wrote",
        "The neighbour is a custom operator, opaque to compilers: only its author can add the step "
        "to it.",
        lambda first, second: (
            (_custom(first) and _pointwise(second)) or (_pointwise(first) and _custom(second))
        ),
        lambda call: _pointwise(call) and not _custom(call),
    ),
)


def _custom(call: _Call) -> bool:
    named = call.operation.symbol not in (BARRIER, UNKNOWN)
    return named and not call.operation.native and not _collective(call)


def drafts(context: Context, claimed: frozenset[int]) -> Drafts:
    """Decline what looks like a fusion and is none, where at least `MIN_SHARE` of the window is in
    it; a claimed launch has been advised on."""
    least = max(MIN_SHARE * context.wall_ns, 1)
    refused = [_of_neighbours(reason, context.lines, claimed) for reason in _REASONS]
    refused.append(_unrecorded(context, claimed))
    return Drafts(
        declined=tuple(
            refusal for refusal in refused if refusal is not None and refusal.duration_ns >= least
        )
    )


def _of_neighbours(
    reason: _Reason, every: Iterable[Line], taken: frozenset[int]
) -> Declined | None:
    launches: set[int] = set()
    duration = 0
    for line in every:
        chosen = {node.first: node for node in _counted(reason, line) if line.free(node, taken)}
        duration += sum(node.duration_ns for node in chosen.values())
        launches.update(launch for node in chosen.values() for launch in line.ids(node))
    if not launches:
        return None
    return Declined(reason.what, reason.why, tuple(sorted(launches)), duration)


def _counted(reason: _Reason, line: Line) -> Iterable[Node]:
    """Yield which of the neighbours that a reason speaks of would go."""
    for pair, places in line.pairs.items():
        both = _Call(pair[0], True), _Call(pair[1], True)
        if not reason.fits(*both):
            continue
        counts = [place for place, call in enumerate(both) if reason.counts(call)]
        for place in places:
            nodes = line.nodes[place : place + 2]
            if nodes[0].duration_ns > 0 and nodes[1].duration_ns > 0:
                yield from [nodes[which] for which in counts]
            elif reason.fits(_call(nodes[0]), _call(nodes[1])):
                yield from (node for node in nodes if reason.counts(_call(node)))


def _call(node: Node) -> _Call:
    return _Call(node.operation, node.duration_ns > 0)


def _unrecorded(context: Context, taken: frozenset[int]) -> Declined | None:
    """Return the refusal of kernels of which no operator is known: their names do not say what
    reads what."""
    rows = [
        (stream.launch_ids[row], stream.durations[row])
        for stream in context.streams
        if UNKNOWN in stream.symbols
        for node in stream.nodes
        if node.symbol == UNKNOWN and not node.by_engine
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
