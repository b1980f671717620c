"""What a capture shows of a language model's steps, for a plan to be held against.

>>> observed = against.observe(analysis)  # of an analysis cut to whole steps
>>> against.compare(plan, observed, against.Asked())
"""

from __future__ import annotations

from ncutool.planning.llm.against import compare
from ncutool.planning.llm.comparison import Asked, Comparison, Observed
from ncutool.planning.observed.observing import observe

__all__ = ["Asked", "Comparison", "Observed", "compare", "observe"]
