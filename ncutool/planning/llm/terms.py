"""A step of a model on its devices as a list of terms: the one place where work becomes time.

Limits, regimes, sweeps and labels are all derived from these terms, so that no two of them can
disagree. FLOPs, bytes and times are those of one device.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from msgspec import Struct

from ncutool.base.limits import overlapped
from ncutool.planning.llm import experts as experts_of
from ncutool.planning.llm.experts import Routing
from ncutool.planning.llm.links import LINK_TERMS, link_bytes
from ncutool.planning.llm.model import ROUTED_PARTS, Cache, Matrix, Part
from ncutool.planning.llm.setup import Setup

Resource = Literal["memory", "compute", "link"]
ATTENTION, NORMS, STATE = "attention", "norms", "recurrent state"
"""Terms that are no matrix products: scores and cache, norm vectors and biases, and what layers
without a cache keep of a sequence."""
PART_NAMES: dict[Part, str] = {
    "attention": "projections",
    "mlp": "feed-forward",
    "experts": "experts",
    "expert_biases": "experts",
    "shared_experts": "shared experts",
    "router": "router",
    "head": "head",
    "all": "weights",
}


class Pass(Struct, frozen=True):
    """What passes through the layers at once. Numbers are those of the whole group of devices."""

    sequences: float
    new_tokens: float
    """Of each sequence, that pass the layers: 1 in decode, a prompt's (or chunk's) in prefill."""
    context_tokens: float
    """That each sequence attends to in the end, the new ones among them."""
    logits: float = 1
    """Tokens of each sequence that the head is applied to."""

    @property
    def tokens(self) -> float:
        """All tokens that pass the layers."""
        return self.sequences * self.new_tokens


def decode_pass(batch: float, context_tokens: float) -> Pass:
    """Return a decode step: one new token for each of ``batch`` sequences."""
    return Pass(batch, 1, context_tokens)


def prompt_pass(prompt_tokens: float, sequences: float = 1, cached_tokens: float = 0) -> Pass:
    """Return a prefill: the tokens of each prompt that are not in the cache yet."""
    return Pass(sequences, prompt_tokens, cached_tokens + prompt_tokens)


class Term(Struct, frozen=True):
    """One piece of a step's work on one device."""

    what: str
    """E.g. ``feed-forward``, ``experts``, ``attention``."""
    flop: float
    roof: str | None
    """Whose peak the FLOPs are held against; None where there are none."""
    bytes: float
    """Through the device's memory."""
    compute_ns: float
    memory_ns: float
    weights: bool = True
    """Whether the bytes are weights; else they are a cache or a state."""
    link_bytes: float = 0.0
    """Sent to other devices."""
    link_ns: float = 0.0

    def ns(self, resource: Resource) -> float:
        """Return the time on one resource."""
        if resource == "memory":
            return self.memory_ns
        return self.compute_ns if resource == "compute" else self.link_ns


