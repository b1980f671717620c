"""FLOPs and bytes of a torch capture's launches, from the shapes of the operators behind them.

Every distinct call is modelled once and joined to its launches. An operator that launched
several kernels has its work shared out over its main kernels by duration, so that sums over
launches stay right; copies and memsets carry the bytes that were recorded for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ncutool.base.looked_up import looked_up
from ncutool.work import kernel_facts, launch_roofs, named_kinds, repeats, roofs, trials
from ncutool.work.calls import evaluate
from ncutool.work.operators import LARGEST, collective
from ncutool.work.operators.tensor import COLLECTIVE_DTYPES

if TYPE_CHECKING:
    from ncutool_parsers.capture import Capture

GRAPH = "launched by replaying a CUDA/HIP graph: no operator (--capture-trace pairs it)"
NO_LAUNCH = "no launch record (before the recording began)"
NO_CALLS = "no launch record (the trace holds no runtime calls)"
UNLINKED = {
    "no_process": "which of the file's processes launched it is not known",
    "shared_call": "no launch record of its own (its call launched another kernel)",
    "contradicting_ids": "its correlation and External id name two operators",
}
"""Why a launch with recorded ids has no operator, by the reader's word for it."""
NO_SHAPES = "no shapes recorded (re-run with record_shapes=True)"
NO_OPERATOR = "launched outside any operator"
HELPER = "helper kernel: its operator's work is counted on the main kernel"
UNSHARED = "what its operator's kernels move together has a lower bound, each of them has none"
NO_COPY_SIZE = "size of the copy not recorded"
COMMUNICATION = collective.REASON

TRANSFORMED = "Winograd or FFT: fewer operations than the direct count, so no compute roof"

_KNOWN = (
    *("launch_id", "op", "signature", "shapes", "family", "dtype", "flop", "flop_source"),
    *("dram_bytes", "bytes_source", "flop_exactness", "bytes_exactness", "roof"),
    *("missing_reason", "remark", "trial"),
)
"""Columns of :data:`ncutool.base.tables.WORK` that the shapes of operators tell."""
DRAM_PASSES = {"DtoD": 2, "HtoD": 1, "DtoH": 1, "PtoP": 1}
"""How often a copied byte crosses this device's DRAM."""


def work(capture: Capture) -> pl.DataFrame:
    """One row per launch of a torch capture: :data:`ncutool.base.tables.WORK`."""
    return by_kind(capture).table


def by_kind(capture: Capture) -> repeats.WorkByKind:
    """Return the work of a torch capture's launches, once for each kind of them."""
    rows = _with_operators(capture)
    launches = rows["launch_id"].sort()
    first = repeats.first_of_kind(rows, capture)
    alone = rows.filter(pl.col("launch_id").is_in(first.unique().implode()))
    del rows  # before what is found is spread over all launches
    return repeats.by_kind(_of_each(alone, capture), first, launches)


def _of_each(rows: pl.DataFrame, capture: Capture) -> pl.DataFrame:
    """Return the work of launches, all those of any operator that launched several, sorted."""
    rows = rows.join(_told_by_names(rows["kernel_full"].unique()), on="kernel_full", how="left")
    wanted = rows.filter(_wants_model())
    rows = rows.join(evaluate(wanted, capture), on="op_id", how="left")
    rows = rows.join(trials.marked(wanted), on="launch_id", how="left").drop("grid", "block")
    rows = rows.with_columns(
        _role().alias("role"),
        (pl.col("family") == "convolution")
        .and_(pl.col("transformed").any().over("op_id"))
        .fill_null(False)
        .alias("transformed"),
    )
    rows = _share(rows).join(_bandwidths(rows), on="launch_id", how="left")
    rows = rows.with_columns(_figures(capture))
    rows = rows.with_columns(*_sources(), _exactness("flop"), _exactness("dram_bytes"))
    needed = {*_KNOWN, *launch_roofs.NEEDED}
    rows = rows.select(name for name in rows.columns if name in needed)
    rows = launch_roofs.with_roofs(rows, capture)
    rows = rows.with_columns(
        pl.when(pl.col("roof") == "tf32_tensor")
        .then(pl.lit("tf32"))
        .otherwise("dtype")
        .alias("dtype"),
        _joined(pl.col("remark"), pl.col("roof_remark")).alias("remark"),
        pl.col("flop", "dram_bytes").cast(pl.Float64),
    )
    return rows.sort("launch_id").select(_KNOWN)


