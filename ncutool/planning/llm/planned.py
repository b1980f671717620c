"""The record of a plan: a model on a device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from ncutool.base.shown import Shown
from ncutool.devices.resolve import Device
from ncutool.planning.llm.limits import CacheLimit, Crossover, Memory
from ncutool.planning.llm.model import Model
from ncutool.planning.llm.setup import Setup
from ncutool.planning.llm.shares import Shares
from ncutool.planning.llm.step import Prefill, Step
from ncutool.planning.llm.ways import Found

if TYPE_CHECKING:
    from ncutool.planning.llm.questions import Answers
    from ncutool.planning.llm.serving import Serving
    from ncutool.planning.llm.usual.step import Usual


class Types(Struct, frozen=True):
    """Types, and the roofs their arithmetic is held against."""

    weights: str
    kv: str
    activations: str
    """Of the inputs of most of the matrix products."""
    activations_from: str
    """``asked``, ``checkpoint``, ``weights`` (they follow their type) or ``trained``."""
    roof: str
    """Of most of the matrix products."""
    attention_roof: str
    stored: tuple[tuple[str, str, float], ...]
    """Of each part of the model: its name, its type, bytes a value with scales."""
    storage: tuple[tuple[str, str], ...]
    """Of each type in use: what is counted."""


class RuleOfThumb(Struct, frozen=True):
    """All weights once through memory: the arithmetic people do by hand, batch 1."""

    ns: float
    tokens_per_s: float


class WithActivations(Struct, frozen=True):
    """The same plan with inputs of another type."""

    activations: str
    roof: str
    peak_flop_per_s: float
    decode_ns: float
    """Floor, of the plan's batch; so is ``prefill_ns`` of its prompt."""
    prefill_ns: float
    whole_step: float | None
    """Batch where the whole step turns compute-bound, experts as expected."""


class Plan(Shown, Struct, frozen=True):
    """A model on a device. Bytes and FLOPs are those of one device unless named otherwise."""

    setup: Setup
    model: Model
    device: Device
    types: Types
    other_activations: tuple[WithActivations, ...]
    """The figures with other types of inputs that the device has arithmetic for."""
    tensor_parallel: int
    batch: int
    context_tokens: int
    peak_flop_per_s: float
    peak_bytes_per_s: float
    ridge_point_flop_per_byte: float
    memory: Memory
    decode: Step
    rule_of_thumb: RuleOfThumb
    prefill: Prefill
    crossover: Crossover
    cache_limit: CacheLimit | None
    equal_context_tokens: int | None
    """Where the cache of one sequence weighs as much as the weights; None is never or not known."""
    all_reduce_bytes: int | None
    """What the devices of a group sum in a step of the plan's batch, in the type of whatever is not
    quantised; the least that must be sent for it is in ``link_bytes`` of the step."""
    batches: tuple[Step, ...]
    contexts: tuple[Step, ...]
    notes: tuple[str, ...]
    shares: Shares
    serving: Serving | None = None
    """Requests without end; None where no length of an answer was given, or ``serving_reason``."""
    serving_reason: str | None = None
    answers: Answers | None = None
    """To what was asked backwards; None where nothing was."""
    ways: Found = field(default_factory=Found)
    """What came of further ways to serve it that were asked for."""
    usual: Usual | None = None
    """What is usual, from measured rows; None where none were given."""
