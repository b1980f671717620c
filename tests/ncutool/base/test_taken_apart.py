"""Records taken apart and changed: structs as the functions of ``dataclasses`` do dataclasses."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from dataclasses import replace as of_dataclass
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from ncutool.base.records import fields_of, replace


class Named(NamedTuple):
    """A tuple with names stays one."""

    first: Any
    second: int


@dataclass(frozen=True)
class Plain:
    """What ``asdict`` is made for."""

    name: str
    held: Any = None


class Small(Struct, frozen=True):
    """The same as a struct."""

    name: str
    held: Any = None


LEAVES = st.one_of(st.none(), st.integers(), st.text(max_size=3), st.floats(allow_nan=False))
SHAPES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.lists(inner, max_size=2).map(tuple),
        st.dictionaries(st.text(max_size=2), inner, max_size=2),
        st.builds(Named, inner, st.integers()),
    ),
    max_leaves=6,
)


@given(st.text(max_size=3), SHAPES)
def test_structs_come_apart_as_dataclasses_do(name: str, shape: Any) -> None:
    """Whatever they hold, each in the other too."""
    expected = asdict(Plain(name, Plain(name, shape)))
    for record in (
        Plain(name, Plain(name, shape)),
        Small(name, Small(name, shape)),
        Small(name, Plain(name, shape)),
        Plain(name, Small(name, shape)),
    ):
        assert fields_of(record) == expected
        assert repr(fields_of(record)) == repr(expected)


def test_records_in_containers_come_apart_too() -> None:
    """In those that hold others as well."""
    inner = Small("b", 1)
    held = {"list": [inner], "named": Named((inner,), 2)}
    apart = {"name": "b", "held": 1}
    assert fields_of(Small("a", held)) == {
        "name": "a",
        "held": {"list": [apart], "named": Named((apart,), 2)},
    }


@pytest.mark.parametrize("record", [Small("a", 1), Plain("a", 1)], ids=["struct", "dataclass"])
def test_a_changed_copy(record: Any) -> None:
    """The one that it is made of stays."""
    assert replace(record, held=2) == type(record)("a", 2)
    assert record == type(record)("a", 1)
    assert replace(record) == record
    with pytest.raises(TypeError):
        replace(record, unknown=3)


def test_a_dataclass_is_changed_as_ever() -> None:
    """By the function that is made for it."""
    assert replace(Plain("a"), name="b") == of_dataclass(Plain("a"), name="b")
