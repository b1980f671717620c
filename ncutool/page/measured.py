"""What a join measured: each kernel against its model, and what has no counters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ncutool.analysis.groups import label
from ncutool.analysis.join_table import against_model
from ncutool.base import units
from ncutool.base.untrusted import printable

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis

_MOST = 40


@dataclass(frozen=True)
class Row:
    """Launches of one kernel, operator and shapes."""

    name: str
    detail: str
    launches: str
    time: str
    measured: str
    modelled: str
    bytes_ratio: str
    flop_ratio: str
    doubt: str
    """Why the figures differ, where they do by more than 15 %."""


@dataclass(frozen=True)
class Rest:
    """Launches without counters."""

    reason: str
    launches: str
    time: str
    pct: str


@dataclass(frozen=True)
class Measured:
    """The section."""

    note: str
    rows: tuple[Row, ...]
    more: str
    rest: tuple[Rest, ...]


def measured(analysis: Analysis) -> Measured | None:
    """The section of a trace with a report's counters; None for any other capture."""
    join = analysis.join
    if join is None:
        return None
    table = against_model(analysis.kernels)
    rows = tuple(
        Row(
            name=printable(label(row["op"], row["kernel"])),
            detail=printable(row["signature"] or row["kernel"]),
            launches=units.count(row["launches"]),
            time=units.time(row["duration_ns"]),
            measured=units.data(row["measured_bytes"]),
            modelled=units.data(row["modelled_bytes"]),
            bytes_ratio=units.significant(row["bytes_ratio"]),
            flop_ratio=units.significant(row["flop_ratio"]),
            doubt=printable(row["flag"] or ""),
        )
        for row in table.head(_MOST).iter_rows(named=True)
    )
    hidden = table.height - len(rows)
    return Measured(
        note=printable(
            f"Counters of {join.report}: FLOPs for {units.percent(join.flop_pct)} and DRAM bytes "
            f"for {units.percent(join.bytes_pct)} of kernel time. ncu ran each launch alone with "
            "cold caches; times are the trace's. Ratios are of the whole operator."
        ),
        rows=rows,
        more=f"{units.counted(hidden, 'shorter group')} not shown" if hidden else "",
        rest=tuple(
            Rest(
                printable(one.reason),
                units.count(one.launches),
                units.time(one.duration_ns),
                units.percent(one.pct),
            )
            for one in join.unmeasured
        ),
    )
