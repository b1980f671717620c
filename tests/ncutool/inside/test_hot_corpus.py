"""Where the warps of real reports wait."""

from __future__ import annotations

from pathlib import Path

from ncutool.inside import hot
from ncutool.work import counters
from ncutool_parsers import read
from ncutool_parsers.interface import ReadOptions

OPTIONS = ReadOptions(metrics=counters.WANTED, instructions=True)


def test_the_add_that_waits_and_the_loads_that_feed_it(corpus: Path) -> None:
    """Half of 3.67 million samples are at one DADD, which waits for two loads."""
    found = hot.of_capture(read(corpus / "ncu" / "a100-self-join-full.ncu-rep", OPTIONS))
    assert len(found) == 14
    hottest = found[0].instructions[0]
    assert found[0].samples == 3_669_964
    assert (hottest.text, round(hottest.pct, 1)) == ("DADD R26, -R20, R22", 49.8)
    assert (hottest.stall, hottest.samples) == ("long_scoreboard", 1_826_718)
    assert [(load.text, load.sure) for load in hottest.loads] == [
        ("LDG.E.64 R20, [R20.64]", True),
        ("LDG.E.64 R22, [R22.64]", True),
    ]


def test_the_source_line_that_waits(corpus: Path) -> None:
    """58.3 % at one instruction of line 400, 65.3 % at all of that line; no folder is told."""
    found = hot.of_capture(read(corpus / "ncu" / "v100-miniweather-before.ncu-rep", OPTIONS))[0]
    hottest, line = found.instructions[0], found.lines[0]
    assert (hottest.file, hottest.line) == ("miniWeather_mpi_openacc.F90", 400)
    assert (round(hottest.pct, 1), hottest.text) == (58.3, None)
    assert (line.file, line.line, round(line.pct, 1)) == ("miniWeather_mpi_openacc.F90", 400, 65.3)


def test_older_reports_have_no_sum_of_samples(corpus: Path) -> None:
    """Reports of 2020 hold the samples of each reason alone."""
    found = hot.of_capture(read(corpus / "ncu" / "rtx3070-scan-2020.ncu-rep", OPTIONS))[0]
    assert (found.samples, found.instructions[0].samples) == (22_505, 8_658)
    assert (found.instructions[0].text, found.instructions[0].stall) == ("LDS R7, [0x4]", "barrier")
