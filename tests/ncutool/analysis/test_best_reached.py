"""The best rates that a capture's own launches reached."""

from __future__ import annotations

import analysis_factory as factory

from ncutool.analysis.capture_roofs import Reached, best_reached, roofs_of


def test_a_reports_best_is_of_launches_without_an_implausible_figure() -> None:
    """The highest counted rates; a flagged launch, however fast, is left out."""
    rows = factory.ncu_rows(8)
    for number, row in enumerate(rows):
        row |= {"achieved_bytes_per_s": 1e11 * (number + 1), "bytes_source": "counter",
                "dram_bytes": 1e6, "achieved_flop_per_s": 1e12, "flag": None}  # fmt: skip
    rows[7]["flag"] = "108 % of DRAM bandwidth"
    rows[3]["achieved_flop_per_s"] = 3e12
    analysis = factory.analysis(rows)
    roofs = roofs_of(analysis)
    assert roofs is not None
    assert best_reached(analysis, roofs) == Reached(7e11, roofs.compute[0].name, 3e12)


def test_a_trace_without_clean_launches_has_no_best() -> None:
    """Its launches are too short to show what the device can do."""
    analysis = factory.trace(20)
    roofs = roofs_of(analysis)
    assert roofs is not None
    assert best_reached(analysis, roofs) is None
