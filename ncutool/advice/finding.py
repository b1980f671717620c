"""One piece of advice, with its evidence and its saving."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Grade = Literal["certain", "likely", "possible"]


@dataclass(frozen=True)
class Finding:
    """One piece of advice (columns: :data:`ncutool.schema.FINDINGS`).

    Invariants: ``0 <= saving_low_ns <= saving_high_ns``; the percentages are of the window.
    """

    id: str
    kind: str
    title: str
    launches: tuple[int, ...]
    kernels: tuple[str, ...]
    duration_ns: int
    saving_low_ns: int
    saving_high_ns: int
    saving_low_pct: float
    saving_high_pct: float
    grade: Grade
    evidence: tuple[str, ...]
    remedy: str
    overlaps: tuple[str, ...] = ()
