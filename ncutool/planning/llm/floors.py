"""The floor of one recorded step, part by part: what each part's bytes and FLOPs take at peak."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from ncutool.base.limits import overlapped
from ncutool.planning.llm.experts import Routing
from ncutool.planning.llm.links import link_bytes, link_is_known
from ncutool.planning.llm.model import ROUTED_PARTS, Matrix
from ncutool.planning.llm.product_shapes import label
from ncutool.planning.llm.setup import Setup
from ncutool.planning.llm.terms import (
    ATTENTION,
    STATE,
    Pass,
    Work,
    decode_pass,
    matrix_terms,
    norm_term,
    work,
)

Phase = Literal["decode", "prefill", "mixed"]


class Load(Struct, frozen=True):
    """What one step works on; an unknown is None."""

    phase: Phase
    rows: int
    """Tokens that pass the layers of the device's own group."""
    head_rows: int | None
    """Tokens that need logits."""
    cached_tokens: float | None
    """Tokens that all sequences attend to, together (decode), or keep afterwards (prefill)."""
    sequences: int | None
    pairs: float | None
    """(query, key) pairs of a head without a window, all sequences together (prefill)."""
    alike: bool
    """Whether all sequences are known to be equally long."""
    all_rows: int | None = None
    """Tokens that pass what all data-parallel groups share; None where not recorded, which counts
    those of the own group alone."""
    parts: tuple[Load, ...] = ()
    """Of a mixed step: its prompts and its decoded sequences."""


class Floor(Struct, frozen=True):
    """What a part of the step takes at least on one device; None where not known."""

    bytes: float | None
    flop: float | None
    memory_ns: float | None
    compute_ns: float | None

    @property
    def ns(self) -> float | None:
        """The longer of both."""
        if self.memory_ns is None or self.compute_ns is None:
            return None
        return overlapped(self.compute_ns, self.memory_ns)


def weights_floor(setup: Setup, load: Load, left_out: frozenset[str]) -> Floor:
    """Return the floor of the dense matrices, each read once and multiplied by each row.

    Args:
        left_out: names of matrices that the step did not use.
    """
    dense = [
        one
        for one in setup.model.matrices
        if one.part not in ROUTED_PARTS and label(one) not in left_out
    ]
    if load.head_rows is None and any(one.part == "head" for one in dense):
        return Floor(_floor(setup, dense, load).bytes, None, None, None)
    return _floor(setup, dense, load)


def experts_floor(setup: Setup, load: Load) -> tuple[Floor, Floor, Floor] | None:
    """Return the floor of routed experts: with the fewest touched, with those that a uniform choice
    touches, with the most."""
    if setup.model.experts is None:
        return None
    routed = [one for one in setup.model.matrices if one.part in ROUTED_PARTS]
    return (
        _floor(setup, routed, load, "fewest"),
        _floor(setup, routed, load, "expected"),
        _floor(setup, routed, load, "most"),
    )


def norms_floor(setup: Setup) -> Floor:
    """Return the floor of norm vectors and biases, the only other bytes that a plan counts."""
    term = norm_term(setup)
    return Floor(term.bytes, 0.0, term.memory_ns, 0.0)


def attention_floor(setup: Setup, load: Load) -> tuple[Floor, str | None]:
    """Return the cache read (decode) or written (prefill) and the arithmetic on it; why not, if
    unknown.

    Layers with a sliding window need the length of each sequence; they are counted where all are
    alike, or where the longest cannot exceed the window.
    """
    unknown = Floor(None, None, None, None)
    if load.phase == "mixed":
        return _mixed_attention(setup, load)
    if not setup.sequence_is_known:
        return unknown, "the model's cache is not described"
    if load.cached_tokens is None or load.sequences is None:
        return unknown, "the lengths of the sequences are not recorded (--context)"
    windowed = any(one.window is not None for one in setup.model.caches)
    if windowed and not load.alike and not _within_windows(setup, load.cached_tokens):
        return unknown, "layers with a window need each sequence's length"
    each = load.cached_tokens / load.sequences
    if load.phase == "decode":
        groups = setup.deployment.data_parallel_attention
        step = work(setup, decode_pass(groups * load.sequences, each)).of(ATTENTION, STATE)
        moved = step.cache_bytes
        flop = step.flop if setup.heads_known else None
    else:
        moved = _written(setup, load.rows)
        flop = _prompt_flop(setup, load, each)
    memory_ns = 1e9 * moved / setup.bandwidth
    if flop is None:
        return Floor(moved, None, memory_ns, None), "the attention's pairs are not recorded"
    peak = setup.peak(setup.attention_roof())
    return Floor(moved, flop, memory_ns, 1e9 * flop / peak), None


