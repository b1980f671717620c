"""Launches of the same kernel on the same work as one row: what tables and charts show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ncutool.base.tables import SENTENCES
from ncutool_parsers import sources_where

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import polars as pl

_KEY = ("category", "kernel", "op", "signature", "dtype")
_GEOMETRY = ("grid_x", "grid_y", "grid_z", "block_x", "block_y", "block_z")
_FIRSTS = ("kernel_full", "family", "source", "missing_reason", "remark")
_LEVELS = {"l2": "l2_read_bytes", "l1": "l1_bytes"}
"""The bytes of each cache's roofline, as the kernels table takes its intensities."""
_SPEEDS_OF_LIGHT = (
    "sm_sol_pct",
    "memory_sol_pct",
    "dram_sol_pct",
    "l2_sol_pct",
    "l1_sol_pct",
    "waves",
)


def grouped(
    kernels: pl.DataFrame, sentences: Callable[[pl.Series], pl.DataFrame] | None = None
) -> tuple[pl.DataFrame, pl.Series]:
    """Return groups of alike launches, most time first, and the group of every launch.

    Alike are launches of one kernel by one operator on the same shapes in the same data type on
    one device; in a format that records no operators (a report), the same grid and block stand for
    them.

    Args:
        kernels: table :data:`ncutool.base.tables.KERNELS`, or that of `FIGURES`.
        sentences: returns rows with the sentences of some of the launches, by their places in
            ``kernels``, where that is without them.

    Returns:
        The groups (columns below) and the ``group`` of each row of ``kernels``.

        ``group`` number from 0 · ``launches`` · ``timed`` launches with a duration ·
        ``duration_ns`` their sum · ``share_pct`` of all launches' time · ``flop``,
        ``dram_bytes`` sums over the launches that have both and a duration (``counted``) ·
        ``intensity_flop_per_byte``, ``achieved_flop_per_s``, ``achieved_bytes_per_s`` from these
        sums · ``roofline_pct`` weighted by time, with its ``_min`` and ``_max`` · peaks and
        speeds of light weighted by time · ``bound`` that holds most of the time, with the reason
        and the level of its median launch · ``l2_…`` and ``l1_intensity_flop_per_byte``,
        ``…_flop_per_s``, ``…_roof_pct`` (of that cache's bandwidth) of the launches that count
        FLOPs and that cache's bytes, null where none does · sources, `mixed: a, b` where launches
        differ ·
        ``name`` and ``detail`` (:func:`label`, :func:`detail`).
    """
    import polars as pl

    flagged = "flagged" if "flagged" in kernels.columns else pl.col("flag").is_not_null()
    keyed = kernels.with_columns(
        _group_key().alias("_key"), pl.int_range(pl.len()).alias("_row"), _flagged=flagged
    )
    groups = (
        keyed.group_by("_key", maintain_order=True)
        .agg(*_aggregates())
        .join(_dominant_bounds(keyed), on="_key", how="left")
        .sort("duration_ns", "launches", "first_launch_id", descending=[True, True, False])
        .with_row_index("group")
        .with_columns(pl.col("group").cast(pl.Int64), *_derived())
    )
    groups = _with_sentences(groups, sentences or kernels.__getitem__)
    membership = keyed.select("_key").join(
        groups.select("_key", "group"), on="_key", how="left", maintain_order="left"
    )
    rows = list(groups.iter_rows(named=True))
    names = pl.Series("name", [label(row["op"], row["kernel"]) for row in rows], pl.String)
    several = kernels["device"].n_unique() > 1
    told = [" ".join(filter(None, (detail(row), _on(row) if several else ""))) for row in rows]
    details = pl.Series("detail", told, pl.String)
    texts = pl.col(pl.Categorical).cast(pl.String)
    return groups.drop("_key").with_columns(names, details, texts), membership["group"]


def _group_key() -> pl.Expr:
    import polars as pl

    absent = "\x00"
    geometry = pl.concat_str(
        [pl.col(name).cast(pl.String).fill_null("?") for name in _GEOMETRY], separator=","
    )
    parts = [pl.col(name).fill_null(absent) for name in _KEY]
    parts.append(pl.col("device").cast(pl.String).fill_null(absent))
    by_geometry = pl.when(pl.col("source").is_in(_without_operators())).then(geometry)
    text = pl.concat_str([*parts, by_geometry.otherwise(pl.lit(absent))], separator="\x1f")
    return text.cast(pl.Categorical).to_physical()  # numbers are quicker to group by


