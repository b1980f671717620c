"""How a command line of Nsight Compute is written: which launches, what is collected, quoting.

The words are NVIDIA's (Nsight Compute CLI, options of the group Profile): ``--kernel-name``
compares whole names, and with ``regex:`` searches in them; ``--launch-skip`` and ``--launch-count``
count the launches that the name lets through, in each process for itself; copies are none.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ncutool.base.thresholds import IntThreshold, ThresholdTable

NameBase = Literal["function", "mangled"]
"""What ``--kernel-name`` is compared with: the function's name alone, or the symbol's."""
PROGRAM = "PROGRAM"
"""Stands for the command that starts the user's program, with its arguments."""
_MEASURED = "reports of the corpus by `profiler__replayer_passes`: 27 of ncu 2020.2 to 2025.2"
FULL_PASSES = ThresholdTable(
    {"7.0": 74, "7.2": 74},
    "passes",
    "times that a launch is replayed for `--set full` on this compute capability at most",
    _MEASURED,
)
FULL_PASSES_ELSEWHERE = IntThreshold(
    47, "passes", "the same on all later devices: 33 to 47", _MEASURED
)
PLACE_PASSES = IntThreshold(
    12,
    "passes",
    "times that a launch is replayed for the set `roofline`, 11, and the one counter of Occupancy; "
    "LaunchStats counts nothing",
    _MEASURED,
)
_SPECIAL = re.compile(r"[\\^$.|?*+()\[\]{}]")
_PLAIN = re.compile(r"[A-Za-z_]\w*", re.ASCII)


@dataclass(frozen=True)
class Launches:
    """Which launches of a program ncu profiles, by its own filters."""

    names: tuple[str, ...] = ()
    """Names that let a launch through; empty for every launch."""
    base: NameBase = "function"
    skip: int = 0
    """Launches of those names that are passed over first."""
    count: int | None = None
    """How many are profiled from there on; None for all."""

    @property
    def pattern(self) -> str:
        """What ``--kernel-name`` is given: one plain name as it is, others as an expression."""
        if len(self.names) == 1 and _PLAIN.fullmatch(self.names[0]):
            return self.names[0]
        escaped = [_SPECIAL.sub(r"\\\g<0>", name) for name in self.names]
        inner = escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"
        return f"regex:^{inner}$"

    def words(self) -> list[str]:
        """Return the options, unquoted."""
        words = []
        if self.names:
            words += ["--kernel-name-base", self.base] if self.base != "function" else []
            words += ["--kernel-name", self.pattern]
        if self.count is not None:
            words += ["--launch-skip", str(self.skip), "--launch-count", str(self.count)]
        return words


def line(
    chosen: Launches | None = None,
    *,
    options: Sequence[str] = (),
    collected: str = "basic",
    sections: Iterable[str] = (),
    output: str = "report",
) -> str:
    """Return a command line that a shell takes as it is, :data:`PROGRAM` put in by hand.

    Args:
        chosen: which launches; None for all.
        options: words before them.
        collected: identifier of the set of sections.
        sections: identifiers of further sections.
        output: stem of the report to write.
    """
    words = ["ncu", *options, *(chosen.words() if chosen else [])]
    words += ["--set", collected, *section_words(sections), "-o", output]
    return f"{shlex.join(words)} {PROGRAM}"


def section_words(sections: Iterable[str]) -> list[str]:
    """Return the options that ask for sections."""
    return [word for section in sections for word in ("--section", section)]


def full_passes(capabilities: Iterable[str | None]) -> int:
    """Return how often a launch is replayed for ``--set full`` at most, on any of these devices.

    One whose compute capability is not known may be of those that take most.
    """
    most = max(FULL_PASSES.values())
    known = [
        most if one is None else FULL_PASSES.get(one, FULL_PASSES_ELSEWHERE) for one in capabilities
    ]
    return int(max(known, default=most))
