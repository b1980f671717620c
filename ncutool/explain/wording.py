"""Explanations in words that every output shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.base import units

if TYPE_CHECKING:
    from ncutool.explain.explanation import Input, Step

_SCALED = {"FLOP": "FLOP", "FLOP/s": "FLOP/s", "byte": "B", "byte/s": "B/s"}


def value_of(step: Step) -> str:
    """Return a figure as people read it, then in base units: `51.6 GFLOP (51581550592 FLOP)`."""
    if not isinstance(step.value, int | float):
        return "not known" if step.value is None else str(step.value)
    exact = plain(step.value)
    if step.unit == "ns":
        return f"{units.time(step.value)} ({exact} ns)"
    if step.unit in _SCALED:
        return f"{units.scaled(step.value, _SCALED[step.unit])} ({exact} {step.unit})"
    return f"{exact} {step.unit}".rstrip()


def plain(value: float) -> str:
    """Return a number in base units without separators; a fraction to 8 digits."""
    return str(int(value)) if float(value).is_integer() else f"{value:.8g}"


def notes(step: Step) -> list[str]:
    """Return the lines under a figure: its formula by names, what was recorded, the source."""
    lines = [f"= {step.symbols}"] if step.symbols else []
    lines += [_input(item) for item in step.inputs if item.where != "above"]
    lines.append(f"by: {step.source}")
    if step.note:
        lines.append(f"note: {step.note}")
    return lines


def _input(item: Input) -> str:
    value = plain(item.value) if isinstance(item.value, int | float) else item.value
    return f"{item.name}: {value} ({item.where})"


def answer(holds: bool) -> str:
    """Whether a comparison holds."""
    return "yes" if holds else "no"
