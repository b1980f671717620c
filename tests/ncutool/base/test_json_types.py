"""Schemas read from records allow what the records write, and nothing else."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ncutool.base.json_types import (
    fields,
    of_record,
    of_type,
    opened,
    or_null,
    picked,
    record,
    with_units,
)


class Pair(NamedTuple):
    first: str
    second: int


@dataclass(frozen=True)
class Inner:
    """What lies inside."""

    share_pct: float | None
    """Of the ``whole``; None where :data:`somewhere.NOTHING` is known."""
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outer:
    """What lies around it."""

    kind: Literal["a", "b"]
    inner: Inner | None
    pairs: tuple[Pair, ...]
    by_name: dict[str, int]
    value: int | float | str | None
    ends: tuple[int, str]

    @property
    def total(self) -> int:
        """The sum of all."""
        return sum(self.by_name.values())


class Struct(msgspec.Struct):
    """A struct."""

    time_ns: int
    """How long it takes."""
    note: str = ""


inners = st.builds(
    Inner,
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.text(max_size=3), max_size=2).map(tuple),
)
outers = st.builds(
    Outer,
    st.sampled_from(["a", "b"]),
    st.none() | inners,
    st.lists(st.builds(Pair, st.text(max_size=3), st.integers()), max_size=2).map(tuple),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.none() | st.integers() | st.floats(0, 1) | st.text(max_size=3),
    st.tuples(st.integers(), st.text(max_size=3)),
)
VALIDATOR = Draft202012Validator(of_record(Outer))


@given(outers)
def test_what_a_record_writes_is_allowed(outer: Outer) -> None:
    VALIDATOR.validate(json.loads(json.dumps(asdict(outer))))


PLAIN: dict[str, Any] = {
    "kind": "a", "inner": {"share_pct": 1.5, "names": ["x"]}, "pairs": [["x", 1]],
    "by_name": {"x": 1}, "value": None, "ends": [1, "x"],
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"kind": "c"}, id="another word"),
        pytest.param({"inner": {"share_pct": "1", "names": []}}, id="a text for a figure"),
        pytest.param({"inner": {"names": []}}, id="a field is missing inside"),
        pytest.param({"inner": {"share_pct": 1, "names": [], "x": 1}}, id="one too many inside"),
        pytest.param({"pairs": [["x"]]}, id="half a pair"),
        pytest.param({"pairs": [["x", 1, 2]]}, id="more than a pair"),
        pytest.param({"by_name": {"x": None}}, id="no figure under a key"),
        pytest.param({"value": []}, id="a list for a value"),
        pytest.param({"ends": ["x", 1]}, id="in another order"),
        pytest.param({"more": 1}, id="one too many"),
    ],
)
def test_nothing_else_is(change: dict[str, Any]) -> None:
    assert VALIDATOR.is_valid(PLAIN)
    assert not VALIDATOR.is_valid({**PLAIN, **change})


def test_words_under_a_field_are_its_description() -> None:
    share = with_units(of_record(Inner))["properties"]["share_pct"]
    assert share == {
        "type": ["number", "null"],
        "description": "of the `whole`; null where `NOTHING` is known [%]",
    }
    assert with_units(fields(Struct)["time_ns"], "time_ns") == {
        "type": "integer", "description": "how long it takes [ns]",
    }  # fmt: skip
    assert picked(Outer, ["total"]) == {
        "total": {"type": "integer", "description": "the sum of all"}
    }


def test_null_is_allowed_in_any_schema() -> None:
    for schema in (of_type(str), {"enum": ["a"]}, {"anyOf": [of_type(str)]}, of_record(Inner)):
        assert not Draft202012Validator(schema).is_valid(None)
        assert Draft202012Validator(or_null(schema)).is_valid(None)


def test_open_ones_allow_more_and_miss_nothing_less() -> None:
    schema = opened(record({"a": record({"b": of_type(int)})}))
    assert Draft202012Validator(schema).is_valid({"a": {"b": 1, "c": 2}, "d": 3})
    assert not Draft202012Validator(schema).is_valid({"a": {"c": 2}})


def test_an_unknown_type_is_no_guess() -> None:
    with pytest.raises(TypeError, match="no schema is known of it"):
        of_type(complex)
