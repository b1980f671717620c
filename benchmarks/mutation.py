"""Small changes to a module, each of which some test should notice.

A mutant is one place of one module changed: a number, a comparison, an operator, a condition, a
statement that is left out. Texts, annotations, decorators and docstrings are left alone. The
change is made in the syntax tree, so that no file is touched.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift, ast.Pow: ast.Mult,
}  # fmt: skip
_CALLED = {"min": "max", "max": "min", "any": "all", "all": "any"}
_SMALL = 16
UNCHANGED = -1
"""The number of no change."""
_NOT_CODE = ("annotation", "returns", "decorator_list", "type_params")
"""Fields of the syntax tree that change nothing when a function runs."""


@dataclass(frozen=True)
class Mutant:
    """One change, by where it stands."""

    path: Path
    place: int
    """Number of the change among all those of its module."""
    line: int
    function: str
    """Enclosing functions and classes, dotted; empty at the module's own level."""
    lines: tuple[int, int]
    """First and last line of the statement: what a test must run to notice."""
    before: str
    after: str

    @property
    def room(self) -> str:
        """The room whose module changes."""
        return self.path.parts[1]

    @property
    def name(self) -> str:
        """Where it stands and what changes, on one line."""
        where = f"{self.path}:{self.line}" + (f" {self.function}" if self.function else "")
        return f"{where}: `{self.before}` -> `{self.after}`"


@dataclass(frozen=True)
class _Site:
    """A node, the field that changes, and what it becomes."""

    node: ast.AST
    field: str
    value: object
    function: str
    statement: ast.stmt


def mutants(path: Path, source: str) -> list[Mutant]:
    """Every change of a module, in order of its places."""
    found = []
    for place, site in enumerate(_sites(ast.parse(source))):
        changed = copy.copy(site.node)
        setattr(changed, site.field, site.value)
        found.append(
            Mutant(
                path=path,
                place=place,
                line=site.node.lineno if hasattr(site.node, "lineno") else site.statement.lineno,
                function=site.function,
                lines=_lines(site.statement),
                before=_shown(site.node),
                after=_shown(changed),
            )
        )
    return found


def changed(source: str, place: int) -> ast.Module:
    """The module with the change of that number made; as it is for :data:`UNCHANGED`."""
    tree = ast.parse(source)
    if place == UNCHANGED:
        return tree
    site = next(site for number, site in enumerate(_sites(tree)) if number == place)
    setattr(site.node, site.field, site.value)
    return ast.fix_missing_locations(tree)


def _shown(node: ast.AST) -> str:
    text = ast.unparse(ast.fix_missing_locations(copy.deepcopy(node))).splitlines()
    return text[0] if len(text) == 1 else f"{text[0]} …"


def _lines(statement: ast.stmt) -> tuple[int, int]:
    """Of a compound statement only the head: the body has statements of its own."""
    body = getattr(statement, "body", None)
    if isinstance(body, list) and body:
        return statement.lineno, max(statement.lineno, body[0].lineno - 1)
    return statement.lineno, statement.end_lineno or statement.lineno


def _sites(tree: ast.Module) -> Iterator[_Site]:
    for statement in tree.body:
        yield from _within(statement, "", statement)


def _within(node: ast.AST, function: str, statement: ast.stmt) -> Iterator[_Site]:
    if isinstance(node, ast.stmt):
        statement = node
        if _is_no_code(node):
            return
    if isinstance(node, ast.keyword) and node.arg == "strict":
        return  # a guard of `zip`: it changes nothing while both are as long
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        function = f"{function}.{node.name}" if function else node.name
    for field, value in _changes(node):
        yield _Site(node, field, value, function, statement)
    for field, value in ast.iter_fields(node):
        if field in _NOT_CODE:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _within(child, function, statement)


def _is_no_code(node: ast.stmt) -> bool:
    """Imports, texts that stand alone, `if TYPE_CHECKING`, aliases of types, and declarations."""
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Assert() | ast.Pass():
            return True
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.AnnAssign(value=None):
            return True
        case ast.Assign(value=ast.Subscript(value=ast.Name(id=name))):
            return name in ("Literal", "Callable", "Sequence", "tuple", "dict", "list")
        case ast.Assign(value=ast.BinOp(op=ast.BitOr())):
            return node.col_offset == 0  # an alias such as `Argument = Tensor | Scalar`
    return False


def _changes(node: ast.AST) -> Iterator[tuple[str, object]]:
    match node:
        case ast.Constant(value=bool() as value):
            yield "value", not value
        case ast.Constant(value=int() as value):
            yield "value", value + 1 if abs(value) < _SMALL else value + abs(value) // 10
        case ast.Constant(value=float() as value):
            yield "value", round(1.1 * value, 12) if value else 1.0
        case ast.Compare(ops=[operator]) if type(operator) in _COMPARED:
            yield "ops", [_COMPARED[type(operator)]()]
        case ast.BoolOp(op=ast.And()):
            yield "op", ast.Or()
        case ast.BoolOp(op=ast.Or()):
            yield "op", ast.And()
        case ast.BinOp(op=operator) | ast.AugAssign(op=operator) if type(operator) in _COMPUTED:
            yield "op", _COMPUTED[type(operator)]()
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            if not isinstance(test, ast.Compare):  # which changes itself
                yield "test", ast.UnaryOp(ast.Not(), test)
        case ast.Call(func=ast.Name(id=name)) if name in _CALLED:
            yield "func", ast.Name(_CALLED[name], ast.Load())
        case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in _CALLED:
            yield "func", ast.Attribute(value, _CALLED[name], ast.Load())
        case ast.Return(value=value) if value is not None and not _is_none(value):
            yield "value", ast.Constant(None)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
