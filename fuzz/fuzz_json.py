"""Mutators of any JSON document: model configurations, measured rates, diagnoses, questions."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import fuzz_values as values

Mutator = Callable[[Random, Any], None]
Slot = tuple[Any, Any]
"""An object or a list, and the key or place of one value in it."""
_NEAR: tuple[Any, ...] = (
    0,
    1,
    2,
    3,
    -1,
    0.5,
    7,
    64,
    4097,
    10**6,
    10**9,
    "0",
    "fp8",
    True,
    None,
    [],
    {},
)
"""Values that a field may well hold, and with which the others no longer agree."""


def _slots(document: Any) -> Iterator[Slot]:
    """Every place of a value, outer ones first."""
    waiting = [document]
    while waiting:
        one = waiting.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one) if _is_list(one) else 0)
        for key in keys:
            yield one, key
            waiting.append(one[key])


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _chosen(random: Random, document: Any) -> Slot:
    """One of the places; half of the time an outermost one, which are few beside the inner ones."""
    slots = list(_slots(document))
    if not slots:
        return {}, "none"
    outer = [slot for slot in slots if slot[0] is document]
    holder, key = random.choice(outer if outer and random.random() < 0.5 else slots)
    return holder, key


def extreme(random: Random, document: Any) -> None:
    """Put something extreme in the place of a value."""
    holder, key = _chosen(random, document)
    holder[key] = values.any_value(random)


def near(random: Random, document: Any) -> None:
    """Put something likely in the place of a value."""
    holder, key = _chosen(random, document)
    holder[key] = random.choice(_NEAR)


def scale(random: Random, document: Any) -> None:
    """Make a number larger, smaller or negative."""
    slots = [(one, key) for one, key in _slots(document) if type(one[key]) in (int, float)]
    if slots:
        holder, key = random.choice(slots)
        factor = random.choice((2, 3, 0, -1, 10**6, 10**15, 1e-9, 1e300))
        holder[key] = holder[key] * factor if abs(holder[key]) < 1e300 else 0


def leave_out(random: Random, document: Any) -> None:
    """Take a value away."""
    holder, key = _chosen(random, document)
    if holder:
        del holder[key]


def exchange(random: Random, document: Any) -> None:
    """Let two values change their places."""
    slots = list(_slots(document))
    if not slots:
        return
    (one, first), (two, second) = random.choice(slots), random.choice(slots)
    a, b = copy.deepcopy(one[first]), copy.deepcopy(two[second])
    one[first], two[second] = b, a


def repeat(random: Random, document: Any) -> None:
    """Have a list hold some of its values several times."""
    lists = [one[key] for one, key in _slots(document) if _is_list(one[key]) and one[key]]
    if lists:
        chosen = random.choice(lists)
        chosen.extend([copy.deepcopy(random.choice(chosen))] * random.choice((1, 2, 200)))


def wrap(random: Random, document: Any) -> None:
    """Put a value into a list or an object of its own."""
    holder, key = _chosen(random, document)
    if holder:
        holder[key] = random.choice(([holder[key]], {"a": holder[key]}))


MUTATORS: dict[str, Mutator] = {
    f"json-{one.__name__}": one for one in (extreme, near, scale, leave_out, exchange, repeat, wrap)
}
