"""Numbers and units as ``ncu`` prints them, and what is known of them then: they are rounded.

Units are scaled by powers of 1000 unless ``--print-units base`` was given, thousands may be set
apart, and the decimal mark is that of the locale. A number without decimals is exact: whole values
are printed without them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from ncutool_parsers.edge import LARGEST_COUNTER

_NUMBER = re.compile(r"[+-]?(?:\d[\d.,' \u00a0\u202f\u2009]*|[.,]\d+)(?:[eE][+-]?\d{1,3})?")
_APART = re.compile(r"[' \u00a0\u202f\u2009]")
_LONGEST = 40
"""Characters of a number at most; what is longer is none."""
_PREFIXES = {"": 1.0, "K": 1e3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}
_SECONDS = {
    **dict.fromkeys(("s", "sec", "second"), 1.0),
    **dict.fromkeys(("ms", "msec", "msecond"), 1e-3),
    **dict.fromkeys(("us", "usec", "usecond", "µs"), 1e-6),
    **dict.fromkeys(("ns", "nsec", "nsecond"), 1e-9),
}
_SCALED = re.compile(
    r"([KkMGTP]?)(bytes?|B|hz|Hz|inst|cycles?|sectors?|requests?|warps?|threads?|blocks?"
    r"|wavefronts?|tags?|samples?)"
)
_NANO = 1e9
_COARSE = 0.05
"""Half a digit that is not printed, as a share of the value: rates that are worse are not used."""
_RATE = re.compile(
    r"gpu__time_duration\.\w+|.*\.(per_cycle_elapsed|per_second)|.*\.peak_sustained(_elapsed|_active)?"
    r"(\.per_second)?|.*bytes\w*\.(sum|avg|min|max)|derived__\w+(\.\w+)?"
)
"""Metrics that figures are products of, so that a share of them counts and not a difference."""

_HAS_UNIT = re.compile(
    r"gpu__time_duration\.\w+|\w*cycles_elapsed\.\w+\.per_second|\w*bytes\w*\..*"
)
_WAVES = "launch__waves_per_multiprocessor"


class Printed(NamedTuple):
    """A number in NVIDIA's base unit, and how far the true one may lie from it."""

    value: float
    within: float
    """Half of the last printed digit; 0 where the number is whole."""


class Marks(NamedTuple):
    """The characters of a locale."""

    decimal: str
    certain: bool
    """Some number of the file tells; else it is taken for a point, as ``ncu`` prints it."""


def is_number(text: str) -> bool:
    """Return whether a cell holds a number, in any locale."""
    return len(text) <= _LONGEST and _NUMBER.fullmatch(text) is not None


def marks_of(texts: Iterable[str]) -> Marks | None:
    """Return the decimal mark that numbers of one file tell; None where they contradict.

    ``1,234.5`` and ``12.34`` tell of a point, ``1.234,5`` and ``12,34`` of a comma; ``1,234`` alone
    tells nothing.
    """
    found = {mark for text in texts if (mark := _told(text)) is not None}
    if len(found) > 1:
        return None
    return Marks(found.pop(), certain=True) if found else Marks(".", certain=False)


def _told(text: str) -> str | None:
    mantissa = re.split("[eE]", text.strip("+-"), maxsplit=1)[0]
    last = max(mantissa.rfind("."), mantissa.rfind(","))
    if last < 0:
        return None
    mark, after = mantissa[last], mantissa[last + 1 :]
    other = "," if mark == "." else "."
    if mantissa.count(mark) > 1:
        return other
    if other in mantissa or len(after) != 3 or not 1 <= len(mantissa[:last]) <= 3:
        return mark
    return mark if mantissa[:last] == "0" else None


def number(text: str, marks: Marks) -> Printed | None:
    """Return the number in a cell, without its unit; None where it is none."""
    text = text.strip()
    if not is_number(text):
        return None
    plain = _APART.sub("", text)
    plain = plain.replace("," if marks.decimal == "." else ".", "").replace(",", ".")
    try:
        value = float(plain)
    except ValueError:
        return None
    if abs(value) > LARGEST_COUNTER:
        return None
    mantissa, _, power = plain.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    if not decimals and not power:
        return Printed(value, 0.0)
    return Printed(value, 0.5 * 10.0 ** max(int(power or 0) - decimals, -_LONGEST))


def scale(unit: str) -> float | None:
    """Return what a number in this unit is multiplied by for NVIDIA's base unit: ns, byte, hz, per
    second; None where the unit has a prefix of something that is not known."""
    unit = unit.strip()
    whole, _, per = unit.partition("/")
    if not per:
        if whole in _SECONDS:
            return _SECONDS[whole] * _NANO
        return _prefix(whole)
    of = 1.0 / _SECONDS[per] if per in _SECONDS else _prefix(per)
    first = _prefix(whole)
    if first is None or of is None:
        return None
    return first * of if per in _SECONDS else first / of


def _prefix(word: str) -> float | None:
    match = _SCALED.fullmatch(word)
    if match is not None:
        return _PREFIXES[match[1]]
    return 1.0 if not word or word.islower() or word in ("%", "SM", "SMs", "TPC") else None


def in_base_unit(metric: str, text: str, unit: str, marks: Marks) -> Printed | None:
    """Return a printed number in its base unit; None where number or unit are not understood, or no
    unit is printed of what has one."""
    printed, by = number(text, marks), scale(unit)
    if printed is None or by is None or (not unit.strip() and _HAS_UNIT.fullmatch(metric)):
        return None
    value = printed.value * by
    whole = round(value)
    near = abs(value - whole) <= 1e-9 * abs(value)  # 67.58 K is 67580 and not 67579.99999999999
    return Printed(float(whole) if near else value, printed.within * by)


def too_coarse(metric: str, printed: Printed) -> bool:
    """Return whether a value is printed with too few digits to compute with: a rate whose share
    that is not printed is large, or waves of which is not told how many are begun."""
    if metric == _WAVES:
        whole = round(printed.value)
        return printed.within > 0 and whole > 0 and abs(printed.value - whole) <= printed.within
    if metric.endswith(".sum") and printed.within and not printed.value.is_integer():
        return True  # a count has no fraction: its unit is not the one above its column
    if _RATE.fullmatch(metric) is None or "pct" in metric:
        return False
    return printed.within > _COARSE * abs(printed.value)
