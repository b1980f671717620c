"""The order of advisers: where it matters and why, and where it does not."""

from __future__ import annotations

from itertools import permutations

import pytest
from trace_factory import (
    BF16,
    FORWARD,
    H100,
    RMS_NORM,
    Step,
    kernels,
    run,
    updates,
    view,
    window,
)  # fmt: skip

from ncutool.advice import advising as advice
from ncutool.advice.fuse import chains, fuse, horizontal
from ncutool.advice.kernels import precision, tune
from ncutool.advice.view.finding import Advice, Adviser, Drafts
from ncutool_parsers.capture import Capture


def given_by(capture: Capture, *advisers: Adviser) -> list[Drafts]:
    """What advisers say in turn, each without what those before it have claimed."""
    claimed: frozenset[int] = frozenset()
    said = []
    for adviser in advisers:
        said.append(adviser.drafts(view(capture), claimed))
        claimed |= said[-1].claimed
    return said


def rules(said: Drafts) -> list[str]:
    """The rules of drafts."""
    return [draft.rule for draft in said.drafts]


def test_a_known_pattern_says_more_than_the_chain_it_is() -> None:
    """RMSNorm by name before the chain: after it, only a chain is left of the norm."""
    capture = run(RMS_NORM).capture()
    pattern, chain = given_by(capture, fuse, chains)
    assert (rules(pattern), rules(chain)) == (["fuse-rmsnorm"], [])
    assert pattern.claimed == frozenset(range(9))
    chain, pattern = given_by(capture, chains, fuse)
    assert set(rules(chain)) == {"fuse-chain"}
    assert "fuse-rmsnorm" not in rules(pattern)


def test_updates_side_by_side_look_like_a_chain() -> None:
    """Multi-tensor steps before chains: each `add_` reads the tensor that the `mul_` wrote."""
    capture = run(updates(10)).capture()
    steps, chain = given_by(capture, horizontal, chains)
    assert (rules(steps), rules(chain)) == (["fuse-optimizer"], [])
    assert steps.claimed == frozenset(range(20))


def test_casts_that_go_join_no_chain() -> None:
    """Weight casts before chains and before those who read claims: two launches are claimed."""
    capture = run(FORWARD).capture()
    (casts,) = given_by(capture, precision)
    assert (rules(casts), casts.claimed) == (["precision-cast-once"], frozenset({0, 1}))


def test_a_claimed_launch_is_not_tuned() -> None:
    """A slow product is tuned, unless somebody before has better advice on it."""
    slow: Step = ("aten::mm", [(4096, 4096), (4096, 4096)], [BF16, BF16], 1_000_000)
    seen = view(run([slow]).capture())
    assert rules(tune.drafts(seen, frozenset())) == ["tune-product"]
    assert rules(tune.drafts(seen, frozenset({0}))) == []


EVERYTHING: list[Step] = [
    *RMS_NORM,
    *updates(10),
    *FORWARD,
    ("aten::mm", [(32, 4096), (4096, 8192)], [BF16, BF16], 90_000),
] * 2


@pytest.mark.parametrize("group", ["READING", "APART"])
def test_who_claims_nothing_comes_in_any_order(group: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every order of those who only read claims, and the reverse of those who mind none."""
    capture = run(EVERYTHING, gap=9_000).capture()

    def advised() -> Advice:
        return advice.advise(kernels(capture), capture, window(capture), H100)

    before = advised()
    assert len(before.findings) > 3
    advisers: tuple[Adviser, ...] = getattr(advice, group)
    for order in permutations(advisers) if len(advisers) < 4 else [advisers[::-1]]:
        monkeypatch.setattr(advice, group, tuple(order))
        assert advised() == before


def test_advisers_change_nothing_that_they_are_given() -> None:
    """Asked twice, each says the same; who claims nothing says so, and who minds no claims too."""
    seen, claimed = view(run(EVERYTHING, gap=9_000).capture()), frozenset({0, 3})
    for adviser in (*advice.CLAIMING, *advice.READING, *advice.APART):
        said = adviser.drafts(seen, claimed)
        assert adviser.drafts(seen, claimed) == said
        assert bool(said.claimed) <= (adviser in advice.CLAIMING)
        if adviser in advice.APART:
            assert adviser.drafts(seen, frozenset()) == said
