"""An analysis of a trace to what a plan is held against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import polars as pl

from ncutool.analysis.analyse import Analysis
from ncutool.companions import graph_pairing
from ncutool.planning.llm.comparison import (
    ATTENTION,
    EXPERTS,
    PRODUCTS,
    UNKNOWN,
    ExpertWeights,
    Observed,
)
from ncutool.planning.llm.matching import Seen
from ncutool.planning.observed import lengths, parts
from ncutool.work.calls import calls_of
from ncutool.work.operators import OpCall, Tensor, Work, model
from ncutool_parsers.errors import UsageError

Key = tuple[int, int]
"""Which of the captures, and which operator of it."""
Sizes = tuple[int, int, int, float | None, str | None]

_MULTIPLY = (PRODUCTS, EXPERTS, UNKNOWN)
"""Parts whose launches may read weights."""
_TOLD = (*_MULTIPLY, ATTENTION)
"""Parts whose operators are asked for their shapes."""
_PACKED = {"fp4": 2, "uint8": 2, "int8": 2, "int32": 8}
"""Values that one element may hold, where weights of 4 bits are packed."""
_STACKED = 3
"""Dimensions of a tensor of all experts' weights: experts, rows, columns."""
_PAGED = "keys and values lie in pages: which of them a step reads is not recorded"
_NO_ATTENTION = "no attention whose operator tells its keys and values is recorded"


def observe(analysis: Analysis) -> Observed:
    """Return what the trace's window shows of its steps.

    Args:
        analysis: best cut to whole steps (``whole_steps``).

    Raises:
        UsageError: it has no timeline: a report, or launches without start or duration.
    """
    timeline = analysis.timeline
    if timeline is None:
        raise UsageError(
            f"{analysis.capture.name}: has no timeline (a report, or launches without start and "
            "duration): --against takes a trace"
        )
    everything = parts.placed(analysis.kernels)
    rows = everything.filter(timeline.within())
    calls = _calls(analysis, rows.filter(pl.col("part").is_in(_TOLD)))
    seen, opaque = _products(rows, calls)
    attention = [call for call in dict(calls.values()).values() if _is_attention(call)]
    notes = analysis.capture.annotations.filter(~pl.col("on_device"))["name"]
    found, mixed = lengths.find(notes.to_list(), attention)
    kv_bytes, kv_reason = _kv_bytes(attention)
    device = analysis.resolution.device
    count = timeline.steps
    return Observed(
        capture=analysis.capture.name,
        device=None if device is None else device.name,
        wall_ns=timeline.wall_ns,
        busy_ns=timeline.busy_ns,
        steps=round(count) if count is not None and count >= 1 and count == round(count) else None,
        steps_reason=timeline.steps_reason,
        trimmed=timeline.trimmed,
        parts=parts.times(everything, timeline),
        products=seen,
        opaque_ns=opaque,
        lengths=found,
        lengths_reason=mixed,
        attention_launches=rows.filter(pl.col("part") == ATTENTION).height,
        attention_dtype=_dtype(attention),
        kv_bytes=kv_bytes,
        kv_reason=kv_reason,
        ranks=analysis.capture.world_size,
        expert_weights=_expert_weights(rows, calls),
    )


def _calls(analysis: Analysis, rows: pl.DataFrame) -> dict[int, tuple[Key, OpCall]]:
    """Return the operator call behind each launch of ``rows``, and which one it is, as far as
    known."""
    captures = [analysis.capture]
    if analysis.companions.capture_trace is not None:
        captures.append(graph_pairing.stand_in(analysis.capture, analysis.companions.capture_trace))
    by_launch: dict[int, tuple[Key, OpCall]] = {}
    for number, capture in enumerate(captures):
        launches = capture.launches.filter(
            pl.col("launch_id").is_in(rows["launch_id"].implode()) & pl.col("op_id").is_not_null()
        )
        calls = calls_of(launches, capture)
        for launch_id, op_id in launches.select("launch_id", "op_id").iter_rows():
            by_launch[launch_id] = ((number, op_id), calls[op_id])
    return by_launch


