"""What the timeline's script reads: every launch, or merged neighbours where they are many."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from msgspec import Struct

from ncutool.page.kernels import MOST_GROUPS
from ncutool.page.packed import pack
from ncutool.page.strip_columns import covered, parts_of, shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.advice.view.finding import Finding

MOST_SINGLE = 10_000
"""Launches that the page carries one by one."""
MOST_MERGED = 2_000
"""Pieces that it carries where they are more, beside those that stay single."""
AROUND = 1_200
"""Launches around the part shown first that stay single."""
STRETCHES = 96
"""Parts of the window whose groups the page knows where launches are merged."""
FINE = 40
"""Grades of a column's share that the script draws a single finding with."""
_BITS = 5
"""Groups that one digit tells of: as many as fit into one character."""
_MOST_FINDINGS = 60
"""As many as a launch's set of findings has bits."""


class Pieces(Struct, frozen=True):
    """Launches, or merged neighbours, in order of their begin."""

    rows: pl.DataFrame
    """Columns lane, begin, finish, bound, group (-1: several, or not in the table), count, mask,
    busy (grades of :data:`FINE`)."""
    grain_ns: int
    """Neighbours closer than this are one piece; 0 where every launch is its own."""


def concerned(placed: pl.DataFrame, findings: Sequence[Finding]) -> pl.DataFrame:
    """Return the launches with a ``mask``: bit ``i`` is set where finding ``i`` concerns it."""
    launches = placed["launch_id"].to_numpy()
    mask = np.zeros(launches.size, dtype=np.int64)
    for number, finding in enumerate(findings[:_MOST_FINDINGS]):
        own = np.isin(launches, finding.launch_ids)
        mask[own] |= 1 << number
    return placed.with_columns(pl.Series("mask", mask))


