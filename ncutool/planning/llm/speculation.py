"""Speculative decoding: tokens are proposed cheaply, and one step checks them all.

How many are accepted is not in a data sheet: it is given. What a step then reads and computes
follows, and how that compares with plain decoding. All times are floors.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from ncutool.base.checks import check_size
from ncutool.planning.llm.experts import Routing
from ncutool.planning.llm.limits import divides
from ncutool.planning.llm.model import Model
from ncutool.planning.llm.number_types import NUMBER_TYPES
from ncutool.planning.llm.predicting import predicting_model, without_head
from ncutool.planning.llm.setup import Setup
from ncutool.planning.llm.terms import ATTENTION, Pass, Work, decode_pass, work
from ncutool_parsers.errors import UsageError

_MOST_TOKENS = 64


class Proposing(Struct, frozen=True):
    """How tokens are proposed."""

    tokens: int
    """In each step."""
    acceptance: float
    """Probability that a proposed token is right if those before it are."""
    draft: Model | None = None
    """The model that proposes them; None where nothing but looking up does."""
    by_own_layers: bool = False
    """Whether the model's own layers for multi-token prediction do."""


class SpeculativeRow(Struct, frozen=True):
    """One batch, with and without."""

    batch: int
    plain_tokens_per_s: float
    tokens_per_s: float
    ratio: float
    fits: bool


class Speculation(Struct, frozen=True):
    """A step that checks what was proposed. Times are floors of the plan's batch and context."""

    source: str
    proposed_tokens: int
    acceptance: float
    tokens_per_step: float
    """On average, the step's own token among them."""
    draft_pass_ns: float
    """Of one token proposed for each sequence; 0 where that costs nothing."""
    verify_ns: float
    step_ns: float
    """All passes together, each resource working without pause."""
    in_turn_ns: float
    """The passes one after the other, as tokens depend on those before."""
    expected_in_turn_ns: float
    """The same with experts as expected: more tokens meet more experts."""
    bound: str
    plain_ns: float
    """Of a step without speculation."""
    expected_plain_ns: float
    tokens_per_s: float
    tokens_per_s_per_sequence: float
    ratio: float
    """Tokens a second over those of plain decoding, both at their floors (``step_ns``)."""
    in_turn_ratio: float
    expected_in_turn_ratio: float
    break_even_acceptance: float | None
    """From which the floors of passes in turn, experts as expected, give as much as plain decoding;
    None where not even 1 does."""
    intensity_flop_per_byte: float
    """Of all passes of a step, experts as expected: all FLOPs over all bytes."""
    plain_intensity_flop_per_byte: float
    attention_intensity_flop_per_byte: float | None
    """Of the checking pass: each cache is read once for all proposed tokens."""
    plain_attention_intensity_flop_per_byte: float | None
    useful_flop_pct: float
    """Share of the checked tokens that are kept."""
    draft_resident_bytes: float
    """That a device keeps for proposing: weights and caches."""
    fits: bool
    batches: tuple[SpeculativeRow, ...]


def speculate(
    setup: Setup,
    proposing: Proposing,
    batch: int,
    context_tokens: int,
    batches: Sequence[int],
    usable_bytes: float,
) -> Speculation:
    """Return what speculative decoding comes to on a setup.

    Raises:
        UsageError: a number is out of range, or the draft cannot be laid out or is not known.
    """
    _check(proposing)
    draft = _draft(setup, proposing)
    given = proposing.tokens
    per_step = tokens_per_step(proposing.acceptance, given)
    passes = _passes(setup, draft, given, batch, context_tokens, "fewest")
    usual = _passes(setup, draft, given, batch, context_tokens, "expected")
    plain, usual_plain = (work(setup, decode_pass(batch, context_tokens), way) for way in _ROUTINGS)
    together, in_turn, usual_in_turn = _together(passes), _in_turn(passes), _in_turn(usual)
    everything = _together(usual)
    kept = _resident(draft, proposing, batch, context_tokens)
    held = setup.resident_weight_bytes() + kept
    own = setup.deployment.sequences(batch) * (setup.kv_bytes(context_tokens) or 0.0)
    return Speculation(
        source=_source(proposing, draft),
        proposed_tokens=given,
        acceptance=proposing.acceptance,
        tokens_per_step=per_step,
        draft_pass_ns=0.0 if draft is None else passes[0].floor_ns,
        verify_ns=passes[-1].floor_ns,
        step_ns=together.floor_ns,
        in_turn_ns=in_turn,
        expected_in_turn_ns=usual_in_turn,
        bound=everything.bound,
        plain_ns=plain.floor_ns,
        expected_plain_ns=usual_plain.floor_ns,
        tokens_per_s=1e9 * batch * per_step / together.floor_ns,
        tokens_per_s_per_sequence=1e9 * per_step / together.floor_ns,
        ratio=per_step * plain.floor_ns / together.floor_ns,
        in_turn_ratio=per_step * plain.floor_ns / in_turn,
        expected_in_turn_ratio=per_step * usual_plain.floor_ns / usual_in_turn,
        break_even_acceptance=break_even(usual_in_turn / usual_plain.floor_ns, given),
        intensity_flop_per_byte=_intensity(everything),
        plain_intensity_flop_per_byte=_intensity(usual_plain),
        attention_intensity_flop_per_byte=_attention(setup, passes[-1]),
        plain_attention_intensity_flop_per_byte=_attention(setup, plain),
        useful_flop_pct=100 * per_step / (given + 1),
        draft_resident_bytes=kept,
        fits=held + own <= usable_bytes,
        batches=tuple(
            _row(setup, draft, proposing, each, context_tokens, usable_bytes) for each in batches
        ),
    )