class Work(Struct, frozen=True):
    """All terms of a step. Each resource works on its terms one after the other, and the resources
    overlap perfectly: no program is faster."""

    terms: tuple[Term, ...]

    @property
    def compute_ns(self) -> float:
        """All FLOPs at their peaks."""
        return sum(one.compute_ns for one in self.terms)

    @property
    def memory_ns(self) -> float:
        """All bytes at the bandwidth."""
        return sum(one.memory_ns for one in self.terms)

    @property
    def link_ns(self) -> float:
        """All bytes between devices at the links' bandwidth."""
        return sum(one.link_ns for one in self.terms)

    @property
    def floor_ns(self) -> float:
        """The time of the busiest resource."""
        local: float = overlapped(self.compute_ns, self.memory_ns)
        return max(local, self.link_ns)

    @property
    def link_bytes(self) -> float:
        """What a device must receive from others, or send."""
        return sum(one.link_bytes for one in self.terms)

    @property
    def in_turn_ns(self) -> float:
        """The time if nothing is computed or read while devices send each other: the most that
        overlapping two parts of a batch can save is what lies between this and the floor."""
        return self.floor_ns + min(self.link_ns, max(self.compute_ns, self.memory_ns))

    @property
    def bound(self) -> Resource:
        """The busiest resource; memory where it is as busy as another."""
        if self.compute_ns > self.memory_ns and self.compute_ns >= self.link_ns:
            return "compute"
        return "link" if self.link_ns > self.memory_ns else "memory"

    @property
    def largest(self) -> Term:
        """The term that keeps the busiest resource busy for longest."""
        bound = self.bound
        return max(self.terms, key=lambda one: one.ns(bound))

    @property
    def weight_bytes(self) -> float:
        """Bytes of weights that one step reads."""
        return sum(one.bytes for one in self.terms if one.weights)

    @property
    def cache_bytes(self) -> float:
        """Caches and states, read and written."""
        return sum(one.bytes for one in self.terms if not one.weights)

    @property
    def flop(self) -> float:
        """Return the FLOPs of all terms of the step together."""
        return sum(one.flop for one in self.terms)

    def of(self, *names: str) -> Work:
        """Return the terms of these names alone."""
        return Work(tuple(one for one in self.terms if one.what in names))

    def without(self, *names: str) -> Work:
        """Return all terms but those of these names."""
        return Work(tuple(one for one in self.terms if one.what not in names))

    @property
    def products(self) -> Work:
        """The matrix products alone."""
        return self.without(ATTENTION, NORMS, STATE, *LINK_TERMS)


def work(setup: Setup, given: Pass, routing: Routing = "fewest") -> Work:
    """Return the terms of one step of the setup's model on its devices.

    Args:
        given: what passes through the layers.
        routing: which experts of a mixture are read; the default is the floor.
    """
    return Work(
        (
            *matrix_terms(setup, setup.model.matrices, given, routing),
            *attention_terms(setup, given),
            *state_terms(setup, given),
            norm_term(setup),
            *link_terms(setup, given, routing),
        )
    )


def matrix_terms(
    setup: Setup, matrices: Iterable[Matrix], given: Pass, routing: Routing
) -> Iterator[Term]:
    """Return the matrix products, a term for each part of the model."""
    groups: dict[str, list[Matrix]] = {}
    for one in matrices:
        groups.setdefault(PART_NAMES[one.part], []).append(one)
    tokens = setup.deployment.staged(given.sequences) * given.new_tokens
    for name, group in groups.items():
        flop = moved = seconds = 0.0
        for one in group:
            lane = setup.lane(one)
            done = matrix_flop(setup, one, given)
            flop += done
            seconds += done / lane.peak
            moved += (
                _read_share(setup, one, tokens, routing)
                * one.copies
                * lane.size
                * lane.bytes_per_value
            )
        yield Term(
            name, flop, setup.lane(_main(group)).roof, moved, 1e9 * seconds,
            1e9 * moved / setup.bandwidth,
        )  # fmt: skip


def matrix_flop(setup: Setup, matrix: Matrix, given: Pass) -> float:
    """Return the FLOPs of one device's products with a matrix."""
    each = given.logits if matrix.part == "head" else given.new_tokens
    rows = setup.deployment.rows(matrix, given.sequences) * each
    return 2 * rows * matrix.uses * setup.lane(matrix).size


def _main(group: list[Matrix]) -> Matrix:
    return max(group, key=lambda one: one.uses * one.values)


def _read_share(setup: Setup, matrix: Matrix, tokens: float, routing: Routing) -> float:
    """Return which share of a matrix's copies some token of the step is multiplied with."""
    mixture = setup.model.experts
    if mixture is None or matrix.part not in ROUTED_PARTS:
        return 1.0
    return experts_of.touched(mixture, tokens, routing) / mixture.count


