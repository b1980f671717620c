"""The calls of a step as an engine makes them on one device: merged where engines merge."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from ncutool.planning.llm.model import ROUTED_PARTS, Cache, Matrix
from ncutool.planning.llm.setup import Setup
from ncutool.planning.llm.terms import ATTENTION, PART_NAMES, Pass
from ncutool.planning.llm.usual import calls
from ncutool.planning.llm.usual.calls import AttentionSizes, Call, ExpertSizes

_MERGED = (("query", "key", "value"), ("gate", "up"), ("query_down", "kv_down"))


class Calls(Struct, frozen=True):
    """Calls that are alike."""

    term: str
    """Of the step, as in :mod:`ncutool.planning.llm.terms`."""
    call: Call | None
    """None where it is of no family that rows are of."""
    count: float
    what: str
    """E.g. ``gate+up``."""
    reason: str = ""
    """Why there is no call."""


def of_pass(setup: Setup, given: Pass) -> Iterator[Calls]:
    """Return the matrix products and attentions of a pass."""
    if not setup.model.shapes_known:
        return
    for group in _merged(setup.model.matrices):
        yield _products(setup, group, given)
    for cache in setup.model.caches:
        yield _attention(setup, cache, given)


def _merged(matrices: tuple[Matrix, ...]) -> Iterator[tuple[Matrix, ...]]:
    """Return matrices of a layer that take the same input together."""
    merge_of = {name: merge for merge in _MERGED for name in merge}
    groups: dict[tuple[object, ...], list[Matrix]] = {}
    for index, one in enumerate(matrices):
        merge: object = merge_of.get(one.name, index)
        groups.setdefault((merge, one.part, one.copies, one.inputs, one.stored), []).append(one)
    for group in groups.values():
        yield tuple(group)


def _products(setup: Setup, group: tuple[Matrix, ...], given: Pass) -> Calls:
    first = group[0]
    term, what = PART_NAMES[first.part], "+".join(one.name for one in group)
    inputs = first.inputs / (setup.divided(first) if first.split == "inputs" else 1)
    outputs = sum(
        one.outputs / (setup.divided(one) if one.split == "outputs" else 1) for one in group
    )
    stored, roof = setup.stored(first), setup.roof(first)
    if first.part == "expert_biases":
        return Calls(term, None, first.copies, what, "no family of rows is of it")
    if first.part in ROUTED_PARTS:
        return _experts(setup, group, (inputs, outputs), given)
    each = given.logits if first.part == "head" else given.new_tokens
    rows = setup.deployment.rows(first, given.sequences) * each
    call = calls.product(
        setup.device, roof, stored.name, stored.bytes_per_value, rows, inputs, outputs
    )
    return Calls(term, call, first.copies, what)


def _experts(
    setup: Setup, group: tuple[Matrix, ...], sides: tuple[float, float], given: Pass
) -> Calls:
    first, mixture, deployment = group[0], setup.model.experts, setup.deployment
    assert mixture is not None
    # Placed whole, each device has some of the experts and their rows; else a share of each.
    places = deployment.expert_parallel
    shares = setup.divided(first)
    inputs: float = first.inputs
    outputs: float = sum(one.outputs for one in group)
    if places < shares:
        inputs, outputs = _divided(sides, shares // places, first, group, setup)
    rows = deployment.staged(given.sequences) * given.new_tokens * mixture.per_token / places
    local = mixture.count / places
    stored = setup.stored(first)
    sizes = ExpertSizes(rows, local, mixture.per_token / places, inputs, outputs)
    call = calls.experts(
        setup.device, setup.roof(first), stored.name, stored.bytes_per_value, sizes
    )
    what = "+".join(one.name for one in group)
    return Calls(PART_NAMES[first.part], call, first.copies / mixture.count, what)


def _divided(
    sides: tuple[float, float],
    shares: int,
    first: Matrix,
    group: tuple[Matrix, ...],
    setup: Setup,
) -> tuple[float, float]:
    """Return an expert's sides where so many devices share it."""
    if shares == setup.divided(first):
        return sides
    outputs = sum(one.outputs for one in group)
    if first.split == "inputs":
        return first.inputs / shares, outputs
    return first.inputs, outputs / shares


def _attention(setup: Setup, cache: Cache, given: Pass) -> Calls:
    what = f"{cache.layers} layers"
    if cache.window is not None:
        what += f" of a window of {cache.window:,}"
    reason = _no_family(cache, given)
    if reason:
        return Calls(ATTENTION, None, cache.layers, what, reason)
    shares = setup.deployment.attention_shares
    heads = (cache.heads or 0) / shares
    wide = cache.score_dim + cache.value_dim
    kv_heads = cache.values_per_token / wide / setup.deployment.cache_shares(cache)
    sequences = setup.deployment.own(given.sequences)
    kept, roof = setup.cache_type(cache).name, setup.attention_roof(cache)
    sizes = AttentionSizes(
        sequences, cache.attended(given.context_tokens), heads, kv_heads, cache.score_dim,
        cache.value_dim,
    )  # fmt: skip
    if given.new_tokens > 1:
        call = calls.prompt_attention(setup.device, roof, kept, sizes)
    elif cache.is_compressed:
        call = calls.latent_attention(setup.device, roof, kept, sizes)
    else:
        call = calls.decode_attention(setup.device, roof, kept, sizes)
    return Calls(ATTENTION, call, cache.layers, what)


def _no_family(cache: Cache, given: Pass) -> str:
    """Return why no row is of such an attention; empty where rows may be."""
    if cache.heads is None:
        return "the heads are not known"
    if cache.selected is not None:
        return "no family of rows is of attention to selected tokens"
    if given.new_tokens == 1:
        return ""
    if cache.is_compressed:
        return "no family of rows is of a latent attention of prompts"
    if cache.attended(given.context_tokens) < given.context_tokens:
        return "no family of rows is of prompts longer than a window"
    if given.context_tokens > given.new_tokens:
        return "no family of rows is of prompts that begin in the cache"
    return ""