_ROUTINGS: tuple[Routing, Routing] = ("fewest", "expected")


def tokens_per_step(acceptance: float, tokens: int) -> float:
    """Return the mean number of tokens that a step makes: its own, and those accepted in a row."""
    return sum(acceptance**index for index in range(tokens + 1))


def break_even(cost: float, tokens: int) -> float | None:
    """Return the acceptance at which a step makes as many tokens as it costs plain steps.

    None where more than all would have to be accepted.
    """
    if tokens + 1 < cost:
        return None
    low, high = 0.0, 1.0
    if tokens_per_step(low, tokens) >= cost:
        return low
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (low, middle) if tokens_per_step(middle, tokens) >= cost else (middle, high)
    return high


def _check(proposing: Proposing) -> None:
    check_size("the number of proposed tokens", proposing.tokens)
    if proposing.tokens > _MOST_TOKENS:
        raise UsageError(f"at most {_MOST_TOKENS} proposed tokens are planned for a step")
    if not 0 <= proposing.acceptance <= 1:
        raise UsageError(f"acceptance must be from 0 to 1, not {proposing.acceptance:g}")
    if proposing.by_own_layers and proposing.draft is not None:
        raise UsageError("--mtp and --draft both propose tokens: give one of them")


def _draft(setup: Setup, proposing: Proposing) -> Setup | None:
    """Return the setup of what proposes tokens, on the same devices; None where nothing does."""
    if not setup.sequence_is_known or not setup.heads_known:
        raise UsageError(
            f"{setup.model.name}: the shape of its attention is not known, so that no step that "
            "checks tokens can be told: describe the model by --config or sizes"
        )
    if proposing.by_own_layers:
        return replace(setup, model=predicting_model(setup.model))
    model = proposing.draft
    if model is None:
        return None
    if model.unknown_storage:
        raise UsageError(f"draft {model.name}: {model.unknown_storage}")
    layout = setup.deployment
    if model.experts is None or model.experts.count % layout.expert_parallel:
        layout = replace(layout, expert_parallel=1)
    if layout.pipeline_parallel > (model.layers or 1):
        raise UsageError(f"draft {model.name}: has fewer layers than the pipeline has stages")
    cache = NUMBER_TYPES[model.cache_type or model.trained_type]
    found = Setup(model, setup.device, "native", cache, None, layout)
    if not divides(found, layout.tensor_parallel):
        raise UsageError(
            f"draft {model.name}: its heads do not divide among {layout.tensor_parallel} devices"
        )
    if not found.sequence_is_known or not found.heads_known:
        raise UsageError(f"draft {model.name}: the shape of its attention is not known")
    return found


def _source(proposing: Proposing, draft: Setup | None) -> str:
    if draft is None:
        return "nothing that costs time"
    return "its own prediction layer" if proposing.by_own_layers else draft.model.name


def _passes(
    setup: Setup,
    draft: Setup | None,
    tokens: int,
    batch: int,
    context_tokens: int,
    routing: Routing,
) -> list[Work]:
    """Return the passes of a step: one for each proposed token, then the one that checks them.

    Checking needs logits of each token, and writes all of them to the cache.
    """
    passes = []
    if draft is not None:
        passes = [work(draft, decode_pass(batch, context_tokens), routing)] * tokens
    checked = Pass(batch, tokens + 1, context_tokens + tokens, tokens + 1)
    return [*passes, work(setup, checked, routing)]


def _together(passes: Sequence[Work]) -> Work:
    return Work(tuple(term for one in passes for term in one.terms))


def _in_turn(passes: Sequence[Work]) -> float:
    return sum(one.floor_ns for one in passes)


def _intensity(done: Work) -> float:
    return done.flop / (done.weight_bytes + done.cache_bytes)


def _attention(setup: Setup, done: Work) -> float | None:
    """Return the intensity of a pass's attention; None where there is none."""
    attention = done.of(ATTENTION)
    if not setup.model.caches or not attention.cache_bytes:
        return None
    return attention.flop / attention.cache_bytes


def _resident(draft: Setup | None, proposing: Proposing, batch: int, context_tokens: int) -> float:
    if draft is None:
        return 0.0
    own = draft
    if proposing.by_own_layers:
        own = replace(draft, model=without_head(draft.model))
    caches = draft.deployment.sequences(batch) * (draft.kv_bytes(context_tokens) or 0.0)
    return own.resident_weight_bytes() + caches


def _row(
    setup: Setup,
    draft: Setup | None,
    proposing: Proposing,
    batch: int,
    context_tokens: int,
    usable_bytes: float,
) -> SpeculativeRow:
    """Return one batch at floors, passes in turn, experts as expected."""
    passes = _passes(setup, draft, proposing.tokens, batch, context_tokens, "expected")
    plain = work(setup, decode_pass(batch, context_tokens), "expected").floor_ns
    made = tokens_per_step(proposing.acceptance, proposing.tokens)
    taken = _in_turn(passes)
    kept = _resident(draft, proposing, batch, context_tokens) + setup.resident_weight_bytes()
    own = setup.deployment.sequences(batch) * (setup.kv_bytes(context_tokens) or 0.0)
    return SpeculativeRow(
        batch, 1e9 * batch / plain, 1e9 * batch * made / taken, made * plain / taken,
        kept + own <= usable_bytes,
    )  # fmt: skip
