"""What a plan is held against, and what comes of it: the shapes of the data alone."""

from __future__ import annotations

from msgspec import Struct

from ncutool.planning.llm.floors import Floor, Phase
from ncutool.planning.llm.matching import Match, Seen
from ncutool.planning.llm.planned import Plan

PRODUCTS, EXPERTS, ATTENTION, REST = "products", "experts", "attention", "norms and elementwise"
UNKNOWN, COMMUNICATION, IDLE = "unknown", "communication", "idle"
GROUPS = (PRODUCTS, EXPERTS, ATTENTION, REST, UNKNOWN, COMMUNICATION, IDLE)
"""Parts of a step. Where launches overlap, time counts under the first of these."""


class PartLengths(Struct, frozen=True):
    """Sequences of a step, or of the prompts or decoded sequences in it; an unknown is None."""

    source: str
    """Where they come from: an annotation, the attention's shapes, or options."""
    phase: Phase | None = None
    sequences: int | None = None
    new_tokens: int | None = None
    """Tokens that pass the layers, all sequences together."""
    cached_tokens: float | None = None
    """Keys that all sequences attend to, together, the new tokens among them."""
    pairs: float | None = None
    alike: bool = False


class Lengths(PartLengths, frozen=True):
    """Sequences of a step, as recorded or asked for."""

    parts: tuple[PartLengths, ...] = ()
    """Of a step with prompts (or chunks of them) beside decoded sequences: those of each."""


class Part(Struct, frozen=True):
    """Time of the window under one heading of :data:`GROUPS`."""

    name: str
    ns: int
    by_name_ns: int = 0
    """Of it, time of launches that only a kernel's name puts here."""


class Observed(Struct, frozen=True):
    """What a capture shows of its steps."""

    capture: str
    device: str | None
    wall_ns: int
    busy_ns: int
    steps: int | None
    """Whole annotated steps in the window; None where no annotation tells."""
    steps_reason: str
    trimmed: tuple[str, ...]
    parts: tuple[Part, ...]
    """They sum to ``wall_ns``."""
    products: tuple[Seen, ...]
    opaque_ns: int
    """Time of launches that may read weights, but do not tell their shapes."""
    lengths: Lengths | None
    """Sequences and their lengths; None where nothing tells of them."""
    lengths_reason: str | None
    """Why what is recorded of them is not used."""
    attention_launches: int
    """Launches of attention in the window, by operator or by kernel name."""
    attention_dtype: str | None
    """Data type of the attention's queries, where all agree."""
    kv_bytes: int | None
    """Keys and values that the attention's operators were given in a step of the window."""
    kv_reason: str | None
    ranks: int | None
    expert_weights: tuple[ExpertWeights, ...] = ()
    """Weights of experts that operators were given, each shape once."""


class ExpertWeights(Struct, frozen=True):
    """Weights of all experts of a layer that one device holds, as an operator was given them."""

    experts: int
    rows: int
    columns: int

    @property
    def label(self) -> str:
        """Return the dimensions of the tensor as a row names them."""
        return f"[{self.experts},{self.rows},{self.columns}]"


class Untested(Struct, frozen=True):
    """Something of the plan that the capture cannot test."""

    what: str
    why: str


class Contradiction(Struct, frozen=True):
    """A floor above the measured time: one of the two is wrong."""

    floor_ns: float
    measured_ns: float
    sentence: str


class Asked(Struct, frozen=True):
    """What the user says of the capture, where it does not say it itself."""

    phase: Phase | None = None
    batch: int | None = None
    context_tokens: int | None = None
    prompt_tokens: int | None = None


class Row(Struct, frozen=True):
    """One part of a step, in nanoseconds and bytes a step."""

    name: str
    ns: float
    by_name_ns: float
    wall_pct: float
    floor_ns: float | None
    """None where the plan gives none; 0 where it counts no work at all."""
    reached_pct: float | None
    """Floor over time."""
    distance_ns: float | None
    """Time beyond the floor."""
    distance_pct: float | None
    """Of the whole distance from the step to its floor."""
    reason: str | None


class ProductRow(Struct, frozen=True):
    """Products of one shape, a step."""

    weights: str
    shape: str
    calls: float
    seen_bytes: float | None
    planned_bytes: float
    ns: float
    floor_ns: float
    reached_pct: float | None


class Comparison(Struct, frozen=True):
    """A plan against a capture; shares are None where the two do not fit together."""

    plan: Plan
    observed: Observed
    match: Match
    fitting: tuple[str, ...]
    """Presets whose shapes are the capture's, as options; sought where the plan's are not."""
    problems: tuple[str, ...]
    """Why nothing is compared; empty where it is."""
    phase: Phase | None
    phase_reason: str
    lengths: Lengths | None
    rows: int | None
    steps: int | None
    step_ns: float | None
    step_busy_ns: float | None
    seen_weight_bytes: float | None
    planned_weight_bytes: float | None
    """Of the matrices whose products were seen."""
    kv_bytes: float | None
    kv_reason: str | None
    floor: Floor | None
    """All parts overlapped, experts as few as may be: no step is shorter."""
    floor_ns: float | None
    """The same, or what devices must send each other where that takes longer."""
    reached_pct: float | None
    busy_reached_pct: float | None
    expected_floor_ns: float | None
    worst_floor_ns: float | None
    """With experts as a uniform choice touches them, and with the most that may be; None for a
    dense model."""
    link_ns: float | None
    """What devices must send each other at least; None for one device, or where not known."""
    parts: tuple[Row, ...]
    products: tuple[ProductRow, ...]
    notes: tuple[str, ...]
    contradiction: Contradiction | None = None
    untested: tuple[Untested, ...] = ()
