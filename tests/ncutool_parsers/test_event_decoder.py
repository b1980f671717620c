"""Events decoded by category are those decoded one way for all."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from ncutool_parsers.torch_columns import Collector
from ncutool_parsers.torch_events import _COMMON, Args, Event, EventDecoder

_VALUES: dict[Any, Any] = {int: 3, str: "text", int | str: "7", msgspec.Raw: [[1, 2], "x"]}
_CATEGORIES = [cat for cats in _COMMON.values() for cat in cats]


def event(cat: str | None) -> dict[str, Any]:
    """An event with every argument that any category has."""
    args = {f.encode_name: _VALUES[f.type] for f in msgspec.structs.fields(Args)}
    named = {} if cat is None else {"cat": cat}
    times = {"name": "a name", "pid": 1, "tid": "thread", "ts": 5.25, "dur": 2, "args": args}
    return {"ph": "X", **named, **times}


def both(events: list[dict[str, Any]]) -> tuple[list[Event], list[Event]]:
    """What the decoder makes of a list, and what one for all categories does."""
    text = memoryview(json.dumps(events).encode())
    return EventDecoder().decode(text), msgspec.json.decode(text, type=list[Event])


@pytest.mark.parametrize("cat", _CATEGORIES)
def test_fields_that_are_kept_are_the_same(cat: str) -> None:
    """By category fewer are kept, each with the value that it has otherwise."""
    (by_category,), (plain,) = both([event(cat)])
    assert by_category.cat == plain.cat
    kept = by_category.__struct_fields__
    assert type(by_category) is not Event
    assert len(kept) < len(Event.__struct_fields__)
    for name in set(kept) - {"args"}:
        assert getattr(by_category, name) == getattr(plain, name)
    if "args" in kept:
        assert by_category.args is not None
        assert plain.args is not None
        for name in by_category.args.__struct_fields__:
            assert getattr(by_category.args, name) == getattr(plain.args, name), name


@pytest.mark.parametrize("cat", ["mlu_memcpy", "operator", None])
def test_other_categories_are_decoded_too(cat: str | None) -> None:
    """And all that stand in a list with them."""
    made, plain = both([event("kernel"), event(cat)])
    assert made == plain


@pytest.mark.parametrize("cat", ["kernel", "cpu_op", "cuda_runtime", "python_function"])
@pytest.mark.parametrize("phase", ["B", "", None])
def test_events_that_are_not_complete_are_not_used(cat: str, phase: str | None) -> None:
    """They are told by their phase, and what stands in a list with them is used."""
    part = event(cat) | {"ph": phase}
    if phase is None:
        del part["ph"]
    made, plain = both([event(cat), part])
    assert made == plain
    collector = Collector()
    collector.add(made)
    used = len(collector.launches) + len(collector.ops) + len(collector.calls)
    assert used + collector.python_events == 1


def test_it_stops_trying_where_other_categories_abound() -> None:
    """Lists with common categories alone are then decoded like the others."""
    decoder, rare = EventDecoder(), json.dumps([event("mlu_kernel")]).encode()
    common = json.dumps([event("cpu_op")]).encode()
    assert type(decoder.decode(memoryview(common))[0]) is not Event
    for _ in range(20):
        assert decoder.decode(memoryview(rare))[0].cat == "mlu_kernel"
    assert type(decoder.decode(memoryview(common))[0]) is Event


def test_damage_is_told() -> None:
    """A list that is no strict JSON is refused."""
    with pytest.raises(ValueError, match="truncated"):
        EventDecoder().decode(memoryview(b'[{"ph": "X", "cat": "kernel"'))
