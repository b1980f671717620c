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
EVIDENCE = pl.Enum(KINDS[1:])
"""The data type of kinds in tables: a byte each, where text takes sixteen."""
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

    def named(self) -> pl.Series:
        """Return by its name what each piece rests on; null for nothing."""
        names = pl.Series([None, *KINDS[1:]], dtype=EVIDENCE)
        return names.gather(self.kind.astype(np.uint32))

    def rows(self) -> pl.Series:
        """Return the row or count of each; null where there is none."""
        numbered = np.isin(self.kind, [KINDS.index(kind) for kind in _NUMBERED])
        return pl.Series(self.row).set(pl.Series(~numbered), None)
