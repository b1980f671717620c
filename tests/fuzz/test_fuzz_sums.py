"""The sums of fuzz/: several sittings of one run go on from each other, and none is forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest

import fuzz
import fuzz_pool
import fuzz_sums
from fuzz_cases import Case
from fuzz_commands import REPORT, TRACE
from fuzz_sums import OTHER, Sums, Tally

KINDS = (TRACE, TRACE, REPORT, "config", "printed")


def ran(kind: str, problem: str | None = None) -> fuzz_pool.Outcome:
    return fuzz_pool.Outcome(Case(kind, "small", (), "findings"), 1, problem)


def test_a_second_sitting_goes_on_from_the_first(tmp_path: Path) -> None:
    path = tmp_path / "sums.json"
    first = Sums(path, 7)
    for kind in KINDS:
        first.tally.add(ran(kind))
    first.save()
    second = Sums(path, 7)
    assert [second.done(plan) for plan in (TRACE, REPORT, OTHER)] == [2, 1, 2]
    second.tally.add(ran(TRACE, "this is a bug in ncutool"))
    second.save()
    assert Sums(path, 7).tally.kinds[TRACE] == 3
    assert Sums(path, 7).tally.groups == {"bug lines": 1}
    assert Sums(path, 8).done(TRACE) == 0


def test_other_code_is_summed_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No case is run twice, and nothing that was run before a change counts as run after it."""
    path = tmp_path / "sums.json"
    for commit, problem in (("one", "hang: no answer in 60 s"), ("two", None)):
        monkeypatch.setattr(fuzz_sums, "version", lambda commit=commit: commit)
        sums = Sums(path, 7)
        sums.tally.add(ran(TRACE, problem))
        sums.save()
    assert sums.done(TRACE) == 2
    lines = list(sums.lines())
    assert lines[:2] == ["on two, run 7:", "1 mutated traces, 0 mutated reports"]
    assert "earlier, on one, run 7: 1 traces, 0 reports, 0 others; 1 inputs went wrong" in lines
    assert lines[lines.index("all together:") + 1] == "2 mutated traces, 0 mutated reports"
    assert lines[-1] == "1 inputs of 1 kinds went wrong"


def test_what_is_left_is_shared_out_evenly() -> None:
    turns = list(fuzz._shared_out({TRACE: 10, REPORT: 2, OTHER: -3}))
    assert (turns.count(TRACE), turns.count(REPORT), turns.count(OTHER)) == (10, 2, 0)
    assert turns[:6].count(REPORT) == 1


def test_problems_are_grouped_by_how_they_ended() -> None:
    tally = Tally()
    for problem in ("traceback: KeyError in a.py", "died with -9", "memory: x", "shares sum to 4"):
        tally.add(ran(TRACE, problem))
    assert tally.groups == {"tracebacks": 1, "deaths": 2, "invalid outputs": 1}
