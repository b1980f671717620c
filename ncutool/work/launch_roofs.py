"""The compute roof of each launch of a trace, by its work, its kernel's name and its device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ncutool.work import roofs

if TYPE_CHECKING:
    from ncutool_parsers.capture import Capture, DeviceRecord

_TOLD_BY = ["role", "family", "dtype", "name_id", "transformed", "by_name", "at_most"]
NEEDED = ("launch_id", "kernel_full", *_TOLD_BY[:-1], "flop", "flop_exactness")
"""The columns that roofs are told from; names of kernels are told apart by ``name_id``, since they
are long."""


def with_roofs(rows: pl.DataFrame, capture: Capture) -> pl.DataFrame:
    """Return ``rows`` with the roofs of the device that each launch ran on."""
    matrix = pl.col("family").is_in(list(roofs.MATRIX_FAMILIES))
    rows = rows.with_columns(
        (matrix & (pl.col("flop_exactness") == "upper_bound"))
        .or_((pl.col("family") == "other") & pl.col("flop").is_null())
        .fill_null(False)
        .alias("at_most")
    )
    first = capture.devices[0] if capture.devices else None
    chips: dict[tuple[str | None, str | None], list[int]] = {}
    for record in capture.devices:
        chips.setdefault((record.compute_capability, record.vendor), []).append(record.ordinal)
    if len(chips) < 2:
        return _joined_roofs(rows, first)
    others = [n for members in list(chips.values())[1:] for n in members]
    device = capture.launches.select("launch_id", pl.col("device").alias("ordinal"))
    rows = rows.join(device, on="launch_id", how="left")
    on_other = pl.col("ordinal").is_in(others).fill_null(False)
    parts = [_joined_roofs(rows.filter(~on_other), first)]
    for record in capture.devices:
        if record.ordinal in others:
            parts.append(_joined_roofs(rows.filter(pl.col("ordinal") == record.ordinal), record))
    return pl.concat(parts).drop("ordinal")


def _joined_roofs(rows: pl.DataFrame, record: DeviceRecord | None) -> pl.DataFrame:
    return rows.join(_roofs(rows, record), on=_TOLD_BY, how="left", nulls_equal=True)


def _roofs(rows: pl.DataFrame, record: DeviceRecord | None) -> pl.DataFrame:
    """Return the roof of each distinct combination of family, data type and kernel name.

    There is none for what its name alone speaks of, none for operations of an unknown kind, and
    none for a product with no more than an upper bound of its operations: it says nothing of how
    near it comes to a roof.
    """
    keys = rows.select(*_TOLD_BY, "kernel_full").unique(_TOLD_BY)
    chosen = [
        roofs.roof_of(
            family,
            dtype,
            kernel,
            compute_capability=None if record is None else record.compute_capability,
            vendor=None if record is None else record.vendor,
        )
        if role == "main" and not (transformed or by_name or at_most)
        else (None, None)
        for role, family, dtype, _, transformed, by_name, at_most, kernel in keys.iter_rows()
    ]
    return keys.drop("kernel_full").with_columns(
        pl.Series("roof", [roof for roof, _ in chosen], dtype=pl.String),
        pl.Series("roof_remark", [remark for _, remark in chosen], dtype=pl.String),
    )
