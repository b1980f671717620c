"""What a recorded step works on: decode or prefill, its rows, its sequences and their lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ncutool.base.thresholds import IntThreshold
from ncutool.planning.llm.comparison import Asked, Lengths
from ncutool.planning.llm.floors import Load, Phase
from ncutool.planning.llm.matching import Match, Pair

_FEW_ROWS = IntThreshold(
    256,
    "rows",
    "so few through head and layers alike are a decode step; more may be a scored prompt",
    "judgement",
)


@dataclass(frozen=True)
class Rows:
    """Rows of the layers' products and of the head's; None where they vary or are not seen."""

    layers: int | None
    head: int | None


def rows_of(found: Match) -> Rows:
    """Return the rows that meet the plan's weights."""

    def only(pairs: Sequence[Pair]) -> int | None:
        rows = {one.rows for pair in pairs for one in pair.seen}
        return rows.pop() if len(rows) == 1 else None

    return Rows(
        only([pair for pair in found.pairs if pair.weights.part != "head"]),
        only([pair for pair in found.pairs if pair.weights.part == "head"]),
    )


def phase_of(asked: Asked, recorded: Lengths | None, rows: Rows) -> tuple[Phase | None, str]:
    """Return `decode` or `prefill` and the evidence, or why it cannot be told."""
    if asked.phase is not None:
        return asked.phase, "--phase says so"
    if recorded is not None and recorded.phase is not None:
        return recorded.phase, f"told by {recorded.source}"
    if rows.layers is None:
        return None, "no annotation, attention or product tells decode from prefill: say --phase"
    if rows.head is not None and rows.head < rows.layers:
        return "prefill", f"{rows.head:,} of {rows.layers:,} rows need logits"
    if rows.head == rows.layers and rows.layers <= _FEW_ROWS:
        return "decode", f"each of the {rows.layers:,} rows through the layers needs logits"
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


def load_of(phase: Phase, lengths: Lengths | None, rows: Rows) -> Load | None:
    """Return the step's work; None where not even its tokens are known."""
    known = lengths or Lengths("")
    tokens = rows.layers or known.new_tokens or (known.sequences if phase == "decode" else None)
    if tokens is None:
        return None
    sequences = known.sequences
    if sequences is None and phase == "decode":
        sequences = tokens
    head = rows.head or (tokens if phase == "decode" else sequences)
    return Load(phase, tokens, head, known.cached_tokens, sequences, known.pairs, known.alike)
