"""What a capture would take if something changed: a device, a size, weights, findings carried out.

>>> from ncutool import whatif
>>> answer = whatif.ask(analysis, on="h200")                       # doctest: +SKIP
>>> answer.kernel_time.low_ns, answer.kernel_time.high_ns          # doctest: +SKIP

Every launch gets an interval, never a point that was not measured; the window is what a replay of
the timeline makes of these. What cannot be said is refused, with the reason.
"""

from __future__ import annotations

from ncutool.whatif.answer import Answer, Bounds, Carried, Unchanged
from ncutool.whatif.asking import ask
from ncutool.whatif.memory import Memory
from ncutool.whatif.question import WEIGHT_TYPES, Question
from ncutool.whatif.resizing import at_sizes

__all__ = [
    "WEIGHT_TYPES",
    "Answer",
    "Bounds",
    "Carried",
    "Memory",
    "Question",
    "Unchanged",
    "ask",
    "at_sizes",
]


def __dir__() -> list[str]:
    return sorted([*__all__, *(name for name in globals() if name.startswith("__"))])
