"""What a finding of a report rests on, as values: what was counted, and what it was held against.

Nothing reads the sentences of a finding; these are for programs, and for what builds on findings.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Compare = Literal[">=", ">", "<"]


class Value(Struct, frozen=True):
    """A figure of a launch (fields of ``figures`` in :data:`ncutool.base.tables.FINDINGS`)."""

    metric: str
    """A column of the tables ``inside`` or ``kernels``, where one holds it."""
    value: float
    unit: str = ""
    compare: Compare | None = None
    """How the value lies to the threshold."""
    threshold: float | None = None
    launch_id: int | None = None
    offset: int | None = None
    """Of the instruction that it is of, from the first one of its kernel, in bytes."""

    @property
    def holds(self) -> bool:
        """Whether the value lies to its threshold as it says; True where there is none."""
        if self.threshold is None or self.compare is None:
            return True
        if self.compare == "<":
            return self.value < self.threshold
        if self.compare == ">":
            return self.value > self.threshold
        return self.value >= self.threshold


class Excluded(Struct, frozen=True):
    """What one might do to a launch, and the number that speaks against it."""

    rule: str | None
    """The code of what is not advised."""
    what: str
    why: str
    metric: str | None = None
    value: float | None = None
    unit: str | None = None
    compare: Compare | None = None
    threshold: float | None = None
    launch_id: int | None = None
    offset: int | None = None

    @classmethod
    def by(cls, rule: str | None, what: str, why: str, value: Value) -> Excluded:
        """Return what a value rules out."""
        return cls(rule, what, why, value.metric, value.value, value.unit, value.compare,
                   value.threshold, value.launch_id, value.offset)  # fmt: skip


class Also(Struct, frozen=True):
    """What else would shorten the launches of a finding, less than the finding itself."""

    rule: str
    what: str
    alone_high_ns: int
    """What it saves at most, done alone."""
    why: str
    """A sentence with its numbers."""
