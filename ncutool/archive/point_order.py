"""In which order the values of a column follow each other: told by themselves, else by time."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import polars as pl

from ncutool_parsers.errors import UsageError

STARTED = "started_ns"
_VERSION = re.compile(r"v?(\d{1,18}(?:\.\d{1,18})*)", re.ASCII)
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)


def ordered(captures: pl.DataFrame, by: str, order_by: str | None) -> tuple[list[str], str]:
    """Return the values of a column in their order, and how they are ordered.

    What orders a value need not be known of all of its captures: a report, which records no start,
    stands where the traces of its commit do. One value alone needs no order.

    Args:
        captures: all have a value in the column.
        by: the column.
        order_by: the column that orders its values; None where they order themselves, or else the
            times at which captures began do.

    Raises:
        UsageError: nothing orders them.
    """
    values = captures[by].cast(pl.String)
    if values.n_unique() == 1:
        return values.unique().to_list(), f"the values of {by}"
    if order_by is None and (natural := natural_order(values.unique().to_list())) is not None:
        return sorted(values.unique().to_list(), key=natural[0]), f"the {natural[1]} in {by}"
    column = order_by or STARTED
    keys = captures.select(value=values, key=pl.col(column).cast(pl.String)).drop_nulls("key")
    lacking = values.filter(~values.is_in(keys["value"].implode()))
    if lacking.len():
        why = "; reports record none" if column == STARTED else ""
        raise UsageError(
            f"{by} {lacking[0]!r} cannot be put in order: no capture of it has {column}{why}; name "
            "a column that orders the points, with --order-by"
        )
    found = natural_order(keys["key"].unique().to_list())
    key = str if found is None else found[0]
    first: dict[str, Any] = {}
    for label, at in keys.iter_rows():
        place = key(at)
        first[label] = min(first.get(label, place), place)
    kind = "texts" if found is None else found[1]
    how = "when their first captures began" if column == STARTED else f"the {kind} in {column}"
    return sorted(first, key=lambda label: (first[label], label)), how


def natural_order(values: Sequence[str]) -> tuple[Callable[[str], Any], str] | None:
    """Return how to order texts that are all of one kind, and what they are; None of any other.

    A number and a version can look alike. They are taken for versions where one ends in a zero that
    no number needs, and the others have not as many digits: 1.9 comes before 1.10.
    """
    if not values:
        return None
    if _are_versions(values):
        return _version, "versions"
    if _all(_number, values):
        return _number, "numbers"
    if all(_MONTH.fullmatch(value) for value in values):
        return str, "months"
    if _all(datetime.fromisoformat, values):
        kinds = {datetime.fromisoformat(value).tzinfo is None for value in values}
        return (datetime.fromisoformat, "dates") if len(kinds) == 1 else None
    return (date.fromisoformat, "dates") if _all(date.fromisoformat, values) else None


def _all(read: Callable[[str], Any], values: Sequence[str]) -> bool:
    try:
        for value in values:
            read(value)
    except ValueError:
        return False
    return True


def _number(value: str) -> float:
    found = float(value)
    if not math.isfinite(found):
        raise ValueError(value)
    return found


def _are_versions(values: Sequence[str]) -> bool:
    found = [_VERSION.fullmatch(value) for value in values]
    if not all(found):
        return False
    parts = [one[1].split(".") for one in found if one is not None]
    if any(len(part) > 2 for part in parts) or any(value.startswith("v") for value in values):
        return True
    after = [part[1] for part in parts if len(part) > 1]
    return len({len(one) for one in after}) > 1 and any(
        len(one) > 1 and one.endswith("0") and set(one) != {"0"} for one in after
    )


def _version(value: str) -> tuple[int, ...]:
    return tuple(int(part) for part in value.removeprefix("v").split("."))
