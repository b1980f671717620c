"""The kernels of a trace in the order in which their processes launched them.

That is the order in which a tool counts launches that runs each of them alone: copies are none, and
what was recorded twice was launched once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import polars as pl

if TYPE_CHECKING:
    from ncutool_parsers.capture import Capture

OrderedBy = Literal["call", "device", "both"]
"""What the order rests on: launch calls, or where none are recorded starts on the device."""


class Order(NamedTuple):
    """The kernels as they were launched."""

    kernels: pl.DataFrame
    """``launch_id``, ``process``, ``stream``, ``call_start`` (ns), in order."""
    ordered_by: OrderedBy
    processes: int
    """How many processes launched them."""
    apart: bool
    """Which process launched each of them is known, or there is one."""


def launched(capture: Capture) -> Order:
    """Return the kernels of a capture, process by process, each in the order of its launches.

    The nodes of a graph have one call: they come in the order in which they ran.
    """
    doubled = (pl.col("doubt") == "doubled").fill_null(value=False)
    kernels = capture.launches.filter((pl.col("category") == "kernel") & ~doubled)
    calls = capture.calls.select("call_id", call_start="start_ns")
    kernels = kernels.join(calls, on="call_id", how="left", maintain_order="left")
    known = kernels["process"].drop_nulls()
    processes = max(known.n_unique(), capture.processes)
    apart = processes <= 1 or known.len() == kernels.height
    without = kernels["call_start"].null_count()
    if processes <= 1:
        kernels = kernels.with_columns(process=pl.lit(0, dtype=pl.Int64))
    ordered = _with_moments(kernels).sort(
        "process", "moment", pl.col("call_start").is_not_null(), "start_ns", "launch_id",
        nulls_last=True,
    )  # fmt: skip
    by: OrderedBy = "call" if not without else "device" if without == kernels.height else "both"
    return Order(
        ordered.select("launch_id", "process", "stream", "call_start"), by, processes, apart
    )


def _with_moments(kernels: pl.DataFrame) -> pl.DataFrame:
    """Return the kernels with the ``moment`` by which each was launched at the latest.

    One without a recorded call was launched before it ran, and before the next of its stream was.
    """
    stream = ("process", "device", "stream")
    ran = kernels.sort(*stream, "start_ns", "launch_id", nulls_last=True)
    following = pl.col("call_start").fill_null(strategy="backward").over(*stream)
    return ran.with_columns(
        moment=pl.coalesce("call_start", pl.min_horizontal("start_ns", following))
    )