def _without_operators() -> list[str]:
    """Return the formats whose launches only their grid and block tell apart."""
    return sources_where(lambda has: not has.records_operators)


def _by_time(name: str) -> pl.Expr:
    """Return the mean by duration over the launches that have both; null where none has."""
    import polars as pl

    known = pl.col(name).is_not_null() & pl.col("duration_ns").is_not_null()
    weight = pl.col("duration_ns").filter(known)
    mean = (pl.col(name).filter(known) * weight).sum() / weight.sum()
    return pl.when(weight.sum() > 0).then(mean).otherwise(None).alias(name)


def _sources(name: str) -> pl.Expr:
    import polars as pl

    kinds = pl.col(name).cast(pl.String).unique().sort()
    joined = pl.concat_str(pl.lit("mixed: "), kinds.str.join(", "))
    return pl.when(kinds.len() > 1).then(joined).otherwise(kinds.first()).alias(name)


def _aggregates() -> list[pl.Expr]:
    import polars as pl

    duration = pl.col("duration_ns")
    counted = (
        pl.col("flop").is_not_null() & pl.col("dram_bytes").is_not_null() & (duration > 0)
    ).fill_null(False)
    has_bytes = (pl.col("dram_bytes").is_not_null() & (duration > 0)).fill_null(False)
    return [
        *(pl.col(name).first() for name in _KEY),
        *(pl.col(name).first() for name in ("device", *_GEOMETRY)),
        *(pl.col(name).drop_nulls().first() for name in _FIRSTS),
        pl.col("_row").filter("_flagged").first().alias("flag"),
        pl.col("error").drop_nulls().first(),
        pl.col("launch_id").min().alias("first_launch_id"),
        pl.len().cast(pl.Int64).alias("launches"),
        duration.count().cast(pl.Int64).alias("timed"),
        duration.sum(),
        duration.min().alias("duration_min_ns"),
        duration.max().alias("duration_max_ns"),
        counted.sum().cast(pl.Int64).alias("counted"),
        pl.col("flop").filter(counted).sum(),
        pl.col("dram_bytes").filter(counted).sum(),
        duration.filter(counted).sum().alias("counted_ns"),
        pl.col("dram_bytes").filter(has_bytes).sum().alias("_bytes"),
        duration.filter(has_bytes).sum().alias("_bytes_ns"),
        _sources("flop_source"),
        _sources("bytes_source"),
        _sources("peak_source"),
        _by_time("roofline_pct"),
        pl.col("roofline_pct").min().alias("roofline_min_pct"),
        pl.col("roofline_pct").max().alias("roofline_max_pct"),
        *(_by_time(name) for name in ("attainable_flop_per_s", "ridge_point_flop_per_byte")),
        *(_by_time(name) for name in ("peak_flop_per_s", "peak_bytes_per_s")),
        *(_by_time(name) for name in _SPEEDS_OF_LIGHT),
        pl.col("_flagged").sum().cast(pl.Int64).alias("flagged"),
        pl.col("sol_class").drop_nulls().first(),
        *(sum_ for level, size in _LEVELS.items() for sum_ in _level_sums(level, size)),
    ]


def _level_sums(level: str, size: str) -> list[pl.Expr]:
    """Sum FLOPs, bytes and time where all are known, and the bytes that the peak would move."""
    import polars as pl

    seconds = pl.col("duration_ns") / 1e9
    both = pl.col("flop").is_not_null() & pl.col(size).is_not_null()
    counted = (both & (pl.col("duration_ns") > 0)).fill_null(False)
    rated = counted & (pl.col(f"{level}_peak_bytes_per_s") > 0).fill_null(False)
    return [
        pl.col("flop").filter(counted).sum().alias(f"_{level}_flop"),
        pl.col(size).filter(counted).sum().alias(f"_{level}_bytes"),
        seconds.filter(counted).sum().alias(f"_{level}_seconds"),
        pl.col(size).filter(rated).sum().alias(f"_{level}_rated_bytes"),
        (pl.col(f"{level}_peak_bytes_per_s") * seconds)
        .filter(rated)
        .sum()
        .alias(f"_{level}_most_bytes"),
    ]


def _level_figures(level: str) -> list[pl.Expr]:
    import polars as pl

    flop, moved, seconds, rated, most = (
        pl.col(f"_{level}_{name}")
        for name in ("flop", "bytes", "seconds", "rated_bytes", "most_bytes")
    )
    return [
        pl.when(moved >= 1).then(flop / moved).alias(f"{level}_intensity_flop_per_byte"),
        pl.when((moved >= 1) & (seconds > 0)).then(flop / seconds).alias(f"{level}_flop_per_s"),
        pl.when(most > 0).then(100 * rated / most).alias(f"{level}_roof_pct"),
    ]


