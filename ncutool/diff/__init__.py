"""Two sides compared: before and after, each one or several captures of the same program.

>>> from ncutool import diff, load
>>> before, after = (diff.side_of([load(path)]) for path in paths)   # doctest: +SKIP
>>> answer = diff.compare(before, after)                              # doctest: +SKIP
>>> answer.work.state, answer.whole.judgement.verdict                 # doctest: +SKIP

Work is compared before speed; launches that nothing tells are never matched; and a change that
repeats do not prove is inconclusive.
"""

from __future__ import annotations

from ncutool.diff.changes import Changes, Row
from ncutool.diff.compare import Diff, Whole, compare
from ncutool.diff.match import KINDS, Match, match
from ncutool.diff.same_work import SameWork, same_work
from ncutool.diff.sides import Run, Side, run_of, side_of
from ncutool.diff.verdict import Judgement
from ncutool.diff.wording import headline

__all__ = [
    "KINDS",
    "Changes",
    "Diff",
    "Judgement",
    "Match",
    "Row",
    "Run",
    "SameWork",
    "Side",
    "Whole",
    "compare",
    "headline",
    "match",
    "run_of",
    "same_work",
    "side_of",
]
