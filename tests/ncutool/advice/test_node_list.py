"""Calls that are made when they are asked for: the same as a list of them all."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool.advice.view.kinds import NOBODY
from ncutool.advice.view.node import Columns, Node, NodeList
from ncutool.advice.view.operations import Operation

COUNTS = st.lists(st.integers(1, 4), max_size=8)
EDGES = st.none() | st.integers(-10, 10)


def both(counts: list[int]) -> tuple[NodeList, list[Node]]:
    """Calls of so many launches each, every second one within an operator, in both forms."""
    lasts = np.cumsum(np.array(counts, np.int64))
    firsts = lasts - np.array(counts, np.int64)
    times = 100 + np.arange(len(counts), dtype=np.int64)
    parents = np.array([NOBODY if n % 2 else n for n in range(len(counts))], np.int64)
    operations = [cast("Operation", f"operation {n}") for n in range(len(counts))]
    every = [
        Node(
            operations[n],
            sum(counts[:n]),
            sum(counts[: n + 1]),
            100 + n,
            None if n % 2 else n,
        )
        for n in range(len(counts))
    ]
    return NodeList.of(Columns(operations, firsts, lasts, times, parents)), every


@given(COUNTS, st.tuples(EDGES, EDGES, EDGES, EDGES))
def test_slices_of_slices_are_those_of_a_list(counts: list[int], edges: tuple[Any, ...]) -> None:
    """Wherever they begin and end, and each call by its place from either end."""
    held, every = both(counts)
    part, expected = held[edges[0] : edges[1]], every[edges[0] : edges[1]]
    for calls, known in ((held, every), (part, expected)):
        assert list(calls) == known
        assert [calls[n] for n in range(-len(known), len(known))] == known + known
        assert (len(calls), calls.times) == (len(known), [one.duration_ns for one in known])
        assert calls.operations == [one.operation for one in known]
        with pytest.raises(IndexError):
            calls[len(known)]
    assert list(part[edges[2] : edges[3]]) == expected[edges[2] : edges[3]]


@given(COUNTS, EDGES, st.lists(st.booleans(), min_size=8, max_size=8))
def test_the_chosen_calls(counts: list[int], first: int | None, wanted: list[bool]) -> None:
    """Made one by one, or held as the others are."""
    held, every = both(counts)
    part, known = held[first:], every[first:]
    which = np.array(wanted[: len(known)], bool)
    expected = [one for one, chosen in zip(known, wanted, strict=False) if chosen]
    assert list(part.where(which)) == expected
    assert list(part.only(which)) == expected
    assert list(part.only(which)[1:]) == expected[1:]


def test_a_step_is_refused() -> None:
    """Instead of being passed over."""
    held, _ = both([1, 1, 1])
    with pytest.raises(ValueError, match="a step of 2 takes them apart"):
        held[::2]
