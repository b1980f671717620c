"""Rows of a dataset without SQL: conditions, columns, an order and a number of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from ncutool.archive import where
from ncutool.archive.tables import CAPTURES, TABLES
from ncutool.archive.where import Condition
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

_OF_CAPTURES = "captures."
_KEY = "capture_id"
ORDERS = {
    "captures": ("path",),
    "launches": ("-duration_ns", _KEY, "launch_id"),
    "inside": (_KEY, "launch_id"),
    "findings": ("-saving_high_ns", _KEY, "id"),
    "gaps": ("-duration_ns", _KEY, "gap_id"),
    "collectives": ("-duration_ns", _KEY, "launch_id"),
    "errors": ("path",),
}
"""The order of each table where none is asked for: what takes or saves most comes first."""
SHORT = {
    "captures": ("path", "device", "wall_ns", "launch_ns", "roofline_pct", "headline"),
    "launches": ("capture", "launch_id", "kernel", "op", "duration_ns", "roofline_pct", "bound"),
    "inside": (_KEY, "launch_id", "kernel"),
    "findings": ("rule", "title", "saving_low_ns", "saving_high_ns", "grade"),
    "gaps": (_KEY, "device", "start_ns", "duration_ns", "cause", "before_launch_id"),
    "collectives": ("path", "kind", "group_ranks", "start_ns", "duration_ns"),
    "errors": ("path", "kind", "message"),
}
"""What a terminal shows of each table where no columns are asked for."""

Scan = Callable[[str], "pl.LazyFrame"]
"""Gives a table of the dataset by its name."""


class Selection(Struct, frozen=True):
    """Which rows and columns of one table are asked for."""

    table: str
    where: tuple[Condition, ...] = ()
    columns: tuple[str, ...] = ()
    """Empty for all of the table."""
    sort: tuple[str, ...] = ()
    """Columns to sort by, with `-` before those of which the largest comes first; empty for the
    table's own order."""


def select(scan: Scan, wish: Selection) -> pl.LazyFrame:
    """Return the rows that are asked for, to be read as far as they are needed.

    A column that the table has not is taken from its capture; so is one that both have, where it
    is written ``captures.NAME`` or where the value fits it alone.

    Raises:
        UsageError: a table or a column is not there, or a value does not fit its column.
    """
    import polars as pl

    if wish.table not in ORDERS:
        known = ", ".join(table.name for table in TABLES)
        raise UsageError(f"--table {wish.table}: no such table; there are {known}")
    joined = _Joined(scan, wish.table)
    conditions = [joined.of_condition(one) for one in wish.where]
    columns = {name: joined.column("--select", name) for name in wish.columns or joined.own}
    order = [
        (joined.column("--sort", name.removeprefix("-")), name.startswith("-"))
        for name in (wish.sort or ORDERS[wish.table])
    ]
    rows = joined.rows()
    schema = joined.schema()
    for condition in conditions:
        rows = rows.filter(where.expression(condition, schema))
    return rows.sort(
        [name for name, _ in order],
        descending=[largest for _, largest in order],
        nulls_last=True,
        maintain_order=True,
    ).select(pl.col(column).alias(name) for name, column in columns.items())


def captures_where(scan: Scan, conditions: Sequence[str]) -> pl.DataFrame:
    """Return the captures for which all conditions hold, as they are written.

    Raises:
        UsageError: a condition is none, or its column is not there.
    """
    wish = Selection(CAPTURES.name, tuple(where.parse(one) for one in conditions))
    return select(scan, wish).collect()


def why_none(scan: Scan, wish: Selection) -> str | None:
    """Return what to say where no row is found: the values that a column has in place of one.

    None where nothing more can be said than that there is none.
    """
    import polars as pl

    joined = _Joined(scan, wish.table)
    for condition in map(joined.of_condition, wish.where):
        if condition.operator != "=" or condition.value is None:
            continue
        if joined.schema()[condition.column] != pl.String():
            continue
        values = joined.rows().group_by(condition.column).len().drop_nulls()
        values = values.sort("len", condition.column, descending=[True, False])
        found = values.collect()[condition.column].to_list()
        if condition.value in found or not found:
            continue
        return _other_values(condition, found)
    return None


def _other_values(condition: Condition, found: Sequence[str]) -> str:
    shown = ", ".join(repr(value) for value in found[: where.SHOWN_VALUES])
    more = ", …" if len(found) > where.SHOWN_VALUES else ""
    hint = ""
    if any((condition.value or "").lower() in value.lower() for value in found):
        hint = f"; {condition.column}~{condition.value} searches within it"
    return f"no row has {condition.column}={condition.value!r}; there are {shown}{more}{hint}"


class _Joined:
    """One table, with the columns of captures beside it as soon as one of them is named."""

    def __init__(self, scan: Scan, table: str) -> None:
        self._rows = scan(table)
        self._own = dict(self._rows.collect_schema())
        self._captures: pl.LazyFrame | None = None
        self._of_captures: dict[str, Any] = {}
        if table != CAPTURES.name and _KEY in self._own:
            self._captures = scan(CAPTURES.name)
            self._of_captures = dict(self._captures.collect_schema())
        self._named: set[str] = set()

    @property
    def own(self) -> list[str]:
        """The columns of the table itself."""
        return list(self._own)

    def schema(self) -> dict[str, pl.DataType]:
        """Return the columns of :meth:`rows` with their types."""
        more = {f"{_OF_CAPTURES}{key}": kind for key, kind in self._of_captures.items()}
        return self._own | more

    def rows(self) -> pl.LazyFrame:
        """Return the table with the columns of captures that were named."""
        import polars as pl

        if self._captures is None or not self._named:
            return self._rows
        taken = [pl.col(_KEY), *(pl.col(key).alias(f"{_OF_CAPTURES}{key}") for key in self._named)]
        return self._rows.join(
            self._captures.select(taken), on=_KEY, how="left", maintain_order="left"
        )

    def column(self, option: str, name: str) -> str:
        """Return what a column that is named is called in :meth:`rows`.

        Raises:
            UsageError: there is none of that name.
        """
        if name in self._own:
            return name
        key = name.removeprefix(_OF_CAPTURES)
        if key in self._of_captures:
            return self._taken(key)
        known = [*self._own, *(key for key in self._of_captures if key not in self._own)]
        raise where.unknown_column(option, name, known)

    def of_condition(self, condition: Condition) -> Condition:
        """Return a condition with its column as it is called in :meth:`rows`."""
        name = self.column("--where", condition.column)
        other = self._of_captures.get(name)
        if other is not None and not where.fits(replace(condition, column=name), self._own[name]):
            renamed = f"{_OF_CAPTURES}{name}"
            if where.fits(replace(condition, column=renamed), other):
                name = self._taken(name)
        return replace(condition, column=name)

    def _taken(self, key: str) -> str:
        self._named.add(key)
        return f"{_OF_CAPTURES}{key}"
