"""Causes of idle time as numbers: chosen, asked for and named."""

from __future__ import annotations

import numpy as np

from ncutool.timeline.causes import GAP_CAUSES, among, chosen, named


def test_the_first_condition_that_holds_gives_the_cause() -> None:
    first = np.array([True, False, True, False])
    second = np.array([True, True, False, False])
    found = chosen([first, second], ["profiler", "queue"], otherwise="unexplained")
    assert named(found).to_list() == ["profiler", "queue", "profiler", "unexplained"]


def test_any_of_several_causes_is_meant() -> None:
    nothing = np.zeros(1, np.bool_)
    causes = [chosen([nothing], ["queue"], otherwise=cause)[0] for cause in GAP_CAUSES]
    which = among(np.array(causes), "dispatch", "latency")
    assert [cause for cause, is_one in zip(GAP_CAUSES, which, strict=True) if is_one] == [
        "dispatch",
        "latency",
    ]


def test_every_cause_has_its_name() -> None:
    assert named(np.arange(len(GAP_CAUSES), dtype=np.int8)).to_list() == list(GAP_CAUSES)


def test_no_pieces_have_no_names() -> None:
    assert named(np.zeros(0, np.int8)).to_list() == []
