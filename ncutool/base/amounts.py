"""Amounts as people write them, each read exactly or refused: `70B`, `8k`, `8Ki`, `16GB`, `20ms`.

A prefix of thousands is always one of thousands and a binary one always binary, so that what was
understood can be shown beside what was written.
"""

from __future__ import annotations

import re
from fractions import Fraction

from msgspec import Struct

from ncutool_parsers.errors import UsageError

_LONGEST = 60
"""Characters of an amount that are read, and shown where it is none."""
_AMOUNT = re.compile(
    r"(?P<sign>[+-]?)"
    r"(?P<number>(?:\d{1,3}(?:,\d{3})+|\d+(?:_\d+)*)(?:\.\d*)?|\.\d+)"
    r"(?P<power>[eE][+-]?\d{1,2})?"
    r"\s*(?P<unit>[A-Za-z\u00b5\u03bc%/]*)",
    re.ASCII,
)
_THOUSANDS = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15}
_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


_LETTERS = {unit: n for unit, n in _THOUSANDS.items() if unit != "P"} | {"B": 10**9} | _BINARY
_COUNTS: dict[str, int] = {
    written: n for unit, n in _LETTERS.items() for written in (unit, unit.upper(), unit.lower())
}
_SIZES: dict[str, int] = {
    f"{prefix}{end}": n
    for prefix, n in (_THOUSANDS | {"K": 10**3} | _BINARY).items()
    for end in ("", "B")
    if prefix not in _BINARY or end
} | {"B": 1}
_FLOPS: dict[str, int] = {
    f"{prefix}{end}": n
    for prefix, n in ({"": 1, "E": 10**18} | _THOUSANDS).items()
    for end in ("", "FLOP", "FLOPs", "FLOPS")
    if prefix or end
}
_NS = {
    "ns": 1, "us": 10**3, "\u00b5s": 10**3, "\u03bcs": 10**3, "ms": 10**6, "s": 10**9,
}  # fmt: skip


def _times(base: str) -> dict[str, int | Fraction]:
    return {unit: Fraction(ns, _NS[base]) for unit, ns in _NS.items()}


class Amount(Struct, frozen=True):
    """A kind of amount: the units it may be written with."""

    expected: str
    """What it takes, in words with an example."""
    units: tuple[tuple[str, int | Fraction], ...] = ()
    """Each unit with how many of the plain one it is."""
    is_whole: bool = False
    own: str = ""
    """The unit that it is in where none is written."""

    def read(self, what: str, text: str) -> Fraction:
        """Return the number that a text stands for, exactly.

        Args:
            what: the option or argument, for the error.
            text: as it was written.

        Raises:
            UsageError: it is no such amount.
        """
        wrong = UsageError(f"{what} takes {self.expected}, not {text[:_LONGEST]!r}")
        found = _AMOUNT.fullmatch(text.strip()) if len(text) <= _LONGEST else None
        if found is None:
            raise wrong
        unit = found["unit"]
        factor = dict(self.units).get(unit) if unit else 1
        if factor is None:
            raise wrong
        number = found["number"].replace(",", "").replace("_", "")
        value = Fraction(f"{found['sign']}{number}{found['power'] or ''}") * factor
        if self.is_whole and value.denominator != 1:
            raise wrong
        return value

    def is_plain(self, text: str) -> bool:
        """Return whether a text that was read has no unit but the amount's own, so that it says
        itself what it is."""
        found = _AMOUNT.fullmatch(text.strip())
        return found is not None and found["unit"] in ("", self.own)


WHOLE = Amount(
    "a whole number, as 4096, 8k (8,000), 8Ki (8,192), 70B or 1e3",
    tuple(_COUNTS.items()),
    is_whole=True,
)
NUMBER = Amount("a number, as 0.5, 8k, 70B or 1e3", tuple(_COUNTS.items()))
PLAIN = Amount("a plain number, as 2.5")
SHARE = Amount("a share, as 0.9 or 90%", (("%", Fraction(1, 100)),))
BYTES = Amount("bytes, as 16e9, 16GB (16,000,000,000) or 16GiB", tuple(_SIZES.items()))
FLOP = Amount("FLOPs, as 2e12 or 2TFLOP", tuple(_FLOPS.items()))
MILLISECONDS = Amount(
    "a time in ms, or with its unit, as 20 or 20ms", tuple(_times("ms").items()), own="ms"
)
MICROSECONDS = Amount(
    "a time in µs, or with its unit, as 85 or 85us", tuple(_times("us").items()), own="us"
)
SECONDS = Amount(
    "a time in s, or with its unit, as 0.02 or 20ms", tuple(_times("s").items()), own="s"
)
