"""What a cause of idle time rests on: a record of the capture, or what its absence says."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
from msgspec import Struct

from ncutool.base.intervals import Bools, Ints

KINDS = (
    "",
    "call",
    "op",
    "annotation",
    "overhead",
    "launch",
    "records",
    "between",
    "silence",
    "operators",
)
"""Nothing; a row of a table; how many ``records`` begin in the time; that it lies ``between`` two
close ones; that none is recorded for long; that most ``operators`` are missing."""
_NUMBERED = ("call", "op", "annotation", "overhead", "launch", "records")


class Evidence(Struct, frozen=True):
    """What each of some pieces of idle time rests on."""

    kind: npt.NDArray[np.int8]
    """Place in ``KINDS``."""
    row: Ints
    """Row or count; -1 where there is none."""

    @classmethod
    def none(cls, size: int) -> Evidence:
        """Return no evidence for ``size`` pieces."""
        return cls(np.zeros(size, np.int8), np.full(size, -1, np.int64))

    def put(self, which: Bools, kind: str, row: Ints | int = -1) -> None:
        """Set that of the pieces ``which``; ``row`` holds one number for each of them."""
        self.kind[which] = KINDS.index(kind)
        self.row[which] = row

    def absent(self) -> Bools:
        """Return which pieces have none."""
        return np.asarray(self.kind == 0)


def texts(kind: pl.Series, row: pl.Series) -> pl.Series:
    """Return evidence as text, e.g. ``call:17`` or ``silence``; null for none."""
    names = pl.lit(pl.Series(KINDS, dtype=pl.String)).gather(pl.col("kind").cast(pl.UInt32))
    numbered = names.is_in(_NUMBERED)
    text = pl.when(numbered).then(pl.format("{}:{}", names, "row")).when(names != "").then(names)
    frame = pl.DataFrame({"kind": kind, "row": row})
    return frame.select(text.alias("evidence"))["evidence"]
