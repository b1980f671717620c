"""Nested intervals and matched ids against a plain search over all of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ncutool_parsers.intervals import Intervals, Ints, match_ids

Span = tuple[int, int, int]
"""Thread, start, end."""


def _intervals(spans: list[Span]) -> Intervals:
    thread, start, end = (np.array(column, np.int64) for column in zip(*spans, strict=True))
    return Intervals(thread, start, end, np.arange(len(spans)))


def _plain(tree: Intervals, thread: int, moment: int, *, at_end: bool) -> int:
    """The last of the sorted intervals that holds the moment."""
    for row in range(len(tree.start) - 1, -1, -1):
        end = int(tree.end[row]) + at_end
        if tree.thread[row] == thread and tree.start[row] <= moment < end:
            return row
    return -1


@st.composite
def spans(draw: st.DrawFn) -> list[Span]:
    """Up to thirty intervals on three threads, nested, crossing, touching and empty."""
    one = st.tuples(st.integers(0, 2), st.integers(-20, 20), st.integers(0, 30))
    return [(t, start, start + length) for t, start, length in draw(st.lists(one, min_size=1))]


@settings(max_examples=200, deadline=None)
@given(
    spans(), st.lists(st.tuples(st.integers(0, 3), st.integers(-25, 55)), min_size=1), st.booleans()
)
def test_innermost_is_the_last_started_around_it(
    given_spans: list[Span], moments: list[tuple[int, int]], at_end: bool
) -> None:
    """The interval found is the one that a search through all of them finds."""
    tree = _intervals(given_spans)
    thread, moment = (np.array(column, np.int64) for column in zip(*moments, strict=True))
    expected = [_plain(tree, t, m, at_end=at_end) for t, m in moments]
    assert tree.innermost(thread, moment, at_end=at_end).tolist() == expected


@settings(max_examples=200, deadline=None)
@given(spans())
def test_parent_is_the_innermost_that_holds_it_whole(given_spans: list[Span]) -> None:
    """A parent begins earlier or with its child, ends no sooner, and nothing lies between."""
    tree = _intervals(given_spans)
    for row, parent in enumerate(tree.parent.tolist()):
        around = [
            other
            for other in range(row)
            if tree.thread[other] == tree.thread[row] and tree.end[other] >= tree.end[row]
        ]
        assert parent == (around[-1] if around else -1)


def test_siblings_and_children() -> None:
    """Two children of one parent, and a neighbour that only touches it."""
    tree = _intervals([(0, 0, 10), (0, 1, 4), (0, 5, 10), (0, 10, 20), (1, 2, 3)])
    assert tree.parent.tolist() == [-1, 0, 0, -1, -1]
    # at 10 the second child, its parent and the neighbour all touch: the last to start wins
    found = tree.innermost(np.array([0, 0, 0, 1, 2]), np.array([4, 10, 21, 2, 2]))
    assert found.tolist() == [1, 3, -1, 4, -1]


@settings(max_examples=200, deadline=None)
@given(spans())
def test_parent_is_the_last_one_before_that_ends_no_earlier(given_spans: list[Span]) -> None:
    """On its thread; the first that ends after all before it has none."""
    tree = _intervals(given_spans)
    for row, parent in enumerate(tree.parent.tolist()):
        held = [
            before
            for before in range(row)
            if tree.thread[before] == tree.thread[row] and tree.end[before] >= tree.end[row]
        ]
        assert parent == (held[-1] if held else -1)


def test_equal_intervals_nest_by_their_id() -> None:
    """With 1-µs clocks parent and child may coincide: the smaller id began first."""
    tree = Intervals(
        np.zeros(2, np.int64), np.array([5, 5]), np.array([9, 9]), np.array([42, 41], np.int64)
    )
    assert tree.order.tolist() == [1, 0]
    assert tree.parent.tolist() == [-1, 0]


def test_clocks_too_far_apart_for_one_key() -> None:
    """Times at both ends of what 64 bits hold are still searched correctly."""
    far = 1 << 61
    tree = _intervals([(0, -far, -far + 5), (3, far, far + 5)])
    found = tree.innermost(np.array([0, 3, 3]), np.array([-far + 1, far + 5, -far]))
    assert found.tolist() == [0, 1, -1]


def test_many_siblings_stay_near_linear() -> None:
    """A hundred thousand siblings under one parent need no quadratic search."""
    count = 100_000
    start = np.concatenate([[0], np.arange(count) * 10]).astype(np.int64)
    end = np.concatenate([[count * 10], np.arange(count) * 10 + 5]).astype(np.int64)
    tree = Intervals(np.zeros(count + 1, np.int64), start, end)
    assert (tree.parent[1:] == 0).all()


@pytest.mark.parametrize(
    ("ids", "preferred", "expected"),
    [
        ([7, 8, 9], None, [1, -1, -1, -1]),
        ([8, 8, 0], [False, True, True], [1, -1, -1, -1]),
        ([8, 8, -1], [True, True, True], [0, -1, -1, -1]),
        ([], None, [-1, -1, -1, -1]),
    ],
)
def test_match_ids(ids: list[int], preferred: list[bool] | None, expected: list[int]) -> None:
    """Preferred rows win, the first of equals is taken, and 0 or -1 match nothing."""
    wanted: Ints = np.array([8, 5, 0, -1], np.int64)
    flags = None if preferred is None else np.array(preferred, bool)
    assert match_ids(wanted, np.array(ids, np.int64), flags).tolist() == expected
