"""Checks of what a user gives: numbers and names, with one wording of what is wrong."""

from __future__ import annotations

from collections.abc import Iterable

from ncutool_parsers.errors import UsageError

LARGEST = 10**9
"""No size, length or count that a user plans with is larger."""
LEAST_RATE = 1e3
LARGEST_RATE = 1e21
"""Per second; the fastest machines of many thousand devices reach 1e19."""
RATES = f"({LEAST_RATE:g} to {LARGEST_RATE:g})"
LARGEST_BYTES = 1 << 50
"""A pebibyte: no device's memory is larger."""


def is_positive(value: object) -> bool:
    """Return whether `value` is a finite number above 0; True and False are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 < value < float("inf")


def is_rate(value: object) -> bool:
    """Return whether `value` is a rate that a device may have, in operations or bytes a second."""
    return is_positive(value) and LEAST_RATE <= value <= LARGEST_RATE  # type: ignore[operator]  # it is a number


def check_size(what: str, value: object) -> None:
    """Raise a UsageError unless `value` is a whole number from 1 to :data:`LARGEST`."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST:
        raise UsageError(f"{what} must be a whole number from 1 to {LARGEST:,}, not {value}")


def check_name(what: str, name: str, known: Iterable[str]) -> str:
    """Return `name` if it is one of `known`.

    Raises:
        UsageError: it is not; the message lists those that are.
    """
    names = tuple(known)
    if name not in names:
        raise UsageError(f"no {what} {name!r}; known are {', '.join(names)}")
    return name
