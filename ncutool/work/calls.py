"""The distinct operator calls of a capture, each modelled once, and the table that joins them.

What a call's own row leaves out is taken from where the trace proves it: the element size of a
tensor list from the kernel's name, the calling operator from the ops above it, and the result of
a convolution from the gradients of the backward calls with the same input and weight.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import polars as pl
from msgspec import Struct

from ncutool.base.looked_up import looked_up
from ncutool.work import kernel_facts
from ncutool.work.operators import (
    NoModel,
    OpCall,
    Tensor,
    TensorList,
    Work,
    model,
    parse_call,
    steps,
)

if TYPE_CHECKING:
    from ncutool_parsers.capture import Capture

_LIST_OPERATORS = r"^aten::(_?cat|stack|_foreach_|_fused_)"
_GRADIENT_AT = {"cudnn_convolution_backward": (0, 1, 2), "miopen_convolution_backward": (0, 1, 2)}
"""Backward operators without shapes of their result -> positions of input, gradient, weight."""
_ONE_DTYPE = (
    r"^aten::(mm|addmm|bmm|baddbmm|\w*convolution\w*|\w*batch_norm\w*|threshold_backward|mean|sum"
    r"|max_pool2d_with_indices|(add|sub|mul|div|threshold|relu|clamp_min|fill|zero|neg)_?)$"
)
"""Operators whose tensors all have one data type, so that a kernel's name proves it for each."""
IN_STEPS = r"^vllm::unified_attention"
"""Operators whose work an annotation of the step bounds."""
DTYPE_BY_NAME = "data type from the kernel's name"
_SHOWN = 3
"""Tensors that a short signature shows before it is cut."""

Sizes = tuple[int, ...]
OutputShapes = dict[tuple[Sizes, Sizes], Sizes]


class _Signatures(Struct, frozen=True):
    """Parsed rows of `signatures`, by number, and what they prove of each other."""

    rows: dict[int, tuple[str, str | None, str | None, str | None, str | None, str | None]]
    outputs: OutputShapes

    def call(
        self,
        signature: int,
        parent: int | None = None,
        element_bytes: int | None = None,
        operand_dtype: str | None = None,
        step: str | None = None,
    ) -> OpCall:
        """Return the call of a signature under its parent's."""
        name, dims, types, strides, concrete, backend = self.rows[signature]
        above = None if parent is None else self.call(parent, operand_dtype=operand_dtype)
        plain = plain_call(name, dims, types, strides, concrete)
        typed = plain
        if operand_dtype is not None:
            typed = parse_call(name, dims, types, strides, concrete, operand_dtype=operand_dtype)
        shape = _output_shape(plain, self.outputs)
        return OpCall(typed.name, typed.inputs, above, element_bytes, shape, backend, step)


@lru_cache(maxsize=4096)
def plain_call(
    name: str, dims: str | None, types: str | None, strides: str | None, concrete: str | None
) -> OpCall:
    """Return the call of a row of `signatures` alone; cached, since several ask for the same."""
    return parse_call(name, dims, types, strides, concrete)


def recorded_calls(capture: Capture, names: Iterable[str]) -> list[OpCall]:
    """Return each distinct call of the operators of these names, by its own row alone."""
    columns = ("op", "input_dims", "input_types", "input_strides", "concrete_inputs")
    rows = capture.signatures.filter(pl.col("op").is_in(list(names))).select(columns)
    return [plain_call(*row) for row in rows.iter_rows()]


_MODELLED: dict[str, pl.DataType] = {
    "signature": pl.String(),
    "shapes": pl.List(pl.List(pl.Int64)),
    "family": pl.String(),
    "dtype": pl.String(),
    "op_flop": pl.Float64(),
    "op_bytes": pl.Float64(),
    "remark": pl.String(),
    "reason": pl.String(),
    "flop_exactness": pl.String(),
    "bytes_exactness": pl.String(),
    "divisible": pl.Boolean(),
}
"""What is found for each distinct call, in the order of :func:`_row`."""
_KEYS = ["signature_id", "parent_signature", "element_bytes", "operand_dtype", "step"]


def evaluate(rows: pl.DataFrame, capture: Capture) -> pl.DataFrame:
    """Model every operator that launched one of ``rows``; return one row an ``op_id``.

    Columns: op_id, signature, shapes, family, dtype, op_flop, op_bytes, remark, reason,
    flop_exactness, bytes_exactness, divisible.
    """
    calls = _distinct(rows, capture)
    signatures = _signatures(capture)
    keys = calls.select(_KEYS).unique()
    modelled = [_row(signatures.call(*key), by_name=key[3] is not None) for key in keys.rows()]
    # column by column, since polars takes rows in ten times as slowly
    columns = zip(*modelled, strict=True) if modelled else [()] * len(_MODELLED)
    known = keys.with_columns(
        _nested(values, dtype).alias(name)
        if isinstance(dtype, pl.List)
        else pl.Series(name, values, dtype=dtype)
        for (name, dtype), values in zip(_MODELLED.items(), columns, strict=True)
    )
    return calls.join(
        known,
        on=_KEYS,
        how="left",
        nulls_equal=True,
    ).drop(_KEYS)