def _told_by_names(names: pl.Series) -> pl.DataFrame:
    """Return what the names of kernels say of their work, one row for each of these."""
    return named_kinds.columns(names).with_columns(
        name_id=pl.int_range(pl.len(), dtype=pl.UInt32),
        communicates=kernel_facts.of_names(names, "communicates"),
        transformed=kernel_facts.of_names(names, "transformed"),
        helps=kernel_facts.of_names(names, "role").is_not_null(),
    )


def _with_operators(capture: Capture) -> pl.DataFrame:
    """Return the launches with the operator and signature behind each."""
    calls = capture.ops.select("op_id", "signature_id")
    signature = looked_up(capture.launches["op_id"], calls, "op_id")
    names = capture.signatures.select("signature_id", "op")
    name = looked_up(signature["signature_id"], names, "signature_id")
    rows = capture.launches.select(
        "launch_id",
        "category",
        "kernel_full",
        "duration_ns",
        "op_id",
        "call_id",
        "graph_replay",
        "unlinked",
        "copy_kind",
        "copy_bytes",
        "collective",
        "collective_dtype",
        "collective_in_elements",
        "collective_out_elements",
        "collective_group_size",
        pl.struct("grid_x", "grid_y", "grid_z").alias("grid"),
        pl.struct("block_x", "block_y", "block_z").alias("block"),
    )
    return pl.concat([rows, signature, name], how="horizontal")


def _is_kernel() -> pl.Expr:
    return ~pl.col("category").is_in(["memcpy", "memset"])


def _communicates() -> pl.Expr:
    by_operator = pl.col("op").str.contains(collective.OPERATOR).fill_null(False)
    by_name = pl.col("communicates").fill_null(False)
    return _is_kernel() & (pl.col("collective").is_not_null() | by_operator | by_name)


def _wants_model() -> pl.Expr:
    replayed = pl.col("graph_replay").fill_null(False)
    return _is_kernel() & pl.col("op_id").is_not_null() & ~replayed & ~_communicates()


def _role() -> pl.Expr:
    """`copy`, `collective`, `unlinked`, or for an operator's kernels `main` and `helper`.

    An operator whose kernels all look like helpers (a copy by elementwise kernels) has no other
    kernel that did its work, so they are its main kernels.
    """
    matrix = pl.col("family").is_in(list(roofs.MATRIX_FAMILIES)).fill_null(False)
    helps = matrix & pl.col("helps").fill_null(False)
    all_help = helps.filter(_wants_model()).all().over("op_id")
    return (
        pl.when(~_is_kernel())
        .then(pl.lit("copy"))
        .when(_communicates())
        .then(pl.lit("collective"))
        .when(~_wants_model())
        .then(pl.lit("unlinked"))
        .when(helps & ~all_help)
        .then(pl.lit("helper"))
        .otherwise(pl.lit("main"))
    )


def _share(rows: pl.DataFrame) -> pl.DataFrame:
    """Each operator's FLOPs and bytes over its main kernels by duration, in whole numbers whose
    sum is exact: the remainder goes to the first. A tuner's trials did them whole, each of them."""
    main = (pl.col("role") == "main") & pl.col("trial").is_null()
    counts = rows.filter(main).group_by("op_id").agg(pl.len().alias("kernels"))
    rows = rows.join(counts.filter(pl.col("kernels") > 1), on="op_id", how="left")
    shared = main & pl.col("kernels").is_not_null()
    whole = main | pl.col("whole").fill_null(False)
    alone = rows.filter(~shared.fill_null(False)).with_columns(
        pl.when(whole).then("op_flop").alias("flop"), pl.when(whole).then("op_bytes").alias("bytes")
    )
    several = rows.filter(shared).with_columns(
        _part("op_flop").alias("flop"),
        pl.when(~_unshared()).then(_part("op_bytes")).alias("bytes"),
    )
    told = shared & pl.col("op_flop").is_not_null() & ~_unshared()
    split = pl.when(told).then(
        pl.format("its operator's work shared by duration over {} kernels", "kernels")
    )
    return pl.concat([alone, several]).with_columns(split.alias("split"))


