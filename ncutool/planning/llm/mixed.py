"""Several passes in one step: weights are read once for all, caches for each."""

from __future__ import annotations

from collections.abc import Sequence

from ncutool.planning.llm.experts import Routing
from ncutool.planning.llm.setup import Setup
from ncutool.planning.llm.terms import (
    Pass,
    Work,
    attention_terms,
    link_terms,
    matrix_terms,
    norm_term,
    state_terms,
)


def mixed_work(setup: Setup, passes: Sequence[Pass], routing: Routing = "fewest") -> Work:
    """Return the terms of a step that several passes go through together.

    Matrix products see nothing but rows, so that the passes are one to them.
    """
    tokens = sum(one.tokens for one in passes)
    logits = sum(one.sequences * one.logits for one in passes)
    rows = Pass(tokens, 1, 1, logits / tokens)
    return Work(
        (
            *matrix_terms(setup, setup.model.matrices, rows, routing),
            *(term for one in passes for term in attention_terms(setup, one)),
            *(term for one in passes for term in state_terms(setup, one)),
            norm_term(setup),
            *link_terms(setup, rows, routing),
        )
    )
