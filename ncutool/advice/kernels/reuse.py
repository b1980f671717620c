"""Launches of a trace that move far more than they must, by a joined report's counters.

Their shapes say what must be read and written once; the report what went through DRAM.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.kernels import remedies
from ncutool.advice.view.evidence import Value
from ncutool.advice.view.finding import Draft, Drafts
from ncutool.base import units
from ncutool.base.thresholds import Threshold

if TYPE_CHECKING:
    from ncutool.advice.view.context import Context

RULE = "tune-reuse"
FAR = Threshold(
    2.0, "times the compulsory bytes", "less is what tiles and partial sectors cost", JUDGED
)
BUSY = Threshold(
    0.3, "of the DRAM bandwidth", "a launch that moves less does not wait for its traffic", JUDGED
)


_BYTES = {"fp64": 8, "fp32": 4, "tf32": 4, "fp16": 2, "bf16": 2, "fp8": 1, "int8": 1}
"""Of a number, by the type of the math; results are never narrower."""
_MATRICES, _PER_PAIR = 3, 2
"""A product reads two matrices and writes one, and does two operations for each pair of numbers."""


def least_product_bytes(flop: float | None, dtype: str | None) -> float | None:
    """Return what a product of so many operations must move at least, whatever its shape is; None
    where its operations or its type are not known.

    Of all shapes M x N x K with as many operations the cube has the smallest matrices: a batch of
    products, or any other shape, has more.
    """
    size = _BYTES.get(dtype or "")
    if size is None or not flop or flop <= 0:
        return None
    return float(_MATRICES * size * (flop / _PER_PAIR) ** (2 / 3))


def drafts(view: Context) -> Drafts:
    """Advise on launches whose measured DRAM bytes are a multiple of the compulsory ones."""
    if not {"modelled_bytes", "bytes_measured_over_modelled"} <= set(view.kernels.columns):
        return Drafts()
    rate = pl.col("dram_bytes") * 1e9 / pl.col("duration_ns")
    rows = view.kernels.filter(
        (pl.col("bytes_source") == "joined")
        & (pl.col("duration_ns") > 0)
        & (pl.col("bytes_measured_over_modelled") >= float(FAR))
        & (pl.col("modelled_bytes") > 0)
        & (pl.col("dram_bytes") >= FAR * pl.col("modelled_bytes"))
        & (rate >= BUSY * pl.col("peak_bytes_per_s"))
    )
    groups = rows.partition_by("kernel_full", maintain_order=True)
    return Drafts(tuple(_draft(view, group) for group in groups))


def _draft(view: Context, rows: pl.DataFrame) -> Draft:
    now = tuple(rows["duration_ns"].to_list())
    best = tuple(_least(view, row) for row in rows.iter_rows(named=True))
    longest = rows.sort("duration_ns", "launch_id", descending=[True, False]).row(0, named=True)
    factor, name = longest["bytes_measured_over_modelled"], longest["kernel"]
    moved, must = units.data(longest["dram_bytes"]), units.data(longest["modelled_bytes"])
    return Draft(
        rule=RULE,
        title=f"Reuse what {name} loads: it moves {units.significant(factor)} times what it must",
        grade="possible",
        launches=tuple(rows["launch_id"].to_list()),
        best=best,
        worst=now,
        evidence=(
            f"{name}: {units.counted(rows.height, 'launch')} that take {view.summed(sum(now))}.",
            f"Its longest launch moved {moved} through DRAM; its operands and results are {must}.",
        ),
        remedy=remedies.reuse(_capability(view), product=longest["family"] == "gemm"),
        why=f"{units.counted(rows.height, 'launch')} of {units.time(sum(now))}; {moved} moved "
        f"where {must} would do.",
        lead=3,
        cap="No faster than its compulsory bytes at the DRAM peak and its operations at theirs; "
        "time that does not go with traffic stays.",
        figures=(
            Value("bytes_measured_over_modelled", factor, "", ">=", float(FAR),
                  longest["launch_id"]),
            Value("dram_bytes", longest["dram_bytes"], "byte", launch_id=longest["launch_id"]),
            Value("modelled_bytes", longest["modelled_bytes"], "byte",
                  launch_id=longest["launch_id"]),
        ),
    )  # fmt: skip


def _least(view: Context, row: dict[str, float]) -> int:
    """Return what a launch takes at least: its compulsory bytes in the time they take by share, and
    no less than its operations and a launch do."""
    ns = row["duration_ns"]
    by_bytes = ns * row["modelled_bytes"] / row["dram_bytes"]
    peak = row["peak_flop_per_s"]
    by_flop = 1e9 * (row["flop"] or 0.0) / peak if peak else 0.0
    return min(int(max(by_bytes, by_flop, min(ns, view.latency_ns))), int(ns))


def _capability(view: Context) -> str | None:
    return None if view.device is None else view.device.compute_capability