def _products(
    rows: pl.DataFrame, calls: Mapping[int, tuple[Key, OpCall]]
) -> tuple[tuple[Seen, ...], int]:
    """Products with weights, and the time of launches that may read weights but do not tell:
    batched products, too, which latent attention multiplies its up-projection by.
    """
    keys: dict[Sizes, set[Key]] = {}
    times: dict[Sizes, int] = {}
    opaque = 0
    chosen = rows.filter(pl.col("part").is_in(_MULTIPLY)).sort("launch_id")
    columns = ("launch_id", "family", "duration_ns")
    for launch_id, family, duration in chosen.select(columns).iter_rows():
        key, call = calls.get(launch_id, (None, None))
        sizes = None if call is None or family != "gemm" else product_sizes(call)
        if sizes is None or key is None:
            opaque += duration or 0
            continue
        keys.setdefault(sizes, set()).add(key)
        times[sizes] = times.get(sizes, 0) + (duration or 0)
    products = (
        Seen(each[0], each[1], each[2], len(keys[each]), each[3], time, each[4])
        for each, time in times.items()
    )
    return tuple(sorted(products, key=lambda one: -one.duration_ns)), opaque


def product_sizes(call: OpCall) -> Sizes | None:
    """Rows, inputs and outputs of a product with a weight matrix, bytes a weight, and the type of
    what it multiplies; None where it is none, or does not tell."""
    work = model(call)
    if not isinstance(work, Work) or not work.flop or len(work.outputs) != 1 or _batched(call):
        return None
    *leading, outputs = work.outputs[0].shape or (0,)
    rows = prod(leading)
    if not rows or not outputs or work.flop % (2 * rows * outputs):
        return None
    inputs = work.flop // (2 * rows * outputs)
    return rows, inputs, outputs, _bytes_per_value(call, inputs, outputs), _inputs_type(call)


def _inputs_type(call: OpCall) -> str | None:
    """Return the data type of the first matrix, which the weights are applied to."""
    matrices = [one for one in call.inputs if isinstance(one, Tensor) and len(one.shape) > 1]
    return matrices[0].dtype if matrices else None


def _expert_weights(
    rows: pl.DataFrame, calls: Mapping[int, tuple[Key, OpCall]]
) -> tuple[ExpertWeights, ...]:
    """Return the weights of all experts at once that operators of experts were given."""
    chosen = rows.filter(pl.col("part") == EXPERTS)["launch_id"]
    found = dict.fromkeys(
        ExpertWeights(*item.shape)
        for launch_id in chosen
        if launch_id in calls
        for item in calls[launch_id][1].inputs
        if isinstance(item, Tensor) and len(item.shape) == _STACKED
    )
    return tuple(found)


def _bytes_per_value(call: OpCall, inputs: int, outputs: int) -> float | None:
    """Return the bytes of a weight, by the tensor after the activation that holds so many
    values."""
    tensors = [item for item in call.inputs if isinstance(item, Tensor) and len(item.shape) > 1]
    for tensor in tensors[1:]:
        for packed in (1, _PACKED.get(tensor.dtype or "", 1)):
            if tensor.numel * packed == inputs * outputs:
                return None if tensor.itemsize is None else tensor.itemsize / packed
    return None


def _batched(call: OpCall) -> bool:
    """Return whether it multiplies many pairs of matrices, neither of which need be a weight."""
    first, second = call.optional(0), call.optional(1)
    if call.base in ("bmm", "baddbmm"):
        return True
    both = first is not None and second is not None
    return call.base == "matmul" and both and len(second.shape) > 2  # type: ignore[union-attr] # both are tensors


def _is_attention(call: OpCall) -> bool:
    work = model(call)
    return work.family == "attention"


def _dtype(calls: Sequence[OpCall]) -> str | None:
    """Return the data type of the queries, where all calls agree."""
    dtypes = {None if (first := call.optional(0)) is None else first.dtype for call in calls}
    return dtypes.pop() if len(dtypes) == 1 else None


def _kv_bytes(calls: Sequence[OpCall]) -> tuple[int | None, str | None]:
    """Return the bytes of keys and values given to attention, or why they are not known."""
    if not calls:
        return None, _NO_ATTENTION
    total = 0
    for call in calls:
        if lengths.of_attention([call]) is None:
            return None, _PAGED
        for tensor in (call.tensor(1), call.tensor(2)):
            size = tensor.read_bytes
            if size is None:
                return None, _NO_ATTENTION
            total += size
    return total, None
