"""Places of known patterns: what is asked once for all of a kind holds wherever it repeats."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trace_factory import BF16, Step, run, view

from ncutool.advice.fuse import fuse, norms, places, rotary
from ncutool.advice.fuse.pattern import Nodes, Pattern, Times
from ncutool.advice.view.context import Context
from ncutool.advice.view.nodes import NodeList
from ncutool.advice.view.spreading import spread, spread_each
from ncutool.base.records import replace

X, ROW, WIDE = (16, 512, 1024), (16, 512, 1), (8192, 4096)
HEADS, HALF = (16, 16, 512, 64), (16, 16, 512, 32)


def _one(name: str, *shapes: tuple[int, ...], dtype: str = BF16) -> Step:
    return f"aten::{name}", list(shapes), [dtype] * len(shapes), 60_000


LAYER = [
    _one("mul", X, X), _one("mean", X), _one("add", ROW), _one("sqrt", ROW), _one("div", X, ROW),
    _one("mul", X, (1024,)), _one("mm", (8192, 1024), (1024, 4096)), _one("relu", WIDE),
    ("aten::copy_", [HEADS, HEADS], ["float", BF16], 60_000),
    _one("mul", HALF, HALF), _one("mul", HALF, HALF), _one("sub", HALF, HALF),
    _one("mul", HALF, HALF), _one("mul", HALF, HALF), _one("add", HALF, HALF),
    ("aten::cat", [HEADS], [BF16], 60_000),
    _one("gelu", WIDE), _one("mm", (8192, 1024), (1024, 4096)), _one("mul", WIDE, WIDE),
    _one("bmm", HEADS[1:], (16, 64, 512)), _one("_softmax", (16, 512, 512)),
    _one("bmm", (16, 512, 512), HEADS[1:]),
]  # fmt: skip


def _layers(seed: int) -> list[Step]:
    """Five layers alike, no two of whose calls take equally long."""
    chance = random.Random(seed)
    return [
        (op, dims, types, chance.randrange(2_000, 200_000))
        for _ in range(5)
        for op, dims, types, _ in LAYER
    ]


@pytest.mark.parametrize("seed", range(4))
def test_what_is_remembered_is_what_each_place_takes(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same findings where every place is asked anew, though durations differ."""
    context = view(run(_layers(seed)).capture())
    remembered = fuse.drafts(context, frozenset())
    asked = []

    def anew(
        self: places._Known, _: bytes, match: re.Match[str], nodes: NodeList
    ) -> places.Kind | None:
        asked.append(match)
        return self.asked(match, nodes[match.start() : match.end()])

    monkeypatch.setattr(places._Known, "kind", anew)
    assert fuse.drafts(context, frozenset()) == remembered
    assert len(remembered.drafts) >= 4
    assert len(asked) >= 5 * len(remembered.drafts)


@pytest.mark.parametrize(
    ("pattern", "title"),
    [
        (norms.RMS_NORM, "Fuse RMSNorm in 5 places"),
        (rotary.ROTARY[1], "Fuse rotary embedding in 5 places"),
    ],
    ids=["RMSNorm", "rotary"],
)
def test_a_pattern_is_asked_once_for_each_kind(
    pattern: Pattern, title: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of five layers alike, not five times, however long the calls of each took."""
    calls: list[Nodes] = []

    def counted(context: Context, nodes: Nodes) -> Times | None:
        calls.append(nodes)
        return pattern.times(context, nodes)

    counting = replace(pattern, times=counted)
    monkeypatch.setattr(fuse, "PATTERNS", (counting,))
    (draft,) = fuse.drafts(view(run(_layers(1)).capture()), frozenset()).drafts
    assert draft.title == title
    assert len(calls) < 5


@given(
    st.lists(
        st.tuples(st.integers(0, 2**66), st.lists(st.integers(0, 2**50), min_size=1, max_size=6)),
        max_size=6,
    )
)
def test_shares_are_exact_and_within_their_durations(
    groups: list[tuple[int, list[int]]],
) -> None:
    """Each group's shares are those of the group alone, and add up to its total or its time."""
    totals, durations = [total for total, _ in groups], [each for _, each in groups]
    shares = iter(spread_each(totals, durations))
    for total, each in groups:
        own = [next(shares) for _ in each]
        assert own == spread(total, each)
        assert sum(own) == min(total, sum(each))
        assert all(0 <= share <= duration for share, duration in zip(own, each, strict=True))
        passed = 0
        for place, duration in enumerate(each):
            passed += duration
            if sum(each):
                assert sum(own[: place + 1]) == min(total, sum(each)) * passed // sum(each)
    assert next(shares, None) is None
