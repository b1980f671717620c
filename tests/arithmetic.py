"""Evaluates printed formulas: numbers, + − × ÷, brackets, floor, round, min; nothing else."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from fractions import Fraction

_OPERATORS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_FUNCTIONS: dict[str, Callable[..., Fraction]] = {
    "floor": lambda value: Fraction(math.floor(value)),
    "round": lambda value: Fraction(round(value)),
    "min": min,
}


def evaluate(formula: str) -> float:
    """The value of a formula as a reader would get it, in exact fractions.

    Raises:
        ValueError: it holds anything but arithmetic.
    """
    plain = formula.replace("×", "*").replace("÷", "/").replace("−", "-")
    return float(_value(ast.parse(plain, mode="eval").body))


def _value(node: ast.AST) -> Fraction:
    match node:
        case ast.Constant(value=int() | float()):
            return Fraction(str(node.value))
        case ast.UnaryOp(op=ast.USub()):
            return -_value(node.operand)
        case ast.BinOp() if type(node.op) in _OPERATORS:
            return _OPERATORS[type(node.op)](_value(node.left), _value(node.right))
        case ast.Call(func=ast.Name(id=name), keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](*(_value(each) for each in node.args))
    raise ValueError(f"no arithmetic: {ast.dump(node)}")
