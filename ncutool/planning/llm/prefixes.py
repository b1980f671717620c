"""Prompts whose first tokens are in the cache already: a shared prefix, or an earlier turn."""

from __future__ import annotations

import math

from msgspec import Struct

from ncutool.planning.llm.setup import Setup
from ncutool.planning.llm.terms import prompt_pass, work
from ncutool_parsers.errors import UsageError


class Prefix(Struct, frozen=True):
    """A prompt of which a share is in the cache."""

    share: float
    """That was asked for."""
    cached_tokens: int
    """Whole tokens of it; the last of a prompt is never among them, as its logits are needed."""
    new_tokens: int
    floor_ns: float
    """Of the new tokens, which attend to the cached ones too."""
    bound: str
    without_ns: float
    """Of the whole prompt."""
    cache_read_bytes: float | None
    """Of the prefix, on one device."""


def cached_of(share: float | None, prompt_tokens: int) -> int:
    """Return how many tokens of a prompt are in the cache.

    Raises:
        UsageError: it is no share.
    """
    if share is None:
        return 0
    if not 0 <= share <= 1:
        raise UsageError(f"the share of a prompt that is cached must be from 0 to 1, not {share:g}")
    return min(math.floor(share * prompt_tokens), prompt_tokens - 1)


def prefix(setup: Setup, share: float, prompt_tokens: int) -> Prefix:
    """Return the floor of a prompt with such a share of it in the cache."""
    cached = cached_of(share, prompt_tokens)
    prompts = setup.deployment.least_batch
    done = work(setup, prompt_pass(prompt_tokens - cached, prompts, cached))
    own = setup.deployment.own(prompts)
    read = None
    if setup.sequence_is_known:
        met = [(one, one.met(prompt_tokens - cached, prompt_tokens)) for one in setup.model.caches]
        read = own * sum(one.layers * setup.cache_token_bytes(one) * each for one, each in met)
    return Prefix(
        share=share,
        cached_tokens=cached,
        new_tokens=prompt_tokens - cached,
        floor_ns=done.floor_ns,
        bound=done.bound,
        without_ns=work(setup, prompt_pass(prompt_tokens, prompts)).floor_ns,
        cache_read_bytes=read,
    )
