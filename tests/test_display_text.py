"""No fact rides on text that was written to be read: titles, remarks, reasons, shown shapes.

A program that searches its own sentences breaks when somebody improves one, and says so nowhere.
This test reads the sources and finds searches, comparisons and cuts of such texts. It knows them
by the names that they carry here, so it finds what it can and no more.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = (ROOT / "ncutool", ROOT / "parsers" / "ncutool_parsers")
WORDS = frozenset(
    [
        "title",
        "remark",
        "remarks",
        "reason",
        "missing_reason",
        "bound_reason",
        "join_note",
        "note",
        "why",
        "said",
        "evidence",
        "remedy",
        "headline",
        "signature",
        "flag",
        "caveat",
        "how",
        "words",
        "message",
        "sentence",
    ]
)
"""Names of attributes, columns, keys and variables that hold text for people."""
CUTS = frozenset(
    [
        "startswith",
        "endswith",
        "removeprefix",
        "removesuffix",
        "partition",
        "rpartition",
        "split",
        "rsplit",
        "find",
        "index",
        "replace",
        "contains",
        "starts_with",
        "ends_with",
        "extract",
        "strip_prefix",
    ]
)
"""Methods that search or cut a text."""
SEARCHES = frozenset(
    ["match", "search", "fullmatch", "findall", "finditer", "sub", "subn", "split"]
)
"""Methods of a pattern, and functions of `re`, that take the text as an argument."""

ALLOWED: dict[tuple[str, str], str] = {
    (
        "ncutool/charts/elements.py",
        "xml_text(words).partition('\\u2002')",
    ): "an en space is the drawings' own mark between a name and its share, for Vega as for SVG",
    (
        "ncutool/advice/kernels/measures.py",
        "inside.stall.reason == 'gmma'",
    ): "the name of a counter of waits, no sentence",
    (
        "ncutool/advice/kernels/stalls.py",
        "reason == 'long_scoreboard'",
    ): "the name of a counter of waits, no sentence",
    (
        "ncutool/work/inside.py",
        "top.reason == 'not_selected'",
    ): "the name of a counter of waits, no sentence",
    (
        "ncutool/work/inside.py",
        "top.reason.split('_')",
    ): "the name of a counter of waits, as people read it",
    (
        "parsers/ncutool_parsers/ncu_samples.py",
        "'???' not in words",
    ): "what NVIDIA's reader puts for an instruction that it cannot read",
    (
        "ncutool/analysis/headline.py",
        "'{}' in rules()[one.rule].title",
    ): "a template that is to hold a kernel's name",
    (
        "ncutool/text/summary_rows.py",
        "title.replace(name, short_names.bare(name))",
    ): "shortens a name where a line has no room, and asks it nothing",
    (
        "ncutool/archive/sql.py",
        "said.partition(':')",
    ): "DuckDB's error, of which nothing but its words passes through polars",
    (
        "ncutool/commands/options.py",
        "signature.replace(parameters=unfolded)",
    ): "the signature of a Python function, no text",
    (
        "ncutool/commands/wrong_usage.py",
        "error.message.rstrip('.').replace('\\n', ' ')",
    ): "a sentence of the option parser's, said in our voice",
    ("ncutool/commands/wrong_usage.py", "flag.startswith('-')"): "an option of the command line",
    (
        "ncutool/page/diff_card.py",
        "headline.replace(' → ', '\\xa0→\\xa0')",
    ): "keeps an arrow within its line, and asks it nothing",
    ("ncutool/page/code.py", "printable(sentence).split('`')"): "sets code in its typeface",
    ("ncutool/text/markdown.py", "remedy.split('`')"): "keeps code as code",
    (
        "ncutool/whatif/moving.py",
        "why.str.replace('{roof}', roof, literal=True)",
    ): "fills a template in, and asks it nothing",
}
"""File and expression -> why it may stay."""


def told(node: ast.expr) -> str | None:
    """Return the name that an expression ends in: `x.remark`, `row["remark"]`, `remark or ""`."""
    if isinstance(node, ast.Attribute):
        return told(node.value) if node.attr == "str" else node.attr
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.BoolOp):
        return told(node.values[0])
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value)
    if isinstance(node, ast.Call):
        named = isinstance(node.func, ast.Attribute) and node.func.attr in ("col", "get")
        first = node.args[0] if node.args else None
        if named and isinstance(first, ast.Constant):
            return str(first.value)
        if isinstance(
            node.func, ast.Attribute
        ):  # `x.remark.strip()`, `pl.col("why").fill_null("")`
            return told(node.func.value)
        return told(first) if first is not None else None  # `str(x.remark)`
    return None


def is_fixed(node: ast.expr) -> bool:
    """Whether an expression is a text of the source: a literal, or a constant by its name."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and node.value != ""
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name.isupper() and len(name) > 1


def searches(tree: ast.AST) -> Iterator[ast.expr]:
    """Yield every expression that searches, compares or cuts a text meant for people."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            method, texts = node.func.attr, [node.func.value]
            if method in SEARCHES and node.args:
                texts = [*texts, *node.args] if method in CUTS else node.args
            elif method not in CUTS:
                continue
            if any(told(text) in WORDS for text in texts):
                yield node
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            for operator, left, right in zip(node.ops, sides, sides[1:], strict=False):
                within = isinstance(operator, ast.In | ast.NotIn) and is_fixed(left)
                equal = isinstance(operator, ast.Eq | ast.NotEq)
                texts = [right] if within else [left, right] if equal else []
                fixed = within or is_fixed(left) or is_fixed(right)
                if fixed and any(told(text) in WORDS for text in texts):
                    yield node


def found() -> dict[tuple[str, str], int]:
    """Return every such expression of the product with its line."""
    return {
        (path.relative_to(ROOT).as_posix(), ast.unparse(node)): node.lineno
        for package in PACKAGES
        for path in sorted(package.rglob("*.py"))
        for node in searches(ast.parse(path.read_text(encoding="utf-8")))
    }


def test_nothing_parses_what_was_written_to_be_read() -> None:
    """Whoever needs such a fact gives it a field; an exception carries its reason above."""
    wrong = {place: line for place, line in found().items() if place not in ALLOWED}
    assert wrong == {}
    assert set(ALLOWED) <= set(found()), "exceptions that are no longer needed"


@pytest.mark.parametrize(
    "source",
    [
        "finding.title.startswith('Grow')",
        "'lower bound' in (kind.remark or '')",
        "pl.col('remark').str.contains('lower bound')",
        "re.search(PATTERN, row['missing_reason'])",
        "_SHAPE.sub('a shape', one.reason)",
        "reason.fill_null('').str.contains(text, literal=True)",
        "row['bound_reason'] == NO_SHAPES",
        "sides.findall(kind.signature or '')",
    ],
)
def test_the_search_finds_what_there_was(source: str) -> None:
    """The ways in which facts rode on text in this project are all seen."""
    assert list(searches(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    ["row.remark is None", "kind.op in _OPS", "name.startswith('aten::')", "f'{one.reason}.'"],
)
def test_showing_a_text_is_no_search(source: str) -> None:
    """To show a text, or to ask whether there is one, parses nothing."""
    assert not list(searches(ast.parse(source)))
