"""Records as plain data."""

from __future__ import annotations

import json

import pytest
from msgspec import Struct

from ncutool.base.records import as_dict
from ncutool.base.thresholds import Threshold


class Inner(Struct, frozen=True):
    """A record in another."""

    share: float
    words: tuple[str, ...] = ()


class Outer(Struct, frozen=True):
    """A record with one in it."""

    name: str
    inner: Inner | None
    both: tuple[Inner, ...] = ()


def test_a_record_becomes_plain_data() -> None:
    """All the way down, in the order of its fields; an unknown stays None."""
    one = Inner(0.5, ("a", "b"))
    found = as_dict(Outer("x", None, (one, one)))
    plain = {"share": 0.5, "words": ("a", "b")}
    assert found == {"name": "x", "inner": None, "both": (plain, plain)}
    assert list(found) == ["name", "inner", "both"]


def test_a_threshold_in_a_record_is_a_number() -> None:
    """JSON says its value, whatever it knows of its source."""
    limit = Threshold(0.9, "share", "what may be used", "judgement")
    found = as_dict(Inner(limit))
    assert type(found["share"]) is float
    assert json.loads(json.dumps(found)) == {"share": 0.9, "words": []}


def test_what_is_no_plain_data_is_refused() -> None:
    """Nothing is written of it that would look like data."""
    with pytest.raises(TypeError, match="object is no plain data"):
        as_dict(Outer("x", object()))  # type: ignore[arg-type]  # what a mistake would hand over
