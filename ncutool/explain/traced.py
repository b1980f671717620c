"""Numbers that remember how they were made, so that a figure can show its formula filled in.

A traced number is an ordinary ``int`` or ``float`` to the code that computes with it; its result
carries the expression beside the value. The formula that is shown is therefore the one that was
computed, by whichever branch of the models was taken, and cannot drift from it. Where code drops
the trace (``int(x)``), the number goes on as a plain one: less detail, never a wrong value.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from ncutool.base.limits import lesser

Number = int | float
_MOST_TERMS = 24
"""Terms of a sum that are written out; the rest are given as one number."""
_POWERS = {10**power: f"1e{power}" for power in range(6, 16)}


class Leaf(Struct, frozen=True):
    """A number that was not computed here: recorded, or a constant of a formula."""

    value: Number
    name: str | None = None
    """What it is called, e.g. a metric's name; None for a constant."""
    where: str = ""
    """Where it was recorded."""


class Node(Struct, frozen=True):
    """An operation: ``+ − × ÷``, or a function (``round``, ``floor``, ``min``)."""

    symbol: str
    parts: tuple[Expression, ...]
    value: Number


Expression = Leaf | Node


class _Traced:
    """What traced whole and traced other numbers share."""

    expression: Expression

    def __round__(self, digits: int | None = None) -> Any:
        value = round(_plain(self), digits) if digits is not None else round(_plain(self))
        if value == _plain(self):
            return traced(value, self.expression)
        if digits is not None:
            return value
        return traced(value, Node("round", (self.expression,), value))

    def __abs__(self) -> Any:
        return self if _plain(self) >= 0 else abs(_plain(self))


class TracedInt(_Traced, int):  # type: ignore[misc] # __round__ may be a float's
    """A whole number with its expression."""


class TracedFloat(_Traced, float):  # type: ignore[misc] # see TracedInt
    """Any other number with its expression."""


def traced(value: Number, expression: Expression) -> Any:
    """Return ``value`` as a number that carries the expression that gives it."""
    number = TracedInt(value) if isinstance(value, int) else TracedFloat(value)
    number.expression = expression
    return number


def leaf(value: Number, name: str | None = None, where: str = "") -> Any:
    """Return a recorded number that carries its name."""
    return traced(value, Leaf(_plain(value), name, where))


@lesser.register(_Traced)
def minimum(first: Number, second: Number) -> Any:
    """Return the lesser of two numbers; its expression shows both."""
    value = min(_plain(first), _plain(second))
    return traced(value, Node("min", (expression_of(first), expression_of(second)), value))


def expression_of(number: Number) -> Expression:
    """Return the expression of a number; a plain number stands for itself."""
    return number.expression if isinstance(number, _Traced) else Leaf(number)


def _plain(number: Any) -> Any:
    """Return the same number without its expression."""
    if isinstance(number, TracedInt):
        return int(number)
    return float(number) if isinstance(number, TracedFloat) else number


