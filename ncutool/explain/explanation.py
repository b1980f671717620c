"""What an explanation of one launch is made of: steps with their formulas, checks, a verdict."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ncutool.analysis.inside_path import Message, PathStep
from ncutool.explain.traced import Leaf, expression_of, leaves, numeric, symbolic
from ncutool.roofline.bound import Check

Value = int | float | str | None


class Input(Struct, frozen=True):
    """Something recorded that a step rests on."""

    name: str
    value: Value
    where: str
    """Where it was recorded, e.g. ``metric of the report``."""


class Step(Struct, frozen=True):
    """One figure and how it comes about."""

    name: str
    """A column of :data:`ncutool.base.tables.KERNELS`, or a part of one."""
    value: Value
    unit: str
    formula: str | None
    """Its arithmetic with the numbers filled in (``+ − × ÷ floor round min``), in base units;
    None where the value was recorded as it is, or is not known."""
    symbols: str | None
    """The same with the names of what was recorded; None where that says nothing more."""
    inputs: tuple[Input, ...]
    source: str
    """Where the formula, or the recorded value, comes from."""
    note: str | None = None
    """What qualifies it, or why it is not known."""


class Explanation(Struct, frozen=True):
    """Every figure of one launch, traced to what was recorded."""

    capture: str
    launch_id: int
    kernel: str
    kernel_full: str
    op: str | None
    signature: str | None
    chosen: str | None
    """How the launch was picked, where it was not named by its id."""
    steps: tuple[Step, ...]
    checks: tuple[Check, ...]
    """In the order in which the bound was decided; the last one that was needed ends them."""
    bound: str
    bound_reason: str
    flag: str | None
    missing_reason: str | None
    remark: str | None
    path: tuple[PathStep, ...] = ()
    """Why it takes as long as it does, question by question (reports)."""
    messages: tuple[Message, ...] = ()
    """What NVIDIA's own rules printed of it (reports)."""


def computed(
    name: str,
    number: Any,
    unit: str,
    source: str,
    *,
    inputs: tuple[Input, ...] = (),
    note: str | None = None,
) -> Step:
    """Return a step from a traced number: its formula, its names, and what was recorded for it."""
    expression = expression_of(number)
    value = int(number) if isinstance(number, int) else float(number)
    if isinstance(expression, Leaf):
        own = () if expression.name is None else (_input(expression),)
        return Step(name, value, unit, None, None, (*own, *inputs), source, note)
    formula, symbols = numeric(expression), symbolic(expression)
    return Step(
        name=name,
        value=value,
        unit=unit,
        formula=formula,
        symbols=symbols if symbols != formula else None,
        inputs=(*(_input(recorded_number) for recorded_number in leaves(expression)), *inputs),
        source=source,
        note=note,
    )


def _input(recorded_number: Leaf) -> Input:
    return Input(recorded_number.name or "", recorded_number.value, recorded_number.where)


def recorded(
    name: str,
    value: Value,
    unit: str,
    source: str,
    *,
    inputs: tuple[Input, ...] = (),
    note: str | None = None,
) -> Step:
    """Return a step whose value was recorded as it is, or is not known."""
    return Step(name, value, unit, None, None, inputs, source, note)