def pieces(placed: pl.DataFrame, window: tuple[int, int]) -> Pieces:
    """Return the launches as pieces, merged where they are more than :data:`MOST_SINGLE`.

    Those around ``window``, which is shown first, stay single. Of the others, launches shorter
    than the grain whose begins fall into the same grain of the same lane are one piece for each
    bound: it counts them, spans them all, says how much of its span they hold, and is of every
    finding that concerns any of them.
    """
    columns = ["lane", "begin", "finish", "bound", "group", "count", "mask", "busy"]
    in_table = pl.when(pl.col("group") < MOST_GROUPS).then("group").otherwise(-1)
    rows = placed.with_columns(
        group=in_table, count=pl.lit(1, dtype=pl.Int64), busy=pl.lit(FINE, dtype=pl.Int64)
    ).sort("begin")
    if rows.height <= MOST_SINGLE:
        return Pieces(rows.select(columns).sort("begin", "lane", "finish", "group"), 0)
    first = int((rows["begin"] >= window[0]).arg_max() or 0)
    start = max(0, min(first - AROUND // 2, rows.height - AROUND))
    near = rows.slice(start, AROUND).select(columns)
    far = pl.concat([rows.head(start), rows.slice(start + AROUND)])
    far = far.with_columns(late=pl.col("begin") >= near["begin"][0])
    merged, grain = _few(far)
    joined = pl.concat([near, merged.select(columns)])
    return Pieces(joined.sort("begin", "lane", "finish", "group"), grain)


def _few(rows: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return launches merged to at most :data:`MOST_MERGED` pieces, and the grain."""
    usual = int((rows["finish"] - rows["begin"]).median() or 1)
    span = int(rows["begin"].to_numpy().max() - rows["begin"].to_numpy().min())
    grain = max(usual, span // MOST_MERGED, 1)
    while (merged := _merged(rows, grain)).height > MOST_MERGED:
        grain *= 2
    return merged, grain


def _merged(placed: pl.DataFrame, grain: int) -> pl.DataFrame:
    length = pl.col("finish") - pl.col("begin")
    cell = pl.when(length < grain).then(pl.col("begin") // grain)
    place = ["lane", "late", "cell"]
    share = pl.col("length") * FINE / (pl.col("finish") - pl.col("begin"))
    return (
        placed.with_columns(cell=cell.otherwise(-1 - pl.int_range(pl.len())), length=length)
        .group_by(*place, "bound")
        .agg(
            pl.col("begin").min(),
            pl.col("finish").max(),
            pl.col("length").sum(),
            pl.col("count").sum(),
            pl.col("mask").bitwise_or(),
            group=pl.when(pl.len() > 1).then(-1).otherwise(pl.col("group").first()),
        )
        .with_columns(pl.col("begin").min().over(place), pl.col("finish").max().over(place))
        .with_columns(busy=share.ceil().clip(1, FINE).cast(pl.Int64))
        .sort("lane", "begin", "length", "bound", descending=[False, False, True, False])
    )


def packed(found: Pieces) -> dict[str, Any]:
    """Return the pieces as packed columns; one value alone where a column holds no other.

    Times are in a ``unit`` of ns that divides all of them, begins are steps from the piece before.
    """
    rows = found.rows
    begins, lengths = rows["begin"].to_numpy(), (rows["finish"] - rows["begin"]).to_numpy()
    unit = math.gcd(int(np.gcd.reduce(begins)), int(np.gcd.reduce(lengths))) if rows.height else 1
    unit = max(unit, 1)
    kinds = sorted(set(rows["bound"]))
    masks = rows["mask"].unique().sort().to_list()
    sets = {mask: number for number, mask in enumerate(masks)}
    return {
        "unit": unit,
        "size": rows.height,
        "kinds": kinds,
        "sets": [_bits(mask) for mask in masks],
        "step": pack((np.diff(begins, prepend=0) // unit).tolist()),
        "length": pack((lengths // unit).tolist()),
        "lane": _column(rows["lane"].to_list()),
        "kind": _column([kinds.index(kind) for kind in rows["bound"]]),
        "group": _column((rows["group"] + 1).to_list()),
        "count": _column(rows["count"].to_list()),
        "busy": _column(rows["busy"].to_list()),
        "set": _column([sets[mask] for mask in rows["mask"]]),
    }


def _column(values: list[int]) -> str | int:
    return values[0] if values and len(set(values)) == 1 else pack(values)


def _bits(mask: int) -> list[int]:
    return [bit for bit in range(mask.bit_length()) if mask >> bit & 1]


def stretches(placed: pl.DataFrame, wall_ns: int) -> str:
    """Return for each of :data:`STRETCHES` parts of the window the groups that run in it, packed.

    A part is whichever is shorter: twice the number of groups, and each as the step from the one
    before; or twice the number of digits and one, and digits of :data:`_BITS` groups each.
    """
    at = parts_of(wall_ns, STRETCHES)
    rows = placed.filter(pl.col("group") < MOST_GROUPS)
    begins, groups = rows["begin"].to_numpy(), rows["group"].to_numpy()
    first = at.searchsorted(begins, side="right") - 1
    last = at.searchsorted(rows["finish"].to_numpy(), side="left") - 1
    found: list[str] = []
    for number in range(STRETCHES):
        within = np.unique(groups[(first <= number) & (last >= number)])
        steps = [2 * within.size, *np.diff(within, prepend=0).tolist()]
        digits = np.zeros(1 + int(within[-1]) // _BITS if within.size else 0, dtype=np.int64)
        np.add.at(digits, within // _BITS, 1 << within % _BITS)
        found.append(min(pack(steps), pack([2 * digits.size + 1, *digits.tolist()]), key=len))
    return "".join(found)


def grades(placed: pl.DataFrame, findings: Sequence[Finding], wall_ns: int) -> list[str]:
    """Return for each finding the share of every column in which a launch runs that it concerns."""
    found = []
    for number in range(min(len(findings), _MOST_FINDINGS)):
        own = placed.filter(pl.col("mask").and_(1 << number) != 0)
        lengths = covered(own["begin"].to_numpy(), own["finish"].to_numpy(), wall_ns)
        # A little is drawn as a little, never as nothing.
        graded = np.ceil(np.minimum(shares(lengths, wall_ns), 1.0) * FINE).astype(np.int64)
        found.append(pack(graded.tolist()))
    return found
