"""One piece of advice, with its evidence and its saving."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ncutool.advice.view.context import Draft

Grade = Literal["certain", "likely", "possible"]


@dataclass(frozen=True)
class Finding:
    """One piece of advice (columns: :data:`ncutool.base.tables.FINDINGS`).

    Invariants: ``0 <= saving_low_ns <= saving_high_ns``, and neither exceeds its counterpart of
    the finding applied alone; the percentages are of the window.
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
    alone_low_ns: int
    alone_high_ns: int
    overlaps: tuple[str, ...] = ()
    code: str | None = None
    link: str | None = None
    caveat: str | None = None


@dataclass(frozen=True)
class Declined:
    """What a user would ask for, and why it is not advised."""

    what: str
    why: str
    launches: tuple[int, ...]
    duration_ns: int


@dataclass(frozen=True)
class Advice:
    """Everything that is advised of one capture."""

    findings: tuple[Finding, ...] = ()
    """Surest saving first."""
    declined: tuple[Declined, ...] = ()
    """Most time first."""
    small: int = 0
    """Suggestions below the threshold, which are not listed."""
    small_high_ns: int = 0
    """What they save together at most."""
    all_low_ns: int = 0
    """What all findings save together at least: a replay of all of them, the merely possible
    ones left out."""
    all_high_ns: int = 0
    """What they save together at most; each launch and idle interval counted once."""
    drafts: tuple[Draft, ...] = ()
    """What would become of which launches, one a finding of a trace; empty for a report."""
