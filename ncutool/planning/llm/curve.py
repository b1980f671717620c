"""Throughput against the speed of each user: what a deployment gives at each batch, at most.

The plot people know from InferenceMAX, with floors in place of measurements: no program lies above
the curve, and where memory ends it ends.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from msgspec import Struct

from ncutool.planning.llm.planned import Plan
from ncutool.planning.llm.questions import largest_batch
from ncutool.planning.llm.step import Step, decode_step

_FEWEST, _MOST = 6, 20
"""Doublings of the batch: at least so many are looked at, and no more."""
_POWERS = range(-1, 6)
_DIGITS = ((1, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,))
"""Of round speeds: the closest that do not make a table too long."""
_ROWS = 8
"""Speeds that a table of the curve asks for, at most."""
LIMITS = ("plan", "memory", "compute")
"""What a batch of the curve may be beside a doubling: the plan's own, the largest that memory
holds, the first that is compute-bound."""


class CurvePoint(Struct, frozen=True):
    """One batch of a deployment. Rates are the most that floors allow."""

    batch: int
    floor_ns: float
    tokens_per_s_per_sequence: float
    """What each user gets."""
    tokens_per_s: float
    """Of all devices together."""
    tokens_per_s_per_device: float
    expected_ns: float
    """With experts of a mixture chosen uniformly; the floor of a dense model."""
    expected_tokens_per_s_per_sequence: float
    expected_tokens_per_s_per_device: float
    bound: str
    """With experts as expected."""
    limit: str
    fits: bool
    marks: tuple[str, ...]
    """Which of :data:`LIMITS` it is."""


class AtSpeed(Struct, frozen=True):
    """The largest batch that may give each user a speed, and fits."""

    tokens_per_s_per_sequence: float
    """What was asked for."""
    batch: int
    step_ns: float
    tokens_per_s: float
    tokens_per_s_per_device: float
    stopped_by: str
    """``time``: a larger batch is slower than that; ``memory``: none fits."""


def curve(plan: Plan, steps: Iterable[Step] | None = None) -> tuple[CurvePoint, ...]:
    """Return the curve of a plan's deployment at its context, the smallest batch first.

    Args:
        plan: the plan.
        steps: its steps at :func:`curve_batches`, where they are known already.
    """
    marks = _marked(plan)
    return tuple(
        _point(step, plan.memory.devices, marks.get(step.batch, ()))
        for step in (curve_steps(plan) if steps is None else steps)
    )


def curve_batches(plan: Plan) -> tuple[int, ...]:
    """Return the batches of the curve: doublings of the smallest until one does not fit, with those
    of :data:`LIMITS` between them."""
    least, most = plan.setup.deployment.least_batch, plan.memory.most_sequences
    last = 12 if most is None else max(_FEWEST, math.ceil(math.log2(max(1, most / least)) + 1e-9))
    doubled = {least << step for step in range(min(_MOST, last) + 1)}
    ends = max(doubled)
    return tuple(sorted(doubled | {batch for batch in _marked(plan) if least <= batch <= ends}))


def curve_steps(plan: Plan) -> tuple[Step, ...]:
    """Return the decode step of each of :func:`curve_batches`."""
    return tuple(
        decode_step(plan.setup, batch, plan.context_tokens, plan.memory.usable_bytes)
        for batch in curve_batches(plan)
    )


def _marked(plan: Plan) -> dict[int, tuple[str, ...]]:
    """Return what some batches are beside doublings."""
    turning = plan.crossover.whole_step
    places = {
        "plan": plan.batch,
        "memory": plan.memory.most_sequences,
        "compute": None if turning is None else math.floor(turning) + 1,
    }
    found: dict[int, tuple[str, ...]] = {}
    for name, batch in places.items():
        if batch:
            found[batch] = (*found.get(batch, ()), name)
    return found


def _point(step: Step, devices: int, marks: tuple[str, ...]) -> CurvePoint:
    return CurvePoint(
        batch=step.batch,
        floor_ns=step.floor_ns,
        tokens_per_s_per_sequence=step.tokens_per_s_per_sequence,
        tokens_per_s=step.tokens_per_s,
        tokens_per_s_per_device=step.tokens_per_s / devices,
        expected_ns=step.expected.ns,
        expected_tokens_per_s_per_sequence=1e9 / step.expected.ns,
        expected_tokens_per_s_per_device=step.expected.tokens_per_s / devices,
        bound=step.bound,
        limit=step.limit,
        fits=step.fits,
        marks=marks,
    )


def at_speeds(plan: Plan, points: tuple[CurvePoint, ...]) -> tuple[AtSpeed, ...]:
    """Return what the deployment may give at round speeds of each user, the fastest first.

    Nothing where the cache or the attention is not known, or nothing fits.
    """
    asked = asked_speeds([points])
    found = (at_speed(plan, speed) for speed in asked)
    return tuple(one for one in found if one is not None)


def asked_speeds(curves: Iterable[Sequence[CurvePoint]]) -> tuple[float, ...]:
    """Return round speeds of a user between the slowest and the fastest of curves, the fastest
    first."""
    speeds = [one.tokens_per_s_per_sequence for points in curves for one in points if one.fits]
    if not speeds:
        return ()
    asked: list[float] = []
    for digits in _DIGITS:
        round_ones = [digit * 10.0**power for power in _POWERS for digit in digits]
        asked = [speed for speed in round_ones if min(speeds) <= speed <= max(speeds)]
        if len(asked) <= _ROWS:
            break
    return tuple(reversed(asked))


def at_speed(plan: Plan, speed: float) -> AtSpeed | None:
    """Return the largest batch that may give each user a speed, and fits.

    None where no batch does, or where the cache or the attention is not known.
    """
    if not (plan.setup.sequence_is_known and plan.setup.heads_known):
        return None
    found = largest_batch(plan.setup, plan.context_tokens, 1e9 / speed, plan.memory.usable_bytes)
    if found.batch is None or found.tokens_per_s is None:
        return None
    return AtSpeed(
        speed, found.batch, found.step_ns, found.tokens_per_s,
        found.tokens_per_s / plan.memory.devices, found.stopped_by,
    )  # fmt: skip


class SpeedRow(Struct, frozen=True):
    """What several deployments may give at one speed of each user."""

    tokens_per_s_per_sequence: float
    found: tuple[AtSpeed | None, ...]
    """Of each deployment; None where no batch gives that speed."""


def compared_speeds(plans: Sequence[Plan], curves: Sequence[Curve]) -> tuple[SpeedRow, ...]:
    """Return what deployments may give at round speeds of each user, the fastest first."""
    return tuple(
        SpeedRow(speed, tuple(at_speed(plan, speed) for plan in plans))
        for speed in asked_speeds([curve.points for curve in curves])
    )


class Curve(Struct, frozen=True):
    """The curve of one deployment, with the name that tells it from others."""

    name: str
    devices: int
    points: tuple[CurvePoint, ...]
    is_mixture: bool


def named_curves(plans: Iterable[tuple[str, Plan]]) -> tuple[Curve, ...]:
    """Return the curves of several deployments; equal names are numbered."""
    found: list[Curve] = []
    for name, plan in plans:
        same = sum(one.name == name or one.name.startswith(f"{name} #") for one in found)
        shown = f"{name} #{same + 1}" if same else name
        found.append(Curve(shown, plan.memory.devices, curve(plan), plan.model.experts is not None))
    return tuple(found)
