"""Numbers as people read them: three significant digits, one SI prefix, `–` for an unknown.

Everything inside ncutool is in SI base units; only outputs scale, and they scale here.
"""

from __future__ import annotations

import math
from typing import TypeGuard

from ncutool_parsers import counting

UNKNOWN = "–"
"""Stands wherever a figure is not known; an unknown is never shown as 0."""

_LARGE = ("", "k", "M", "G", "T", "P", "E")
_TIMES = ("ns", "µs", "ms", "s")


def _known(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def _nudged(value: float) -> float:
    """Return ``value`` so that an exact half rounds away from zero, as in the page's script."""
    return value * (1 + 4e-16)


def _rounded(value: float, digits: int) -> float:
    return float(f"{_nudged(value):.{digits - 1}e}")


def significant(value: float | None, digits: int = 3) -> str:
    """Format ``value`` to so many significant digits: `0.0125`, `16.2`, `1,465`."""
    if not _known(value):
        return UNKNOWN
    if value == 0:
        return "0"
    rounded = _rounded(value, digits)
    exponent = math.floor(math.log10(abs(rounded)) + 1e-12)
    if exponent < -4:
        return f"{rounded:.{digits - 1}e}"
    return f"{rounded:,.{max(0, digits - 1 - exponent)}f}"


def _step(value: float, last: int) -> int:
    """Return how many times 1000 goes into ``value`` after rounding, at most ``last``."""
    step = 0
    while step < last and abs(_rounded(value, 3)) >= 1000:
        value /= 1000
        step += 1
    return step


def scaled(value: float | None, unit: str) -> str:
    """Format ``value`` with an SI prefix: `989 TFLOP/s`, `2.5 MB` written `2.50 MB`."""
    if not _known(value):
        return UNKNOWN
    step = _step(value, len(_LARGE) - 1)
    return f"{significant(value / 1000**step)} {_LARGE[step]}{unit}"


def time(ns: float | None) -> str:
    """Format a duration given in nanoseconds: `850 ns`, `168 µs`, `49.7 ms`, `12.0 s`."""
    if not _known(ns):
        return UNKNOWN
    step = _step(ns, len(_TIMES) - 1)
    return f"{significant(ns / 1000**step)} {_TIMES[step]}"


def time_range(low_ns: float | None, high_ns: float | None) -> str:
    """Format two bounds of a duration (ns) in one unit: `6.2–7.1 ms`; one if they read alike."""
    if not _known(low_ns) or not _known(high_ns):
        return UNKNOWN
    step = _step(high_ns, len(_TIMES) - 1)
    texts = _pair(low_ns / 1000**step, high_ns / 1000**step)
    return f"{texts} {_TIMES[step]}"


def percent_range(low: float | None, high: float | None) -> str:
    """Format two bounds of a percentage: `12.4–14.4 %`."""
    if not _known(low) or not _known(high):
        return UNKNOWN
    return f"{_pair(low, high)} %"


def _pair(low: float, high: float) -> str:
    decimals = 0 if abs(high) >= 99.95 else 1
    texts = [_bound(low, decimals), _bound(high, decimals)]
    return texts[0] if texts[0] == texts[1] else "–".join(texts)


def _bound(value: float, decimals: int) -> str:
    if value == 0:
        return "0"
    smallest = 10.0**-decimals
    if 0 < value < smallest / 2:
        return f"<{smallest:.{decimals}f}"
    return f"{_nudged(value):,.{decimals}f}"


def percent(value: float | None) -> str:
    """Format a percentage: `8.5 %`; never round a rest away: `<0.1 %`, `>99.9 %`."""
    if not _known(value):
        return UNKNOWN
    if value == 0 or value == 100:
        return f"{value:.0f} %"
    if 0 < value < 0.05:
        return "<0.1 %"
    if 99.95 <= value < 100:
        return ">99.9 %"
    return f"{_nudged(value):,.{1 if abs(value) < 999.5 else 0}f} %"


def count(value: float | None) -> str:
    """Format a count with its thousands separated: `1,465`."""
    if not _known(value):
        return UNKNOWN
    return f"{value:,}" if isinstance(value, int) else f"{_nudged(value):,.0f}"


def counted(value: int, noun: str, plural: str = "") -> str:
    """Return a count with its noun: `1 launch`, `1,465 launches`.

    Args:
        plural: of a noun that forms it with neither -s nor -es.
    """
    return f"{count(value)} {plural}" if plural and value != 1 else counting.counted(value, noun)


def flop(value: float | None) -> str:
    """Format a number of operations: `51.5 GFLOP`."""
    return scaled(value, "FLOP")


def flop_rate(value: float | None) -> str:
    """Format operations per second: `989 TFLOP/s`."""
    return scaled(value, "FLOP/s")


def data(value: float | None) -> str:
    """Format an amount of data in decimal units: `151 MB`."""
    return scaled(value, "B")


def data_rate(value: float | None) -> str:
    """Format bytes per second: `3.35 TB/s`."""
    return scaled(value, "B/s")


def intensity(value: float | None) -> str:
    """Format an arithmetic intensity: `295 FLOP/byte`."""
    if not _known(value):
        return UNKNOWN
    return f"{significant(value)} FLOP/byte"


_BY_ENDING = (
    ("flop_per_s", flop_rate),
    ("bytes_per_s", data_rate),
    ("_bytes", data),
    ("_ns", time),
    ("_pct", percent),
)


def quantity(name: str, value: object) -> str:
    """``value`` in the unit that the name of its column ends in; a list with commas."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ", ".join(str(part) for part in value) if isinstance(value, list) else str(value)
    for ending, written in _BY_ENDING:
        if name.endswith(ending):
            return written(value)
    return count(value) if isinstance(value, int) else significant(value)