def _binary(symbol: str, function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        if not isinstance(other, int | float):
            return NotImplemented
        return _combined(symbol, function, self, other)

    return method


def _reflected(symbol: str, function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        if not isinstance(other, int | float):
            return NotImplemented
        return _combined(symbol, function, other, self)

    return method


def _combined(symbol: str, function: Callable[[Any, Any], Any], first: Any, second: Any) -> Any:
    value = function(_plain(first), _plain(second))
    return traced(value, _simplified(symbol, expression_of(first), expression_of(second), value))


def _simplified(symbol: str, first: Expression, second: Expression, value: Number) -> Expression:
    """Return the operation without steps that change nothing: 0 + x, 1 × x, x ÷ 1, (x − 1) + 1."""
    if symbol == "+" and _is(first, 0):
        return second
    if symbol in "+−" and _is(second, 0):
        return first
    if symbol == "×" and _is(first, 1):
        return second
    if symbol in ("×", "÷", "floor") and _is(second, 1) and first.value == value:
        return first
    if symbol == "+" and _is(second, 1) and isinstance(first, Node) and first.symbol == "−":
        return first.parts[0] if _is(first.parts[1], 1) else Node(symbol, (first, second), value)
    if symbol == "floor":
        quotient = Node("÷", (first, second), first.value / second.value)
        return quotient if quotient.value == value else Node("floor", (quotient,), value)
    return Node(symbol, (first, second), value)


def _is(expression: Expression, value: Number) -> bool:
    """Whether it is that very constant, and nothing recorded."""
    return isinstance(expression, Leaf) and expression.name is None and expression.value == value


for _symbol, _name, _function in (
    ("+", "add", operator.add),
    ("−", "sub", operator.sub),
    ("×", "mul", operator.mul),
    ("÷", "truediv", operator.truediv),
    ("floor", "floordiv", operator.floordiv),
):
    setattr(_Traced, f"__{_name}__", _binary(_symbol, _function))
    setattr(_Traced, f"__r{_name}__", _reflected(_symbol, _function))


def numeric(expression: Expression) -> str:
    """Return the expression with its numbers: ``2 × 8944 × 2816 × 1024``."""
    return _written(expression, lambda number: _digits(number.value))


def symbolic(expression: Expression) -> str:
    """Return the expression with the names of what was recorded: ``dram__bytes_read.sum + ...``."""
    return _written(expression, lambda number: number.name or _digits(number.value))


def leaves(expression: Expression) -> list[Leaf]:
    """Return what was recorded, each once, in the order of the expression."""
    recorded: dict[tuple[str, str, Number], Leaf] = {}
    pending = [expression]
    while pending:
        part = pending.pop()
        if isinstance(part, Node):
            pending += reversed(part.parts)
        elif part.name is not None:
            recorded.setdefault((part.name, part.where, part.value), part)
    return list(recorded.values())


def _digits(value: Number) -> str:
    if value in _POWERS:
        return _POWERS[value]
    if float(value).is_integer() and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.12g}".replace("e+", "e") if isinstance(value, float) else str(value)


Writer = Callable[[Leaf], str]


def _written(expression: Expression, leaf_text: Writer) -> str:
    if isinstance(expression, Leaf):
        return leaf_text(expression)
    if expression.symbol in ("+", "−"):
        return _sum(expression, leaf_text)
    if expression.symbol in ("×", "÷"):
        return _product(expression, leaf_text)
    parts = ", ".join(_written(part, leaf_text) for part in expression.parts)
    return f"{expression.symbol}({parts})"


def _sum(expression: Node, leaf_text: Writer) -> str:
    """Return a sum in words: equal terms once with their number, and at most ``_MOST_TERMS``."""
    kinds: dict[tuple[bool, str, Number], list[Expression]] = {}
    for plus, term in _terms(expression):
        kinds.setdefault((plus, symbolic(term), term.value), []).append(term)
    text = ""
    for (plus, _, _), alike in list(kinds.items())[:_MOST_TERMS]:
        shown = _written(alike[0], leaf_text)
        if _is_sum(alike[0]):
            shown = f"({shown})"
        if len(alike) > 1:
            shown = f"{len(alike)} × {shown}"
        text += f" {'+' if plus else '−'} {shown}" if text or not plus else shown
    rest = list(kinds.items())[_MOST_TERMS:]
    if rest:
        left = sum((1 if key[0] else -1) * key[2] * len(alike) for key, alike in rest)
        text += f" + {_digits(left)}"
    return text.removeprefix(" ")


def _terms(expression: Node) -> Iterator[tuple[bool, Expression]]:
    """Yield the terms of nested sums with their signs. Sums may be thousands deep: no recursion."""
    pending: list[tuple[bool, Expression]] = [(True, expression)]
    while pending:
        plus, term = pending.pop()
        if plus and isinstance(term, Node) and term.symbol in ("+", "−"):
            first, second = term.parts
            pending += [(term.symbol == "+", second), (True, first)]
        else:
            yield plus, term


def _is_sum(expression: Expression) -> bool:
    return isinstance(expression, Node) and expression.symbol in ("+", "−")


def _product(expression: Node, leaf_text: Writer) -> str:
    factors: list[str] = []
    current: Expression = expression
    while isinstance(current, Node) and current.symbol in ("×", "÷"):
        first, second = current.parts
        factors = [current.symbol, _factor(second, leaf_text, current.symbol == "÷"), *factors]
        current = first
    return " ".join([_factor(current, leaf_text, False), *factors])


def _factor(expression: Expression, leaf_text: Writer, divisor: bool) -> str:
    text = _written(expression, leaf_text)
    nested = isinstance(expression, Node) and (
        _is_sum(expression) or (divisor and expression.symbol in ("×", "÷"))
    )
    negative = isinstance(expression, Leaf) and expression.value < 0
    return f"({text})" if nested or negative else text


def finite(number: Any) -> bool:
    """Whether it is a number at all."""
    return isinstance(number, int | float) and math.isfinite(number)
