"""Where the parts of a plan stand on the device's roofs: FLOPs over bytes, and FLOPs over time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from ncutool.planning.llm.experts import Routing
from ncutool.planning.llm.number_types import NUMBER_TYPES
from ncutool.planning.llm.planned import Plan
from ncutool.planning.llm.setup import Setup
from ncutool.planning.llm.terms import ATTENTION, Pass, Work, decode_pass, prompt_pass, work

LAYERS, ATTENDING, WHOLE, PREFILL = "FC layers", "attention", "whole step", "prefill"
"""Kinds of marks: the matrix products of a decode step, its attention, all of it; a prompt."""
_SHOWN = (
    ("bf16_tensor", "fp16_tensor", "fp16", "fp32"), ("fp8_tensor", "int8_tensor"), ("fp4_tensor",),
)  # fmt: skip
"""Roofs that a picture shows: the first that a device has of each group."""


class RoofMark(Struct, frozen=True):
    """One part of a plan on the plane of a roofline, on one device and without its links."""

    kind: str
    batch: int | None
    """None for a prompt."""
    activations: str
    """Type of the layers' inputs."""
    intensity_flop_per_byte: float
    flop_per_s: float
    """At most: all FLOPs over the longer of arithmetic and memory."""
    bound: str
    """``memory`` or ``compute``."""


class Roof(Struct, frozen=True):
    """One compute roof of the device."""

    name: str
    peak_flop_per_s: float
    is_used: bool
    """Whether arithmetic of the plan is held against it."""


def decode_marks(plan: Plan, batches: Iterable[int]) -> tuple[RoofMark, ...]:
    """Return the parts of a decode step at each batch, experts as expected."""
    routing: Routing = "fewest" if plan.model.experts is None else "expected"
    found: list[RoofMark] = []
    for batch in batches:
        done = work(plan.setup, decode_pass(batch, plan.context_tokens), routing)
        parts = ((LAYERS, done.products), (ATTENDING, done.of(ATTENTION)), (WHOLE, done))
        found += [
            mark
            for kind, part in parts
            if (mark := _mark(kind, batch, plan.types.activations, part)) is not None
        ]
    return tuple(found)


def prefill_marks(plan: Plan) -> tuple[RoofMark, ...]:
    """Return the plan's prompt, and the same with other types of inputs."""
    routing: Routing = "fewest" if plan.model.experts is None else "expected"
    given = prompt_pass(plan.prefill.prompt_tokens, plan.prefill.prompts)
    found = []
    for name, setup in _setups(plan):
        mark = _mark(PREFILL, None, name, work(setup, given, routing))
        found += [] if mark is None else [mark]
    return tuple(found)


def _setups(plan: Plan) -> Iterator[tuple[str, Setup]]:
    """Return the plan with each type of inputs that it speaks of."""
    yield plan.types.activations, plan.setup
    for other in plan.other_activations:
        kind = NUMBER_TYPES[other.activations]
        yield other.activations, replace(plan.setup, activations=kind)


def _mark(kind: str, batch: int | None, activations: str, done: Work) -> RoofMark | None:
    """Return a part's place; None where it has no FLOPs or no bytes."""
    moved = done.weight_bytes + done.cache_bytes
    longest = max(done.compute_ns, done.memory_ns)
    if done.flop <= 0 or moved <= 0 or longest <= 0:
        return None
    return RoofMark(
        kind=kind,
        batch=batch,
        activations=activations,
        intensity_flop_per_byte=done.flop / moved,
        flop_per_s=1e9 * done.flop / longest,
        bound="compute" if done.compute_ns > done.memory_ns else "memory",
    )


def roofs(plan: Plan) -> tuple[Roof, ...]:
    """Return the roofs that the plan is held against, and the device's for narrower types."""
    used: set[str] = set()
    passes: tuple[Pass, ...] = (
        decode_pass(plan.batch, plan.context_tokens),
        prompt_pass(plan.prefill.prompt_tokens, plan.prefill.prompts),
    )
    for _, setup in _setups(plan):
        used |= {
            term.roof
            for given in passes
            for term in work(setup, given).terms
            if term.roof is not None and term.flop > 0
        }
    peaks = plan.device.peak_flop_per_s
    others = {next((name for name in group if name in peaks), None) for group in _SHOWN}
    same = {peaks[name] for name in used}
    names = used | {name for name in others if name and peaks[name] not in same}
    return tuple(
        Roof(name, peaks[name], name in used)
        for name in sorted(names, key=lambda name: (-peaks[name], name))
    )