def norm_term(setup: Setup) -> Term:
    """Return the norm vectors and biases: bytes alone."""
    moved = setup.trained_bytes * setup.model.other_parameters
    return Term(NORMS, 0.0, None, moved, 0.0, 1e9 * moved / setup.bandwidth)


def attention_terms(setup: Setup, given: Pass) -> Iterator[Term]:
    """Return scores and values of each kind of attention, with the cache read or written."""
    for one in setup.model.caches:
        each = setup.deployment.own(given.sequences)
        flop = each * cache_flop(setup, one, given)
        moved = each * cache_bytes(setup, one, given)
        roof = setup.attention_roof(one)
        yield Term(
            ATTENTION, flop, roof, moved, 1e9 * flop / setup.peak(roof),
            1e9 * moved / setup.bandwidth, weights=False,
        )  # fmt: skip


def cache_flop(setup: Setup, cache: Cache, given: Pass) -> float:
    """Return the FLOPs of one sequence's new tokens against a cache; 0 where heads are not known.

    A compressed cache can be worked on directly, or be expanded to keys and values first: the
    cheaper of the two is counted.
    """
    heads = (cache.heads or 0) / setup.deployment.attention_shares
    pairs = cache.pairs(given.new_tokens, given.context_tokens)
    direct = 2 * heads * (cache.score_dim + cache.value_dim) * pairs
    if not cache.is_compressed:
        return cache.layers * direct
    old = cache.attended(given.context_tokens) - given.new_tokens
    wide = 2 * heads * (cache.prefill_score_dim + cache.prefill_value_dim) * pairs
    wide += 2 * heads * cache.expansion * max(0.0, old)
    return cache.layers * min(direct, wide)


def cache_bytes(setup: Setup, cache: Cache, given: Pass) -> float:
    """Return the bytes of one sequence's cache that a pass moves: what is read once, and what is
    written once.

    New tokens that are kept are written; those that were there and are attended to by some of them
    are read.
    """
    read = cache.met(given.new_tokens, given.context_tokens)
    written = min(given.new_tokens, cache.kept(given.context_tokens))
    return cache.layers * setup.cache_token_bytes(cache) * (read + written)


def state_terms(setup: Setup, given: Pass) -> Iterator[Term]:
    """Return the recurrent states: written once, and read once unless the sequence begins."""
    each = setup.deployment.own(given.sequences)
    for one in setup.model.states:
        begins = given.context_tokens <= given.new_tokens
        shares = setup.deployment.state_shares(one)
        moved = each * (1 if begins else 2) * setup.state_bytes(one)
        flop = each * given.new_tokens * one.layers * one.flop_per_token / shares
        roof = setup.plain_roof()
        yield Term(
            STATE, flop, roof, moved, 1e9 * flop / setup.peak(roof),
            1e9 * moved / setup.bandwidth, weights=False,
        )  # fmt: skip


def link_terms(setup: Setup, given: Pass, routing: Routing) -> Iterator[Term]:
    """Return what devices send each other; its time is 0 where the links' peak is not known."""
    peak = setup.device.link_peak_bytes_per_s
    for name, size in link_bytes(setup, given.sequences, given.new_tokens, routing):
        seconds = size / peak if peak else 0.0
        yield Term(
            name, 0.0, None, 0.0, 0.0, 0.0, weights=False, link_bytes=size, link_ns=1e9 * seconds
        )


def summed(terms: Sequence[Term], name: str) -> Term | None:
    """Return the sum of the terms of one name; None where there are none."""
    found = [one for one in terms if one.what == name]
    if not found:
        return None
    return Term(
        name,
        sum(one.flop for one in found),
        max(found, key=lambda one: one.flop).roof,
        sum(one.bytes for one in found),
        sum(one.compute_ns for one in found),
        sum(one.memory_ns for one in found),
        found[0].weights,
        sum(one.link_bytes for one in found),
        sum(one.link_ns for one in found),
    )
