"""The workers of fuzz/: they answer, and one that does not answer is ended and replaced."""

from __future__ import annotations

from pathlib import Path

import pytest

import fuzz_found
import fuzz_pool
from fuzz_cases import Case
from fuzz_commands import TRACE

CASE = Case(TRACE, "small", (), "findings-json")


def test_a_worker_answers_and_one_that_is_too_slow_is_a_hang(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with fuzz_pool.Worker() as worker:
        assert worker.run(CASE) == fuzz_pool.Outcome(CASE, 0, None)
        assert worker.run(CASE, 0).problem == "hang: no answer in 0 s"
        monkeypatch.setattr(fuzz_pool, "_START_SECONDS", 0)
        assert worker.run(CASE, 0).code is None


def test_a_worker_that_dies_says_how() -> None:
    with fuzz_pool.Worker() as worker:
        died = worker.run(Case(TRACE, "small", (("no such mutator", 1),), "findings"))
    assert died.code is None
    assert "died with 1: KeyError: 'no such mutator'" in (died.problem or "")


def test_a_find_is_kept_and_read_again(tmp_path: Path) -> None:
    folder = fuzz_found.keep(fuzz_pool.Outcome(CASE, 1, "died with 1"), tmp_path)
    assert (folder / "fuzzed.json").read_bytes().startswith(b'{"schemaVersion": 1')
    assert fuzz_found.kept(tmp_path) == [CASE]
