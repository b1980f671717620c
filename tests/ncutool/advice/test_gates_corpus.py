"""No finding on a real report is contradicted by its launches' own numbers, and none is silent."""

from __future__ import annotations

from pathlib import Path

import pytest
from contradictions import contradicted

from ncutool.analysis.analyse import Analysis, read_and_analyse

FAILED = "a100-failed-collection.ncu-rep"


@pytest.fixture(scope="module")
def analyses(corpus: Path) -> list[Analysis]:
    paths = sorted((corpus / "ncu").glob("*.ncu-rep"))
    return [read_and_analyse(path) for path in paths if path.name != FAILED]


def test_no_finding_is_contradicted(analyses: list[Analysis]) -> None:
    wrong, seen = [], 0
    for analysis in analyses:
        launches = {row["launch_id"]: row for row in analysis.kernels.to_dicts()}
        insides = {row["launch_id"]: row for row in analysis.inside.to_dicts()}
        for finding in analysis.findings:
            for launch_id in finding.launches:
                seen += 1
                why = contradicted(finding.rule, launches[launch_id], insides[launch_id])
                if why is not None:
                    wrong.append((analysis.capture.name, finding.rule, launch_id, why))
    assert wrong == []
    assert seen == 57


def test_a_launch_has_one_finding(analyses: list[Analysis]) -> None:
    """What else applies to it stands in the finding; nothing is both advised and ruled out."""
    beside = 0
    for analysis in analyses:
        every = [launch_id for finding in analysis.findings for launch_id in finding.launches]
        assert len(every) == len(set(every)), analysis.capture.name
        for finding in analysis.findings:
            beside += len(finding.also)
            ruled_out = {one.rule for one in finding.excluded}
            assert ruled_out.isdisjoint({finding.rule, *(one.rule for one in finding.also)})
            assert all(value.holds for value in finding.figures), finding.figures
            assert finding.figures
            assert finding.cap is not None
    assert beside == 15


def test_the_kernel_with_most_time_comes_first(analyses: list[Analysis]) -> None:
    for analysis in analyses:
        most = analysis.most_time
        if most is not None and most.findings:
            assert not set(analysis.findings[0].launches).isdisjoint(most.launches)


def test_no_tail_saves_more_than_its_waves_allow(analyses: list[Analysis]) -> None:
    for analysis in analyses:
        waves = dict(analysis.inside.select("launch_id", "waves").iter_rows())
        times = dict(analysis.kernels.select("launch_id", "duration_ns").iter_rows())
        for finding in analysis.findings:
            if finding.rule == "tune-tail":
                caps = (times[i] * (1 - waves[i] / -(-waves[i] // 1)) for i in finding.launches)
                assert finding.alone_high_ns <= sum(caps)


def test_the_kernel_with_most_time_has_a_cause_or_a_command(analyses: list[Analysis]) -> None:
    """Or it is said that nothing was found in it, where all that tells was collected."""
    for analysis in analyses:
        most = analysis.most_time
        assert most is not None
        told = most.sentences[-1]
        if not most.findings:
            assert "ncu --kernel-name" in told, analysis.capture.name
            assert "--section" in told


def test_the_add_that_waits_is_named(analyses: list[Analysis]) -> None:
    report = next(a for a in analyses if a.capture.name == "a100-self-join-full.ncu-rep")
    first = report.findings[0]
    assert first.rule == "tune-stalls"
    assert "at DADD R26, -R20, R22" in first.why
    assert [value.offset for value in first.figures] == [None, None, 1456]
    assert (
        "of its samples are at `DADD R26, -R20, R22`, where most wait for long scoreboard: its "
        "operand is that of `LDG.E.64 R20, [R20.64]`."
    ) in " ".join(first.evidence)
    assert "cp.async" in first.remedy
