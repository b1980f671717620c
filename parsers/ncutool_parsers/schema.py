"""Every column a reader produces: name, data type, unit and meaning.

Units are SI base units; time is integer nanoseconds counted from the start of the first launch
(``Capture.origin_ns`` is that moment on the capture's own clock). An unknown is null, never 0
and never NaN.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    import polars as pl

DType = Literal[
    "int",
    "float",
    "str",
    "bool",
    "list[int]",
    "list[float]",
    "list[str]",
    "list[list[int]]",
    "list[record]",
]


class Column(Struct, frozen=True):
    """One column of a table."""

    name: str
    dtype: DType
    meaning: str
    unit: str | None = None
    nullable: bool = True
    fields: tuple[Column, ...] = ()
    """What a record of a ``list[record]`` holds."""


class Table(Struct, frozen=True, dict=True):
    """A named list of columns; the one definition of a table's shape."""

    name: str
    meaning: str
    columns: tuple[Column, ...]

    def polars_schema(self) -> pl.Schema:
        """Return the same columns as a polars schema."""
        return self._types.copy()

    @cached_property
    def _types(self) -> pl.Schema:
        """The polars schema, made once: every table of every capture asks for it."""
        import polars as pl

        def of(column: Column) -> pl.DataType:
            if column.dtype != "list[record]":
                return types[column.dtype]
            return pl.List(pl.Struct({one.name: of(one) for one in column.fields}))

        types: dict[str, pl.DataType] = {
            "int": pl.Int64(),
            "float": pl.Float64(),
            "str": pl.String(),
            "bool": pl.Boolean(),
            "list[int]": pl.List(pl.Int64()),
            "list[float]": pl.List(pl.Float64()),
            "list[str]": pl.List(pl.String()),
            "list[list[int]]": pl.List(pl.List(pl.Int64())),
        }
        return pl.Schema({column.name: of(column) for column in self.columns})

    def empty(self) -> pl.DataFrame:
        """Return the table without rows."""
        import polars as pl

        return pl.DataFrame(schema=self._types)

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return ``frame`` with exactly these columns, in this order, absent ones null.

        Raises:
            ValueError: ``frame`` has a column that the table does not know.
        """
        import polars as pl

        schema, given = self._types, frame.schema
        unknown = [name for name in given if name not in schema]
        if unknown:
            raise ValueError(f"table {self.name} has no column {', '.join(unknown)}")

        def column(name: str, dtype: pl.DataType) -> pl.Expr:
            if name not in given:
                return pl.lit(None, dtype).alias(name)
            return pl.col(name) if given[name] == dtype else pl.col(name).cast(dtype)

        return frame.select(column(name, dtype) for name, dtype in schema.items())


LAUNCHES = Table(
    "launches",
    "One row per execution of a kernel, copy or memset, in order of start (ncu: of appearance).",
    (
        Column("launch_id", "int", "order in the capture, from 0", nullable=False),
        Column(
            "category",
            "str",
            "`kernel`, `memcpy`, `memset`, or ncu's `range`/`graph`",
            nullable=False,
        ),
        Column("kernel", "str", "short readable name", nullable=False),
        Column("kernel_full", "str", "full demangled name as recorded", nullable=False),
        Column("stream", "int", "stream as recorded"),
        Column("device", "int", "device ordinal as recorded"),
        Column("rank", "int", "rank of the process in the job"),
        Column(
            "process",
            "int",
            "process whose host launched it, numbered from 0; null where none is known (torch)",
        ),
        Column(
            "doubt",
            "str",
            "why its recorded times cannot be right: `overruns_next` (it runs past the next launch "
            "of its stream), `before_call` (it starts before its own launch call), `doubled` (an "
            "equal launch of its stream is recorded at the same time); null where nothing speaks "
            "against them (torch)",
        ),
        Column("compute_capability", "str", "e.g. `9.0`; null where the capture does not say"),
        Column("start_ns", "int", "start, from the first launch's start; null for ncu", "ns"),
        Column("duration_ns", "int", "duration; null where it was not collected", "ns"),
        Column("grid_x", "int", "blocks in x"),
        Column("grid_y", "int", "blocks in y"),
        Column("grid_z", "int", "blocks in z"),
        Column("block_x", "int", "threads per block in x"),
        Column("block_y", "int", "threads per block in y"),
        Column("block_z", "int", "threads per block in z"),
        Column("nvtx", "str", "innermost NVTX range (ncu) or user annotation (torch)"),
        Column("error", "str", "why this launch carries no counters; null where it does"),
        Column("op_id", "int", "row of `ops`: innermost operator that launched it (torch)"),
        Column("call_id", "int", "row of `calls`: the runtime call that launched it (torch)"),
        Column("link", "str", "how it was linked: `correlation`, `external_id`, or null (torch)"),
        Column(
            "unlinked",
            "str",
            "why nothing is linked though its ids were recorded: `no_process` (which process of "
            "the file launched it is not known), `shared_call` (its call launched another one), "
            "`contradicting_ids` (they name two operators); null elsewhere (torch)",
        ),
        Column("graph_replay", "bool", "its launch call replays a CUDA/HIP graph (torch)"),
        Column("copy_kind", "str", "`HtoD`, `DtoH`, `DtoD`, `PtoP`, `HtoH`, for copies"),
        Column("copy_pageable", "bool", "a side of the copy is pageable host memory"),
        Column("copy_bytes", "int", "size of a copy or memset as recorded", "byte"),
        Column("collective", "str", "collective name from NCCL metadata (torch)"),
        Column("collective_dtype", "str", "its data type as recorded"),
        Column("collective_in_elements", "int", "its input elements on this rank"),
        Column("collective_out_elements", "int", "its output elements on this rank"),
        Column("collective_group_size", "int", "ranks that take part"),
        Column("collective_group", "str", "name of its process group, from NCCL metadata"),
        Column(
            "collective_ranks",
            "str",
            "the group's ranks as recorded, e.g. `[0, 1]`; long lists are cut short by PyTorch",
        ),
        Column("collective_sequence", "int", "which call of its process group it is"),
        Column("collective_source_rank", "int", "rank that sends, of a send or a receive"),
        Column("collective_target_rank", "int", "rank that receives, of a send or a receive"),
        Column("registers_per_thread", "int", "registers per thread"),
        Column("shared_memory_bytes", "int", "shared memory per block", "byte"),
    ),
)

METRICS = Table(
    "metrics",
    "Numeric counters of an ncu report, long form. A NaN or absent value has no row.",
    (
        Column("launch_id", "int", "row of `launches`", nullable=False),
        Column("metric", "str", "NVIDIA's metric name", nullable=False),
        Column("value", "float", "value in NVIDIA's base unit", nullable=False),
    ),
)

INSTRUCTIONS = Table(
    "instructions",
    "Executed instructions of each launch by opcode, where an ncu report holds them and they were "
    "asked for. The counts of a launch are complete: an opcode without a row was not executed.",
    (
        Column("launch_id", "int", "row of `launches`", nullable=False),
        Column(
            "source",
            "str",
            "`sass` (counts per address x the instruction's text), `opcode_modifier` or `opcode` "
            "(the report's own sums, with or without modifiers)",
            nullable=False,
        ),
        Column("opcode", "str", "e.g. `IMMA.16832.S8.S8.SAT`, `FFMA`", nullable=False),
        Column(
            "moves",
            "bool",
            "half instruction that only sets a constant or converts (both multiplicands, or a "
            "conversion's addend, are the zero register); null where the text is not known",
        ),
        Column("warp_executed", "int", "times a warp executed it", nullable=False),
        Column(
            "thread_executed",
            "int",
            "times a thread executed it with its predicate on; null where not counted",
        ),
    ),
)

SAMPLES = Table(
    "samples",
    "Where warps were found when an ncu report sampled them: the instructions with most samples of "
    "each launch, hottest first.",
    (
        Column("launch_id", "int", "row of `launches`", nullable=False),
        Column("code", "int", "the listing of `listings` that it is in", nullable=False),
        Column("address", "int", "of the instruction", nullable=False),
        Column("samples", "int", "samples at it", nullable=False),
        Column("launch_samples", "int", "all samples of the launch", nullable=False),
        Column("stall", "str", "what most of its warps waited for; null where none waited"),
        Column("stall_samples", "int", "samples of that", nullable=False),
        Column("file", "str", "name of the source file, without its folder (-lineinfo)"),
        Column("line", "int", "line of the source file (-lineinfo)"),
    ),
)

SAMPLED_LINES = Table(
    "sampled_lines",
    "The same by source line, where -lineinfo recorded them.",
    (
        Column("launch_id", "int", "row of `launches`", nullable=False),
        Column("file", "str", "name of the source file, without its folder", nullable=False),
        Column("line", "int", "line of the source file", nullable=False),
        Column("samples", "int", "samples at its instructions", nullable=False),
        Column("launch_samples", "int", "all samples of the launch", nullable=False),
        Column("stall", "str", "what most of its warps waited for; null where none waited"),
        Column("stall_samples", "int", "samples of that", nullable=False),
    ),
)

LISTINGS = Table(
    "listings",
    "The instructions of the kernels that were sampled, in order of address.",
    (
        Column("code", "int", "number of the listing, from 0", nullable=False),
        Column("address", "int", "of the instruction", nullable=False),
        Column("text", "str", "SASS; null where the report does not hold it"),
    ),
)

RULES = Table(
    "rules",
    "What NVIDIA's own rules printed in an ncu report.",
    (
        Column("launch_id", "int", "row of `launches`", nullable=False),
        Column("rule", "str", "rule identifier, e.g. `SOLBottleneck`", nullable=False),
        Column("section", "str", "section it belongs to"),
        Column("severity", "str", "`ok`, `optimization`, `warning`, `error` or `none`"),
        Column("title", "str", "title of the message"),
        Column("message", "str", "text of the message, mark-up removed"),
        Column("speedup_kind", "str", "`global` (of kernel time) or `local` (of the unit)"),
        Column("speedup_pct", "float", "NVIDIA's estimated speed-up", "%"),
    ),
)

SIGNATURES = Table(
    "signatures",
    "Distinct operator calls: name and recorded arguments, JSON text exactly as in the trace.",
    (
        Column("signature_id", "int", "row number", nullable=False),
        Column("op", "str", "operator name", nullable=False),
        Column("input_dims", "str", "JSON text of `Input Dims`; null where not recorded"),
        Column("input_types", "str", "JSON text of `Input type`"),
        Column("input_strides", "str", "JSON text of `Input Strides`"),
        Column("concrete_inputs", "str", "JSON text of `Concrete Inputs`"),
        Column("kernel_backend", "str", "`triton` for compiled kernels"),
        Column("kernel_kwargs", "str", "e.g. `XBLOCK=512`"),
    ),
)

OPS = Table(
    "ops",
    "One row per recorded CPU operator call, in order of start within a thread.",
    (
        Column("op_id", "int", "row number", nullable=False),
        Column("signature_id", "int", "row of `signatures`", nullable=False),
        Column("thread", "int", "thread, numbered from 0", nullable=False),
        Column("start_ns", "int", "start on the common clock", "ns", nullable=False),
        Column("end_ns", "int", "end on the common clock", "ns", nullable=False),
        Column("parent_id", "int", "innermost enclosing operator on the same thread"),
    ),
)

CALLS = Table(
    "calls",
    "One row per runtime or driver API call (launch, copy, synchronise, allocate).",
    (
        Column("call_id", "int", "row number", nullable=False),
        Column("name", "str", "e.g. `cudaLaunchKernel`", nullable=False),
        Column("thread", "int", "thread, numbered as in `ops`", nullable=False),
        Column("start_ns", "int", "start on the common clock", "ns", nullable=False),
        Column("end_ns", "int", "end on the common clock", "ns", nullable=False),
        Column("correlation", "int", "correlation id shared with the launches"),
        Column("kernel", "str", "full name of the kernel it launches, where recorded (ROCm)"),
    ),
)

ANNOTATIONS = Table(
    "annotations",
    "User annotations (record_function, ProfilerStep, data loader) on CPU or GPU.",
    (
        Column("name", "str", "its text", nullable=False),
        Column("on_device", "bool", "recorded on the GPU timeline", nullable=False),
        Column("thread", "int", "thread, or null for the GPU timeline"),
        Column("start_ns", "int", "start on the common clock", "ns", nullable=False),
        Column("end_ns", "int", "end on the common clock", "ns", nullable=False),
    ),
)

OVERHEADS = Table(
    "overheads",
    "Time that the profiler itself took, as it recorded it (torch, category `overhead`).",
    (
        Column("name", "str", "e.g. `Activity Buffer Request`", nullable=False),
        Column("thread", "int", "thread, numbered as in `ops`; null where it has no other events"),
        Column("start_ns", "int", "start on the common clock", "ns", nullable=False),
        Column("end_ns", "int", "end on the common clock", "ns", nullable=False),
    ),
)

TABLES: tuple[Table, ...] = (
    LAUNCHES,
    METRICS,
    INSTRUCTIONS,
    SAMPLES,
    SAMPLED_LINES,
    LISTINGS,
    RULES,
    SIGNATURES,
    OPS,
    CALLS,
    ANNOTATIONS,
    OVERHEADS,
)
