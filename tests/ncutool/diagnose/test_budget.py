"""Whatever the budget, a diagnosis is valid, within it, and begins with what matters most."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ncutool.analysis.analyse import Analysis, read_and_analyse
from ncutool.diagnose import LEAST_BYTES, MOST_BYTES, parts, within
from ncutool.diagnose.budget import dumped
from ncutool.diagnose.schema import schema
from ncutool_parsers.errors import UsageError

SAMPLE = Path(__file__).parents[3] / "reports" / "samples" / "decoder-layer-synthetic"
ENDINGS = (".json.gz", ".ncu-rep")
VALIDATOR = jsonschema.Draft202012Validator(schema())


@cache
def analysis(ending: str = ".json.gz") -> Analysis:
    return read_and_analyse(SAMPLE / f"{SAMPLE.name}{ending}")


def diagnosed(
    budget: int, copies: int = 1, ending: str = ".json.gz"
) -> tuple[dict[str, Any], bytes]:
    found = within([parts(analysis(ending), budget)] * copies, budget)
    return found, dumped(found) + b"\n"


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


@given(st.integers(LEAST_BYTES, 20_000), st.integers(1, 3), st.sampled_from(ENDINGS))
@settings(max_examples=20)
def test_any_budget_is_kept(budget: int, copies: int, ending: str) -> None:
    found, text = diagnosed(budget, copies, ending)
    assert len(text) <= budget
    VALIDATOR.validate(json.loads(text))
    first = found["captures"][0]
    assert first["findings"][0]["id"] == analysis(ending).findings[0].id
    assert len(found["captures"]) + found["left_out"]["captures"] == copies


def test_what_is_left_out_is_counted() -> None:
    whole, _ = diagnosed(MOST_BYTES)
    everything = whole["captures"][0]
    assert everything["left_out"] == dict.fromkeys(everything["left_out"], 0)
    for budget in (LEAST_BYTES, 2_000, 4_000, 8_000):
        one = diagnosed(budget)[0]["captures"][0]
        for name in ("findings", "kernels", "could_not_look", "notices", "declined"):
            assert len(one[name]) + one["left_out"][name] == len(everything[name])
            ids = [item.get("id", item.get("kernel")) for item in one[name]]
            assert (
                ids == [item.get("id", item.get("kernel")) for item in everything[name]][: len(ids)]
            )


def test_more_room_never_says_less() -> None:
    budgets = (1_000, 2_000, 4_000, 8_000, 16_000, 64_000)
    found = [diagnosed(budget)[0]["captures"][0] for budget in budgets]
    for name in ("findings", "kernels"):
        sizes = [len(one[name]) for one in found]
        assert sizes == sorted(sizes)
        assert sizes[-1] > sizes[0]


def test_two_runs_give_equal_bytes() -> None:
    again = read_and_analyse(SAMPLE / f"{SAMPLE.name}.json.gz")
    assert diagnosed(6_000)[1] == dumped(within([parts(again, 6_000)], 6_000)) + b"\n"


@pytest.mark.parametrize("budget", [LEAST_BYTES - 1, MOST_BYTES + 1])
def test_other_budgets_are_refused(budget: int) -> None:
    with pytest.raises(UsageError, match=f"--budget {budget}: it is from 1000 to 1048576 bytes"):
        within([], budget)


def test_every_corpus_trace_keeps_its_budget(corpus: Path) -> None:
    small = ("mi250-mlp-train", "h100-vit-inference", "v100-dlrm-8rank-rank0")
    for name in small:
        one = read_and_analyse(corpus / "torch" / f"{name}.json.gz")
        for budget in (1_000, 4_000, 64_000):
            text = dumped(within([parts(one, budget)], budget)) + b"\n"
            assert len(text) <= budget
            VALIDATOR.validate(json.loads(text))
            assert json.loads(text)["captures"][0]["findings"]
