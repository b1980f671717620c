"""docs/planner.md says what the code computes."""

from __future__ import annotations

import doctest
import re
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from ncutool.planning import llm

DOCS = Path(__file__).resolve().parents[4] / "docs"
PAGE = (DOCS / "planner.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script that writes the tables."""
    spec = spec_from_file_location("make_planner_tables", DOCS / "make_planner_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_are_current(script: ModuleType) -> None:
    """The page is what `python docs/make_planner_tables.py` writes."""
    assert script.text(PAGE) == PAGE


@pytest.mark.parametrize(
    ("operator", "intensity"),
    [
        ("matrix × vector, 4096²", "1.00"),
        ("linear 4096², 16 rows", "15.9"),
        ("linear 4096², 256 rows", "228"),
        ("attention, one token on 4096, 64 heads on 8", "7.98"),
        ("convolution 3×3, 64 channels of 56²", "287"),
        ("add", "0.167"),
    ],
)
def test_intensities_worked_by_hand(operator: str, intensity: str) -> None:
    """The table's figures are those of the golden cases."""
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| {operator} |"))
    assert row.split("|")[4].strip() == intensity


def test_every_preset_and_its_source_stand_on_the_page() -> None:
    """A named model is listed with the address of its configuration."""
    for name in llm.preset_names():
        assert f"[{name}]({llm.preset(name).source})" in PAGE


def test_figures_of_the_text_are_the_planner_s() -> None:
    """The three rates of Llama-3-8B that the text compares."""
    plan = llm.plan("llama-3-8b", "H100 SXM")
    bare = 1e9 * plan.peak_bytes_per_s / plan.decode.weight_bytes / 1e9
    rates = (plan.rule_of_thumb.tokens_per_s, bare, plan.decode.tokens_per_s)
    told = re.search(r"(\S+)\s+tokens/s by the rule, (\S+) without the table, (\S+) with", PAGE)
    assert told is not None
    assert told.groups() == (f"{rates[0]:.1f}", f"{rates[1]:.0f}", f"{rates[2]:.0f}")


@pytest.mark.parametrize("name", ["ncutool.planning.llm", "ncutool.planning.llm.planning"])
def test_examples_of_the_docstrings(name: str) -> None:
    """What the docstrings show is what comes out."""
    done = doctest.testmod(import_module(name))
    assert done.attempted > 0
    assert done.failed == 0


POPULAR = {
    "a decode step of batch B does B/2 FLOP/byte": "8.00 at batch 8: B",
    "a matrix by a vector does 2 FLOP/byte, or 0.5": "1.00 in bf16",
    "one token's attention does 2 FLOP/byte, or 0.5": "1.00 with as many key-value heads, in bf16",
    "H100: the ridge of bf16 is 591": "295.3",
    "H100: the ridge of fp8 is 1,182": "590.7",
    "H200: the ridge of bf16 is 412": "206.1",
    "B200: 4,500 TFLOP/s of fp8 are with sparsity, or 9,000 are dense": "4,500 TFLOP/s, dense",
    "the cache of an 8B model weighs as much as the weights at S* = 244,140 tokens": "122,070 "
    "tokens",
    "70B on H100s at 2 an hour: 85,900 tokens for 1, at batch 1": "42,964 tokens",
    "the batch doubles and so does the throughput: compute-bound": "fixed cost",
    "a layer norm does 5 to 15 FLOP/byte": "2.00 in bf16",
}


def test_figures_of_popular_texts_are_answered() -> None:
    """What is often read, and what ncutool says; the table's own test runs each command."""
    start, end = "<!-- table: popular -->\n", "<!-- end -->"
    table = PAGE.partition(start)[2].partition(end)[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    assert {row[0]: row[1] for row in cells} == POPULAR
    assert all(row[3].startswith("`ncutool plan ") for row in cells[:-1])
    assert POPULAR["H100: the ridge of bf16 is 591"] == f"{989.4 / 3.35:.1f}"
    assert round(16e9 / (2 * 32 * 8 * 128 * 2)) == 122_070
    assert round(3600 / 4 * 47.7375) == 42_964
