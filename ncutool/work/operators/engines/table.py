"""The table of engine operators, `engines.toml`: each operator's signatures and how it counts.

An argument is a name and what happens to it: `x` is a tensor that is read, `x!` one that is
written, `x&` one that is read and overwritten, `x~` one that counts nothing by itself (a pool of
pages, a workspace), `eps=` a plain value. `?` at the end: it may be absent. `...` at the end of a
signature stands for any further arguments.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from msgspec import Struct

from ncutool.base import packaged
from ncutool.base.tables import FAMILIES
from ncutool.work.exactness import Exactness

REST = "..."


class Argument(Struct, frozen=True):
    """One argument of a signature."""

    name: str
    tensor: bool
    read: bool
    written: bool
    optional: bool


class Version(Struct, frozen=True):
    """One signature of an operator."""

    arguments: tuple[Argument, ...]
    open: bool
    """Whether any further arguments may follow."""

    @property
    def places(self) -> dict[str, int]:
        """Name of an argument -> its position."""
        return {argument.name: index for index, argument in enumerate(self.arguments)}


class Row(Struct, frozen=True):
    """One row of the table: operators that share their signatures and their model."""

    names: tuple[str, ...]
    versions: tuple[Version, ...]
    source: str
    """Where the signatures are defined."""
    family: str
    """One of :data:`ncutool.base.tables.FAMILIES`."""
    model: str = "count"
    """Which function counts: one of those of :mod:`ncutool.work.operators.engines`."""
    flop: str = "0"
    """Operations of `count`: a sum of arguments, each with the operations per element, e.g.
    `5 x + residual`; an absent argument counts nothing. `?` where they cannot be known."""
    fits: tuple[str, ...] = ()
    """What must hold of shapes: `out = x/2`, the last dimension halved; `weight | x`, as many
    elements as the last dimension; `out # x`, as many elements."""
    results: tuple[str, ...] = ()
    """Results of signatures that write no argument: `x/128:fp32`, the shape of x with an element
    for 128 of its last dimension, in fp32, or for as many as an argument of that name says; `x@k`,
    with a last dimension of the value of k; `x/*`, without its last dimension."""
    dtype: str = ""
    """Argument whose data type the arithmetic has, or a data type; else that of the first one."""
    result: str = ""
    """Data type of the result of a product: an argument, a data type, or `=out_dtype`, the argument
    that holds its code."""
    absent: str = ""
    """Data type or argument that an absent `result` stands for."""
    layout: str = "nk"
    """Of a product's second factor: `nk`, `kn`, or `any` where the result tells."""
    packed: tuple[int, int] = (1, 1)
    """Values that an element of each factor holds along the inner dimension."""
    columns: str = ""
    """Argument whose last dimension is the number of columns of a packed factor."""
    bytes: Exactness = "exact"
    flops: Exactness = "exact"
    remark: str | None = None
    reason: str | None = None
    """Why a figure is unknown."""
    pairs: tuple[str, ...] = ()
    """Of a cache: `key key_cache`, what is written and where."""

    def __post_init__(self) -> None:
        """Raise a ValueError for a family that the tables do not have, or a row without names."""
        if self.family not in FAMILIES or not self.names or not self.versions:
            raise ValueError(f"engines.toml: {self.names} has no family, names or signatures")


@cache
def _recorded() -> list[dict[str, Any]]:
    return packaged.table(__file__, "engines")["operator"]  # type: ignore[no-any-return]  # a table's rows are a list


def rows() -> tuple[Row, ...]:
    """Return every row of the table."""
    return tuple(map(row, range(len(_recorded()))))


def families() -> Iterator[tuple[int, str, str]]:
    """Yield the number of a row, a name of its operators and their family, for every name."""
    for number, recorded in enumerate(_recorded()):
        for name in recorded["names"]:
            yield number, name, recorded["family"]


@cache
def row(number: int) -> Row:
    """Return one row of the table; few traces need more than some of them."""
    return _row(_recorded()[number])


def _row(row: dict[str, Any]) -> Row:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in row.items()
    }
    versions = tuple(map(version, values.pop("arguments")))
    return Row(versions=versions, **values)


def version(text: str) -> Version:
    """Return the signature that ``text`` spells."""
    words = text.split()
    is_open = bool(words) and words[-1] == REST
    return Version(tuple(map(_argument, words[: len(words) - is_open])), is_open)


def _argument(word: str) -> Argument:
    optional = word.endswith("?")
    word = word.removesuffix("?")
    mark = word[-1] if word[-1] in "!&~=" else ""
    return Argument(
        name=word.removesuffix(mark) if mark else word,
        tensor=mark != "=",
        read=mark in ("", "&"),
        written=mark in ("!", "&"),
        optional=optional or mark == "=",
    )