def _unshared() -> pl.Expr:
    """Whether an operator's bytes are a bound for all its kernels together that says nothing of
    each."""
    return pl.col("kernels").is_not_null() & ~pl.col("divisible").fill_null(True)


def _part(name: str) -> pl.Expr:
    time = pl.col("duration_ns").fill_null(0)
    whole = time.sum().over("op_id")
    share = pl.when(whole > 0).then(time / whole).otherwise(1 / pl.col("kernels"))
    part = (pl.col(name) * share).floor()
    rest = pl.col(name) - part.sum().over("op_id")
    first = pl.int_range(pl.len()).over("op_id") == 0
    return pl.when(first).then(part + rest).otherwise(part)


def _figures(capture: Capture) -> list[pl.Expr]:
    """FLOPs, bytes, family and the reasons of every role in one row each."""
    copy = pl.col("role") == "copy"
    talk = pl.col("role") == "collective"
    main = pl.col("role") == "main"
    family = pl.when(main | (pl.col("role") == "helper")).then("family")
    modelled = family.is_not_null() & (family != "other")
    passes = pl.col("copy_kind").replace_strict(DRAM_PASSES, default=None, return_dtype=pl.Int64)
    copied = pl.col("copy_bytes").cast(pl.Float64)  # sizes are as recorded, and may be absurd
    moved = copied * pl.when(pl.col("category") == "memset").then(1).otherwise(passes)
    return [
        pl.when(copy).then(0.0).otherwise("flop").alias("flop"),
        pl.when(copy)
        .then(moved)
        .when(talk)
        .then(_message_bytes())
        .otherwise("bytes")
        .alias("dram_bytes"),
        pl.when(copy)
        .then(pl.lit("copy"))
        .when(talk)
        .then(pl.lit(collective.FAMILY))
        .when(modelled)
        .then(family)
        .otherwise(pl.coalesce("named_family", pl.lit("other")))
        .alias("family"),
        pl.when(copy | talk)
        .then(None)
        .when(modelled)
        .then(pl.when(main).then("dtype"))
        .when(pl.col("named_family").is_not_null())
        .then("named_dtype")
        .when(main)
        .then("dtype")
        .alias("dtype"),
        (modelled | copy | talk | pl.col("named_family").is_null()).not_().alias("by_name"),
        *(
            pl.when(copy | talk).then(None).otherwise(name).alias(name)
            for name in ("signature", "shapes")
        ),
        pl.when(main)
        .then(_joined(_of_call(), pl.col("split"), _transformed(), _tried()))
        .when(talk)
        .then("bandwidth")
        .alias("remark"),
        _reason(capture, moved).alias("missing_reason"),
    ]


def _exactness(figure: str) -> pl.Expr:
    """How sure a launch's share of its operator's work is, null where it has none.

    A part of it by duration is an estimate, and Winograd and FFT do fewer operations than counted.
    What recorded sizes say of copies and collectives is exact.
    """
    kind = "flop" if figure == "flop" else "bytes"
    name = f"{kind}_exactness"
    fewer = pl.lit(kind == "flop") & pl.col("transformed") & (pl.col(name) == "exact")
    whole = pl.when(fewer).then(pl.lit("upper_bound")).otherwise(name)
    several = pl.col("kernels").is_not_null() & (pl.col(f"op_{kind}") > 0)
    shared = several & (pl.col(name) != "lower_bound")
    return (
        pl.when(pl.col(figure).is_null())
        .then(None)
        .when(pl.col("role") != "main")
        .then(pl.lit("exact"))
        .when(shared)
        .then(pl.lit("estimate"))
        .otherwise(whole)
        .alias(name)
    )


