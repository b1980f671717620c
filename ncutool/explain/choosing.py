"""Which launch is meant: by id, the longest of all, or the median one of a name."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import polars as pl

from ncutool.base import units
from ncutool.base.untrusted import printable, shorten
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ncutool.analysis.analyse import Analysis

LONGEST = "longest"
_SHOWN = 5
_NAMES = ("kernel", "kernel_full", "op")


def choose(analysis: Analysis, launch: int | str) -> tuple[int, str | None]:
    """Return a launch's id, and how it was picked where it was not named by its id.

    Raises:
        UsageError: no launch is meant by it.
    """
    kernels = analysis.kernels
    text = str(launch).strip()
    if text.lstrip("-").isdigit():
        return _by_id(kernels, int(text)), None
    if text == LONGEST:
        longest = _longest(kernels)
        return longest, f"the longest of {units.counted(kernels.height, 'launch')}"
    return _by_name(kernels, text)


def _by_id(kernels: pl.DataFrame, launch_id: int) -> int:
    if kernels.filter(pl.col("launch_id") == launch_id).is_empty():
        ids = kernels["launch_id"].sort().to_list()
        raise UsageError(
            f"no launch {launch_id}: they are numbered from {ids[0]} to {ids[-1]}; the longest is "
            f"{_longest(kernels)}"
        )
    return launch_id


def _by_name(kernels: pl.DataFrame, text: str) -> tuple[int, str]:
    """Return the median launch of the kernel or operator of that name, or of the only match."""
    launches = kernels.filter(_any(pl.col(name) == text for name in _NAMES))
    named = repr(printable(text, 80))
    if launches.is_empty():
        launches = _matching(kernels, text)
        if launches.is_empty():
            raise UsageError(f"no launch of {named}{_near(kernels, text)}")
        one_operator = launches["op"].null_count() == 0 and launches["op"].n_unique() == 1
        if not one_operator and launches["kernel"].n_unique() > 1:
            raise UsageError(f"{named} means several kernels: {_listed(launches)}")
    equals = _with_most_time(launches)
    count = units.counted(equals.height, "launch")
    which = f"the median by duration of {count} of {named}"
    if equals.height < launches.height:
        which += f" on the shapes with the most time ({launches.height:,} launches in all)"
    return _median(equals), which


def _matching(kernels: pl.DataFrame, pattern: str) -> pl.DataFrame:
    """Return the launches whose name matches; text that is no pattern is taken literally."""
    try:
        return kernels.filter(_any(pl.col(name).str.contains(pattern) for name in _NAMES))
    except pl.exceptions.ComputeError:
        plain = (pl.col(name).str.contains(pattern, literal=True) for name in _NAMES)
        return kernels.filter(_any(plain))


def _any(conditions: Iterable[pl.Expr]) -> pl.Expr:
    return pl.any_horizontal(condition.fill_null(False) for condition in conditions)


def _listed(launches: pl.DataFrame) -> str:
    """Return the kernels with the most time in words, each with its longest launch."""
    by_time = (
        launches.group_by("kernel")
        .agg(pl.col("duration_ns").sum())
        .sort("duration_ns", "kernel", descending=[True, False])
    )
    shown = [
        f"{shorten(name, 60)} (launch {_longest(launches.filter(pl.col('kernel') == name))})"
        for name in by_time["kernel"][:_SHOWN]
    ]
    left = by_time.height - _SHOWN
    return ", ".join(shown) + (f" and {left} more" if left > 0 else "")


def _longest(kernels: pl.DataFrame) -> int:
    ordered = kernels.sort("duration_ns", "launch_id", descending=[True, False], nulls_last=True)
    return int(ordered["launch_id"][0])


def _with_most_time(launches: pl.DataFrame) -> pl.DataFrame:
    """Return the launches of the kernel and shapes that take most of the time of ``launches``."""
    time = pl.col("duration_ns").sum().over("kernel", "signature")
    return launches.filter(time == time.max()).filter(
        pl.col(name).eq_missing(pl.col(name).first()) for name in ("kernel", "signature")
    )


def _median(kernels: pl.DataFrame) -> int:
    """Return the launch in the middle of those with a duration: one slow launch is no example."""
    timed = kernels.filter(pl.col("duration_ns").is_not_null())
    ordered = (kernels if timed.is_empty() else timed).sort("duration_ns", "launch_id")
    return int(ordered["launch_id"][(ordered.height - 1) // 2])


def _near(kernels: pl.DataFrame, text: str) -> str:
    """Return in words the names that resemble ``text``, else those with the most time."""
    names: list[str] = kernels["kernel"].unique().sort().to_list()
    operators: list[str] = kernels["op"].drop_nulls().unique().sort().to_list()
    close = difflib.get_close_matches(text, [*operators, *names], n=_SHOWN, cutoff=0.5)
    alike = kernels.filter(pl.col("kernel").is_in(close) | pl.col("op").is_in(close))
    if alike.is_empty():
        return f"; the most time is in {_listed(kernels)}"
    return f"; similar: {_listed(alike)}"
