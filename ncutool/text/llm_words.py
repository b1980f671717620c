"""Lines of a plan, and how its times and rates are written."""

from __future__ import annotations

from msgspec import Struct

from ncutool.base import units


class Fact(Struct, frozen=True):
    """One line: what it is, its value, and what else there is to say."""

    name: str
    value: str
    remark: str = ""


def milliseconds(ns: float) -> str:
    """Return a time (ns) to four digits, as the arithmetic is compared by hand: `4.776 ms`."""
    if ns >= 1e9:
        return f"{units.significant(ns / 1e9, 4)} s"
    if ns >= 1e6:
        return f"{units.significant(ns / 1e6, 4)} ms"
    return f"{units.significant(ns / 1e3, 4)} µs"


def rate(value: float) -> str:
    """Return tokens per second to four digits: `209.4 tok/s`."""
    return f"{units.significant(value, max(4, len(str(int(value)))))} tok/s"
