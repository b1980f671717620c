"""What a recorded step works on: decode or prefill, its rows, its sequences and their lengths."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from ncutool.base.thresholds import IntThreshold
from ncutool.planning.llm.comparison import Asked, Lengths, PartLengths
from ncutool.planning.llm.floors import Load, Phase
from ncutool.planning.llm.matching import Match, Pair

_FEW_ROWS = IntThreshold(
    256,
    "rows",
    "so few through head and layers alike are a decode step; more may be a scored prompt",
    "judgement",
)


class Rows(Struct, frozen=True):
    """Rows of the layers' products and of the head's; None where they vary or are not seen."""

    layers: int | None
    """Through the layers of the device's own data-parallel group."""
    head: int | None
    shared: int | None = None
    """Through what all groups share; None without such groups."""
    head_is_shared: bool = False


def rows_of(found: Match, groups: int = 1) -> Rows:
    """Return the rows that meet the plan's weights.

    Args:
        found: products of the capture, by the plan's weights.
        groups: that each attend for sequences of their own.
    """

    def only(pairs: Sequence[Pair]) -> int | None:
        rows = {one.rows for pair in pairs for one in pair.seen}
        return rows.pop() if len(rows) == 1 else None

    heads = [pair for pair in found.pairs if pair.weights.part == "head"]
    layers = [pair for pair in found.pairs if pair.weights.part != "head"]
    if groups == 1:
        return Rows(only(layers), only(heads))
    # A router meets the rows of its own group, or of all, as the engine sends tokens.
    layers = [pair for pair in layers if pair.weights.part != "router"]
    shared = [pair for pair in layers if pair.weights.is_own is False]
    return Rows(
        only([pair for pair in layers if pair.weights.is_own]),
        only(heads),
        only(shared),
        any(pair.weights.is_own is False for pair in heads),
    )


def phase_of(asked: Asked, recorded: Lengths | None, rows: Rows) -> tuple[Phase | None, str]:
    """Return `decode` or `prefill` and the evidence, or why it cannot be told."""
    if asked.phase is not None:
        return asked.phase, "--phase says so"
    if recorded is not None and recorded.phase is not None:
        return recorded.phase, f"told by {recorded.source}"
    if rows.layers is None:
        return None, "no annotation, attention or product tells decode from prefill: say --phase"
    before = rows.shared if rows.head_is_shared else rows.layers
    if rows.head is not None and before is not None and rows.head < before:
        return "prefill", f"{rows.head:,} of {before:,} rows need logits"
    if rows.head == before and before is not None and before <= _FEW_ROWS:
        return "decode", f"each of the {before:,} rows through the layers needs logits"
    return None, (
        f"{rows.layers:,} rows through the layers may be sequences or tokens: say --phase decode "
        "or prefill"
    )


def lengths_of(
    asked: Asked, recorded: Lengths | None, rows: Rows, phase: Phase | None
) -> Lengths | None:
    """Return what options say, on top of what the capture records."""
    if asked.batch is None and asked.context_tokens is None and asked.prompt_tokens is None:
        return recorded
    known = recorded or Lengths("")
    prompt, context = asked.prompt_tokens, asked.context_tokens
    if phase == "mixed":
        return _mixed_lengths(known, context, prompt)
    tokens = rows.layers or known.new_tokens
    sequences = asked.batch or known.sequences
    if sequences is None and phase == "decode":
        sequences = tokens
    elif sequences is None and prompt and tokens and tokens % prompt == 0:
        sequences = tokens // prompt
    source = f"options and {recorded.source}" if recorded else "options"
    known = replace(known, source=source, sequences=sequences)
    if sequences is None or (context is None and prompt is None):
        return known
    if phase == "decode":
        each = context or prompt or 0
        return replace(known, cached_tokens=float(sequences * each), alike=True)
    queries = prompt or context or 0
    keys = max(context or queries, queries)
    pairs = sequences * (queries * keys - queries * (queries - 1) / 2)
    return replace(
        known,
        new_tokens=known.new_tokens or sequences * queries,
        cached_tokens=float(sequences * keys),
        pairs=pairs,
        alike=True,
    )


def _mixed_lengths(known: Lengths, context: int | None, prompt: int | None) -> Lengths:
    """Return a step with prompts and decoded sequences, ``context`` being the length of these and
    ``prompt`` that of what the new tokens of those end at."""
    parts = []
    for one in known.parts:
        count, new = one.sequences or 1, (one.new_tokens or 0) / (one.sequences or 1)
        if one.cached_tokens is None and one.phase == "decode" and context is not None:
            one = replace(one, cached_tokens=float(count * context), alike=True)
        elif one.cached_tokens is None and one.phase == "prefill" and prompt is not None:
            keys = max(float(prompt), new)
            pairs = count * (new * keys - new * (new - 1) / 2)
            one = replace(one, cached_tokens=count * keys, pairs=pairs, alike=True)
        parts.append(one)
    return replace(known, source=f"options and {known.source}", parts=tuple(parts))


def load_of(phase: Phase, lengths: Lengths | PartLengths | None, rows: Rows) -> Load | None:
    """Return the step's work; None where not even its tokens are known."""
    known = lengths or Lengths("")
    tokens = rows.layers or known.new_tokens or (known.sequences if phase == "decode" else None)
    if tokens is None:
        return None
    if isinstance(known, Lengths) and phase == "mixed":
        return _mixed_load(known, rows, tokens)
    sequences = known.sequences
    if sequences is None and phase == "decode":
        sequences = tokens
    head = rows.head or (tokens if phase == "decode" else sequences)
    return Load(
        phase, tokens, head, known.cached_tokens, sequences, known.pairs, known.alike, rows.shared
    )


def _mixed_load(known: Lengths, rows: Rows, tokens: int) -> Load:
    """Return the work of prompts beside decoded sequences. Chunks need no logits but the last, so
    that at least the decoded sequences have them."""
    parts = [
        load_of(one.phase, one, Rows(one.new_tokens, None))
        for one in known.parts
        if one.phase is not None
    ]
    decoded = sum(one.sequences or 0 for one in known.parts if one.phase == "decode")
    return Load(
        "mixed", tokens, rows.head or decoded, known.cached_tokens, known.sequences, None, False,
        rows.shared, tuple(one for one in parts if one is not None),
    )  # fmt: skip
