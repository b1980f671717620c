"""One piece of advice, with its evidence and its saving."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol, get_args

import numpy as np
from msgspec import Struct

from ncutool.advice.catalogue import Rule, rules
from ncutool.advice.view.context import Context
from ncutool.advice.view.evidence import Also, Excluded, Value
from ncutool.base import held
from ncutool.base.intervals import Ints
from ncutool.base.tables import FINDING_KINDS, FindingKind, Grade, SavingPer
from ncutool.base.thresholds import Threshold

UNSEEN_PCT = Threshold(
    10.0,
    "% of the time",
    "where less could not be looked at, the answer is what was looked at; it is listed beside it",
    "judgement: more of it could hide what matters most",
)


LINE = 115
"""Characters of a line of evidence at most."""


@dataclass(frozen=True)
class Finding:
    """One piece of advice (columns: :data:`ncutool.base.tables.FINDINGS`).

    Invariants: ``0 <= saving_low_ns <= saving_high_ns``, which does not exceed what it saves at
    most applied alone (the low end may: once others are out of its way, more of it shows); the
    percentages are of the window.
    """

    id: str
    rule: str
    kind: FindingKind
    per: SavingPer
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
    action: str = ""
    """What to do in a few words; the rule's where empty."""
    why: str = ""
    """The evidence on one line, with numbers; empty where the first of it is short enough."""
    todo: str = ""
    """What to do on one line; the rule's where empty."""
    figures: tuple[Value, ...] = ()
    """The evidence as values, of a report."""
    cap: str | None = None
    """Why it saves no more; None where the evidence says it."""
    also: tuple[Also, ...] = ()
    """What else would shorten the same launches, less than the finding itself."""
    excluded: tuple[Excluded, ...] = ()
    """What was ruled out for the launch that it saves most of."""

    def __post_init__(self) -> None:
        """Raise a ValueError for a kind that the published schema does not list, and for savings
        that are negative, out of order or above their whole."""
        if self.kind not in FINDING_KINDS:
            raise ValueError(f"{self.kind!r} is no kind of finding: {', '.join(FINDING_KINDS)}")
        held.in_order(f"saving of {self.id}", self.saving_low_ns, self.saving_high_ns)
        held.in_order(f"saving of {self.id} alone", self.alone_low_ns, self.alone_high_ns)
        held.in_order(f"upper saving of {self.id}", self.saving_high_ns, self.alone_high_ns)
        held.in_order(f"time of {self.id}", self.duration_ns)
        held.shares(f"saving of {self.id}", self.saving_low_pct, self.saving_high_pct)

    @cached_property
    def launch_ids(self) -> Ints:
        """The same as ``launches``, as an array: they may be hundreds of thousands."""
        return np.array(self.launches, np.int64)


@dataclass(frozen=True)
class Draft:
    """Advice before the ledger: what would become of which launches.

    The tuples ``best`` and ``worst`` hold the new durations (ns) of ``launches``, one each, and
    never exceed the present ones. Texts that are left out are those of the rule.
    """

    rule: str
    """Its code in the catalogue, which says of what kind it is and what its saving is of."""
    grade: Grade
    launches: tuple[int, ...]
    best: tuple[int, ...]
    worst: tuple[int, ...]
    evidence: tuple[str, ...]
    title: str = ""
    remedy: str = ""
    removed: tuple[int, ...] = ()
    """Launches that become part of another: the gaps before them go too."""
    replayed: tuple[int, ...] = ()
    """Launches that a graph launches: the dispatch gaps before them go."""
    idle_used: tuple[int, ...] = ()
    """Launches before which dispatch gaps would go at best, though their calls stay."""
    gap_rest_ns: int = 0
    """What is left at the low end of each gap that ``replayed`` removes."""
    waits: tuple[int, ...] = ()
    """Launches before which the idle time of ``wait_causes`` would go: the host no longer spends
    it."""
    wait_causes: tuple[str, ...] = ()
    wait_kept_share: float = 0.0
    """Share of that idle time that stays at worst, 0 to 1."""
    code: str | None = None
    """One line of code, or a setting; empty for none, None for the rule's."""
    link: str | None = None
    """Official documentation of what the remedy names, https; None for the rule's."""
    caveat: str = ""
    """One sentence: what would make it wrong."""
    lead: int = 0
    """Order among equals, smallest first."""
    action: str = ""
    """What to do in a few words; the rule's where empty."""
    why: str = ""
    """The evidence on one line, with numbers; empty where the first of it is short enough."""
    todo: str = ""
    """What to do on one line; the rule's where empty."""
    figures: tuple[Value, ...] = ()
    """The evidence as values, of a joined report."""
    cap: str | None = None
    """Why it saves no more."""
    also: tuple[Also, ...] = ()
    excluded: tuple[Excluded, ...] = ()

    def __post_init__(self) -> None:
        """Take the texts that are not given from the rule; raise a KeyError where there is none of
        that code."""
        rule = self._rule
        texts = {"title": rule.title, "remedy": rule.remedy, "caveat": rule.wrong}
        for name, text in texts.items():
            if not getattr(self, name):
                object.__setattr__(self, name, text)
        for name, value in (("code", rule.code), ("link", rule.link)):
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)
        if not len(self.launches) == len(self.best) == len(self.worst):
            raise ValueError(f"{self.rule}: each launch has one best and one worst time")
        held.shares(f"kept idle time of {self.rule}", 100 * self.wait_kept_share)
        held.in_order(f"rest of a gap of {self.rule}", self.gap_rest_ns)

    @property
    def _rule(self) -> Rule:
        return rules()[self.rule]

    @property
    def kind(self) -> FindingKind:
        """What the finding changes, by its rule (:data:`ncutool.base.tables.FINDING_KINDS`)."""
        return self._rule.kind

    @property
    def per(self) -> SavingPer:
        """What its saving is of: of a row or a sample, the window does not shrink, but more of
        them fit into the same time."""
        return self._rule.per


