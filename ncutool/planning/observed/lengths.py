"""How many sequences a step has and how long they are: from annotations, else from attention.

vLLM annotates a step with ``execute_context_1(888)_generation_0(0)``: prompts and their tokens,
decoded sequences and theirs; some add a square. SGLang writes ``step[DECODE bs=32]`` and
``step[EXTEND bs=15 toks=15360]``. A longer form has the sums of queries (sq), of keys (sk), and
of their products over all sequences, from which the pairs of causal attention follow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec.structs import replace

from ncutool.planning.llm.comparison import Lengths, PartLengths
from ncutool.work.operators import OpCall
from ncutool.work.operators.attention import LENGTH_AT
from ncutool.work.operators.steps import EXECUTE, EXECUTE_SUMS

_STEP = re.compile(r"^step\[(DECODE|EXTEND) bs=(\d+)(?: toks=(\d+))?\]$")


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
    read = _summed(name, "prefill", prompts, first), _summed(name, "decode", count, second)
    return _together(name, *read)


def _together(name: str, prompts: Lengths | None, decoded: Lengths | None) -> Lengths | None:
    """Return a step with prompts, with decoded sequences, or with both of them."""
    if prompts is None or decoded is None:
        return prompts or decoded
    return Lengths(
        source=name,
        phase="mixed",
        sequences=(prompts.sequences or 0) + (decoded.sequences or 0),
        new_tokens=(prompts.new_tokens or 0) + (decoded.new_tokens or 0),
        parts=(_alone(prompts), _alone(decoded)),
    )


def _alone(found: Lengths) -> PartLengths:
    """Return lengths as those of a part of a step."""
    return PartLengths(**{name: getattr(found, name) for name in PartLengths.__struct_fields__})


def _summed(
    name: str, phase: Literal["prefill", "decode"], sequences: int, sums: Sequence[int]
) -> Lengths | None:
    if not sequences:
        return None
    queries, keys, squares, products = sums
    even = squares * sequences == queries * queries  # equality of Cauchy and Schwarz: all alike
    return Lengths(
        source=name,
        phase=phase,
        sequences=sequences,
        new_tokens=queries,
        cached_tokens=float(keys),
        pairs=products - (squares - queries) / 2 if phase == "prefill" else None,
        alike=even and (keys == queries or sequences == 1),
    )


def _plain(name: str) -> Lengths | None:
    match = EXECUTE.match(name)
    if match is None:
        return None
    prompts, tokens, count, decoded = (int(each) for each in match.groups())
    return _together(
        name,
        Lengths(name, "prefill", prompts, tokens) if prompts else None,
        Lengths(name, "decode", count, decoded) if count else None,
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
    if first.parts:
        parts = [
            None if (mean := _mean([_step_of(one) for one in some])) is None else _alone(mean)
            for some in zip(*(one.parts for one in group), strict=True)
        ]
        known = tuple(one for one in parts if one is not None)
        source = (
            f"the annotation {first.source}"
            if len(group) == 1
            else (f"{len(group)} annotations such as {first.source}")
        )
        return replace(first, source=source, parts=known if len(known) == len(parts) else ())
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


def _step_of(part: PartLengths) -> Lengths:
    """Return a part of a step as a step of its own."""
    return Lengths(**{name: getattr(part, name) for name in PartLengths.__struct_fields__})


def _filled(found: Lengths | None, more: Lengths | None) -> Lengths | None:
    """Return what the surer source leaves open, from the next, where the two do not contradict."""
    if found is None or more is None:
        return found or more
    if found.phase == "mixed":  # shapes of one attention call are not those of both
        return found
    names = [name for name in Lengths.__struct_fields__ if name not in ("source", "alike", "parts")]
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