def _joined(*remarks: pl.Expr) -> pl.Expr:
    """Return the remarks that there are, or null."""
    text = pl.concat_str(*remarks, separator="; ", ignore_nulls=True)
    return pl.when(text != "").then(text)


def _of_call() -> pl.Expr:
    """Return what qualifies the figures of the call, where the launch has any of them."""
    return pl.when(~_unshared()).then("remark")


def _transformed() -> pl.Expr:
    return pl.when("transformed").then(pl.lit(TRANSFORMED))


def _tried() -> pl.Expr:
    """Say of a trial that it is one."""
    whole = pl.format(trials.WHOLE, "trials", "alternatives")
    return pl.when("trial").then(pl.when("whole").then(whole).otherwise(pl.lit(trials.UNKNOWN)))


def _bandwidths(rows: pl.DataFrame) -> pl.DataFrame:
    """Return launch_id and bandwidth remark of each collective whose metadata were recorded."""
    told = rows.filter((pl.col("role") == "collective") & pl.col("collective").is_not_null())
    columns = ["collective", "collective_dtype", "collective_in_elements"]
    columns += ["collective_out_elements", "collective_group_size", "duration_ns"]
    remarks = [collective.bandwidth_remark(*row) for row in told.select(columns).iter_rows()]
    return pl.DataFrame(
        {"launch_id": told["launch_id"], "bandwidth": pl.Series(remarks, dtype=pl.String)}
    )


def _message_bytes() -> pl.Expr:
    sizes = {name: collective.message_bytes(name, 1, 0) for name in COLLECTIVE_DTYPES}
    size = pl.col("collective_dtype").replace_strict(sizes, default=None, return_dtype=pl.Int64)
    elements = [
        pl.col(f"collective_{way}_elements").cast(pl.Float64) for way in ("in", "out")
    ]  # as a float, since damaged text holds numbers whose sum fits no integer
    moved = (elements[0] + elements[1]) * size
    return pl.when((moved >= 0) & (moved <= LARGEST)).then(moved)


def _reason(capture: Capture, moved: pl.Expr) -> pl.Expr:
    unlinked = NO_CALLS if capture.calls.is_empty() else NO_LAUNCH
    unknown = NO_SHAPES if not capture.shapes_recorded else None
    return (
        pl.when(pl.col("role") == "copy")
        .then(pl.when(moved.is_null()).then(pl.lit(NO_COPY_SIZE)))
        .when(pl.col("role") == "collective")
        .then(pl.lit(COMMUNICATION))
        .when(pl.col("graph_replay").fill_null(False))
        .then(pl.lit(GRAPH))
        .when(pl.col("op_id").is_null() & pl.col("call_id").is_null())
        .then(pl.col("unlinked").replace_strict(UNLINKED, default=unlinked))
        .when(pl.col("op_id").is_null())
        .then(pl.lit(NO_OPERATOR))
        .when(pl.col("role") == "helper")
        .then(pl.lit(HELPER))
        .when(_unshared() & pl.col("op_bytes").is_not_null())
        .then(pl.coalesce("reason", pl.lit(UNSHARED)))
        .when(pl.col("trial").fill_null(False) & ~pl.col("whole").fill_null(False))
        .then(pl.lit(trials.UNKNOWN))
        .otherwise(
            pl.when(pl.col("flop").is_null() | pl.col("bytes").is_null()).then(
                pl.coalesce(pl.lit(unknown, dtype=pl.String), pl.col("reason"))
            )
        )
    )


def _sources() -> list[pl.Expr]:
    """Where each figure came from: recorded arguments, shapes, or nowhere."""
    recorded = (pl.col("role") == "copy") | (pl.col("family") == "triton")
    source = pl.when(recorded).then(pl.lit("kernel_args")).otherwise(pl.lit("shape"))
    return [
        pl.when(pl.col("flop").is_null())
        .then(pl.lit("none"))
        .otherwise(source)
        .alias("flop_source"),
        pl.when(pl.col("dram_bytes").is_null())
        .then(pl.lit("none"))
        .otherwise(source)
        .alias("bytes_source"),
    ]
