"""A page stays small enough to be sent around, whatever it is of."""

from __future__ import annotations

import analysis_factory as factory
import pytest

from ncutool import page
from ncutool.analysis.analyse import Analysis


@pytest.mark.parametrize(
    ("analysis", "most_kb"),
    [
        (factory.everything_null(), 180),
        (factory.report(), 210),
        (factory.trace(300), 225),
        (factory.many_groups(4_000, 600), 550),
    ],
    ids=["null", "report", "trace", "many groups"],
)
def test_a_page_is_small(analysis: Analysis, most_kb: int) -> None:
    """No library is carried along, and what is known of a group is written once and short."""
    size = len(page.render([analysis]).encode()) / 1000
    assert 50 < size <= most_kb


def test_more_launches_hardly_make_it_larger() -> None:
    """A page grows with its groups: ten times the launches of the same groups cost little."""
    few, many = (
        len(page.render([factory.many_groups(count, 200)]).encode()) for count in (2_000, 20_000)
    )
    assert many < 1.25 * few