def _nested(values: Sequence[Sequence[Sizes] | None], dtype: pl.List) -> pl.Series:
    """Return lists of lists as a column, by way of their text: polars makes a series of each list
    where it gets them as they are, which takes five times as long."""
    texts = [None if value is None else json.dumps(value) for value in values]
    return pl.Series(texts, dtype=pl.String).str.json_decode(dtype)


def calls_of(launches: pl.DataFrame, capture: Capture) -> dict[int, OpCall]:
    """Return the calls behind some launches of a capture by ``op_id``, as they are modelled.

    Args:
        launches: rows of :data:`ncutool_parsers.schema.LAUNCHES`, all those of each operator.
    """
    ops = capture.ops.select("op_id", "signature_id").join(
        capture.signatures.select("signature_id", "op"), on="signature_id", how="left"
    )
    rows = launches.select("op_id", "kernel_full").join(ops, on="op_id")
    signatures = _signatures(capture)
    return {op_id: signatures.call(*key) for op_id, *key in _distinct(rows, capture).iter_rows()}


def _distinct(rows: pl.DataFrame, capture: Capture) -> pl.DataFrame:
    """One row an operator: its signature, its parent's, its list's element size, and where no
    data types were recorded the one that its kernels' names prove."""
    calls = parents(rows.select("op_id", "signature_id").unique(), capture)
    dtypes = {"element_bytes": pl.Int64, "operand_dtype": pl.String, "step": pl.String}
    for told in (_list_elements(rows), _proved_dtypes(rows, capture), _steps(rows, capture)):
        if not told.is_empty():
            calls = calls.join(told, on="op_id", how="left")
    absent = [name for name in dtypes if name not in calls.columns]
    calls = calls.with_columns(pl.lit(None, dtypes[name]).alias(name) for name in absent)
    return calls.select("op_id", *_KEYS)


def _list_elements(rows: pl.DataFrame) -> pl.DataFrame:
    """Return op_id and `element_bytes` of calls with lists of tensors."""
    lists = rows.filter(pl.col("op").str.contains(_LIST_OPERATORS))
    return _agreed(lists, "element_bytes", "element_bytes")


def _proved_dtypes(rows: pl.DataFrame, capture: Capture) -> pl.DataFrame:
    """Return op_id and `operand_dtype` of calls without recorded data types."""
    types = capture.signatures["input_types"]
    untyped = capture.signatures.filter(types.is_null() | types.str.contains(r"^\[\s*\]$"))
    if untyped.is_empty():
        return rows.select("op_id").clear()
    plain = rows.filter(
        pl.col("op").str.contains(_ONE_DTYPE)
        & pl.col("signature_id").is_in(untyped["signature_id"].implode())
    )
    return _agreed(plain, "tensor_dtype", "operand_dtype")


def _steps(rows: pl.DataFrame, capture: Capture) -> pl.DataFrame:
    """Return op_id and the engine's annotation, `step`, around each call of paged attention."""
    paged = rows.filter(pl.col("op").str.contains(IN_STEPS)).select("op_id").unique()
    if paged.is_empty():
        return paged
    notes = capture.annotations.filter(
        ~pl.col("on_device") & pl.col("name").str.contains(steps.ANNOTATION)
    ).select(pl.col("name").alias("step"), "start_ns", pl.col("end_ns").alias("until_ns"))
    begun = paged.join(capture.ops.select("op_id", "start_ns"), on="op_id").sort("start_ns")
    around = begun.join_asof(notes.sort("start_ns"), on="start_ns", strategy="backward")
    inside = pl.col("start_ns") < pl.col("until_ns")
    return around.select("op_id", pl.when(inside).then("step").alias("step"))


def _agreed(rows: pl.DataFrame, fact: str, name: str) -> pl.DataFrame:
    """Return op_id and ``name``: the fact that the kernel names of each operator agree on, null
    where they differ or none says it."""
    if rows.is_empty():
        return rows.select("op_id")
    return (
        rows.select("op_id", kernel_facts.column(pl.col("kernel_full"), fact).alias(name))
        .group_by("op_id")
        .agg(pl.when(pl.col(name).drop_nulls().n_unique() == 1).then(pl.col(name).max()))
    )


def parents(calls: pl.DataFrame, capture: Capture) -> pl.DataFrame:
    """Return ``calls``, in their order, with the signature of each one's caller,
    `parent_signature`.

    Traces nest some calls within one of the same operator; then it is the caller's caller.
    """
    ops = capture.ops.select("op_id", pl.col("signature_id").alias("parent_signature"), "parent_id")
    names = capture.signatures.select("signature_id", "op")

    def called_from(op_ids: pl.Series) -> pl.DataFrame:
        caller = looked_up(op_ids, ops.select("op_id", "parent_id"), "op_id")["parent_id"]
        return looked_up(caller, ops, "op_id")

    above = called_from(calls["op_id"])
    own, callers = (
        looked_up(signatures, names, "signature_id")["op"]
        for signatures in (calls["signature_id"], above["parent_signature"])
    )
    nested = (own == callers).fill_null(value=False)
    further = looked_up(above["parent_id"], ops, "op_id")["parent_signature"]
    return calls.select("op_id", "signature_id").with_columns(
        parent_signature=further.zip_with(nested, above["parent_signature"])
        if nested.any()
        else above["parent_signature"]
    )


