"""Matrix products of a trace, as batching sees them: how many rows meet which weights.

A product is taken from its operator's recorded shapes, or, in a replayed graph whose capture run
told the operators, from the shapes that the kernels table carries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import prod
from statistics import median
from typing import NamedTuple

from msgspec import Struct

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.view.context import Context
from ncutool.advice.view.kinds import Kind
from ncutool.advice.view.nodes import Operation
from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.roofline import batching
from ncutool.roofline.batching import Product, Rates

_OPS = frozenset(("aten::addmm", "aten::mm", "aten::_addmm_activation"))
"""Products by a matrix, as their signature shows them: activation × weight."""
_ITEMSIZES = {"fp64": 8, "fp32": 4, "fp16": 2, "bf16": 2, "fp8": 1, "int8": 1}
ENOUGH = IntThreshold(
    3, "launches", "of one shape whose median counts as what the device reaches", JUDGED
)
LOWEST_SHARE = Threshold(
    0.1, "share", "of the bandwidth: below it something else holds a product", JUDGED
)


class Shape(Struct, frozen=True, eq=False):
    """What calls of one product have in common."""

    rows: int
    model: Product
    label: str
    """Both shapes, e.g. `[32,4096] × [4096,24576]`."""
    roof: str | None
    moved: float
    """Bytes, everything once."""

    @property
    def weight_share(self) -> float:
        """Part of them that are weights."""
        return self.model.weight_bytes / self.moved if self.moved else 0.0


class Call(NamedTuple):
    """One call of a product with its launches."""

    shape: Shape
    launches: Sequence[int]
    durations: Sequence[int]
    duration_ns: int


def calls(context: Context, wanted: Callable[[Shape], object]) -> list[Call]:
    """Return every product of a known shape that is ``wanted`` with a duration above 0, outside
    backward passes and the trials of tuners."""
    found = [*_of_operators(context, wanted), *_of_graphs(context, wanted)]
    if not found:
        return []
    barred = context.backward | context.trials
    return [call for call in found if call.duration_ns > 0 and barred.isdisjoint(call.launches)]


def _of_operators(context: Context, wanted: Callable[[Shape], object]) -> Iterator[Call]:
    for stream in context.streams:
        shapes = {
            operation: shape
            for operation in stream.distinct
            if (shape := _shape(operation)) and wanted(shape)
        }
        for node in stream.nodes.where(stream.where(shapes.__contains__)):
            part = slice(node.first, node.last)
            ids, durations = stream.launch_ids[part], stream.durations[part]
            yield Call(shapes[node.operation], ids, durations, node.duration_ns)


def _shape(operation: Operation) -> Shape | None:
    if operation.factors is None or operation.sizes is None:
        return None
    activation, weight = operation.factors
    rows, inner, columns = operation.sizes
    if not activation.itemsize or not weight.itemsize:
        return None
    model = Product(inner, columns, weight.itemsize, activation.itemsize)
    label = f"[{rows},{inner}] × [{inner},{columns}]"
    return Shape(rows, model, label, operation.roof, model.moved(rows))


def _of_graphs(context: Context, wanted: Callable[[Shape], object]) -> Iterator[Call]:
    """Yield the products of replayed graphs, which have no call of their own: their shapes say
    what they multiplied."""
    launches = context.launches
    told = [_told(kind) for kind in launches.kinds]
    shapes = [shape if shape and wanted(shape) else None for shape in told]
    if any(shapes):
        for row, number in enumerate(launches.kind_of.tolist()):
            shape, duration = shapes[number], launches.durations[row]
            if shape is not None:
                yield Call(shape, (launches.ids[row],), (duration,), duration)


def _told(kind: Kind) -> Shape | None:
    if kind.linked or not kind.graph_replay or kind.flop is None or kind.op not in _OPS:
        return None
    itemsize = _ITEMSIZES.get(kind.dtype or "")
    if len(kind.shapes) != 2 or len(kind.shapes[1]) != 2 or itemsize is None:
        return None
    *leading, last = kind.shapes[0]
    inner, width = kind.shapes[1]
    rows = prod(leading)
    if last != inner or not rows * inner * width:
        return None
    model = Product(inner, width, itemsize, itemsize)
    return Shape(rows, model, kind.signature or "", kind.roof, model.moved(rows))


def reached_share(context: Context, found: list[Call]) -> float | None:
    """Return the best share of the bandwidth peak (0 to 1) that products of one shape reach in this
    capture; None where no shape has launches enough, or all are held by something else."""
    peak = context.device.peak_bytes_per_s if context.device else 0.0
    by_label: dict[str, list[float]] = {}
    for call in found:
        if peak:
            rate = call.shape.moved / call.duration_ns * 1e9 / peak
            by_label.setdefault(call.shape.label, []).append(rate)
    medians = [median(some) for some in by_label.values() if len(some) >= ENOUGH]
    return max((share for share in medians if LOWEST_SHARE <= share <= 1), default=None)


def rates(context: Context, roof: str | None, bytes_share: float) -> Rates | None:
    """Return what the device reaches in this capture, and what a launch costs at least; None where
    its peaks are unknown."""
    if context.device is None or roof is None:
        return None
    return batching.rates(
        context.device,
        roof,
        flop_share=context.shares.flop_share(roof),
        bytes_share=bytes_share,
        launch_s=context.latency_ns / 1e9,
    )
