"""How many sequences a step has and how long they are: from annotations, else from attention.

vLLM annotates a step with ``execute_context_1(888)_generation_0(0)``: prompts and their tokens,
decoded sequences and theirs; some add a square. SGLang writes ``step[DECODE bs=32]`` and
``step[EXTEND bs=15 toks=15360]``. A longer form has the sums of queries (sq), of keys (sk), and
of their products over all sequences, from which the pairs of causal attention follow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace

from ncutool.planning.llm.comparison import Lengths
from ncutool.work.operators import OpCall
from ncutool.work.operators.attention import LENGTH_AT
from ncutool.work.operators.steps import EXECUTE, EXECUTE_SUMS

_STEP = re.compile(r"^step\[(DECODE|EXTEND) bs=(\d+)(?: toks=(\d+))?\]$")
MIXED = "prompts and decoded sequences share a step"


def find(annotations: Iterable[str], calls: Sequence[OpCall]) -> tuple[Lengths | None, str | None]:
    """Return what is recorded of a step's sequences, and why it cannot be used where it cannot.

    Steps of one phase and batch are averaged; else nothing is known.

    Args:
        annotations: names of the host's annotations around the launches.
        calls: the attention's calls.
    """
    names = list(annotations)
    read = [
        [one for name in names if (one := parse(name)) is not None]
        for parse in (_with_sums, _plain, _sglang)
    ]
    lengths: Lengths | None = None
    for group in read:
        if any(one.phase is None for one in group):
            return None, MIXED
        if not group:
            continue
        mean = _mean(group)
        if mean is None:
            return None, "the annotated steps differ in phase or batch"
        lengths = _filled(lengths, mean)
    shapes = of_attention(calls)
    return _filled(lengths, shapes), None


def _with_sums(name: str) -> Lengths | None:
    match = EXECUTE_SUMS.match(name)
    if match is None:
        return None
    prompts, *numbers = (int(each) for each in match.groups())
    first, count, second = numbers[:4], numbers[4], numbers[5:]
    if prompts and count:
        return Lengths(name)
    sequences, (queries, keys, squares, products) = (prompts, first) if prompts else (count, second)
    if not sequences:
        return None
    even = squares * sequences == queries * queries  # equality of Cauchy and Schwarz: all alike
    return Lengths(
        source=name,
        phase="prefill" if prompts else "decode",
        sequences=sequences,
        new_tokens=queries,
        cached_tokens=float(keys),
        pairs=products - (squares - queries) / 2 if prompts else None,
        alike=even and (keys == queries or sequences == 1),
    )


def _plain(name: str) -> Lengths | None:
    match = EXECUTE.match(name)
    if match is None:
        return None
    prompts, tokens, count, decoded = (int(each) for each in match.groups())
    if prompts and count:
        return Lengths(name)
    if not prompts and not count:
        return None
    return Lengths(
        source=name,
        phase="prefill" if prompts else "decode",
        sequences=prompts or count,
        new_tokens=tokens or decoded,
    )


def _sglang(name: str) -> Lengths | None:
    match = _STEP.match(name)
    if match is None:
        return None
    kind, batch, tokens = match.groups()
    return Lengths(
        source=name,
        phase="decode" if kind == "DECODE" else "prefill",
        sequences=int(batch),
        new_tokens=None if tokens is None else int(tokens),
    )


def of_attention(calls: Sequence[OpCall]) -> Lengths | None:
    """Return the sequences by the shapes of attention without pages, where all calls agree."""
    lengths = {_of_call(call) for call in calls}
    return lengths.pop() if len(lengths) == 1 else None


def _of_call(call: OpCall) -> Lengths | None:
    queries, keys = call.optional(0), call.optional(1)
    place = LENGTH_AT.get(call.base)
    if place is None or queries is None or keys is None:
        return None
    if len(queries.shape) != 4 or len(keys.shape) != 4 or queries.shape[0] != keys.shape[0]:
        return None
    count, new, length = queries.shape[0], queries.shape[place], keys.shape[place]
    if not 0 < new <= length:
        return None
    return Lengths(
        source=f"the shapes of {call.name}",
        phase="decode" if new == 1 and length > 1 else "prefill",
        sequences=count,
        new_tokens=count * new,
        cached_tokens=float(count * length),
        pairs=count * (new * length - new * (new - 1) / 2),
        alike=True,
    )


def _mean(group: Sequence[Lengths]) -> Lengths | None:
    """Join steps of one phase, batch and number of tokens; their lengths are averaged."""
    first = group[0]
    if len({(one.phase, one.sequences, one.new_tokens) for one in group}) > 1:
        return None
    if len(group) == 1:
        return replace(first, source=f"the annotation {first.source}")
    cached = [one.cached_tokens for one in group if one.cached_tokens is not None]
    pairs = [one.pairs for one in group if one.pairs is not None]
    return replace(
        first,
        source=f"{len(group)} annotations such as {first.source}",
        cached_tokens=sum(cached) / len(cached) if cached else None,
        pairs=sum(pairs) / len(pairs) if pairs else None,
        alike=all(one.alike for one in group),
    )


def _filled(found: Lengths | None, more: Lengths | None) -> Lengths | None:
    """Return what the surer source leaves open, from the next, where the two do not contradict."""
    if found is None or more is None:
        return found or more
    names = [one.name for one in fields(Lengths) if one.name not in ("source", "alike")]
    pairs = [(getattr(found, name), getattr(more, name)) for name in names]
    if any(a is not None and b is not None and a != b for a, b in pairs):
        return found
    told = {n: b for n, (a, b) in zip(names, pairs, strict=True) if a is None and b is not None}
    if not told:
        return found
    return replace(
        found,
        **told,
        source=f"{found.source} and {more.source}",
        alike=more.alike if "cached_tokens" in told else found.alike,
    )
