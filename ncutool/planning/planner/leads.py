"""At which batches one device gives more tokens than another."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ncutool.base.checks import LARGEST
from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.devices.resolve import Device
from ncutool.planning import llm
from ncutool.planning.llm import Model, Plan
from ncutool.planning.llm.step import decode_step

_SEARCHED = 2**20
"""Batches past this are none; where memory sets no limit the search ends here."""
_EACH = IntThreshold(
    256, "batches", "those of a mixture of experts looked at one by one", "judgement"
)
_GROWTH = Threshold(1.05, "times", "from batch to batch looked at beyond these", "judgement")


class Planned:
    """A model's plan on a device, and its step at any batch."""

    def __init__(self, model: Model | str, device: Device, options: Mapping[str, Any]) -> None:
        self.plan: Plan = llm.plan(model, device, **{**options, "batches": (), "contexts": ()})
        self._setup = self.plan.setup

    def step_ns(self, batch: int) -> float:
        """Return the floor of a decode step."""
        return decode_step(self._setup, batch, self.plan.context_tokens, math.inf).floor_ns

    @property
    def most(self) -> int:
        """Sequences that memory allows, as far as is searched."""
        allowed = self.plan.memory.most_sequences
        if allowed is None:
            return _SEARCHED if self.plan.memory.fits else 0
        return min(allowed, LARGEST)


def ahead_of(
    first: Planned, other: Planned, prices: tuple[float, float], most: int
) -> tuple[tuple[int, int], ...]:
    """Return the batches at which ``other`` gives more than ``first``, since its step costs less.

    A step's time is linear in the batch on either side of the batch where it turns compute-bound,
    so that between those of the two its sign changes once at most (a mixture of experts bends in
    between: small batches are looked at one by one, larger ones closely).
    """

    def leads(batch: int) -> bool:
        return prices[1] * other.step_ns(batch) < prices[0] * first.step_ns(batch) * (1 - 1e-12)

    stops = _stops(first, other, most)
    states = [leads(stop) for stop in stops]
    ranges: list[tuple[int, int]] = []
    begin = stops[0] if states[0] else None
    for low, high, was, now in zip(stops, stops[1:], states, states[1:], strict=False):
        if was == now:
            continue
        before, after = low, high
        while after - before > 1:
            middle = (before + after) // 2
            before, after = (middle, after) if leads(middle) == was else (before, middle)
        if now:
            begin = after
        elif begin is not None:
            ranges.append((begin, before))
            begin = None
    if begin is not None:
        ranges.append((begin, most))
    return tuple(ranges)


def beating(first: Planned, other: Planned, prices: tuple[float, float]) -> int | None:
    """Return the smallest batch of ``other`` that gives more than the first ever does.

    Throughput never falls as the batch grows, so that halving the range finds the first.
    """
    most = first.plan.memory.most_sequences
    if not most or not other.plan.memory.most_sequences:
        return None
    goal = most / (prices[0] * first.step_ns(most)) * (1 + 1e-12)

    def beats(batch: int) -> bool:
        return batch / (prices[1] * other.step_ns(batch)) > goal

    low, high = _least(first, other) - 1, other.most
    if not beats(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if beats(middle) else (middle, high)
    return high


def _least(first: Planned, other: Planned) -> int:
    """Return the smallest batch that keeps all devices of both at work."""
    return max(each.plan.setup.deployment.least_batch for each in (first, other))


def _stops(first: Planned, other: Planned, most: int) -> list[int]:
    """Return batches between which the sign changes once at most."""
    least = min(_least(first, other), most)
    stops = {least, most}
    # Links are a third resource, whose turning is not among those below.
    devices = max(first.plan.memory.devices, other.plan.memory.devices)
    if first.plan.model.experts is not None or devices > 1:
        stops |= set(range(least, min(most, _EACH) + 1))
        value = float(_EACH)
        while value < most:
            value *= _GROWTH
            stops.add(min(most, round(value)))
    for each in (first, other):
        turning = each.plan.crossover.whole_step
        if turning is not None and least <= turning < most:
            stops |= {math.floor(turning), math.ceil(turning)}
    return sorted(stops)
