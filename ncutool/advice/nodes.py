"""Launches as a sequence of operator calls per stream: what patterns of operators match on.

One operator call with several kernels is one node, so an operator never feeds itself. Each node
has a one-letter symbol, so that a pattern of operators is a regular expression.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from ncutool.work.operators import elementwise, gemm, normalization, reduction
from ncutool.work.operators.call import OpCall, UnmodelledError
from ncutool.work.operators.signature import parse_call
from ncutool.work.operators.tensor import Tensor
from ncutool_parsers.capture import Capture

UNKNOWN = "?"
"""A launch of no recorded operator."""
BARRIER = "|"
"""Communication, or a copy from or to the host: nothing fuses across it."""
OTHER = "."

_SYMBOLS = {
    "a": "add __iadd__",
    "m": "mul __imul__",
    "d": "div",
    "u": "sub rsub",
    "p": "pow square",
    "M": "mean",
    "U": "sum",
    "r": "rsqrt",
    "q": "sqrt",
    "A": "addcmul",
    "V": "addcdiv",
    "i": "lerp",
    "c": "copy",
    "n": "neg",
    "k": "cat",
    "s": "_softmax softmax _safe_softmax",
    "b": "bmm baddbmm",
    "g": "addmm mm linear _addmm_activation",
    "l": "native_layer_norm layer_norm",
    "S": "silu",
    "G": "gelu",
    "R": "relu clamp_min threshold relu6 hardtanh",
    "B": "native_batch_norm cudnn_batch_norm miopen_batch_norm _batch_norm_impl_index",
    "F": "masked_fill where",
    "f": "fill zero",
    "D": "native_dropout _fused_dropout",
}
SYMBOL_OF = {name: symbol for symbol, names in _SYMBOLS.items() for name in names.split()}


@dataclass(frozen=True, slots=True)
class Node:
    """One operator call on one stream, or one launch of no known operator."""

    symbol: str
    op: str
    """Name without its namespace; the kernel's where there is no operator."""
    in_place: bool
    first: int
    """Rows ``first`` to ``last`` (exclusive) of its stream."""
    last: int
    duration_ns: int
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    """Empty where no model says what comes out."""
    family: str | None
    signature: str | None
    flop: float | None
    moved: float | None
    """Compulsory bytes of the call."""
    blocks: int | None
    """Blocks of its longest launch."""

    @property
    def full_bytes(self) -> int | None:
        """Bytes of its widest tensor, in the narrower of its input and output types."""
        sizes = [item for tensor in (*self.inputs, *self.outputs) if (item := tensor.itemsize)]
        return self.numel * min(sizes) if sizes else None

    @property
    def numel(self) -> int:
        """Elements of its widest tensor."""
        return max((tensor.numel for tensor in (*self.inputs, *self.outputs)), default=0)


@dataclass(frozen=True, slots=True)
class Stream:
    """The launches of one stream in order of start, and the operator calls they belong to."""

    launch_ids: list[int]
    durations: list[int]
    keys: list[int]
    """Equal for launches of the same kernel with the same grid."""
    linked: list[bool]
    nodes: list[Node]
    symbols: str
    """One letter per node."""


def streams(kernels: pl.DataFrame, capture: Capture) -> tuple[Stream, ...]:
    """Every stream of the launches in ``kernels`` that have a start and a duration."""
    grid = ("grid_x", "grid_y", "grid_z")
    rows = (
        kernels.filter(pl.col("start_ns").is_not_null() & pl.col("duration_ns").is_not_null())
        .join(capture.ops.select("op_id", "signature_id"), on="op_id", how="left")
        .join(
            capture.launches.select("launch_id", "copy_kind", "collective"),
            on="launch_id",
            how="left",
        )
        .with_columns(
            key=pl.struct("kernel_full", *grid).rank("dense").cast(pl.Int64),
            barrier=(pl.col("family") == "collective")
            | (pl.col("bound") == "communication")
            | pl.col("collective").is_not_null()
            | pl.col("copy_kind").is_in(["HtoD", "DtoH", "HtoH", "PtoP"]).fill_null(False),
        )
        .sort("start_ns", "launch_id")
    )
    calls = _calls(capture, rows["signature_id"])
    parts = rows.partition_by("device", "stream", maintain_order=True)
    return tuple(_stream(part, calls) for part in parts)


def _calls(
    capture: Capture, wanted: pl.Series
) -> dict[int, tuple[OpCall, tuple[Tensor, ...], str]]:
    """Per signature in use: the call, what comes out of it, and its symbol."""
    columns = ("signature_id", "op", "input_dims", "input_types", "input_strides")
    used = capture.signatures.filter(pl.col("signature_id").is_in(wanted.drop_nulls().implode()))
    found = {}
    for index, op, dims, types, strides, values in used.select(
        *columns, "concrete_inputs"
    ).iter_rows():
        call = parse_call(op, dims, types, strides, values)
        found[index] = (call, _outputs(call), SYMBOL_OF.get(call.base, OTHER))
    return found


def _outputs(call: OpCall) -> tuple[Tensor, ...]:
    for module in (elementwise, gemm, normalization, reduction):
        model = module.MODELS.get(call.name)
        if model is not None:
            try:
                return model(call).outputs
            except UnmodelledError:
                return ()
    return ()


def _stream(rows: pl.DataFrame, calls: dict[int, tuple[OpCall, tuple[Tensor, ...], str]]) -> Stream:
    columns = rows.select(
        "op_id",
        "signature_id",
        "duration_ns",
        "barrier",
        "kernel",
        "family",
        "signature",
        "flop",
        "dram_bytes",
        pl.col("grid_x") * pl.col("grid_y") * pl.col("grid_z"),
    )
    nodes: list[Node] = []
    previous: int | None = None
    first = 0
    data = columns.rows()
    for index, row in enumerate(data):
        op_id = row[0]
        if index and (op_id is None or op_id != previous):
            nodes.append(_node(data, first, index, calls))
            first = index
        previous = op_id
    nodes.append(_node(data, first, len(data), calls))
    return Stream(
        launch_ids=rows["launch_id"].to_list(),
        durations=rows["duration_ns"].to_list(),
        keys=rows["key"].to_list(),
        linked=rows["op_id"].is_not_null().to_list(),
        nodes=nodes,
        symbols="".join(node.symbol for node in nodes),
    )


def _node(
    data: Sequence[tuple[Any, ...]],
    first: int,
    last: int,
    calls: dict[int, tuple[OpCall, tuple[Tensor, ...], str]],
) -> Node:
    rows = data[first:last]
    _, signature_id, _, _, kernel, family, signature, *_ = rows[0]
    flops = [row[7] for row in rows if isinstance(row[7], float)]
    moved = [row[8] for row in rows if isinstance(row[8], float)]
    grids = [(row[2], row[9]) for row in rows if isinstance(row[9], int)]
    known = calls.get(signature_id) if isinstance(signature_id, int) else None
    symbol = known[2] if known else UNKNOWN
    if any(row[3] for row in rows):
        symbol = BARRIER
    call = known[0] if known else None
    return Node(
        symbol=symbol,
        op=call.name.rpartition("::")[2] if call else str(kernel),
        in_place=call.in_place if call else False,
        first=first,
        last=last,
        duration_ns=sum(row[2] for row in rows if isinstance(row[2], int)),
        inputs=call.tensors if call else (),
        outputs=known[1] if known else (),
        family=str(family) if family is not None else None,
        signature=str(signature) if signature is not None else None,
        flop=sum(flops) if flops else None,
        moved=sum(moved) if moved else None,
        blocks=max(grids)[1] if grids else None,
    )
