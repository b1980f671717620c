"""Amounts as people write them are read exactly, or refused in a sentence."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool.base import amounts
from ncutool_parsers.errors import UsageError

READ = {
    ("whole", "4096"): Fraction(4096),
    ("whole", "8k"): Fraction(8000),
    ("whole", "8K"): Fraction(8000),
    ("whole", "8Ki"): Fraction(8192),
    ("whole", "128ki"): Fraction(131_072),
    ("whole", "70B"): Fraction(70_000_000_000),
    ("whole", "70.6b"): Fraction(70_600_000_000),
    ("whole", "350m"): Fraction(350_000_000),
    ("whole", "1e3"): Fraction(1000),
    ("whole", "1.5k"): Fraction(1500),
    ("whole", "8,192"): Fraction(8192),
    ("whole", "8_192"): Fraction(8192),
    ("whole", " 8 k "): Fraction(8000),
    ("whole", "-3"): Fraction(-3),
    ("number", "0.5"): Fraction(1, 2),
    ("number", ".5k"): Fraction(500),
    ("plain", "2.5"): Fraction(5, 2),
    ("share", "90%"): Fraction(9, 10),
    ("share", "0.9"): Fraction(9, 10),
    ("bytes", "16GB"): Fraction(16 * 10**9),
    ("bytes", "16G"): Fraction(16 * 10**9),
    ("bytes", "16GiB"): Fraction(16 * 2**30),
    ("bytes", "16B"): Fraction(16),
    ("flop", "2TFLOP"): Fraction(2 * 10**12),
    ("flop", "2T"): Fraction(2 * 10**12),
    ("milliseconds", "20"): Fraction(20),
    ("milliseconds", "0.02s"): Fraction(20),
    ("milliseconds", "5us"): Fraction(1, 200),
    ("microseconds", "3ms"): Fraction(3000),
    ("microseconds", "85µs"): Fraction(85),
    ("seconds", "20ms"): Fraction(1, 50),
}
REFUSED = [
    ("whole", "1.5"),
    ("whole", "1,5"),
    ("whole", "8x"),
    ("whole", "8kk"),
    ("whole", "0x10"),
    ("whole", "1e999"),
    ("whole", "٣"),
    ("whole", ""),
    ("whole", "9" * 61),
    ("whole", "90%"),
    ("number", "inf"),
    ("number", "nan"),
    ("plain", "2k"),
    ("share", "0.9k"),
    ("bytes", "16Gb"),
    ("bytes", "16Gi"),
    ("flop", "2B"),
    ("milliseconds", "1m"),
    ("seconds", "1min"),
]


@pytest.mark.parametrize(("kind", "text"), READ)
def test_amounts_are_read_exactly(kind: str, text: str) -> None:
    """Thousands are thousands, binary prefixes binary; units go to the option's own."""
    assert getattr(amounts, kind.upper()).read("--x", text) == READ[kind, text]


@pytest.mark.parametrize(("kind", "text"), REFUSED)
def test_what_is_no_amount_is_refused(kind: str, text: str) -> None:
    """The sentence names the option, what it takes and what was given."""
    expected = f"--x takes {getattr(amounts, kind.upper()).expected}, not {text[:60]!r}"
    with pytest.raises(UsageError, match=f"^{re.escape(expected)}$"):
        getattr(amounts, kind.upper()).read("--x", text)


@given(st.integers(0, 10**12), st.sampled_from(["", "k", "M", "B", "T", "Ki", "Mi", "Gi"]))
def test_a_prefix_multiplies(number: int, prefix: str) -> None:
    """Whatever the number, its prefix multiplies it by one factor."""
    factor = {"": 1, "k": 10**3, "M": 10**6, "B": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20,
              "Gi": 2**30}[prefix]  # fmt: skip
    assert amounts.WHOLE.read("--x", f"{number}{prefix}") == number * factor


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text raises anything else, and whatever is read as whole is whole."""
    try:
        found = amounts.WHOLE.read("--x", text)
    except UsageError:
        return
    assert found.denominator == 1