def _mixed_attention(setup: Setup, load: Load) -> tuple[Floor, str | None]:
    """Return the attention of prompts and of decoded sequences in one step, one after the other."""
    found = [attention_floor(setup, part) for part in load.parts]
    why = next((reason for _, reason in found if reason is not None), None)
    if not found:
        why = "the lengths of the sequences are not recorded (--context)"
    if why is not None:
        return Floor(None, None, None, None), why
    return total([floor for floor, _ in found]), None


def links_floor(setup: Setup, load: Load) -> tuple[float | None, str | None]:
    """Return the time of what the devices of a stage must send each other; why not, if unknown.

    None without a reason for one device.
    """
    if setup.deployment.stage_devices == 1:
        return None, None
    if not link_is_known(setup):
        return None, f"the peak of the links of {setup.device.name} is not known"
    rows = load.rows * setup.deployment.data_parallel_attention
    sizes = [size for _, size in link_bytes(setup, rows, 1, "fewest")]
    peak = setup.device.link_peak_bytes_per_s
    return (1e9 * sum(sizes) / peak if peak else None), None


def total(floors: Sequence[Floor]) -> Floor:
    """Return all parts at once, bytes and arithmetic overlapped; None where a part is unknown."""

    def summed(values: list[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return sum(known) if len(known) == len(values) else None

    return Floor(
        summed([one.bytes for one in floors]),
        summed([one.flop for one in floors]),
        summed([one.memory_ns for one in floors]),
        summed([one.compute_ns for one in floors]),
    )


def _floor(
    setup: Setup, matrices: Sequence[Matrix], load: Load, routing: Routing = "fewest"
) -> Floor:
    """Return the floor of matrices: those of the own group meet its rows, all others everyone's."""
    own = [one for one in matrices if one.part == "attention" or one.split == "none"]
    shared = [one for one in matrices if one not in own]
    everyone = load.all_rows or load.rows
    passes = (
        (own, Pass(load.rows * setup.deployment.data_parallel_attention, 1, 1)),
        (shared, Pass(everyone, 1, 1, (load.head_rows or 0) / everyone)),
    )
    done = Work(
        tuple(term for some, given in passes for term in matrix_terms(setup, some, given, routing))
    )
    return Floor(done.weight_bytes, done.flop, done.memory_ns, done.compute_ns)


def _within_windows(setup: Setup, longest: float) -> bool:
    return all(one.window is None or longest <= one.window for one in setup.model.caches)


def _written(setup: Setup, tokens: int) -> float:
    """Return the cache of new tokens: each is written, whatever a window forgets later."""
    return sum(one.layers * setup.cache_token_bytes(one) * tokens for one in setup.model.caches)


def _prompt_flop(setup: Setup, load: Load, each: float) -> float | None:
    if load.pairs is None or any(one.heads is None for one in setup.model.caches):
        return None
    flop = 0.0
    for one in setup.model.caches:
        pairs = load.pairs
        if one.window is not None and each > one.window:
            pairs = _windowed_pairs(load, each, one.window)
        dims = one.prefill_score_dim + one.prefill_value_dim
        flop += 2 * one.layers * (one.heads or 0) * dims * pairs / setup.tensor_parallel
    return flop


def _windowed_pairs(load: Load, keys: float, window: int) -> float:
    """Return the pairs of query and key where each query meets the last ``window`` keys at most."""
    count = load.sequences or 1
    queries = load.rows / count
    before = keys - queries
    rising = max(0.0, min(queries, window - before))
    first = before * rising + rising * (rising + 1) / 2
    return count * (first + (queries - rising) * window)
