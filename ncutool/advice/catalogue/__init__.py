"""Every rule of advice: what it sees, why it matters, when it is wrong, and what it rests on."""

from __future__ import annotations

from functools import cache
from typing import Any

from msgspec import Struct

from ncutool.base import packaged
from ncutool.base.tables import FINDING_KINDS, SAVINGS_PER, FindingKind, SavingPer

JUDGED = "judgement, tried on the twelve traces of docs/findings.md"
"""Source of a threshold for which nobody but ncutool stands."""


class Rule(Struct, frozen=True):
    """One rule by which advice finds something: a row of `rules.toml`, which says what each
    text is.
    """

    name: str
    """Its stable code, e.g. `fuse-rmsnorm`."""
    kind: FindingKind
    title: str
    action: str
    """What to do in a few words that can stand in a sentence: `fuse RMSNorm`."""
    sees: str
    matters: str
    wrong: str
    example: str
    per: SavingPer = "window"
    brief: str = ""
    """What to do on one line; empty where the remedy is no longer than that."""
    remedy: str = ""
    """Empty where it depends on the capture."""
    code: str | None = None
    references: tuple[str, ...] = ()
    thresholds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise a ValueError for a kind or a unit of saving that the schema does not list."""
        if self.kind not in FINDING_KINDS or self.per not in SAVINGS_PER:
            raise ValueError(
                f"rule {self.name}: no kind {self.kind!r}, or no saving per {self.per}"
            )

    @property
    def link(self) -> str | None:
        """The documentation that a finding links to."""
        return self.references[0] if self.references else None


@cache
def rules() -> dict[str, Rule]:
    """Return every rule by its code."""
    return {name: _rule(name, row) for name, row in packaged.table(__file__, "rules").items()}


def _rule(name: str, row: dict[str, Any]) -> Rule:
    lists: dict[str, Any] = {key: tuple(row.pop(key, ())) for key in ("references", "thresholds")}
    return Rule(name, **row, **lists)
