"""Launches as a sequence of operator calls per stream: what patterns of operators match on.

One operator call with several kernels is one node, so an operator never feeds itself. Each node
has a one-letter symbol, so that a pattern of operators is a regular expression.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from ncutool.work.operators import OpCall, Work, model, parse_call
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
    "k": "cat stack",
    "s": "_softmax softmax _safe_softmax",
    "Z": "_softmax_backward_data",
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
    "t": "tanh",
    "x": "sigmoid",
    "e": "exp",
    "E": "erf",
    "v": "var",
    "C": "convolution cudnn_convolution miopen_convolution _convolution conv2d",
}
SYMBOL_OF = {name: symbol for symbol, names in _SYMBOLS.items() for name in names.split()}


class Node(NamedTuple):
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
    parent: int | None = None
    """The innermost enclosing operator that does more than hand on to this one (op_id)."""
    by_engine: bool = False
    """A copy or memset by the driver rather than a kernel."""
    native: bool = False
    """One of the framework's own operators, which its compiler may take apart."""
    numel: int = 0
    """Elements of its widest tensor."""
    full_bytes: int | None = None
    """Bytes of its widest tensor, in the narrower of its input and output types."""


@dataclass(frozen=True, slots=True, eq=False)
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
        .join(_callers(capture), on="op_id", how="left")
        .join(
            capture.launches.select("launch_id", "copy_kind", "collective"),
            on="launch_id",
            how="left",
        )
        .with_columns(
            key=pl.struct("kernel_full", *grid).hash(),
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


_WRAPPERS = (
    r"^aten::(to|_to_copy|clone|contiguous|reshape|linear|matmul|layer_norm|batch_norm|zero_|"
    r"_batch_norm_impl_index|softmax|dropout|relu_?|silu|gelu|conv[123]d|_?convolution|stack)$"
)
"""Operators that mostly hand on to one other: they hold nothing together."""


def _callers(capture: Capture) -> pl.DataFrame:
    """Per operator call its signature and the innermost caller that holds several together."""
    ops = capture.ops.select("op_id", "signature_id", pl.col("parent_id").alias("parent"))
    names = capture.signatures.filter(pl.col("op").str.contains(_WRAPPERS))["signature_id"]
    above = ops.select(
        pl.col("op_id").alias("parent"),
        pl.col("parent").alias("further"),
        pl.col("signature_id").is_in(names.implode()).alias("hands_on"),
    )
    for _ in range(2):
        ops = (
            ops.join(above, on="parent", how="left")
            .with_columns(parent=pl.when("hands_on").then("further").otherwise(pl.col("parent")))
            .drop("further", "hands_on")
        )
    return ops


class _Known(NamedTuple):
    """What the signature of a call says."""

    symbol: str
    op: str
    in_place: bool
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    native: bool
    numel: int
    full_bytes: int | None


_NOTHING = _Known(UNKNOWN, "", False, (), (), False, 0, None)


def _calls(capture: Capture, wanted: pl.Series) -> dict[int, _Known]:
    """Every signature in use."""
    used = capture.signatures.filter(pl.col("signature_id").is_in(wanted.drop_nulls().implode()))
    columns = ("signature_id", "op", "input_dims", "input_types", "input_strides")
    found = {}
    for index, *texts in used.select(*columns, "concrete_inputs").iter_rows():
        call = parse_call(*texts)
        found[index] = _known(call)
    return found


def _known(call: OpCall) -> _Known:
    outputs = work.outputs if isinstance(work := model(call), Work) else ()
    tensors = (*call.tensors, *outputs)
    numel = max((tensor.numel for tensor in tensors), default=0)
    sizes = [item for tensor in tensors if (item := tensor.itemsize)]
    return _Known(
        SYMBOL_OF.get(call.base, OTHER),
        call.name.rpartition("::")[2],
        call.in_place,
        call.tensors,
        outputs,
        call.name.startswith("aten::"),
        numel,
        numel * min(sizes) if sizes else None,
    )


def _stream(rows: pl.DataFrame, calls: dict[int, _Known]) -> Stream:
    new = pl.col("op_id").is_null() | (pl.col("op_id") != pl.col("op_id").shift(1)).fill_null(
        value=True
    )
    blocks = pl.col("grid_x") * pl.col("grid_y") * pl.col("grid_z")
    groups = (
        rows.with_columns(node=new.cum_sum(), blocks=blocks)
        .group_by("node", maintain_order=True)
        .agg(
            pl.len(),
            pl.col("duration_ns").sum().alias("total"),
            pl.col("signature_id", "signature").first(),
            # A memset before the product must not make a copy of it.
            pl.col("kernel", "family").sort_by("duration_ns", "launch_id").last(),
            pl.col("barrier").any(),
            _known_sum("flop"),
            _known_sum("dram_bytes"),
            pl.col("blocks").sort_by("duration_ns", "blocks").last(),
            pl.col("parent").first(),
            (pl.col("category") != "kernel").all(),
        )
    )
    nodes: list[Node] = []
    first = 0
    for (
        _,
        count,
        total,
        signature_id,
        signature,
        kernel,
        family,
        barrier,
        flop,
        moved,
        blocks,
        parent,
        by_engine,
    ) in groups.iter_rows():
        known = calls.get(signature_id, _NOTHING)
        nodes.append(
            Node(
                BARRIER if barrier else known.symbol,
                known.op or kernel,
                known.in_place,
                first,
                first + count,
                total,
                known.inputs,
                known.outputs,
                family,
                signature,
                flop,
                moved,
                blocks,
                parent,
                by_engine,
                known.native,
                known.numel,
                known.full_bytes,
            )
        )
        first += count
    return Stream(
        launch_ids=rows["launch_id"].to_list(),
        durations=rows["duration_ns"].to_list(),
        keys=rows["key"].to_list(),
        linked=rows["op_id"].is_not_null().to_list(),
        nodes=nodes,
        symbols="".join(node.symbol for node in nodes),
    )


def _known_sum(name: str) -> pl.Expr:
    """The sum, null where nothing is known."""
    return pl.when(pl.col(name).count() > 0).then(pl.col(name).sum())
