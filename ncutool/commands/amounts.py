"""Amounts on the command line: read as people write them, and shown as they were understood."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, get_args

from ncutool.base.amounts import BYTES, FLOP, MICROSECONDS, MILLISECONDS, SECONDS, SHARE, Amount
from ncutool.commands.wrong_usage import name_of, way_out_of
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from fractions import Fraction

_UNDERSTOOD = "ncutool.amounts"
_UNITS = {
    BYTES: " bytes",
    FLOP: " FLOP",
    MILLISECONDS: " ms",
    MICROSECONDS: " µs",
    SECONDS: " s",
}


class Reader:
    """Reads the value of one option as its amount."""

    def __init__(self, parameter: Any, amount: Amount, annotation: Any) -> None:
        """Keep what the option takes.

        Args:
            parameter: of typer's parser.
            amount: what it takes.
            annotation: its type: `int` or `float`, which may be left out.
        """
        self._name = name_of(parameter)
        self._amount = amount
        self._is_whole = int in (annotation, *get_args(annotation))

    def __call__(self, context: Any, text: str) -> float:
        """Return the number that was written, and keep it to be shown where it needs showing.

        Raises:
            UsageError: it is no such amount.
        """
        try:
            found = self._amount.read(self._name, text)
        except UsageError as error:
            raise UsageError(f"{error}; {way_out_of(context, self._name)}") from None
        if not self._amount.is_plain(text):
            _keep(context, f"{self._name} {text} as {shown(found, self._amount)}")
        return int(found) if self._is_whole else float(found)


def _keep(context: Any, words: str) -> None:
    """Keep what was understood of one amount for :func:`say_understood`."""
    context.meta.setdefault(_UNDERSTOOD, []).append(words)


def shown(value: Fraction, amount: Amount) -> str:
    """Return a number that was read with all of its digits."""
    number = f"{value.numerator:,}" if value.denominator == 1 else f"{float(value):,.12g}"
    if amount == SHARE:
        return f"{float(value):g}"
    return f"{number}{_UNITS.get(amount, '')}"


def say_understood(context: Any) -> None:
    """Say on stderr what was understood of amounts that do not say it themselves."""
    words = context.meta.pop(_UNDERSTOOD, [])
    if words and not context.resilient_parsing:
        print(f"ncutool: read {'; '.join(words)}", file=sys.stderr)
