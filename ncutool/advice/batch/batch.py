"""Batching: more work per launch, per weight read, per step.

Each module finds one way: products that read their weights for few rows, products that share an
input, experts that all work on all tokens, a batch that the host or communication leaves room
for, grids that leave multiprocessors idle.
"""

from __future__ import annotations

from ncutool.advice.batch import experts, few_rows, growth, merge, small_grid
from ncutool.advice.view.context import Context
from ncutool.advice.view.finding import Adviser, Drafts


def drafts(context: Context, claimed: frozenset[int]) -> Drafts:
    """Advise on every way to batch; a claimed launch belongs to a fusion already.

    Small grids are named only where no larger batch is advised, which fills them too.
    """
    parts: tuple[Adviser, ...] = (merge, few_rows, experts, growth)
    given = [part.drafts(context, claimed) for part in parts]
    if not given[-1].drafts:
        given.append(small_grid.drafts(context, claimed))
    return Drafts(
        tuple(draft for one in given for draft in one.drafts),
        declined=tuple(refusal for one in given for refusal in one.declined),
    )