def _dominant_bounds(keyed: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    time = pl.col("duration_ns").fill_null(0)
    found = (
        keyed.group_by("_key", "bound")
        .agg(
            time.sum().alias("_time"),
            pl.len().alias("_launches"),
            pl.col("roof").sort_by(time, descending=True).drop_nulls().first(),
            pl.col("roof_side").sort_by(time, descending=True).drop_nulls().first(),
            pl.col("_row").sort_by(time, "launch_id").get((pl.len() - 1) // 2),
        )
        .sort("_time", "_launches", "bound", descending=[True, True, False])
        .group_by("_key", maintain_order=True)
        .agg(
            pl.col("bound").first(),
            pl.col("_row").first().alias("bound_reason"),
            pl.col("roof", "roof_side").drop_nulls().first(),
            pl.len().cast(pl.Int64).alias("bounds"),
        )
    )
    levels = keyed.select("limiting_level", "limiting_detail")[found["bound_reason"]]
    return found.with_columns(levels)


def _with_sentences(
    groups: pl.DataFrame, sentences: Callable[[pl.Series], pl.DataFrame]
) -> pl.DataFrame:
    """Return the groups with sentences where the places of launches stand that they are of."""
    import polars as pl

    places = pl.concat([groups["bound_reason"], groups["flag"]]).drop_nulls().unique().sort()
    if places.is_empty():
        return groups.with_columns(pl.lit(None, pl.String).alias(name) for name in SENTENCES)
    told = sentences(places).select(*SENTENCES, places.alias("_row"))
    return groups.with_columns(
        groups.select(_row=name).join(told, on="_row", how="left", maintain_order="left")[name]
        for name in SENTENCES
    )


def _derived() -> list[pl.Expr]:
    import polars as pl

    counted = pl.col("counted") > 0
    seconds = pl.col("counted_ns") / 1e9
    total = pl.col("duration_ns").sum()

    def where(condition: pl.Expr, value: pl.Expr) -> pl.Expr:
        return pl.when(condition).then(value).otherwise(None)

    return [
        where(counted, pl.col("flop")).alias("flop"),
        where(counted, pl.col("dram_bytes")).alias("dram_bytes"),
        where(counted, pl.col("flop") / seconds).alias("achieved_flop_per_s"),
        where(pl.col("_bytes_ns") > 0, pl.col("_bytes") / (pl.col("_bytes_ns") / 1e9)).alias(
            "achieved_bytes_per_s"
        ),
        where(counted & (pl.col("dram_bytes") > 0), pl.col("flop") / pl.col("dram_bytes")).alias(
            "intensity_flop_per_byte"
        ),
        where((total > 0) & (pl.col("timed") > 0), pl.col("duration_ns") * 100.0 / total).alias(
            "share_pct"
        ),
        *(figure for level in _LEVELS for figure in _level_figures(level)),
    ]


def label(operator: str | None, kernel: str) -> str:
    """Return the name a group is known by: its operator where there is one, else its kernel."""
    return operator.removeprefix("aten::") if operator else kernel


def detail(row: dict[str, Any]) -> str | None:
    """Return what tells a group from others of its name: shapes, its kernel or its geometry.

    Args:
        row: a row of :func:`grouped`, or of the kernels table.
    """
    if row["signature"]:
        return str(row["signature"])
    if row["op"]:
        return str(row["kernel"])
    if row["grid_x"] is not None and row["source"] in _without_operators():
        return f"{_geometry(row, 'grid')} blocks of {_geometry(row, 'block')}"
    return None


def _on(row: Mapping[str, Any]) -> str:
    """Return which of several devices a group ran on."""
    return "on no recorded device" if row["device"] is None else f"on device {row['device']}"


def source_word(row: Mapping[str, Any], between: str = "/") -> str:
    """Return where FLOPs and bytes come from: one word where they agree, else both.

    Args:
        row: a row of :func:`grouped`, or of the kernels table.
    """
    flop, moved = row["flop_source"], row["bytes_source"]
    return str(flop) if flop == moved else f"{flop}{between}{moved}"


def _geometry(row: dict[str, Any], what: str) -> str:
    sizes = [row[f"{what}_{axis}"] for axis in "xyz"]
    while len(sizes) > 1 and sizes[-1] in (1, None):
        sizes.pop()
    return "×".join("?" if size is None else f"{size:,}" for size in sizes)
