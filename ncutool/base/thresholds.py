"""Numbers that shape a figure or a finding, each with its unit, its meaning and its source.

They are numbers: they compare, add and print as `float` and `int` do, at the same cost; results of
arithmetic and copies are plain numbers again. `tests/ncutool/base/test_sources.py` finds module
constants that should be one and are not.
"""

from __future__ import annotations

from typing import TypeVar

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

WORKED_TRACES = "22 traces worked by hand, V100 to B200 and MI300X"
"""A source that several thresholds share."""


class Threshold(float):
    """A number with its unit (`%`, `ns`, `share`), its meaning and the source of its value.

    Where nobody but ncutool stands for the value, the source begins with "judgement" and says
    what it was tried on.
    """

    unit: str
    meaning: str
    source: str

    def __new__(cls, value: float, unit: str, meaning: str, source: str) -> Threshold:
        """Return `value` with what is known of it attached."""
        number = super().__new__(cls, value)
        number.unit, number.meaning, number.source = unit, meaning, source
        return number

    def __reduce__(self) -> tuple[type[float], tuple[float]]:
        """Return what copies and pickles are made from: a plain number."""
        return float, (float(self),)


class IntThreshold(int):
    """A whole number with its unit, its meaning and the source of its value."""

    unit: str
    meaning: str
    source: str

    def __new__(cls, value: int, unit: str, meaning: str, source: str) -> IntThreshold:
        """Return `value` with what is known of it attached."""
        number = super().__new__(cls, value)
        number.unit, number.meaning, number.source = unit, meaning, source
        return number

    def __reduce__(self) -> tuple[type[int], tuple[int]]:
        """Return what copies and pickles are made from: a plain number."""
        return int, (int(self),)


class ThresholdTable(dict[_Key, _Value]):
    """A table of numbers (or ranges of numbers) that share unit, meaning and source."""

    def __init__(self, rows: dict[_Key, _Value], unit: str, meaning: str, source: str) -> None:
        """Copy `rows` and attach what is known of all of them."""
        super().__init__(rows)
        self.unit, self.meaning, self.source = unit, meaning, source
