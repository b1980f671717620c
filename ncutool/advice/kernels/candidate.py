"""A finding of a report before it is numbered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ncutool.advice.view.evidence import Also, Excluded, Value


class Candidate(NamedTuple):
    """A finding of a report before it is numbered."""

    rule: str
    """Its code in the catalogue."""
    title: str
    rows: list[dict[str, Any]]
    """Launches, of :data:`ncutool.base.tables.KERNELS`."""
    saved: list[int]
    """What each would save at most, ns."""
    evidence: tuple[str, ...]
    remedy: str
    why: str = ""
    """One line of evidence; empty where the first of it is short enough."""
    action: str = ""
    """What to do in a few words; the rule's where empty."""
    todo: str = ""
    """What to do on one line; the rule's where empty."""
    cap: str = ""
    """Why it saves no more."""
    figures: tuple[Value, ...] = ()
    also: tuple[Also, ...] = ()
    excluded: tuple[Excluded, ...] = ()

    @property
    def launches(self) -> tuple[int, ...]:
        """Return the launch_id of each launch that it is about."""
        return tuple(row["launch_id"] for row in self.rows)

    @property
    def duration_ns(self) -> int:
        """What they take together now."""
        return sum(row["duration_ns"] for row in self.rows)
