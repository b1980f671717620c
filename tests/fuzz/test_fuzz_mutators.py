"""The mutators of fuzz/: the same numbers make the same bytes, and reports stay framed."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fuzz_json
import fuzz_others
import fuzz_reports
import fuzz_seeds
import fuzz_text
import fuzz_traces
from fuzz_cases import Case, case, contents, without
from fuzz_commands import REPORT, TRACE
from fuzz_sums import OTHER
from fuzz_values import NUMBERS, as_json, as_toml
from ncutool.base.user_files import read_toml
from ncutool_parsers import ncu_framing

FIELDS = st.lists(
    st.tuples(st.integers(1, 2**20), st.just(0), st.integers(0, 2**64 - 1))
    | st.tuples(st.integers(1, 2**20), st.just(1), st.binary(min_size=8, max_size=8))
    | st.tuples(st.integers(1, 2**20), st.just(2), st.binary(max_size=200)),
    max_size=8,
)


@pytest.fixture(autouse=True)
def no_corpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what the project makes is a seed, so that the tests are the same everywhere."""
    monkeypatch.setenv("FUZZ_CORPUS", "")
    for cached in (fuzz_seeds.trace_names, fuzz_seeds.reports, fuzz_others.names):
        cached.cache_clear()


def test_the_same_number_gives_the_same_bytes() -> None:
    for kind in (TRACE, REPORT, OTHER):
        made = [contents(case(kind, 3, number)) for number in range(0, 400, 80)]
        assert made == [contents(case(kind, 3, number)) for number in range(0, 400, 80)]
        assert len(set(made)) == 5


def test_another_run_gives_other_cases() -> None:
    assert case(TRACE, 1, 0) != case(TRACE, 2, 0)


def test_a_case_comes_back_from_its_text() -> None:
    one = case(REPORT, 1, 7)
    assert Case.from_json(one.to_json()) == one


def test_a_step_can_be_left_out() -> None:
    one = Case(TRACE, "small", (("drop", 1), ("move", 2)), "findings")
    assert without(one, 0).steps == (("move", 2),)


@pytest.mark.parametrize("name", sorted(fuzz_traces.MUTATORS))
def test_every_mutator_of_traces_changes_something(name: str) -> None:
    before = as_json(fuzz_seeds.trace("decoder#3"))
    changed = []
    for start in range(6):
        document = fuzz_seeds.trace("decoder#3")
        fuzz_traces.MUTATORS[name](Random(start), document)
        changed.append(as_json(document) != before)
    assert any(changed)


def test_numbers_that_no_float_holds_stand_in_the_file() -> None:
    text = as_json({"traceEvents": list(NUMBERS)})
    assert "1e400" in text
    assert "9" * 5000 in text
    assert "@" not in text


@given(parts=FIELDS)
def test_messages_are_read_back(parts: list[fuzz_reports.Field]) -> None:
    assert fuzz_reports.fields(fuzz_reports.message(parts)) == parts


def test_a_report_is_divided_and_joined_again() -> None:
    data = fuzz_seeds.reports()["five"]
    report = fuzz_reports.divide(data)
    assert report is not None
    assert len(report.blocks[0].messages) == 5
    assert fuzz_reports.joined(report) == data


@settings(max_examples=20)
@given(start=st.integers(0, 2**32))
def test_changed_contents_keep_the_frame(
    start: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """So that NVIDIA's reader sees them: a frame that does not hold is refused before."""
    path = tmp_path_factory.getbasetemp() / "changed.ncu-rep"
    path.write_bytes(fuzz_reports.content(Random(start), fuzz_seeds.reports()["five"]))
    assert len(ncu_framing.walk(path).results) == 5


@pytest.mark.parametrize("name", sorted(fuzz_json.MUTATORS))
@pytest.mark.parametrize("kind", [fuzz_others.CONFIG, fuzz_others.CALL])
def test_every_mutator_of_documents_changes_something(kind: str, name: str) -> None:
    seed = fuzz_others.seed(kind, fuzz_others.names(kind)[0])
    changed = []
    for start in range(6):
        document = json.loads(seed)
        fuzz_json.MUTATORS[name](Random(start), document)
        changed.append(as_json(document) != seed)
    assert any(changed)


@pytest.mark.parametrize("name", sorted(fuzz_text.MUTATORS))
def test_every_mutator_of_printed_text_changes_something(name: str) -> None:
    seed = fuzz_others.seed(fuzz_others.PRINTED, "details-text").encode()
    assert any(fuzz_text.MUTATORS[name](Random(start), seed) != seed for start in range(30))


def test_seeds_and_commands_are_drawn_in_no_fixed_order() -> None:
    drawn = [case(TRACE, 3, number) for number in range(400)]
    assert len({one.seed for one in drawn}) == len(fuzz_seeds.trace_names())
    pairs = {(one.seed, one.command) for one in drawn}
    assert len(pairs) > 120


def test_toml_says_what_the_document_does(tmp_path: Path) -> None:
    table = {"a": 1, "b": [1.5, "x\n"], "c": {"d": True, "e f": -(2**70)}, "g": "\u20ac"}
    (tmp_path / "a.toml").write_text(as_toml(table), encoding="utf-8")
    assert read_toml(tmp_path / "a.toml", "it") == table