class Declined(Struct, frozen=True):
    """What a user would ask for, and why it is not advised."""

    what: str
    why: str
    launches: tuple[int, ...]
    duration_ns: int

    def __post_init__(self) -> None:
        """Raise a ValueError for a time below 0."""
        held.in_order(self.what, self.duration_ns)


class CouldNotLook(Struct, frozen=True):
    """Time of which a capture does not hold what would tell whether anything can be changed."""

    what: str
    """Whose time it is: launches by count and kernel, or idle time."""
    reason: str
    """What is missing, as a clause."""
    launches: tuple[int, ...]
    duration_ns: int
    """Their time; 0 where their collection failed and no time is known."""
    pct: float | None
    """Its share of the launch time (of the window for idle time); None where none is known."""
    sections: tuple[str, ...]
    """Sections of Nsight Compute that would tell; empty where it is not a matter of sections."""
    collect: str
    """What to record or collect, with the command or option."""
    failed: bool = False
    """The collection of these launches failed."""
    brief: str = ""
    """The first way to collect it, in a few words that stand after a colon; empty where no
    recording would tell."""
    command: str | None = None
    """The command of Nsight Compute that collects it of the longest of these launches alone."""

    def __post_init__(self) -> None:
        """Raise a ValueError for a time below 0 or a share above its whole."""
        held.in_order(self.reason, self.duration_ns)
        held.shares(self.reason, self.pct)


class Covered(Struct, frozen=True):
    """Advice whose saving others before it have claimed, so that it is not listed."""

    title: str
    alone_high_ns: int
    """What it saves at most, done alone."""
    by: tuple[str, ...]
    """The findings that cover it."""


Answer = Literal["something_to_do", "nothing_worth_doing", "could_not_look"]
"""What a capture's advice comes to. The third is no health: what would tell was not recorded."""
ANSWERS: tuple[Answer, ...] = get_args(Answer)


class Advice(Struct, frozen=True):
    """Everything that is advised of one capture."""

    findings: tuple[Finding, ...] = ()
    """Surest saving first."""
    declined: tuple[Declined, ...] = ()
    """Most time first."""
    small: int = 0
    """Suggestions below the threshold, which are not listed; of the window alone."""
    small_high_ns: int = 0
    """What they save together at most."""
    all_low_ns: int = 0
    """What all findings save of the window at least: a replay of all of them, the merely possible
    ones left out. Savings of a row or a sample are no part of it."""
    all_high_ns: int = 0
    """What they save of it at most; each launch and idle interval counted once."""
    drafts: tuple[Draft, ...] = ()
    """What would become of which launches, one a finding of a trace; empty for a report."""
    covered: tuple[Covered, ...] = ()
    """What is not listed because findings before it claim the same time."""
    looked: tuple[str, ...] = ()
    """What was looked at, each with the share of time that it holds for."""
    could_not_look: tuple[CouldNotLook, ...] = ()
    """What could not be looked at: failed launches first, then most time first."""

    def __post_init__(self) -> None:
        """Raise a ValueError for savings that are negative or out of order."""
        held.in_order("what all findings save", self.all_low_ns, self.all_high_ns)
        held.in_order("what small findings save", self.small_high_ns)

    @property
    def all_savings_ns(self) -> tuple[int | None, int | None]:
        """What all findings save at least and at most; not known where nothing could be looked at.

        An answer that is missing saves nothing that anybody knows, which is not zero.
        """
        if self.answer == "could_not_look":
            return None, None
        return self.all_low_ns, self.all_high_ns

    @property
    def answer(self) -> Answer:
        """Which of the three answers the advice comes to."""
        if any(finding.alone_high_ns > 0 for finding in self.findings):
            return "something_to_do"
        unknown = any(one.pct is None for one in self.could_not_look)
        share = sum(one.pct or 0.0 for one in self.could_not_look)
        return "could_not_look" if unknown or share >= UNSEEN_PCT else "nothing_worth_doing"


class Drafts(Struct, frozen=True):
    """What one adviser has to say of a trace."""

    drafts: tuple[Draft, ...] = ()
    claimed: frozenset[int] = frozenset()
    """Launches (launch_id) that advisers after it leave alone: they have better advice."""
    declined: tuple[Declined, ...] = ()


class Adviser(Protocol):
    """Looks for one kind of thing in a trace: a module with this function.

    It changes neither what it is given nor anything else, and prices nothing.
    """

    def drafts(self, context: Context, claimed: frozenset[int]) -> Drafts:
        """Return what is advised, of launches that nobody before it has ``claimed``."""
