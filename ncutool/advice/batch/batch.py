"""Batching: more work per launch, per weight read, per step.

Each module finds one way: products that read their weights for few rows, products that share an
input, experts that all work on all tokens, a batch that the host or communication leaves room
for, grids that leave multiprocessors idle.
"""

from __future__ import annotations

from ncutool.advice.batch import experts, few_rows, growth, merge, small_grid
from ncutool.advice.view.context import Context
from ncutool.advice.view.finding import Declined, Draft


def drafts(context: Context, taken: set[int]) -> list[Draft]:
    """Every batching draft: a launch in ``taken`` belongs to a fusion already.

    Small grids are named only where no larger batch is advised, which fills them too.
    """
    about = context.program
    larger = growth.drafts(context, about)
    return [
        *merge.drafts(context, about, taken),
        *few_rows.drafts(context, about),
        *experts.drafts(context, about, taken),
        *(larger or small_grid.drafts(context, taken)),
    ]


def declined(context: Context, taken: set[int]) -> list[Declined]:
    """Mergers that would gain nothing."""
    return merge.declined(context, taken)