def _signatures(capture: Capture) -> _Signatures:
    rows = {
        number: (op, dims, types, strides, concrete, backend)
        for number, op, dims, types, strides, concrete, backend in capture.signatures.select(
            "signature_id",
            "op",
            "input_dims",
            "input_types",
            "input_strides",
            "concrete_inputs",
            "kernel_backend",
        ).iter_rows()
    }
    return _Signatures(rows, _proved_outputs(row[:3] for row in rows.values()))


def _proved_outputs(signatures: Iterable[tuple[str, str | None, str | None]]) -> OutputShapes:
    """Return the result shape of a convolution by its input and weight, of a pooling by its input.

    A gradient has the shape of the result it belongs to. Where all backward calls with one input
    and weight agree, so do the forward calls; where they differ, nothing is known.
    """
    seen: dict[tuple[Sizes, Sizes], set[Sizes]] = defaultdict(set)
    for name, dims, types in signatures:
        base = name.rpartition("::")[2]
        if base in _GRADIENT_AT:
            call = parse_call(name, dims, types)
            x, grad, weight = (call.optional(index) for index in _GRADIENT_AT[base])
            if x is not None and grad is not None and weight is not None:
                seen[x.shape, weight.shape].add(grad.shape)
        elif base == "max_pool2d_with_indices_backward":
            call = parse_call(name, dims, types)
            grad, x = call.optional(0), call.optional(1)
            if x is not None and grad is not None:
                seen[x.shape, ()].add(grad.shape)
    return {key: next(iter(shapes)) for key, shapes in seen.items() if len(shapes) == 1}


def _output_shape(call: OpCall, outputs: OutputShapes) -> Sizes | None:
    x = call.optional(0)
    if x is None or not outputs:
        return None
    if "convolution" in call.base and "backward" not in call.base:
        weight = call.optional(1)
        return None if weight is None else outputs.get((x.shape, weight.shape))
    return outputs.get((x.shape, ())) if call.base == "max_pool2d_with_indices" else None


def _row(call: OpCall, *, by_name: bool = False) -> tuple[object, ...]:
    """Return the modelled columns of :func:`evaluate`, in their order."""
    work = model(call)
    signature = _shown(*_operands(call))
    if isinstance(work, NoModel):
        return *signature, work.family, None, None, None, None, work.reason, None, None, None
    remarks = [work.remark, DTYPE_BY_NAME if by_name else None]
    return (
        *signature,
        work.family,
        work.dtype,
        _number(work.flop),
        _number(work.bytes),
        "; ".join(remark for remark in remarks if remark) or None,
        _reason(work),
        None if work.flop is None else work.flop_exactness,
        None if work.bytes is None else work.bytes_exactness,
        work.divisible,
    )


def _number(value: int | None) -> float | None:
    return None if value is None else float(value)


def _reason(work: Work) -> str | None:
    return work.reason if work.flop is None or work.bytes is None else None


def signature_text(call: OpCall) -> str | None:
    """Return the shapes of a call for people, e.g. `[8944,1024] × [1024,2816]`; None without any.

    A matrix product shows its two factors and leaves the bias out.
    """
    return _shown(*_operands(call))[0]


def shown_shapes(call: OpCall) -> list[Sizes] | None:
    """Return the shapes that :func:`signature_text` shows, of a list of tensors its first one."""
    return _shown(*_operands(call))[1]


def _shown(
    tensors: list[Sizes], lists: list[tuple[Tensor, ...]]
) -> tuple[str | None, list[Sizes] | None]:
    parts = [_sizes(shape) for shape in tensors[:_SHOWN]]
    if len(tensors) > _SHOWN:
        parts.append("…")
    parts += [f"{len(members)} tensors from {_sizes(members[0].shape)}" for members in lists]
    shapes = [*tensors[:_SHOWN], *(members[0].shape for members in lists)]
    return " × ".join(parts) or None, shapes or None


def _operands(call: OpCall) -> tuple[list[Sizes], list[tuple[Tensor, ...]]]:
    """Return the shapes of the tensors that a signature speaks of, and the lists of tensors."""
    shapes = [item.shape for item in call.inputs if isinstance(item, Tensor) and item.shape]
    lists = [item.tensors for item in call.inputs if isinstance(item, TensorList) and item.tensors]
    if call.base in ("addmm", "baddbmm", "addmv") and len(shapes) == 3:
        shapes = shapes[1:]
    return shapes, lists


def _sizes(shape: Sizes) -> str:
    return "[" + ",".join(map(str, shape)) + "]"
